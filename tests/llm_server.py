"""A language model's server that misbehaves on command: OpenAI's chat completions on loopback.

The script says what to do with each request for a chat completion, in order; the last act is repeated::

    with FakeLlm([*[fail(429, retry_after=1)] * 2, stream("Toplantı ", "salı günü [1].")]) as server:
        ...  # base_url=server.url
    assert server.requests[0].body["messages"]

An act serves streaming and plain requests alike: a request without ``"stream": true`` gets its pieces in one JSON body.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import select
import socket
import socketserver
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any, Literal

MODEL = "fake-model"

# How often a handler that waits looks whether it should go on.
_TICK = 0.01
_CLOSING_SECONDS = 0.9


@dataclass(frozen=True)
class Act:
    """What to do with one request. Better made by the functions below.

    ``pieces``: a text is sent as one piece of the answer, bytes are sent as they are. ``delay``: seconds before each.
    ``end``: "done" ends as the protocol asks; "cut" ends the body politely but without finish reason and [DONE];
    "drop" breaks the connection; "hang" sends nothing more until the server or the client closes.
    ``headers``: None is the right ones for an answer.
    """

    pieces: Iterable[str | bytes] = ()
    delay: float = 0.0
    finish: str | None = "stop"
    end: Literal["done", "cut", "drop", "hang"] = "done"
    status: int = 200
    headers: dict[str, str] | None = None
    silent: bool = False


def stream(*pieces: str | bytes, delay: float = 0.0, finish: str | None = "stop") -> Act:
    """Answers properly, in these pieces."""
    return Act(pieces, delay, finish)


def empty() -> Act:
    """An answer without a word."""
    return Act()


def cut_off(*pieces: str) -> Act:
    """Stops where the tokens ran out."""
    return Act(pieces, finish="length")


def hang() -> Act:
    """Takes the request and never says a thing, not even a status."""
    return Act(silent=True)


def hang_after(*pieces: str) -> Act:
    """Falls silent after these pieces."""
    return Act(pieces, end="hang")


def close_after(*pieces: str, politely: bool = False) -> Act:
    """Closes the connection after these pieces: broken off, or (``politely``) as if the body were complete."""
    return Act(pieces, end="cut" if politely else "drop")


def endless(piece: str = "ve ", delay: float = 0.001) -> Act:
    """Never stops."""
    return Act(_Again(piece), delay)


def huge_sentence(size: int = 100_000, piece: str = "kelime ") -> Act:
    """One sentence of ``size`` characters without punctuation, a thousand characters at a time."""
    text = (piece * (size // len(piece) + 1))[:size]
    return Act([text[start : start + 1000] for start in range(0, size, 1000)])


def wrong_bytes(*pieces: str) -> Act:
    """After these pieces one that is not UTF-8: Turkish as Windows writes it."""
    wrong = json.dumps(_chunk({"content": "TOPLANTI"}, None)).encode().replace(b"TOPLANTI", "ışığı".encode("cp1254"))
    return Act([*pieces, b"data: " + wrong + b"\n\n"])


def garbage(*pieces: str) -> Act:
    """After these pieces an event that is no JSON."""
    return Act([*pieces, b'data: {"choices": [{"delta": {"content": \n\n'])


def html_page(status: int = 200) -> Act:
    """What a proxy or a hotel's network answers in the model's place."""
    page = b"<!DOCTYPE html><html><body><h1>Welcome to our Wi-Fi</h1></body></html>"
    return Act([page], status=status, headers={"Content-Type": "text/html; charset=utf-8"})


def fail(status: int, retry_after: float | None = None, message: str = "The fake server was told to fail.") -> Act:
    """An error as OpenAI words it. Repeat it in the script to fail several times."""
    body = json.dumps({"error": {"message": message, "type": "fake_error", "param": None, "code": str(status)}})
    headers = {"Content-Type": "application/json"}
    if retry_after is not None:
        headers["Retry-After"] = f"{retry_after:g}"
    return Act([body.encode()], status=status, headers=headers)


@dataclass(frozen=True)
class Request:
    """A request as it came. ``headers`` have lower-case names; ``body`` is parsed, None without a body or JSON."""

    method: str
    path: str
    headers: dict[str, str]
    body: Any


@dataclass
class FakeLlm:
    """The server; a context manager. ``url`` is the base address that clients want, with ``/v1``.

    ``requests``: all of them, ``/v1/models`` too. ``arrived`` is set when a chat completion is first asked for,
    ``disconnected`` when a client leaves before its answer was complete.
    """

    script: Sequence[Act] | Act
    model: str = MODEL
    requests: list[Request] = field(default_factory=list, init=False)
    arrived: threading.Event = field(default_factory=threading.Event, init=False)
    disconnected: threading.Event = field(default_factory=threading.Event, init=False)

    def __post_init__(self) -> None:
        self._acts = [self.script] if isinstance(self.script, Act) else list(self.script)
        self._server: _Server | None = None

    def __enter__(self) -> FakeLlm:
        self._server = _Server(self)
        threading.Thread(target=self._server.serve_forever, args=(_TICK,), name="fake-llm", daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def url(self) -> str:
        assert self._server is not None, "the server is not running: use it in a with statement"
        return f"http://127.0.0.1:{self._server.server_address[1]}/v1"

    def close(self) -> None:
        """Ends every answer, also one that hangs, and stops. Once more does nothing."""
        if self._server is not None:
            self._server.stop()
            self._server = None

    def next_act(self) -> Act:
        """What to do with the next chat completion."""
        assert self._acts, "the script is empty"
        return self._acts.pop(0) if len(self._acts) > 1 else self._acts[0]


class _Server(socketserver.ThreadingTCPServer):
    # Not http.server's: that one looks its own name up, which may ask a name server.
    daemon_threads = True
    # Threads that hang are woken by closing their sockets; see stop().
    block_on_close = False
    request_queue_size = 64

    def __init__(self, fake: FakeLlm) -> None:
        self.fake = fake
        self.lock = threading.Lock()
        self.closing = threading.Event()
        self.connections: set[socket.socket] = set()
        super().__init__(("127.0.0.1", 0), _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        with self.lock:
            self.connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        super().shutdown_request(request)
        with self.lock:
            self.connections.discard(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that leaves is no news; anything else is a mistake in this file and is printed."""
        if not self.closing.is_set():
            super().handle_error(request, client_address)

    def stop(self) -> None:
        self.closing.set()
        self.shutdown()
        self.server_close()
        with self.lock:
            # Wakes a thread that reads, and one that writes to a client which does not read.
            for connection in self.connections:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
        until = time.monotonic() + _CLOSING_SECONDS
        while self.connections and time.monotonic() < until:
            time.sleep(_TICK)


