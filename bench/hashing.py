"""An embedder without a model: a text's vector is the mean of its words' vectors, and those are drawn by their letters.

It finds what shares words with the question, which suffices to see what the store itself takes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np

from index.embedding import Embedder, TokenVectors, Vectors
from index.text import stem, tokens
from index.words import unit

DIMENSION = 64
_CHARS_A_TOKEN = 4


class HashingEmbedder(Embedder):
    """The methods of :class:`~index.embedding.Embedder`, the same on every machine, with nothing to load."""

    def __init__(self, cache: Path) -> None:
        super().__init__("hashing", cache=cache, query_prefix="", passage_prefix="")

    @property
    def dimension(self) -> int:
        return DIMENSION

    @property
    def max_tokens(self) -> int:
        return 512

    @property
    def fingerprint(self) -> str:
        return f"hashing-{DIMENSION}"

    @property
    def is_loaded(self) -> bool:
        return True

    def load(self) -> None:
        return

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        return np.stack([self._read(text).vector for text in texts]) if texts else np.zeros((0, DIMENSION), np.float32)

    def encode_passages(self, texts: Sequence[str], progress: Callable[[int], None] | None = None) -> Vectors:
        vectors = self.encode_queries(texts)
        if progress is not None:
            progress(len(texts))
        return vectors

    def encode_query_tokens(self, texts: Sequence[str]) -> list[TokenVectors]:
        return [self._read(text) for text in texts]

    def encode_passage_tokens(self, texts: Sequence[str]) -> list[TokenVectors]:
        return [self._read(text) for text in texts]

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """About what a subword tokenizer counts."""
        return [4 + sum(-(-len(word) // _CHARS_A_TOKEN) for word in text.split()) for text in texts]

    def piece_scores(self) -> dict[str, float]:
        return {}

    def _read(self, text: str) -> TokenVectors:
        words = [word for word in tokens(text) if word.end > word.start]
        rows = np.array([_vector(stem(word)) for word in words], np.float32).reshape(-1, DIMENSION)
        whole = unit(rows.sum(axis=0) if len(rows) else _vector(text))
        spans = np.array([(word.start, word.end) for word in words], np.int64).reshape(-1, 2)
        return TokenVectors(whole, rows, spans)


@lru_cache(maxsize=200_000)
def _vector(word: str) -> Vectors:
    seed = hashlib.blake2b(word.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    drawn = np.random.default_rng(int.from_bytes(seed, "big")).standard_normal(DIMENSION, dtype=np.float32)
    vector: Vectors = unit(drawn)
    return vector
