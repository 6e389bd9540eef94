"""A web server on loopback that answers as it is told, byte by byte where need be.

with WebServer(lambda request, connection: connection.sendall(response(b"<p>Merhaba</p>"))) as server:
    ...  # server.url("/haber")
assert server.requests[0].path == "/haber"
"""

from __future__ import annotations

import contextlib
import gzip
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable
from dataclasses import dataclass
from http.client import responses
from pathlib import Path
from typing import Any

import pytest

from index.sources.fetch import Fetcher, FetchError

LOOPBACK = ["127.0.0.0/8"]
_TICK_S = 0.02


class Answers:
    """A resolver that knows the same addresses for every host; ``asked`` lists the hosts."""

    def __init__(self, *addresses: str) -> None:
        self.addresses = addresses
        self.asked: list[str] = []

    def __call__(self, host: str, port: int, **_: object) -> list[Any]:
        self.asked.append(host)
        families = (socket.AF_INET6 if ":" in address else socket.AF_INET for address in self.addresses)
        pairs = zip(families, self.addresses, strict=True)
        return [(family, socket.SOCK_STREAM, 6, "", (address, port)) for family, address in pairs]


def refused(url: str, fetcher: Fetcher | None = None, **options: Any) -> str:
    """The English message of the error that fetching ``url`` raises, once the Turkish one is seen to be one."""
    with pytest.raises(FetchError) as caught:
        (fetcher or Fetcher(**options)).fetch(url)
    assert "alınamıyor: " in caught.value.message("tr")
    return str(caught.value)


@dataclass(frozen=True)
class Request:
    path: str
    headers: dict[str, str]  # names in lower case


Answer = Callable[[Request, socket.socket], None]


def response(body: bytes = b"", status: int = 200, *, length: int | None = None, **headers: str) -> bytes:
    """An HTTP response; an underscore in a header's name stands for a hyphen."""
    lines = [
        f"HTTP/1.1 {status} {responses.get(status, '')}",
        f"Content-Length: {len(body) if length is None else length}",
    ]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


def redirect(to: str, status: int = 302, **headers: str) -> bytes:
    return response(b"", status, Location=to, **headers)


def by_path(pages: dict[str, bytes]) -> Callable[[Request, socket.socket], None]:
    return lambda request, connection: connection.sendall(pages.get(request.path, response(status=404)))


def bomb(size: int) -> bytes:
    """``size`` zeros, which gzip makes a thousandth of."""
    return gzip.compress(bytes(size), compresslevel=9)


class WebServer:
    """Answers every request on a free port of 127.0.0.1 until the end of the ``with``; a thread per connection."""

    def __init__(self, answer: Answer | bytes, tls: ssl.SSLContext | None = None) -> None:
        self._answer = answer
        self._tls = tls
        self._threads: list[threading.Thread] = []
        self.closing = threading.Event()
        self.requests: list[Request] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(_TICK_S)
        self.port: int = self._listener.getsockname()[1]

    def url(self, path: str = "/", host: str = "127.0.0.1") -> str:
        return f"{'https' if self._tls else 'http'}://{host}:{self.port}{path}"

    def drip(self, connection: socket.socket, piece: bytes) -> None:
        """Sends ``piece`` again and again, until the client or the test has enough."""
        with contextlib.suppress(OSError):
            while not self.closing.wait(_TICK_S):
                connection.sendall(piece)

    def __enter__(self) -> WebServer:
        self._start(self._accept)
        return self

    def __exit__(self, *_: object) -> None:
        self.closing.set()
        for thread in self._threads:
            thread.join(10)
        self._listener.close()

    def _start(self, work: Callable[..., None], *arguments: object) -> None:
        thread = threading.Thread(target=work, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while not self.closing.is_set():
            with contextlib.suppress(TimeoutError):
                connection, _ = self._listener.accept()
                self._start(self._serve, connection)

    def _serve(self, connection: socket.socket) -> None:
        connection.settimeout(5)
        # The client may go at any point; that is what many tests are about.
        with contextlib.suppress(OSError), contextlib.ExitStack() as stack:
            stack.callback(connection.close)
            if self._tls:
                connection = self._tls.wrap_socket(connection, server_side=True)
                stack.callback(connection.close)
            while (request := self._read(connection)) is not None:
                self.requests.append(request)
                if isinstance(self._answer, bytes):
                    connection.sendall(self._answer)
                else:
                    self._answer(request, connection)

    @staticmethod
    def _read(connection: socket.socket) -> Request | None:
        head = b""
        while b"\r\n\r\n" not in head:
            part = connection.recv(65536)
            if not part or not (head + part).startswith(b"GET "):
                return None
            head += part
        first, *lines = head.decode("latin-1").partition("\r\n\r\n")[0].split("\r\n")
        pairs = (line.partition(": ") for line in lines)
        return Request(first.split(" ")[1], {name.lower(): value for name, _, value in pairs})


def certificate(folder: Path, *names: str) -> Path:
    """A file with a self-signed certificate for ``names`` and its key. Needs the openssl command."""
    path = folder / "certificate.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=test",
         "-addext", "subjectAltName=" + ",".join(f"DNS:{name}" for name in names),
         "-keyout", folder / "key.pem", "-out", path],
        check=True, capture_output=True,
    )  # fmt: skip
    path.write_bytes(path.read_bytes() + (folder / "key.pem").read_bytes())
    return path
