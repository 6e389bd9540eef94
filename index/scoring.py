"""Scores that mean the same in every language: centred vectors, and similarity against unrelated text.

A multilingual model puts the language of a text into its vector, so passages in the question's language crowd
out the right one in another. Three steps undo that:

* **Centring.** From every vector the mean vector of its language (and kind of text) is taken away, then it is
  brought back to length 1. The means come from the cohort: news reports that the project owns, every
  one in both languages, so that their means differ by language alone.
* **Cohort normalization** (the s-norm of speaker verification: Kenny et al., 2010; Matejka et al., 2017).
  A question's similarities to the cohort's unrelated texts have a mean and a deviation; a passage's
  similarity is told in those deviations: 0 is as similar as unrelated text, 3 is rare among it.
* **Gain.** What answers a question is less similar to it across languages. By how much, the cohort's own
  questions say, which have their report in both languages; scores across languages are scaled up by it.
"""

from __future__ import annotations

import hashlib
import json
import os
import zipfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np

from index.embedding import TokenVectors
from index.types import LANGUAGES, Language
from index.words import WORD_DIMENSIONS, WordSpace, best_matches, pool, unit

Kind = Literal["question", "sentence", "chunk"]
PASSAGE_KINDS: tuple[Kind, ...] = ("sentence", "chunk")
# A deviation below this is not one: a model so flat would turn rounding into scores.
_MIN_DEVIATION = 1e-4
_SENTENCES_IN_A_REPORT = 4
# Raised when what is kept of the cohort, or how it is computed, changes.
_SPACE_FORMAT = 2
SPACE_FILE_PREFIX = "cohort-"


class Encoder(Protocol):
    """What this module needs of an :class:`~index.embedding.Embedder`."""

    @property
    def fingerprint(self) -> str: ...
    def encode_query_tokens(self, texts: Sequence[str]) -> list[TokenVectors]: ...
    def encode_passage_tokens(self, texts: Sequence[str]) -> list[TokenVectors]: ...
    def encode_passages(self, texts: Sequence[str]) -> np.ndarray: ...


@dataclass(frozen=True, slots=True)
class Baseline:
    """How similar one question is to unrelated text of one language and kind."""

    mean: float
    deviation: float

    def normalize(self, similarity: Any) -> Any:
        """A similarity, or an array of any shape, in deviations above the mean of unrelated text."""
        return (similarity - self.mean) / self.deviation


@dataclass(frozen=True, slots=True)
class PlacedQuestion:
    """A question in the language space. ``vector``: centred, shape (dimension,). ``words``: see :mod:`index.words`.

    ``baselines`` and ``word_baselines``: what unrelated text scores against it. ``gains``: what a score in each
    language is scaled by.
    """

    text: str
    language: Language | None
    vector: np.ndarray
    words: np.ndarray
    baselines: Mapping[tuple[Kind, Language], Baseline]
    word_baselines: Mapping[tuple[Kind, Language], Baseline]
    gains: Mapping[Language, float]


@dataclass(frozen=True, slots=True)
class CohortWords:
    """The words of all reports of one language: ``vectors``, float32, shape (words, dimensions), and for each word
    the number of its report and of its sentence, both ascending."""

    vectors: np.ndarray
    reports: np.ndarray
    sentences: np.ndarray

    def best_matches(self, question: np.ndarray) -> dict[Kind, np.ndarray]:
        """For a question's words of shape (words, dimensions): the mean of each one's best match in every report, and
        in every sentence. As :func:`~index.words.best_matches`, for the many words that every question meets."""
        firsts = np.flatnonzero(np.diff(self.sentences, prepend=-1))
        best = np.maximum.reduceat(question @ self.vectors.T, firsts, axis=1)
        of_reports = np.flatnonzero(np.diff(self.reports[firsts], prepend=-1))
        return {"chunk": np.maximum.reduceat(best, of_reports, axis=1).mean(axis=0), "sentence": best.mean(axis=0)}


