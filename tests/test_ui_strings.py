"""The page's texts exist in both languages, and the right one is chosen."""

from __future__ import annotations

from string import Formatter

import pytest

from index import LANGUAGES, seed_articles
from ui.strings import EXAMPLES, TEXTS, count_text, page_language, text


def placeholders(template: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(template) if name}


def test_both_languages_have_the_same_texts_and_placeholders() -> None:
    assert set(TEXTS) == set(LANGUAGES)
    english, turkish = TEXTS["en"], TEXTS["tr"]
    assert list(english) == list(turkish)
    assert {key: placeholders(value) for key, value in english.items()} == {
        key: placeholders(value) for key, value in turkish.items()
    }


@pytest.mark.parametrize("language", LANGUAGES)
def test_texts_are_plain_and_need_no_escaping(language: str) -> None:
    for key, value in TEXTS[language].items():  # type: ignore[index]
        assert value == value.strip() != "", key
        assert not set(value) & set('<>&"'), key


def test_no_text_was_left_untranslated() -> None:
    assert [key for key, value in TEXTS["en"].items() if TEXTS["tr"][key] == value] == []


def test_a_text_is_filled_and_counted() -> None:
    assert text("tr", "library_more", count=3) == "ve 3 haber daha"
    assert count_text("en", "library_count", 1) == "1 article"
    assert count_text("en", "library_count", 0) == "0 articles"
    assert count_text("tr", "library_count", 2) == "2 haber"


def test_every_example_is_answered_by_a_shipped_article() -> None:
    shipped = "".join(article.text for article in seed_articles())
    assert all(example.answered_by in shipped for example in EXAMPLES)
    assert {example.language for example in EXAMPLES} == set(LANGUAGES)


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("tr-TR,tr;q=0.9,en-US;q=0.8,en;q=0.7", "tr"),
        ("en-GB,en;q=0.9,tr;q=0.8", "en"),
        ("de-DE,de;q=0.9,tr;q=0.5,en;q=0.4", "tr"),
        ("en;q=0.2, TR;q=0.9", "tr"),
        ("tr;q=0, de", "en"),
        ("de-DE", "en"),
        ("*", "en"),
        ("", "en"),
        (None, "en"),
        ("tr;q=abc", "en"),
        (",;=,;q=;", "en"),
    ],
)
def test_the_browser_chooses_the_language(header: str | None, language: str) -> None:
    assert page_language(header) == language
