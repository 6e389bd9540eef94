"""Turkish typed without its letters, and capitals, with the packaged model's own vocabulary."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.embedding import Embedder
from index.spelling import SpellingRestorer
from index.text import fold


@pytest.fixture(scope="module")
def restorer(embedder: Embedder) -> SpellingRestorer:
    return SpellingRestorer(embedder.piece_scores())


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("abd baris planini ne zaman sundu?", "abd barış planını ne zaman sundu?"),
        (
            "tokayev savasi durdurma girisimlerini destekliyor mu",
            "tokayev savaşı durdurma girişimlerini destekliyor mu",
        ),
        ("cumhurbaskani nerede konustu", "cumhurbaşkanı nerede konuştu"),
        ("asgari ucret ne kadar oldu", "asgari ücret ne kadar oldu"),
        ("Putin ve Zelenski nerede bulusacak", "Putin ve Zelenski nerede buluşacak"),
        ("Cumhurbaskani'nin ozel kalemi kim", "Cumhurbaşkanı'nin özel kalemi kim"),
        ("okullar acik mi", "okullar açık mı"),
        ("koprude balik tutuldu mu, goruldu mu", "köprüde balık tutuldu mu, görüldü mü"),
        ("OKULLAR KAPALI MIYDI", "okullar kapalı mıydı"),
        ("ABD BARIŞ PLANINI NE ZAMAN SUNDU", "abd barış planını ne zaman sundu"),
        ("ABD BARIS PLANINI NE ZAMAN SUNDU", "abd barış planını ne zaman sundu"),
    ],
)
def test_letters_are_restored(restorer: SpellingRestorer, typed: str, meant: str) -> None:
    assert restorer.restore(typed, "tr") == meant


@pytest.mark.parametrize(
    "question",
    [
        "ABD barış planini ne zaman sundu?",  # one Turkish letter: typed with care
        "Putin nerede?",
        "Trump ile kim konuştu?",
        "NATO",
        "2025'te ne oldu?",
        "F-16 ne kadar?",
        "",
    ],
)
def test_what_needs_nothing_stays_as_it_is(restorer: SpellingRestorer, question: str) -> None:
    assert restorer.restore(question, "tr") == question


@pytest.mark.parametrize("language", ["en", None])
def test_other_languages_keep_their_letters(restorer: SpellingRestorer, language: None) -> None:
    assert restorer.restore("Who supported the plan in Ankara?", language) == "Who supported the plan in Ankara?"
    assert restorer.restore("WHO SUPPORTED IT", language) == "who supported it"


def test_a_decomposed_letter_is_a_turkish_letter(restorer: SpellingRestorer) -> None:
    assert restorer.restore("bars\u0327is planini", "tr") == "bars\u0327is planini"


def test_a_model_without_a_unigram_vocabulary_restores_nothing() -> None:
    assert SpellingRestorer({}).restore("baris planini", "tr") == "baris planini"


@given(st.text(max_size=60))
def test_only_marks_and_case_ever_change(restorer: SpellingRestorer, question: str) -> None:
    restored = restorer.restore(question, "tr")
    assert fold(restored).lower() == fold(question).lower() or fold(restored) == fold(question.lower())


def test_a_very_long_question_is_no_burden(restorer: SpellingRestorer) -> None:
    question = "cocuguisu " * 70
    assert restorer.restore(question, "tr") == question


def test_a_word_of_doubtful_letters_is_weighed_a_few_hundred_times(
    restorer: SpellingRestorer, monkeypatch: pytest.MonkeyPatch
) -> None:
    weighed: list[str] = []
    score = SpellingRestorer._score
    monkeypatch.setattr(SpellingRestorer, "_score", lambda own, word: weighed.append(word) or score(own, word))
    assert fold(restorer.restore("gocsucgosicugsocigucsogicusogcis", "tr")) == "gocsucgosicugsocigucsogicusogcis"
    assert 100 < len(weighed) < 1500


def test_a_very_long_word_is_no_burden(restorer: SpellingRestorer) -> None:
    word = "susucugio" * 30
    assert fold(restorer.restore(word, "tr")) == word
