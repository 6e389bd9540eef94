"""Keeping a library equal to its folders and feeds for as long as the process lives."""

from __future__ import annotations

import math
import os
import threading
import time
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import ClassVar

import watchfiles
from watchfiles.main import FileChange

from index.articles import find_article_files, is_article_name
from index.errors import ArticleFileError, HaberciError
from index.library import Index
from index.sources.documents import DOCUMENT_SUFFIXES, DocumentReader
from index.sources.places import FolderSource, Source, is_address, open_sources
from index.storage.catalogue import Catalogue
from index.types import Changes

# A file is taken when nothing has changed for so long, so that none is taken half written,
QUIET_S = 1.0
# but something that never comes to rest does not hold up the rest for longer than this.
PATIENCE_S = 30.0
# When something is tried again that a change of files does not mend, such as a library that another process writes to.
RETRY_S = 60.0
# How soon a request to stop, and a folder that has gone or come back, are noticed.
_STEP_MS, _TICK_MS = 100, 250
# The place of what goes wrong with a sync as a whole.
_SYNC = ""
# Where the system cannot tell of changes, the folders are looked through this often.
_POLL_MS = 10_000


class EmptyFolderError(HaberciError):
    """A folder without any article file would take articles out of the library; its disk may not be mounted."""

    templates: ClassVar[dict[str, str]] = {
        "en": "{folder} holds no article files; taken at its word, {articles} articles would go from the library, so "
        "nothing was removed. If its disk is not mounted, mount it; if they shall go, run 'haberci sync' with "
        "--allow-empty.",
        "tr": "{folder} içinde haber dosyası yok; olduğu gibi alınsa kitaplıktan {articles} haber gidecekti, bu "
        "yüzden hiçbir şey çıkarılmadı. Diski bağlı değilse bağlayın; haberler gitsin istiyorsanız 'haberci sync' "
        "komutunu --allow-empty ile çalıştırın.",
    }


class FolderWatchError(HaberciError):
    """The system cannot tell of changes in the folders."""

    templates: ClassVar[dict[str, str]] = {
        "en": "The system does not report changes in the folders ({reason}); they are looked through every "
        "{interval_s:g} s instead.",
        "tr": "Sistem klasörlerdeki değişiklikleri bildirmiyor ({reason}); bunun yerine {interval_s:g} saniyede bir "
        "taranıyorlar.",
    }


def doubtful_folders(index: Index, sources: Iterable[object]) -> dict[str, HaberciError]:
    """Folders and files among the sources that a sync must not take at their word, by path, each with the reason.

    That is one that is not there (:class:`~index.errors.ArticleFileError`), and one that holds no article file although
    the library has articles from it, or although the library has articles and no source holds any
    (:class:`EmptyFolderError`).
    """
    doubtful: dict[str, HaberciError] = {}
    empty: list[str] = []
    given = [str(each) for each in sources]
    is_any_full = any(map(is_address, given))
    for origin in sorted({str(Path(each).expanduser().absolute()) for each in given if not is_address(each)}):
        try:
            if _holds_article_file(Path(origin)):
                is_any_full = True
            else:
                empty.append(origin)
        except ArticleFileError as error:
            doubtful[origin] = error
    counts = _articles_from(index, empty)
    for origin in empty:
        endangered = counts[origin] if is_any_full else len(index)
        if endangered:
            doubtful[origin] = EmptyFolderError(folder=origin, articles=endangered)
    return doubtful


def _holds_article_file(path: Path) -> bool:
    """Whether there is any. Raises :class:`~index.errors.ArticleFileError` when ``path`` cannot be read."""
    # The first one that is found will do; only where there is none has everything to be looked at.
    for folder, folders, files in os.walk(path):
        folders[:] = [name for name in folders if not name.startswith(".")]
        if any(is_article_name(name) and Path(folder, name).is_file() for name in files):
            return True
    return bool(find_article_files(path))


def _articles_from(index: Index, origins: Sequence[str]) -> dict[str, int]:
    """How many articles of the library came from each of the folders."""
    counts = dict.fromkeys(origins, 0)
    if not counts or not index.revision:
        return counts
    catalogue = Catalogue(index.folder, create=False)
    try:
        live = catalogue.live(index.revision)
        found = {(p.origin, p.article_id) for p in catalogue.places().values() if p.article_id in live}
    finally:
        catalogue.close()
    for origin, _ in found:
        if origin in counts:
            counts[origin] += 1
    return counts


def watch(
    index: Index,
    sources: Sequence[Path | str],
    *,
    interval_s: float = 900.0,
    stop: threading.Event,
    on_changes: Callable[[Changes], None],
    on_error: Callable[[HaberciError], None],
) -> None:
    """Sync at once, then whenever a file of the folders changes, and every ``interval_s`` seconds, when the addresses
    are asked for what is new; until ``stop`` is set.

    ``on_changes`` is called after the first sync, and then after each that has changed the library. ``on_error`` is
    called once for each thing that goes wrong (a file that cannot be read, a folder that has gone, a feed that cannot
    be reached, a library that is busy), again only when it is mended and goes wrong anew. While a folder is gone, or
    has suddenly no article file any more (see :func:`doubtful_folders`), nothing at all is removed. A file is read when
    it has not changed for a second.

    A sync that is under way when ``stop`` is set is broken off between two batches of articles, never while it is
    committed; the next one completes it. Both callbacks are called in this thread. Raises ValueError for an interval
    that cannot be one, and without any source.
    """
    if not 0 < interval_s < threading.TIMEOUT_MAX:
        raise ValueError(f"interval_s must be a positive number of seconds, not {interval_s!r}")
    with DocumentReader() as reader, index.open_fetcher() as fetcher:
        opened = open_sources(sources, reader, fetcher, interval_s)
        _Watcher(index, opened, reader, interval_s, stop, on_changes, on_error).run()


