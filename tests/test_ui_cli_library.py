"""The terminal's commands that keep the library: most on a fake embedder, a few on the real packaged model."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from index import Article, Index
from index.storage.generation import FOLDER
from tests.fakes_index import ROOT, FakeEmbedder, open_index
from tests.web_server import WebServer, by_path, response
from ui import cli
from ui.upkeep_cli import _megabytes, _moment, _numbers

TRAM = "İstanbul'da yeni tramvay hattı açıldı. Hat on iki kilometre uzunluğundadır.\n"
MUSEUM = "The museum opened in Ankara on Monday. It shows 300 works.\n"
Run = Callable[..., Any]

pytest_plugins = ["tests.cli_fixtures"]

QUESTION = "Where might Putin and Zelenskyy meet?"
PAGE = """<html><head><title>{0}</title></head><body><article><h1>{0}</h1><p>{0} had a long day in Ankara, where the
council met for six hours and voted on the budget of the coming year.</p></article></body></html>"""


class LazyEmbedder(FakeEmbedder):
    """Counts what would have loaded a model."""

    loads = 0

    @property
    def dimension(self) -> int:
        type(self).loads += 1
        return 24

    @dimension.setter
    def dimension(self, value: int) -> None:
        pass


@pytest.fixture
def quick(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """A command in this process, without a model."""
    monkeypatch.setenv("HABERCI_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("HABERCI_ALLOWED_HOSTS", "127.0.0.1")
    monkeypatch.setattr(LazyEmbedder, "loads", 0)
    monkeypatch.setattr("index.library.make_embedder", lambda settings: LazyEmbedder())

    def invoke(*arguments: str) -> object:
        return CliRunner().invoke(cli.app, arguments, prog_name="haberci")

    return invoke


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with two articles."""
    path = tmp_path / "haberler"
    path.mkdir()
    (path / "tram.md").write_text(f"---\nid: tram\ntitle: İstanbul tramvayı\n---\n{TRAM}", "utf-8")
    (path / "museum.txt").write_text(MUSEUM, "utf-8")
    return path


@pytest.fixture
def web() -> Iterator[tuple[WebServer, dict[str, bytes]]]:
    """A web server, and its pages by path."""
    pages: dict[str, bytes] = {}
    with WebServer(by_path(pages)) as server:
        yield server, pages


def page(name: str) -> bytes:
    return response(PAGE.format(name).encode(), Content_Type="text/html; charset=utf-8")


def feed(server: WebServer, *names: str) -> bytes:
    items = "".join(f"<item><title>{n}</title><link>{server.url(f'/{n}')}</link><guid>{n}</guid></item>" for n in names)
    body = f'<?xml version="1.0"?><rss version="2.0"><channel><title>Ajans</title>{items}</channel></rss>'
    return response(body.encode(), Content_Type="application/rss+xml")


def ids(run: Run) -> list[str]:
    return sorted(article["id"] for article in json.loads(run("list", "--json").stdout))


# --- sync -------------------------------------------------------------------------------------------


def test_sync_tells_what_it_did_article_by_article(quick: Run, folder: Path) -> None:
    first = quick("sync", str(folder))
    assert first.exit_code == 0
    *lines, summary = first.stdout.splitlines()
    assert sorted(line.split("\t")[::2] for line in lines) == [
        ["added", "The museum opened in Ankara on Monday."],
        ["added", "İstanbul tramvayı"],
    ]
    counts = "Added 2, changed 0, renamed 0, removed 0, unchanged 0, failed 0. Articles in the library: 2."
    assert summary == counts
    assert first.stderr.splitlines() == ["Reading files and addresses…", "Bringing the library up to date…"]

    (folder / "tram.md").write_text(f"---\nid: tram\ntitle: Yeni hat\n---\n{TRAM}", "utf-8")
    (folder / "museum.txt").rename(folder / "müze.txt")
    (folder / "bridge.txt").write_text("The bridge was closed on Sunday. Nobody was hurt.\n")
    second = quick("sync", str(folder))
    told = {line.split("\t")[0]: line.split("\t")[1:] for line in second.stdout.splitlines()[:-1]}
    assert told["changed"] == ["tram", "Yeni hat"]
    assert told["renamed"][1] == "The museum opened in Ankara on Monday."
    assert told["added"][1] == "The bridge was closed on Sunday."
    assert len(told) == 3

    (folder / "müze.txt").unlink()
    third = quick("--language", "tr", "sync", str(folder))
    assert third.exit_code == 0
    assert third.stdout.splitlines() == [
        "\t".join(["çıkarıldı", *told["renamed"]]),
        "Eklenen 0, değişen 0, yeri değişen 0, çıkarılan 1, aynı kalan 2, okunamayan 0. Kitaplıktaki haber sayısı: 2.",
    ]


