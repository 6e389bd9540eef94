"""Whatever a language model's server does, the reader has the articles' own words in time. A real client, a server that
misbehaves on command."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator

import pytest
from langchain_openai import ChatOpenAI
from pydantic import SecretStr

from bot import Answer, Chatbot
from index import Index, Settings
from index.embedding import Embedder
from tests import llm_server
from tests.llm_server import Act, FakeLlm
from tests.test_bot_writing import TALKS, WHEN

TIMEOUT_S = 2.0
KEY = "sk-test-0123456789abcdef"
TRUE = "US and Russian representatives met in Miami on December 20-21 [1]. "


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory, embedder: Embedder) -> Iterator[Index]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HABERCI_LLM_TIMEOUT_S", str(TIMEOUT_S))
        with Index.open(tmp_path_factory.mktemp("library"), embedder=embedder) as index:
            assert index.settings.llm_timeout_s == Settings.read().llm_timeout_s == TIMEOUT_S
            index.add([TALKS])
            yield index


def ask(index: Index, server: FakeLlm) -> Answer:
    client = ChatOpenAI(
        model="fake-model", base_url=server.url, api_key=SecretStr(KEY), timeout=TIMEOUT_S, max_retries=1, temperature=0
    )
    return Chatbot(index, llm=client).ask(WHEN)


FAULTS = {
    "hangs before its first word": llm_server.hang(),
    "hangs in the middle of a sentence": llm_server.hang_after("US and Russian repre"),
    "breaks off in the middle of a sentence": llm_server.close_after("US and Russian representatives met in Mia"),
    "breaks off politely": llm_server.close_after("US and Russian representatives met on the", politely=True),
    "says nothing": llm_server.empty(),
    "refuses every time": llm_server.fail(429, retry_after=0.1),
    "has an error": llm_server.fail(500),
    "does not know the key": llm_server.fail(401, message=f"Incorrect API key provided: {KEY}"),
    "writes wrong bytes": llm_server.wrong_bytes("US and "),
    "writes garbage": llm_server.garbage("US and "),
    "is a hotel's page": llm_server.html_page(),
    "never stops": llm_server.endless(),
    "writes a sentence without end": llm_server.huge_sentence(),
}


@pytest.mark.parametrize("name", FAULTS)
def test_the_articles_own_words_are_the_answer(index: Index, name: str, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG, logger="bot"), FakeLlm(FAULTS[name]) as server:
        started = time.monotonic()
        answer = ask(index, server)
        seconds = time.monotonic() - started
        requests = [request for request in server.requests if request.method == "POST"]
    assert answer.found
    if answer.method == "llm":  # half a sentence that is true may stand
        assert name == "breaks off politely"
    else:
        assert answer.method == "quote"
        assert answer.note
        assert "20-21 Aralık" in answer.text
    # The time limit is the promise; what comes on top of it is a slow computer's.
    assert seconds < TIMEOUT_S + 20
    assert len(requests) <= 2
    assert KEY not in caplog.text
    assert "Quotes:" not in caplog.text
    assert KEY not in f"{answer}"


def test_what_came_before_the_fault_stands(index: Index) -> None:
    for act in (
        llm_server.hang_after(TRUE, "Then"),
        llm_server.close_after(TRUE, "Then the"),
        llm_server.garbage(TRUE, "Th"),
    ):
        with FakeLlm(act) as server:
            answer = ask(index, server)
        assert answer.method == "llm"
        assert answer.text == f"{TRUE.split(' [')[0]}. [1]"
        assert answer.note


def test_an_answer_whose_tokens_ran_out_keeps_its_whole_sentences(index: Index) -> None:
    with FakeLlm(llm_server.cut_off(TRUE, "They had 9")) as server:
        assert ask(index, server).text == f"{TRUE.split(' [')[0]}. [1]"


def test_a_busy_server_is_asked_once_more(index: Index) -> None:
    script: list[Act] = [llm_server.fail(429, retry_after=0.1), llm_server.stream(TRUE)]
    with FakeLlm(script) as server:
        assert ask(index, server).method == "llm"


def test_closing_the_stream_hangs_up(index: Index) -> None:
    with FakeLlm(llm_server.stream(*[TRUE] * 500, delay=0.05)) as server:
        client = ChatOpenAI(model="fake-model", base_url=server.url, api_key=SecretStr(KEY), timeout=30, max_retries=1)
        stream = Chatbot(index, llm=client).stream(WHEN)
        next(stream)
        stream.close()
        assert server.disconnected.wait(10)
