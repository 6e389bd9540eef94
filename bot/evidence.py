"""Passages to evidence: which sentences answer, in one to three quotes, or none."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from bot.reader import Reading, whole_words
from index import Passage, Sentence

MAX_EVIDENCE = 3
# Sentences in one quote: neighbours that would make it longer stand for themselves.
MAX_QUOTED = 3

# Chosen on half of XQuAD's topics. bench/answers.py chooses the lowest scores; the others were set by trial, where
# moving them a little changed evidence by about a point.
# A sentence counts by itself and by the passage it stands in, with these shares.
SENTENCE_SHARE = 0.5
# A sentence this much below the best one is shown beside it ...
MARGIN = 2.5
# ... and one of the best one's own passage is preferred by this much: together they read as one answer.
SAME_PASSAGE = 0.5
# What stands beside the best one must pass for an answer by itself; in the same article it may be this much below.
BELOW_LOWEST = 1.5
# Chosen neighbours become one quote when neither is far below the best one; else each stands for itself.
JOIN_MARGIN = 2.0


@dataclass(frozen=True, slots=True)
class Scale:
    """What the score of a sentence is made of. ``reading``: what a unit of the reader's margin weighs beside a
    deviation above unrelated text. ``lowest``: below this score, nothing answers."""

    reading: float
    lowest: float


# Without a reader: the value with the most questions answered plus questions on absent topics refused (the two halves
# of the topics choose 5.20 and 5.25). With readers that had not seen the topics asked about: up to 4.40, 95 % are
# answered in every direction between the languages (docs/reader.md); a little less, for topics that are others still.
MATCHED = Scale(reading=0.0, lowest=5.2)
READ = Scale(reading=0.15, lowest=4.3)
# Beyond this the reader's margin says nothing more.
_SURE = 16.0

# A sentence that opens with one of these speaks of what the sentence before it said.
_LOOKS_BACK = re.compile(
    r"(?:bu|bunu|buna|bunun|bunda|bundan|bunlar\w*|şu|o|onu|ona|onun|onlar\w*|böyle\w*|söz konusu|ayrıca|ancak|"
    r"fakat|ama|oysa|çünkü|üstelik|this|that|these|those|it|its|he|his|she|her|they|their|such|however|but|also|"
    r"the (?:former|latter)|there)\b",
    re.IGNORECASE,
)
_QUESTION = re.compile(r"\?[\"'”’»)\]\s]*$")
# "Robotun özellikleri:" opens a list and says nothing by itself.
_LEAD_IN = re.compile(r"(?:\S+\s+){0,3}\S+:\s*")


@dataclass(frozen=True, slots=True)
class Evidence:
    """``article.text[start:end] == quote``: one sentence, or neighbours that belong together.

    ``score`` is on the scale of ``Passage.score``: 0 is unrelated text. ``answer``: start and end of the exact words
    that answer, within the best quote, when a reader has found them.
    """

    passage: Passage
    quote: str
    start: int
    end: int
    score: float
    answer: tuple[int, int] | None = None

    @property
    def words(self) -> str | None:
        """The exact words that answer."""
        return self.quote[self.answer[0] - self.start : self.answer[1] - self.start] if self.answer else None


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A sentence that may be evidence. ``similarity``: its score before the reader's share. ``answer``: the reader's
    margin and the best answer in it, None unread."""

    passage: Passage
    number: int
    score: float
    similarity: float
    answer: tuple[float, int, int] | None

    @property
    def sentence(self) -> Sentence:
        return self.passage.sentences[self.number]


def select_evidence(
    passages: Sequence[Passage], readings: Sequence[Reading] = (), scale: Scale | None = None
) -> list[Evidence]:
    """The evidence in ``passages``, best first; empty when nothing in them answers.

    ``passages`` are the result of a search, best first; ``readings`` what a reader made of the first of them.
    ``scale``: :data:`READ` or :data:`MATCHED` when None. Sentences that ask are never evidence, nor are a few words
    that lead in a list. Neighbours that are both chosen become one quote, and a sentence that opens with a pronoun
    brings along the one before.
    """
    scale = scale or (READ if readings else MATCHED)
    candidates = sorted(_candidates(passages, readings, scale), key=lambda c: (-c.score, c.sentence.start))
    if not candidates or candidates[0].score < scale.lowest:
        return []
    best, *others = candidates
    others.sort(key=lambda c: -c.score - (SAME_PASSAGE if c.passage is best.passage else 0.0))
    # The reader says which comes first. What else belongs to the answer is told by similarity alone: a reader looks for
    # one stretch of words, and the sentence that makes it uncertain is not among them.
    nearest = max(c.similarity for c in candidates)
    beside = [
        c
        for c in others
        if c.similarity >= nearest - MARGIN
        and c.score >= scale.lowest - (BELOW_LOWEST if c.passage.article_id == best.passage.article_id else 0.0)
    ]
    return _quotes([best, *beside], nearest - JOIN_MARGIN)