class LanguageSpace:
    """The vector space of one model in which languages have been made equal.

    ``means[kind, language]``: float32 of shape (dimension,), of that kind of the cohort's texts.
    ``cohort[kind, language]``: the cohort's centred passages, float32 of shape (texts, dimension).
    ``words``: the space of single words; ``cohort_words[language]`` the cohort's.
    """

    def __init__(
        self,
        cohort: Mapping[tuple[Kind, Language], np.ndarray],
        words: WordSpace,
        cohort_words: Mapping[Language, CohortWords],
        gains: Mapping[tuple[Language, Language], float] | None = None,
    ) -> None:
        self.means = {key: vectors.mean(axis=0) for key, vectors in cohort.items()}
        self.cohort = {key: self.centre(vectors, *key) for key, vectors in cohort.items() if key[0] != "question"}
        self.words = words
        self.cohort_words = cohort_words
        self.gains = dict(gains or {})

    def centre(self, vectors: np.ndarray, kind: Kind, language: Language) -> np.ndarray:
        """Vectors of shape (n, dimension) less their language's mean, each of length 1, float32."""
        return unit(vectors - self.means[kind, language]).astype(np.float32)

    def place(self, text: str, tokens: TokenVectors, language: Language | None) -> PlacedQuestion:
        """A question as the model has read it; ``language`` None for one that is in neither."""
        # A question in neither language is moved by both means: halfway is nearer than either.
        languages = [language] if language else list(LANGUAGES)
        vector = unit(sum(self.centre(tokens.vector[None, :], "question", each)[0] for each in languages))
        words = self.words.question(text, tokens, language)
        gains = {each: self.gains.get((language, each), 1.0) if language else 1.0 for each in LANGUAGES}
        return PlacedQuestion(text, language, vector, words, self.baselines(vector), self.word_baselines(words), gains)

    def baselines(self, question: np.ndarray) -> dict[tuple[Kind, Language], Baseline]:
        """For a centred question of shape (dimension,): what unrelated text of each kind and language scores."""
        return {key: _baseline(vectors @ question) for key, vectors in self.cohort.items()}

    def word_baselines(self, question: np.ndarray) -> dict[tuple[Kind, Language], Baseline]:
        """The same for a question's words of shape (words, dimensions); empty when it has none."""
        if not len(question):
            return {}
        return {
            (kind, language): _baseline(matches)
            for language, words in self.cohort_words.items()
            for kind, matches in words.best_matches(question).items()
        }


def _baseline(similarities: np.ndarray) -> Baseline:
    return Baseline(float(similarities.mean()), max(float(similarities.std()), _MIN_DEVIATION))


def blend(whole: Any, words: Any) -> Any:
    """A score, or an array of them, from that of a whole text and that of its words."""
    return (whole + words) / 2


def passage_score(whole: float, best_sentence: float) -> float:
    """What a passage scores: as much by what it is about as by the best single thing that it says."""
    return (whole + best_sentence) / 2


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


def load_space(encoder: Encoder, *folders: Path) -> LanguageSpace:
    """The space of a model. Embedding the cohort takes seconds, so its vectors are kept in ``folders``.

    What the first folder that has them holds counts, and is copied to the others. A library keeps its own, so
    that what it was built with is what it is searched with: another computer's arithmetic may turn the directions
    that words are projected on.
    """
    file_name = space_file_name(encoder)
    held = {folder: _read_arrays(folder / file_name) for folder in folders}
    arrays = next((each for each in held.values() if each is not None), None) or _embed_cohort(encoder)
    for folder, own in held.items():
        if own is None:
            _write_arrays(folder / file_name, arrays)
    return _space_of(arrays)


def space_file_name(encoder: Encoder) -> str:
    digest = hashlib.sha256(
        f"{encoder.fingerprint}\n{cohort_digest()}\n{WORD_DIMENSIONS}\n{_SPACE_FORMAT}".encode()
    ).hexdigest()
    return f"{SPACE_FILE_PREFIX}{digest[:16]}.npz"


def _space_of(arrays: Mapping[str, np.ndarray]) -> LanguageSpace:
    kinds: tuple[Kind, ...] = ("question", *PASSAGE_KINDS)
    words = WordSpace(
        {language: arrays[f"question-mean-{language}"] for language in LANGUAGES},
        {language: arrays[f"passage-mean-{language}"] for language in LANGUAGES},
        arrays["projection"],
    )
    return LanguageSpace(
        {(kind, language): arrays[f"{kind}-{language}"] for kind in kinds for language in LANGUAGES},
        words,
        {
            language: CohortWords(
                arrays[f"words-{language}"].astype(np.float32),
                arrays[f"word-reports-{language}"],
                arrays[f"word-sentences-{language}"],
            )
            for language in LANGUAGES
        },
        {(a, b): float(arrays["gains"][i, j]) for i, a in enumerate(LANGUAGES) for j, b in enumerate(LANGUAGES)},
    )


