"""The library on disk: articles, chunks and sentences in Chroma, beside a lexical index and a manifest.

One process writes at a time. A write prepares new versions beside the old ones, switches article by article
(the article's record names the version that counts) and only then deletes the old versions; a reader
ignores versions that no record names. Chroma shows a running client nothing of what another process
writes, so a reader looks at the manifest and opens a fresh client when it has changed.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from index.errors import HaberciError, LibraryBusyError, StoreError
from index.manifest import FORMAT, Manifest, Recipe, read_manifest, remove_litter, stamp, write_manifest
from index.view import ReadWords, Rows, View

LOCK_FILE = "write.lock"
# How often a look is repeated that a write by another process has overtaken.
LOOKS = 3
READERS_TIMEOUT_S = 30.0

T = TypeVar("T")


class Store:
    """The library's folder: hands out views for reading, and one writer at a time."""

    def __init__(self, folder: Path, lock_timeout_s: float, read_words: ReadWords) -> None:
        self.folder = folder
        self.read_words = read_words
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
            self.view.mend_lexical(self._store.read_words)

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