def test_sync_that_changes_nothing_loads_no_model(quick: Run, folder: Path) -> None:
    assert quick("sync", str(folder)).exit_code == 0
    assert LazyEmbedder.loads
    LazyEmbedder.loads = 0
    result = quick("sync", str(folder))
    assert (result.exit_code, LazyEmbedder.loads) == (0, 0)
    assert result.stdout.startswith("Added 0, changed 0, renamed 0, removed 0, unchanged 2, failed 0.")


def test_sync_as_json(quick: Run, folder: Path) -> None:
    (folder / "broken.txt").write_bytes(b"")
    result = quick("--language", "tr", "sync", "--json", str(folder))
    assert (result.exit_code, result.stderr) == (4, "")
    changes = json.loads(result.stdout)
    assert set(changes) == {"added", "changed", "renamed", "removed", "unchanged", "failed", "revision"}
    assert "tram" in changes["added"]
    assert changes["failed"] == {str(folder / "broken.txt"): "boş, içinde metin yok"}


def test_sync_names_what_cannot_be_read_and_keeps_it(quick: Run, folder: Path) -> None:
    quick("sync", str(folder))
    (folder / "tram.md").write_bytes(b"")
    result = quick("sync", str(folder))
    assert result.exit_code == 4
    assert f"failed\t{folder / 'tram.md'}\tit is empty, it holds no text\n" in result.stderr
    assert len(ids(quick)) == 2
    # Where that is all there is, nothing could be done.
    (folder / "sub").mkdir()
    (folder / "sub" / "broken.txt").write_bytes(b"")
    assert quick("sync", "--keep", str(folder / "sub")).exit_code == 3


def test_sync_of_two_texts_with_one_id(quick: Run, folder: Path) -> None:
    (folder / "other.md").write_text("---\nid: tram\n---\nAnother story altogether, about something else.\n")
    result = quick("--language", "tr", "sync", str(folder))
    assert result.exit_code == 4
    assert "belgesinin kimliği 'tram'" in result.stderr
    assert result.stderr.count("\n") == 3


def test_sync_refuses_to_be_emptied(quick: Run, folder: Path) -> None:
    quick("sync", str(folder))
    for file in folder.iterdir():
        file.unlink()
    result = quick("sync", str(folder))
    assert (result.exit_code, result.stdout) == (3, "")
    assert result.stderr.startswith(f"{folder} holds no article files; taken at its word, 2 articles would go")
    assert result.stderr.count("\n") == 1
    assert "--allow-empty" in quick("--language", "tr", "sync", str(folder)).stderr
    assert quick("sync", "--json", str(folder)).exit_code == 3
    assert len(ids(quick)) == 2

    kept = quick("sync", "--keep", str(folder))
    assert (kept.exit_code, len(ids(quick))) == (0, 2)
    emptied = quick("sync", "--allow-empty", str(folder))
    assert emptied.exit_code == 0
    assert emptied.stdout.splitlines()[0].split("\t")[0] == "removed"
    assert "İstanbul tramvayı" in emptied.stdout
    assert ids(quick) == []
    # Now there is nothing left to lose.
    assert quick("sync", str(folder)).exit_code == 0


def test_sync_refuses_when_one_of_several_folders_is_empty_or_gone(quick: Run, folder: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "bridge.txt").write_text("The bridge was closed on Sunday. Nobody was hurt.\n")
    assert quick("sync", str(folder), str(other)).exit_code == 0
    (other / "bridge.txt").unlink()
    assert quick("sync", str(folder), str(other)).exit_code == 3
    other.rmdir()
    result = quick("sync", str(folder), str(other))
    assert (result.exit_code, result.stdout) == (3, "")
    assert result.stderr == f"{other} cannot be read as an article: there is no such file or folder.\n"
    assert quick("sync", "--allow-empty", str(folder), str(other)).exit_code == 3
    assert len(ids(quick)) == 3
    assert quick("sync", str(folder)).exit_code == 0
    assert len(ids(quick)) == 2


def test_sync_does_not_take_a_folder_that_was_indexed_for_granted(quick: Run, folder: Path, home: Path) -> None:
    with open_index(home, embedder=LazyEmbedder()) as index:
        from index import read_article

        index.add([read_article(folder / "museum.txt")])
    away = folder.rename(folder.with_name("away"))
    assert quick("sync", str(folder)).exit_code == 3
    folder.mkdir()
    assert quick("sync", str(folder)).exit_code == 3
    assert len(ids(quick)) == 1
    assert quick("sync", str(away)).exit_code == 0


