"""Disks that are full, folders that may not be written, clocks that go back, two writers: a clear error each, and the
old revision goes on answering."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from fakes_index import make_article, open_index, process_code, process_environment, run_process

import index.storage.store
from index import Index
from index.errors import LibraryBusyError, StoreError
from tests.test_index_store import check_no_orphans

QUESTION = "Who voted on the budget in Ankara?"
FULL_DISK = """
    import resource
    def fill_disk(limit):
        # No file may grow beyond it: to a program the same as a disk without space.
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
"""


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Index]:
    with open_index(tmp_path / "library") as opened:
        opened.add([make_article(n) for n in range(3)])
        yield opened


@pytest.mark.parametrize("limit", [0, 20_000, 200_000, 400_000])
@pytest.mark.parametrize("work", ["index.add([make_article(n) for n in range(100, 400)])", "index.rebuild()"])
def test_a_full_disk_is_an_error_and_loses_nothing(library: Index, work: str, limit: int) -> None:
    before, texts = library.search(QUESTION), {a.id: a.text for a in library.articles()}
    code = f"""
fill_disk({limit})
from index.errors import StoreError
try:
    {work}
except StoreError as error:
    print("told", str(error).replace(chr(10), " "))
"""
    said = run_process(code, library.folder, FULL_DISK)
    # To rebuild three articles a file of 200 kB is enough.
    assert bool(said) == (limit <= 20_000 or work.startswith("index.add")), said
    if said:
        assert said.startswith("told")
        assert str(library.folder) in said
        assert "free space" in said
        # What was committed before the disk was full stays, whole; all else has never been.
        assert texts.items() <= {a.id: a.text for a in library.articles()}.items()
    if work.startswith("index.rebuild"):
        assert library.search(QUESTION) == before
    library.add([make_article(n) for n in range(100, 400)])
    assert len(library) == 303
    check_no_orphans(library)


def test_a_full_disk_while_syncing_changes_nothing_and_the_next_sync_completes_it(
    library: Index, tmp_path: Path
) -> None:
    news = tmp_path / "haberler"
    news.mkdir()
    for number in range(200):
        (news / f"{number}.txt").write_text(make_article(number, 1).text, encoding="utf-8")
    before = library.search(QUESTION)
    code = f"""
fill_disk(300_000)
from index.errors import StoreError
try:
    index.sync({str(news)!r})
except StoreError as error:
    print("told")
"""
    assert run_process(code, library.folder, FULL_DISK) == "told\n"
    assert library.search(QUESTION) == before
    library.sync(news)
    assert len(library) == 200
    check_no_orphans(library)


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may write everywhere")
def test_a_library_that_may_only_be_read_answers(library: Index) -> None:
    before = library.search(QUESTION)
    library.close()
    paths = [library.folder, *library.folder.rglob("*")]
    for path in paths:
        path.chmod(0o555 if path.is_dir() else 0o444)
    try:
        assert library.search(QUESTION) == before
        for write in (lambda: library.add([make_article(9)]), lambda: library.remove(["a1"]), library.rebuild):
            with pytest.raises(StoreError, match="permissions"):
                write()
        assert library.search(QUESTION) == before
    finally:
        for path in paths:
            path.chmod(0o755 if path.is_dir() else 0o644)
    assert library.add([make_article(9)]).added == ("a9",)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can try it as somebody else")
def test_somebody_who_may_only_read_the_library_is_answered_and_may_not_write(library: Index) -> None:
    before = [passage.text for passage in library.search(QUESTION)]
    library.close()
    paths = [library.folder, *library.folder.rglob("*")]
    for path in paths:
        path.chmod(0o755 if path.is_dir() else 0o644)
    for parent in (*library.folder.parents,)[:-2]:
        parent.chmod(parent.stat().st_mode | 0o055)
    code = f"""
from index.errors import StoreError
assert [passage.text for passage in index.search({QUESTION!r})] == {before!r}
for write in (lambda: index.add([make_article(9)]), lambda: index.remove(["a1"]), index.rebuild):
    try:
        write()
    except StoreError as error:
        assert "permissions" in str(error), error
    else:
        raise AssertionError("it could write")
assert [passage.text for passage in index.search({QUESTION!r})] == {before!r}
"""
    # The cohort's file lies beside the library; what Python itself needs may not be readable to others.
    more = "import numpy, chromadb, tantivy, sqlite3, filelock, index.library, index.search, index.retriever"
    become = "\nos.setgid(65534); os.setuid(65534)"
    done = subprocess.run(
        process_code(f"index.search({QUESTION!r}); index.close(){become}\n{code}", library.folder, more),
        env=process_environment(), capture_output=True, text=True, timeout=100, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def test_a_clock_that_goes_back_hides_no_revision(library: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    """A reader sees that the manifest has changed by its file, not by its age."""
    reader = open_index(library.folder)
    assert reader.search(QUESTION)
    write_manifest = index.storage.store.write_manifest

    def write_long_ago(folder: Path, manifest: object) -> None:
        write_manifest(folder, manifest)  # type: ignore[arg-type]
        os.utime(folder / "manifest.json", (1, 1))

    monkeypatch.setattr(index.storage.store, "write_manifest", write_long_ago)
    for number in range(3, 6):
        library.add([make_article(number)])
        assert len(reader) == number + 1
    reader.close()


def test_two_processes_that_sync_one_folder_wait_for_each_other(library: Index, tmp_path: Path) -> None:
    news = tmp_path / "haberler"
    news.mkdir()
    for number in range(60):
        (news / f"{number}.txt").write_text(make_article(number, 1).text, encoding="utf-8")
    code = f"print(len(index.sync({str(news)!r}).added))"
    processes = [
        subprocess.Popen(
            process_code(code, library.folder), env=process_environment(), stdout=subprocess.PIPE, text=True
        )
        for _ in range(3)
    ]
    told = sorted(int(process.communicate(timeout=120)[0]) for process in processes)
    assert [process.returncode for process in processes] == [0, 0, 0]
    assert told == [0, 0, 60], "one does the work, the others find it done"
    assert len(library) == 60
    check_no_orphans(library)


def test_a_writer_that_waits_too_long_says_so(library: Index, tmp_path: Path) -> None:
    other = open_index(library.folder, lock_timeout_s=0.2)
    (tmp_path / "haberler").mkdir()
    with library._store.locked():
        for write in (lambda: other.sync(tmp_path / "haberler"), lambda: other.check(), other.rebuild):
            with pytest.raises(LibraryBusyError, match=r"0\.2 s"):
                write()
        assert other.search(QUESTION)
        assert other.status().articles == 3
