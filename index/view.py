"""One look at the library on disk: articles, chunks and sentences in Chroma, and their terms in tantivy."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from index.lexical import LexicalIndex, LexicalRow, delete_lexical_index
from index.manifest import Manifest
from index.types import Article, Language

if TYPE_CHECKING:
    from chromadb.api import ClientAPI
    from chromadb.api.models.Collection import Collection

CHROMA_FOLDER = "chroma"
LEXICAL_FOLDER = "lexical"
KINDS = ("chunks", "sentences", "articles")
# Chroma takes at most 5,461 rows in one call; smaller batches keep memory flat.
ROWS_PER_CALL = 2000
MAX_NEIGHBOURS = 300
# Row ids: a chunk's is "key:number", a sentence's "key:number:sentence", a heading's "key:number:h".
HEADING = "h"

ReadWords = Callable[[Sequence[str], Sequence[Mapping[str, Any]]], list[bytes]]
"""From the texts and metadatas of chunks to their packed word vectors."""

_serial = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Record:
    """What is known of a live article without its text. ``key`` names the version of its chunks that counts."""

    key: str
    language: Language
    title: str | None
    published: date | None
    url: str | None
    source: str | None


@dataclass(slots=True)
class Rows:
    """Rows for one Chroma collection; ``vectors`` is float32 of shape (len(ids), dimension)."""

    ids: list[str] = field(default_factory=list)
    vectors: list[np.ndarray] = field(default_factory=list)
    documents: list[str] = field(default_factory=list)
    metadatas: list[dict[str, Any]] = field(default_factory=list)
    # Only chunks have word vectors; they are kept beside Chroma (see index.lexical).
    words: list[bytes] = field(default_factory=list)

    def append(self, row_id: str, vector: np.ndarray, document: str, metadata: Mapping[str, Any]) -> None:
        self.ids.append(row_id)
        self.vectors.append(vector)
        self.documents.append(document)
        # Chroma holds no None: an absent key says the same.
        self.metadatas.append({name: value for name, value in metadata.items() if value is not None})


class View:
    """One consistent look at the library: collections of one generation and the articles that are live.

    ``create`` makes what is missing: for writers only, since a reader may come late to a generation that
    has just been dropped.
    """

    def __init__(self, folder: Path, manifest: Manifest, seen: tuple[int, int] | None, *, create: bool) -> None:
        self.folder = folder
        self.manifest = manifest
        self.seen = seen
        self._readers = 0
        self._retired = False
        self._idle = threading.Condition()
        self._client = _open_client(folder)
        try:
            self.chunks, self.sentences, self.articles = (
                _collection(self._client, f"{kind}-{manifest.generation}", create=create) for kind in KINDS
            )
            self.lexical = LexicalIndex(self.lexical_folder(manifest.generation), create=create)
            self._set_live(_read_records(self.articles))
        except BaseException:
            self._client.close()  # type: ignore[attr-defined]
            raise

    def _set_live(self, live: dict[str, Record]) -> None:
        self.live = live
        self.live_keys = frozenset(record.key for record in live.values())

    def lexical_folder(self, generation: int) -> Path:
        return self.folder / f"{LEXICAL_FOLDER}-{generation}"

    def hold(self) -> None:
        """Keep the client open until :meth:`release`, even when a newer view replaces this one."""
        with self._idle:
            self._readers += 1

    def release(self) -> None:
        with self._idle:
            self._readers -= 1
            self._idle.notify_all()
        self._close_if_done()

    def retire(self) -> None:
        """Close the client as soon as its last reader has finished."""
        with self._idle:
            self._retired = True
        self._close_if_done()

    def wait_for_readers(self, timeout_s: float) -> None:
        """Return when nobody else reads here any more, or after ``timeout_s``; the caller holds it once."""
        with self._idle:
            self._idle.wait_for(lambda: self._readers <= 1, timeout_s)

    def _close_if_done(self) -> None:
        with self._idle:
            if not self._retired or self._readers:
                return
            self._retired = False
        self._client.close()  # type: ignore[attr-defined]

    def article(self, article_id: str) -> Article | None:
        return next(iter(self.read_articles([article_id])), None)

    def read_articles(self, ids: Sequence[str]) -> list[Article]:
        """Live articles with their texts, in the order of ``ids``; ids that are not live are left out."""
        texts: dict[str, str] = {}
        for some in _batches(ids):
            got = self.articles.get(ids=list(some), include=["documents"])
            texts.update(zip(got["ids"], got["documents"] or [], strict=True))
        return [_to_article(i, texts[i], self.live[i]) for i in ids if i in texts and i in self.live]

    def drop_generations(self, keep: int) -> None:
        """Delete the collections and lexical indexes of all other generations."""
        for collection in self._client.list_collections():
            kind, _, generation = collection.name.rpartition("-")
            if kind in KINDS and generation != str(keep):
                self._client.delete_collection(collection.name)
        for folder in self.folder.glob(f"{LEXICAL_FOLDER}-*"):
            if folder != self.lexical_folder(keep):
                delete_lexical_index(folder)

    # --- writing (only by the holder of the write lock) ---

    def put(self, chunks: Rows, sentences: Rows, articles: Rows) -> None:
        """Add new versions and switch their articles over to them."""
        self.lexical.put(_lexical_rows(chunks.ids, chunks.metadatas, chunks.documents, chunks.words))
        for collection, rows in ((self.chunks, chunks), (self.sentences, sentences), (self.articles, articles)):
            for at in range(0, len(rows.ids), ROWS_PER_CALL):
                part = slice(at, at + ROWS_PER_CALL)
                collection.upsert(
                    ids=rows.ids[part],
                    embeddings=np.asarray(rows.vectors[part], dtype=np.float32),
                    documents=rows.documents[part],
                    metadatas=rows.metadatas[part],  # type: ignore[arg-type]
                )
        fresh = {i: _to_record(m) for i, m in zip(articles.ids, articles.metadatas, strict=True)}
        self._set_live({**self.live, **fresh})

    def forget(self, ids: Sequence[str]) -> None:
        """Take articles out of the library; their chunks are left to :meth:`delete_versions`."""
        for some in _batches(ids):
            self.articles.delete(ids=list(some))
        gone = set(ids)
        self._set_live({i: record for i, record in self.live.items() if i not in gone})

    def delete_versions(self, keys: Sequence[str]) -> None:
        """Delete the chunks and sentences of the versions that no live article names."""
        unnamed = [key for key in keys if key not in self.live_keys]
        if unnamed:
            self.lexical.delete_versions(unnamed)
        for some in _batches(unnamed, 200):
            where: Any = {"key": {"$in": list(some)}}
            for collection in (self.chunks, self.sentences):
                collection.delete(where=where)

    def mend_lexical(self, read_words: ReadWords) -> None:
        """Build the lexical index again from Chroma where it does not hold the same chunks."""
        if len(self.lexical) == self.chunks.count():
            return
        delete_lexical_index(self.lexical_folder(self.manifest.generation))
        self.lexical = LexicalIndex(self.lexical_folder(self.manifest.generation), create=True)
        for some in _batches(self.chunks.get(include=[])["ids"], 64):
            got: Any = self.chunks.get(ids=list(some), include=["documents", "metadatas"])
            words = read_words(got["documents"], got["metadatas"])
            self.lexical.put(_lexical_rows(got["ids"], got["metadatas"], got["documents"], words))


def _open_client(folder: Path) -> ClientAPI:
    import chromadb
    from chromadb.config import Settings

    # Chroma hands out one shared system for each spelling of a path, with whatever that system saw when
    # it started. A spelling of its own gives every view a fresh one, and closing it disturbs nobody else.
    spelling = format(next(_serial), "b").replace("1", "/.").replace("0", "/")
    path = f"{folder / CHROMA_FOLDER}{spelling}"
    return chromadb.PersistentClient(path, settings=Settings(anonymized_telemetry=False))


def _collection(client: ClientAPI, name: str, *, create: bool) -> Collection:
    if not create:
        return client.get_collection(name, embedding_function=None)
    # ef_search: as many neighbours as a search ever asks for, else HNSW may return fewer.
    return client.get_or_create_collection(
        name, embedding_function=None, configuration={"hnsw": {"space": "cosine", "ef_search": MAX_NEIGHBOURS}}
    )


def _read_records(articles: Collection) -> dict[str, Record]:
    got = articles.get(include=["metadatas"])
    return {i: _to_record(metadata) for i, metadata in zip(got["ids"], got["metadatas"] or [], strict=True)}


def _lexical_rows(
    ids: Sequence[str], metadatas: Sequence[Mapping[str, Any]], texts: Sequence[str], words: Sequence[bytes]
) -> list[LexicalRow]:
    return [
        LexicalRow(i, metadata["key"], metadata["language"], text, packed)
        for i, metadata, text, packed in zip(ids, metadatas, texts, words, strict=True)
    ]


def _to_record(metadata: Mapping[str, Any]) -> Record:
    published = metadata.get("published")
    return Record(
        key=metadata["key"],
        language=metadata["language"],
        title=metadata.get("title"),
        published=date.fromisoformat(published) if published else None,
        url=metadata.get("url"),
        source=metadata.get("source"),
    )


def _to_article(article_id: str, text: str, record: Record) -> Article:
    return Article(article_id, text, record.title, record.language, record.published, record.url, record.source)


def _batches(items: Sequence[str], size: int = ROWS_PER_CALL) -> Iterator[Sequence[str]]:
    for at in range(0, len(items), size):
        yield items[at : at + size]
