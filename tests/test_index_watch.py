"""Watching: a real folder, a real feed on loopback, and a process that is told to end."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from index import Changes, HaberciError, Index
from index.errors import ArticleFileError, LibraryBusyError
from index.sources import watch as watching
from index.sources.fetch import FetchError
from index.sources.watch import EmptyFolderError, doubtful_folders, watch
from tests.fakes_index import FakeEmbedder, make_article, open_index, process_code, process_environment
from tests.web_server import WebServer, by_path, response

DEADLINE_S = 30.0
PAGE = """<html><head><title>{0}</title></head><body><article><h1>{0}</h1><p>{0} had a long day in Ankara, where the
council met for six hours and voted on the budget of the coming year.</p></article></body></html>"""


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "QUIET_S", 0.2)
    monkeypatch.setattr(watching, "RETRY_S", 0.5)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "haberler"
    path.mkdir()
    write(path, 1)
    return path


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Index]:
    with open_index(tmp_path / "home", lock_timeout_s=0.3, allowed_hosts="127.0.0.1") as opened:
        yield opened


def write(folder: Path, number: int, version: int = 0) -> Path:
    path = folder / f"a{number}.txt"
    path.write_text(make_article(number, version).text, encoding="utf-8")
    return path


class Watch:
    """A watch in a thread of its own, and what it has told."""

    def __init__(self, index: Index, *sources: Path | str, interval_s: float = 900.0) -> None:
        self.index = index
        self.changes: list[Changes] = []
        self.errors: list[HaberciError] = []
        self.failure: BaseException | None = None
        self.stop = threading.Event()
        self._arguments = (sources, interval_s)
        self._thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        sources, interval_s = self._arguments
        try:
            watch(
                self.index, sources, interval_s=interval_s, stop=self.stop,
                on_changes=self.changes.append, on_error=self.errors.append,
            )  # fmt: skip
        except BaseException as error:  # noqa: BLE001 - raised in the test's thread
            self.failure = error

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop.set()
        self._thread.join(DEADLINE_S)
        assert not self._thread.is_alive()
        if self.failure is not None:
            raise self.failure

    def until(self, condition: Callable[[], object]) -> None:
        deadline = time.monotonic() + DEADLINE_S
        while not condition():
            assert self._thread.is_alive(), self.failure
            assert time.monotonic() < deadline, (self.changes, self.errors)
            time.sleep(0.02)

    def until_titles(self, *numbers: int) -> None:
        self.until(lambda: numbers_in(self.index) == list(numbers))


def numbers_in(index: Index) -> list[int]:
    return sorted(int(article.id.partition("-")[0][1:]) for article in index.articles())


# --- folders ------------------------------------------------------------------------------------------


def test_files_that_come_change_move_and_go(index: Index, folder: Path) -> None:
    with Watch(index, folder) as seen:
        seen.until(lambda: seen.changes)
        assert len(seen.changes[0].added) == 1

        write(folder, 2)
        seen.until_titles(1, 2)
        write(folder, 2, version=1)
        seen.until(lambda: seen.changes[-1].changed)
        assert "version1x" in next(a.text for a in index.articles() if a.id.startswith("a2"))

        (folder / "sub").mkdir()
        (folder / "a2.txt").rename(folder / "sub" / "other.txt")
        seen.until(lambda: seen.changes[-1].renamed)
        assert not seen.changes[-1].removed

        (folder / "a1.txt").unlink()
        seen.until_titles(2)
    assert seen.errors == []
    assert all(change.added or change.changed or change.renamed or change.removed for change in seen.changes)


def test_a_folder_that_is_moved_in_is_seen_whole(index: Index, folder: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    write(tmp_path / "elsewhere", 2)
    with Watch(index, folder) as seen:
        seen.until(lambda: seen.changes)
        (tmp_path / "elsewhere").rename(folder / "in.here")
        seen.until_titles(1, 2)
        (folder / "in.here").rename(tmp_path / "elsewhere")
        seen.until_titles(1)


def test_the_first_sync_says_how_it_is_and_one_without_changes_says_nothing(index: Index, folder: Path) -> None:
    index.sync(folder)
    with Watch(index, folder, interval_s=0.3) as seen:
        seen.until(lambda: seen.changes)
        assert len(seen.changes[0].unchanged) == 1
        revision = index.revision
        (folder / "a1.txt").touch()
        (folder / "notes.xlsx").write_text("of no concern")
        seen.stop.wait(1.0)
    assert len(seen.changes) == 1
    assert index.revision == revision


def test_a_file_that_is_being_written_is_not_taken_half(
    index: Index, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "QUIET_S", 1.0)
    text = make_article(2, sentences=12).text
    with Watch(index, folder) as seen:
        seen.until(lambda: seen.changes)
        with (folder / "a2.txt").open("w", encoding="utf-8") as file:
            for part in text.split(". "):
                file.write(f"{part}. ")
                file.flush()
                time.sleep(0.15)
        seen.until_titles(1, 2)
    assert len(seen.changes) == 2
    assert (folder / "a2.txt").read_text(encoding="utf-8") in [article.text for article in index.articles()]


def test_what_never_comes_to_rest_does_not_hold_up_the_rest(
    index: Index, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "QUIET_S", 5.0)
    monkeypatch.setattr(watching, "PATIENCE_S", 1.0)
    with Watch(index, folder) as seen:
        seen.until(lambda: seen.changes)
        write(folder, 2)
        while 2 not in numbers_in(index):
            seen.until(lambda: True)
            with (folder / "a3.txt").open("a") as file:
                file.write("The council met again today in Ankara. ")
            time.sleep(0.1)


def test_a_folder_that_goes_and_comes_back(index: Index, folder: Path, tmp_path: Path) -> None:
    with Watch(index, folder) as seen:
        seen.until(lambda: seen.changes)
        shutil.rmtree(folder)
        seen.until(lambda: seen.errors)
        assert isinstance(seen.errors[0], ArticleFileError)
        seen.stop.wait(1.2)  # time for more syncs than one
        assert numbers_in(index) == [1]
        assert len(seen.errors) == 1

        folder.mkdir()
        write(folder, 1)
        write(folder, 2)
        seen.until_titles(1, 2)
        # It is watched as it was before.
        write(folder, 3)
        seen.until_titles(1, 2, 3)

        folder.rename(tmp_path / "away")
        seen.until(lambda: len(seen.errors) == 2)
        assert str(seen.errors[1]) == str(seen.errors[0])
        (tmp_path / "away" / "a3.txt").unlink()
        (tmp_path / "away").rename(folder)
        seen.until_titles(1, 2)


def test_a_folder_that_is_suddenly_empty_empties_nothing(index: Index, folder: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    write(other, 5)
    write(other, 6)
    with Watch(index, folder, other) as seen:
        seen.until_titles(1, 5, 6)
        (folder / "a1.txt").unlink()
        seen.until(lambda: seen.errors)
        assert isinstance(seen.errors[0], EmptyFolderError)
        assert "--allow-empty" in str(seen.errors[0])
        assert "--allow-empty" in seen.errors[0].message("tr")
        # New articles come in, but as long as something is missing, nothing is taken out.
        (other / "a6.txt").unlink()
        write(other, 7)
        seen.until_titles(1, 5, 6, 7)
        write(folder, 2)
        seen.until_titles(2, 5, 7)
    assert len(seen.errors) == 1


def test_a_single_file_is_watched_through_an_editors_replacing(index: Index, folder: Path) -> None:
    file = folder / "a1.txt"
    with Watch(index, file) as seen:
        seen.until(lambda: seen.changes)
        for version in (1, 2):
            fresh = file.with_suffix(".new")
            fresh.write_text(make_article(1, version).text, encoding="utf-8")
            fresh.replace(file)
            seen.until(lambda v=version: f"version{v}x" in index.articles()[0].text)  # type: ignore[misc]


def test_the_library_may_lie_in_the_folder(folder: Path) -> None:
    with open_index(folder / "home") as index, Watch(index, folder) as seen:
        seen.until(lambda: seen.changes)
        write(folder, 2)
        seen.until_titles(1, 2)
        manifest = (folder / "home" / "write.lock").stat().st_mtime_ns
        seen.stop.wait(1.0)
        assert (folder / "home" / "write.lock").stat().st_mtime_ns == manifest


def test_without_the_systems_help_the_folders_are_looked_through(
    index: Index, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = watching.watchfiles.watch

    def limited(*paths: Path, force_polling: bool | None, **options: object) -> Iterator[object]:
        if not force_polling:
            raise OSError("OS file watch limit reached.")
        yield from real(*paths, force_polling=True, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(watching.watchfiles, "watch", limited)
    monkeypatch.setattr(watching, "_POLL_MS", 100)
    with Watch(index, folder) as seen:
        seen.until(lambda: seen.changes)
        write(folder, 2)
        seen.until_titles(1, 2)
    (error,) = seen.errors
    assert str(error).startswith("The system does not report changes in the folders (OS file watch limit reached.)")
    assert "0.1 saniyede bir" in error.message("tr")


# --- what goes wrong ------------------------------------------------------------------------------------


def test_a_file_that_cannot_be_read_is_told_once_and_tried_again(index: Index, folder: Path) -> None:
    bad = folder / "a2.txt"
    bad.write_bytes(b"")
    with Watch(index, folder) as seen:
        seen.until(lambda: seen.changes)
        assert [error.values["path"] for error in seen.errors] == [str(bad)]
        write(folder, 3)
        seen.until_titles(1, 3)
        assert len(seen.errors) == 1
        write(folder, 2)
        seen.until_titles(1, 2, 3)
        bad.write_bytes(b"")
        seen.until(lambda: len(seen.errors) == 2)
        assert numbers_in(index) == [1, 2, 3]


def test_a_library_that_is_busy_is_told_once_and_tried_again(index: Index, folder: Path) -> None:
    with index._store.locked(), Watch(index, folder) as seen:
        seen.until(lambda: seen.errors)
        seen.stop.wait(1.5)
        assert [type(error) for error in seen.errors] == [LibraryBusyError]
    with Watch(index, folder) as seen:
        seen.until(lambda: seen.changes)
    assert numbers_in(index) == [1]


def test_a_mistake_of_ours_is_not_hidden(index: Index, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Index, "sync", lambda *_, **__: 1 / 0)
    with pytest.raises(ZeroDivisionError), Watch(index, folder) as seen:
        seen._thread.join(DEADLINE_S)


def test_values_that_cannot_be(index: Index, folder: Path) -> None:
    stop = threading.Event()
    for interval_s in (0.0, -1.0, float("nan"), float("inf")):
        with pytest.raises(ValueError, match="interval_s"):
            watch(index, [folder], interval_s=interval_s, stop=stop, on_changes=print, on_error=print)
    with pytest.raises(ValueError, match="at least one"):
        watch(index, [], stop=stop, on_changes=print, on_error=print)


# --- feeds and pages --------------------------------------------------------------------------------------


def rss(server: WebServer, *names: str) -> bytes:
    items = "".join(f"<item><title>{n}</title><link>{server.url(f'/{n}')}</link><guid>{n}</guid></item>" for n in names)
    return f'<?xml version="1.0"?><rss version="2.0"><channel><title>Ajans</title>{items}</channel></rss>'.encode()


def test_feeds_are_polled_and_their_failures_told_once(index: Index, folder: Path) -> None:
    pages: dict[str, bytes] = {}
    with WebServer(by_path(pages)) as server, Watch(index, server.url("/feed"), folder, interval_s=0.6) as seen:
        seen.until(lambda: seen.changes)
        assert [type(error) for error in seen.errors] == [FetchError]
        asked = len(server.requests)
        seen.until(lambda: len(server.requests) >= asked + 2)
        assert len(seen.errors) == 1

        for name in ("Mayor", "Minister"):
            pages[f"/{name}"] = response(PAGE.format(name).encode(), Content_Type="text/html; charset=utf-8")
        pages["/feed"] = response(rss(server, "Mayor", "Minister", "Gone"), Content_Type="application/rss+xml")
        seen.until(lambda: len(index) == 3)
        seen.until(lambda: len(seen.errors) == 2)
        assert "/Gone" in str(seen.errors[1])

        # The feed forgets, the library does not.
        pages["/feed"] = response(rss(server, "Gone"), Content_Type="application/rss+xml")
        asked = sum(request.path == "/feed" for request in server.requests)
        seen.until(lambda: sum(request.path == "/feed" for request in server.requests) >= asked + 2)
        assert len(index) == 3
        assert len(seen.errors) == 2

        pages["/feed"] = response(b"", 503)
        seen.until(lambda: len(seen.errors) == 3)


def test_a_change_of_files_does_not_ask_the_feeds(index: Index, folder: Path) -> None:
    with WebServer(by_path({})) as server, Watch(index, server.url("/feed"), folder, interval_s=900) as seen:
        seen.until(lambda: seen.changes)
        write(folder, 2)
        seen.until_titles(1, 2)
        write(folder, 3)
        seen.until_titles(1, 2, 3)
        assert len(server.requests) == 1
        assert len(seen.errors) == 1


# --- folders that are not to be taken at their word ---------------------------------------------------------


def test_doubtful_folders(index: Index, folder: Path, tmp_path: Path) -> None:
    empty, missing = tmp_path / "empty", tmp_path / "missing"
    (empty / ".hidden").mkdir(parents=True)
    (empty / ".hidden" / "a.txt").write_text("hidden")
    (empty / "picture.jpg").write_bytes(b"x")
    (empty / "~$haber.docx").write_bytes(b"Word has it open")
    (empty / "gone.txt").symlink_to(tmp_path / "nowhere.txt")
    # An empty library has nothing to lose.
    assert doubtful_folders(index, [empty]) == {}
    assert [*doubtful_folders(index, [empty, missing])] == [str(missing)]

    # Articles that were added by hand may have come from anywhere.
    index.add([make_article(9)])
    assert [*doubtful_folders(index, [empty])] == [str(empty)]
    assert doubtful_folders(index, [str(empty), folder]) == {}
    assert doubtful_folders(index, [str(empty), "https://example.org/feed"]) == {}

    index.sync(folder, remove=False)
    assert doubtful_folders(index, [folder]) == {}
    (folder / "a1.txt").unlink()
    found = doubtful_folders(index, [folder, empty, "https://example.org/feed"])
    assert [*found] == [str(folder)]
    assert found[str(folder)].values == {"folder": str(folder), "articles": 1}
    index.remove([article.id for article in index.articles() if article.id != "a9"])
    assert doubtful_folders(index, [folder, "https://example.org/feed"]) == {}


# --- ending -----------------------------------------------------------------------------------------------


def test_stopping_breaks_off_between_batches_and_the_next_sync_completes(tmp_path: Path, folder: Path) -> None:
    for number in range(2, 80):
        write(folder, number)
    stop, encoded = threading.Event(), list[str]()

    def note(passages: Sequence[str]) -> None:
        encoded.extend(passage for passage in passages if "report number" in passage)
        stop.set()

    with open_index(tmp_path / "home", embedder=FakeEmbedder(before_encoding=note)) as index:
        told: list[object] = []
        watch(index, [folder], stop=stop, on_changes=told.append, on_error=told.append)
        assert told == []
        assert len(index) == 0
        assert encoded
        before = len(encoded)
        assert len(index.sync(folder).added) == 79
        # What was embedded before is not embedded again.
        assert not set(encoded[:before]) & set(encoded[before:])


@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGINT])
def test_a_process_that_is_told_to_end_while_it_commits(tmp_path: Path, folder: Path, sign: signal.Signals) -> None:
    """The signal comes in the middle of the commit, which is finished all the same."""
    code = f"""
        import threading
        from index.storage.store import Writer
        from index.sources.watch import watch
        stop, commit = threading.Event(), Writer.commit
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        def slow(self):
            print("committing", flush=True)
            time.sleep(1)
            commit(self)
        Writer.commit = slow
        watch(index, [{str(folder)!r}], stop=stop, on_changes=lambda c: print(len(c.added), flush=True), on_error=print)
        print("ended")
    """
    process = subprocess.Popen(
        process_code(code, tmp_path / "home"), env=process_environment(), stdout=subprocess.PIPE, text=True
    )
    with process:
        assert process.stdout is not None
        assert process.stdout.readline() == "committing\n"
        os.kill(process.pid, sign)
        assert process.stdout.read().split() == ["1", "ended"]
        assert process.wait(DEADLINE_S) == 0
    with open_index(tmp_path / "home") as index:
        assert numbers_in(index) == [1]


def test_stopping_is_quick_while_nothing_happens(index: Index, folder: Path) -> None:
    with Watch(index, folder) as seen:
        seen.until(lambda: seen.changes)
        started = time.monotonic()
        seen.stop.set()
        seen._thread.join(DEADLINE_S)
        assert time.monotonic() - started < 5
