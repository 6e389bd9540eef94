"""The library on disk: articles, chunks and sentences in Chroma, beside a lexical index and a manifest.

One process writes at a time. A write prepares new versions beside the old ones, switches article by article
(the article's record names the version that counts) and only then deletes the old versions; a reader
ignores versions that no record names. Chroma shows a running client nothing of what another process
writes, so a reader looks at the manifest and opens a fresh client when it has changed.
"""

from __future__ import annotations

import itertools
import secrets
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from index.errors import HaberciError, LibraryBusyError, StoreError
from index.lexical import LexicalIndex, LexicalRow, delete_lexical_index
from index.manifest import FORMAT, Manifest, Recipe, read_manifest, remove_litter, stamp, write_manifest
from index.types import Article, Language

if TYPE_CHECKING:
    from chromadb.api import ClientAPI
    from chromadb.api.models.Collection import Collection

CHROMA_FOLDER = "chroma"
LEXICAL_FOLDER = "lexical"
LOCK_FILE = "write.lock"
# Chroma takes at most 5,461 rows in one call; smaller batches keep memory flat.
ROWS_PER_CALL = 2000
MAX_NEIGHBOURS = 300
# Row ids: a chunk's is "key:number", a sentence's "key:number:sentence", a heading's "key:number:h".
HEADING = "h"

# How often a look is repeated that a write by another process has overtaken.
LOOKS = 3
READERS_TIMEOUT_S = 30.0
KINDS = ("chunks", "sentences", "articles")

T = TypeVar("T")
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
        self.lexical.put(_lexical_rows(chunks.ids, chunks.metadatas, chunks.documents))
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

    def mend_lexical(self) -> None:
        """Build the lexical index again from Chroma where it does not hold the same chunks."""
        if len(self.lexical) == self.chunks.count():
            return
        delete_lexical_index(self.lexical_folder(self.manifest.generation))
        self.lexical = LexicalIndex(self.lexical_folder(self.manifest.generation), create=True)
        for some in _batches(self.chunks.get(include=[])["ids"]):
            got = self.chunks.get(ids=list(some), include=["documents", "metadatas"])
            self.lexical.put(_lexical_rows(got["ids"], got["metadatas"] or [], got["documents"] or []))


class Store:
    """The library's folder: hands out views for reading, and one writer at a time."""

    def __init__(self, folder: Path, lock_timeout_s: float) -> None:
        self.folder = folder
        self._lock_timeout_s = lock_timeout_s
        self._view: View | None = None
        self._switch = threading.Lock()
        self._one_writer = threading.Lock()

    def create_folder(self) -> None:
        """Raises :class:`~index.errors.StoreError` when the folder cannot be made."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(folder=self.folder, action="created", reason=error.strerror or error) from error

    def manifest(self) -> Manifest | None:
        return read_manifest(self.folder)

    def read(self, look: Callable[[View | None], T]) -> T:
        """What ``look`` finds in the current view (None while nothing has ever been written).

        Follows the writes of other processes. A look that such a write overtakes, so that Chroma no longer
        has what it asks for, is taken again on the new view.
        """
        for remaining in reversed(range(LOOKS)):
            revision = -1
            try:
                with self._reading() as view:
                    revision = view.manifest.revision if view else 0
                    with chroma_errors(self.folder, "read"):
                        return look(view)
            except StoreError:
                manifest = self.manifest()
                if not remaining or manifest is None or manifest.revision == revision:
                    raise
        raise AssertionError("unreachable")

    @contextmanager
    def _reading(self) -> Iterator[View | None]:
        with self._switch:
            view = self._current()
            if view is not None:
                view.hold()
        try:
            yield view
        finally:
            if view is not None:
                view.release()

    @contextmanager
    def writing(self, recipe: Recipe, *, for_rebuild: bool = False) -> Iterator[Writer]:
        """A writer that holds the library's write lock and starts from a fresh view.

        What the writer has committed stays, also when the block is left by an error. Raises
        :class:`~index.errors.LibraryBusyError` when someone else keeps the lock for too long,
        :class:`~index.errors.IndexMismatchError` when the index is of another recipe (unless ``for_rebuild``).
        """
        self.create_folder()
        with self._locked():
            manifest = self.manifest() or Manifest(recipe=recipe, library=secrets.token_hex(8))
            if not for_rebuild:
                manifest.check(recipe, self.folder)
            view = self._open(manifest, stamp(self.folder), create=True)
            view.hold()
            try:
                writer = Writer(self, view)
                self.show(view)
                writer.clean_up()
                yield writer
            finally:
                view.release()

    def show(self, view: View) -> None:
        """Let readers of this process have ``view`` from now on."""
        view.seen = stamp(self.folder)
        with self._switch:
            if self._view is not view:
                self._replace(view)

    def close(self) -> None:
        """Release Chroma's files; the store opens them again when it is next used."""
        with self._switch:
            self._replace(None)

    def open_generation(self, manifest: Manifest) -> View:
        return self._open(manifest, None, create=True)

    def _current(self) -> View | None:
        """The view that is right now. The caller holds ``_switch``."""
        seen, view = stamp(self.folder), self._view
        if view is not None and view.seen == seen:
            return view
        manifest = self.manifest()
        if manifest is None:
            return self._replace(None)
        if view is not None and view.manifest.same_revision(manifest):
            # A writer is at work, or has tidied up: nothing that a reader sees has changed.
            view.seen = seen
            return view
        return self._replace(self._open(manifest, seen, create=False))

    def _open(self, manifest: Manifest, seen: tuple[int, int] | None, *, create: bool) -> View:
        with chroma_errors(self.folder, "opened"):
            return View(self.folder, manifest, seen, create=create)

    def _replace(self, view: View | None) -> View | None:
        old, self._view = self._view, view
        if old is not None:
            old.retire()
        return view

    @contextmanager
    def _locked(self) -> Iterator[None]:
        from filelock import FileLock, Timeout

        busy = LibraryBusyError(folder=self.folder, timeout_s=self._lock_timeout_s)
        if not self._one_writer.acquire(timeout=self._lock_timeout_s):
            raise busy
        try:
            # The operating system frees this lock when its process dies.
            lock = FileLock(self.folder / LOCK_FILE)
            try:
                lock.acquire(timeout=self._lock_timeout_s)
            except Timeout as error:
                raise busy from error
            except OSError as error:
                raise StoreError(folder=self.folder, action="written", reason=error.strerror or error) from error
            try:
                yield
            finally:
                lock.release()
        finally:
            self._one_writer.release()