# --- addresses --------------------------------------------------------------------------------------


def test_sync_of_a_folder_and_a_feed(quick: Run, folder: Path, web: tuple[WebServer, dict[str, bytes]]) -> None:
    server, pages = web
    pages |= {"/feed": feed(server, "Mayor", "Gone"), "/Mayor": page("Mayor")}
    result = quick("sync", str(folder), server.url("/feed"))
    assert result.exit_code == 4
    assert result.stdout.splitlines()[-1].startswith("Added 3, changed 0, renamed 0, removed 0, unchanged 0, failed 1.")
    assert f"failed\t{server.url('/Gone')}\tthe server answers 404" in result.stderr
    pages.clear()
    # The feed's articles stay though it cannot be reached.
    again = quick("sync", str(folder), server.url("/feed"))
    assert again.exit_code == 4
    assert len(ids(quick)) == 3
    assert quick("sync", server.url("/feed"), "--keep").exit_code == 3


def test_index_takes_addresses(quick: Run, folder: Path, web: tuple[WebServer, dict[str, bytes]]) -> None:
    server, pages = web
    pages |= {"/feed": feed(server, "Mayor"), "/Mayor": page("Mayor"), "/Minister": page("Minister")}
    quick("sync", str(folder))
    result = quick("index", server.url("/feed"), server.url("/Minister"))
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert sorted(line.split("\t")[::2] for line in lines[:-1]) == [["added", "Mayor"], ["added", "Minister"]]
    assert lines[-1] == "Added 2, changed 0, unchanged 0, failed 0. Articles in the library: 4."

    missing = quick("--language", "tr", "index", server.url("/none"), "--json")
    assert (missing.exit_code, missing.stderr) == (3, "")
    assert "404" in json.loads(missing.stdout)["failed"][server.url("/none")]
    assert quick("index", server.url("/none"), server.url("/feed")).exit_code == 4
    assert quick("index", "ftp://example.org/a.txt").exit_code == 3
    assert len(ids(quick)) == 4


# --- watch ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGINT])
def test_watch_follows_the_folder_until_it_is_told_to_stop(
    quick: Run, home: Path, folder: Path, sign: signal.Signals
) -> None:
    code = """
        import index.library, sys
        from tests.fakes_index import FakeEmbedder
        from ui.cli import main
        index.library.make_embedder = lambda settings: FakeEmbedder()
        sys.argv = ["haberci", *sys.argv[1:]]
        main()
    """
    missing = folder.with_name("none")
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code), "watch", str(folder), str(missing)], cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8",
    )  # fmt: skip
    with process:
        try:
            assert process.stdout is not None
            assert process.stderr is not None
            assert {process.stdout.readline().split("\t")[0] for _ in range(2)} == {"added"}
            assert process.stdout.readline().endswith("Articles in the library: 2.\n")
            assert process.stderr.readline() == "Syncing for the first time…\n"
            assert process.stderr.readline().startswith(f"{missing} cannot be read")
            assert process.stderr.readline() == "Watching. Ctrl-C stops it.\n"
            (folder / "bridge.txt").write_text("The bridge was closed on Sunday. Nobody was hurt.\n")
            assert process.stdout.readline().endswith("\tThe bridge was closed on Sunday.\n")
            process.stdout.readline()
            process.send_signal(sign)
            said, warned = process.communicate(timeout=60)
        finally:
            process.kill()
    assert (process.returncode, said, warned) == (0, "", "Stopped.\n")
    with open_index(home) as index:
        assert len(index) == 3


def test_watch_without_sources_or_with_a_bad_interval(quick: Run, folder: Path) -> None:
    assert quick("watch").exit_code == 2
    assert quick("watch", "--interval", "0", str(folder)).exit_code == 2


# --- remove -----------------------------------------------------------------------------------------


def test_an_id_is_removed_as_it_is_listed(quick: Run, home: Path, folder: Path) -> None:
    (folder / "Haber  iki bosluk.txt").write_text("The bridge was closed on Sunday. Nobody was hurt.\n")
    quick("sync", str(folder))
    listed = next(line.split("\t")[0] for line in quick("list").stdout.splitlines() if "bosluk" in line)
    assert listed not in ids(quick)
    removed = quick("remove", listed)
    assert (removed.exit_code, removed.stdout, removed.stderr) == (0, f"removed\t{listed}\n", "")
    assert len(ids(quick)) == 2


