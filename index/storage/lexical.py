"""Lexical search that knows Turkish: BM25 over folded, suffix-tolerant terms, kept by tantivy.

Every revision of the library has a folder of its own, so that a reader's never changes under it. A new one begins as a
copy of the one before (tantivy writes its files once, so hard links do) or, while the library is small or when much
has been deleted, is written anew: BM25 counts the words of deleted chunks until it is.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from index.text import name_key, stem, tokens
from index.types import Language

# Function words are left to BM25's document frequencies: it needs no list of them.
_WRITER_MEMORY_BYTES = 32_000_000


@dataclass(frozen=True, slots=True)
class LexicalRow:
    """One chunk: ``row_id`` as in Chroma, ``key`` the version of the article it belongs to, ``terms`` its
    :func:`terms` with a space between them."""

    row_id: str
    key: str
    language: Language
    terms: str


def terms(text: str) -> list[str]:
    """What stands for ``text`` in lexical search, in reading order, with repetitions."""
    return [stem(token) for token in tokens(text)]


def name_terms(text: str) -> set[str]:
    """Spelling-tolerant keys of the capitalized words, and the numbers: what languages have in common."""
    return {name_key(stem(token)) for token in tokens(text) if token.is_number or text[token.start].isupper()}


class LexicalIndex:
    """The lexical index of one revision, in a folder of its own. ``create``: for writers, who fill it.

    A reader who finds it missing or damaged has an empty one: Chroma answers without it, and the next write mends it.
    """

    def __init__(self, folder: Path, *, create: bool) -> None:
        import tantivy

        if create:
            folder.mkdir(parents=True, exist_ok=True)
        try:
            self._index = tantivy.Index(_schema(), path=str(folder))
            self.is_whole = True
        except (ValueError, OSError):
            # Missing, damaged or of another version.
            if create:
                raise
            self._index = tantivy.Index(_schema())
            self.is_whole = False

    def __len__(self) -> int:
        """How many chunks it holds."""
        return int(self._index.searcher().num_docs)

    def change(self, rows: Iterable[LexicalRow], gone: Iterable[str] = ()) -> None:
        """Add chunks, and delete those of the versions ``gone``, in one commit."""
        import tantivy

        writer = self._index.writer(_WRITER_MEMORY_BYTES, 1)
        for key in gone:
            writer.delete_documents_by_term("key", key)
        for row in rows:
            document = tantivy.Document(id=row.row_id, key=row.key, language=row.language)
            document.add_text("body", row.terms)
            writer.add_document(document)
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


def copy_lexical_index(folder: Path, into: Path) -> None:
    """Another folder with the same index, to be changed by itself."""
    into.mkdir(parents=True)
    for file in folder.iterdir():
        if file.suffix in (".json", ".lock"):
            # What tantivy replaces or locks; all else is written once.
            if file.suffix == ".json":
                shutil.copyfile(file, into / file.name)
            continue
        try:
            os.link(file, into / file.name)
        except OSError:  # a file system without hard links
            shutil.copyfile(file, into / file.name)


def delete_lexical_index(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)


def _schema() -> Any:
    import tantivy

    builder = tantivy.SchemaBuilder()
    for name in ("id", "key", "language"):
        builder.add_text_field(name, stored=name == "id", tokenizer_name="raw", index_option="basic")
    # The terms are ours already: tantivy only has to split them at the spaces.
    builder.add_text_field("body", stored=False, tokenizer_name="whitespace", index_option="freq")
    return builder.build()
