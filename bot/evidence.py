"""Passages to evidence: which one to three sentences answer, or none."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from index import Passage, Sentence

MAX_EVIDENCE = 3

# The figures below were chosen on XQuAD's development half by bench/answers.py; docs/retrieval.md has the tables.
# A sentence counts by itself and by the passage it stands in, with these shares.
SENTENCE_SHARE = 0.5
# Below this score, in deviations above unrelated text, nothing answers.
MIN_SCORE = 4.5
# A sentence this much below the best one is shown beside it ...
MARGIN = 2.5
# ... and one of the best one's own passage is preferred by this much: together they read as one answer.
SAME_PASSAGE = 0.5

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
    return _join([best, *(c for c in others[: MAX_EVIDENCE - 1] if c.score >= best.score - MARGIN)])


def _candidates(passages: Sequence[Passage]) -> list[_Candidate]:
    return [
        _Candidate(passage, number, SENTENCE_SHARE * sentence.score + (1 - SENTENCE_SHARE) * passage.score)
        for passage in passages
        for number, sentence in enumerate(passage.sentences)
        if not _QUESTION.search(sentence.text)
    ]


def _join(chosen: Sequence[_Candidate]) -> list[Evidence]:
    """Chosen sentences as quotes: with the context they need, neighbours in one, best first."""
    spans: list[tuple[Passage, int, int, float]] = []
    for candidate in chosen:
        passage, last = candidate.passage, candidate.number
        first = last - 1 if _needs_context(passage, last) else last
        for at, (other, begin, end, score) in enumerate(spans):
            if other is passage and _together(passage, min(first, begin), max(last, end), (first, last), (begin, end)):
                spans[at] = (passage, min(first, begin), max(last, end), max(score, candidate.score))
                break
        else:
            spans.append((passage, first, last, candidate.score))
    return [_evidence(*span) for span in spans]


def _needs_context(passage: Passage, number: int) -> bool:
    return (
        number > 0
        and bool(_LOOKS_BACK.match(passage.sentences[number].text))
        and not _QUESTION.search(passage.sentences[number - 1].text)
        and _one_paragraph(passage, number - 1, number)
    )


def _together(passage: Passage, first: int, last: int, one: tuple[int, int], other: tuple[int, int]) -> bool:
    """Whether two runs of sentences touch or overlap within one paragraph."""
    touching = one[0] <= other[1] + 1 and other[0] <= one[1] + 1
    return touching and _one_paragraph(passage, first, last)


def _one_paragraph(passage: Passage, first: int, last: int) -> bool:
    start, end = passage.sentences[first].start, passage.sentences[last].end
    return "\n" not in passage.text[start - passage.start : end - passage.start].replace("\r", "\n")


def _evidence(passage: Passage, first: int, last: int, score: float) -> Evidence:
    start, end = passage.sentences[first].start, passage.sentences[last].end
    return Evidence(passage, passage.text[start - passage.start : end - passage.start], start, end, score)
