"""Answers in a language model's words, before and after verification, beside the quotes alone.

One run, one generation a question: what the model wrote is judged as it is, then as the reader gets to see it. Half of
the topics are in the library, as in :mod:`bench.answers`. A question counts as answered rightly when the words hold
most of the answer's, in the question's language; as kept when the reader gets those words or a quote that holds the
place of the answer.
"""

from __future__ import annotations

import re
import statistics
import tempfile
import time
from collections.abc import Generator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from langchain_core.language_models import BaseChatModel

from bench.answers import Asked, ask_all
from bench.reading.words import token_recall
from bench.report import Cell, Report, Setup, directions, share, steps, table
from bot.evidence import select_evidence
from bot.generation import GenerationError, generate
from bot.llm import open_llm
from bot.quote import quote_answer
from bot.reader import open_reader
from bot.types import Answer
from bot.verification import Verifier
from bot.writing import Writer, drafts, is_refusal
from index import Index, Language, Settings
from index.language import detect_language
from index.text import fold, tokens

RIGHT = 0.6
"""Share of the answer's words that a right answer holds."""

_MARK = re.compile(r"\[\d+\]")


@dataclass(slots=True)
class Written:
    """One question: what the model wrote (None when it was not asked) and what the reader is shown.

    ``kind`` as in :class:`~bench.answers.Outcome`. ``first_s``: seconds until the first verified sentence.
    """

    question: str
    language: Language
    kind: str
    gold: str
    raw: str | None
    shown: str
    method: str
    found: bool
    quotes: list[str]
    quoted_found: bool
    quoted_recall: float
    evidence1: bool
    quoted_evidence1: bool
    has_gold_quote: bool
    first_s: float | None
    seconds: float

    @property
    def is_answerable(self) -> bool:
        return self.kind in ("same", "cross")

    @property
    def raw_answers(self) -> bool:
        """Whether the model took it upon itself to answer."""
        return bool(self.raw and self.raw.strip()) and not all(is_refusal(each) for each in self.raw_sentences)

    @property
    def raw_sentences(self) -> list[str]:
        return [draft.text for draft in drafts([self.raw or ""], self.language)]

    @property
    def raw_is_right(self) -> bool:
        return self.raw_answers and token_recall(self.raw or "", self.gold) >= RIGHT

    @property
    def recall(self) -> float:
        return token_recall(_MARK.sub("", self.shown), self.gold) if self.found else 0.0

    @property
    def is_right(self) -> bool:
        return self.recall >= RIGHT


def run(setup: Setup) -> Report:
    """Ask every question once. Needs ``setup.llm``."""
    settings = Settings.read()
    llm = open_llm(setup.llm, settings)
    if llm is None:
        raise ValueError("--llm is needed for the generated answers")
    reader = open_reader(setup.embedder, setup.reader)
    asked = ask_all(setup, reader)
    with tempfile.TemporaryDirectory() as folder, Index.open(folder, embedder=setup.embedder) as index:
        verifier = Verifier(index)
        written = [
            write(llm.model, verifier, each, settings.llm_timeout_s)
            for each in steps(asked, "Answers by the language model")
        ]
    report = Report("generation", "Answers in a language model's words")
    # Of a file only its name: where it lies is nobody's concern.
    name = llm.name.rsplit("/", 1)[-1]
    report.figures = {"setup": setup.describe(), "model": name, "answers": [asdict(each) for each in written]}
    report.figures |= measure(written)
    report.add(EXPLANATION, f"{setup.describe()} Language model: {name}.", *tables(report.figures))
    return report


EXPLANATION = (
    "Bare: what the model wrote from the numbered quotes, as it is. Verified: what the reader gets to see. Quoted: the "
    "answer without a language model. Recall: share of the answer's words, in the question's language, in what is "
    "shown; a quote in the other language holds few of them. Unsupported: sentences with a figure, or a capitalised "
    "word within, that no quote has, by a plain comparison of letters that knows nothing of the verification (across "
    "languages it takes translated names for unsupported ones)."
)


