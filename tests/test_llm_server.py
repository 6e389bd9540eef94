"""The fake language model server: it misbehaves as it is told, sees who leaves, and stops at once."""

from __future__ import annotations

import json
import socket
import time
from typing import Any

import httpx
import pytest

from tests.llm_server import (
    Act,
    FakeLlm,
    close_after,
    cut_off,
    empty,
    endless,
    fail,
    garbage,
    hang,
    hang_after,
    html_page,
    huge_sentence,
    stream,
    wrong_bytes,
)

QUESTION: dict[str, Any] = {"model": "fake-model", "messages": [{"role": "user", "content": "Toplantı ne zaman?"}]}


def ask(server: FakeLlm, streaming: bool = False, timeout: float = 0.9) -> httpx.Response:
    return httpx.post(f"{server.url}/chat/completions", json={**QUESTION, "stream": streaming}, timeout=timeout)


def events(response: httpx.Response) -> list[Any]:
    """The events of a stream, without its [DONE]."""
    *lines, last = [line.removeprefix("data: ") for line in response.text.split("\n\n") if line]
    assert last == "[DONE]"
    return [json.loads(line) for line in lines]


def text_of(response: httpx.Response) -> str:
    return "".join(event["choices"][0]["delta"].get("content", "") for event in events(response))


def read_until_it_breaks(server: FakeLlm) -> tuple[str, Exception | None]:
    """What comes of a stream, and the error that ended it."""
    received = []
    try:
        with httpx.stream(
            "POST", f"{server.url}/chat/completions", json={**QUESTION, "stream": True}, timeout=0.2
        ) as r:
            received.extend(r.iter_text())
    except httpx.HTTPError as error:
        return "".join(received), error
    return "".join(received), None


def test_pieces_are_streamed_and_the_request_is_kept() -> None:
    with FakeLlm(stream("Toplantı ", "salı günü [1].", delay=0.05)) as server:
        started = time.monotonic()
        response = ask(server, streaming=True)
    assert time.monotonic() - started >= 0.1
    assert response.headers["content-type"] == "text/event-stream"
    assert text_of(response) == "Toplantı salı günü [1]."
    assert events(response)[-1]["choices"][0]["finish_reason"] == "stop"
    (request,) = server.requests
    assert (request.method, request.path) == ("POST", "/v1/chat/completions")
    assert request.body["messages"][0]["content"] == "Toplantı ne zaman?"
    assert request.headers["content-type"] == "application/json"
    assert server.arrived.is_set()
    assert not server.disconnected.is_set()


def test_a_plain_request_gets_one_body() -> None:
    with FakeLlm(stream("Toplantı ", "salı günü [1].")) as server:
        completion = ask(server).json()
    assert completion["object"] == "chat.completion"
    assert completion["choices"][0]["message"]["content"] == "Toplantı salı günü [1]."


def test_usage_comes_when_it_is_asked_for() -> None:
    options = {"stream": True, "stream_options": {"include_usage": True}}
    with FakeLlm(stream("Salı.")) as server:
        response = httpx.post(f"{server.url}/chat/completions", json={**QUESTION, **options}, timeout=0.9)
    assert events(response)[-1]["choices"] == []
    assert events(response)[-1]["usage"]["total_tokens"] == 2


def test_models_are_listed() -> None:
    with FakeLlm((), model="tiny") as server:
        assert [model["id"] for model in httpx.get(f"{server.url}/models").json()["data"]] == ["tiny"]
        assert httpx.get(f"{server.url}/nothing").status_code == 404


def test_the_script_goes_on_and_its_last_act_is_repeated() -> None:
    with FakeLlm([*[fail(429, retry_after=0.5)] * 2, stream("Salı.")]) as server, httpx.Client(timeout=0.9) as client:
        responses = [client.post(f"{server.url}/chat/completions", json=QUESTION) for _ in range(4)]
    assert [response.status_code for response in responses] == [429, 429, 200, 200]
    assert responses[0].headers["retry-after"] == "0.5"
    assert "error" in responses[0].json()


