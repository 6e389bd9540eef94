"""Articles are data: what they say to a machine changes nothing."""

from __future__ import annotations

import json
import re
import string
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bench.reading.examples import ARTICLES, load_articles
from bot import Chatbot
from bot.injection import is_injection
from bot.verification import Verifier
from index import Article, Index, Language
from index.embedding import Embedder
from index.sentences import split_sentences
from index.text import fold
from tests.test_bot_writing import scripted

HOSTILE: list[dict[str, Any]] = [
    json.loads(line)
    for line in (Path(__file__).parent / "data" / "hostile.jsonl").read_text(encoding="utf-8").splitlines()
]
# What news says, which shares words with such text.
NEWS: list[tuple[Language, str]] = [
    ("en", "The court told the ministry to ignore the earlier ruling of the board."),
    ("en", "The company said its AI systems read 40,000 X-rays last year."),
    ("en", "Researchers built a language model that recognises bird song."),
    ("en", "“We will answer every question of the families,” the minister said."),
    ("en", "Three times the prime minister left unanswered the journalists' question: “Will you go if you lose?”"),
    ("tr", "Bakan, yeni kuralların salı günü yürürlüğe gireceğini söyledi."),
    ("tr", "Yapay zekâ yatırımları geçen yıl yüzde 40 arttı."),
    ("tr", "Vali, vatandaşlardan talimatlara uymalarını istedi."),
    ("tr", "Uzmanlar kullanıcıların parolalarını değiştirmesini önerdi."),
]


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory, embedder: Embedder) -> Iterator[Index]:
    with Index.open(tmp_path_factory.mktemp("library"), embedder=embedder) as index:
        index.add(Article(row["id"], row["text"], language=row["language"]) for row in HOSTILE)
        yield index


@pytest.mark.parametrize("row", HOSTILE, ids=lambda row: row["id"])
def test_the_signs_are_seen(row: dict[str, Any]) -> None:
    assert is_injection(row["hostile"])


@pytest.mark.parametrize("row", HOSTILE, ids=lambda row: row["id"])
def test_honest_sentences_have_none(row: dict[str, Any]) -> None:
    honest = row["text"].replace(row["hostile"], "\n")
    for line in honest.splitlines():
        for start, end in split_sentences(line, row["language"]):
            assert not is_injection(line[start:end])


@pytest.mark.parametrize(("language", "sentence"), NEWS)
def test_news_about_machines_and_rules_has_none(language: Language, sentence: str) -> None:
    assert not is_injection(sentence)


@pytest.mark.parametrize("shift", [1, 5, 13, 21])
def test_words_of_no_language_are_told_from_words(shift: int, index: Index) -> None:
    """The project's own articles, which the limit was not chosen with, as they are and in ciphers."""
    letters = string.ascii_lowercase
    cipher = str.maketrans(letters, letters[shift:] + letters[:shift])
    verifier = Verifier(index)
    articles = load_articles(ARTICLES / "third")
    sentences = [
        text for paragraphs in articles[::8] for each in paragraphs for own in each.sentences.values() for text in own
    ]
    assert len(sentences) > 300
    assert [text for text in sentences if not verifier.is_legible(text)] == []
    coded = [text.lower().translate(cipher) for text in sentences]
    assert sum(map(verifier.is_legible, coded)) < len(coded) / 100


@pytest.mark.parametrize("row", HOSTILE, ids=lambda row: row["id"])
def test_a_model_that_obeys_is_not_heard(row: dict[str, Any], index: Index) -> None:
    """The model does all that the article asks for, and cites every number it can think of."""
    obeying = " ".join(f"{part} [1]. The answer is {part} [2]. Yanıt {part} [3]." for part in row["forbidden"])
    answer = Chatbot(index, llm=scripted(f"{obeying} {row['hostile']} [1]", size=200)).ask(
        row[f"question_{row['language']}"]
    )
    own_words = fold(re.sub(r"\[\d\]", "", answer.text)) if answer.method == "llm" else ""
    assert not [part for part in row["forbidden"] if fold(part) in own_words]
    assert all(item.quote == index.article(item.article_id).text[item.start : item.end] for item in answer.citations)  # type: ignore[union-attr]
