"""Evidence and refusals: which sentence answers, and what is left unanswered when nothing does.

Every second topic is in the library, less the first paragraph of each. A question on a topic that is not there
cannot be answered (``refused``); nor can one on a paragraph left out, though its topic is there (``near_refused``: the
hard case, where a neighbour may in truth answer a few).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from bench.data import Paragraph, Question, lay_out, spread
from bench.reading.words import auroc, token_f1
from bench.report import LANGUAGE_NAMES, Cell, Report, Setup, directions, share, steps, table
from bench.retrieval import Haberci
from bench.thresholds import threshold_tables
from bot.chain import build_findings_chain
from bot.evidence import MATCHED, READ, Evidence, Scale, select_evidence
from bot.reader import Reader, Reading, open_reader
from index import LANGUAGES, Language, Passage

LAYOUT = "mixed"
# What a unit of the reader's margin may weigh.
WEIGHTS = (0.0, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.7, 1.0)

Kind = Literal["same", "cross", "absent", "near"]


@dataclass(frozen=True, slots=True)
class Asked:
    """One question with what was found and read for it. ``article``: the one that answers, None when the library does
    not hold it; ``gold``: the same question in that article's language, which knows where the answer stands."""

    question: Question
    article: Paragraph | None
    gold: Question | None
    is_near: bool
    passages: list[Passage]
    readings: list[Reading]


@dataclass(frozen=True, slots=True)
class Outcome:
    """One question as if no threshold stood. ``score``: of the best evidence, None without any.

    ``kind``: the article that answers is in the question's language ("same") or the other ("cross"), its topic
    is not in the library ("absent"), or only its paragraph is not ("near"). ``hits``: whether each quote holds the
    answer. ``f1``: of the exact words marked in the first quote, 0 when none are.
    """

    language: Language
    topic: str
    kind: Kind
    score: float | None
    hits: tuple[bool, ...] = ()
    f1: float = 0.0

    @property
    def direction(self) -> str:
        return f"{self.language}.{self.kind}"

    def is_found(self, threshold: float) -> bool:
        """Whether it is answered when evidence must score at least ``threshold``."""
        return self.score is not None and self.score >= threshold


def run(setup: Setup) -> Report:
    """Evidence and refusals by the current settings, then by a range of thresholds and of the reader's weights."""
    reader = open_reader(setup.embedder, setup.reader)
    asked = ask_all(setup, reader)
    scale = READ if reader else MATCHED
    outcomes = judge_all(asked, scale)
    report = Report("answers", "Answers: the right sentence, or none", {"setup": setup.describe()})
    report.add(
        EXPLANATION,
        setup.describe(),
        f"## Current settings ({'with' if reader else 'without'} a reader, lowest score {scale.lowest})",
    )
    add_tables(report, asked, outcomes, scale, setup.corpus.topics)
    return report


EXPLANATION = (
    "Evidence1 and evidence3: a question's first quote, or one of its first three, holds the answer's place. F1: the "
    "words marked in the first quote against the answer's. Refused: questions on topics that are not in the library. "
    "Near: questions on paragraphs that are not in the library though their topic is. Articles alternate between the "
    "languages."
)


def add_tables(
    report: Report, asked: Sequence[Asked], outcomes: Sequence[Outcome], scale: Scale, topics: Sequence[str]
) -> None:
    """What the scale gives, what other weights and thresholds would give."""
    figures = measure(outcomes, scale.lowest)
    report.add(_evidence_table(figures), _refusal_table(figures))
    if any(each.readings for each in asked):
        weights = {weight: summarize(judge_all(asked, replace(scale, reading=weight))) for weight in WEIGHTS}
        report.add("## What the reader weighs", *_weights_table(weights))
        report.figures["weights"] = {str(weight): found for weight, found in weights.items()}
    choice, blocks = threshold_tables(outcomes, topics)
    report.add(*blocks)
    report.figures |= {"lowest": scale.lowest, "current": figures, "thresholds": choice}


def ask_all(setup: Setup, reader: Reader | None, topics: Collection[str] | None = None) -> list[Asked]:
    """Search and read for every question, or every one on ``topics``, once."""
    kept = set(setup.corpus.topics[::2])
    library = [a for a in lay_out(setup.corpus, LAYOUT) if a.topic in kept and a.number]
    by_id = {article.id: article for article in library}
    haberci = Haberci(setup.embedder)
    haberci.build(library)
    assert haberci.index is not None
    chain = build_findings_chain(haberci.index, reader)
    asked: list[Asked] = []
    for language in LANGUAGES:
        wanted = [
            (place, row)
            for place, row in enumerate(setup.corpus.questions[language])
            if topics is None or row.topic in topics
        ]
        rows = spread(wanted, setup.limit)
        setup.embedder.encode_query_tokens([row.text for _, row in rows])
        for place, row in steps(rows, f"Answers: {LANGUAGE_NAMES[language]} questions"):
            found = chain.invoke(row.text)
            article = by_id.get(row.article_id)
            # The same question in the article's language knows where the answer stands in its text.
            gold = setup.corpus.questions[article.language][place] if article else None
            asked.append(Asked(row, article, gold, row.topic in kept, found["passages"], found["readings"]))
    haberci.close()
    return asked