def test_an_id_that_several_articles_are_listed_with_removes_none(quick: Run, home: Path) -> None:
    with open_index(home, embedder=LazyEmbedder()) as index:
        index.add([Article(name, TRAM) for name in ("a  b", "a\tb", "c  d", "c d", "e\x1b  f")])
    result = quick("--language", "tr", "remove", "a b", "e\ufffd f")
    assert (result.exit_code, result.stdout) == (4, "çıkarıldı\te\ufffd f\n")
    assert result.stderr.startswith("Listede 'a b' diye görünen 2 haber var")
    assert quick("remove", "a b").exit_code == 3
    # An id that is an article's own means that article.
    assert quick("remove", "c d", "a\tb").exit_code == 0
    assert ids(quick) == ["a  b", "c  d"]


# --- status and check -------------------------------------------------------------------------------


def test_status(quick: Run, folder: Path, home: Path) -> None:
    untouched = quick("status")
    assert untouched.exit_code == 0
    assert "Articles: 0\n" in untouched.stdout

    quick("sync", str(folder))
    result = quick("status")
    assert (result.exit_code, result.stderr) == (0, "")
    assert f"Library: {home}\n" in result.stdout
    assert "Articles: 2 (English 1, Turkish 1)\n" in result.stdout
    assert f" UTC, {folder}\n" in result.stdout
    assert "Haber: 2 (İngilizce 1, Türkçe 1)\n" in quick("--language", "tr", "status").stdout

    told = json.loads(quick("status", "--json").stdout)
    assert (told["articles"], told["languages"], told["problems"]) == (2, {"en": 1, "tr": 1}, [])
    assert list(told["synced"]) == [str(folder)]


