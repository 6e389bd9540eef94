"""Word vectors: pooled from tokens, stored in a byte a number, matched one by one."""

from __future__ import annotations

import re
import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from fakes_index import FakeEmbedder, make_article, open_index
from hypothesis import given, settings
from hypothesis import strategies as st

from index import LANGUAGES, Article
from index.embedding import Embedder, TokenVectors
from index.scoring import LanguageSpace, load_space
from index.words import Words, best_matches, pool, similarities, unit

ODD_TEXTS = st.text(
    st.one_of(st.sampled_from("ab ıİşğÜ'’_.,-7\r\n\t\u0301\u0307\u200b🙂👩\u200d👧谁"), st.characters(codec="utf-8")),
    max_size=60,
)
TEXTS = [
    "Ankara'da toplantı yapıldı; İstanbul'da kar yağdı.",
    "The meeting\r\n\r\ntook place 🙂 in Ankara.",
    "O\u0308yle de\u0308, I\u0307zmir'de.",
    "Sondaki boşluk \n",
    "?!",
    "",
]
QUESTION = "Who voted on the budget in Ankara?"


class Tokenless(FakeEmbedder):
    """A model that does not show its tokens."""

    def _with_tokens(self, texts: Sequence[str], vectors: np.ndarray) -> list[TokenVectors]:
        none = np.zeros((0, self.dimension), np.float32), np.zeros((0, 2), np.int64)
        return [TokenVectors(vector, *none) for vector in vectors]


@pytest.fixture(scope="module")
def real_space(embedder: Embedder, cache_folder: Path) -> LanguageSpace:
    return load_space(embedder, cache_folder)


# --- words of a text --------------------------------------------------------------------------------


@given(st.integers(0, 40), st.integers(1, 32), st.integers(0, 2**32 - 1))
def test_words_come_back_as_they_were_packed(count: int, dimensions: int, seed: int) -> None:
    generator = np.random.default_rng(seed)
    starts = generator.integers(0, 2**32, count, dtype=np.uint32)
    vectors = generator.integers(-127, 128, (count, dimensions), dtype=np.int8)
    words = Words.unpack(Words(starts, vectors).pack())
    assert len(words) == count
    assert np.array_equal(words.starts, starts)
    assert words.vectors.dtype == np.int8
    assert np.array_equal(words.vectors, vectors if count else np.zeros((0, 0), np.int8))


@given(ODD_TEXTS)
def test_words_begin_where_they_say(text: str) -> None:
    (read,) = FakeEmbedder().encode_passage_tokens([text])
    starts, vectors = pool(text, read, np.zeros(24, np.float32))
    last = [int(end) - 1 for _, end in read.spans]
    expected = [m.start() for m in re.finditer(r"\w+", text) if any(m.start() <= at < m.end() for at in last)]
    assert starts.tolist() == expected
    assert vectors.shape == (len(expected), 24)
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(np.ones(len(expected)), abs=1e-5)


@settings(max_examples=25, deadline=None)
@given(ODD_TEXTS)
def test_words_of_the_real_model_begin_where_they_say(embedder: Embedder, text: str) -> None:
    (read,) = embedder.encode_passage_tokens([text])
    assert len(read.tokens) == len(read.spans)
    assert ((read.spans[:, 0] >= 0) & (read.spans[:, 0] < read.spans[:, 1])).all()
    assert (read.spans[:, 1] <= len(text)).all()
    starts, vectors = pool(text, read, np.zeros(embedder.dimension, np.float32))
    assert len(starts) == len(vectors)
    assert set(starts.tolist()) <= {match.start() for match in re.finditer(r"\w+", text)}
    assert (np.diff(starts) > 0).all()


def test_the_pieces_of_a_word_become_one_vector() -> None:
    text = "Meclisteki, oy."
    spans = np.array([(0, 6), (6, 10), (10, 11), (11, 14), (14, 15)])
    tokens = np.random.default_rng(0).standard_normal((5, 8)).astype(np.float32)
    mean = np.random.default_rng(1).standard_normal(8).astype(np.float32)
    starts, vectors = pool(text, TokenVectors(tokens[0], tokens, spans), mean)
    assert starts.tolist() == [0, 12]
    first, second = (unit(tokens[n] - mean) for n in (0, 1))
    assert vectors[0] == pytest.approx(unit(first + second), abs=1e-6)
    assert vectors[1] == pytest.approx(unit(tokens[3] - mean), abs=1e-6), "a token may begin with the space before"


@given(st.integers(0, 2**32 - 1), st.integers(1, 5), st.integers(0, 20), st.integers(1, 6))
def test_best_matches_are_those_of_a_plain_loop(seed: int, asked: int, count: int, groups: int) -> None:
    generator = np.random.default_rng(seed)
    question = unit(generator.standard_normal((asked, 6))).astype(np.float32)
    exact = unit(generator.standard_normal((count, 6))).reshape(-1, 6)
    words = Words(np.arange(count, dtype=np.uint32), np.rint(exact * 127).astype(np.int8))
    # Ascending numbers, some of them without words, and words of no group anywhere among them.
    numbers = np.sort(generator.integers(0, groups, count))
    numbers[generator.random(count) < 0.3] = -1
    similarity = similarities(question, words.vectors)
    loop = [[float(q @ (w / 127.0)) for w in words.vectors.astype(np.float64)] for q in question]
    assert similarity == pytest.approx(np.array(loop).reshape(asked, count), abs=1e-5)
    expected = []
    for group in range(groups):
        own = [n for n in range(count) if numbers[n] == group]
        expected.append(float(np.mean([max(row[n] for n in own) for row in loop])) if own else -1.0)
    assert best_matches(similarity, numbers, groups) == pytest.approx(np.array(expected), abs=1e-5)


