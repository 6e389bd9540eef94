"""``kill -9`` at any moment of a sync or a rebuild: the old revision answers, or the new one, and the next sync ends
where it would have ended."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

import pytest
from fakes_index import make_article, open_index, process_code, process_environment

from index import Index

KILLS = 60
ARTICLES = 300
QUESTIONS = ("Who voted on the budget in Ankara?", "What says report number31x version1x?", "Köprüyü kim açtı?")

State = dict[str, str]
"""Texts by the names of their files."""
Seen = tuple[frozenset[str], tuple[tuple[tuple[str, float], ...], ...]]


def states() -> tuple[State, State]:
    """Two states of a folder of 300 articles: between them files are changed, deleted, added and renamed."""
    old = {f"{n}.txt": make_article(n, sentences=3).text for n in range(ARTICLES)}
    new = dict(old)
    for n in range(60):
        new[f"{n}.txt"] = make_article(n, 1, sentences=3).text
    for n in range(60, 90):
        del new[f"{n}.txt"]
    for n in range(90, 110):
        new[f"yeni-{n}.txt"] = new.pop(f"{n}.txt")
    for n in range(ARTICLES, ARTICLES + 30):
        new[f"{n}.txt"] = make_article(n, sentences=3).text
    return old, new


def lay_out(folder: Path, state: Mapping[str, str]) -> None:
    """Make the folder hold exactly ``state``; files that are right are not touched."""
    folder.mkdir(parents=True, exist_ok=True)
    for file in folder.iterdir():
        if state.get(file.name) != file.read_text(encoding="utf-8"):
            file.unlink()
    for name, text in state.items():
        if not (folder / name).exists():
            (folder / name).write_text(text, encoding="utf-8")


def seen(index: Index) -> Seen:
    """What a reader sees: all texts, and what three searches find."""
    found = tuple(tuple((p.text, round(p.score, 3)) for p in index.search(question, k=10)) for question in QUESTIONS)
    return frozenset(article.text for article in index.articles()), found


def from_scratch(folder: Path, state: Mapping[str, str]) -> Seen:
    lay_out(folder / "news", state)
    with open_index(folder / "library") as index:
        index.sync(folder / "news")
        return seen(index)


def killed_while(work: str, library: Path, delay_s: float) -> bool:
    """Run ``work`` in another process and kill it ``delay_s`` after it began; whether it was still at work."""
    code = f"print('begun', flush=True); {work}; print('done', flush=True)"
    with subprocess.Popen(
        process_code(code, library), env=process_environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"begun\n"
        time.sleep(delay_s)
        os.kill(process.pid, signal.SIGKILL)
        return process.stdout.read() == b""


@pytest.mark.slow
@pytest.mark.timeout(2400)
def test_sixty_kills_lose_nothing(tmp_path: Path) -> None:
    old, new = states()
    expected = [from_scratch(tmp_path / f"scratch{n}", state) for n, state in enumerate((old, new))]
    folder, library = tmp_path / "haberler", tmp_path / "library"
    lay_out(folder, old)
    with open_index(library) as index:
        index.sync(folder)
        began = time.monotonic()
        lay_out(folder, new)
        index.sync(folder)
        whole_sync_s = time.monotonic() - began
        began = time.monotonic()
        index.rebuild()
        whole_rebuild_s = time.monotonic() - began
    moments, at, struck = random.Random(60), 1, 0
    for kill in range(KILLS):
        if kill % 3 == 2:
            work, target, duration_s = "index.rebuild()", at, whole_rebuild_s
        else:
            work, target, duration_s = f"index.sync({str(folder)!r})", 1 - at, whole_sync_s
            lay_out(folder, (old, new)[target])
        struck += killed_while(work, library, moments.uniform(0, 1.2 * duration_s))
        with open_index(library) as index:
            now = seen(index)
            assert now in (expected[at], expected[target]), f"kill {kill}: neither the old nor the new revision"
            index.sync(folder)
            at = target
            assert seen(index) == expected[at], f"kill {kill}: the next sync did not complete it"
            report = index.check()
            assert report.is_well, f"kill {kill}: {[problem.message() for problem in report.problems]}"
    assert struck > KILLS // 2, "most kills must strike while it works, else this says little"
