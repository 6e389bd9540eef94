"""The whole way from a question to an answer, with the real model, a real Chroma and the shipped article."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from importlib import resources
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from langchain_core.runnables import Runnable

import bot.chatbot
from bot import Answer, Chatbot, ask
from bot.reader import READER_FILE, READER_SHA256
from index import Article, Index, QuestionError, seed_articles
from index.embedding import Embedder
from index.errors import EmptyQuestionError, LongQuestionError, QuestionTypeError, SettingsError
from tests.article_texts import article_texts
from tests.fakes_index import FakeEmbedder

SNOW = Article(
    "snow",
    "Heavy snow fell in Ankara on Monday. The governor closed all schools for two days. Buses kept running.",
    language="en",
)


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory, embedder: Embedder) -> Iterator[Index]:
    with Index.open(tmp_path_factory.mktemp("library"), embedder=embedder) as index:
        index.seed(seed_articles)
        yield index


@pytest.fixture(scope="module")
def chatbot(index: Index) -> Chatbot:
    return Chatbot(index)


def is_verbatim(answer: Answer, index: Index) -> bool:
    texts = {article.id: article.text for article in index.articles()}
    return all(texts[c.article_id][c.start : c.end] == c.quote for c in answer.citations)


# --- the shipped article ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "question", ["Where might Putin and Zelenskyy meet?", "Putin ve Zelenskyy nerede buluşabilir?"]
)
def test_the_answer_says_where_it_stands(chatbot: Chatbot, question: str) -> None:
    """It is uncertain; Moscow was proposed and refused; Kazakhstan offers itself."""
    answer = chatbot.ask(question)
    assert answer.found
    for part in (
        "hala belirsiz",
        "Moskova'ya gelmesi gerektiğini",
        "keskin bir şekilde reddetti",
        "Kazakistan gibi tarafsız",
    ):
        assert part in answer.text
    assert is_verbatim(answer, chatbot.index)


SPELLINGS = ["Zelenskyy", "Zelensky", "Zelenski", "Zelenskiy", "zelenskyy"]


@pytest.mark.parametrize("name", SPELLINGS)
@pytest.mark.parametrize("template", ["Where might Putin and {} meet?", "putin ve {} nerede bulusabilir"])
def test_other_spellings_find_the_same_sentence(chatbot: Chatbot, template: str, name: str) -> None:
    answer = chatbot.ask(template.format(name))
    assert "Moskova'ya gelmesi gerektiğini" in answer.citations[0].quote


@pytest.mark.parametrize(
    ("question", "quote"),
    [
        ("20-21 Aralık'ta kimler bir araya geldi?", "20-21 Aralık: ABD ve Rusya temsilcileri bir araya geldi."),
        ("20-21 aralikta kimler bir araya geldi", "20-21 Aralık: ABD ve Rusya temsilcileri bir araya geldi."),
        ("Who met on 20-21 December?", "20-21 Aralık: ABD ve Rusya temsilcileri bir araya geldi."),
        ("tokayev savasi durdurma girisimlerini destekliyor mu", "savaşı durdurma girişimlerini destekledi."),
        ("ABD BARIŞ PLANINI NE ZAMAN SUNDU", "ABD Kasım ayı sonunda Ukrayna için barış planını sundu."),
        ("abd baris planini ne zaman sundu?", "ABD Kasım ayı sonunda Ukrayna için barış planını sundu."),
    ],
)
def test_sloppy_questions_in_both_languages(chatbot: Chatbot, question: str, quote: str) -> None:
    assert quote in chatbot.ask(question).citations[0].quote


def test_the_frame_is_in_the_questions_language_and_says_that_the_article_is_not(chatbot: Chatbot) -> None:
    turkish = chatbot.ask("ABD barış planını ne zaman sundu?")
    english = chatbot.ask("When did the US submit the peace plan for Ukraine?")
    assert (turkish.language, english.language) == ("tr", "en")
    assert turkish.text.startswith("Makaleye göre:\n“")
    assert english.text.startswith("According to the article (in its original Turkish):\n“")
    assert turkish.text.endswith("23 Aralık 2025")
    assert english.text.endswith("23 December 2025")
    assert turkish.method == english.method == "quote"


@pytest.mark.parametrize(
    ("question", "language", "text"),
    [
        ("Who is the president of France?", "en", "The articles don't say."),
        ("What is the weather in Ankara today?", "en", "The articles don't say."),
        ("Fenerbahçe'nin yeni teknik direktörü kim?", "tr", "Makaleler bu soruya yanıt vermiyor."),
        ("asgari ucret ne kadar oldu", "tr", "Makaleler bu soruya yanıt vermiyor."),
    ],
)
def test_what_the_articles_do_not_say(chatbot: Chatbot, question: str, language: str, text: str) -> None:
    answer = chatbot.ask(question)
    assert (answer.found, answer.citations, answer.method) == (False, (), "none")
    assert (answer.language, answer.text) == (language, text)


def test_no_heading_and_no_question_is_ever_quoted(chatbot: Chatbot) -> None:
    questions = ["Toplantı nerede olacak?", "Astana müzakerelerin merkezi olacak mı?", "barış planı ve yeni adımlar"]
    for question in questions:
        for citation in chatbot.ask(question).citations:
            assert "?" not in citation.quote
            assert "yeni adımlar" not in citation.quote


# --- questions that cannot be asked -----------------------------------------------------------------


@pytest.mark.parametrize("question", ["", "   ", "?!", "\n\t", "…", "🙂"])
def test_an_empty_question(chatbot: Chatbot, question: str) -> None:
    with pytest.raises(EmptyQuestionError):
        chatbot.ask(question)


@pytest.mark.parametrize("question", [None, 42, b"Putin?", ["Putin?"]])
def test_a_question_that_is_no_text(chatbot: Chatbot, question: object) -> None:
    with pytest.raises(QuestionTypeError, match=type(question).__name__):
        chatbot.ask(question)  # type: ignore[arg-type]


def test_a_question_of_ten_thousand_characters(chatbot: Chatbot) -> None:
    with pytest.raises(LongQuestionError, match="10000") as caught:
        chatbot.ask("Putin " * 1666 + "nere")
    assert "2000" in caught.value.message("tr")
    assert isinstance(caught.value, ValueError)


def test_a_long_question_that_is_allowed(chatbot: Chatbot) -> None:
    answer = chatbot.ask("Putin ve Zelenskyy nerede buluşabilir? " * 50)
    assert is_verbatim(answer, chatbot.index)


@pytest.mark.parametrize(
    "question", ["Wo können sich Putin und Selenskyj treffen?", "Где могут встретиться Путин и Зеленский?"]
)
def test_a_question_in_another_language_is_asked_for_again_in_both(chatbot: Chatbot, question: str) -> None:
    answer = chatbot.ask(question)
    assert not answer.found
    assert "Turkish or English" in answer.text
    assert "Türkçe ya da İngilizce" in answer.text


def test_errors_of_every_way_to_ask(chatbot: Chatbot) -> None:
    with pytest.raises(QuestionError):
        next(iter(chatbot.stream("")))
    with pytest.raises(QuestionError):
        ask("")


# --- ways to ask ------------------------------------------------------------------------------------


QUESTION = "Putin ve Zelenskyy nerede buluşabilir?"


def test_a_stream_grows_to_the_answer(chatbot: Chatbot) -> None:
    whole = chatbot.ask(QUESTION)
    steps = list(chatbot.stream(QUESTION))
    assert len(steps) == len(whole.citations)
    assert steps[-1] == whole
    assert [len(step.citations) for step in steps] == list(range(1, len(steps) + 1))


async def test_the_asynchronous_ways_give_the_same(chatbot: Chatbot) -> None:
    whole = chatbot.ask(QUESTION)
    assert await chatbot.aask(QUESTION) == whole
    assert [step async for step in chatbot.astream(QUESTION)][-1] == whole


def test_the_chain_is_a_langchain_runnable(chatbot: Chatbot) -> None:
    assert isinstance(chatbot.chain, Runnable)
    assert chatbot.chain.batch([QUESTION, "Who is the president of France?"])[0] == chatbot.ask(QUESTION)


def test_an_answer_travels_as_json(chatbot: Chatbot) -> None:
    values = json.loads(json.dumps(chatbot.ask(QUESTION).to_dict()))
    assert values["citations"][0]["published"] == "2025-12-23"
    assert set(values) == {"text", "language", "found", "citations", "method", "note", "question"}


def test_the_default_library_starts_with_the_shipped_article(
    tmp_path: Path, cache_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HABERCI_HOME", str(tmp_path / "ev"))
    monkeypatch.setenv("HABERCI_CACHE", str(cache_folder))
    monkeypatch.setattr(bot.chatbot, "_default", None)
    assert "Moskova" in ask("Where might Putin and Zelenskyy meet?").text


# --- other libraries --------------------------------------------------------------------------------


def test_a_turkish_question_on_an_english_article(tmp_path: Path, embedder: Embedder) -> None:
    with Index.open(tmp_path, embedder=embedder) as index:
        index.add([SNOW])
        answer = Chatbot(index).ask("Ankara'da okullar kaç gün kapatıldı?")
    assert "The governor closed all schools for two days." in answer.citations[0].quote
    assert answer.text.startswith("Makaleye göre (İngilizce aslından):")


def test_a_mixed_library_finds_the_article_in_the_other_language(
    index: Index, tmp_path: Path, embedder: Embedder
) -> None:
    with Index.open(tmp_path, embedder=embedder) as mixed:
        mixed.add([*index.articles(), SNOW])
        bot = Chatbot(mixed)
        assert bot.ask("Ankara'da okullar kaç gün kapatıldı?").citations[0].article_id == "snow"
        assert bot.ask("Who met on 20-21 December?").citations[0].article_id == index.articles()[0].id


@pytest.mark.parametrize("question", ["Kar ne zaman yağdı?", "When did it snow?"])
def test_an_empty_library_says_how_to_fill_it(tmp_path: Path, embedder: Embedder, question: str) -> None:
    answer = Chatbot(Index.open(tmp_path, embedder=embedder)).ask(question)
    assert not answer.found
    assert "haberci index" in answer.text


def test_a_chatbot_wants_an_index_and_a_language_model_or_none(index: Index) -> None:
    with pytest.raises(ValueError, match="str"):
        Chatbot("library")  # type: ignore[arg-type]
    with pytest.raises(SettingsError, match="42"):
        Chatbot(index, llm=42)
    assert Chatbot(index, llm="off").llm is None


@pytest.mark.parametrize(
    ("first", "then", "whole"),
    [
        ("20-21 Aralık'ta kimler bir araya geldi?", "Peki Putin ve Zelenskyy nerede buluşabilir?", None),
        ("Putin ve Zelenskyy nerede buluşabilir?", "ne zaman?", "Putin ve Zelenskyy ne zaman buluşabilir?"),
        ("Where might Putin and Zelenskyy meet?", "And when?", "When might Putin and Zelenskyy meet?"),
    ],
)
def test_a_question_is_made_whole_with_the_one_before(
    chatbot: Chatbot, first: str, then: str, whole: str | None
) -> None:
    history = [(first, chatbot.ask(first).text)]
    answer = chatbot.ask(then, history)
    alone = chatbot.ask(answer.question or then)
    assert answer.citations == alone.citations
    if whole is not None:
        assert answer.question == whole
        assert [each.question for each in chatbot.stream(then, history)][-1] == whole
    assert chatbot.ask(first, history).question is None


@given(texts=st.lists(article_texts(), min_size=1, max_size=3), data=st.data())
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
def test_quotes_are_verbatim_in_whatever_article(
    texts: list[str], data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """The contract: ``article.text[start:end] == quote``, whatever the text is made of."""
    articles = [Article(str(number), text) for number, text in enumerate(texts)]
    words = [word for text in texts for word in text.split() if any(map(str.isalnum, word))]
    question = " ".join(data.draw(st.lists(st.sampled_from(words or ["haber"]), min_size=1, max_size=5)))[:200]
    with Index.open(tmp_path_factory.mktemp("library"), embedder=FakeEmbedder()) as index:
        index.add(articles)
        answer = Chatbot(index).ask(question)
        assert is_verbatim(answer, index)
        assert answer.found == bool(answer.citations)


# --- the reader -------------------------------------------------------------------------------------


def test_the_packaged_reader_is_the_file_that_was_trained() -> None:
    data = resources.files("bot").joinpath("data", READER_FILE).read_bytes()
    assert hashlib.sha256(data).hexdigest() == READER_SHA256
    assert len(data) < 12_000_000


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ("ABD barış planını ne zaman sundu?", "Kasım ayı sonunda"),
        ("Where did Putin say Zelensky should come to?", "Moskova"),
    ],
)
def test_the_words_that_answer_are_marked_within_the_quote(chatbot: Chatbot, question: str, words: str) -> None:
    first = chatbot.ask(question).citations[0]
    assert first.answer_start is not None
    assert first.answer_end is not None
    assert first.start <= first.answer_start < first.answer_end <= first.end
    article = chatbot.index.article(first.article_id)
    assert article is not None
    assert words in article.text[first.answer_start : first.answer_end]


@pytest.mark.parametrize(
    "question",
    [
        "How many points does the peace plan have?",
        "Trump ile Tokayev'in görüşmesi kaç dakika sürdü?",
    ],
)
def test_what_the_right_article_does_not_say_is_not_answered(chatbot: Chatbot, question: str) -> None:
    assert not chatbot.ask(question).found


def test_the_reader_can_be_turned_off(
    tmp_path: Path, embedder: Embedder, monkeypatch: pytest.MonkeyPatch, chatbot: Chatbot
) -> None:
    monkeypatch.setenv("HABERCI_READER", "off")
    with Index.open(tmp_path, embedder=embedder) as index:
        index.seed(seed_articles)
        plain = Chatbot(index)
        assert plain.reader is None
        answer = plain.ask("ABD barış planını ne zaman sundu?")
    assert answer.found
    assert answer.citations[0].answer_start is None
    assert chatbot.reader is not None
