"""Evidence and refusals: which sentence answers, and what is left unanswered when nothing does.

Every second topic is in the library, less the first paragraph of each. A question on a topic that is not there
cannot be answered (``refused``); nor can one on a paragraph left out, though its topic is there (``near_refused``: the
hard case, where a neighbour may in truth answer a few).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal
from unittest.mock import patch

import bot.evidence
from bench.data import Paragraph, Question, lay_out, spread
from bench.report import LANGUAGE_NAMES, Report, Setup, directions, share, steps, table
from bench.retrieval import Haberci
from bench.thresholds import threshold_tables
from bot.chain import build_findings_chain
from bot.evidence import Evidence
from index import LANGUAGES, Language

LAYOUT = "mixed"

Kind = Literal["same", "cross", "absent", "near"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """One question as if no threshold stood. ``score``: of the best evidence, None without any.

    ``kind``: the article that answers is in the question's language ("same") or the other ("cross"), its topic
    is not in the library ("absent"), or only its paragraph is not ("near"). ``hits``: whether each quote holds the
    answer.
    """

    language: Language
    topic: str
    kind: Kind
    score: float | None
    hits: tuple[bool, ...] = ()

    @property
    def direction(self) -> str:
        return f"{self.language}.{self.kind}"

    def is_found(self, threshold: float) -> bool:
        """Whether it is answered when evidence must score at least ``threshold``."""
        return self.score is not None and self.score >= threshold


def run(setup: Setup) -> Report:
    """Evidence and refusals by the current settings, then by a range of thresholds."""
    outcomes = collect(setup)
    threshold = bot.evidence.MIN_SCORE
    figures = measure(outcomes, threshold)
    report = Report("answers", "Answers: the right sentence, or none")
    report.add(
        "Evidence1 and evidence3: a question's first quote, or one of its first three, holds the answer's place. "
        "Refused: questions on topics that are not in the library. Near: questions on paragraphs that are not in the "
        "library though their topic is. Articles alternate between the languages.",
        setup.describe(),
        f"## Current settings (MIN_SCORE = {threshold})",
        _evidence_table(figures),
        _refusal_table(figures),
    )
    choice, blocks = threshold_tables(outcomes, setup.corpus.topics)
    report.add(*blocks)
    report.figures = {"setup": setup.describe(), "min_score": threshold, "current": figures, "thresholds": choice}
    return report


def collect(setup: Setup) -> list[Outcome]:
    """Ask every question once, with the threshold out of the way."""
    kept = set(setup.corpus.topics[::2])
    library = [a for a in lay_out(setup.corpus, LAYOUT) if a.topic in kept and a.number]
    by_id = {article.id: article for article in library}
    haberci = Haberci(setup.embedder)
    haberci.build(library)
    assert haberci.index is not None
    chain = build_findings_chain(haberci.index)
    outcomes: list[Outcome] = []
    with patch.object(bot.evidence, "MIN_SCORE", float("-inf")):
        for language in LANGUAGES:
            rows = spread(list(enumerate(setup.corpus.questions[language])), setup.limit)
            setup.embedder.encode_query_tokens([row.text for _, row in rows])
            for place, row in steps(rows, f"Answers: {LANGUAGE_NAMES[language]} questions"):
                evidence = chain.invoke(row.text)["evidence"]
                article = by_id.get(row.article_id)
                # The same question in the article's language knows where the answer stands in its text.
                gold = setup.corpus.questions[article.language][place] if article else None
                outcomes.append(judge(row, article, gold, evidence, is_near=row.topic in kept))
    haberci.close()
    return outcomes


def judge(
    question: Question, article: Paragraph | None, gold: Question | None, evidence: Sequence[Evidence], *, is_near: bool
) -> Outcome:
    """``article``: the one that answers, None when the library does not hold it."""
    score = evidence[0].score if evidence else None
    if article is None or gold is None:
        return Outcome(question.language, question.topic, "near" if is_near else "absent", score)
    hits = tuple(e.passage.article_id == article.id and e.start <= gold.start < e.end for e in evidence)
    kind: Kind = "same" if article.language == question.language else "cross"
    return Outcome(question.language, question.topic, kind, score, hits)


def measure(outcomes: Sequence[Outcome], threshold: float) -> dict[str, Any]:
    """``{tr,en}.{same,cross}.{answered,evidence1,evidence3}`` and ``{tr,en}.{refused,near_refused}``."""
    figures: dict[str, Any] = {}
    for direction, _ in directions():
        group = [o for o in outcomes if o.direction == direction]
        if group:
            figures[f"{direction}.answered"] = share([o.is_found(threshold) for o in group])
            figures[f"{direction}.evidence1"] = share([o.is_found(threshold) and any(o.hits[:1]) for o in group])
            figures[f"{direction}.evidence3"] = share([o.is_found(threshold) and any(o.hits[:3]) for o in group])
    for language in LANGUAGES:
        for kind, name in (("absent", "refused"), ("near", "near_refused")):
            group = [o for o in outcomes if o.language == language and o.kind == kind]
            if group:
                figures[f"{language}.{name}"] = share([not o.is_found(threshold) for o in group])
    return figures


def _evidence_table(figures: dict[str, Any]) -> str:
    names = ("answered", "evidence1", "evidence3")
    rows = [[words, *(figures.get(f"{key}.{name}") for name in names)] for key, words in directions()]
    return table(["direction", *names], rows)


def _refusal_table(figures: dict[str, Any]) -> str:
    names = ("refused", "near_refused")
    rows = [[LANGUAGE_NAMES[lang], *(figures.get(f"{lang}.{name}") for name in names)] for lang in LANGUAGES]
    return table(["questions", "refused (topic absent)", "refused (near)"], rows)
