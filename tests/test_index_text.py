"""Folding keeps every position; tokens stand where they say."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.text import MARK, STEM_CHARS, Token, fold, name_key, stem, tokens

ALL_CHARACTERS = "".join(map(chr, range(0x110000)))
# Letters, marks, quotes, numbers and blanks that meet in news text, and anything else now and then.
NEWSLIKE = st.text(
    st.one_of(
        st.sampled_from("İIıişŞğçöüâîabtnsPZ'’`´\u0307\u0327\u0308\u00ad\u200d🇹🇷½²٣ 0123456789.,:-–%\r\n"),
        st.characters(),
    )
)


def words(text: str) -> list[str]:
    return [token.text for token in tokens(text)]


def test_every_character_folds_to_one_character_for_good() -> None:
    folded = fold(ALL_CHARACTERS)
    assert len(folded) == len(ALL_CHARACTERS)
    assert fold(folded) == folded


@given(NEWSLIKE)
def test_fold_keeps_the_length_and_every_position(text: str) -> None:
    folded = fold(text)
    assert len(folded) == len(text)
    assert folded == "".join(map(fold, text))
    assert fold(folded) == folded


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        pytest.param("Iıİi", "iiii", id="the four i"),
        pytest.param("ŞşĞğÇçÖöÜü", "ssggccoouu", id="turkish letters"),
        pytest.param("âîûÂÎÛ", "aiuaiu", id="circumflex"),
        pytest.param("ß æ Œ ﬁ ǆ", "s a o f d", id="ligatures"),
        pytest.param("s\u0327 i\u0307", f"s{MARK} i{MARK}", id="decomposed letters"),
        pytest.param("gö\u00adrüş\u200d\ufeff", f"go{MARK}rus{MARK}{MARK}", id="invisible characters"),
        pytest.param("Putin’in “sözü” «evet»", 'putin\'in "sozu" "evet"', id="quotes"),
        pytest.param("20–21 — 5", "20-21 - 5", id="dashes"),
        pytest.param("٤٥ ４５", "45 45", id="other digits"),
        pytest.param("6½ m²", "6½ m²", id="fractions and powers stay"),
        pytest.param("a\u00a0b\r\nc\td", "a b\r\nc\td", id="line breaks stay"),
        pytest.param("Зеленский Ёлка", "зеленскии елка", id="cyrillic"),
        pytest.param("한국 東京", "한국 東京", id="no alphabet"),
        pytest.param("\ud800", "\ud800", id="half a character"),
        pytest.param("", "", id="empty"),
    ],
)
def test_fold(text: str, folded: str) -> None:
    assert fold(text) == folded


@given(NEWSLIKE)
def test_tokens_stand_in_order_where_they_say(text: str) -> None:
    folded = fold(text)
    end_before = 0
    for token in tokens(text):
        assert end_before <= token.start < token.end <= len(text)
        end_before = token.end
        there = folded[token.start : token.end]
        assert there[0].isalnum()
        if token.is_number:
            assert (
                token.text.strip("0.") in there.translate({ord(","): "", ord("."): "", ord(":"): ""})
                or "." in token.text
            )
        else:
            assert token.text == there.replace(MARK, "").replace("'", "")


@given(st.text())
def test_tokens_of_a_text_and_of_its_fold_are_the_same(text: str) -> None:
    assert tokens(fold(text)) == tokens(text)


@given(st.integers(min_value=0, max_value=10**15))
def test_thousands_separators_do_not_matter(number: int) -> None:
    assert words(f"{number:,}") == words(f"{number:,}".replace(",", ".")) == words(str(number)) == [str(number)]


@given(st.decimals(min_value=0, max_value=10**9, places=2, allow_nan=False))
def test_the_decimal_separator_does_not_matter(number: object) -> None:
    english = f"{number:,}"
    turkish = english.translate(str.maketrans(",.", ".,"))
    assert words(english) == words(turkish)
    assert len(words(english)) == 1
    assert float(words(english)[0]) == float(str(number))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("Putin'le Zelenskyy’nin ABD`ye", ["putin", "zelenskyy", "abd"], id="turkish suffixes"),
        pytest.param("Rusya'nınki AB'dekilerin Türkiye'dir", ["rusya", "ab", "turkiye"], id="chained suffixes"),
        pytest.param("Russia's leaders' they're I'm", ["russia", "leaders", "they", "i"], id="english endings"),
        pytest.param("don't can't", ["dont", "cant"], id="contractions"),
        pytest.param("Kur'an'ı O'Brien'ın Xi'an", ["kuran", "obrien", "xian"], id="apostrophe inside a name"),
        pytest.param("'barış planı'nın", ["baris", "plani"], id="apostrophe as a quote"),
        pytest.param("2025'te 1990'larda 3'üncü 2025te", ["2025", "1990", "3", "2025"], id="numbers with suffixes"),
        pytest.param("20th 1990s", ["20", "1990"], id="english number endings"),
        pytest.param("1.500.000 1,500,000 1500000", ["1500000"] * 3, id="thousands"),
        pytest.param("1.500,75 1,500.75", ["1500.75"] * 2, id="thousands and decimals"),
        pytest.param("3,5 3.5 3,50 0.125", ["3.5", "3.5", "3.5", "0.125"], id="decimals"),
        pytest.param("%45 45% yüzde 45", ["45", "45", "yuzde", "45"], id="per cent"),
        pytest.param("20-21 20–21", ["20", "21"] * 2, id="range"),
        pytest.param("21.12.2025 05/12", ["21", "12", "2025", "5", "12"], id="dates"),
        pytest.param("14:30 14.30", ["14.3"] * 2, id="time of day"),
        pytest.param("F16 F-16 10km", ["f", "16", "f", "16", "10", "km"], id="letters beside digits"),
        pytest.param("783.562km2 783.562 km2", ["783562", "km", "2"] * 2, id="letters between digits"),
        pytest.param("4'u\u0308ncu\u0308 10gu\u0308n", ["4", "10", "gun"], id="decomposed letters behind digits"),
        pytest.param("3. ve 4.", ["3", "ve", "4"], id="ordinals and full stops"),
        pytest.param("s\u0327eker şeker I\u0307yi İyi", ["seker", "seker", "iyi", "iyi"], id="decomposed letters"),
        pytest.param("gö\u00adrüş \ufeffAli", ["gorus", "ali"], id="invisible characters"),
        pytest.param("snake_case", ["snake", "case"], id="underscore"),
        pytest.param(" ?! … 🇹🇷 ", [], id="nothing to find"),
    ],
)
def test_tokens(text: str, expected: list[str]) -> None:
    assert words(text) == expected


def test_a_token_spans_the_word_without_its_suffix() -> None:
    text = "İşte Zelenskyy'nin 1.500.000'i"
    assert [text[token.start : token.end] for token in tokens(text)] == ["İşte", "Zelenskyy", "1.500.000"]


def test_a_token_spans_the_marks_of_its_letters() -> None:
    assert tokens("s\u0327as\u0327") == [Token("sas", 0, 5)]


@pytest.mark.parametrize(
    ("word", "key"),
    [
        pytest.param("gorusmelerinde", "gorus", id="long"),
        pytest.param("ev", "ev", id="short"),
        pytest.param("1500000", "1500000", id="number"),
    ],
)
def test_stem(word: str, key: str) -> None:
    assert stem(word) == stem(Token(word, 0, len(word))) == key
    assert word.isdigit() or len(stem(word)) <= STEM_CHARS


@pytest.mark.parametrize(
    "spellings",
    [
        pytest.param("Zelenskyy Zelensky Zelenskiy Zelenski Zelenskyy'nin", id="zelenskyy"),
        pytest.param("Tokayev Tokaev Tokayev'e", id="tokayev"),
        pytest.param("Putin Putin'in", id="putin"),
        pytest.param("Mohammed Muhammed Muhammad Mohamed Muhammet", id="mohammed"),
        pytest.param("Khamenei Hamaney", id="khamenei"),
        pytest.param("Lukashenko Lukaşenko", id="lukashenko"),
        pytest.param("Medvedev Medvedyev", id="medvedev"),
        pytest.param("Witkoff Vitkof", id="witkoff"),
        pytest.param("Alexander Aleksander", id="x and ks"),
        pytest.param("Iraq Irak", id="q and k"),
        pytest.param("Hussein Hüseyin", id="hussein"),
        pytest.param("Tehran Tahran", id="tehran"),
        pytest.param("Assad Esad", id="assad"),
        pytest.param("Josef Joseph", id="ph and f"),
    ],
)
def test_spellings_of_a_name_share_a_key(spellings: str) -> None:
    assert len({name_key(token) for token in tokens(spellings)}) == 1


@pytest.mark.parametrize(
    ("one", "other"),
    [("zelenski", "zelenska"), ("putin", "puskin"), ("iran", "irak"), ("ali", "veli"), ("2024", "2025")],
)
def test_different_names_keep_different_keys(one: str, other: str) -> None:
    assert name_key(one) != name_key(other)


@given(NEWSLIKE)
def test_keys_are_never_empty(text: str) -> None:
    for token in tokens(text):
        assert stem(token)
        assert name_key(token)
