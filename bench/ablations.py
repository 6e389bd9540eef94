"""Haberci with one part taken away: what each part is worth.

The variants are made of the index's public parts: another :class:`~index.scoring.LanguageSpace`, other constants
of :mod:`index.search`, or its passages put in another order.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

import numpy as np

import index.scoring as scoring_module
import index.search as search_module
from bench.data import LAYOUT_TITLES, Paragraph
from bench.memo import MemoEmbedder
from bench.report import Cell, Report, Setup, directions, mean, table
from bench.retrieval import Haberci, embed_texts, measure
from index import LANGUAGES, Index, Language, Passage
from index.embedding import Embedder, TokenVectors
from index.scoring import Baseline, CohortWords, Kind, LanguageSpace, PlacedQuestion, cohort_texts, load_space
from index.search import MAX_PASSAGES
from index.storage.lexical import LexicalIndex, LexicalRow, terms
from index.words import WordSpace, pool, unit

# The usual constant (Cormack et al., 2009).
RRF_CONSTANT = 60
# The uneven layouts say nothing that the even one does not, and take as long.
LAYOUTS = ("tr", "en", "mixed")

Cohort = Mapping[tuple[Kind, Language], np.ndarray]
Baselines = dict[tuple[Kind, Language], Baseline]


# --- other language spaces --------------------------------------------------------------------------


class Uncentred(LanguageSpace):
    """Vectors of texts and words as the model makes them."""

    def __init__(
        self,
        cohort: Cohort,
        words: WordSpace,
        cohort_words: Mapping[Language, CohortWords],
        gains: Mapping[tuple[Language, Language], float] | None = None,
    ) -> None:
        zeros = {language: np.zeros_like(each) for language, each in words.passage_means.items()}
        super().__init__(cohort, replace(words, question_means=zeros, passage_means=zeros), cohort_words, gains)

    def centre(self, vectors: np.ndarray, kind: Kind, language: Language) -> np.ndarray:  # noqa: ARG002
        return unit(vectors).astype(np.float32)


class PlainCosine(LanguageSpace):
    """Similarities as they are, brought to the usual scale by one deviation for all questions and languages, so
    that each part weighs what it weighs otherwise. ``scales``: of whole texts and of words."""

    scales: tuple[Baseline, Baseline]

    def baselines(self, question: np.ndarray) -> Baselines:
        return dict.fromkeys(super().baselines(question), self.scales[0])

    def word_baselines(self, question: np.ndarray) -> Baselines:
        return dict.fromkeys(super().word_baselines(question), self.scales[1])


class ChunkOnly(LanguageSpace):
    """A passage's own score counts, not its best sentence's: the one's deviations are halved, the other's endless, so
    that the mean of both scores is the one alone."""

    only: Kind = "chunk"

    def baselines(self, question: np.ndarray) -> Baselines:
        return self._alone(super().baselines(question))

    def word_baselines(self, question: np.ndarray) -> Baselines:
        return self._alone(super().word_baselines(question))

    def _alone(self, baselines: Baselines) -> Baselines:
        return {
            (kind, language): Baseline(b.mean, b.deviation / 2 if kind == self.only else math.inf)
            for (kind, language), b in baselines.items()
        }


class SentenceOnly(ChunkOnly):
    """The score of a passage's best sentence counts, not its own."""

    only: Kind = "sentence"


class WithoutWords(LanguageSpace):
    """Whole texts count alone."""

    def word_baselines(self, question: np.ndarray) -> Baselines:  # noqa: ARG002
        return {}


class WithoutGain(LanguageSpace):
    """Scores across languages are not scaled up."""

    def place(self, text: str, tokens: TokenVectors, language: Language | None) -> PlacedQuestion:
        return replace(super().place(text, tokens, language), gains=dict.fromkeys(LANGUAGES, 1.0))


def index_with(space_class: type[LanguageSpace]) -> type[Index]:
    """An Index class whose language space is another one; all its indexes share it, so they must share a model."""

    class Variant(Index):
        shared: LanguageSpace | None = None

        @property
        def space(self) -> LanguageSpace:
            if Variant.shared is None:
                Variant.shared = load_variant(space_class, self.embedder, self.settings.cache)
            return Variant.shared

    return Variant


def load_variant(space_class: type[LanguageSpace], embedder: Embedder, cache: Path) -> LanguageSpace:
    """Another space of a model, made anew: its gains are those that the cohort has in this very space."""
    attributes: dict[str, Any] = {}
    patches: dict[str, Any] = {}
    if issubclass(space_class, PlainCosine):
        attributes["scales"] = _scales(load_space(embedder, cache), embedder)
    if issubclass(space_class, Uncentred):
        patches["pool"] = lambda text, tokens, average: pool(text, tokens, np.zeros_like(average))
    variant = type(space_class.__name__, (space_class,), attributes)
    others = patch.multiple(scoring_module, LanguageSpace=variant, **patches)
    with TemporaryDirectory(prefix="haberci-bench-") as folder, others:
        return load_space(embedder, Path(folder))


def _scales(space: LanguageSpace, embedder: Embedder) -> tuple[Baseline, Baseline]:
    """The mean deviations of whole texts and of words, over the cohort's questions."""
    placed = []
    for language in LANGUAGES:
        texts = cohort_texts("question", language)
        read = embedder.encode_query_tokens(texts)
        placed += [space.place(text, tokens, language) for text, tokens in zip(texts, read, strict=True)]
    whole = mean(baseline.deviation for each in placed for baseline in each.baselines.values())
    words = mean(baseline.deviation for each in placed for baseline in each.word_baselines.values())
    # Of a model that shows no words nothing is scaled.
    return Baseline(0.0, whole), Baseline(0.0, words or 1.0)


