"""The index: articles go in, passages come out."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from index.articles import complete
from index.chunking import Chunk, Span, chunk_article
from index.embedding import Embedder, TokenVectors
from index.language import detect_question_language
from index.manifest import Recipe
from index.scoring import SPACE_FILE_PREFIX, Kind, LanguageSpace, cohort_digest, load_space, space_file_name
from index.search import MAX_PASSAGES, Searcher, check_question
from index.settings import Settings
from index.spelling import SpellingRestorer
from index.store import Store, Writer
from index.types import Article, Changes, Language, Passage
from index.view import HEADING, Rows, View
from index.words import WORD_DIMENSIONS

if TYPE_CHECKING:
    from threadpoolctl import ThreadpoolController

    from index.retriever import PassageRetriever

Progress = Callable[[int, int], None]
"""Called with (articles done, articles in all)."""

# Articles that are embedded and written together. What has been written stays when the rest is broken off.
_ARTICLES_AT_ONCE = 32


class Index:
    """A library of articles that can be searched. Open one with :meth:`open`; safe to share among threads.

    Everything that writes holds the library's lock; other processes wait for it, and readers anywhere
    (this process and others) see what has been written with their next search.
    """

    def __init__(self, folder: Path, settings: Settings, embedder: Embedder) -> None:
        self.folder = folder
        self.settings = settings
        self.embedder = embedder
        self._store = Store(folder, settings.lock_timeout_s, self._read_words)
        self._searcher = Searcher()
        self._space: LanguageSpace | None = None
        self._made_restorer: SpellingRestorer | None = None

    @classmethod
    def open(
        cls,
        folder: Path | str | None = None,
        *,
        settings: Settings | None = None,
        embedder: Embedder | None = None,
        for_rebuild: bool = False,
    ) -> Index:
        """The library in ``folder`` (None: the user's data folder, ``HABERCI_HOME``); made when missing.

        ``embedder``: one to share between indexes; by default one is made from the settings. Opening loads no
        model. ``for_rebuild`` opens an index that was built with another model, so that :meth:`rebuild` can
        make it new.

        Raises :class:`~index.errors.IndexMismatchError` when the index was built with another model or
        chunking, :class:`~index.errors.StoreError` when the folder cannot be used.
        """
        settings = settings or Settings.read()
        path = Path(folder).expanduser() if folder is not None else settings.home
        index = cls(path.absolute(), settings, embedder or make_embedder(settings))
        index._store.create_folder()
        manifest = index._store.manifest()
        if manifest is not None and not for_rebuild:
            manifest.check(index._recipe(), index.folder)
        return index

    # --- reading ------------------------------------------------------------------------------------

    def __len__(self) -> int:
        """How many articles the library holds."""
        return self._store.read(lambda view: len(view.live) if view else 0)

    @property
    def revision(self) -> int:
        """Grows with every write that any process finishes; 0 for a library nobody has written to."""
        manifest = self._store.manifest()
        return manifest.revision if manifest else 0

    def articles(self) -> list[Article]:
        """All articles with their texts, the newest first, those without a date last."""
        articles = self._store.read(lambda view: view.read_articles(list(view.live)) if view else [])
        articles.sort(key=lambda a: a.id)
        return sorted(articles, key=lambda a: a.published.toordinal() if a.published else 0, reverse=True)

    def article(self, article_id: str) -> Article | None:
        """One article, None when the library does not hold it."""
        return self._store.read(lambda view: view.article(article_id) if view else None)

    def search(self, question: str, k: int = 5) -> list[Passage]:
        """The ``k`` passages nearest to a Turkish or English question, best first; fewer when there are fewer.

        Raises :class:`~index.errors.QuestionError` for a question that cannot be asked, ValueError for a
        ``k`` outside 1 to 100, :class:`~index.errors.HaberciError` when model or store fail.
        """
        check_question(question)
        if not isinstance(k, int) or isinstance(k, bool) or not 1 <= k <= MAX_PASSAGES:
            raise ValueError(f"k must be a whole number from 1 to {MAX_PASSAGES}, not {k!r}")
        if not len(self):
            return []
        typed = self.restore(question)
        tokens = self.embedder.encode_query_tokens([typed])[0]
        return self._store.read(lambda view: self._search(view, typed, tokens, k))

    def restore(self, question: str) -> str:
        """The question as a model should read it: Turkish letters restored, capitals lowered; mostly unchanged."""
        return self._restorer.restore(question, detect_question_language(question))

    def _search(self, view: View | None, question: str, tokens: TokenVectors, k: int) -> list[Passage]:
        if view is None:
            return []
        view.manifest.check(replace(self._recipe(), dimension=len(tokens.vector)), self.folder)
        with _one_blas_thread():
            placed = self.space.place(question, tokens, detect_question_language(question))
            return self._searcher.search(view, placed, k)

    def as_retriever(self, *, k: int = 5) -> PassageRetriever:
        """The index as a LangChain ``BaseRetriever`` whose documents carry the passage's fields as metadata."""
        from index.retriever import PassageRetriever

        return PassageRetriever(index=self, k=k)

    @property
    def space(self) -> LanguageSpace:
        """The model's language space; made on first use."""
        if self._space is None:
            self._space = load_space(self.embedder, self.folder, self.settings.cache)
        return self._space

    @property
    def _restorer(self) -> SpellingRestorer:
        if self._made_restorer is None:
            self._made_restorer = SpellingRestorer(self.embedder.piece_scores())
        return self._made_restorer

    # --- writing ------------------------------------------------------------------------------------

    def add(self, articles: Iterable[Article], progress: Progress | None = None) -> Changes:
        """Put articles in; one with an id that is there already replaces it, an unchanged one costs nothing.

        Of several with one id the last counts. What has been written stays when the rest is broken off.
        Raises ValueError for anything that is not an :class:`~index.types.Article`.
        """
        wanted = {article.id: article for article in _checked(articles)}
        if not wanted:
            return Changes(revision=self.revision)
        added: list[str] = []
        changed: list[str] = []
        with self._writing() as writer:
            live = writer.view.live
            fresh = [complete(a) for i, a in wanted.items()]
            fresh = [a for a in fresh if a.id not in live or live[a.id].key != _key_of(a)]
            for done, part in _parts(fresh):
                replaced = [a.id for a in part if a.id in live]
                writer.put(*self._rows(part), replaced=replaced)
                changed += replaced
                added += [a.id for a in part if a.id not in live]
                if progress:
                    progress(done, len(fresh))
            touched = {*added, *changed}
            unchanged = tuple(i for i in wanted if i not in touched)
            return Changes(tuple(added), tuple(changed), (), unchanged, revision=writer.view.manifest.revision)

    def remove(self, ids: Iterable[str]) -> Changes:
        """Take articles out. Ids that the library does not hold are no error; they are not in the result."""
        if isinstance(ids, str):
            raise ValueError(f"ids must be several ids, such as [{ids!r}], not one text")
        wanted = list(dict.fromkeys(ids))
        if self._store.manifest() is None or not wanted:
            return Changes(revision=self.revision)
        with self._writing(embeds=False) as writer:
            present = [i for i in wanted if i in writer.view.live]
            if present:
                writer.forget(present)
            return Changes(removed=tuple(present), revision=writer.view.manifest.revision)

    def rebuild(self, progress: Progress | None = None) -> Changes:
        """Chunk and embed every article again, beside the old index, which serves until the new one is whole.

        Needed after a change of model or chunking; the articles' texts come from the library itself.
        """
        if self._store.manifest() is None:
            return Changes()
        recipe = replace(self._recipe(), dimension=self.embedder.dimension)
        with self._store.writing(recipe, for_rebuild=True) as writer:
            articles = writer.view.read_articles(sorted(writer.view.live))
            with writer.new_generation(recipe) as fresh:
                for done, part in _parts(articles):
                    fresh.put(*self._rows(part))
                    if progress:
                        progress(done, len(articles))
            for file in self.folder.glob(f"{SPACE_FILE_PREFIX}*"):
                if file.name != space_file_name(self.embedder):
                    file.unlink(missing_ok=True)  # of the model before
            return Changes(changed=tuple(a.id for a in articles), revision=writer.view.manifest.revision)

    def seed(self, articles: Callable[[], Iterable[Article]], progress: Progress | None = None) -> Changes:
        """Put the first articles into a library that nobody has ever written to; otherwise do nothing."""
        manifest = self._store.manifest()
        if manifest is not None and (manifest.seeded or manifest.revision):
            return Changes(revision=manifest.revision)
        changes = self.add(articles(), progress)
        with self._writing(embeds=False) as writer:
            writer.mark_seeded()
        return changes

    def close(self) -> None:
        """Let go of the files. The index can be used again; it then opens them anew."""
        self._store.close()

    def __enter__(self) -> Index:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    # --- how ----------------------------------------------------------------------------------------

    def _recipe(self) -> Recipe:
        return Recipe(self.embedder.fingerprint, f"{cohort_digest()}/{WORD_DIMENSIONS}", self.settings.max_chunk_tokens)

    def _writing(self, *, embeds: bool = True) -> AbstractContextManager[Writer]:
        """``embeds``: whether vectors will be written; only then is the model loaded, for their dimension."""
        return self._store.writing(replace(self._recipe(), dimension=self.embedder.dimension if embeds else None))

    def _rows(self, articles: Sequence[Article]) -> tuple[Rows, Rows, Rows]:
        """Chunk, embed and centre articles: the rows of the chunks, sentences and articles collections."""
        # A longer chunk the model would not read to its end.
        limit = min(self.settings.max_chunk_tokens, self.embedder.max_tokens)
        chunks = [
            (article, number, chunk)
            for article in articles
            for number, chunk in enumerate(chunk_article(article, self.embedder.count_tokens, limit))
        ]
        pieces = [(a, f"{_chunk_id(a, n)}:{name}", span) for a, n, chunk in chunks for name, span in _pieces(chunk)]
        chunk_vectors = self._embed_chunks(
            [a.text[c.start : c.end] for a, _, c in chunks],
            [_heading_above(a, c) for a, _, c in chunks],
            [a.language for a, _, _ in chunks],
        )
        piece_vectors = self.embedder.encode_passages([a.text[slice(*span)] for a, _, span in pieces])
        chunk_rows, sentence_rows, article_rows = Rows(), Rows(), Rows()
        for (article, number, chunk), (vector, words) in zip(chunks, chunk_vectors, strict=True):
            centred = self._centred(vector, "chunk", article)
            fields = _chunk_fields(article, number, chunk)
            chunk_rows.append(_chunk_id(article, number), centred, article.text[chunk.start : chunk.end], fields)
            chunk_rows.words.append(words)
        for (article, row_id, (start, end)), vector in zip(pieces, piece_vectors, strict=True):
            fields = {"article_id": article.id, "key": _key_of(article), "language": article.language,
                      "start": start, "end": end, "published": _iso(article)}  # fmt: skip
            centred = self._centred(vector, "sentence", article)
            sentence_rows.append(row_id, centred, article.text[start:end], fields)
        for article in articles:
            own = [v for (a, _, _), v in zip(chunks, chunk_rows.vectors, strict=True) if a is article]
            # Chroma wants a vector for every row; the article's is the mean of its chunks.
            article_rows.append(article.id, np.mean(own, axis=0), article.text, _article_fields(article))
        return chunk_rows, sentence_rows, article_rows

    def _embed_chunks(
        self, texts: Sequence[str], headings: Sequence[str], languages: Sequence[Language | None]
    ) -> list[tuple[np.ndarray, bytes]]:
        """For each chunk its raw vector and its packed words; a heading that stands further up is read with it."""
        read = self.embedder.encode_passage_tokens(
            [heading + text for heading, text in zip(headings, texts, strict=True)]
        )
        found = []
        for text, heading, language, tokens in zip(texts, headings, languages, read, strict=True):
            assert language is not None
            own = tokens.spans[:, 1] > len(heading)
            spans = np.maximum(tokens.spans[own] - len(heading), 0)
            words = self.space.words.passage(text, TokenVectors(tokens.vector, tokens.tokens[own], spans), language)
            found.append((tokens.vector, words.pack()))
        return found

    def _read_words(self, texts: Sequence[str], metadatas: Sequence[Mapping[str, Any]]) -> list[bytes]:
        headings = [_heading_line(m.get("heading"), text) for text, m in zip(texts, metadatas, strict=True)]
        read = self._embed_chunks(texts, headings, [m["language"] for m in metadatas])
        return [words for _, words in read]

    def _centred(self, vector: np.ndarray, kind: Kind, article: Article) -> np.ndarray:
        assert article.language is not None
        centred: np.ndarray = self.space.centre(vector[None, :], kind, article.language)[0]
        return centred


def make_embedder(settings: Settings) -> Embedder:
    """The embedder that the settings name; loads nothing."""
    return Embedder(
        settings.model,
        cache=settings.cache,
        query_prefix=settings.query_prefix,
        passage_prefix=settings.passage_prefix,
        dtype=settings.dtype,
    )


@cache
def _thread_pools() -> ThreadpoolController:
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()


def _one_blas_thread() -> AbstractContextManager[object]:
    """NumPy's threads go on spinning after a multiplication, in the way of the model's: with them, a search took 40 ms
    on two cores, without 20. A search's own multiplications are too small to need them."""
    limited: AbstractContextManager[object] = _thread_pools().limit(limits=1, user_api="blas")
    return limited


def _checked(articles: Iterable[Article]) -> Iterator[Article]:
    if isinstance(articles, Article):
        raise ValueError("articles must be several articles, such as [article], not one")
    for article in articles:
        if not isinstance(article, Article):
            raise ValueError(f"articles must be index.Article objects, not {type(article).__name__}")
        yield article


def _parts(articles: Sequence[Article]) -> Iterator[tuple[int, Sequence[Article]]]:
    for at in range(0, len(articles), _ARTICLES_AT_ONCE):
        part = articles[at : at + _ARTICLES_AT_ONCE]
        yield at + len(part), part


def _key_of(article: Article) -> str:
    """Names one version of one article: differs when anything of it differs."""
    parts = (article.id, article.text, article.title, article.language, _iso(article), article.url, article.source)
    digest = hashlib.blake2b(digest_size=12)
    for part in parts:
        encoded = b"\0" if part is None else part.encode("utf-8")
        digest.update(len(encoded).to_bytes(8, "big") + encoded)
    return digest.hexdigest()


def _chunk_id(article: Article, number: int) -> str:
    return f"{_key_of(article)}:{number}"


def _pieces(chunk: Chunk) -> Iterator[tuple[str, Span]]:
    """What is embedded by itself beside the chunk: every sentence, and the heading."""
    yield from ((str(number), span) for number, span in enumerate(chunk.sentences))
    if chunk.heading is not None:
        yield HEADING, chunk.heading


def _heading_above(article: Article, chunk: Chunk) -> str:
    heading = article.text[slice(*chunk.heading)] if chunk.heading else None
    return _heading_line(heading, article.text[chunk.start : chunk.end])


def _heading_line(heading: str | None, text: str) -> str:
    """The heading as a line over a chunk that does not hold it; else nothing."""
    return "" if heading is None or heading in text else f"{heading}\n"


def _chunk_fields(article: Article, number: int, chunk: Chunk) -> dict[str, Any]:
    return {
        "article_id": article.id,
        "key": _key_of(article),
        "number": number,
        "start": chunk.start,
        "end": chunk.end,
        "sentences": len(chunk.sentences),
        "heading": article.text[slice(*chunk.heading)] if chunk.heading else None,
        "language": article.language,
        "published": _iso(article),
    }


def _article_fields(article: Article) -> dict[str, Any]:
    return {
        "key": _key_of(article),
        "title": article.title,
        "language": article.language,
        "published": _iso(article),
        "url": article.url,
        "source": article.source,
    }


def _iso(article: Article) -> str | None:
    return article.published.isoformat() if article.published else None
