"""Careless questions: each rewriting does one thing, the same in every run."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.rewriting import (
    REWRITINGS,
    SPELLINGS,
    TYPOS,
    careless,
    in_lower_case,
    with_other_spelling,
    with_typo,
    without_diacritics,
    without_question_mark,
)


def test_without_diacritics_keeps_capitals() -> None:
    assert without_diacritics("Işık İstanbul'da çığ mı gördü?", "tr") == ["Isik Istanbul'da cig mi gordu?"]


@pytest.mark.parametrize(
    ("language", "question", "lowered"),
    [("tr", "ISPARTA İlçe", "ısparta ilçe"), ("en", "IS IT Ibiza", "is it ibiza")],
)
def test_lower_case_is_the_languages_own(language: str, question: str, lowered: str) -> None:
    assert in_lower_case(question, language) == [lowered]  # type: ignore[arg-type]


def test_careless_is_all_three() -> None:
    assert without_question_mark("Kim geldi ?", "tr") == ["Kim geldi"]
    assert careless("Işık nerede?", "tr") == ["isik nerede"]


def distance(one: str, other: str) -> int:
    """Edits of one letter, swaps of neighbours among them."""
    rows = [[max(i, j) if not i or not j else 0 for j in range(len(other) + 1)] for i in range(len(one) + 1)]
    for i in range(1, len(one) + 1):
        for j in range(1, len(other) + 1):
            rows[i][j] = min(rows[i - 1][j] + 1, rows[i][j - 1] + 1, rows[i - 1][j - 1] + (one[i - 1] != other[j - 1]))
            if i > 1 and j > 1 and one[i - 1] == other[j - 2] and one[i - 2] == other[j - 1]:
                rows[i][j] = min(rows[i][j], rows[i - 2][j - 2] + 1)
    return rows[-1][-1]


@given(st.text(alphabet="abcçdefgğhıijklmnoöprsştuüvyzİ '?-", max_size=40), st.sampled_from(["tr", "en"]))
def test_a_typo_is_one_edit(question: str, language: str) -> None:
    forms = with_typo(question, language)  # type: ignore[arg-type]
    assert len(set(forms)) == len(forms) <= TYPOS
    assert all(distance(question, form) == 1 for form in forms)
    assert forms == with_typo(question, language)  # type: ignore[arg-type]


def test_typos_differ_and_leave_short_words_alone() -> None:
    assert len(set(with_typo("Where was the lighthouse of Kuzu Bay built?", "en"))) == TYPOS
    assert with_typo("Who is it?", "en") == []


def test_another_spelling_keeps_the_suffix() -> None:
    assert with_other_spelling("Gandhi'nin fikri neydi?", "tr") == [
        "Ghandi'nin fikri neydi?",
        "Gandi'nin fikri neydi?",
    ]
    assert with_other_spelling("Which khan was it?", "en") == []


def test_the_names_are_listed_once() -> None:
    names = [name for names in SPELLINGS for name in names]
    assert len(names) == len(set(names))
    assert all(len(each) > 1 for each in SPELLINGS)


@pytest.mark.parametrize("name", REWRITINGS)
def test_rewritings_give_texts_that_can_be_asked(name: str) -> None:
    for form in REWRITINGS[name]("Kublai Khan nerede doğdu?", "tr"):
        assert form.strip()
        assert form != "Kublai Khan nerede doğdu?"
