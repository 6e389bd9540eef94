"""Lexical search that knows Turkish: BM25 over folded, suffix-tolerant terms, kept by tantivy.

It sees the same chunks as Chroma and follows the same protocol (see :mod:`index.store`): new versions are added
before an article is switched over to them, old ones deleted afterwards, and what a dead writer left is deleted
by the next. So a version that no live article names is all that can ever be in one and not in the other.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from index.text import name_key, stem, tokens
from index.types import Language

# Function words are left to BM25's document frequencies: it needs no list of them.
_WRITER_MEMORY_BYTES = 32_000_000


@dataclass(frozen=True, slots=True)
class LexicalRow:
    """One chunk: ``row_id`` as in Chroma, ``key`` the version of the article it belongs to, ``words`` its word
    vectors (see :mod:`index.words`), which have their place here because Chroma holds no bytes."""

    row_id: str
    key: str
    language: Language
    text: str
    words: bytes


def terms(text: str) -> list[str]:
    """What stands for ``text`` in lexical search, in reading order, with repetitions."""
    return [stem(token) for token in tokens(text)]


def name_terms(text: str) -> set[str]:
    """Spelling-tolerant keys of the capitalized words, and the numbers: what languages have in common."""
    return {name_key(stem(token)) for token in tokens(text) if token.is_number or text[token.start].isupper()}


class LexicalIndex:
    """The lexical index of one generation, in a folder of its own.

    ``create`` makes it where it is missing or damaged: for writers only, who then fill it again from Chroma.
    A reader has an empty one until that has happened.
    """

    def __init__(self, folder: Path, *, create: bool) -> None:
        import tantivy

        if create:
            folder.mkdir(parents=True, exist_ok=True)
        try:
            self._index = tantivy.Index(_schema(), path=str(folder))
        except (ValueError, OSError):
            # Missing, damaged or of another version.
            if not create:
                self._index = tantivy.Index(_schema())
                return
            delete_lexical_index(folder)
            folder.mkdir(parents=True, exist_ok=True)
            self._index = tantivy.Index(_schema(), path=str(folder))

    def __len__(self) -> int:
        """How many chunks it holds."""
        return int(self._index.searcher().num_docs)

    def put(self, rows: Iterable[LexicalRow]) -> None:
        """Add chunks; one with an id that is there already replaces it."""
        import tantivy

        writer = self._index.writer(_WRITER_MEMORY_BYTES, 1)
        for row in rows:
            writer.delete_documents_by_term("id", row.row_id)
            document = tantivy.Document(id=row.row_id, key=row.key, language=row.language)
            document.add_text("body", " ".join(terms(row.text)))
            document.add_bytes("words", row.words)
            writer.add_document(document)
        self._finish(writer)

    def delete_versions(self, keys: Sequence[str]) -> None:
        """Delete the chunks of article versions."""
        writer = self._index.writer(_WRITER_MEMORY_BYTES, 1)
        for key in keys:
            writer.delete_documents_by_term("key", key)
        self._finish(writer)

    def _finish(self, writer: Any) -> None:
        writer.commit()
        writer.wait_merging_threads()
        self._index.reload()

    def search(self, question: str, language: Language, limit: int) -> dict[str, float]:
        """BM25 scores of the ``limit`` best chunks of one language, by row id; empty when no term matches."""
        import tantivy

        wanted = dict.fromkeys(terms(question))
        if not wanted:
            return {}
        schema, query = self._index.schema, tantivy.Query
        matches = [(tantivy.Occur.Should, query.term_query(schema, "body", term)) for term in wanted]
        only = query.const_score_query(query.term_query(schema, "language", language), 0.0)
        both = query.boolean_query([(tantivy.Occur.Must, only), (tantivy.Occur.Must, query.boolean_query(matches))])
        searcher = self._index.searcher()
        hits = searcher.search(both, limit).hits
        return {searcher.doc(address).to_dict()["id"][0]: float(score) for score, address in hits}

    def words(self, ids: Sequence[str]) -> dict[str, bytes]:
        """The word vectors of chunks, by row id; ids that it does not hold are left out."""
        import tantivy

        searcher = self._index.searcher()
        query = tantivy.Query.term_set_query(self._index.schema, "id", list(ids))
        found = (searcher.doc(address).to_dict() for _, address in searcher.search(query, max(1, len(ids))).hits)
        return {each["id"][0]: bytes(each["words"][0]) for each in found}


def delete_lexical_index(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)


def _schema() -> Any:
    import tantivy

    builder = tantivy.SchemaBuilder()
    for name in ("id", "key", "language"):
        builder.add_text_field(name, stored=name == "id", tokenizer_name="raw", index_option="basic")
    builder.add_bytes_field("words", stored=True, indexed=False, fast=False)
    # The terms are ours already: tantivy only has to split them at the spaces.
    builder.add_text_field("body", stored=False, tokenizer_name="whitespace", index_option="freq")
    return builder.build()
