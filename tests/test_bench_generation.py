"""The figures of generated answers, on answers that can be checked by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bench.generation import Written, measure, missing_parts, tables

QUOTE = "ABD ve Rusya temsilcileri 20-21 Aralık'ta bir araya geldi."
RIGHT = Written(
    question="When did they meet?",
    language="en",
    kind="cross",
    gold="December 20-21",
    raw="They met on December 20-21 [1]. There were 900 guards [1].",
    shown="They met on December 20-21. [1]",
    method="llm",
    found=True,
    quotes=[QUOTE],
    quoted_found=True,
    quoted_recall=0.5,
    evidence1=True,
    quoted_evidence1=True,
    has_gold_quote=True,
    first_s=2.0,
    seconds=3.0,
)
REFUSED = replace(RIGHT, raw="NOT STATED", shown="The articles don't say.", method="none", found=False, quotes=[],
                  evidence1=False, has_gold_quote=False, first_s=None)  # fmt: skip
QUOTED = replace(RIGHT, shown="According to the article:\n“Temsilciler bir araya geldi.”", method="quote", first_s=None)
LOST = replace(QUOTED, has_gold_quote=False)
ABSENT = replace(RIGHT, kind="absent", gold="x", evidence1=False, has_gold_quote=False)


def test_what_the_model_answers_and_what_is_shown() -> None:
    assert RIGHT.raw_answers
    assert RIGHT.raw_is_right
    assert RIGHT.is_right
    assert not REFUSED.raw_answers
    assert not QUOTED.is_right
    assert RIGHT.raw_sentences == ["They met on December 20-21.", "There were 900 guards."]


def test_right_answers_that_verification_loses() -> None:
    figures = measure([RIGHT, RIGHT, QUOTED, LOST, REFUSED])
    assert figures["right_before"] == 4
    assert figures["lost_words"] == 0.5
    assert figures["lost"] == 0.25


def test_unanswerable_questions() -> None:
    figures = measure([RIGHT, ABSENT, replace(REFUSED, kind="absent"), replace(REFUSED, kind="near")])
    assert figures["refusals"]["absent"]["bare"] == 0.5
    assert figures["refusals"]["absent"]["generated"] == 0.5
    assert figures["refusals"]["near"]["verified"] == 0.0


def test_unsupported_parts_are_found_before_and_after() -> None:
    unsupported = measure([RIGHT])["unsupported"]
    assert unsupported["bare"]["figures"] == 1
    assert unsupported["verified"]["figures"] == 0


@pytest.mark.parametrize(
    ("sentence", "missing"),
    [
        ("They met on December 20-21.", ["December"]),
        ("ABD temsilcileri 20-21 Aralık'ta görüştü.", []),
        ("The talks took 3 days in Astana.", ["3", "Astana"]),
        ("1.500 kişi vardı.", ["1500"]),
    ],
)
def test_parts_are_compared_letter_by_letter(sentence: str, missing: list[str]) -> None:
    assert missing_parts(sentence, QUOTE) == missing


def test_the_tables_show_every_answerer() -> None:
    shown = "\n".join(tables(measure([RIGHT, QUOTED, ABSENT])))
    assert all(name in shown for name in ("quoted", "bare", "verified", "topic absent", "median"))
