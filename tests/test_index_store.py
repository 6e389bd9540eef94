"""The library's folder: what a manifest promises, who may write, and what a dead writer leaves behind."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from fakes_index import FakeEmbedder, make_article, open_index, process_code, process_environment, run_process

from index import Index
from index.errors import HaberciError, IndexMismatchError, LibraryBusyError, StoreError
from index.manifest import FILE_NAME, FORMAT, Manifest, Recipe, read_manifest, stamp, write_manifest

RECIPE = Recipe("model@1", "abc", 320, 24)
LIBRARY = "0123456789abcdef"
KILL = """
    def kill_at(name, call, after=False):
        from chromadb.api.models.Collection import Collection
        real, calls = getattr(Collection, name), []
        def killing(self, *arguments, **values):
            calls.append(self.name)
            if len(calls) == call:
                if after:
                    real(self, *arguments, **values)
                os.kill(os.getpid(), signal.SIGKILL)
            return real(self, *arguments, **values)
        setattr(Collection, name, killing)
"""


def check_no_orphans(index: Index) -> None:
    """Every row in Chroma belongs to a version of an article that the library holds, and none is missing."""
    import chromadb
    from chromadb.config import Settings

    alive = {article.id for article in index.articles()}
    index.close()
    client = chromadb.PersistentClient(f"{index.folder / 'chroma'}/./.", settings=Settings(anonymized_telemetry=False))
    try:
        versions: dict[str, set[str]] = {}
        names = [collection.name for collection in client.list_collections()]
        for collection in client.list_collections():
            got = collection.get(include=["metadatas"])
            for row, metadata in zip(got["ids"], got["metadatas"] or [], strict=True):
                versions.setdefault(str((metadata or {}).get("article_id", row)), set()).add(
                    str((metadata or {})["key"])
                )
    finally:
        client.close()
    assert set(versions) == alive
    assert {len(keys) for keys in versions.values()} <= {1}, "versions that no article names"
    assert len({name.rpartition("-")[2] for name in names}) == 1, f"collections of two generations: {names}"


def texts_of(index: Index) -> dict[str, str]:
    return {article.id: article.text for article in index.articles()}


# --- the manifest -----------------------------------------------------------------------------------


def test_a_manifest_reads_back_as_it_was_written(tmp_path: Path) -> None:
    manifest = Manifest(RECIPE, LIBRARY, revision=7, generation=3, pending=("a", "ı"), seeded=True)
    write_manifest(tmp_path, manifest)
    assert read_manifest(tmp_path) == manifest
    assert [file.name for file in tmp_path.iterdir()] == [FILE_NAME], "nothing else is left"
    write_manifest(tmp_path, replace(manifest, pending=()))
    assert read_manifest(tmp_path) == replace(manifest, pending=())


def test_a_folder_without_a_manifest_has_none(tmp_path: Path) -> None:
    assert read_manifest(tmp_path) is None
    assert stamp(tmp_path) is None
    assert read_manifest(tmp_path / "none") is None


def test_every_write_changes_the_stamp(tmp_path: Path) -> None:
    seen = []
    for revision in range(3):
        write_manifest(tmp_path, Manifest(RECIPE, LIBRARY, revision=revision))
        seen.append(stamp(tmp_path))
        assert stamp(tmp_path) == seen[-1]
    assert seen[0] != seen[1] != seen[2]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b'"text"',
        b"{}",
        b'{"recipe": 5}',
        b'{"recipe": {}, "pending": []}',
        b"\xff\xfe",
        b"[" * 100_000,
    ],
)
def test_a_damaged_manifest_is_an_error_that_names_the_folder(tmp_path: Path, content: bytes) -> None:
    (tmp_path / FILE_NAME).write_bytes(content)
    with pytest.raises(StoreError) as caught:
        read_manifest(tmp_path)
    assert str(tmp_path) in str(caught.value)
    assert "damaged" in str(caught.value)
    with pytest.raises(StoreError):
        open_index(tmp_path)


def test_a_manifest_that_cannot_be_read_or_written_is_an_error(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).mkdir()
    with pytest.raises(StoreError, match="cannot be read"):
        read_manifest(tmp_path)
    with pytest.raises(StoreError, match="cannot be written"):
        write_manifest(tmp_path, Manifest(RECIPE, LIBRARY))
    with pytest.raises(StoreError, match="cannot be written"):
        write_manifest(tmp_path / "none", Manifest(RECIPE, LIBRARY))
    assert [file.name for file in tmp_path.iterdir()] == [FILE_NAME]


@pytest.mark.parametrize(
    ("field", "value"), [("model", "other@1"), ("centring", "def"), ("max_chunk_tokens", 64), ("dimension", 384)]
)
def test_another_recipe_is_told_with_both_values_and_the_mend(tmp_path: Path, field: str, value: object) -> None:
    manifest = Manifest(RECIPE, LIBRARY)
    manifest.check(RECIPE, tmp_path)
    manifest.check(replace(RECIPE, dimension=None), tmp_path)
    with pytest.raises(IndexMismatchError) as caught:
        manifest.check(replace(RECIPE, **{field: value}), tmp_path)
    for language in ("en", "tr"):
        message = caught.value.message(language)
        assert all(part in message for part in (field, str(value), "haberci rebuild", str(tmp_path)))


def test_another_format_must_be_rebuilt(tmp_path: Path) -> None:
    with pytest.raises(IndexMismatchError, match="haberci rebuild"):
        Manifest(RECIPE, LIBRARY, format=FORMAT + 1).check(RECIPE, tmp_path)


def test_a_manifest_of_another_format_with_other_fields_is_no_damage(tmp_path: Path) -> None:
    write_manifest(tmp_path, Manifest(RECIPE, LIBRARY))
    values = json.loads((tmp_path / FILE_NAME).read_text(encoding="utf-8"))
    values |= {"format": FORMAT + 1, "news": 1}
    values["recipe"]["news"] = 1
    del values["recipe"]["centring"]
    (tmp_path / FILE_NAME).write_text(json.dumps(values), encoding="utf-8")
    with pytest.raises(IndexMismatchError, match="format"):
        open_index(tmp_path)


# --- folders ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["Haber kitaplığı ığüşöçİ", "a b/c  d", "%20#?&", "🙂", "-x", "a'b\"c", "x" * 200])
def test_any_folder_name_works(tmp_path: Path, name: str) -> None:
    with open_index(tmp_path / name) as index:
        index.add([make_article(1)])
        index.add([make_article(1, 1), make_article(2)])
        assert len(index.search("Who opened a bridge?")) == 2
    with open_index(tmp_path / name) as index:
        assert len(index) == 2


def test_a_relative_folder_stays_where_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    index = open_index(Path("kitaplık"))
    monkeypatch.chdir("/")
    index.add([make_article(1)])
    index.close()
    assert (tmp_path / "kitaplık" / FILE_NAME).is_file()


def test_a_folder_that_cannot_be_made_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for folder in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(StoreError, match="HABERCI_HOME"):
            open_index(folder)


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_folder_is_an_error(tmp_path: Path) -> None:
    folder = tmp_path / "library"
    folder.mkdir()
    index = open_index(folder)
    folder.chmod(0o555)
    try:
        with pytest.raises(StoreError, match="permissions"):
            index.add([make_article(1)])
    finally:
        folder.chmod(0o755)


def test_a_lock_that_cannot_be_opened_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "write.lock").mkdir()
    with pytest.raises(StoreError):
        open_index(tmp_path).add([make_article(1)])


@pytest.mark.parametrize("damage", [b"no database", b""])
def test_a_damaged_database_is_an_error(tmp_path: Path, damage: bytes) -> None:
    with open_index(tmp_path) as index:
        index.add([make_article(1)])
    (tmp_path / "chroma" / "chroma.sqlite3").write_bytes(damage)
    # An empty file is a new database to sqlite; but the manifest tells of articles.
    with open_index(tmp_path) as index, pytest.raises(StoreError):
        index.search("Who opened a bridge?")


# --- one writer at a time ---------------------------------------------------------------------------


@contextmanager
def held_by_another_process(folder: Path) -> Iterator[None]:
    """The library's lock is held by a process that is in the midst of adding an article."""
    code = """
        def hold(done, total):
            print("held", flush=True)
            sys.stdin.read()
        index.add([make_article(1)], progress=hold)
    """
    with subprocess.Popen(
        process_code(code, folder), env=process_environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            assert process.stdout.readline() == b"held\n"
            yield
        finally:
            process.stdin.close()
            process.wait(60)


def test_a_held_lock_is_waited_for_only_so_long(tmp_path: Path) -> None:
    with held_by_another_process(tmp_path):
        index = open_index(tmp_path, lock_timeout_s=0.2)
        for write in (lambda: index.add([make_article(2)]), lambda: index.remove(["a1"]), index.rebuild):
            with pytest.raises(LibraryBusyError, match=r"0\.2 s"):
                write()
        assert len(index) == 1, "reading needs no lock"
        assert index.search("Who voted on the budget?")[0].article_id == "a1"
    assert index.add([make_article(2)]).added == ("a2",)


def test_a_thread_that_writes_is_waited_for_only_so_long(tmp_path: Path) -> None:
    index = open_index(tmp_path, lock_timeout_s=0.2)

    def write_meanwhile(done: int, total: int) -> None:
        errors: list[BaseException] = []

        def write() -> None:
            try:
                index.add([make_article(2)])
            except HaberciError as error:
                errors.append(error)

        thread = threading.Thread(target=write)
        thread.start()
        thread.join()
        assert [type(error) for error in errors] == [LibraryBusyError]

    assert index.add([make_article(1)], progress=write_meanwhile).added == ("a1",)
    assert len(index) == 1


def test_two_threads_and_two_indexes_lose_nothing(tmp_path: Path) -> None:
    indexes = [open_index(tmp_path), open_index(tmp_path)]

    def write(index: Index, numbers: range) -> None:
        for number in numbers:
            index.add([make_article(number)])
        index.remove([f"a{numbers[0]}"])

    with ThreadPoolExecutor() as threads:
        writers = ((indexes[0], 0), (indexes[0], 10), (indexes[1], 20))
        for each in [threads.submit(write, index, range(start, start + 3)) for index, start in writers]:
            each.result()
    for index in indexes:
        assert sorted(texts_of(index)) == sorted(f"a{start + n}" for start in (0, 10, 20) for n in (1, 2))
    indexes[1].close()
    check_no_orphans(indexes[0])


# --- other processes --------------------------------------------------------------------------------


def test_what_another_process_writes_is_seen_by_the_next_search(tmp_path: Path) -> None:
    with open_index(tmp_path) as index:
        index.add([make_article(1), make_article(2)])
        assert {p.article_id for p in index.search("Who voted on the budget?")} == {"a1", "a2"}
        run_process("index.add([make_article(1, 5), make_article(3)]); index.remove(['a2'])", tmp_path)
        found = {p.article_id: p.text for p in index.search("Who voted on the budget?")}
        assert set(found) == {"a1", "a3"} == set(texts_of(index))
        assert "version5x" in found["a1"]
        # This process's view is stale now: its own write must start from a fresh one.
        index.add([make_article(4)])
        assert run_process("print(sorted(a.id for a in index.articles()))", tmp_path) == "['a1', 'a3', 'a4']\n"
        check_no_orphans(index)


def test_a_rebuild_by_another_process_is_seen_by_the_next_search(tmp_path: Path) -> None:
    with open_index(tmp_path) as index:
        index.add([make_article(1), make_article(2)])
        before = index.search("Who voted on the budget?")
        run_process("index.rebuild(); index.rebuild(); index.add([make_article(3)])", tmp_path)
        after = index.search("Who voted on the budget?")
        assert {p.article_id for p in after} == {"a1", "a2", "a3"}
        assert {p for p in after if p.article_id != "a3"} == set(before)


def test_a_folder_that_was_deleted_and_made_anew_is_noticed(tmp_path: Path) -> None:
    with open_index(tmp_path / "library") as index:
        index.add([make_article(1)])
        assert index.search("Who voted on the budget?")
        shutil.rmtree(index.folder)
        run_process("index.add([make_article(2)])", index.folder)
        assert set(texts_of(index)) == {"a2"}
        assert [passage.article_id for passage in index.search("Who voted on the budget?")] == ["a2"]


def test_a_folder_that_was_deleted_is_an_empty_library(tmp_path: Path) -> None:
    with open_index(tmp_path / "library") as index:
        index.add([make_article(1)])
        assert index.search("Who voted on the budget?")
        shutil.rmtree(index.folder)
        assert (len(index), index.search("Who voted on the budget?")) == (0, [])
        index.add([make_article(2)])
        assert set(texts_of(index)) == {"a2"}


def test_a_process_that_rebuilt_with_another_model_is_noticed(tmp_path: Path) -> None:
    with open_index(tmp_path) as index:
        index.add([make_article(1)])
        assert index.search("Who voted on the budget?")
        run_process("open_index(folder, name='other', for_rebuild=True).rebuild()", tmp_path)
        for use in (lambda: index.search("Who voted?"), lambda: index.add([make_article(2)])):
            with pytest.raises(IndexMismatchError, match="haberci rebuild"):
                use()
        assert len(index) == 1


def test_a_writer_that_waited_for_a_rebuild_with_another_model_does_not_mix_vectors(tmp_path: Path) -> None:
    index = open_index(tmp_path)
    index.add([make_article(1)])
    waiting, outcome = threading.Event(), []

    def add() -> None:
        waiting.set()
        try:
            outcome.append(index.add([make_article(2)]))
        except HaberciError as error:
            outcome.append(error)

    thread = threading.Thread(target=add)

    def let_the_other_wait(done: int, total: int) -> None:
        thread.start()
        waiting.wait(10)
        thread.join(1)
        assert thread.is_alive(), "it waits for the lock"

    open_index(tmp_path, name="other", for_rebuild=True).rebuild(progress=let_the_other_wait)
    thread.join(60)
    assert [type(each) for each in outcome] == [IndexMismatchError]
    assert sorted(texts_of(open_index(tmp_path, name="other"))) == ["a1"]


# --- writers that die -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "call"),
    [("upsert", 1), ("upsert", 2), ("upsert", 3), ("delete", 1), ("delete", 2)],
)
def test_a_writer_killed_while_adding_leaves_whole_articles_and_the_next_write_cleans_up(
    tmp_path: Path, method: str, call: int
) -> None:
    with open_index(tmp_path) as index:
        index.add([make_article(1), make_article(2)])
    code = f"kill_at({method!r}, {call}); index.add([make_article(1, 7), make_article(3)])"
    run_process(code, tmp_path, more=KILL, returncode=-9)
    with open_index(tmp_path) as index:
        old, new = make_article(1).text, make_article(1, 7).text
        texts = texts_of(index)
        switched = method == "delete"
        assert texts["a1"] == (new if switched else old)
        assert texts["a2"] == make_article(2).text
        assert ("a3" in texts) == switched
        for passage in index.search("Who voted on the budget for the 1th time?", k=100):
            assert texts[passage.article_id][passage.start : passage.end] == passage.text
        index.add([make_article(4)])
        assert set(texts_of(index)) == {*texts, "a4"}
        check_no_orphans(index)
        # Doing it again ends where it would have ended.
        index.add([make_article(1, 7), make_article(3)])
        assert set(texts_of(index)) == {"a1", "a2", "a3", "a4"}
        check_no_orphans(index)