class Writer:
    """Changes the library; exists only inside :meth:`Store.writing`."""

    def __init__(self, store: Store, view: View) -> None:
        self._store = store
        self.view = view

    def clean_up(self) -> None:
        """Finish what a writer that died had begun, and mend what a stray hand has damaged."""
        remove_litter(self._store.folder)
        with chroma_errors(self._store.folder, "written"):
            self.view.drop_generations(keep=self.view.manifest.generation)
        if self.view.manifest.pending:
            # Readers may still look at what is deleted now, and at records that the dead writer has switched.
            self._commit(self.view.manifest.pending)
        with chroma_errors(self._store.folder, "written"):
            self.view.mend_lexical()

    def put(self, chunks: Rows, sentences: Rows, articles: Rows, replaced: Sequence[str]) -> None:
        """Add article versions; ``replaced`` are the ids of the articles among them that exist already."""
        old = [self.view.live[i].key for i in replaced]
        new = [str(metadata["key"]) for metadata in articles.metadatas]
        self._save(pending=(*new, *old))
        with chroma_errors(self._store.folder, "written"):
            self.view.put(chunks, sentences, articles)
        self._commit(old)

    def forget(self, ids: Sequence[str]) -> None:
        old = [self.view.live[i].key for i in ids]
        self._save(pending=tuple(old))
        with chroma_errors(self._store.folder, "written"):
            self.view.forget(ids)
        self._commit(old)

    def mark_seeded(self) -> None:
        self._save(seeded=True)

    @contextmanager
    def new_generation(self, recipe: Recipe) -> Iterator[View]:
        """A view of empty collections to fill; they become the library when the block ends without an error."""
        old = self.view
        manifest = replace(
            old.manifest, recipe=recipe, generation=old.manifest.generation + 1,
            revision=old.manifest.revision + 1, pending=(), format=FORMAT,
        )  # fmt: skip
        fresh = self._store.open_generation(manifest)
        try:
            yield fresh
        except BaseException:
            fresh.retire()
            raise
        write_manifest(self._store.folder, manifest)
        self.view = fresh
        self._store.show(fresh)
        # Searches under way read the old generation; those of other processes are taken again.
        old.wait_for_readers(READERS_TIMEOUT_S)
        with chroma_errors(self._store.folder, "written"):
            fresh.drop_generations(keep=manifest.generation)

    def _commit(self, old: Sequence[str]) -> None:
        # Readers move on before the versions that they may be reading are deleted.
        self._save(revision=self.view.manifest.revision + 1)
        self._delete_versions(old)

    def _delete_versions(self, keys: Sequence[str]) -> None:
        with chroma_errors(self._store.folder, "written"):
            self.view.delete_versions(keys)
        self._save(pending=())

    def _save(self, **changes: Any) -> None:
        self.view.manifest = replace(self.view.manifest, **changes)
        write_manifest(self._store.folder, self.view.manifest)
        self._store.show(self.view)


@contextmanager
def chroma_errors(folder: Path, action: str) -> Iterator[None]:
    """Chroma raises its own errors, sqlite's, and bare RuntimeErrors of its Rust part: all become ours."""
    try:
        yield
    except HaberciError:
        raise
    except Exception as error:
        raise StoreError(folder=folder, action=action, reason=error) from error


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


def _lexical_rows(ids: Sequence[str], metadatas: Sequence[Mapping[str, Any]], texts: Sequence[str]) -> list[LexicalRow]:
    return [
        LexicalRow(i, metadata["key"], metadata["language"], text)
        for i, metadata, text in zip(ids, metadatas, texts, strict=True)
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
