"""Sentence splitting: the table of hard cases, and the contract of the spans on any text."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.sentences import MAX_WHOLE_QUOTATION_CHARS, split_sentences
from index.types import LANGUAGES, Language
from tests.sentence_cases import HELD_OUT, TUNING, Row, joined

# Rows that are known to come out wrong; a rule that mends one makes its strict xfail say so.
KNOWN_MISTAKES = {"held_out-tr-07-abbreviation"}


def _params(part: str, table: dict[str, list[Row]]) -> list[object]:
    params: list[object] = []
    for language, rows in table.items():
        for number, row in enumerate(rows):
            case = f"{part}-{language}-{number:02}-{row[0]}"
            marks = [pytest.mark.xfail(strict=True, reason="known limit")] if case in KNOWN_MISTAKES else []
            params.append(pytest.param(language, row, id=case, marks=marks))
    return params


def _sentences(text: str, language: Language) -> list[str]:
    return [text[start:end] for start, end in split_sentences(text, language)]


@pytest.mark.parametrize(("language", "row"), _params("tuning", TUNING) + _params("held_out", HELD_OUT))
def test_hard_case(language: Language, row: Row) -> None:
    assert _sentences(joined(row), language) == row[1]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_table_is_large_and_half_of_it_is_held_out(language: Language) -> None:
    tuning = {joined(row) for row in TUNING[language]}
    held_out = {joined(row) for row in HELD_OUT[language]}
    assert len(tuning) >= 50
    assert len(held_out) >= 50
    assert not tuning & held_out


# --- particular texts -------------------------------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("text", ["", " ", "\r\n\t\u00a0\u2003"])
def test_blank_text_has_no_sentences(text: str, language: Language) -> None:
    assert split_sentences(text, language) == []


def test_a_line_break_does_not_end_a_sentence() -> None:
    text = "Heyet dün\r\nAnkara'ya geldi.\r\nBugün  dönüyor."
    assert _sentences(text, "tr") == ["Heyet dün\r\nAnkara'ya geldi.", "Bugün  dönüyor."]


def test_a_long_quotation_is_cut_inside_and_its_end_stays_with_the_speaker() -> None:
    said = "Bu anlaşma iki ülke için de çok önemli bir adımdır ve uzun süredir bekleniyordu. " * 6
    text = f'"{said}Yarın imzalanacak," dedi bakan.'
    assert len(text) > MAX_WHOLE_QUOTATION_CHARS
    found = _sentences(text, "tr")
    assert len(found) == 7
    assert found[-1] == 'Yarın imzalanacak," dedi bakan.'


def test_a_quotation_mark_without_a_partner_does_not_swallow_the_rest() -> None:
    assert len(_sentences('"Gel dedi. Sonra gitti. Kimse görmedi.', "tr")) == 3


@pytest.mark.parametrize(
    ("text", "first_end"),
    [
        ("Okul bitti.\u00a0Şimdi tatil.", 11),
        ("Okul bitti.\u200bŞimdi tatil.", 11),
        ("Okul bitti. \ufeffŞimdi tatil.", 11),
        ("Gu\u0308n bitti.  S\u0327imdi gece.", 11),
        ("İIıi bitti.\n\nİstanbul uyudu.", 11),
        ("👩‍👩‍👧 geldi.   🙂 Sonra gittiler.", 12),
    ],
    ids=["nbsp", "zero_width_space", "byte_order_mark", "combining_marks", "turkish_i", "emoji"],
)
def test_offsets_count_code_points(text: str, first_end: int) -> None:
    spans = split_sentences(text, "tr")
    assert len(spans) == 2
    assert spans[0] == (0, first_end)


def test_an_editors_remark_stays_with_its_sentence() -> None:
    assert len(_sentences("The town is old. [citation needed] It has a wall.", "en")) == 2
    assert _sentences("Kent eskidir.[12] Surları var.", "tr") == ["Kent eskidir.[12]", "Surları var."]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_lone_surrogate_is_taken_as_any_character(language: Language) -> None:
    assert split_sentences("\ud800. \udfff", language)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    "unit",
    ["a", ".", ". ", ".\n", ".\n\n", '"a. ', "(", ".)", '."', "[1]", "A.", "1. ", " ", "\n", "\n- ", "'", "Geldi. Bu "],
    ids=repr,
)
def test_a_long_text_comes_back(unit: str, language: Language) -> None:
    _check_contract(unit * (200_000 // len(unit)), language)


def test_the_seed_article_is_split_by_hand_made_figures() -> None:
    """Sentences in each paragraph of the article that the project ships with."""
    folder = Path(__file__).parent.parent / "seeds"
    texts = [path.read_text(encoding="utf-8") for path in folder.iterdir() if "Tokayev" in path.read_text("utf-8")]
    if not texts:
        pytest.skip("the seed article is not there")
    body = texts[0][texts[0].index("Kazakistan Cumhurbaşkanı Kasım Cömert Tokayev, ABD") :]
    paragraphs = [paragraph for paragraph in body.split("\n\n") if paragraph.strip()]
    assert [len(split_sentences(paragraph, "tr")) for paragraph in paragraphs] == [2, 1, 2, 1, 1, 3, 1, 1, 2, 1, 2, 2]


def test_importing_loads_no_other_package() -> None:
    code = "import sys, index.sentences; print(sorted({'torch', 'sentencex', 'pysbd', 'nltk'} & sys.modules.keys()))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


# --- the contract on any text -----------------------------------------------------------------------

_PIECES = st.sampled_from(
    [
        *("İ", "ı", "I", "i", "ş", "Ş", "s\u0327", "\u0307", "\u0301", "é", "ß", "ǅ", "ﬁ", "²", "½", "٣", "中", "。"),
        *("👩‍👧", "🇹🇷", "🙂", "\u200b", "\u200d", "\u2060", "\ufeff", "\u00ad", "\u200f", "\u202e", "\x00", "\ud800"),
        *(
            " ",
            "  ",
            "\t",
            "\n",
            "\r\n",
            "\r",
            "\x0b",
            "\x1c",
            "\x85",
            "\u00a0",
            "\u2003",
            "\u2028",
            "\u2029",
            "\u3000",
        ),
        *(".", "..", "...", "…", "?", "!", "?!", "‼", ",", ":", ";", "-", "–", "—", "•", "*", "%", "/", "@", "_", "#"),
        *('"', "'", "“", "”", "„", "‘", "’", "«", "»", "‹", "›", "(", ")", "[", "]", "{", "}", "[1]"),
        *("Dr.", "A.Ş.", "U.S.", "vb.", "No.", "3.", "1.500", "XIV.", "II.", "2023'te.", "www.a.tr", "geldi.Sonra"),
        *("Bu", "The", "geldi", "dedi", "said", "iPhone", "Ankara", "ve", "12.30", "M.", "Kemal"),
    ]
)
_TEXTS = st.one_of(st.lists(_PIECES, max_size=60).map("".join), st.text(max_size=120))


def _check_contract(text: str, language: Language) -> None:
    spans = split_sentences(text, language)
    last = 0
    for start, end in spans:
        assert last <= start < end <= len(text)
        assert not text[last:start].strip()  # nothing but white space is left out
        assert text[start:end] == text[start:end].strip()
        last = end
    assert not text[last:].strip()


@given(text=_TEXTS, language=st.sampled_from(LANGUAGES))
def test_spans_hold_every_character_once(text: str, language: Language) -> None:
    _check_contract(text, language)


@given(text=_TEXTS, language=st.sampled_from(LANGUAGES))
def test_the_same_text_is_always_split_alike(text: str, language: Language) -> None:
    assert split_sentences(text, language) == split_sentences(text, language)


@given(text=_TEXTS, language=st.sampled_from(LANGUAGES), before=st.sampled_from([" ", "\n", "\r\n  ", "\u00a0"]))
def test_white_space_around_a_text_only_moves_its_spans(text: str, language: Language, before: str) -> None:
    inner = text.strip()
    moved = [(start + len(before), end + len(before)) for start, end in split_sentences(inner, language)]
    if inner[:1].isalpha():  # a list mark means more after a line break
        assert split_sentences(before + inner + "\n", language) == moved