def test_status_says_what_is_wrong(quick: Run, folder: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    quick("sync", str(folder))
    (home / f"{FOLDER}-99").mkdir()
    result = quick("status")
    assert result.exit_code == 4
    assert result.stdout.splitlines()[-1].startswith("problem\tLeft by a process that was killed")
    # An index of another model has a status too.
    (home / f"{FOLDER}-99").rmdir()
    monkeypatch.setattr("index.library.make_embedder", lambda settings: FakeEmbedder("another"))
    other = quick("--language", "tr", "status", "--json")
    assert other.exit_code == 4
    assert json.loads(other.stdout)["articles"] == 2


def test_check_and_repair(quick: Run, folder: Path, home: Path) -> None:
    assert quick("check").stdout == "All is well.\n"
    quick("sync", str(folder))
    assert (quick("check").exit_code, quick("check", "--json").stderr) == (0, "")

    (home / f"{FOLDER}-99").mkdir()
    broken = quick("check")
    assert broken.exit_code == 3
    assert broken.stdout.startswith("problem\tLeft by a process that was killed")
    assert broken.stderr.endswith("Mend it with: haberci check --repair\n")
    told = json.loads(quick("--language", "tr", "check", "--json").stdout)
    assert (told["is_well"], told["repaired"], told["problems"][0]["kind"]) == (False, [], "litter")
    assert told["problems"][0]["message"].startswith("Zorla kapatılan")

    mended = quick("check", "--repair")
    assert mended.exit_code == 0
    assert mended.stdout.startswith("repaired\tLeft by a process that was killed")
    assert mended.stdout.endswith("All is well.\n")
    assert quick("check").exit_code == 0


def test_check_opens_what_nothing_else_can(quick: Run, folder: Path, home: Path) -> None:
    quick("sync", str(folder))
    (home / "manifest.json").write_text("{")
    assert quick("list").exit_code == 3
    assert quick("check").exit_code == 3
    mended = quick("check", "--repair")
    assert mended.exit_code == 0, mended.stderr
    assert len(ids(quick)) == 2


def test_what_cannot_be_mended_is_said(quick: Run, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from index.storage.health import Problem, Report

    problems = (Problem("texts", "3"),)
    monkeypatch.setattr(Index, "check", lambda self, repair=False, progress=None: Report(problems))
    result = quick("--language", "tr", "check", "--repair")
    assert (result.exit_code, result.stdout) == (3, f"sorun\t{problems[0].message('tr')}\n")
    assert result.stderr.endswith("Bu onarılamadı.\n")


def test_numbers_are_written_as_the_language_does() -> None:
    assert (_numbers("en")(1_234_567), _numbers("tr")(1_234_567)) == ("1,234,567", "1.234.567")
    assert (_megabytes(1_234_567_890, "en"), _megabytes(1_234_567_890, "tr")) == ("1,234.6 MB", "1.234,6 MB")
    assert _moment("2025-12-23T10:15:42+00:00") == "2025-12-23 10:15 UTC"


# --- index, list, remove, rebuild, with the real model -----------------------------------------------


@pytest.fixture
def articles(tmp_path: Path) -> Path:
    """A folder with two articles and one file that cannot be read."""
    folder = tmp_path / "haberler"
    (folder / "sub").mkdir(parents=True)
    (folder / "tram.md").write_text(f"---\nid: tram\ntitle: İstanbul tramvayı\ndate: 2024-05-01\n---\n{TRAM}", "utf-8")
    (folder / "sub" / "museum.txt").write_text(f"---\nid: museum\n---\n{MUSEUM}", "utf-8")
    (folder / "broken.txt").write_bytes(b"\x89PNG\r\n\x1a\n picture")
    return folder


def test_index_reports_every_file_and_goes_on(run: Run, articles: Path) -> None:
    result = run("index", str(articles))
    assert result.exit_code == 4
    assert "added\ttram\tİstanbul tramvayı\n" in result.stdout
    assert "added\tmuseum\t" in result.stdout
    assert result.stdout.endswith("Added 2, changed 0, unchanged 0, failed 1. Articles in the library: 2.\n")
    assert f"failed\t{articles / 'broken.txt'}\tit is a PNG picture\n" in result.stderr

    (articles / "broken.txt").unlink()
    (articles / "tram.md").write_text(f"---\nid: tram\n---\n{TRAM}Bilet ucuz.\n", "utf-8")
    again = run("--language", "tr", "index", str(articles))
    assert again.exit_code == 0
    assert "değişti\ttram\t" in again.stdout
    assert "aynı\tmuseum\t" in again.stdout


def test_a_library_begun_with_index_holds_only_what_was_given(run: Run, articles: Path) -> None:
    assert run("index", str(articles / "tram.md")).exit_code == 0
    assert run("ask", "Tramvay hattı ne kadar uzun?").exit_code == 0
    assert [line.split("\t")[0] for line in run("list").stdout.splitlines()] == ["tram"]


def test_index_as_json(run: Run, articles: Path) -> None:
    result = run("index", "--json", str(articles))
    assert (result.exit_code, result.stderr) == (4, "")
    changes = json.loads(result.stdout)
    assert sorted(changes["added"]) == ["museum", "tram"]
    assert list(changes["failed"]) == [str(articles / "broken.txt")]


def test_index_with_nothing_to_do(run: Run, home: Path, articles: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    result = run("index", str(tmp_path / "empty"), str(tmp_path / "missing.txt"), str(articles / "broken.txt"))
    assert (result.exit_code, result.stdout) == (3, "")
    assert f"{tmp_path / 'empty'} holds no article files" in result.stderr
    assert f"failed\t{tmp_path / 'missing.txt'}\tthere is no such file or folder" in result.stderr
    # The library is still one that nobody has written to.
    assert run("list").stderr.startswith("Nobody has written")


def test_two_files_of_one_id_are_not_mixed_up(run: Run, articles: Path) -> None:
    (articles / "broken.txt").write_text("---\nid: tram\n---\nAnother story altogether.\n")
    result = run("index", str(articles), str(articles / "tram.md"))
    assert result.exit_code == 4
    assert "has the id 'tram' of another file given here" in result.stderr
    assert "Articles in the library: 2." in result.stdout


def test_list_remove_and_rebuild(run: Run, articles: Path) -> None:
    run("index", str(articles))
    assert [line.split("\t")[:3] for line in run("list").stdout.splitlines()] == [
        ["tram", "2024-05-01", "tr"],
        ["museum", "", "en"],
    ]
    first = json.loads(run("list", "--json").stdout)[0]
    assert (first["title"], first["published"], first["source"]) == ("İstanbul tramvayı", "2024-05-01", "tram.md")

    rebuilt = run("rebuild")
    assert (rebuilt.exit_code, rebuilt.stdout) == (0, "Rebuilt. Articles in the library: 2.\n")

    removed = run("remove", "museum", "nothing")
    assert (removed.exit_code, removed.stdout) == (4, "removed\tmuseum\n")
    assert "There is no article 'nothing'" in removed.stderr
    assert run("remove", "museum").exit_code == 3
    assert run("remove", "tram").exit_code == 0
    # What was removed stays removed, and the shipped article does not come instead.
    assert run("ask", QUESTION).exit_code == 1
    assert run("list").stderr.startswith("The library is empty.")


def test_rebuild_of_a_library_that_nobody_has_written_to(run: Run) -> None:
    assert run("rebuild").stdout == "The library is empty; there is nothing to rebuild.\n"
