"""Questions with a text, and the words of it that answer, or none: what a reader learns from.

Four sources: the bilingual reports and articles that the project owns (``bench/reports``, ``bench/articles``), TQuAD's
Turkish questions, and the development half of XQuAD. Everything that is drawn by chance is drawn from the generator
that is passed in.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from bench.data import Corpus, DataError, Paragraph
from bench.rewriting import in_lower_case, with_typo, without_diacritics, without_question_mark
from index import LANGUAGES, Language

REPORTS = Path(__file__).parents[1] / "reports"
ARTICLES = Path(__file__).parents[1] / "articles"

# Shares of questions that are rewritten as people type on a phone.
_FOLDED, _LOWERED, _MISSPELT = 0.15, 0.15, 0.1
# Shares of reports that are cut to a run of their sentences, with and without the one that answers.
_CROPPED, _CROPPED_AWAY = 0.35, 0.1
_WINDOW_CHARS = 900
# Questions of a paragraph that are also asked on another one of its article, in each direction.
_ON_OTHER_PARAGRAPHS = 3


@dataclass(frozen=True, slots=True)
class Example:
    """``text[start:end]`` answers ``question``; nothing does when ``start`` is None. ``group``: examples of one group
    must not be divided between training and validation."""

    question: str
    text: str
    start: int | None
    end: int | None
    group: str
    question_language: Language
    text_language: Language

    @property
    def answer(self) -> str | None:
        return None if self.start is None else self.text[self.start : self.end]

    @property
    def direction(self) -> str:
        return f"{self.question_language}-{self.text_language}"


# --- the project's own texts ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class BilingualReport:
    """Sentence n of one language says what sentence n of the other says. ``questions``: "tr" and "en", "sentence" (its
    number), "answer_tr" and "answer_en" (verbatim in it), "type". ``unanswered``: "tr" and "en"."""

    topic: str
    kind: str
    sentences: dict[Language, list[str]]
    questions: list[dict[str, Any]]
    unanswered: list[dict[Language, str]]


def load_reports(folder: Path = REPORTS) -> list[BilingualReport]:
    """All reports in ``folder``, in the order of their files. Raises :class:`DataError` when there are none."""
    return [_to_report(row["topic"], row["kind"], row) for row in _rows(folder)]


def load_articles(folder: Path = ARTICLES) -> list[list[BilingualReport]]:
    """All encyclopedia articles in ``folder``, each as its paragraphs, whose topic is the article's English title.
    Raises :class:`DataError` when there are none."""
    return [
        [_to_report(row["title"]["en"], "reference", paragraph) for paragraph in row["paragraphs"]]
        for row in _rows(folder)
    ]


def _rows(folder: Path) -> list[dict[str, Any]]:
    files = sorted(folder.rglob("*.jsonl"))
    rows = [json.loads(line) for file in files for line in file.read_text(encoding="utf-8").split("\n") if line.strip()]
    if not rows:
        raise DataError(f"{folder} holds no texts (*.jsonl)")
    return rows


def _to_report(topic: str, kind: str, row: dict[str, Any]) -> BilingualReport:
    sentences: dict[Language, list[str]] = {language: row[language] for language in LANGUAGES}
    return BilingualReport(topic, kind, sentences, row["questions"], row["unanswered"])


def article_examples(articles: Sequence[Sequence[BilingualReport]], chance: random.Random) -> list[Example]:
    """The same of paragraphs as :func:`report_examples`, where the other one is of the same article."""
    examples = []
    for paragraphs in articles:
        numbers = range(len(paragraphs))
        others = [[other for other in numbers if other != number] for number in numbers]
        examples += report_examples(paragraphs, others, chance, _ON_OTHER_PARAGRAPHS)
    return examples


def report_examples(
    reports: Sequence[BilingualReport], neighbours: Sequence[Sequence[int]], chance: random.Random, elsewhere: int = 1
) -> list[Example]:
    """Every question in both languages on the report in both, every unanswered one too, and ``elsewhere`` questions on
    another report. ``neighbours[n]``: numbers of the reports most like report n, which make the hardest of those."""
    examples = []
    for number, report in enumerate(reports):
        for asked in LANGUAGES:
            for written in LANGUAGES:
                sentences = report.sentences[written]
                examples += [_cropped(report, question, asked, written, chance) for question in report.questions]
                examples += [
                    _example(row[asked], sentences, None, "", report.topic, asked, written) for row in report.unanswered
                ]
                for other in chance.sample(neighbours[number], min(elsewhere, len(neighbours[number]))):
                    there = reports[other].sentences[written]
                    # Two reports may be on one subject: what the other one answers as well is not asked of it.
                    fitting = [q for q in report.questions if q[f"answer_{written}"] not in " ".join(there)]
                    if fitting:
                        question = chance.choice(fitting)[asked]
                        examples.append(_example(question, there, None, "", report.topic, asked, written))
    return examples


def _cropped(
    report: BilingualReport, question: dict[str, Any], asked: Language, written: Language, chance: random.Random
) -> Example:
    """A question on its report, at times on a run of its sentences, seldom on one without the sentence that answers."""
    sentences, at, answer = report.sentences[written], question["sentence"], question[f"answer_{written}"]
    draw = chance.random()
    if draw < _CROPPED:
        first, last = chance.randint(0, at), chance.randint(at, len(sentences) - 1)
        sentences, at = sentences[first : last + 1], at - first
    elif draw < _CROPPED + _CROPPED_AWAY:
        before, after = sentences[:at], sentences[at + 1 :]
        sentences = max(before, after, key=len)
        if not any(answer in sentence for sentence in sentences):
            return _example(question[asked], sentences, None, "", report.topic, asked, written)
        sentences = report.sentences[written]
    return _example(question[asked], sentences, at, answer, report.topic, asked, written)


def _example(
    question: str, sentences: Sequence[str], at: int | None, answer: str, group: str, asked: Language, written: Language
) -> Example:
    text = " ".join(sentences)
    if at is None:
        return Example(question, text, None, None, group, asked, written)
    inside = _whole_word_place(sentences[at], answer)
    start = sum(len(sentence) + 1 for sentence in sentences[:at]) + inside
    return Example(question, text, start, start + len(answer), group, asked, written)


def _whole_word_place(sentence: str, answer: str) -> int:
    found = re.search(rf"(?<!\w){re.escape(answer)}(?!\w)", sentence)
    if found is None:
        raise DataError(f"the answer {answer!r} is not in its sentence {sentence!r}")
    return found.start()


# --- TQuAD ------------------------------------------------------------------------------------------


def load_tquad(file: Path, chance: random.Random, other_share: float = 0.3) -> list[Example]:
    """TQuAD's Turkish questions, each on a window of its paragraph; ``other_share`` of them on another paragraph of
    the same article instead. Questions whose answer is not where the file says are left out."""
    examples = []
    for article in json.loads(file.read_text(encoding="utf-8"))["data"]:
        paragraphs = article["paragraphs"]
        for number, paragraph in enumerate(paragraphs):
            for row in paragraph["qas"]:
                others = [p["context"] for i, p in enumerate(paragraphs) if i != number]
                answer, start = row["answers"][0]["text"], int(row["answers"][0]["answer_start"])
                if paragraph["context"][start : start + len(answer)] != answer or not answer.strip():
                    continue
                question = row["question"].strip()
                if others and chance.random() < other_share:
                    text = chance.choice(others)
                    if answer not in text:
                        text = _window(text, chance.randrange(len(text)), 0, chance)[0]
                        examples.append(Example(question, text, None, None, article["title"], "tr", "tr"))
                        continue
                text, start = _window(paragraph["context"], start, len(answer), chance)
                end = start + len(answer)
                examples.append(Example(question, text, start, end, article["title"], "tr", "tr"))
    return examples


def _window(text: str, start: int, length: int, chance: random.Random) -> tuple[str, int]:
    """About ``_WINDOW_CHARS`` characters of whole sentences around a place, and where the place is in them."""
    if len(text) <= _WINDOW_CHARS:
        return text, start
    begin = max(0, min(start - chance.randint(0, max(0, _WINDOW_CHARS - length)), len(text) - _WINDOW_CHARS))
    end = max(begin + _WINDOW_CHARS, start + length)
    openings = [0, *(found.end() for found in re.finditer(r"[.!?]\s+", text))]
    begin = max((place for place in openings if place <= begin), default=0)
    end = min((place for place in [*openings, len(text)] if place >= end), default=len(text))
    return text[begin:end].rstrip() if end < len(text) else text[begin:], start - begin


# --- XQuAD ------------------------------------------------------------------------------------------


def xquad_examples(corpus: Corpus, topics: Iterable[str]) -> list[Example]:
    """Every question of the topics in both languages on its own paragraph in both."""
    wanted = set(topics)
    examples = []
    for asked in LANGUAGES:
        for written in LANGUAGES:
            by_id = {paragraph.id: paragraph for paragraph in corpus.paragraphs[written]}
            # The n-th question is the same one in every language; its twin knows where the answer is.
            for question, twin in zip(corpus.questions[asked], corpus.questions[written], strict=True):
                if question.topic in wanted:
                    text, end = by_id[twin.article_id].text, twin.start + len(twin.answer)
                    examples.append(Example(question.text, text, twin.start, end, question.topic, asked, written))
    return examples


def wrong_paragraphs(examples: Sequence[Example], corpus: Corpus, share: float, chance: random.Random) -> list[Example]:
    """A share of XQuAD's examples again, each on another paragraph of the same topic, where nothing answers."""
    by_topic: dict[tuple[str, Language], list[Paragraph]] = {}
    for language in LANGUAGES:
        for paragraph in corpus.paragraphs[language]:
            by_topic.setdefault((paragraph.topic, language), []).append(paragraph)
    found = []
    for example in examples:
        others = [
            p
            for p in by_topic[example.group, example.text_language]
            if p.text != example.text and (example.answer is None or example.answer not in p.text)
        ]
        if others and chance.random() < share:
            found.append(replace(example, text=chance.choice(others).text, start=None, end=None))
    return found


# --- sloppy questions -------------------------------------------------------------------------------


def sloppy(examples: Iterable[Example], chance: random.Random) -> list[Example]:
    """The same examples, some of their questions without Turkish letters, in lower case, or with a typo."""
    return [replace(example, question=_sloppy(example, chance)) for example in examples]


def _sloppy(example: Example, chance: random.Random) -> str:
    question, language = example.question, example.question_language
    if chance.random() < _MISSPELT:
        question = chance.choice(with_typo(question, language) or [question])
    if chance.random() < _LOWERED:
        (question,) = in_lower_case(question, language)
        (question,) = without_question_mark(question, language)
    if language == "tr" and chance.random() < _FOLDED:
        (question,) = without_diacritics(question, language)
    return question