class _ClientLeftError(Exception):
    """The client closed the connection before the answer was complete."""


class _ServerClosesError(Exception):
    """The server was told to stop before the answer was complete."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    # Each piece goes out when it is written.
    disable_nagle_algorithm = True

    def handle(self) -> None:
        # Also between requests: a client may drop a connection that it kept.
        with contextlib.suppress(ConnectionError):
            super().handle()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        pass

    def do_GET(self) -> None:
        self._record(None)
        if self.path != "/v1/models":
            return self._send_json(404, {"error": {"message": f"no such path: {self.path}"}})
        model = {"id": self.server.fake.model, "object": "model", "created": 0, "owned_by": "tests"}
        return self._send_json(200, {"object": "list", "data": [model]})

    def do_POST(self) -> None:
        data = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        try:
            body = json.loads(data)
        except ValueError:
            body = None
        fake = self.server.fake
        with self.server.lock:
            self._record(body)
            is_chat = self.path == "/v1/chat/completions" and isinstance(body, dict)
            act = fake.next_act() if is_chat else None
        if act is None:
            return self._send_json(404, {"error": {"message": f"no such path, or no JSON object: {self.path}"}})
        fake.arrived.set()
        try:
            self._play(act, body)
        except (_ClientLeftError, ConnectionError):
            # ConnectionError is also what a write meets when the server itself closed the socket.
            self.close_connection = True
            if not self.server.closing.is_set():
                fake.disconnected.set()
        except _ServerClosesError:
            self.close_connection = True
        return None

    def _record(self, body: Any) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.fake.requests.append(Request(self.command, self.path, headers, body))

    def _play(self, act: Act, body: dict[str, Any]) -> None:
        if act.silent:
            self._wait(None)
        streaming = bool(body.get("stream"))
        headers = act.headers
        if headers is None:
            headers = {"Content-Type": "text/event-stream" if streaming else "application/json"}
        self.send_response(act.status)
        for name, value in {**headers, "Transfer-Encoding": "chunked"}.items():
            self.send_header(name, value)
        self.end_headers()
        parts: Iterator[bytes]
        if act.headers is not None:
            parts = (piece.encode() if isinstance(piece, str) else piece for piece in act.pieces)
        else:
            parts = self._events(act, body) if streaming else self._one_body(act)
        for part in parts:
            self._wait(act.delay)
            self._write(part)
        if act.end == "hang":
            self._wait(None)
        if act.end == "drop":
            self.close_connection = True
            return
        # The answer is complete; a client need not wait for the end of the body.
        with contextlib.suppress(ConnectionError):
            self.wfile.write(b"0\r\n\r\n")

    def _events(self, act: Act, body: dict[str, Any]) -> Iterator[bytes]:
        """The answer as server-sent events."""
        model = self.server.fake.model
        # As OpenAI does, the first event names the role and holds no text.
        yield _event(_chunk({"role": "assistant", "content": ""}, None, model))
        for piece in act.pieces:
            yield piece if isinstance(piece, bytes) else _event(_chunk({"content": piece}, None, model))
        if act.end != "done":
            return
        last = _event(_chunk({}, act.finish, model))
        if (body.get("stream_options") or {}).get("include_usage"):
            last += _event({**_chunk({}, None, model), "choices": [], "usage": _USAGE})
        # At once: a client that closes when it has read the finish reason has not left early.
        yield last + b"data: [DONE]\n\n"

    def _one_body(self, act: Act) -> Iterator[bytes]:
        """The answer as one JSON object, or what comes of it when it ends early or holds bytes."""
        if isinstance(act.pieces, _Again):
            yield from (piece.encode() for piece in act.pieces)
        broken = [piece for piece in act.pieces if isinstance(piece, bytes)]
        if broken:
            yield from broken
            return
        text = "".join(map(str, act.pieces))
        choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": act.finish}
        completion = {**_chunk({}, None, self.server.fake.model), "object": "chat.completion", "choices": [choice]}
        data = json.dumps({**completion, "usage": _USAGE}, ensure_ascii=False).encode()
        yield data if act.end == "done" else data[: len(data) // 2]

    def _write(self, data: bytes) -> None:
        self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")

    def _wait(self, seconds: float | None) -> None:
        """Waits so long (None: for ever), and raises as soon as the server or the client closes."""
        until = None if seconds is None else time.monotonic() + seconds
        while True:
            if self.server.closing.is_set():
                raise _ServerClosesError
            if self._client_left():
                raise _ClientLeftError
            left = _TICK if until is None else min(_TICK, until - time.monotonic())
            if left <= 0:
                return
            self.server.closing.wait(left)

    def _client_left(self) -> bool:
        readable, _, _ = select.select([self.connection], [], [], 0)
        return bool(readable) and not self.connection.recv(1, socket.MSG_PEEK)

    def _send_json(self, status: int, value: object) -> None:
        data = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


class _Again:
    """The same piece for ever, from the start for each request."""

    def __init__(self, piece: str) -> None:
        self.piece = piece

    def __iter__(self) -> Iterator[str]:
        return itertools.repeat(self.piece)


_USAGE = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}


def _chunk(delta: dict[str, Any], finish: str | None, model: str = MODEL) -> dict[str, Any]:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    chunk = {"id": "chatcmpl-fake", "object": "chat.completion.chunk", "created": 0}
    return {**chunk, "model": model, "choices": [choice]}


def _event(value: object) -> bytes:
    # Letters beyond ASCII go out as they are, as most servers send them.
    return b"data: " + json.dumps(value, ensure_ascii=False).encode() + b"\n\n"