def test_readers_see_what_a_writer_switched_before_it_was_killed_once_another_cleaned_up(tmp_path: Path) -> None:
    with open_index(tmp_path) as index:
        index.add([make_article(1)])
        assert index.search("Who voted on the budget?")
        run_process(
            "kill_at('upsert', 3, after=True); index.add([make_article(1, 7)])", tmp_path, more=KILL, returncode=-9
        )
        run_process("index.remove(['unknown'])", tmp_path)
        assert texts_of(index) == {"a1": make_article(1, 7).text}
        assert [passage.article_id for passage in index.search("Who voted on the budget?")] == ["a1"]


@pytest.mark.parametrize("call", [1, 2, 3])
def test_a_writer_killed_while_removing_leaves_whole_articles(tmp_path: Path, call: int) -> None:
    with open_index(tmp_path) as index:
        index.add([make_article(1), make_article(2)])
    run_process(f"kill_at('delete', {call}); index.remove(['a1'])", tmp_path, more=KILL, returncode=-9)
    with open_index(tmp_path) as index:
        found = {passage.article_id for passage in index.search("Who voted on the budget?")}
        assert found == set(texts_of(index)) == ({"a1", "a2"} if call == 1 else {"a2"})
        index.remove(["a1"])
        index.add([make_article(3)])
        assert set(texts_of(index)) == {"a2", "a3"}
        check_no_orphans(index)