def write(model: BaseChatModel, verifier: Verifier, asked: Asked, timeout_s: float) -> Written:
    """One question, from its evidence on."""
    question, evidence = asked.question, select_evidence(asked.passages, asked.readings)
    raw: list[str] = []

    def recording(*args: Any) -> Generator[str]:
        try:
            for piece in generate(*args):
                raw.append(piece)
                yield piece
        except GenerationError:
            raw.append("")
            raise

    started = time.perf_counter()
    first = None
    answer: Answer | None = None
    for answer in Writer(model, verifier, timeout_s, recording).write(question.text, evidence, question.language):
        first = first or (time.perf_counter() - started if answer.method == "llm" else None)
    assert answer is not None
    quoted = quote_answer(evidence, question.language)
    kind = "near" if asked.is_near else "absent"
    if asked.article is not None:
        kind = "same" if asked.article.language == question.language else "cross"
    return Written(
        question.text, question.language, kind, question.answer, "".join(raw) if raw else None, answer.text,
        answer.method, answer.found, [c.quote for c in answer.citations], quoted.found,
        token_recall(quoted.text, question.answer) if quoted.found else 0.0, _holds(answer, asked, 1),
        _holds(quoted, asked, 1), _holds(answer, asked, len(evidence)), first, time.perf_counter() - started,
    )  # fmt: skip


def _holds(answer: Answer, asked: Asked, first: int) -> bool:
    """Whether one of the first citations holds the answer's place."""
    if asked.article is None or asked.gold is None:
        return False
    return any(
        c.article_id == asked.article.id and c.start <= asked.gold.start < c.end for c in answer.citations[:first]
    )


# --- figures ----------------------------------------------------------------------------------------


def measure(written: Sequence[Written]) -> dict[str, Any]:
    """Shares by direction, and what verification keeps from the reader."""
    figures: dict[str, Any] = {"directions": {}, "refusals": {}}
    for key, _ in directions():
        group = [each for each in written if f"{each.language}.{each.kind}" == key]
        if group:
            figures["directions"][key] = {
                "questions": len(group),
                "quoted": _row([(w.quoted_found, w.quoted_evidence1, w.quoted_recall) for w in group]),
                "bare": _row([(w.raw_answers, None, token_recall(w.raw or "", w.gold)) for w in group]),
                "verified": _row([(w.found, w.evidence1, w.recall) for w in group]),
                "wrong_language": {
                    "bare": share([_is_wrong_language(w.raw or "", w.language) for w in group if w.raw_answers]),
                    "verified": share([_is_wrong_language(w.shown, w.language) for w in group if w.method == "llm"]),
                },
                "by_model": share([w.method == "llm" for w in group]),
            }  # fmt: skip
    for kind in ("absent", "near"):
        group = [each for each in written if each.kind == kind]
        if group:
            figures["refusals"][kind] = {
                "questions": len(group),
                "quoted": share([w.quoted_found for w in group]),
                "bare": share([w.raw_answers for w in group]),
                "generated": share([w.method == "llm" for w in group]),
                "verified": share([w.found for w in group]),
            }
    right = [each for each in written if each.is_answerable and each.raw_is_right]
    figures["right_before"] = len(right)
    figures["lost_words"] = share([not w.is_right for w in right])
    figures["lost"] = share([not (w.is_right or (w.found and w.has_gold_quote)) for w in right])
    figures["unsupported"] = {
        "bare": _unsupported([(w.raw_sentences, w) for w in written if w.raw_answers]),
        "verified": _unsupported([([_MARK.sub("", s) for s in _shown(w)], w) for w in written if w.method == "llm"]),
    }
    firsts = sorted(w.first_s for w in written if w.first_s is not None)
    figures["first_sentence_s"] = {"p50": _at(firsts, 0.5), "p95": _at(firsts, 0.95)}
    return figures


