"""A chat that is asked without pause while another process syncs the library, and a library after many syncs.

    python -m bench.living [--syncs 20] [--out bench/results/living.md]

What is measured is what a reader would notice: errors, quotes of articles that have gone, new articles that are not
found, how much longer an answer takes than while nothing is written; and whether a library that was synced a hundred
times is larger or slower than a fresh one.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bench.hashing import HashingEmbedder
from bench.newsroom import generate, questions
from bot import Chatbot
from index import Article, Index, Settings

CLIENTS = 8
FOLLOWED_WITHIN_S = 2.0
ARTICLES, REPLACED = 40, 4

_WRITER = """
import json, sys
from index import Index, Settings
home, cache, news = sys.argv[1:]
with Index.open(home, settings=Settings.read(home=home, cache=cache)) as index:
    index.embedder.load()
    _ = index.space
    print("ready", flush=True)
    for _ in sys.stdin:
        changes = index.sync(news)
        print(json.dumps({"added": changes.added, "removed": changes.removed}), flush=True)
"""


@dataclass(frozen=True, slots=True)
class Asked:
    """One question: when it was asked and answered (seconds of a steady clock), what was cited (article id, quote),
    and what went wrong."""

    asked: float
    answered: float
    cited: tuple[tuple[str, str], ...] = ()
    error: str | None = None

    @property
    def took_ms(self) -> float:
        return 1000 * (self.answered - self.asked)


@dataclass(slots=True)
class Followed:
    """``removed``: when the sync had ended that removed an article. ``missed``: new articles that were not found two
    seconds after their sync."""

    idle: list[Asked] = field(default_factory=list)
    busy: list[Asked] = field(default_factory=list)
    removed: dict[str, float] = field(default_factory=dict)
    syncs: int = 0
    new: int = 0
    missed: list[str] = field(default_factory=list)

    def errors(self) -> list[str]:
        return [each.error for each in (*self.idle, *self.busy) if each.error is not None]

    def stale(self) -> list[str]:
        """Articles that were cited by a question that was asked more than two seconds after they had gone."""
        return [
            article_id
            for each in self.busy
            for article_id, _ in each.cited
            if each.asked > self.removed.get(article_id, float("inf")) + FOLLOWED_WITHIN_S
        ]


@contextmanager
def _clients(chatbot: Chatbot, asked: Sequence[str], into: list[Asked]) -> Iterator[None]:
    """Eight clients that ask without pause while the block runs."""
    done = threading.Event()

    def ask(seed: int) -> None:
        chance = random.Random(seed)
        while not done.is_set():
            began = time.monotonic()
            try:
                answer = chatbot.ask(chance.choice(asked))
            except Exception as error:  # noqa: BLE001  # any error at all is what is counted
                into.append(Asked(began, time.monotonic(), error=repr(error)))
                continue
            cited = tuple((citation.article_id, citation.quote) for citation in answer.citations)
            into.append(Asked(began, time.monotonic(), cited))

    threads = [threading.Thread(target=ask, args=(seed,)) for seed in range(CLIENTS)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        done.set()
        for thread in threads:
            thread.join()


@contextmanager
def _writer(home: Path, cache: Path, news: Path) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-c", _WRITER, str(home), str(cache), str(news)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            if process.stdout.readline() != "ready\n":
                raise RuntimeError("the process that syncs did not start")
            yield process
        finally:
            process.stdin.close()


def follow(folder: Path, cache: Path, *, syncs: int, idle_s: float, pause_s: float = FOLLOWED_WITHIN_S) -> Followed:
    """Ask for ``idle_s`` seconds while nothing is written, then during ``syncs`` syncs from another process, with
    ``pause_s`` between them. Each replaces a tenth of the articles."""
    news, home = folder / "haberler", folder / "library"
    news.mkdir(parents=True)
    articles = list(generate(ARTICLES + syncs * REPLACED, seed=8))
    asked = questions(articles, 4 * len(articles), seed=8)
    for article in articles[:ARTICLES]:
        _write(news, article)
    followed, waiting = Followed(), articles[ARTICLES:]
    settings = Settings.read(home=home, cache=cache)
    with Index.open(home, settings=settings) as index, _writer(home, cache, news) as writer:
        index.sync(news)
        chatbot = Chatbot(index, llm="off")
        chatbot.load()
        chatbot.ask(asked[0][0])
        texts = [question for question, _ in asked]
        with _clients(chatbot, texts, followed.idle):
            time.sleep(idle_s)
        with _clients(chatbot, texts, followed.busy):
            for number in range(syncs):
                fresh = waiting[number * REPLACED : (number + 1) * REPLACED]
                _replace(news, fresh)
                _sync(writer, followed)
                time.sleep(pause_s)
                _look_for(index, fresh, followed)
    return followed


def _write(news: Path, article: Article) -> None:
    (news / f"{article.id}.txt").write_text(article.text, encoding="utf-8")


def _replace(news: Path, fresh: Sequence[Article]) -> None:
    for old in sorted(news.iterdir())[: len(fresh)]:
        old.unlink()
    for article in fresh:
        _write(news, article)


def _sync(writer: subprocess.Popen[str], followed: Followed) -> None:
    assert writer.stdin is not None
    assert writer.stdout is not None
    writer.stdin.write("sync\n")
    writer.stdin.flush()
    changes = json.loads(writer.stdout.readline())
    followed.syncs += 1
    followed.removed.update(dict.fromkeys(changes["removed"], time.monotonic()))


def _look_for(index: Index, fresh: Sequence[Article], followed: Followed) -> None:
    for article in fresh:
        # Its headline is what no search in a library at rest misses.
        headline = article.title or article.text[:100]
        followed.new += 1
        if article.id not in {passage.article_id.rpartition("-")[0] for passage in index.search(headline)}:
            followed.missed.append(headline)


@dataclass(slots=True)
class Worn:
    """A library after many syncs (``worn``) beside a fresh one with the same articles: milliseconds of each search,
    taken in turns, and bytes on disk. ``differing``: questions with other results."""

    worn_ms: list[float] = field(default_factory=list)
    fresh_ms: list[float] = field(default_factory=list)
    worn_bytes: int = 0
    fresh_bytes: int = 0
    differing: int = 0


def wear(folder: Path, cache: Path, *, articles: int = 300, syncs: int = 100, searches: int = 400) -> Worn:
    """Sync a library ``syncs`` times, each time with another tenth of the articles, and search it beside a fresh one.
    The embedder is the one without a model, so that what is timed is the search."""
    news = folder / "haberler"
    news.mkdir(parents=True)
    all_articles = list(generate(articles + syncs * articles // 10, seed=9))
    for article in all_articles[:articles]:
        _write(news, article)
    opened = [_open_small(folder / name, cache) for name in ("worn", "fresh")]
    worn, fresh = opened
    worn.sync(news)
    for number in range(syncs):
        at = articles + number * articles // 10
        _replace(news, all_articles[at : at + articles // 10])
        worn.sync(news)
    fresh.sync(news)
    found = Worn(worn_bytes=sum(worn.status().bytes_on_disk.values()),
                 fresh_bytes=sum(fresh.status().bytes_on_disk.values()))  # fmt: skip
    for number, (question, _) in enumerate(questions(all_articles[-articles:], searches, seed=9)):
        results = []
        for index, times in ((worn, found.worn_ms), (fresh, found.fresh_ms))[:: 1 if number % 2 else -1]:
            began = time.perf_counter()
            passages = index.search(question)
            times.append(1000 * (time.perf_counter() - began))
            results.append([(passage.text, round(passage.score, 3)) for passage in passages])
        found.differing += results[0] != results[1]
    for index in opened:
        index.close()
    return found


def _open_small(home: Path, cache: Path) -> Index:
    return Index.open(home, settings=Settings.read(home=home, cache=cache), embedder=HashingEmbedder(cache))


def worn_table(found: Worn) -> str:
    """Markdown: the worn library beside the fresh one."""
    worn, fresh = statistics.median(found.worn_ms), statistics.median(found.fresh_ms)
    rows = [
        ("size on disk", f"{found.fresh_bytes / 1e6:.1f} MB", f"{found.worn_bytes / 1e6:.1f} MB",
         f"{found.worn_bytes / found.fresh_bytes:.2f}"),
        ("search p50", f"{fresh:.1f} ms", f"{worn:.1f} ms", f"{worn / fresh:.2f}"),
        ("questions with other results", "", f"{found.differing} of {len(found.worn_ms)}", ""),
    ]  # fmt: skip
    lines = ["| 300 articles | fresh | after 100 syncs of a tenth each | compared |", "|---|---|---|---|"]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in rows)]) + "\n"


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least ``share`` of them do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def table(followed: Followed) -> str:
    """Markdown: what the clients saw, and how long they waited."""
    idle, busy = ([each.took_ms for each in some] for some in (followed.idle, followed.busy))
    rows = [
        ("syncs by another process", "0", str(followed.syncs)),
        ("questions", str(len(idle)), str(len(busy))),
        ("errors", str(sum(each.error is not None for each in followed.idle)),
         str(sum(each.error is not None for each in followed.busy))),
        ("quotes of articles gone for more than 2 s", "", str(len(followed.stale()))),
        ("new articles not found after 2 s", "", f"{len(followed.missed)} of {followed.new}"),
        ("answer p50", f"{statistics.median(idle):.0f} ms", f"{statistics.median(busy):.0f} ms"),
        ("answer p95", f"{percentile(idle, 0.95):.0f} ms", f"{percentile(busy, 0.95):.0f} ms"),
        ("p95, compared", "1", f"{percentile(busy, 0.95) / percentile(idle, 0.95):.2f}"),
    ]  # fmt: skip
    lines = [f"| {CLIENTS} clients | while nothing is written | during the syncs |", "|---|---|---|"]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in rows)]) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--syncs", type=int, default=20)
    parser.add_argument("--idle", type=float, default=30.0, metavar="SECONDS")
    parser.add_argument("--out", type=Path, default=Path("bench/results/living.md"))
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="haberci-living-") as folder:
        cache = Settings.read().cache
        followed = follow(Path(folder) / "followed", cache, syncs=arguments.syncs, idle_s=arguments.idle)
        worn = wear(Path(folder) / "worn", cache)
    text = f"{table(followed)}\n{worn_table(worn)}"
    arguments.out.write_text(f"# A chat that follows its library\n\n{text}", encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
