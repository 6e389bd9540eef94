"""An embedder without a model, and what tests of the index share: articles, brute force, other processes."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import textwrap
from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np

from index import Article, Index, Settings
from index.embedding import TokenVectors
from index.text import tokens

ROOT = Path(__file__).resolve().parent.parent
DIMENSION = 24


class FakeEmbedder:
    """The methods of :class:`~index.embedding.Embedder`: a text's vector is the mean of its words' vectors.

    A word's vector follows from its letters alone, so that every process computes the same. ``name`` stands
    for the model: embedders of two names give unrelated vectors. ``before_encoding`` is called first with
    the passages to encode, for tests that hold a write up or break it off; ``before_query`` before questions.
    """

    def __init__(
        self,
        name: str = "fake",
        dimension: int = DIMENSION,
        before_encoding: Callable[[Sequence[str]], None] | None = None,
    ) -> None:
        self.model = self.name = name
        self.dimension = dimension
        self.fingerprint = f"{name}@1"
        self.query_prefix, self.passage_prefix = "query: ", "passage: "
        self.max_tokens = 512
        self.encoded_passages = 0
        self.before_encoding = before_encoding
        self.before_query: Callable[[], object] | None = None

    def load(self) -> None:
        return

    def encode_queries(self, texts: Sequence[str]) -> np.ndarray:
        if self.before_query is not None:
            self.before_query()
        return self._encode(self.query_prefix, texts)

    def encode_passages(self, texts: Sequence[str], progress: Callable[[int], None] | None = None) -> np.ndarray:
        if self.before_encoding is not None:
            self.before_encoding(texts)
        self.encoded_passages += len(texts)
        vectors = self._encode(self.passage_prefix, texts)
        if progress is not None:
            progress(len(texts))
        return vectors

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """As a subword tokenizer would: about four letters a token, a prefix and two marks for each text."""
        return [4 + sum(-(-len(word) // 4) for word in text.split()) for text in texts]

    def encode_query_tokens(self, texts: Sequence[str]) -> list[TokenVectors]:
        return self._with_tokens(texts, self.encode_queries(texts))

    def encode_passage_tokens(self, texts: Sequence[str]) -> list[TokenVectors]:
        return self._with_tokens(texts, self.encode_passages(texts))

    def _with_tokens(self, texts: Sequence[str], vectors: np.ndarray) -> list[TokenVectors]:
        """Every word is one token, with the word's own vector."""
        found = []
        for text, vector in zip(texts, vectors, strict=True):
            words = [token for token in tokens(text) if token.end > token.start]
            rows = [_vector(f"{self.name}\n{word.text[:5]}", self.dimension) for word in words]
            found.append(
                TokenVectors(
                    vector,
                    np.array(rows, np.float32).reshape(-1, self.dimension),
                    np.array([(word.start, word.end) for word in words], np.int64).reshape(-1, 2),
                )
            )
        return found

    def piece_scores(self) -> dict[str, float]:
        return {}

    def _encode(self, prefix: str, texts: Sequence[str]) -> np.ndarray:
        vectors = np.zeros((len(texts), self.dimension), dtype=np.float32)
        for i, text in enumerate(texts):
            words = [prefix, *(token.text[:5] for token in tokens(text)), "\0"]
            total = np.sum([_vector(f"{self.name}\n{word}", self.dimension) for word in words], axis=0)
            vectors[i] = total / np.linalg.norm(total)
        return vectors


@lru_cache(maxsize=100_000)
def _vector(word: str, dimension: int) -> np.ndarray:
    seed = hashlib.blake2b(word.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return np.random.default_rng(int.from_bytes(seed, "big")).standard_normal(dimension)


def open_index(
    folder: Path,
    *,
    name: str = "fake",
    dimension: int = DIMENSION,
    embedder: FakeEmbedder | None = None,
    for_rebuild: bool = False,
    **settings: object,
) -> Index:
    """An index in ``folder`` on a fake embedder; its cache lies beside the folder."""
    values = Settings.read(home=folder, cache=folder.with_name(f"{folder.name}-cache"), **settings)
    fake = embedder or FakeEmbedder(name, dimension)
    return Index.open(folder, settings=values, embedder=fake, for_rebuild=for_rebuild)  # type: ignore[arg-type]


SUBJECTS = ["Ankara", "İzmir", "Diyarbakır", "London", "Astana", "Moskova", "Kiev", "Tokyo", "Nairobi", "Lima"]
VERBS = ["voted on the budget", "opened a bridge", "hosted the talks", "lost the final", "raised the price of bread"]


def make_article(number: int, version: int = 0, *, sentences: int = 4, language: str = "en") -> Article:
    """Article ``a<number>``: sentences that tell the number and the version, so that a mixture would show."""
    subject, verb = SUBJECTS[number % len(SUBJECTS)], VERBS[number // len(SUBJECTS) % len(VERBS)]
    told = [
        f"{subject} {verb} for the {n}th time, says report number{number}x version{version}x." for n in range(sentences)
    ]
    return Article(f"a{number}", " ".join(told), title=f"Report {number}", language=language)  # type: ignore[arg-type]


def process_code(code: str, folder: Path, more: str = "") -> list[str]:
    """The command of another Python process that has ``index`` (an Index on ``folder``) and the fakes at hand."""
    start = f"""
        import os, signal, sys, time
        from pathlib import Path
        from fakes_index import *
        folder = Path({str(folder)!r})
    """
    return [sys.executable, "-c", "\n".join(map(textwrap.dedent, (start, more, "index = open_index(folder)", code)))]


def process_environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT / "tests"), "PYTHONIOENCODING": "utf-8"}


def run_process(code: str, folder: Path, more: str = "", returncode: int = 0) -> str:
    """Run ``code`` in another process, see :func:`process_code`; what it printed."""
    done = subprocess.run(
        process_code(code, folder, more),
        env=process_environment(),
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=100,
        check=False,
    )
    assert done.returncode == returncode, done.stderr
    return done.stdout
