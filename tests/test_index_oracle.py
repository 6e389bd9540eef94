"""The oracle of syncing: whatever happens to a folder, the library that followed it equals one built from scratch."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import pytest
from fakes_index import make_article, open_index
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

import index.sources.places
from index import Index, Settings
from index.embedding import Embedder
from index.types import Passage

QUESTIONS = ("Who voted on the budget in Ankara?", "What says report number3x version1x?", "Köprüyü kim açtı?")
NAMES = st.sampled_from(
    ["a.txt", "b.txt", "A.TXT", "İ.md", "alt/a.txt", "alt/Işık.md", "z/y/x.txt", "boş luk.txt", "e.html"]
)
STORIES = st.integers(0, 7)
VERSIONS = st.integers(0, 2)


def page(name: str, text: str) -> str:
    if not name.endswith(".html"):
        return text
    return f"<html><body><article><h1>Haber</h1><p>{text}</p></article></body></html>"


def seen(opened: Index) -> object:
    """Everything that a reader can see but the ids, which tell where an article began."""
    articles = {(a.text, a.title, a.language, a.published, a.url, a.source) for a in opened.articles()}
    titles = {a.id: a.text for a in opened.articles()}

    def told(passage: Passage) -> object:
        return (titles[passage.article_id], passage.start, passage.end, round(passage.score, 4), passage.title)

    found = {question: sorted(map(repr, map(told, opened.search(question, k=50)))) for question in QUESTIONS}
    return articles, found


class Folder(RuleBasedStateMachine):
    """Things that happen to a folder of articles, with a sync now and then."""

    @initialize()
    def begin(self) -> None:
        self.root = Path(tempfile.mkdtemp(prefix="haberci-oracle-"))
        self.news = self.root / "haberler"
        self.news.mkdir()
        self.index = open_index(self.root / "library")
        self.is_synced = False

    @rule(name=NAMES, story=STORIES, version=VERSIONS)
    def write(self, name: str, story: int, version: int) -> None:
        self.is_synced = False
        (self.news / name).parent.mkdir(parents=True, exist_ok=True)
        (self.news / name).write_text(page(name, make_article(story, version, sentences=2).text), encoding="utf-8")

    @rule(name=NAMES, title=st.sampled_from(["Bir", "İki"]), story=STORIES)
    def write_with_a_title(self, name: str, title: str, story: int) -> None:
        if name.endswith(".html"):
            return
        self.is_synced = False
        (self.news / name).parent.mkdir(parents=True, exist_ok=True)
        text = f"---\ntitle: {title}\n---\n{make_article(story, sentences=2).text}"
        (self.news / name).write_text(text, encoding="utf-8")

    @rule(name=NAMES, other=NAMES)
    def rename(self, name: str, other: str) -> None:
        if (self.news / name).exists():
            self.is_synced = False
            (self.news / other).parent.mkdir(parents=True, exist_ok=True)
            (self.news / name).rename(self.news / other)

    @rule(name=NAMES, other=NAMES)
    def copy(self, name: str, other: str) -> None:
        if (self.news / name).exists() and name != other:
            self.is_synced = False
            (self.news / other).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(self.news / name, self.news / other)

    @rule(name=NAMES)
    def delete(self, name: str) -> None:
        self.is_synced = False
        (self.news / name).unlink(missing_ok=True)

    @rule()
    def sync(self) -> None:
        self.index.sync(self.news)
        self.is_synced = True

    @rule()
    def rebuild(self) -> None:
        self.index.rebuild()

    @invariant()
    def quotes_hold(self) -> None:
        if not hasattr(self, "index"):
            return
        for passage in self.index.search(QUESTIONS[0]):
            article = self.index.article(passage.article_id)
            assert article is not None
            assert article.text[passage.start : passage.end] == passage.text

    def teardown(self) -> None:
        if not hasattr(self, "index"):
            return
        try:
            self.index.sync(self.news)
            with open_index(self.root / "scratch") as scratch:
                scratch.sync(self.news)
                assert seen(self.index) == seen(scratch)
            assert self.index.check().is_well
        finally:
            self.index.close()
            shutil.rmtree(self.root)


def run(examples: int, steps: int, monkeypatch: pytest.MonkeyPatch) -> None:
    # Files are known by what the file system says of them, as they are when nobody hurries.
    monkeypatch.setattr(index.sources.places, "SETTLED_NS", -(10**18))
    checks = [HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large]
    plan = settings(max_examples=examples, stateful_step_count=steps, deadline=None, suppress_health_check=checks)
    run_state_machine_as_test(Folder, settings=plan)  # type: ignore[no-untyped-call]


@pytest.mark.timeout(600)
def test_a_few_histories_of_a_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    run(8, 12, monkeypatch)


@pytest.mark.slow
@pytest.mark.timeout(3000)
def test_many_histories_of_a_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    run(200, 16, monkeypatch)


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_a_history_with_the_real_model(tmp_path: Path, embedder: Embedder, cache_folder: Path) -> None:
    from bench.newsroom import generate

    def opened(name: str) -> Index:
        values = Settings.read(home=tmp_path / name, cache=cache_folder)
        return Index.open(tmp_path / name, settings=values, embedder=embedder)

    articles = list(generate(24, seed=5))
    news = tmp_path / "haberler"
    news.mkdir()
    with opened("library") as followed, opened("scratch") as scratch:
        for step in range(4):
            for number, article in enumerate(articles):
                name = f"{number}.txt" if (number + step) % 5 else f"yeni-{step}-{number}.txt"
                for old in news.glob(f"*{number}.txt"):
                    if old.stem.rpartition("-")[2] == str(number):
                        old.unlink()
                if (number + step) % 4:
                    text = article.text if number % 3 else f"{article.text}\n\nEk: {step}. güncelleme yapıldı."
                    (news / name).write_text(text, encoding="utf-8")
            followed.sync(news)
        scratch.sync(news)
        assert {a.text for a in followed.articles()} == {a.text for a in scratch.articles()}
        for question in QUESTIONS:
            kept, fresh = ([(p.text, p.score) for p in each.search(question, k=10)] for each in (followed, scratch))
            assert [text for text, _ in kept] == [text for text, _ in fresh]
            assert [score for _, score in kept] == pytest.approx([score for _, score in fresh], abs=1e-3)
