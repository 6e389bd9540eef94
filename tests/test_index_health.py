"""Health: what a library tells of itself, and that every damage that is found is mended without losing a text."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fakes_index import make_article, open_index

from index import Index
from index.errors import StoreError
from index.storage.catalogue import key_of
from index.storage.chroma import connect_folder
from index.storage.generation import collection_name, generation_folder
from index.storage.health import Problem
from index.storage.manifest import FILE_NAME, read_manifest
from tests.test_index_store import check_no_orphans

QUESTION = "Who voted on the budget in Ankara?"


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Index]:
    with open_index(tmp_path / "library") as opened:
        opened.add([make_article(n, sentences=3) for n in range(12)])
        opened.remove(["a11"])
        yield opened


def kinds(problems: tuple[Problem, ...]) -> list[str]:
    return sorted(problem.kind for problem in problems)


def generation_of(index: Index) -> Path:
    manifest = read_manifest(index.folder)
    assert manifest is not None
    return generation_folder(index.folder, manifest.generation)


def delete_rows(index: Index, kind: str) -> None:
    manifest = read_manifest(index.folder)
    assert manifest is not None
    with connect_folder(generation_of(index) / "chroma") as client:
        collection = client.get_collection(collection_name(manifest.library, kind, manifest.generation))
        collection.delete(ids=collection.get(include=[])["ids"][:2])


def add_orphan(index: Index) -> None:
    manifest = read_manifest(index.folder)
    assert manifest is not None
    with connect_folder(generation_of(index) / "chroma") as client:
        collection = client.get_collection(collection_name(manifest.library, "chunks", manifest.generation))
        row = collection.get(limit=1, include=["embeddings", "metadatas"])
        metadata = {**(row["metadatas"] or [{}])[0], "key": "0" * 24}
        collection.add(ids=[f"{'0' * 24}:0"], embeddings=row["embeddings"], metadatas=[metadata], documents=["x"])  # type: ignore[arg-type]


def drop_words(index: Index) -> None:
    database = sqlite3.connect(generation_of(index) / "chunks.sqlite3")
    with database:
        database.execute("DELETE FROM chunks WHERE rowid IN (SELECT rowid FROM chunks LIMIT 2)")
    database.close()


def drop_version(index: Index) -> None:
    database = sqlite3.connect(generation_of(index) / "chunks.sqlite3")
    with database:
        database.execute("UPDATE versions SET rows = NULL WHERE key IN (SELECT key FROM versions LIMIT 1)")
    database.close()


def overwrite_graph(index: Index) -> None:
    for file in (generation_of(index) / "chroma").rglob("*.bin"):
        file.write_bytes(b"damaged" * 100)


DAMAGES: dict[str, tuple[Callable[[Index], object], set[str]]] = {
    "chunks gone": (lambda index: delete_rows(index, "chunks"), {"missing"}),
    "sentences gone": (lambda index: delete_rows(index, "sentences"), {"missing"}),
    "orphan": (add_orphan, {"dead"}),
    "words gone": (drop_words, {"missing", "lexical"}),
    "version half written": (drop_version, {"missing"}),
    "lexical gone": (lambda index: [shutil.rmtree(f) for f in generation_of(index).glob("lexical-*")], {"lexical"}),
    "lexical litter": (lambda index: (generation_of(index) / "lexical-99").mkdir(), {"litter"}),
    "generation litter": (lambda index: (index.folder / "generation-99").mkdir(), {"litter"}),
    "chroma gone": (lambda index: shutil.rmtree(generation_of(index) / "chroma"), {"vectors"}),
    "chroma overwritten": (
        lambda index: (generation_of(index) / "chroma" / "chroma.sqlite3").write_bytes(b"no database"),
        {"vectors"},
    ),
    "words file overwritten": (lambda index: (generation_of(index) / "chunks.sqlite3").write_bytes(b"x"), {"vectors"}),
    "words file gone": (lambda index: (generation_of(index) / "chunks.sqlite3").unlink(), {"vectors"}),
    "generation gone": (lambda index: shutil.rmtree(generation_of(index)), {"vectors"}),
    "manifest gone": (lambda index: (index.folder / FILE_NAME).unlink(), {"manifest"}),
    "manifest overwritten": (lambda index: (index.folder / FILE_NAME).write_bytes(b"{"), {"manifest"}),
}


def test_a_healthy_library_has_no_problems(index: Index) -> None:
    report = index.check()
    assert (report.problems, report.repaired, report.is_well) == ((), (), True)
    assert index.check(repair=True).is_well
    assert open_index(index.folder.with_name("untouched")).check().is_well


@pytest.mark.parametrize("damage", DAMAGES)
def test_every_damage_is_found_and_mended(index: Index, damage: str) -> None:
    before = {question: index.search(question, k=50) for question in (QUESTION, "Zebra?")}
    texts = {article.id: article for article in index.articles()}
    index.close()
    inflict, expected = DAMAGES[damage]
    inflict(index)
    found = index.check()
    assert set(kinds(found.problems)) == expected, [problem.message() for problem in found.problems]
    assert not found.is_well
    for problem in found.problems:
        assert problem.message("tr") != problem.message("en")
    mended = index.check(repair=True)
    assert mended.is_well, [problem.message() for problem in mended.problems]
    assert set(kinds(mended.repaired)) == expected
    assert {article.id: article for article in index.articles()} == texts
    assert {question: index.search(question, k=50) for question in before} == before
    check_no_orphans(index)
    assert index.add([make_article(20)]).added == ("a20",)


def test_a_damaged_graph_of_vectors_is_found_and_mended(index: Index) -> None:
    before = index.search(QUESTION, k=50)
    index.close()
    overwrite_graph(index)
    report = index.check(repair=True)
    assert report.is_well
    assert index.search(QUESTION, k=50) == before


def test_a_version_that_is_not_whole_is_still_missing_after_a_compaction(
    index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = index.article("a10")
    assert kept is not None
    index.close()
    database = sqlite3.connect(generation_of(index) / "chunks.sqlite3")
    with database:
        database.execute("UPDATE versions SET rows = NULL WHERE key = ?", (key_of(kept),))
    database.close()
    monkeypatch.setattr("index.storage.generation.FEW_ROWS", 0)
    before = generation_of(index)
    index.remove([f"a{n}" for n in range(6)])
    assert generation_of(index) != before
    assert kinds(index.check().problems) == ["missing"]
    assert index.check(repair=True).is_well
    assert index.article("a10") == kept
    check_no_orphans(index)


@pytest.mark.parametrize("damage", ["DELETE FROM texts", "UPDATE texts SET text = 'damaged'"])
def test_a_lost_text_comes_back_from_the_index_and_as_it_was_with_the_next_sync(tmp_path: Path, damage: str) -> None:
    folder = tmp_path / "news"
    folder.mkdir()
    told = "The bridge was opened in Ankara.\r\n\r\n# Cost\r\n\r\nIt cost two million."
    (folder / "a.txt").write_bytes(told.encode())
    with open_index(tmp_path / "library") as index:
        index.sync(folder)
        (before,) = index.articles()
        index.close()
        database = sqlite3.connect(index.folder / "catalogue.sqlite3")
        with database:
            database.execute(damage)
        database.close()
        assert kinds(index.check().problems) == ["texts"]
        report = index.check(repair=True)
        assert kinds(report.repaired) == ["texts"]
        assert report.is_well
        (mended,) = index.articles()
        assert (mended.id, mended.text.split()) == (before.id, before.text.split())
        assert index.sync(folder).changed == (before.id,)
        assert list(index.articles()) == [before]
        assert index.check().is_well
        check_no_orphans(index)


@pytest.mark.parametrize("damage", ["gone", "overwritten"])
def test_a_lost_catalogue_is_put_together_again_from_the_index(tmp_path: Path, damage: str) -> None:
    with open_index(tmp_path / "library", max_chunk_tokens=64) as index:
        headed = "Giriş paragrafı burada durur. İkinci cümle de burada.\n\nEkonomi haberleri\n\n" + " ".join(
            f"Bütçe maddesi {n} mecliste uzun uzun görüşülüp oylandı." for n in range(12)
        )
        from index import Article

        index.add([Article("t", headed, language="tr"), make_article(1), make_article(2)])
        texts = {article.id: article.text.split() for article in index.articles()}
        index.close()
        catalogue = index.folder / "catalogue.sqlite3"
        if damage == "gone":
            catalogue.unlink()
        else:
            catalogue.write_bytes(b"no database")
        with pytest.raises(StoreError, match="catalogue"):
            index.search(QUESTION)
        assert kinds(index.status().problems) == ["catalogue"]
        assert kinds(index.check().problems) == ["catalogue"]
        report = index.check(repair=True)
        assert kinds(report.repaired) == ["catalogue"]
        assert report.is_well
        assert {article.id: article.text.split() for article in index.articles()} == texts
        for passage in index.search("Bütçe maddesi nerede oylandı?", k=50):
            article = index.article(passage.article_id)
            assert article is not None
            assert article.text[passage.start : passage.end] == passage.text
        check_no_orphans(index)


def test_a_missing_manifest_is_told_and_not_taken_for_an_empty_library(index: Index) -> None:
    index.close()
    (index.folder / FILE_NAME).unlink()
    for use in (lambda: index.search(QUESTION), lambda: index.add([make_article(1)]), lambda: len(index)):
        with pytest.raises(StoreError, match="check --repair"):
            use()


def test_a_catalogue_that_was_only_just_begun_is_an_empty_library(tmp_path: Path) -> None:
    (tmp_path / "library").mkdir()
    (tmp_path / "library" / "catalogue.sqlite3").touch()
    with open_index(tmp_path / "library") as index:
        assert len(index) == 0
        index.add([make_article(1)])
        assert len(index) == 1


@pytest.mark.parametrize("content", [None, b"{"])
def test_a_library_without_its_manifest_is_opened_for_repair(index: Index, content: bytes | None) -> None:
    index.close()
    if content is None:
        (index.folder / FILE_NAME).unlink()
    else:
        (index.folder / FILE_NAME).write_bytes(content)
    with open_index(index.folder, for_rebuild=True) as damaged:
        assert kinds(damaged.status().problems) == ["manifest"]
        assert damaged.check(repair=True).is_well
        assert len(damaged) == 11


def test_status(index: Index, tmp_path: Path) -> None:
    status = index.status()
    assert (status.articles, status.languages, status.revision) == (11, {"en": 11}, index.revision)
    assert status.chunks == 11
    assert status.rows == 11 * 4
    assert status.chroma == "folder"
    assert set(status.bytes_on_disk) == {"catalogue", "chroma", "words", "lexical", "other"}
    assert all(size > 0 for size in status.bytes_on_disk.values())
    assert status.problems == ()
    (tmp_path / "news").mkdir()
    (tmp_path / "news" / "a.txt").write_text(make_article(3).text, encoding="utf-8")
    index.sync(tmp_path / "news")
    (synced,) = index.status().synced.items()
    assert synced[0] == str(tmp_path / "news")
    assert synced[1].endswith("+00:00")
    assert json.loads(json.dumps(index.status().to_dict()))["articles"] == 1
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "b.txt").write_text(make_article(4).text, encoding="utf-8")
    index.sync(tmp_path / "more")
    assert list(index.status().synced) == [str(tmp_path / "more")]
    untouched = open_index(tmp_path / "untouched").status()
    assert (untouched.articles, untouched.revision, untouched.problems) == (0, 0, ())


def test_status_tells_an_index_of_another_model(index: Index) -> None:
    index.close()
    other = open_index(index.folder, name="other", for_rebuild=True)
    (problem,) = other.status().problems
    assert "haberci rebuild" in problem.message()
