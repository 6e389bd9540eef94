"""Syncing: the library equals its folder, story by story, and does no more than it must."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from fakes_index import FakeEmbedder, make_article, open_index, run_process

import index.sources.places
from index import Article, Changes, Index, read_articles
from index.errors import ArticleFileError
from index.sources.sync import story_of
from tests.test_index_store import check_no_orphans

QUESTION = "Who voted on the budget in Ankara?"


@pytest.fixture
def index_(tmp_path: Path) -> Iterator[Index]:
    with open_index(tmp_path / "library") as opened:
        yield opened


@pytest.fixture
def news(tmp_path: Path) -> Path:
    folder = tmp_path / "haberler"
    folder.mkdir()
    return folder


@pytest.fixture(autouse=True)
def settled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files count as old enough to be known by what the file system says of them."""
    monkeypatch.setattr(index.sources.places, "SETTLED_NS", -(10**18))


def story(number: int, version: int = 0) -> str:
    return make_article(number, version).text


def write(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")


def texts_of(opened: Index) -> dict[str, str]:
    """The articles' texts by the name of the file that they were made of."""
    return {article.source or "": article.text for article in opened.articles()}


def encoded(opened: Index) -> int:
    embedder = opened.embedder
    assert isinstance(embedder, FakeEmbedder)
    return embedder.encoded_passages


def counts(changes: Changes) -> dict[str, int]:
    names = ("added", "changed", "renamed", "removed", "unchanged", "failed")
    return {name: len(getattr(changes, name)) for name in names if getattr(changes, name)}


# --- what it does -----------------------------------------------------------------------------------


def test_new_changed_and_deleted_files(index_: Index, news: Path) -> None:
    write(news, {"bir.txt": story(1), "iki.md": story(2), "alt/üç.txt": story(3)})
    first = index_.sync(news)
    assert counts(first) == {"added": 3}
    assert texts_of(index_) == {"bir.txt": story(1), "iki.md": story(2), "üç.txt": story(3)}
    ids = {article.source: article.id for article in index_.articles()}
    write(news, {"bir.txt": story(1, 1), "dört.txt": story(4)})
    (news / "iki.md").unlink()
    second = index_.sync(news)
    assert (second.changed, second.removed) == ((ids["bir.txt"],), (ids["iki.md"],))
    assert counts(second) == {"added": 1, "changed": 1, "removed": 1, "unchanged": 1}
    assert texts_of(index_) == {"bir.txt": story(1, 1), "üç.txt": story(3), "dört.txt": story(4)}
    assert {p.article_id for p in index_.search(QUESTION)} == {article.id for article in index_.articles()}
    assert second.revision == index_.revision == first.revision + 1, "all of it counts at once"
    check_no_orphans(index_)


def test_a_sync_without_changes_reads_and_embeds_nothing(
    index_: Index, news: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(news, {f"{n}.txt": story(n) for n in range(5)})
    index_.sync(news)
    before, revision = encoded(index_), index_.revision

    def unreadable(*_: object, **__: object) -> bytes:
        raise AssertionError("an unchanged file is not read")

    monkeypatch.setattr(index.sources.places.DocumentReader, "load", unreadable)
    assert counts(index_.sync(news)) == {"unchanged": 5}
    assert (encoded(index_), index_.revision) == (before, revision)


def test_a_touched_file_is_read_but_not_embedded(index_: Index, news: Path) -> None:
    write(news, {"a.txt": story(1)})
    index_.sync(news)
    before, revision = encoded(index_), index_.revision
    os.utime(news / "a.txt", (1, 1))
    assert counts(index_.sync(news)) == {"unchanged": 1}
    write(news, {"a.txt": story(1).replace(" ", "  ", 1)})
    changes = index_.sync(news)
    assert counts(changes) == {"changed": 1}, "quotes are verbatim: another blank is another text"
    assert encoded(index_) > before
    assert index_.revision > revision


def test_a_young_file_is_read_again(index_: Index, news: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Within one tick of its clock a file system shows no difference between two texts of one length."""
    monkeypatch.setattr(index.sources.places, "SETTLED_NS", 10**18)
    write(news, {"a.txt": story(1)})
    index_.sync(news)
    status = (news / "a.txt").stat()
    write(news, {"a.txt": story(1).replace("1th", "7th")})
    os.utime(news / "a.txt", ns=(status.st_atime_ns, status.st_mtime_ns))
    assert counts(index_.sync(news)) == {"changed": 1}


def test_a_clock_that_was_set_back_hides_nothing(index_: Index, news: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index.sources.places, "SETTLED_NS", 2 * 10**9)
    write(news, {"a.txt": story(1)})
    index_.sync(news)
    now = time.time_ns()
    monkeypatch.setattr(index.sources.places.time, "time_ns", lambda: now - 365 * 86_400 * 10**9)
    write(news, {"a.txt": story(1, 1), "b.txt": story(2)})
    assert counts(index_.sync(news)) == {"added": 1, "changed": 1}
    assert counts(index_.sync(news)) == {"unchanged": 2}


def test_a_renamed_file_stays_the_article_it_was(index_: Index, news: Path) -> None:
    write(news, {"a.txt": story(1), "b.txt": story(2)})
    index_.sync(news)
    (before,) = [article for article in index_.articles() if article.source == "a.txt"]
    embedded = encoded(index_)
    (news / "yeni").mkdir()
    (news / "a.txt").rename(news / "yeni" / "Ğ.txt")
    changes = index_.sync(news)
    assert (changes.renamed, counts(changes)) == ((before.id,), {"renamed": 1, "unchanged": 1})
    after = index_.article(before.id)
    assert after is not None
    assert (after.text, after.source) == (before.text, "Ğ.txt")
    assert encoded(index_) == embedded, "nothing is embedded again"
    # The old name may now tell another story.
    write(news, {"a.txt": story(3)})
    changes = index_.sync(news)
    assert counts(changes) == {"added": 1, "unchanged": 2}
    assert changes.added != (before.id,)
    check_no_orphans(index_)


def test_nothing_but_new_names_loads_no_model(tmp_path: Path, news: Path) -> None:
    class Unloadable(FakeEmbedder):
        dimension = property(lambda self: pytest.fail("the model is loaded"), lambda self, value: None)  # type: ignore[assignment]

    write(news, {"a.txt": story(1), "b.txt": story(2)})
    with open_index(tmp_path / "library") as opened:
        opened.sync(news)
    (news / "a.txt").rename(news / "c.txt")
    (news / "b.txt").unlink()
    with open_index(tmp_path / "library", embedder=Unloadable()) as opened:
        assert counts(opened.sync(news)) == {"renamed": 1, "removed": 1}
        assert counts(opened.sync(news)) == {"unchanged": 1}


def test_more_chunks_than_the_lexical_index_is_written_anew_for(
    index_: Index, news: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("index.storage.generation.SMALL", 5)
    write(news, {f"{n}.txt": story(n) for n in range(12)})
    index_.sync(news)
    write(news, {f"{n}.txt": story(n, 1) for n in range(3)} | {"20.txt": story(20)})
    (news / "5.txt").unlink()
    index_.sync(news)
    found = {
        passage.article_id: passage.text for passage in index_.search("What says report number1x version1x?", k=50)
    }
    assert set(found.values()) == set(texts_of(index_).values())
    check_no_orphans(index_)
    index_.add([make_article(40)])
    assert len(index_.search(QUESTION, k=50)) == 13
    check_no_orphans(index_)


def test_a_rename_that_changes_only_the_case(index_: Index, news: Path) -> None:
    write(news, {"haber.txt": story(1)})
    (article_id,) = index_.sync(news).added
    (news / "haber.txt").rename(news / "Haber.TXT")
    assert index_.sync(news).renamed == (article_id,)
    assert texts_of(index_) == {"Haber.TXT": story(1)}


def test_two_files_that_change_names(index_: Index, news: Path) -> None:
    write(news, {"a.txt": story(1), "b.txt": story(2)})
    index_.sync(news)
    ids = {article.text: article.id for article in index_.articles()}
    write(news, {"a.txt": story(2), "b.txt": story(1)})
    assert counts(index_.sync(news)) == {"renamed": 2}
    assert {article.text: article.id for article in index_.articles()} == ids
    assert texts_of(index_) == {"a.txt": story(2), "b.txt": story(1)}


def test_one_story_in_two_files_is_one_article(index_: Index, news: Path) -> None:
    write(news, {"a.txt": story(1)})
    (article_id,) = index_.sync(news).added
    write(news, {"b.txt": story(1), "c.md": story(1).replace(" ", "\n", 1), "0.txt": story(1)})
    assert counts(index_.sync(news)) == {"unchanged": 1}
    assert [article.id for article in index_.articles()] == [article_id]
    for name in ("0.txt", "a.txt", "b.txt"):
        (news / name).unlink()
        index_.sync(news)
        assert [article.id for article in index_.articles()] == [article_id], name
    write(news, {"d.txt": story(1)})
    index_.sync(news)
    write(news, {"c.md": story(2)})
    changes = index_.sync(news)
    assert counts(changes) == {"added": 1, "changed": 1}, "the blanks are now those of d.txt"
    assert texts_of(index_) == {"c.md": story(2), "d.txt": story(1)}
    for name in ("c.md", "d.txt"):
        (news / name).unlink()
    assert counts(index_.sync(news)) == {"removed": 2}
    check_no_orphans(index_)


def test_a_front_matter_names_the_article(index_: Index, news: Path) -> None:
    write(news, {"a.md": f"---\nid: toplantı\ntitle: İlk\n---\n{story(1)}"})
    assert index_.sync(news).added == ("toplantı",)
    write(news, {"a.md": f"---\nid: toplantı\ntitle: İkinci\n---\n{story(1)}"})
    embedded = encoded(index_)
    assert index_.sync(news).changed == ("toplantı",)
    assert encoded(index_) == embedded, "another title makes no other vectors"
    write(news, {"b.md": f"---\nid: toplantı\n---\n{story(2)}"})
    changes = index_.sync(news)
    assert list(changes.failed) == [str(news / "b.md")]
    assert "toplantı" in changes.failed[str(news / "b.md")]
    assert "kimliği" in changes.errors[str(news / "b.md")].message("tr")
    assert texts_of(index_)["a.md"] == story(1)


def test_what_was_added_by_hand_goes_unless_it_is_to_be_kept(index_: Index, news: Path) -> None:
    index_.add([make_article(7)])
    write(news, {"a.txt": story(1)})
    assert counts(index_.sync(news, remove=False)) == {"added": 1}
    assert len(index_) == 2
    assert index_.sync(news).removed == ("a7",)
    assert len(index_) == 1


def test_an_article_that_was_changed_or_removed_by_hand_comes_back(index_: Index, news: Path) -> None:
    write(news, {"a.txt": story(1), "b.txt": story(2)})
    index_.sync(news)
    ids = {article.source: article.id for article in index_.articles()}
    index_.add([Article(ids["a.txt"], story(9))])
    index_.remove([ids["b.txt"]])
    changes = index_.sync(news)
    assert (changes.changed, changes.added) == ((ids["a.txt"],), (ids["b.txt"],))
    assert texts_of(index_) == {"a.txt": story(1), "b.txt": story(2)}


def test_two_folders_together(index_: Index, tmp_path: Path) -> None:
    for name, number in (("x", 1), ("y", 2)):
        write(tmp_path / name, {"a.txt": story(number), "same.txt": story(5)})
    assert counts(index_.sync(tmp_path / "x", tmp_path / "y")) == {"added": 3}
    assert counts(index_.sync(tmp_path / "y", tmp_path / "x")) == {"unchanged": 3}
    assert counts(index_.sync(tmp_path / "y")) == {"removed": 1, "unchanged": 2}


@pytest.mark.parametrize("name", ["Masaüstü/haberler ığ", "iki  boşluk", "x" * 200, "%20#?&", "-x", "🙂"])
def test_folders_of_any_name(index_: Index, tmp_path: Path, name: str) -> None:
    write(tmp_path / "n" / name, {"a.txt": story(1)})
    assert counts(index_.sync(tmp_path / "n" / name)) == {"added": 1}
    assert counts(index_.sync(str(tmp_path / "n" / name))) == {"unchanged": 1}


def test_a_folder_behind_a_symbolic_link(index_: Index, news: Path, tmp_path: Path) -> None:
    write(news, {"a.txt": story(1)})
    (tmp_path / "link").symlink_to(news)
    assert counts(index_.sync(tmp_path / "link")) == {"added": 1}
    (news / "loop").symlink_to(news)
    (news / "broken.txt").symlink_to(tmp_path / "nowhere")
    (news / "again.txt").symlink_to(news / "a.txt")
    assert counts(index_.sync(tmp_path / "link"))["unchanged"] == 1
    assert len(index_) == 1


# --- what goes wrong --------------------------------------------------------------------------------


def test_a_folder_that_is_not_there_changes_nothing(index_: Index, news: Path, tmp_path: Path) -> None:
    write(news, {"a.txt": story(1)})
    index_.sync(news)
    with pytest.raises(ArticleFileError, match="nowhere"):
        index_.sync(tmp_path / "nowhere")
    for sources in ((), (5,)):
        with pytest.raises(ValueError, match=r"source|folder"):
            index_.sync(*sources)  # type: ignore[arg-type]
    assert len(index_) == 1


def test_an_emptied_folder_empties_the_library(index_: Index, news: Path) -> None:
    write(news, {"a.txt": story(1)})
    index_.sync(news)
    (news / "a.txt").unlink()
    assert counts(index_.sync(news)) == {"removed": 1}
    assert (len(index_), index_.search(QUESTION)) == (0, [])


def test_files_that_cannot_be_read_are_named_and_keep_what_they_held(index_: Index, news: Path) -> None:
    write(news, {"a.txt": story(1), "b.txt": story(2)})
    index_.sync(news)
    (news / "a.txt").write_bytes(b"")
    (news / "c.pdf").write_bytes(b"\x7fELF" + bytes(2000))
    write(news, {"d.txt": story(4)})
    changes = index_.sync(news)
    assert sorted(Path(place).name for place in changes.failed) == ["a.txt", "c.pdf"]
    assert counts(changes) == {"added": 1, "unchanged": 2, "failed": 2}
    assert texts_of(index_) == {"a.txt": story(1), "b.txt": story(2), "d.txt": story(4)}
    assert all(error.message("tr") != error.message("en") for error in changes.errors.values())
    write(news, {"a.txt": story(1, 1)})
    assert counts(index_.sync(news))["changed"] == 1, "it is read again as soon as it can be"
    (news / "c.pdf").unlink()
    (news / "a.txt").unlink()
    assert counts(index_.sync(news)) == {"removed": 1, "unchanged": 2}


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may read everything")
def test_permission_lost(index_: Index, news: Path) -> None:
    write(news, {"a.txt": story(1), "alt/b.txt": story(2)})
    index_.sync(news)
    (news / "a.txt").chmod(0)
    (news / "alt").chmod(0)
    try:
        changes = index_.sync(news)
    finally:
        (news / "alt").chmod(0o755)
        (news / "a.txt").chmod(0o644)
    assert sorted(Path(place).name for place in changes.failed) == ["a.txt", "alt"]
    assert len(index_) == 2


def test_a_folder_that_could_not_be_listed_keeps_its_articles(
    index_: Index, news: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(news, {"a.txt": story(1), "alt/b.txt": story(2)})
    index_.sync(news)
    error = ArticleFileError(path=news / "alt", reason="Permission denied")
    monkeypatch.setattr(index.sources.places, "scan_folder", lambda folder: ([news / "a.txt"], [(news / "alt", error)]))
    changes = index_.sync(news)
    assert counts(changes) == {"unchanged": 2, "failed": 1}
    assert len(index_) == 2


def test_what_was_added_by_hand_stays_while_its_file_cannot_be_read(
    index_: Index, news: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(news, {"a.txt": story(1), "alt/b.txt": story(2)})
    index_.add(article for article in read_articles(news) if isinstance(article, Article))
    (news / "a.txt").write_bytes(b"")
    changes = index_.sync(news)
    assert counts(changes) == {"unchanged": 2, "failed": 1}
    error = ArticleFileError(path=news / "alt", reason="Permission denied")
    index_.remove([article.id for article in index_.articles()])
    write(news, {"a.txt": story(1)})
    index_.add(article for article in read_articles(news) if isinstance(article, Article))
    monkeypatch.setattr(index.sources.places, "scan_folder", lambda folder: ([news / "a.txt"], [(news / "alt", error)]))
    assert counts(index_.sync(news))["unchanged"] == 2
    assert len(index_) == 2


def test_a_sync_that_is_broken_off_changes_nothing_and_the_next_embeds_only_the_rest(index_: Index, news: Path) -> None:
    class Stop(BaseException):
        """As Ctrl-C."""

    def stop(done: int, total: int) -> None:
        raise Stop

    write(news, {"a.txt": story(500)})
    index_.sync(news)
    write(news, {f"{n}.txt": story(n) for n in range(40)})
    (news / "a.txt").unlink()
    before, found = texts_of(index_), index_.search(QUESTION)
    with pytest.raises(Stop):
        index_.sync(news, progress=stop)
    assert (texts_of(index_), index_.search(QUESTION)) == (before, found)
    done = encoded(index_)
    index_.sync(news)
    assert texts_of(index_) == {f"{n}.txt": story(n) for n in range(40)}
    assert 0 < encoded(index_) - done < done
    check_no_orphans(index_)


def test_what_another_process_writes_while_the_sync_reads_is_not_lost(index_: Index, news: Path) -> None:
    write(news, {"a.txt": story(1)})
    index_.sync(news)
    write(news, {"a.txt": story(1, 1), "b.txt": story(2)})
    written: list[int] = []

    def write_meanwhile(done: int, total: int) -> None:
        if not written:
            written.append(1)
            run_process("index.add([make_article(9)])", index_.folder)

    changes = index_.sync(news, reading=write_meanwhile)
    assert changes.removed == ("a9",), "the plan is made anew on what the other one wrote"
    assert texts_of(index_) == {"a.txt": story(1, 1), "b.txt": story(2)}


def test_progress_is_told(index_: Index, news: Path) -> None:
    write(news, {f"{n}.txt": story(n) for n in range(40)})
    reading: list[tuple[int, int]] = []
    embedding: list[tuple[int, int]] = []
    index_.sync(
        news,
        reading=lambda done, total: reading.append((done, total)),
        progress=lambda done, total: embedding.append((done, total)),
    )
    assert reading == [(n, 40) for n in range(1, 41)]
    assert embedding[-1] == (40, 40)


def test_a_story_is_its_words() -> None:
    assert story_of("Bir  iki\n") == story_of(" Bir\r\niki") != story_of("Biriki")
