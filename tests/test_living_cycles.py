"""A library that is synced and rebuilt a hundred times is as small as a fresh one, and finds the same."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from fakes_index import FakeEmbedder, make_article, open_index

from index import Index
from index.storage.generation import generation_folder
from index.storage.health import sizes
from index.storage.manifest import read_manifest

ARTICLES, SYNCS, REBUILDS = 300, 100, 20
DIMENSION = 96
QUESTIONS = [f"What says report number{n}x version{n % 4}x of Ankara?" for n in range(40)]


def opened(folder: Path) -> Index:
    return open_index(folder, embedder=FakeEmbedder(dimension=DIMENSION))


def found(index: Index) -> list[list[tuple[str, float]]]:
    return [[(p.text, round(p.score, 3)) for p in index.search(question, k=5)] for question in QUESTIONS]


@pytest.mark.slow
@pytest.mark.timeout(2400)
def test_a_hundred_syncs_and_twenty_rebuilds(tmp_path: Path) -> None:
    news, choices = tmp_path / "haberler", random.Random(100)
    news.mkdir()
    versions = dict.fromkeys(range(ARTICLES), 0)

    def write(number: int) -> None:
        (news / f"{number}.txt").write_text(make_article(number, versions[number]).text, encoding="utf-8")

    for number in versions:
        write(number)
    largest, newest = 0, ARTICLES
    with opened(tmp_path / "library") as index:
        index.sync(news)
        for cycle in range(SYNCS):
            for number in choices.sample(sorted(versions), ARTICLES // 10):
                if choices.random() < 0.3:
                    # Another article in its place.
                    del versions[number]
                    (news / f"{number}.txt").unlink()
                    newest += 1
                    number = newest
                    versions[number] = 0
                versions[number] += 1
                write(number)
            changes = index.sync(news)
            assert len(changes.added) + len(changes.changed) == ARTICLES // 10
            if cycle >= SYNCS - REBUILDS:
                index.rebuild()
            largest = max(largest, sum(sizes(index.folder).values()))
        with opened(tmp_path / "fresh") as fresh:
            fresh.sync(news)
            assert found(index) == found(fresh)
            size = sum(sizes(fresh.folder).values())
            assert largest <= 1.5 * size
        assert index.check().is_well


def test_what_was_deleted_gives_its_space_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("index.storage.generation.FEW_ROWS", 40)
    with opened(tmp_path / "library") as index:
        index.add([make_article(n) for n in range(30)])
        first = read_manifest(index.folder)
        assert first is not None
        before = index.search(QUESTIONS[0], k=30)
        texts = {article.id: article.text for article in index.articles()}
        index.add([make_article(n, 1) for n in range(20)])
        embedded = index.embedder.encoded_passages  # type: ignore[attr-defined]
        manifest = read_manifest(index.folder)
        assert manifest is not None
        assert manifest.generation == first.generation + 1, "what is left was copied into a new generation"
        assert not generation_folder(index.folder, first.generation).exists()
        assert index.check().is_well
        index.add([make_article(n) for n in range(20)])
        assert index.search(QUESTIONS[0], k=30) == before
        assert {article.id: article.text for article in index.articles()} == texts
        assert index.embedder.encoded_passages - embedded == 20 * 5, "only what changed was embedded"  # type: ignore[attr-defined]
