"""Recall of the right article in every layout of languages, Haberci beside its peers."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterable, Sequence
from tempfile import TemporaryDirectory
from typing import Any

from bench.data import LAYOUT_TITLES, Paragraph, Question, lay_out, spread
from bench.memo import MemoEmbedder, shared_model
from bench.peers import PASSAGES, Missing, Model, System, load_peers, unique
from bench.report import (
    LANGUAGE_NAMES,
    Cell,
    Report,
    Setup,
    describe_machine,
    directions,
    say,
    share,
    show,
    steps,
    table,
)
from index import LANGUAGES, Index, Settings

KINDS = ("all", "same", "cross")


class Haberci:
    """Haberci's index in a temporary folder. ``index_class``: a variant of it to be measured."""

    version = ""

    def __init__(self, embedder: MemoEmbedder, name: str = "Haberci", index_class: type[Index] = Index) -> None:
        self.name = name
        self._embedder = embedder
        self._index_class = index_class
        self._folder: TemporaryDirectory[str] | None = None
        self.index: Index | None = None

    def build(self, articles: Sequence[Paragraph]) -> None:
        self.close()
        self._folder = TemporaryDirectory(prefix="haberci-bench-", ignore_cleanup_errors=True)
        self.index = self._index_class.open(self._folder.name, settings=Settings.read(), embedder=self._embedder)
        self.index.add(article.to_article() for article in articles)

    def search(self, question: str, k: int) -> list[str]:
        assert self.index is not None, "build comes first"
        return unique(passage.article_id for passage in self.index.search(question, k))

    def close(self) -> None:
        """Remove the library."""
        if self.index is not None:
            self.index.close()
            self.index = None
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None


def load_systems(embedder: MemoEmbedder) -> tuple[System | Missing, ...]:
    """Haberci and its peers, those that are not installed too."""
    from transformers.utils import logging

    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    model = Model(str(embedder.folder), embedder.query_prefix, embedder.passage_prefix)
    with shared_model(embedder):
        return (Haberci(embedder), *load_peers(model))


def run(setup: Setup) -> Report:
    """Measure every system in every layout."""
    report = Report("retrieval", "Retrieval: the right article first")
    report.add(
        "Recall@1 / recall@5 of the article that answers. Every article is in the library in one language only, so "
        "a question in the other language can only be answered across languages. All systems use the same model, "
        "prefixes and articles in one run.",
        "![Recall@1 by layout and direction](recall.svg)",
        setup.describe(),
    )
    results: dict[str, dict[str, Any]] = {}
    with shared_model(setup.embedder):
        embed_texts(setup)
        for layout in setup.layouts:
            results[layout] = {
                system.name: {"missing": system.hint} if isinstance(system, Missing) else measure(system, setup, layout)
                for system in setup.systems
            }
            report.add(f"## {LAYOUT_TITLES[layout]}", _table(results[layout]))
    questions = [row.text for language in LANGUAGES for row in spread(setup.corpus.questions[language], 15)]
    embedding_ms = round(setup.embedder.query_p50_ms(questions), 1)
    report.add(_notes(setup.systems, embedding_ms))
    report.figures = {"layouts": results, "query_embedding_p50_ms": embedding_ms, "setup": setup.describe()}
    return report


def embed_texts(setup: Setup) -> None:
    """Embed what all systems ask for at once: batches are several times faster than one by one."""
    for language in LANGUAGES:
        name = LANGUAGE_NAMES[language]
        questions = [row.text for row in spread(setup.corpus.questions[language], setup.limit)]
        for at in steps(range(0, len(questions), 64), f"Embedding {name} questions"):
            setup.embedder.encode_query_tokens(questions[at : at + 64])
        texts = [row.text for row in setup.corpus.paragraphs[language]]
        for at in steps(range(0, len(texts), 16), f"Embedding {name} articles"):
            setup.embedder.encode_passage_tokens(texts[at : at + 16])


def measure(system: System, setup: Setup, layout: str) -> dict[str, Any]:
    """``{tr,en}.{all,same,cross}.{r1,r5}`` and ``search_p50_ms``, the question's embedding not counted."""
    articles = lay_out(setup.corpus, layout)
    language_of = {article.id: article.language for article in articles}
    say(f"{layout}: {system.name}")
    system.build(articles)
    figures: dict[str, Any] = {"version": system.version}
    times: list[float] = []
    for language in LANGUAGES:
        rows = spread(setup.corpus.questions[language], setup.limit)
        setup.embedder.encode_query_tokens([row.text for row in rows])
        ranks = []
        for row in steps(rows, f"{layout}: {system.name}: {LANGUAGE_NAMES[language]}"):
            started = time.perf_counter()
            found = system.search(row.text, PASSAGES)
            times.append(time.perf_counter() - started)
            ranks.append((rank(row, found), language_of[row.article_id] == language))
        figures |= recalls(language, ranks)
    figures["search_p50_ms"] = round(1e3 * statistics.median(times), 1)
    return figures


def rank(question: Question, found: Sequence[str]) -> int | None:
    """The place of the right article among those found, from 0; None when it is not there."""
    return found.index(question.article_id) if question.article_id in found else None


def recalls(language: str, ranks: Sequence[tuple[int | None, bool]]) -> dict[str, float]:
    """Recall@1 and @5 of ranks that each come with whether the article is in the question's language."""
    figures = {}
    for kind in KINDS:
        group = [place for place, is_same in ranks if kind == "all" or is_same == (kind == "same")]
        for depth in (1, 5):
            value = share([place is not None and place < depth for place in group])
            if value is not None:
                figures[f"{language}.{kind}.r{depth}"] = value
    return figures


def _table(results: dict[str, dict[str, Any]]) -> str:
    words = dict(directions()) | {f"{language}.all": f"{LANGUAGE_NAMES[language]} questions" for language in LANGUAGES}
    measured = {key.removesuffix(".r1") for figures in results.values() for key in figures if key.endswith(".r1")}
    keys = [f"{language}.{kind}" for language in LANGUAGES for kind in KINDS if f"{language}.{kind}" in measured]
    # With articles in one language only, "all" says the same as the one kind that is left.
    is_mixed = {"tr.same", "tr.cross"} <= measured
    keys = [key for key in keys if is_mixed or not key.endswith(".all")]
    rows: list[list[Cell]] = []
    for name, figures in results.items():
        if "missing" in figures:
            rows.append([name, figures["missing"], *[None] * len(keys)])
        else:
            pairs = (f"{show(figures[f'{key}.r1'])} / {show(figures[f'{key}.r5'])}" for key in keys)
            rows.append([name, *pairs, f"{figures['search_p50_ms']:.1f}"])
    return table(["system", *(words[key] for key in keys), "search p50, ms"], rows)


def _notes(systems: Iterable[System | Missing], embedding_ms: float) -> str:
    times = (
        f"Times: {describe_machine()}, the question's vector at hand; embedding a question adds {embedding_ms} ms "
        "(p50) to every system."
    )
    peers = [
        f"- {system.name}: {system.hint if isinstance(system, Missing) else system.version}"
        for system in systems
        if isinstance(system, Missing) or system.version
    ]
    return "\n".join([times, "", "Peers:", "", *peers])