def test_the_cohort_is_matched_as_any_other_words(tmp_path: Path) -> None:
    space = load_space(FakeEmbedder(), tmp_path)  # type: ignore[arg-type]
    question = unit(np.random.default_rng(3).standard_normal((7, space.words.projection.shape[1])).astype(np.float32))
    for words in space.cohort_words.values():
        found = words.best_matches(question)
        similarity = question @ words.vectors.T
        for kind, numbers in (("chunk", words.reports), ("sentence", words.sentences)):
            expected = best_matches(similarity, numbers, int(numbers[-1]) + 1)
            np.testing.assert_allclose(found[kind], expected, atol=1e-6)


# --- without words ----------------------------------------------------------------------------------


def test_a_model_without_tokens_is_searched_by_whole_vectors_alone(tmp_path: Path) -> None:
    articles = [make_article(n, sentences=1) for n in range(5)]
    question = "Which quixotic walrus yodelled?"
    with warnings.catch_warnings():
        warnings.filterwarnings("error", category=RuntimeWarning)
        with open_index(tmp_path / "library", embedder=Tokenless(), lock_timeout_s=5) as index:
            index.add(articles)
            found = index.search(question)
            space = index.space
    fake = FakeEmbedder()
    placed = space.place(question, Tokenless().encode_query_tokens([question])[0], "en")
    assert len(placed.words) == len(placed.word_baselines) == 0
    assert len(found) == 5
    assert all(np.isfinite(list(space.gains.values())))
    for passage in found:
        vector = fake.encode_passages([passage.text])
        chunk, sentence = (
            float(placed.baselines[kind, "en"].normalize(space.centre(vector, kind, "en")[0] @ placed.vector))
            for kind in ("chunk", "sentence")  # type: ignore[index]
        )
        assert passage.score == pytest.approx((chunk + sentence) / 2, abs=1e-3)
        assert passage.sentences[0].score == pytest.approx(sentence, abs=1e-3)


def test_a_text_without_words_is_searched_by_its_whole_vector_alone(tmp_path: Path) -> None:
    question, text = "Which quixotic walrus yodelled?", "🙂 ?!"
    with open_index(tmp_path / "library") as index:
        index.add([Article("a", text, language="en"), make_article(1)])
        found = {passage.article_id: passage for passage in index.search(question)}
        placed = index.space.place(question, FakeEmbedder().encode_query_tokens([question])[0], "en")
        space = index.space
    assert set(found) == {"a", "a1"}
    vector = FakeEmbedder().encode_passages([text])
    chunk, sentence = (
        float(placed.baselines[kind, "en"].normalize(space.centre(vector, kind, "en")[0] @ placed.vector))
        for kind in ("chunk", "sentence")  # type: ignore[index]
    )
    assert found["a"].score == pytest.approx((chunk + sentence) / 2, abs=1e-3)


# --- the real model ---------------------------------------------------------------------------------


def test_tokens_come_with_the_vector_of_the_text(embedder: Embedder) -> None:
    for encode, encode_tokens in (
        (embedder.encode_queries, embedder.encode_query_tokens),
        (embedder.encode_passages, embedder.encode_passage_tokens),
    ):
        read = encode_tokens(TEXTS)
        assert np.allclose([each.vector for each in read], encode(TEXTS), atol=1e-5)
        assert encode_tokens([]) == []
        for text, each in zip(TEXTS, read, strict=True):
            assert each.tokens.shape == (len(each.spans), embedder.dimension)
            assert each.tokens.dtype == each.vector.dtype == np.float32
            assert ((each.spans[:, 0] >= 0) & (each.spans[:, 1] <= len(text))).all()
            covered = {at for start, end in each.spans for at in range(start, end)}
            for word in re.finditer(r"\w+", text):
                assert set(range(*word.span())) <= covered


def test_the_tokens_of_a_text_are_the_same_in_a_batch_and_alone(embedder: Embedder) -> None:
    for text, each in zip(TEXTS, embedder.encode_passage_tokens(TEXTS), strict=True):
        (alone,) = embedder.encode_passage_tokens([text])
        assert np.array_equal(alone.spans, each.spans)
        assert np.allclose(alone.tokens, each.tokens, atol=1e-4)


def test_a_long_text_is_cut_at_the_limit_of_the_model(embedder: Embedder) -> None:
    text = "Uzun bir haber metni. " * 400
    short, long = embedder.encode_passage_tokens(["Kısa.", text])
    assert 450 < len(long.tokens) == len(long.spans) < embedder.max_tokens
    assert long.spans.max() < len(text)
    assert len(short.tokens) < 8
    assert np.allclose(long.vector, embedder.encode_passages([text])[0], atol=1e-5)


def test_gains_of_the_real_model_are_those_of_crossing_languages(real_space: LanguageSpace) -> None:
    for asked in LANGUAGES:
        for written in LANGUAGES:
            gain = real_space.gains[asked, written]
            assert gain == 1 if asked == written else 1.05 <= gain <= 1.6
