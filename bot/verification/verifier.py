"""Whether quotes support a sentence that a language model wrote.

Four things are asked, cheapest first: does it say a figure, date or amount that the quotes do not have; a name that
they do not have; does it deny what they affirm, or the other way round; and does it mean about what they mean? One
failure is enough. What this cannot catch is in docs/llm.md.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from bot.evidence import Evidence
from bot.verification.figures import evidence_figures, figures, unsupported
from bot.verification.names import Names
from bot.verification.polarity import clauses, is_negative
from index import Index, Language
from index.sentences import split_sentences
from index.text import tokens

Fault = Literal["figure", "name", "polarity", "meaning"]

# Cosine of centred vectors. bench/verification.py shows what each value lets through and what it loses: of true
# translations 1 in 100.
LOWEST_SIMILARITY = 0.35
# How much nearer a clause of the other polarity must be for the sentence to count as its inversion.
_POLARITY_MARGIN = 0.03
# Letters of small words to a piece of the tokenizer's. Of 3,200 sentences in both languages the lowest has 2.4 and the
# median 3.7; the same sentences in ROT13 have 1.6, and 2.1 at most.
_LEGIBLE = 2.3
_MIN_LETTERS = 20  # fewer are a word or two, which may be from anywhere
_WORD = re.compile(r"[^\W\d_]+")


@dataclass(frozen=True, slots=True)
class Verdict:
    """``fault``: what is wrong with the sentence, None when the quotes support it; ``detail``: the words at fault.
    ``similarity``: cosine to the nearest quote, when it was asked for."""

    fault: Fault | None = None
    detail: str = ""
    similarity: float | None = None

    @property
    def is_supported(self) -> bool:
        return self.fault is None


class Verifier:
    """Checks sentences against quotes with the embedding model of an index. Safe to share among threads."""

    def __init__(self, index: Index) -> None:
        self._index = index
        self._names: Names | None = None

    def check(self, sentence: str, language: Language, quotes: Sequence[Evidence]) -> Verdict:
        """Whether ``quotes``, taken together, support ``sentence``, which is in ``language``."""
        texts = [(quote.quote, quote.passage.language) for quote in quotes]
        missing = unsupported(figures(sentence, language), evidence_figures(texts))
        if missing:
            return Verdict("figure", sentence[missing[0].start : missing[0].end])
        unknown = self._known_names().unsupported(sentence, language, texts)
        if unknown:
            return Verdict("name", unknown[0])
        if _is_copied(sentence, texts):
            return Verdict(similarity=1.0)
        if self.is_inverted(sentence, language, quotes):
            return Verdict("polarity")
        similarity = self._similarity(sentence, language, [*texts, *_sentences(quotes)])
        return Verdict("meaning" if similarity < LOWEST_SIMILARITY else None, similarity=similarity)

    def is_legible(self, text: str) -> bool:
        """Whether ``text`` is made of words of a language rather than of encoded ones, whose vector means nothing and
        would support any sentence. Names are not looked at; every text passes with a tokenizer that is no unigram
        model, whose pieces tell less."""
        words = [word for word in _WORD.findall(text) if word.islower()]
        letters = sum(map(len, words))
        if letters < _MIN_LETTERS or not self._known_names().scores:
            return True
        empty, whole = self._index.embedder.count_tokens(["", " ".join(words)])
        return letters >= _LEGIBLE * (whole - empty)

    def _known_names(self) -> Names:
        if self._names is None:
            self._names = Names(self._index.embedder.piece_scores())
        return self._names

    def _vectors(self, texts: Sequence[tuple[str, Language]]) -> np.ndarray:
        """Centred sentence vectors, shape (texts, dimension)."""
        vectors = self._index.embedder.encode_passages([text for text, _ in texts])
        centred = [
            self._index.space.centre(vector[None, :], "sentence", language)[0]
            for vector, (_, language) in zip(vectors, texts, strict=True)
        ]
        return np.stack(centred)

    def _similarity(self, sentence: str, language: Language, texts: Sequence[tuple[str, Language]]) -> float:
        """Cosine of the sentence to the text that is nearest to it."""
        vectors = self._vectors([(sentence, language), *dict.fromkeys(texts)])
        return float((vectors[1:] @ vectors[0]).max())

    def check_words(self, fragment: str, language: Language, quotes: Sequence[Evidence]) -> Verdict:
        """Whether a word or two are what the reader has marked in a quote: by themselves they claim nothing that could
        be compared. Each word must be among the marked ones, or a figure or a name that they have."""
        texts = [(quote.words, quote.passage.language) for quote in quotes if quote.words]
        said = figures(fragment, language)
        missing = unsupported(said, evidence_figures(texts))
        if missing:
            return Verdict("figure", fragment[missing[0].start : missing[0].end])
        names = self._known_names()
        unknown = names.unsupported(fragment, language, texts)
        if unknown:
            return Verdict("name", unknown[0])
        # Whole words: what is cut off a stem may be the negation (katıldı, katılmadı).
        known = {token.text for name in names.unsupported(fragment, language, []) for token in tokens(name)}
        known |= {token.text for text, _ in texts for token in tokens(text)}
        rest = [
            token
            for token in tokens(fragment)
            if token.text not in known and not any(f.start <= token.start < f.end for f in said)
        ]
        return Verdict("meaning", rest[0].text) if rest or not texts else Verdict()

    def is_inverted(self, sentence: str, language: Language, quotes: Sequence[Evidence]) -> bool:
        """Whether the sentence denies what the quotes affirm, or the other way round.

        That is so when one of it and the quoted sentence nearest to it denies something and the other nothing, and a
        clause of it is nearer to one of the other polarity than to any of its own.
        """
        texts = _sentences(quotes)
        denies = _denies(sentence, language)
        if not texts or all(_denies(*text) == denies for text in texts):
            return False
        own = [(clause, language) for clause in clauses(sentence)]
        theirs = [(clause, each) for text, each in texts for clause in clauses(text)]
        vectors = self._vectors([(sentence, language), *texts, *own, *theirs])
        nearest = texts[int((vectors[1 : len(texts) + 1] @ vectors[0]).argmax())]
        if _denies(*nearest) == denies:
            return False
        first = 1 + len(texts)
        similarity = vectors[first : first + len(own)] @ vectors[first + len(own) :].T
        signs = [is_negative(*clause) for clause in own]
        their_signs = np.array([is_negative(*clause) for clause in theirs], bool)
        for row, sign in zip(similarity, signs, strict=True):
            alike, opposite = row[their_signs == sign], row[their_signs != sign]
            if len(opposite) and opposite.max() > max(alike, default=-1.0) + _POLARITY_MARGIN:
                return True
        return False


def _sentences(quotes: Sequence[Evidence]) -> list[tuple[str, Language]]:
    return [
        (quote.quote[start:end], quote.passage.language)
        for quote in quotes
        for start, end in split_sentences(quote.quote, quote.passage.language)
    ]


def _denies(text: str, language: Language) -> bool:
    return any(is_negative(clause, language) for clause in clauses(text))


def _is_copied(sentence: str, texts: Sequence[tuple[str, Language]]) -> bool:
    """Whether the sentence is a run of words of one quote."""
    own = [token.text for token in tokens(sentence)]
    for text, _ in texts:
        theirs = [token.text for token in tokens(text)]
        if any(theirs[at : at + len(own)] == own for at in range(len(theirs) - len(own) + 1)):
            return True
    return False