# --- other lexical parts ----------------------------------------------------------------------------


class WithoutLexical(Index):
    """Words neither find a passage nor move it."""

    def search(self, question: str, k: int = 5) -> list[Passage]:
        with patch.multiple(search_module, LEXICAL_WEIGHT=0.0, LEXICAL_CANDIDATES=0):
            return super().search(question, k)


class LexicalBonus(Index):
    """A passage gains by its BM25 points, whatever the best of its language has."""

    def search(self, question: str, k: int = 5) -> list[Passage]:
        best: dict[Language, float] = {}
        ask = LexicalIndex.search

        def remember(lexical: LexicalIndex, text: str, language: Language, limit: int) -> dict[str, float]:
            hits = ask(lexical, text, language, limit)
            best[language] = max(hits.values(), default=0.0)
            return hits

        with patch.object(LexicalIndex, "search", remember):
            passages = super().search(question, MAX_PASSAGES)
        # A handicap is the distance to the best of the language: giving that back leaves a bonus.
        weight = search_module.LEXICAL_WEIGHT
        return sorted(passages, key=lambda p: (-p.score - weight * best[p.language], p.article_id, p.start))[:k]


class RankFusion:
    """Reciprocal rank fusion of one dense and one lexical list over both languages, the usual hybrid."""

    version = ""

    def __init__(self, embedder: MemoEmbedder, name: str) -> None:
        self.name = name
        self._dense = Haberci(embedder, name, WithoutLexical)
        self._folder: TemporaryDirectory[str] | None = None
        self._lexical: LexicalIndex | None = None

    def build(self, articles: Sequence[Paragraph]) -> None:
        self._dense.build(articles)
        self._folder = TemporaryDirectory(prefix="haberci-bench-")
        self._lexical = LexicalIndex(Path(self._folder.name), create=True)
        self._lexical.change(LexicalRow(a.id, a.id, a.language, " ".join(terms(a.text))) for a in articles)

    def close(self) -> None:
        """Remove the library."""
        self._dense.close()
        if self._folder is not None:
            self._folder.cleanup()

    def search(self, question: str, k: int) -> list[str]:
        assert self._lexical is not None, "build comes first"
        hits = [hit for language in LANGUAGES for hit in self._lexical.search(question, language, MAX_PASSAGES).items()]
        lexical = [article_id for article_id, _ in sorted(hits, key=lambda hit: -hit[1])][:MAX_PASSAGES]
        return fuse([self._dense.search(question, MAX_PASSAGES), lexical])[:k]


def fuse(lists: Sequence[Sequence[str]]) -> list[str]:
    """Reciprocal rank fusion of lists of ids, each best first."""
    scores: dict[str, float] = {}
    for ids in lists:
        for place, each in enumerate(ids, start=1):
            scores[each] = scores.get(each, 0.0) + 1 / (RRF_CONSTANT + place)
    return sorted(scores, key=lambda each: (-scores[each], each))


# --- the table --------------------------------------------------------------------------------------


def make_variants(embedder: MemoEmbedder) -> list[Haberci | RankFusion]:
    """Haberci whole, then with each part taken away."""
    return [
        Haberci(embedder),
        Haberci(embedder, "no centring", index_with(Uncentred)),
        Haberci(embedder, "no cohort normalization (plain cosine)", index_with(PlainCosine)),
        Haberci(embedder, "passages only", index_with(ChunkOnly)),
        Haberci(embedder, "sentences only", index_with(SentenceOnly)),
        Haberci(embedder, "no word vectors", index_with(WithoutWords)),
        Haberci(embedder, "no gain across languages", index_with(WithoutGain)),
        Haberci(embedder, "no lexical part", WithoutLexical),
        Haberci(embedder, "lexical part as a bonus", LexicalBonus),
        RankFusion(embedder, "reciprocal rank fusion instead"),
    ]


def run(setup: Setup) -> Report:
    """Measure every variant in the setup's layouts that are among :data:`LAYOUTS`; when none is, in all of them."""
    report = Report("ablations", "Ablations: what each part is worth")
    report.add(
        "Recall@1 of Haberci whole, and the points it loses (-) or gains (+) without each part.", setup.describe()
    )
    embed_texts(setup)
    variants = make_variants(setup.embedder)
    for layout in [layout for layout in setup.layouts if layout in LAYOUTS] or setup.layouts:
        results = {}
        for variant in variants:
            with closing(variant):
                results[variant.name] = measure(variant, setup, layout)
        report.figures[layout] = results
        report.add(f"## {LAYOUT_TITLES[layout]}", _table(results))
    return report


def _table(results: Mapping[str, Mapping[str, Any]]) -> str:
    whole = next(iter(results.values()))
    columns = [(key, words) for key, words in directions() if f"{key}.r1" in whole]
    rows: list[list[Cell]] = []
    for name, figures in results.items():
        if figures is whole:
            rows.append([name, *(figures[f"{key}.r1"] for key, _ in columns)])
        else:
            points = (100 * (figures[f"{key}.r1"] - whole[f"{key}.r1"]) for key, _ in columns)
            rows.append([name, *(f"{point:+.1f}" for point in points)])
    return table(["variant", *(words for _, words in columns)], rows)