def _embed_cohort(encoder: Encoder) -> dict[str, np.ndarray]:
    """Everything that :func:`_space_of` needs, by name."""
    arrays: dict[str, np.ndarray] = {}
    questions = {language: encoder.encode_query_tokens(cohort_texts("question", language)) for language in LANGUAGES}
    reports = {language: encoder.encode_passage_tokens(cohort_texts("chunk", language)) for language in LANGUAGES}
    pooled = {}
    for language in LANGUAGES:
        arrays[f"question-{language}"] = np.stack([each.vector for each in questions[language]])
        arrays[f"chunk-{language}"] = np.stack([each.vector for each in reports[language]])
        arrays[f"sentence-{language}"] = encoder.encode_passages(cohort_texts("sentence", language))
        for name, texts in (("question", questions), ("passage", reports)):
            tokens = np.concatenate([each.tokens for each in texts[language]])
            # A model that shows no tokens has no mean one either; nothing will be taken from it.
            arrays[f"{name}-mean-{language}"] = tokens.sum(axis=0) / np.float32(max(1, len(tokens)))
        mean = arrays[f"passage-mean-{language}"]
        texts_of = cohort_texts("chunk", language)
        pooled[language] = [pool(text, each, mean) for text, each in zip(texts_of, reports[language], strict=True)]
    every = np.concatenate([vectors for language in LANGUAGES for _, vectors in pooled[language]])
    # The directions in which words differ most, both languages together.
    _, directions = np.linalg.eigh(every.T @ every)
    arrays["projection"] = directions[:, ::-1][:, :WORD_DIMENSIONS].astype(np.float32)
    for language in LANGUAGES:
        arrays |= _cohort_words(language, pooled[language], arrays["projection"])
    arrays["gains"] = np.ones((len(LANGUAGES), len(LANGUAGES)))
    arrays["gains"] = _gains(_space_of(arrays), questions)
    return arrays


def _cohort_words(
    language: Language, pooled: Sequence[tuple[np.ndarray, np.ndarray]], projection: np.ndarray
) -> dict[str, np.ndarray]:
    numbers, sentences = [], []
    for number, (report, (starts, _)) in enumerate(zip(cohort_reports(), pooled, strict=True)):
        ends = np.cumsum([len(sentence) + 1 for sentence in report[language]])
        numbers.append(np.full(len(starts), number))
        sentences.append(number * _SENTENCES_IN_A_REPORT + np.searchsorted(ends, starts, side="right"))
    return {
        f"words-{language}": unit(np.concatenate([vectors for _, vectors in pooled]) @ projection).astype(np.float16),
        f"word-reports-{language}": np.concatenate(numbers),
        f"word-sentences-{language}": np.concatenate(sentences),
    }


def _gains(space: LanguageSpace, questions: Mapping[Language, list[TokenVectors]]) -> np.ndarray:
    """By question language and passage language: how much higher a report that answers scores in the question's own."""
    scores = np.ones((len(LANGUAGES), len(LANGUAGES)))
    for i, asked in enumerate(LANGUAGES):
        texts = cohort_texts("question", asked)
        placed = [space.place(text, each, asked) for text, each in zip(texts, questions[asked], strict=True)]
        for j, written in enumerate(LANGUAGES):
            own = [_own_report_score(space, question, n // 2, written) for n, question in enumerate(placed)]
            scores[i, j] = np.mean(own)
    gains = np.diag(scores)[:, None] / np.maximum(scores, _MIN_DEVIATION)
    # A model that does not cross languages at all must not have noise blown up.
    clipped: np.ndarray = np.clip(gains, 1.0, 2.0)
    return clipped


def _own_report_score(space: LanguageSpace, question: PlacedQuestion, report: int, language: Language) -> float:
    """What the report that a cohort question was written about scores, as :mod:`index.search` scores passages."""
    rows = slice(report * _SENTENCES_IN_A_REPORT, (report + 1) * _SENTENCES_IN_A_REPORT)
    whole = question.baselines["chunk", language].normalize(space.cohort["chunk", language][report] @ question.vector)
    sentences = question.baselines["sentence", language].normalize(
        space.cohort["sentence", language][rows] @ question.vector
    )
    words = space.cohort_words[language]
    of_report = words.reports == report
    if question.word_baselines and of_report.any():
        similarity = question.words @ words.vectors[of_report].T
        chunk, sentence = (question.word_baselines[kind, language] for kind in ("chunk", "sentence"))
        whole = blend(whole, chunk.normalize(float(similarity.max(axis=1).mean())))
        numbers = words.sentences[of_report] - rows.start
        sentences = blend(sentences, sentence.normalize(best_matches(similarity, numbers, _SENTENCES_IN_A_REPORT)))
    return passage_score(float(whole), float(np.max(sentences)))


def _read_arrays(file: Path) -> dict[str, np.ndarray] | None:
    try:
        with np.load(file) as stored:
            arrays = dict(stored)
        _space_of(arrays)
        return arrays
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        # Absent or cut short: it is computed again.
        return None


def _write_arrays(file: Path, arrays: Mapping[str, np.ndarray]) -> None:
    temporary = file.with_name(f"{file.stem}.{os.getpid()}.npz")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        np.savez(temporary, **arrays)  # type: ignore[arg-type]
        temporary.replace(file)
    except OSError:
        # A cache that cannot be written costs seconds at the next start, nothing else.
        with suppress(OSError):
            temporary.unlink()