@pytest.mark.parametrize(
    "when",
    [
        "while it embeds",
        pytest.param(
            "after it has switched",
        ),
    ],
)
def test_a_rebuild_that_is_killed_leaves_a_library_that_answers(tmp_path: Path, when: str) -> None:
    with open_index(tmp_path) as index:
        index.add([make_article(1), make_article(2)])
    more = """
        import chromadb.api.client
        def killed(*_, **__):
            os.kill(os.getpid(), signal.SIGKILL)
    """
    if when == "while it embeds":
        code = "index.rebuild(progress=killed)"
    else:
        code = "chromadb.api.client.Client.delete_collection = killed; index.rebuild()"
    run_process(code, tmp_path, more=more, returncode=-9)
    with open_index(tmp_path) as index:
        assert {passage.article_id for passage in index.search("Who voted on the budget?")} == {"a1", "a2"}
        index.rebuild()
        index.add([make_article(3)])
        assert set(texts_of(index)) == {"a1", "a2", "a3"}
        check_no_orphans(index)


def test_embedding_that_fails_leaves_the_library_as_it_was(tmp_path: Path) -> None:
    def fail(texts: object) -> None:
        raise RuntimeError("out of memory")

    embedder = FakeEmbedder()
    with open_index(tmp_path, embedder=embedder) as index:
        index.add([make_article(1)])
        revision = index.revision
        embedder.before_encoding = fail
        for write in (lambda: index.add([make_article(1, 1)]), index.rebuild):
            with pytest.raises(RuntimeError, match="out of memory"):
                write()
        assert index.revision == revision
        assert texts_of(index) == {"a1": make_article(1).text}
        embedder.before_encoding = None
        assert index.add([make_article(1, 1)]).changed == ("a1",)
        index.rebuild()
        check_no_orphans(index)