@pytest.mark.parametrize("status", [401, 500])
def test_errors_have_their_status(status: int) -> None:
    with FakeLlm(fail(status, message="Hayır.")) as server:
        response = ask(server, streaming=True)
    assert response.status_code == status
    assert response.json()["error"]["message"] == "Hayır."


def test_an_answer_may_be_empty() -> None:
    with FakeLlm(empty()) as server:
        assert text_of(ask(server, streaming=True)) == ""
        assert ask(server).json()["choices"][0]["message"]["content"] == ""


def test_an_answer_may_stop_in_the_middle_of_a_sentence() -> None:
    with FakeLlm(cut_off("Toplantı salı")) as server:
        last = events(ask(server, streaming=True))[-1]
    assert last["choices"][0]["finish_reason"] == "length"


def test_a_sentence_may_be_huge() -> None:
    with FakeLlm(huge_sentence()) as server:
        text = text_of(ask(server, streaming=True))
    assert len(text) == 100_000
    assert not set(text) & set(".!?\n")


def test_an_event_may_be_no_utf_8() -> None:
    with FakeLlm(wrong_bytes("Toplantı ")) as server:
        for streaming in (True, False):
            with pytest.raises(UnicodeDecodeError):
                ask(server, streaming).content.decode()


def test_an_event_may_be_no_json() -> None:
    with FakeLlm(garbage("Toplantı ")) as server:
        with pytest.raises(json.JSONDecodeError):
            events(ask(server, streaming=True))
        with pytest.raises(json.JSONDecodeError):
            ask(server).json()


def test_an_answer_may_be_a_web_page() -> None:
    with FakeLlm(html_page()) as server:
        response = ask(server, streaming=True)
    assert response.headers["content-type"].startswith("text/html")
    assert response.text.startswith("<!DOCTYPE html>")


@pytest.mark.parametrize(
    ("act", "error"),
    [
        (close_after("Toplantı ", "sal"), httpx.RemoteProtocolError),
        (close_after("Toplantı ", "sal", politely=True), None),
        (hang_after("Toplantı ", "sal"), httpx.ReadTimeout),
    ],
)
def test_a_stream_may_end_in_the_middle(act: Act, error: type[Exception] | None) -> None:
    with FakeLlm(act) as server:
        text, raised = read_until_it_breaks(server)
    assert '"sal"' in text
    assert '"finish_reason": "stop"' not in text
    assert "[DONE]" not in text
    assert type(raised) is (error or type(None))


def test_a_plain_body_may_end_in_the_middle() -> None:
    with FakeLlm(close_after("Toplantı ", "sal")) as server, pytest.raises(httpx.RemoteProtocolError):
        ask(server)


def test_it_may_hang_before_the_first_byte_and_sees_the_client_leave() -> None:
    with FakeLlm(hang()) as server:
        with pytest.raises(httpx.ReadTimeout):
            ask(server, streaming=True, timeout=0.1)
        assert server.arrived.is_set()
        assert server.disconnected.wait(0.9)


def test_an_endless_stream_ends_when_the_client_leaves() -> None:
    with FakeLlm(endless("ve ")) as server:
        with httpx.stream("POST", f"{server.url}/chat/completions", json={**QUESTION, "stream": True}) as response:
            text = response.iter_text()
            assert sum(len(next(text)) for _ in range(20)) > 0
            assert not server.disconnected.is_set()
        assert server.disconnected.wait(0.9)


@pytest.mark.parametrize("act", [hang(), hang_after("Toplantı "), endless("ve " * 1000, delay=0)])
def test_it_stops_at_once_and_that_is_no_client_who_left(act: Act) -> None:
    """Also while a handler writes to a client that does not read."""
    body = json.dumps({**QUESTION, "stream": True}).encode()
    with FakeLlm(act) as server:
        port = int(server.url.split(":")[2].split("/")[0])
        with socket.create_connection(("127.0.0.1", port)) as client:
            head = f"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n"
            client.sendall(head.encode() + body)
            assert server.arrived.wait(0.9)
            time.sleep(0.1)
            started = time.monotonic()
            server.close()
            assert time.monotonic() - started < 0.5
    assert not server.disconnected.is_set()
