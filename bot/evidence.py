"""Passages to evidence: which one to three sentences answer, or none."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from index import Passage, Sentence

MAX_EVIDENCE = 3
# Sentences in one quote: neighbours that would make it longer stand for themselves.
MAX_QUOTED = 3

# Chosen on half of XQuAD's topics. bench/answers.py chooses MIN_SCORE; the others were set by trial before words were
# matched one by one, when moving them a little changed evidence by about a point.
# A sentence counts by itself and by the passage it stands in, with these shares.
SENTENCE_SHARE = 0.5
# Below this score, in deviations above unrelated text, nothing answers: the value with the most questions answered
# plus questions on absent topics refused (the two halves of the topics choose 5.20 and 5.25).
MIN_SCORE = 5.2
# A sentence this much below the best one is shown beside it ...
MARGIN = 2.5
# ... and one of the best one's own passage is preferred by this much: together they read as one answer.
SAME_PASSAGE = 0.5
# Chosen neighbours become one quote when neither is far below the best one; else each stands for itself.
JOIN_MARGIN = 1.0

# A sentence that opens with one of these speaks of what the sentence before it said.
_LOOKS_BACK = re.compile(
    r"(?:bu|bunu|buna|bunun|bunda|bundan|bunlar\w*|şu|o|onu|ona|onun|onlar\w*|böyle\w*|söz konusu|ayrıca|ancak|"
    r"fakat|ama|oysa|çünkü|üstelik|this|that|these|those|it|its|he|his|she|her|they|their|such|however|but|also|"
    r"the (?:former|latter)|there)\b",
    re.IGNORECASE,
)
_QUESTION = re.compile(r"\?[\"'”’»)\]\s]*$")


@dataclass(frozen=True, slots=True)
class Evidence:
    """``article.text[start:end] == quote``: one sentence, or neighbours that belong together.

    ``score`` is on the scale of ``Passage.score``: 0 is unrelated text.
    """

    passage: Passage
    quote: str
    start: int
    end: int
    score: float


@dataclass(frozen=True, slots=True)
class _Candidate:
    passage: Passage
    number: int
    score: float

    @property
    def sentence(self) -> Sentence:
        return self.passage.sentences[self.number]


def select_evidence(passages: Sequence[Passage]) -> list[Evidence]:
    """The evidence in ``passages``, best first; empty when nothing in them answers.

    ``passages`` are the result of a search, best first. Sentences that ask are never evidence. Neighbours that
    are both chosen become one quote, and a sentence that opens with a pronoun brings along the one before.
    """
    candidates = sorted(_candidates(passages), key=lambda c: (-c.score, c.sentence.start))
    if not candidates or candidates[0].score < MIN_SCORE:
        return []
    best, *others = candidates
    others.sort(key=lambda c: -c.score - (SAME_PASSAGE if c.passage is best.passage else 0.0))
    return _quotes([best, *(c for c in others if c.score >= best.score - MARGIN)])


def _candidates(passages: Sequence[Passage]) -> list[_Candidate]:
    return [
        _Candidate(passage, number, SENTENCE_SHARE * sentence.score + (1 - SENTENCE_SHARE) * passage.score)
        for passage in passages
        for number, sentence in enumerate(passage.sentences)
        if not _QUESTION.search(sentence.text)
    ]


def _quotes(chosen: Sequence[_Candidate]) -> list[Evidence]:
    """Quotes of sentences chosen, best first, each with the context it needs and neighbours in one."""
    near = chosen[0].score - JOIN_MARGIN
    spans: list[_Span] = []
    for candidate in chosen:
        if len(spans) == MAX_EVIDENCE:
            break
        first = candidate.number - _needs_context(candidate.passage, candidate.number)
        span = _Span(candidate.passage, first, candidate.number, candidate.score)
        place = len(spans)
        for other in list(spans):
            if span.joins(other, near):
                span = span.with_(other)
                # In the place of the first, that is the best, of those it joins.
                place = min(place, spans.index(other))
                spans.remove(other)
        spans.insert(place, span)
    return [span.evidence() for span in spans]


@dataclass(frozen=True, slots=True)
class _Span:
    """Sentences ``first`` to ``last`` of a passage."""

    passage: Passage
    first: int
    last: int
    score: float

    def joins(self, other: _Span, near: float) -> bool:
        """Whether the two share a sentence, or are neighbours in one paragraph and both about as good as the best."""
        if self.passage is not other.passage or self.first > other.last + 1 or other.first > self.last + 1:
            return False
        if self.first <= other.last and other.first <= self.last:
            return True
        both = self.with_(other)
        return (
            min(self.score, other.score) >= near
            and both.last - both.first < MAX_QUOTED
            and _one_paragraph(self.passage, both.first, both.last)
        )

    def with_(self, other: _Span) -> _Span:
        return _Span(
            self.passage, min(self.first, other.first), max(self.last, other.last), max(self.score, other.score)
        )

    def evidence(self) -> Evidence:
        start, end = self.passage.sentences[self.first].start, self.passage.sentences[self.last].end
        quote = self.passage.text[start - self.passage.start : end - self.passage.start]
        return Evidence(self.passage, quote, start, end, self.score)


def _needs_context(passage: Passage, number: int) -> bool:
    return (
        number > 0
        and bool(_LOOKS_BACK.match(passage.sentences[number].text))
        and not _QUESTION.search(passage.sentences[number - 1].text)
        and _one_paragraph(passage, number - 1, number)
    )


def _one_paragraph(passage: Passage, first: int, last: int) -> bool:
    start, end = passage.sentences[first].start, passage.sentences[last].end
    return "\n" not in passage.text[start - passage.start : end - passage.start].replace("\r", "\n")
