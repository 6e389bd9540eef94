"""Scores that mean the same in every language: centred vectors, and similarity against unrelated text.

A multilingual model puts the language of a text into its vector, so passages in the question's language crowd
out the right one in another. Two steps undo that:

* **Centring.** From every vector the mean vector of its language (and kind of text) is taken away, then it is
  brought back to length 1. The means come from the cohort: news reports that the project owns, every
  one in both languages, so that their means differ by language alone.
* **Cohort normalization** (the s-norm of speaker verification: Kenny et al., 2010; Matejka et al., 2017).
  A question's similarities to the cohort's unrelated texts have a mean and a deviation; a passage's
  similarity is told in those deviations: 0 is as similar as unrelated text, 3 is rare among it.
"""

from __future__ import annotations

import hashlib
import json
import os
import zipfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np

from index.types import LANGUAGES, Language

Kind = Literal["question", "sentence", "chunk"]
PASSAGE_KINDS: tuple[Kind, ...] = ("sentence", "chunk")
# A deviation below this is not one: a model so flat would turn rounding into scores.
_MIN_DEVIATION = 1e-4


class Encoder(Protocol):
    """What this module needs of an :class:`~index.embedding.Embedder`."""

    @property
    def fingerprint(self) -> str: ...
    def encode_queries(self, texts: list[str]) -> np.ndarray: ...
    def encode_passages(self, texts: list[str]) -> np.ndarray: ...


@dataclass(frozen=True, slots=True)
class Baseline:
    """How similar one question is to unrelated text of one language and kind."""

    mean: float
    deviation: float

    def normalize(self, similarity: np.ndarray) -> np.ndarray:
        """Similarities of any shape in deviations above the mean of unrelated text."""
        scores: np.ndarray = (similarity - self.mean) / self.deviation
        return scores


class LanguageSpace:
    """The vector space of one model in which languages have been made equal.

    ``means[kind, language]``: float32 of shape (dimension,), of that kind of the cohort's texts.
    ``cohort[kind, language]``: the cohort's centred passages, float32 of shape (texts, dimension).
    """

    def __init__(self, cohort: Mapping[tuple[Kind, Language], np.ndarray]) -> None:
        self.means = {key: vectors.mean(axis=0) for key, vectors in cohort.items()}
        self.cohort = {key: self.centre(vectors, *key) for key, vectors in cohort.items() if key[0] != "question"}

    def centre(self, vectors: np.ndarray, kind: Kind, language: Language) -> np.ndarray:
        """Vectors of shape (n, dimension) less their language's mean, each of length 1, float32."""
        centred = vectors - self.means[kind, language]
        lengths = np.linalg.norm(centred, axis=1, keepdims=True)
        unit: np.ndarray = (centred / np.maximum(lengths, 1e-12)).astype(np.float32)
        return unit

    def baselines(self, question: np.ndarray) -> dict[tuple[Kind, Language], Baseline]:
        """For a centred question of shape (dimension,): what unrelated text of each kind and language scores."""
        found = {}
        for key, vectors in self.cohort.items():
            similarities = vectors @ question
            found[key] = Baseline(float(similarities.mean()), max(float(similarities.std()), _MIN_DEVIATION))
        return found


# --- the cohort -------------------------------------------------------------------------------------


@cache
def cohort_reports() -> tuple[dict[str, Any], ...]:
    """The cohort's reports: "topic", four sentences each under "tr" and "en", two "questions" in each language."""
    text = resources.files("index").joinpath("data/cohort.jsonl").read_text(encoding="utf-8")
    return tuple(json.loads(line) for line in text.splitlines())


@cache
def cohort_digest() -> str:
    """Changes whenever the cohort does; part of what an index was built with."""
    return hashlib.sha256(json.dumps(cohort_reports(), sort_keys=True).encode()).hexdigest()[:12]


def cohort_texts(kind: Kind, language: Language) -> list[str]:
    reports = cohort_reports()
    if kind == "question":
        return [question for report in reports for question in report["questions"][language]]
    if kind == "sentence":
        return [sentence for report in reports for sentence in report[language]]
    return [" ".join(report[language]) for report in reports]


def load_space(encoder: Encoder, cache_folder: Path) -> LanguageSpace:
    """The space of a model. Embedding the cohort takes seconds, so its vectors are kept in ``cache_folder``."""
    name = hashlib.sha256(f"{encoder.fingerprint}\n{cohort_digest()}".encode()).hexdigest()[:16]
    file = cache_folder / f"cohort-{name}.npz"
    vectors = _read_vectors(file)
    if vectors is None:
        vectors = {}
        for language in LANGUAGES:
            vectors["question", language] = encoder.encode_queries(cohort_texts("question", language))
            for kind in PASSAGE_KINDS:
                vectors[kind, language] = encoder.encode_passages(cohort_texts(kind, language))
        _write_vectors(file, vectors)
    return LanguageSpace(vectors)


def _read_vectors(file: Path) -> dict[tuple[Kind, Language], np.ndarray] | None:
    try:
        with np.load(file) as stored:
            return {(kind, language): stored[f"{kind}-{language}"]
                    for kind in ("question", *PASSAGE_KINDS) for language in LANGUAGES}  # fmt: skip
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        # Absent or cut short: it is computed again.
        return None


def _write_vectors(file: Path, vectors: Mapping[tuple[Kind, Language], np.ndarray]) -> None:
    temporary = file.with_name(f"{file.stem}.{os.getpid()}.npz")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        np.savez(temporary, **{f"{kind}-{language}": v for (kind, language), v in vectors.items()})  # type: ignore[arg-type]
        temporary.replace(file)
    except OSError:
        # A cache that cannot be written costs seconds at the next start, nothing else.
        with suppress(OSError):
            temporary.unlink()
