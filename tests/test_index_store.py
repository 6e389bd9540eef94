"""The library's folder: what a manifest promises, who may write, and what a dead writer leaves behind."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import textwrap
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from fakes_index import FakeEmbedder, make_article, open_index, process_code, process_environment, run_process

from index import Index
from index.errors import HaberciError, IndexMismatchError, LibraryBusyError, StoreError
from index.storage.chunks import ChunkStore
from index.storage.generation import generation_folder
from index.storage.manifest import FILE_NAME, FORMAT, Manifest, Recipe, read_manifest, stamp, write_manifest
from index.storage.view import View

RECIPE = Recipe("model@1", "abc", 320, dimension=24)
LIBRARY = "0123456789abcdef"
QUESTION = "Who voted on the budget?"
KILL = """
    def kill_at(name, call=1, after=False):
        import index.storage.store, index.storage.catalogue
        from chromadb.api.models.Collection import Collection
        places = {"upsert": Collection, "delete": Collection, "write_manifest": index.storage.store,
                  "stage": index.storage.catalogue.Catalogue, "end": index.storage.catalogue.Catalogue,
                  "purge": index.storage.catalogue.Catalogue, "drop_generations": index.storage.store}
        real, calls = getattr(places[name], name), []
        def killing(*arguments, **values):
            calls.append(name)
            if len(calls) == call:
                if after:
                    real(*arguments, **values)
                os.kill(os.getpid(), signal.SIGKILL)
            return real(*arguments, **values)
        setattr(places[name], name, killing)