def _candidates(passages: Sequence[Passage], readings: Sequence[Reading], scale: Scale) -> list[_Candidate]:
    found = []
    # Passages beyond those that were read take no part when there is a reader: nothing says whether they answer.
    read: Sequence[Reading | None] = readings or [None] * len(passages)
    for passage, reading in zip(passages, read, strict=False):
        for number, sentence in enumerate(passage.sentences):
            if _QUESTION.search(sentence.text) or _LEAD_IN.fullmatch(sentence.text):
                continue
            score = similarity = SENTENCE_SHARE * sentence.score + (1 - SENTENCE_SHARE) * passage.score
            answer = None
            if reading is not None:
                answer = reading.best(sentence.start - passage.start, sentence.end - passage.start)
                margin = answer[0] if answer else -_SURE
                score += scale.reading * max(-_SURE, min(_SURE, margin))
            found.append(_Candidate(passage, number, score, similarity, answer))
    return found


def _quotes(chosen: Sequence[_Candidate], near: float) -> list[Evidence]:
    """Quotes of sentences chosen, best first, each with the context it needs; neighbours in one when both are at least
    as similar as ``near``."""
    spans: list[_Span] = []
    for candidate in chosen:
        if len(spans) == MAX_EVIDENCE:
            break
        alone = _Span(candidate, candidate.number, candidate.number)
        if any(alone.overlaps(other) for other in spans):
            continue  # quoted already, as what another one leans on
        span = replace(alone, first=candidate.number - _needs_context(candidate.passage, candidate.number))
        if any(span.overlaps(other) and not span.fits_with(other) for other in spans):
            span = alone  # what it leans on is quoted already, in a quote that is long enough
        place = len(spans)
        for other in sorted(spans, key=lambda other: not span.overlaps(other)):
            if span.joins(other, near):
                span = span.with_(other)
                # In the place of the first, that is the best, of those it joins.
                place = min(place, spans.index(other))
                spans.remove(other)
        spans.insert(place, span)
    # One question has one answer: words marked in the other quotes would look like rivals of it.
    return [span.evidence(is_best=span is spans[0]) for span in spans]


@dataclass(frozen=True, slots=True)
class _Span:
    """Sentences ``first`` to ``last`` of a passage. ``best``: the best one that was chosen of them."""

    best: _Candidate
    first: int
    last: int

    @property
    def passage(self) -> Passage:
        return self.best.passage

    def overlaps(self, other: _Span) -> bool:
        return self.passage is other.passage and self.first <= other.last and other.first <= self.last

    def fits_with(self, other: _Span) -> bool:
        """Whether one quote of both is short enough."""
        both = self.with_(other)
        return both.last - both.first < MAX_QUOTED

    def joins(self, other: _Span, near: float) -> bool:
        """Whether the two share a sentence, or are neighbours in one paragraph and both as similar as ``near``."""
        if self.passage is not other.passage or self.first > other.last + 1 or other.first > self.last + 1:
            return False
        if not self.fits_with(other):
            return False
        both = self.with_(other)
        are_near = min(self.best.similarity, other.best.similarity) >= near
        return self.overlaps(other) or (are_near and _one_paragraph(self.passage, both.first, both.last))

    def with_(self, other: _Span) -> _Span:
        best = max((self.best, other.best), key=lambda candidate: candidate.score)
        return _Span(best, min(self.first, other.first), max(self.last, other.last))

    def evidence(self, *, is_best: bool) -> Evidence:
        passage = self.passage
        start, end = passage.sentences[self.first].start, passage.sentences[self.last].end
        quote = passage.text[start - passage.start : end - passage.start]
        return Evidence(passage, quote, start, end, self.best.score, self._answer() if is_best else None)

    def _answer(self) -> tuple[int, int] | None:
        # Words are marked when the reader holds them for likelier than that nothing answers.
        if self.best.answer is None or self.best.answer[0] <= 0:
            return None
        start, end = whole_words(self.passage.text, *self.best.answer[1:])
        return (self.passage.start + start, self.passage.start + end) if start < end else None


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
