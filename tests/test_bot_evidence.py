"""Which sentences answer, on passages whose scores are given."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.evidence import JOIN_MARGIN, MARGIN, MATCHED, MAX_QUOTED, READ, select_evidence
from bot.quote import quote_answer
from bot.reader import Reading
from index import Passage, Sentence

LOWEST = MATCHED.lowest
HIGH = LOWEST + 4


def passage(*sentences: tuple[str, float], between: str = " ", score: float = HIGH, article_id: str = "a") -> Passage:
    """A passage of these sentences with their scores, ``between`` standing between them."""
    text, parts = "", []
    for words, sentence_score in sentences:
        text += between if text else ""
        parts.append(Sentence(words, 100 + len(text), 100 + len(text) + len(words), sentence_score))
        text += words
    return Passage(article_id, text, 100, 100 + len(text), score, "tr", sentences=tuple(parts))


def quotes(*passages: Passage) -> list[str]:
    return [item.quote for item in select_evidence(passages)]


def test_the_best_sentence_comes_first() -> None:
    found = quotes(passage(("Kar yağdı.", HIGH), ("Okullar kapandı.", HIGH + 2), between="\n\n"))
    assert found == ["Okullar kapandı.", "Kar yağdı."]


def test_offsets_count_in_the_article() -> None:
    where = passage(("Kar yağdı.", HIGH), ("Okullar kapandı.", HIGH - 9))
    item = select_evidence([where])[0]
    assert (item.start, item.end) == (100, 110)
    assert where.text[item.start - where.start : item.end - where.start] == item.quote


def test_nothing_answers_below_the_threshold() -> None:
    assert quotes(passage(("Kar yağdı.", LOWEST - 0.1), score=LOWEST - 0.1)) == []
    assert quotes(passage(("Kar yağdı.", LOWEST + 0.1), score=LOWEST + 0.1)) == ["Kar yağdı."]


def test_no_passages_no_evidence() -> None:
    assert select_evidence([]) == []


@pytest.mark.parametrize("asks", ["Okullar kapandı mı?", "“Okullar kapandı mı?”", 'Vali, "Ne yapalım?"'])
def test_a_sentence_that_asks_is_never_evidence(asks: str) -> None:
    assert quotes(passage((asks, HIGH + 5), ("Okullar kapandı.", HIGH), between="\n")) == ["Okullar kapandı."]


def test_what_leads_in_a_list_is_never_evidence() -> None:
    assert quotes(passage(("Robotun özellikleri:", HIGH + 5), ("- 40 kilo taşır.", HIGH), between="\n")) == [
        "- 40 kilo taşır."
    ]
    says_something = "Tokayev planın bugün açıklanacağını söyledi:"
    assert quotes(passage((says_something, HIGH))) == [says_something]


def test_a_sentence_far_below_the_best_is_left_out() -> None:
    # A sentence counts half by itself, half by its passage.
    assert quotes(passage(("Kar yağdı.", HIGH), ("Lig başladı.", HIGH - 2 * MARGIN - 0.1), between="\n")) == [
        "Kar yağdı."
    ]


def test_at_most_three_sentences() -> None:
    assert len(quotes(passage(*((f"Cümle {n}.", HIGH) for n in range(6)), between="\n"))) == 3


def test_joined_neighbours_leave_room_for_other_quotes() -> None:
    near = passage(*((f"Cümle {n}.", HIGH) for n in range(3)))
    other = passage(("Kar yağdı.", HIGH - 1), article_id="b")
    assert quotes(near, other) == ["Cümle 0. Cümle 1. Cümle 2.", "Kar yağdı."]


def test_a_quote_has_at_most_three_sentences() -> None:
    assert quotes(passage(*((f"Cümle {n}.", HIGH) for n in range(7)))) == [
        "Cümle 0. Cümle 1. Cümle 2.",
        "Cümle 3. Cümle 4. Cümle 5.",
        "Cümle 6.",
    ]


def test_chosen_neighbours_of_one_paragraph_become_one_quote() -> None:
    assert quotes(passage(("Kar yağdı.", HIGH), ("Okullar kapandı.", HIGH + 1))) == ["Kar yağdı. Okullar kapandı."]


def test_a_neighbour_that_is_clearly_weaker_stays_apart() -> None:
    found = quotes(passage(("Kar yağdı.", HIGH), ("Okullar kapandı.", HIGH + 2 * JOIN_MARGIN + 0.1)))
    assert found == ["Okullar kapandı.", "Kar yağdı."]


def test_no_sentence_is_quoted_twice() -> None:
    found = quotes(passage(("Okullar kapandı.", HIGH), ("Bunu vali söyledi.", HIGH + 3)))
    assert found == ["Okullar kapandı. Bunu vali söyledi."]


@given(
    st.lists(
        st.tuples(st.sampled_from(["Bu karar", "Ancak okul", "Okul"]), st.floats(HIGH - 4, HIGH + 4)),
        min_size=1, max_size=9,
    )
)  # fmt: skip
def test_quotes_are_short_and_apart_whatever_leans_on_what(drawn: list[tuple[str, float]]) -> None:
    where = passage(*((f"{opening} {number}.", score) for number, (opening, score) in enumerate(drawn)))
    found = select_evidence([where])
    assert found
    assert all(item.quote == where.text[item.start - where.start : item.end - where.start] for item in found)
    assert all(1 <= item.quote.count(".") <= MAX_QUOTED for item in found)
    places = sorted((item.start, item.end) for item in found)
    assert all(first[1] < second[0] for first, second in pairwise(places))


@pytest.mark.parametrize("line_break", ["\n", "\r\n", "\r", "\n\n"])
def test_neighbours_of_two_paragraphs_stay_apart(line_break: str) -> None:
    found = quotes(passage(("Kar yağdı.", HIGH), ("Okullar kapandı.", HIGH + 1), between=line_break))
    assert found == ["Okullar kapandı.", "Kar yağdı."]


@pytest.mark.parametrize("opening", ["Bu karar", "Bunu vali", "O da", "This", "He", "They"])
def test_a_sentence_that_looks_back_brings_the_one_before(opening: str) -> None:
    last = f"{opening} açıkladı."
    assert quotes(passage(("Okullar kapandı.", HIGH - 9), (last, HIGH))) == [f"Okullar kapandı. {last}"]


@pytest.mark.parametrize("opening", ["Bursa", "Onur", "Theresa", "Obama", "Bugün"])
def test_a_name_that_begins_like_a_pronoun_brings_nothing(opening: str) -> None:
    last = f"{opening} açıkladı."
    assert quotes(passage(("Okullar kapandı.", HIGH - 9), (last, HIGH))) == [last]


def test_the_sentence_before_is_not_brought_from_another_paragraph_or_when_it_asks() -> None:
    assert quotes(passage(("Okullar kapandı.", HIGH - 9), ("Bunu vali söyledi.", HIGH), between="\n\n")) == [
        "Bunu vali söyledi."
    ]
    assert quotes(passage(("Okullar kapandı mı?", HIGH - 9), ("Bunu vali söyledi.", HIGH))) == ["Bunu vali söyledi."]


def test_a_sentence_of_the_best_ones_passage_is_preferred_to_an_equal_one_elsewhere() -> None:
    first = passage(("Kar yağdı.", HIGH + 3), ("Okullar kapandı.", HIGH), ("Yollar açık.", HIGH), between="\n")
    other = passage(("Lig başladı.", HIGH + 0.5), article_id="b")
    assert quotes(other, first) == ["Kar yağdı.", "Okullar kapandı.", "Yollar açık."]


def test_what_is_no_answer_by_itself_is_not_shown_from_another_article() -> None:
    low = LOWEST - 0.5
    answer = passage(("Okullar kapandı.", LOWEST + 1), ("Kar yağdı.", low), between="\n", score=low)
    elsewhere = passage(("Kar tatili bitti.", low), score=low, article_id="b")
    assert quotes(answer, elsewhere) == ["Okullar kapandı.", "Kar yağdı."]
    far = LOWEST - 2
    assert quotes(passage(("Okullar kapandı.", LOWEST + 3), ("Kar yağdı.", far), between="\n", score=far)) == [
        "Okullar kapandı."
    ]


@pytest.mark.parametrize(
    ("title", "end"), [("Kar tatili", "\n— Kar tatili"), ("Okullar kapandı.", "”"), ("Okullar…", "”")]
)
def test_a_title_that_the_quote_begins_with_is_not_said_again(title: str, end: str) -> None:
    evidence = select_evidence([replace(passage(("Okullar kapandı.", HIGH)), title=title)])
    assert quote_answer(evidence, "tr").text.endswith(f"Okullar kapandı.{end}" if end == "”" else end)


def test_evidence_of_several_articles_names_each() -> None:
    found = select_evidence([passage(("Kar yağdı.", HIGH)), passage(("Okullar kapandı.", HIGH), article_id="b")])
    assert {item.passage.article_id for item in found} == {"a", "b"}


# --- with a reader ----------------------------------------------------------------------------------


def reading(where: Passage, **margins: float) -> Reading:
    """A reader that finds these words of the passage, each with its margin; elsewhere it is sure of nothing."""
    spans = np.array([word.span() for word in re.finditer(r"\w+", where.text)])
    starts = np.full(len(spans), -10.0, np.float32)
    for words, margin in margins.items():
        starts[[where.text[start:end] for start, end in spans].index(words)] = margin
    ends = np.where(starts > -10, 0.0, -10.0).astype(np.float32)
    return Reading(spans, starts, ends, none=0.0)


def test_of_sentences_equally_near_the_one_that_answers_comes_first() -> None:
    where = passage(("Kar yağdı.", HIGH), ("Okullar kapandı.", HIGH), between="\n")
    assert select_evidence([where], [reading(where, Okullar=6.0)])[0].quote == "Okullar kapandı."
    assert select_evidence([where], [reading(where, Kar=6.0)])[0].quote == "Kar yağdı."


def test_the_exact_words_are_told_by_their_place_in_the_article() -> None:
    where = passage(("Kar yağdı.", HIGH - 9), ("Bunu vali söyledi.", HIGH))
    item = select_evidence([where], [reading(where, vali=6.0)])[0]
    assert item.answer is not None
    assert (item.quote, item.words) == ("Kar yağdı. Bunu vali söyledi.", "vali")
    assert where.text[item.answer[0] - where.start : item.answer[1] - where.start] == "vali"


def test_a_sentence_that_the_reader_finds_nothing_in_needs_to_be_much_nearer() -> None:
    near = passage(("Kar yağdı.", READ.lowest + 1), score=READ.lowest + 1)
    assert select_evidence([near], [reading(near, Kar=4.0)])
    assert not select_evidence([near], [reading(near, Kar=-8.0)])


def test_what_was_not_read_is_no_evidence_beside_what_was() -> None:
    first, second = passage(("Kar yağdı.", HIGH)), passage(("Okullar kapandı.", HIGH + 3), article_id="b")
    assert [item.quote for item in select_evidence([first, second], [reading(first, Kar=5.0)])] == ["Kar yağdı."]


def test_words_are_marked_in_the_best_quote_alone() -> None:
    where = passage(("Kar yağdı.", HIGH), ("Okullar kapandı.", HIGH), between="\n")
    found = select_evidence([where], [reading(where, Kar=6.0, Okullar=5.0)])
    assert [item.words for item in found] == ["Kar", None]


def test_without_a_reader_no_words_are_marked() -> None:
    item = select_evidence([passage(("Kar yağdı.", HIGH))])[0]
    assert (item.answer, item.words) == (None, None)


def test_a_margin_without_end_does_not_outweigh_everything() -> None:
    where = passage(("Kar yağdı.", HIGH), ("Okullar kapandı.", HIGH), between="\n")
    sure, surer = (select_evidence([where], [reading(where, Kar=margin)])[0].score for margin in (16.0, 160.0))
    assert sure == surer