"""


def check_no_orphans(index: Index) -> None:
    """Every row in Chroma belongs to a version of an article that the library holds, and none is missing; the same
    holds for words and terms; one generation is left, and one lexical index."""
    manifest = read_manifest(index.folder)
    assert manifest is not None
    view = View(index.folder, manifest, None, None)
    index.close()
    folder = generation_folder(index.folder, manifest.generation)
    assert [path.name for path in index.folder.glob("generation-*")] == [folder.name]
    assert [path.name for path in folder.glob("lexical-*")] == [f"lexical-{manifest.lexical}"]
    chunk_store = ChunkStore(folder, create=False)
    try:
        counts: Counter[str] = Counter()
        for collection in (view.chunks, view.sentences):
            counts.update(str(metadata["key"]) for metadata in collection.get(include=["metadatas"])["metadatas"] or [])
        assert set(counts) == view.live_keys, "versions that do not count, or that are missing"
        assert chunk_store.versions() == counts
        assert len(view.lexical) == chunk_store.count(view.live_keys) == view.chunks.count()
        ids = view.chunks.get(include=[])["ids"]
        chunks = chunk_store.chunks(ids)
        assert set(chunks) == set(ids)
        held = {*ids, *view.sentences.get(include=[])["ids"]}
        assert {row_id for chunk in chunks.values() for row_id in chunk.row_ids} == held
    finally:
        chunk_store.close()
        view.retire()


def texts_of(index: Index) -> dict[str, str]:
    return {article.id: article.text for article in index.articles()}


# --- the manifest -----------------------------------------------------------------------------------


def test_a_manifest_reads_back_as_it_was_written(tmp_path: Path) -> None:
    manifest = Manifest(RECIPE, LIBRARY, revision=7, generation=3, lexical=5, seeded=True)
    write_manifest(tmp_path, manifest)
    assert read_manifest(tmp_path) == manifest
    assert [file.name for file in tmp_path.iterdir()] == [FILE_NAME], "nothing else is left"
    write_manifest(tmp_path, replace(manifest, revision=8))
    assert read_manifest(tmp_path) == replace(manifest, revision=8)


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
        b'{"recipe": {}, "format": 2}',
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
    ("field", "value"), [("model", "other@1"), ("centring", "def"), ("max_chunk_tokens", 64), ("dimension", 384),
     ("chroma", "http://127.0.0.1:8000")],
)  # fmt: skip
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
    (generation_folder(tmp_path, 1) / "chroma" / "chroma.sqlite3").write_bytes(damage)
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
        assert index.search(QUESTION)[0].article_id == "a1"
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
        assert {p.article_id for p in index.search(QUESTION)} == {"a1", "a2"}
        run_process("index.add([make_article(1, 5), make_article(3)]); index.remove(['a2'])", tmp_path)
        found = {p.article_id: p.text for p in index.search(QUESTION)}
        assert set(found) == {"a1", "a3"} == set(texts_of(index))
        assert "version5x" in found["a1"]
        # This process's view is stale now: its own write must start from a fresh one.
        index.add([make_article(4)])
        assert run_process("print(sorted(a.id for a in index.articles()))", tmp_path) == "['a1', 'a3', 'a4']\n"
        check_no_orphans(index)


def test_a_rebuild_by_another_process_is_seen_by_the_next_search(tmp_path: Path) -> None:
    with open_index(tmp_path) as index:
        index.add([make_article(1), make_article(2)])
        before = index.search(QUESTION)
        run_process("index.rebuild(); index.rebuild(); index.add([make_article(3)])", tmp_path)
        after = index.search(QUESTION)
        assert {p.article_id for p in after} == {"a1", "a2", "a3"}
        assert {p for p in after if p.article_id != "a3"} == set(before)


def test_a_folder_that_was_deleted_and_made_anew_is_noticed(tmp_path: Path) -> None:
    with open_index(tmp_path / "library") as index:
        index.add([make_article(1)])
        assert index.search(QUESTION)
        shutil.rmtree(index.folder)
        run_process("index.add([make_article(2)])", index.folder)
        assert set(texts_of(index)) == {"a2"}
        assert [passage.article_id for passage in index.search(QUESTION)] == ["a2"]


def test_a_folder_that_was_deleted_is_an_empty_library(tmp_path: Path) -> None:
    with open_index(tmp_path / "library") as index:
        index.add([make_article(1)])
        assert index.search(QUESTION)
        shutil.rmtree(index.folder)
        assert (len(index), index.search(QUESTION)) == (0, [])
        index.add([make_article(2)])
        assert set(texts_of(index)) == {"a2"}


def test_a_process_that_rebuilt_with_another_model_is_noticed(tmp_path: Path) -> None:
    with open_index(tmp_path) as index:
        index.add([make_article(1)])
        assert index.search(QUESTION)
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


BEFORE_THE_SWITCH = [("upsert", 1), ("upsert", 2), ("stage", 1), ("write_manifest", 1)]
AFTER_THE_SWITCH = [("purge", 1), ("delete", 1), ("delete", 2)]


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize(("place", "call"), BEFORE_THE_SWITCH + AFTER_THE_SWITCH)
def test_a_writer_killed_while_adding_leaves_the_old_or_the_new_revision_and_the_next_write_cleans_up(
    tmp_path: Path, place: str, call: int, after: bool
) -> None:
    with open_index(tmp_path) as index:
        index.add([make_article(1), make_article(2)])
        old_found = index.search(QUESTION, k=100)
    code = f"kill_at({place!r}, {call}, {after}); index.add([make_article(1, 7), make_article(3)])"
    run_process(code, tmp_path, more=KILL, returncode=-9)
    switched = (place, call) in AFTER_THE_SWITCH or (place, after) == ("write_manifest", True)
    old = {f"a{n}": make_article(n).text for n in (1, 2)}
    new = {"a1": make_article(1, 7).text, "a2": make_article(2).text, "a3": make_article(3).text}
    with open_index(tmp_path) as index:
        assert texts_of(index) == (new if switched else old)
        found = index.search(QUESTION, k=100)
        assert {passage.article_id: passage.text for passage in found} == texts_of(index)
        if not switched:
            assert found == old_found
        index.add([make_article(4)])
        assert set(texts_of(index)) == {*texts_of(index), "a4"}
        check_no_orphans(index)
        # Doing it again ends where it would have ended.
        index.add([make_article(1, 7), make_article(3)])
        assert texts_of(index) == {**new, "a4": make_article(4).text}
        check_no_orphans(index)


def test_what_a_killed_writer_had_embedded_is_not_embedded_again(tmp_path: Path) -> None:
    articles = [make_article(n) for n in range(5)]
    # The first manifest says that the library is there, the second that it holds the articles.
    code = "kill_at('write_manifest', 2); index.add([make_article(n) for n in range(5)])"
    run_process(code, tmp_path, more=KILL, returncode=-9)
    encoded: list[str] = []
    with open_index(tmp_path, embedder=FakeEmbedder(before_encoding=encoded.extend)) as index:
        assert len(index) == 0
        index.add(articles)
        assert not [text for text in encoded if text in articles[0].text]
        assert texts_of(index) == {article.id: article.text for article in articles}
        check_no_orphans(index)


@pytest.mark.parametrize("name", ["catalogue.sqlite3", "generation-1/chunks.sqlite3"])
def test_a_writer_killed_in_the_midst_of_a_commit_is_rolled_back_by_the_next_reader(tmp_path: Path, name: str) -> None:
    with open_index(tmp_path) as index:
        index.add([make_article(n) for n in range(20)])
        before, texts = index.search(QUESTION), texts_of(index)
    table, column = ("texts", "text") if name.startswith("catalogue") else ("chunks", "text")
    code = f"""
        import sqlite3
        index.close()
        database = sqlite3.connect(folder / {name!r}, isolation_level=None)
        # Pages go to the file before the commit, as they do when a transaction outgrows the cache.
        database.execute("PRAGMA cache_size = 1")
        database.execute("BEGIN IMMEDIATE")
        database.execute("UPDATE {table} SET {column} = {column} || hex(randomblob(20000))")
        os.kill(os.getpid(), signal.SIGKILL)
    """
    run_process(textwrap.dedent(code), tmp_path, returncode=-9)
    assert (tmp_path / f"{name}-journal").stat().st_size > 0, "else nothing was left to roll back"
    with open_index(tmp_path) as index:
        assert texts_of(index) == texts
        assert index.search(QUESTION) == before
        assert index.check().is_well


def test_what_a_killed_writer_has_left_does_not_crowd_out_what_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_index(tmp_path) as index:
        index.add([make_article(1)])
        before = index.search(QUESTION)
    code = "kill_at('write_manifest'); index.add([make_article(n, 3) for n in range(100, 132)])"
    run_process(code, tmp_path, more=KILL, returncode=-9)
    with open_index(tmp_path) as index:
        assert index.search(QUESTION) == before
        # A question that is much nearer to what does not count: its neighbours are all dead.
        assert [p.article_id for p in index.search("What says report number107x version3x?")] == ["a1"]
        # More than Chroma's database takes in one statement are named in part; the others are found and passed over.
        monkeypatch.setattr("index.storage.view.MAX_FILTER_VALUES", 20)
        index.add([make_article(n) for n in range(2, 30)])
        run_process(code.replace("100, 132", "200, 232"), tmp_path, more=KILL, returncode=-9)
        (where,) = index._store.read(lambda view: view.only_live()).values()
        assert [len(keys) for keys in where.values()] == [20]
        live = {article.id for article in index.articles()}
        assert {p.article_id for p in index.search("What says report number207x version3x?", k=50)} <= live


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("place", ["end", "write_manifest", "purge", "delete"])
def test_a_writer_killed_while_removing_leaves_the_old_or_the_new_revision(
    tmp_path: Path, place: str, after: bool
) -> None:
    with open_index(tmp_path) as index:
        index.add([make_article(1), make_article(2)])
    run_process(f"kill_at({place!r}, 1, {after}); index.remove(['a1'])", tmp_path, more=KILL, returncode=-9)
    switched = place in ("purge", "delete") or (place, after) == ("write_manifest", True)
    with open_index(tmp_path) as index:
        found = {passage.article_id for passage in index.search(QUESTION)}
        assert found == set(texts_of(index)) == ({"a2"} if switched else {"a1", "a2"})
        index.remove(["a1"])
        index.add([make_article(3)])
        assert set(texts_of(index)) == {"a2", "a3"}
        check_no_orphans(index)


@pytest.mark.parametrize("when", ["while it embeds", "before it has switched", "after it has switched"])
def test_a_rebuild_that_is_killed_leaves_a_library_that_answers(tmp_path: Path, when: str) -> None:
    with open_index(tmp_path) as index:
        index.add([make_article(1), make_article(2)])
        before = index.search(QUESTION)
    code = {
        "while it embeds": "index.rebuild(progress=lambda *_: os.kill(os.getpid(), signal.SIGKILL))",
        "before it has switched": "kill_at('write_manifest'); index.rebuild()",
        "after it has switched": "kill_at('drop_generations', 2); index.rebuild()",
    }[when]
    run_process(code, tmp_path, more=KILL, returncode=-9)
    with open_index(tmp_path) as index:
        assert index.search(QUESTION) == before
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
