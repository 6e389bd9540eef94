"""Late interaction: every word of a question looks for its best match among the words of a passage.

One vector for a passage says what it is about, but blurs which words stand in it. Here each word keeps a vector of
its own, taken from the same pass through the model (ColBERT's MaxSim: Khattab & Zaharia, 2020): a question's words
are matched one by one, across languages too, and the mean of the best matches is the score. Word vectors are centred
by language like all others, and kept small: the pieces of a word become one vector, projected on the directions in
which the cohort's words differ most, in one byte a number.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from index.embedding import TokenVectors
from index.types import Language

WORD_DIMENSIONS = 192
"""What a word keeps of the model's 384 dimensions; 384 gained nothing, 128 lost half a point of recall@1."""

_WORD = re.compile(r"\w+")
_SCALE = 127.0


@dataclass(frozen=True, slots=True)
class Words:
    """The words of a text. ``starts``: uint32, shape (words,), where each begins, in characters of the text.
    ``vectors``: int8, shape (words, dimensions), unit vectors times 127."""

    starts: np.ndarray
    vectors: np.ndarray

    def __len__(self) -> int:
        return len(self.starts)

    def pack(self) -> bytes:
        """One blob: the number of words (4 bytes), their starts, their vectors; little-endian."""
        return len(self).to_bytes(4, "little") + self.starts.astype("<u4").tobytes() + self.vectors.tobytes()

    @classmethod
    def unpack(cls, blob: bytes) -> Words:
        count = int.from_bytes(blob[:4], "little")
        starts = np.frombuffer(blob, "<u4", count, offset=4)
        vectors = np.frombuffer(blob, np.int8, offset=4 + 4 * count)
        return cls(starts, vectors.reshape(count, -1) if count else vectors.reshape(0, 0))


@dataclass(frozen=True, slots=True)
class WordSpace:
    """Where words of both languages are comparable. ``question_means`` and ``passage_means``: the mean token of each
    language, float32 of shape (dimension,). ``projection``: float32 of shape (dimension, dimensions kept)."""

    question_means: Mapping[Language, np.ndarray]
    passage_means: Mapping[Language, np.ndarray]
    projection: np.ndarray

    def passage(self, text: str, tokens: TokenVectors, language: Language) -> Words:
        """The words of a passage, small enough to be stored."""
        starts, vectors = pool(text, tokens, self.passage_means[language])
        projected = unit(vectors @ self.projection)
        return Words(starts.astype(np.uint32), np.rint(projected * _SCALE).astype(np.int8))

    def question(self, text: str, tokens: TokenVectors, language: Language | None) -> np.ndarray:
        """The words of a question: float32 of shape (words, dimensions kept), unit vectors."""
        means = [self.question_means[language]] if language else list(self.question_means.values())
        _, vectors = pool(text, tokens, np.mean(means, axis=0))
        return unit(vectors @ self.projection)


def pool(text: str, tokens: TokenVectors, mean: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The words of ``text`` that have tokens: where they start (n,), and their centred unit vectors (n, dimension)."""
    bounds = np.array([found.span() for found in _WORD.finditer(text)], dtype=np.int64).reshape(-1, 2)
    if not len(bounds) or not len(tokens.spans):
        return np.zeros(0, np.int64), np.zeros((0, len(mean)), np.float32)
    # A token may begin with the space before its word, so its last character says which word it belongs to.
    last = tokens.spans[:, 1] - 1
    word = np.searchsorted(bounds[:, 0], last, side="right") - 1
    inside = (word >= 0) & (last < bounds[np.maximum(word, 0), 1])
    sums = np.zeros((len(bounds), tokens.tokens.shape[1]), np.float32)
    np.add.at(sums, word[inside], unit(tokens.tokens[inside] - mean))
    seen = np.zeros(len(bounds), bool)
    seen[word[inside]] = True
    return bounds[seen, 0], unit(sums[seen])


def similarities(question: np.ndarray, vectors: np.ndarray) -> np.ndarray:
    """Of each question word to each word of ``vectors`` (int8): float32, shape (question words, words)."""
    found: np.ndarray = question @ (vectors.astype(np.float32).T / np.float32(_SCALE))
    return found


def best_matches(similarity: np.ndarray, groups: np.ndarray, count: int) -> np.ndarray:
    """For each of ``count`` groups of words: the mean, over the question's words, of each one's best match in it; from
    -1 to 1, and -1 for a group without words. Shape (count,).

    ``groups``: for each word its group's number, ascending; -1 for a word of none.
    """
    inside = np.flatnonzero(groups >= 0)
    best = np.full((len(similarity), count), -1.0, np.float32)
    if len(inside):
        present, first = np.unique(groups[inside], return_index=True)
        best[:, present] = np.maximum.reduceat(similarity[:, inside], first, axis=1)
    means: np.ndarray = best.mean(axis=0)
    return means


def unit(vectors: np.ndarray) -> np.ndarray:
    """Each row at length 1; a row of zeros stays."""
    scaled: np.ndarray = vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-9)
    return scaled