def _row(values: Sequence[tuple[bool, bool | None, float]]) -> dict[str, float | None]:
    evidence = [hit for _, hit, _ in values if hit is not None]
    return {
        "answered": share([found for found, _, _ in values]),
        "evidence1": share(evidence),
        "recall": round(statistics.fmean(recall for *_, recall in values), 4),
    }


def _at(values: Sequence[float], quantile: float) -> float | None:
    return round(values[min(len(values) - 1, int(quantile * len(values)))], 2) if values else None


def _shown(written: Written) -> list[str]:
    return [draft.text for draft in drafts([written.shown], written.language)]


def _is_wrong_language(text: str, language: Language) -> bool:
    words = [token for token in tokens(_MARK.sub("", text)) if not token.is_number]
    return len(words) > 3 and detect_language(_MARK.sub("", text)) != language


def _unsupported(rows: Sequence[tuple[Sequence[str], Written]]) -> dict[str, Any]:
    """How many sentences have a figure or a capitalised word that the quotes have not; the first few of them."""
    total, found = 0, []
    for sentences, written in rows:
        for sentence in sentences:
            total += 1
            missing = missing_parts(sentence, " ".join(written.quotes))
            if missing:
                found.append({"sentence": sentence, "missing": missing, "kind": written.kind, "quotes": written.quotes})
    return {"sentences": total, "figures": sum(any(p.isdecimal() for p in f["missing"]) for f in found),
            "names": sum(any(not p.isdecimal() for p in f["missing"]) for f in found), "found": found}  # fmt: skip


def missing_parts(sentence: str, quotes: str) -> list[str]:
    """The runs of digits and capitalised words (but the first) of a sentence that quotes have not: a plain comparison
    of letters, independent of :mod:`bot.verification`."""
    folded = fold(quotes)
    numbers = set(re.findall(r"\d+", re.sub(r"(?<=\d)[.,](?=\d{3})", "", quotes)))
    wanted = re.findall(r"\d+", re.sub(r"(?<=\d)[.,](?=\d{3})", "", sentence))
    words = re.findall(r"(?<=[a-zçğıöşü,;] )[A-ZÇĞİÖŞÜ][\w'’-]{2,}", sentence)
    return [n for n in wanted if n not in numbers] + [w for w in words if fold(w)[:4] not in folded]


# --- tables -----------------------------------------------------------------------------------------


def tables(figures: dict[str, Any]) -> list[str]:
    rows: list[list[Cell]] = []
    for key, words in directions():
        found = figures["directions"].get(key)
        if found:
            for name in ("quoted", "bare", "verified"):
                wrong = found["wrong_language"].get(name)
                rows.append([words if name == "quoted" else "", name, *found[name].values(), wrong])
    refusals: list[list[Cell]] = [
        [what, found["questions"], found["quoted"], found["bare"], found["generated"], found["verified"]]
        for kind, what in (("absent", "topic absent"), ("near", "paragraph absent"))
        if (found := figures["refusals"].get(kind))
    ]
    unsupported: list[list[Cell]] = [
        [name, found["sentences"], found["figures"], found["names"]] for name, found in figures["unsupported"].items()
    ]
    times = figures["first_sentence_s"]
    return [
        table(["direction", "answers", "answered", "evidence1", "recall", "wrong language"], rows),
        "## Questions that the library does not answer: share answered nevertheless",
        table(["why", "questions", "quoted", "bare", "in the model's words, verified", "verified, quotes included"],
              refusals),
        "## Sentences with parts that the quotes have not",
        table(["answers", "sentences", "with a figure", "with a name"], unsupported),
        (f"Right before verification: {figures['right_before']} questions. Of these, no longer in the model's words: "
         f"{_percent(figures['lost_words'])}; neither the words nor the quote are shown: {_percent(figures['lost'])}."),
        f"First verified sentence after {times['p50']} s (median), {times['p95']} s (95 %).",
    ]  # fmt: skip


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{100 * value:.1f} %"
