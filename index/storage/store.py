"""The library on disk: a catalogue of articles, a generation of vectors and words, and a manifest over both.

One process writes at a time. A write adds new versions beside those that count, in the catalogue and in the
generation, where no reader looks at them; then it replaces the manifest, and in that moment the next revision counts,
all of it; only then does it delete what has ended. Chroma shows a running client nothing of what another one writes,
so a reader looks at the manifest and opens a fresh view when it has changed.
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
from index.storage.catalogue import FILE_NAME as CATALOGUE
from index.storage.catalogue import Catalogue, Record
from index.storage.chroma import ChromaServer
from index.storage.generation import Batch, Generation, drop_generations
from index.storage.manifest import (
    FILE_NAME,
    FORMAT,
    Manifest,
    Recipe,
    read_manifest,
    remove_litter,
    stamp,
    write_manifest,
)
from index.storage.view import View
from index.types import Article

LOCK_FILE = "write.lock"
# How often a look is repeated that a write has overtaken.
LOOKS = 3

T = TypeVar("T")


class Store:
    """The library's folder: hands out views for reading, and one writer at a time."""

    def __init__(self, folder: Path, lock_timeout_s: float, server: ChromaServer | None = None) -> None:
        self.folder = folder
        self.server = server
        self._lock_timeout_s = lock_timeout_s
        self._view: View | None = None
        self._switch = threading.Lock()
        self._opening = threading.Lock()
        self._one_writer = threading.Lock()

    def create_folder(self) -> None:
        """Raises :class:`~index.errors.StoreError` when the folder cannot be made."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(folder=self.folder, action="created", reason=error.strerror or error) from error

    def manifest(self) -> Manifest | None:
        """None while nothing has ever been written. Raises :class:`~index.errors.StoreError` when it cannot be read, or
        is missing from a library that holds articles."""
        manifest = read_manifest(self.folder)
        if manifest is None and (self.folder / CATALOGUE).is_file() and self._holds_articles():
            reason = f"{FILE_NAME} is missing; run 'haberci check --repair'"
            raise StoreError(folder=self.folder, action="read", reason=reason)
        return manifest

    def _holds_articles(self) -> bool:
        catalogue = Catalogue(self.folder, create=False)
        try:
            return catalogue.last_revision() > 0
        finally:
            catalogue.close()

    # --- reading ---

    def read(self, look: Callable[[View | None], T]) -> T:
        """What ``look`` finds in the current view (None while nothing has ever been written).

        Follows the writes of other processes. A look that a write has overtaken, so that some of what it asked for
        may have been deleted under it, is taken again on the new view.
        """
        for remaining in reversed(range(LOOKS)):
            looked_at = None
            try:
                with self._reading() as view:
                    looked_at = view.manifest if view else None
                    with chroma_errors(self.folder, "read"):
                        found = look(view)
            except StoreError:
                if not remaining or self._is_current(looked_at):
                    raise
            else:
                if not remaining or self._is_current(looked_at):
                    return found
        raise AssertionError("unreachable")

    def _is_current(self, looked_at: Manifest | None) -> bool:
        with self._switch:
            if looked_at and self._view and self._view.manifest is looked_at and self._view.seen == stamp(self.folder):
                return True
        manifest = self.manifest()
        if manifest is None or looked_at is None:
            return manifest is looked_at
        return looked_at.same_revision(manifest)

    @contextmanager
    def _reading(self) -> Iterator[View | None]:
        view = self._hold_current()
        try:
            yield view
        finally:
            if view is not None:
                view.release()

    def _hold_current(self) -> View | None:
        """The view that is right now, held; while another thread opens it, the one before."""
        with self._switch:
            view, seen = self._view, stamp(self.folder)
            if view is not None and view.seen == seen:
                view.hold()
                return view
            if view is not None and self._opening.locked():
                view.hold()
                return view
        with self._opening:
            self._open_current()
            with self._switch:
                if self._view is not None:
                    self._view.hold()
                return self._view

    def follow(self) -> None:
        """Open the current view now, if anybody has read here; else the next reader does."""
        with self._opening:
            if self._view is not None:
                self._open_current()

    def _open_current(self) -> None:
        """The caller holds ``_opening``."""
        seen, view = stamp(self.folder), self._view
        if view is not None and view.seen == seen:
            return
        manifest = self.manifest()
        if manifest is not None and view is not None and view.manifest.same_revision(manifest):
            view.seen = seen  # A writer has tidied up: nothing that a reader sees has changed.
            return
        self._replace(None if manifest is None else self._open(manifest, seen))

    def _open(self, manifest: Manifest, seen: tuple[int, int] | None) -> View:
        # What is of another format may have nothing of what a view opens.
        manifest.check(replace(manifest.recipe), self.folder)
        with chroma_errors(self.folder, "opened"):
            return View(self.folder, manifest, seen, self.server)

    def _replace(self, view: View | None) -> None:
        with self._switch:
            old, self._view = self._view, view
        if old is not None:
            old.retire()

    def close(self) -> None:
        """Release the files; the store opens them again when it is next used."""
        with self._opening:
            self._replace(None)

    # --- writing ---

    @contextmanager
    def writing(self, recipe: Recipe) -> Iterator[Writer]:
        """A writer that holds the library's write lock. What it has committed stays, also when the block is left by an
        error.

        Raises :class:`~index.errors.LibraryBusyError` when someone else keeps the lock for too long,
        :class:`~index.errors.IndexMismatchError` when the index is of another recipe.
        """
        self.create_folder()
        with self.locked():
            manifest = self.manifest() or Manifest(recipe=recipe, library=secrets.token_hex(8))
            manifest.check(recipe, self.folder)
            with Writer(self, manifest, recipe) as writer:
                writer.begin()
                yield writer
                writer.tidy()

    @contextmanager
    def rebuilding(self, recipe: Recipe) -> Iterator[Writer]:
        """As :meth:`writing`, into a new, empty generation that takes the place of the present one when it is
        committed. The present one is not even opened: it may be of another recipe, or damaged."""
        self.create_folder()
        with self.locked():
            manifest = self.manifest() or Manifest(recipe=recipe, library=secrets.token_hex(8))
            with Writer(self, manifest, recipe, into=manifest.generation + 1) as writer:
                writer.begin()
                yield writer
                writer.tidy()

    def is_locked(self) -> bool:
        """Whether somebody is writing, here or in another process."""
        from filelock import FileLock, Timeout

        try:
            with FileLock(self.folder / LOCK_FILE, timeout=0):
                return False
        except (Timeout, OSError):
            return True

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Nobody else writes meanwhile. Raises :class:`~index.errors.LibraryBusyError`."""
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
    """Makes the next revision of the library; exists only inside :meth:`Store.writing`.

    ``live`` is what will count once :meth:`commit` has been called; ``is_changed``, whether it differs from what counts
    now. ``into``: the number of a new generation to fill.
    """

    def __init__(self, store: Store, manifest: Manifest, recipe: Recipe, into: int | None = None) -> None:
        self._store = store
        self._recipe = recipe
        self.manifest = manifest
        self._folder = store.folder
        # What an earlier rebuild that died has left under the same number.
        drop_generations(self._folder, manifest.library, [manifest.generation], store.server)
        with self._errors():
            self.catalogue = Catalogue(self._folder, create=True)
            try:
                self.generation = self._open_generation(into or manifest.generation)
            except BaseException:
                self.catalogue.close()
                raise
        self.live = self.catalogue.live(manifest.revision)
        self._committed_keys = self._keys()
        self.is_changed = False

    def __enter__(self) -> Writer:
        return self

    def __exit__(self, *exception: object) -> None:
        self.generation.close()
        self.catalogue.close()

    @contextmanager
    def _errors(self) -> Iterator[None]:
        with chroma_errors(self._folder, "written"):
            yield

    def _open_generation(self, number: int) -> Generation:
        return Generation(
            self._folder, self.manifest.library, number, self.manifest.lexical, self._store.server, create=True
        )

    def _keys(self) -> frozenset[str]:
        return frozenset(record.key for record in self.live.values())

    def begin(self) -> None:
        """Undo what a writer that died had begun, and mend a lexical index that a stray hand has damaged."""
        remove_litter(self._folder)
        if not self.manifest.revision:
            # What is written from now on belongs to this library, also if the first revision is never finished.
            write_manifest(self._folder, self.manifest)
        self.catalogue.unstage(self.manifest.revision + 1)
        if self.generation.number != self.manifest.generation:
            return
        with self._errors():
            self.generation.drop_lexical(keep=self.manifest.lexical)
            if self.manifest.revision and not self.generation.is_lexical_whole(self._keys(), self.manifest.lexical):
                self.restore_lexical()

    def tidy(self) -> None:
        """Delete what no longer counts, and give its space back when there is much of it."""
        self.catalogue.purge(self.manifest.revision)
        with self._errors():
            self.generation.delete(self.generation.dead_keys(self._keys()))
            if self.generation.wants_compaction():
                self.compact()

    def require(self, recipe: Recipe) -> None:
        """Vectors of this recipe are about to be written; its dimension is known only once the model is loaded.
        Raises :class:`~index.errors.IndexMismatchError`."""
        self.manifest.check(recipe, self._folder)
        self._recipe = recipe

    def articles(self) -> list[Article]:
        """All that counts and has its text, in the order of their ids."""
        texts = self.catalogue.texts(record.key for record in self.live.values())
        found = ((i, record) for i, record in sorted(self.live.items()) if record.key in texts)
        return [record.to_article(i, texts[record.key]) for i, record in found]

    def whole_keys(self, keys: Sequence[str]) -> set[str]:
        """Those of ``keys`` whose rows need not be made: they count, or a writer made them before it died."""
        return self.generation.whole_keys(keys)

    def put(self, batch: Batch) -> None:
        """Add the rows of new versions."""
        with self._errors():
            self.generation.put(batch)

    def stage(self, articles: Sequence[Article]) -> None:
        """Enter articles, whose rows are there, for the next revision."""
        self.catalogue.stage(self.manifest.revision + 1, articles)
        self.live.update((article.id, Record.of(article)) for article in articles)
        self.is_changed = True

    def end(self, ids: Sequence[str]) -> None:
        """Leave articles out of the next revision."""
        for article_id in ids:
            self.live.pop(article_id, None)
        self.catalogue.end(self.manifest.revision + 1, ids)
        self.is_changed = True

    def commit(self) -> None:
        """From now on the next revision counts, all of it at once. A new generation takes the old one's place."""
        number, keys = self.generation.number, self._keys()
        is_new = number != self.manifest.generation
        lexical = self.manifest.lexical
        with self._errors():
            if is_new or keys != self._committed_keys:
                lexical = self._write_lexical(before=frozenset() if is_new else self._committed_keys)
        recipe = self._recipe if is_new else self.manifest.recipe
        dimension = recipe.dimension or self._recipe.dimension
        self._publish(generation=number, lexical=lexical, recipe=replace(recipe, dimension=dimension), format=FORMAT)

    def mark_seeded(self) -> None:
        self._publish(seeded=True)

    def compact(self) -> None:
        """Copy what counts into a new generation; the space of everything that was ever deleted goes with the old."""
        old, number = self.generation, self.generation.number + 1
        with self._errors():
            fresh = self._open_generation(number)
            try:
                # A version that is damaged stays missing, for a check to find.
                fresh.copy_from(old, sorted(old.whole_keys(list(self._keys()))))
            except BaseException:
                fresh.close()
                raise
            self.generation = fresh
            old.close()
            self._publish(generation=number, lexical=self._write_lexical(before=frozenset()))

    def mend(self, keys: Sequence[str]) -> None:
        """Delete all rows of versions, also those that nothing tells of; :meth:`put` and :meth:`restore_lexical` bring
        those back that count."""
        with self._errors():
            self.generation.delete(keys)

    def restore_lexical(self) -> None:
        """Write the index of words anew, whatever it holds."""
        with self._errors():
            self._publish(lexical=self._write_lexical(before=frozenset()))

    def _write_lexical(self, before: frozenset[str]) -> int:
        number = self.manifest.lexical + 1
        self.generation.write_lexical(self._keys(), before, number=number, old=self.manifest.lexical)
        return number

    def _publish(self, **changes: Any) -> None:
        before = self.manifest
        self.manifest = replace(before, revision=before.revision + 1, **changes)
        write_manifest(self._folder, self.manifest)
        self._committed_keys = self._keys()
        self.is_changed = False
        # Readers of this process move on before what they look at is deleted.
        self._store.follow()
        with self._errors():
            self.generation.drop_lexical(keep=self.manifest.lexical)
            if self.manifest.generation != before.generation:
                drop_generations(self._folder, before.library, [self.manifest.generation], self._store.server)


@contextmanager
def chroma_errors(folder: Path, action: str) -> Iterator[None]:
    """Chroma raises its own errors, sqlite's, and bare RuntimeErrors of its Rust part: all become ours."""
    try:
        yield
    except HaberciError:
        raise
    except Exception as error:
        raise StoreError(folder=folder, action=action, reason=error) from error