def judge_all(asked: Sequence[Asked], scale: Scale) -> list[Outcome]:
    """Every question by this scale, its threshold out of the way."""
    open_scale = replace(scale, lowest=float("-inf"))
    return [
        judge(
            each.question,
            each.article,
            each.gold,
            select_evidence(each.passages, each.readings, open_scale),
            is_near=each.is_near,
        )
        for each in asked
    ]


def judge(
    question: Question, article: Paragraph | None, gold: Question | None, evidence: Sequence[Evidence], *, is_near: bool
) -> Outcome:
    """``article``: the one that answers, None when the library does not hold it."""
    score = evidence[0].score if evidence else None
    if article is None or gold is None:
        return Outcome(question.language, question.topic, "near" if is_near else "absent", score)
    hits = tuple(e.passage.article_id == article.id and e.start <= gold.start < e.end for e in evidence)
    kind: Kind = "same" if article.language == question.language else "cross"
    marked = evidence[0].words if evidence else None
    f1 = token_f1(marked, gold.answer) if marked else 0.0
    return Outcome(question.language, question.topic, kind, score, hits, f1)


def summarize(outcomes: Sequence[Outcome]) -> dict[str, float]:
    """Of all directions together, whatever the threshold: how well scores part what can be answered from what cannot
    (``absent`` and ``near``: areas under the curve), and how often one quote, or one of three, holds the answer."""
    answerable = [o for o in outcomes if o.kind in ("same", "cross")]
    scores = [o.score for o in answerable if o.score is not None]
    figures = {
        kind: auroc(scores, [o.score for o in outcomes if o.kind == kind and o.score is not None])
        for kind in ("absent", "near")
    }
    figures["evidence1"] = share([any(o.hits[:1]) for o in answerable]) or 0.0
    figures["evidence3"] = share([any(o.hits[:3]) for o in answerable]) or 0.0
    return {name: round(value, 4) for name, value in figures.items()}


def measure(outcomes: Sequence[Outcome], threshold: float) -> dict[str, Any]:
    """``{tr,en}.{same,cross}.{answered,evidence1,evidence3,f1}`` and ``{tr,en}.{refused,near_refused}``."""
    figures: dict[str, Any] = {}
    for direction, _ in directions():
        group = [o for o in outcomes if o.direction == direction]
        if group:
            figures[f"{direction}.answered"] = share([o.is_found(threshold) for o in group])
            figures[f"{direction}.evidence1"] = share([o.is_found(threshold) and any(o.hits[:1]) for o in group])
            figures[f"{direction}.evidence3"] = share([o.is_found(threshold) and any(o.hits[:3]) for o in group])
            figures[f"{direction}.f1"] = round(sum(o.f1 for o in group if o.is_found(threshold)) / len(group), 4)
    for language in LANGUAGES:
        for kind, name in (("absent", "refused"), ("near", "near_refused")):
            group = [o for o in outcomes if o.language == language and o.kind == kind]
            if group:
                figures[f"{language}.{name}"] = share([not o.is_found(threshold) for o in group])
    return figures


def _evidence_table(figures: dict[str, Any]) -> str:
    names = ("answered", "evidence1", "evidence3", "f1")
    rows = [[words, *(figures.get(f"{key}.{name}") for name in names)] for key, words in directions()]
    return table(["direction", *names], rows)


def _refusal_table(figures: dict[str, Any]) -> str:
    names = ("refused", "near_refused")
    rows = [[LANGUAGE_NAMES[lang], *(figures.get(f"{lang}.{name}") for name in names)] for lang in LANGUAGES]
    return table(["questions", "refused (topic absent)", "refused (near)"], rows)


def _weights_table(weights: dict[float, dict[str, float]]) -> list[str]:
    rows: list[list[Cell]] = [[f"{weight:g}", *found.values()] for weight, found in weights.items()]
    return [
        (
            "A unit of the reader's margin weighs this much beside a deviation above unrelated text. Absent, near: the "
            "area under the curve of answerable questions against those on absent topics and paragraphs. No threshold."
        ),
        table(["weight", "absent", "near", "evidence1", "evidence3"], rows),
    ]
