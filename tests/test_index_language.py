"""Turkish, English, or neither."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.language import detect_language, detect_question_language
from index.text import MARK, fold
from index.types import LANGUAGES

TURKISH = [
    "Putin ve Zelenskyy nerede buluşabilir?",
    "tokayev savasi durdurma girisimlerini destekliyor mu",
    "zelenski putin nerede",
    "asgari ücret",
    "asgari ucret",
    "The Ottoman Empire kime aittir?",
    "Los Angeles yangını",
    "Владимир Путин kim",
    "İlham Əliyev ne dedi",
    "kim",
    "TOPLANTI NEREDE OLACAK",
    "Fenerbahçe'nin yeni teknik direktörü kim?",
    "thomas friedman kac kitap yazdi",
    "new york borsasi dustu mu",
    "o da de en iyi mi",
    "Can Dündar kimdir",
    "s\u0327imdi",
]
ENGLISH = [
    "Where might Putin and Zelenskyy meet?",
    "where putin meet zelensky",
    "peace plan",
    "minimum wage",
    "who won",
    "WHO MET ON 20 DECEMBER",
    "Who is Ursula von der Leyen?",
    "What does Liberté, égalité, fraternité mean?",
    "who is the mayor of Los Angeles",
    "What did Erdoğan say about Muğla?",
    "what does hürriyet mean",
    "why did Fenerbahçe lose",
    "whats the plan",
    "when",
]
NEITHER = [
    "Wo findet das Treffen statt?",
    "Wer ist der Präsident von Frankreich?",
    "Qui est le président de la France ?",
    "¿Dónde está el presidente?",
    "Dove si trova la città e perché?",
    "Quem foi o presidente e quando?",
    "Waarom heeft hij dat voorstel niet aanvaard?",
    "Кто президент Франции?",
    "من هو رئيس فرنسا؟",
    "大統領は誰ですか",
    "Ποιος είναι ο πρόεδρος;",
]
UNDECIDED = ["", "2025?", "?!", "🇹🇷"]


@pytest.mark.parametrize("text", TURKISH)
def test_turkish(text: str) -> None:
    assert detect_question_language(text) == detect_language(text) == "tr"


@pytest.mark.parametrize("text", ENGLISH)
def test_english(text: str) -> None:
    assert detect_question_language(text) == detect_language(text) == "en"


@pytest.mark.parametrize("text", TURKISH + ENGLISH)
def test_neither_capitals_diacritics_nor_question_marks_are_needed(text: str) -> None:
    plain = fold(text).replace(MARK, "").rstrip("?")
    if "los angeles" not in plain:  # without its ı, "los angeles yangini" could be either
        assert detect_question_language(plain) == detect_question_language(text)


@pytest.mark.parametrize("text", NEITHER)
def test_other_languages_are_neither(text: str) -> None:
    assert detect_question_language(text) is None
    assert detect_language(text) in LANGUAGES


@pytest.mark.parametrize("text", UNDECIDED)
def test_without_evidence_the_caller_decides(text: str) -> None:
    assert detect_question_language(text) == "tr"
    assert detect_question_language(text, undecided="en") == "en"


@pytest.mark.parametrize(
    ("text", "language"),
    [
        pytest.param("Kazakistan, barış görüşmelerine ev sahipliği yapmaya hazır", "tr", id="turkish headline"),
        pytest.param("PUTIN VE ZELENSKI ASTANA'DA GORUSECEK", "tr", id="turkish capitals"),
        pytest.param("Kazakhstan offers to host peace talks", "en", id="english headline"),
        pytest.param("Erdoğan'ın sözcüsü, The New York Times ile The Guardian'a konuştu", "tr", id="english names"),
        pytest.param("'Asgari ucret' tartismasi", "tr", id="an apostrophe as a quote"),
        pytest.param("Erdoğan told reporters in Muğla that the talks would go on", "en", id="turkish names"),
        pytest.param("Toplantı ertelendi. " * 400 + "The end of the story is in English.", "tr", id="long"),
    ],
)
def test_articles(text: str, language: str) -> None:
    assert detect_language(text) == language


@given(st.text())
def test_any_text_gets_an_answer(text: str) -> None:
    assert detect_language(text) in LANGUAGES
    assert detect_question_language(text) in (*LANGUAGES, None)


@given(st.sampled_from(TURKISH + ENGLISH), st.sampled_from(["", " ", "\n", "\ufeff", "- ", "“"]))
def test_what_stands_before_the_text_does_not_matter(text: str, before: str) -> None:
    assert detect_question_language(before + text) == detect_question_language(text)


def test_threads_agree() -> None:
    texts = (TURKISH + ENGLISH + NEITHER) * 20
    expected = [detect_question_language(text) for text in texts]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(detect_question_language, texts)) == expected