class _StoppedError(Exception):
    """Breaks off a sync where that does no harm."""


class _Watcher:
    def __init__(
        self,
        index: Index,
        sources: Sequence[Source],
        reader: DocumentReader,
        interval_s: float,
        stop: threading.Event,
        on_changes: Callable[[Changes], None],
        on_error: Callable[[HaberciError], None],
    ) -> None:
        self._index = index
        self._sources = sources
        self._reader = reader
        self._interval_s = interval_s
        self._stop = stop
        self._on_changes = on_changes
        self._on_error = on_error
        self._folders = [source.path for source in sources if isinstance(source, FolderSource)]
        self._library = {index.folder, index.folder.resolve()}
        self._reported: dict[str, str] = {}
        self._has_synced = False
        # Times of the monotonic clock: the first and the last change that no sync has seen, and the next round.
        self._since: float | None = None
        self._changed = 0.0
        self._next_round = -math.inf
        self._must_poll = False

    def run(self) -> None:
        with suppress(_StoppedError):
            while not self._stop.is_set():
                self._watch_folders()
                self._touch()

    def _watch_folders(self) -> None:
        """Until a folder goes, comes or is replaced: what is watched is then not what has its name."""
        present = self._present()
        with closing(self._events(present)) as events:
            # The first time round nothing need have changed: what happened before the watching began is seen then.
            for changes in events:
                if changes:
                    self._touch()
                if self._is_time():
                    self._sync()
                is_replaced = any(kind == watchfiles.Change.deleted and Path(path) in present for kind, path in changes)
                if is_replaced or self._present() != present:
                    return

    def _events(self, folders: Iterable[Path]) -> Generator[set[FileChange], None, None]:
        """What changes, and nothing every quarter of a second."""
        try:
            yield from watchfiles.watch(
                *folders, watch_filter=self._matters, debounce=_TICK_MS, step=_STEP_MS, stop_event=self._stop,
                rust_timeout=_TICK_MS, yield_on_timeout=True, ignore_permission_denied=True,
                force_polling=self._must_poll or None, poll_delay_ms=_POLL_MS,
            )  # fmt: skip
        except FileNotFoundError:
            self._stop.wait(_TICK_MS / 1000)  # a folder went as it was to be watched
        except (OSError, RuntimeError) as error:
            if self._must_poll:
                raise
            self._must_poll = True
            self._on_error(FolderWatchError(reason=error, interval_s=_POLL_MS / 1000))

    def _present(self) -> dict[Path, tuple[int, int]]:
        """The folders that are there, and which ones they are."""
        found = {}
        for folder in self._folders:
            with suppress(OSError):
                status = folder.stat()
                found[folder] = (status.st_dev, status.st_ino)
        return found

    def _matters(self, change: watchfiles.Change, name: str) -> bool:
        """Whether an event may be about an article file, or about a folder of them."""
        path = Path(name)
        if any(path.is_relative_to(folder) for folder in self._library):
            return False
        root = next((folder for folder in self._folders if path.is_relative_to(folder)), path)
        if any(part.startswith(".") for part in path.relative_to(root).parts):
            return False
        # What is deleted may have been a folder.
        is_file = change != watchfiles.Change.deleted and path.is_file()
        return path == root or not is_file or path.suffix.lower() in DOCUMENT_SUFFIXES

    def _touch(self) -> None:
        self._changed = time.monotonic()
        self._since = self._changed if self._since is None else self._since

    def _is_time(self) -> bool:
        now = time.monotonic()
        if self._since is not None and (now - self._changed >= QUIET_S or now - self._since >= PATIENCE_S):
            return True
        return now >= self._next_round

    # --- one sync ---

    def _sync(self) -> None:
        is_round = time.monotonic() >= self._next_round
        self._since = None  # what changes from now on may come too late for this sync
        changes, errors = self._try()
        self._reader.close()  # its process need not wait for the next change
        # Reckoned from here, so that by the next round the addresses' own interval has passed.
        now = time.monotonic()
        if is_round:
            self._next_round = now + self._interval_s
        if changes is None or any(str(folder) in errors for folder in self._folders):
            self._next_round = min(self._next_round, now + RETRY_S)
        self._report(errors, is_whole=changes is not None)
        if changes is not None:
            is_first, self._has_synced = not self._has_synced, True
            if is_first or changes.added or changes.changed or changes.renamed or changes.removed:
                self._on_changes(changes)

    def _try(self) -> tuple[Changes | None, dict[str, HaberciError]]:
        """What a sync has done, None when there was none; and what went wrong, by place."""
        errors: dict[str, HaberciError] = {}
        try:
            errors.update(doubtful_folders(self._index, [source.origin for source in self._sources]))
            taken = [source for source in self._sources if source.origin not in errors]
            if not taken:
                return None, errors
            changes = self._index.sync(*taken, remove=not errors, progress=self._go_on, reading=self._go_on)
        except HaberciError as error:
            return None, {**errors, _SYNC: error}
        return changes, {**errors, **changes.errors}

    def _go_on(self, _done: int, _total: int) -> None:
        if self._stop.is_set():
            raise _StoppedError

    def _report(self, errors: Mapping[str, HaberciError], *, is_whole: bool) -> None:
        for error in errors.values():
            if str(error) not in self._reported.values():
                self._on_error(error)
        now = {place: str(error) for place, error in errors.items()}
        own = {source.origin for source in self._sources}
        # What was not tried again is not mended: everything when there was no sync, and the pages that feeds name.
        untried = {
            place: said for place, said in self._reported.items()
            if not is_whole or (is_address(place) and place not in own)
        }  # fmt: skip
        self._reported = {**untried, **now}
