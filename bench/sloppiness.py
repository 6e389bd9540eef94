"""A reader's sloppiness: what recall loses when questions are typed carelessly."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bench.data import Question, lay_out, spread
from bench.report import LANGUAGE_NAMES, Cell, Report, Setup, steps, table
from bench.retrieval import Haberci, rank
from bench.rewriting import REWRITINGS, Rewriting
from index import LANGUAGES, Language

LAYOUT = "mixed"
QUESTIONS = 60
SEARCHED = 12


def run(setup: Setup) -> Report:
    """Measure every rewriting on at most :data:`QUESTIONS` questions a language (fewer with a lower limit)."""
    limit = min(setup.limit or QUESTIONS, QUESTIONS)
    haberci = Haberci(setup.embedder)
    haberci.build(lay_out(setup.corpus, LAYOUT))
    figures = {
        name: {language: measure(haberci, setup, language, rewrite, limit, name) for language in LANGUAGES}
        for name, rewrite in REWRITINGS.items()
    }
    haberci.close()
    report = Report("sloppiness", "Sloppiness: questions as people type them")
    report.add(
        f"Recall@1 of at most {limit} evenly spread questions a language as they are and rewritten, and the points "
        "lost. Articles alternate between the languages. Changed: how many of the questions the rewriting changes; "
        "for another spelling of a name, the questions are those that hold a name of the benchmark's table.",
        setup.describe(),
        _table(figures),
    )
    report.figures = {"setup": setup.describe(), "rewritings": figures}
    return report


def measure(
    haberci: Haberci, setup: Setup, language: Language, rewrite: Rewriting, limit: int, name: str
) -> dict[str, Any]:
    """``r1``, ``r5`` of the questions as they are, ``rewritten_r1``, ``rewritten_r5``, and how many there were."""
    able = [(row, forms) for row in setup.corpus.questions[language] if (forms := list(rewrite(row.text, language)))]
    rows = spread(able, limit)
    setup.embedder.encode_query_tokens([text for row, forms in rows for text in (row.text, *forms)])
    before: list[float] = []
    after: list[float] = []
    before5: list[float] = []
    after5: list[float] = []
    for row, forms in steps(rows, f"{name}: {LANGUAGE_NAMES[language]}"):
        plain, *rewritten = (_place(haberci, row, text) for text in (row.text, *forms))
        before.append(plain < 1)
        before5.append(plain < 5)
        after.append(sum(place < 1 for place in rewritten) / len(rewritten))
        after5.append(sum(place < 5 for place in rewritten) / len(rewritten))
    return {
        "questions": len(rows),
        "changed": sum(any(form != row.text for form in forms) for row, forms in rows),
        "r1": _mean(before),
        "rewritten_r1": _mean(after),
        "r5": _mean(before5),
        "rewritten_r5": _mean(after5),
    }


def _place(haberci: Haberci, question: Question, text: str) -> int:
    place = rank(question, haberci.search(text, SEARCHED))
    return SEARCHED if place is None else place


def _mean(values: Sequence[float]) -> float | None:
    return round(sum(values) / len(values), 4) if values else None


def _table(figures: dict[str, dict[Language, dict[str, Any]]]) -> str:
    rows: list[list[Cell]] = []
    for name, by_language in figures.items():
        for language, found in by_language.items():
            lost = None if found["r1"] is None else f"{100 * (found['r1'] - found['rewritten_r1']):.1f}"
            lost5 = None if found["r5"] is None else f"{100 * (found['r5'] - found['rewritten_r5']):.1f}"
            counts = (found["questions"], found["changed"])
            rows.append([name, LANGUAGE_NAMES[language], *counts, found["r1"], found["rewritten_r1"], lost, lost5])
    head = ("rewriting", "questions", "n", "changed", "recall@1", "rewritten", "points lost", "recall@5 points lost")
    return table(head, rows)
