"""Fetching: redirects, how much and how long, TLS, and errors that say what is wrong."""

from __future__ import annotations

import gzip
import logging
import pickle
import shutil
import socket
import ssl
import threading
import time
import tracemalloc
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index.errors import HaberciError
from index.sources.fetch import Fetched, Fetcher, FetchError
from tests.web_server import (
    LOOPBACK,
    Answers,
    Request,
    WebServer,
    bomb,
    by_path,
    certificate,
    redirect,
    refused,
    response,
)

HOST = "xn--ar-3ia9t9c"  # çağrı
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
PAGE = "<p>Çağrı yapıldı.</p>".encode()
SOON_S = 10.0  # far below every default, far above what a busy computer needs


# --- what is fetched --------------------------------------------------------------------------------


def test_a_page_comes_with_what_its_headers_say() -> None:
    headers = {
        "Content_Type": "Text/HTML; Charset=ISO-8859-9",
        "ETag": '"a1"',
        "Last_Modified": "Tue, 23 Dec 2025 09:00:00 GMT",
    }
    with WebServer(response(PAGE, **headers)) as server, Fetcher(allowed_hosts=LOOPBACK) as fetcher:
        fetched = fetcher.fetch(server.url("/haber?a=b#son"))
    assert fetched == Fetched(
        server.url("/haber?a=b"), PAGE, "text/html", "iso-8859-9", '"a1"', "Tue, 23 Dec 2025 09:00:00 GMT"
    )
    (request,) = server.requests
    assert request.path == "/haber?a=b"
    assert request.headers["host"] == f"127.0.0.1:{server.port}"
    assert request.headers["user-agent"].startswith("Haberci/0.1")
    assert request.headers["accept-encoding"] == "gzip"
    assert "cookie" not in request.headers


def test_a_page_without_headers_says_nothing_about_itself() -> None:
    with WebServer(response()) as server, Fetcher(allowed_hosts=LOOPBACK) as fetcher:
        assert fetcher.fetch(server.url()) == Fetched(server.url(), b"", None, None, None, None)


def test_turkish_addresses_are_encoded() -> None:
    resolve = Answers("127.0.0.1")
    with WebServer(response(PAGE)) as server, Fetcher(allowed_hosts=LOOPBACK, resolve=resolve) as fetcher:
        fetched = fetcher.fetch(f"  HTTP://Çağrı.EXAMPLE:{server.port}/öğle?ş=ı  ")
    assert resolve.asked == [f"{HOST}.example"]
    assert server.requests[0].path == "/%C3%B6%C4%9Fle?%C5%9F=%C4%B1"
    assert fetched.url == f"http://{HOST}.example:{server.port}/%C3%B6%C4%9Fle?%C5%9F=%C4%B1"


def test_nothing_has_changed_since() -> None:
    validators = {"etag": 'W/"a1"', "last_modified": "Tue, 23 Dec 2025 09:00:00 GMT"}
    with WebServer(response(status=304, ETag='W/"a1"')) as server, Fetcher(allowed_hosts=LOOPBACK) as fetcher:
        fetched = fetcher.fetch(server.url(), **validators)
        assert fetched == Fetched(server.url(), b"", None, None, 'W/"a1"', None, not_modified=True)
        assert server.requests[0].headers["if-none-match"] == validators["etag"]
        assert server.requests[0].headers["if-modified-since"] == validators["last_modified"]
        with pytest.raises(FetchError, match="304 Not Modified"):
            fetcher.fetch(server.url())


@pytest.mark.parametrize("etag", ['"a"\r\nX-Evil: 1', "ğ", "\x00", "a" * 513, ""])
def test_what_is_no_etag_is_neither_sent_nor_kept(etag: str) -> None:
    with WebServer(response(PAGE, ETag="x" * 600)) as server, Fetcher(allowed_hosts=LOOPBACK) as fetcher:
        assert fetcher.fetch(server.url(), etag=etag).etag is None
    assert not {"if-none-match", "x-evil"} & set(server.requests[0].headers)


def test_one_fetcher_serves_many_threads() -> None:
    with (
        WebServer(lambda request, connection: connection.sendall(response(request.path.encode()))) as server,
        Fetcher(allowed_hosts=LOOPBACK) as fetcher,
        ThreadPoolExecutor(8) as threads,
    ):
        paths = [f"/{number}" for number in range(40)]
        fetched = list(threads.map(lambda path: fetcher.fetch(server.url(path)), paths))
    assert [each.data.decode() for each in fetched] == paths


def test_a_closed_fetcher_says_so() -> None:
    fetcher = Fetcher()
    fetcher.close()
    with pytest.raises(RuntimeError, match="closed"):
        fetcher.fetch("https://example.org/")


def test_proxies_and_netrc_of_the_environment_are_not_used(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login ada password gizli\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1/")
    with WebServer(response(PAGE)) as server, Fetcher(allowed_hosts=LOOPBACK) as fetcher:
        assert fetcher.fetch(server.url()).data == PAGE
    assert "authorization" not in server.requests[0].headers


# --- redirects --------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_followed_to_the_address_that_answers(status: int) -> None:
    pages = {"/eski/a": redirect("../yeni?b=c#d", status), "/yeni?b=c": response(PAGE)}
    with WebServer(by_path(pages)) as server, Fetcher(allowed_hosts=LOOPBACK) as fetcher:
        fetched = fetcher.fetch(server.url("/eski/a"))
    assert (fetched.url, fetched.data) == (server.url("/yeni?b=c"), PAGE)


def test_at_most_five_redirects_are_followed() -> None:
    pages = {f"/{n}": redirect(f"/{n + 1}") for n in range(6)} | {"/6": response(PAGE)}
    with WebServer(by_path(pages)) as server:
        with Fetcher(allowed_hosts=LOOPBACK) as fetcher:
            assert fetcher.fetch(server.url("/1")).data == PAGE
        assert "redirects more than 5 times" in refused(server.url("/0"), allowed_hosts=LOOPBACK)
        assert len(server.requests) == 6 + 6


@pytest.mark.parametrize(
    "location",
    [
        "file:///etc/passwd",
        "gopher://127.0.0.1/",
        "data:text/html,a",
        "javascript:1",
        "http://[",
        "ftp://a/",
    ],
)
def test_redirects_to_what_is_no_web_address_are_refused(location: str) -> None:
    with WebServer(redirect(location)) as server:
        message = refused(server.url(), allowed_hosts=LOOPBACK)
    assert "it redirects to " in message


@pytest.mark.parametrize("to", ["169.254.169.254/latest/meta-data", "10.0.0.1", "[::1]", "2130706433", "0x7f.1"])
def test_redirects_to_private_addresses_are_refused(to: str) -> None:
    with WebServer(redirect(f"http://{to}/")) as server:
        message = refused(server.url(), allowed_hosts=["127.0.0.1"])
    assert "no public address" in message or "it redirects to" in message
    assert len(server.requests) == 1


def test_a_redirect_without_a_location_is_an_answer_with_an_error() -> None:
    with WebServer(response(status=302)) as server:
        assert "the server answers 302 Found" in refused(server.url(), allowed_hosts=LOOPBACK)


def test_credentials_and_validators_go_to_their_host_only() -> None:
    def answer(request: Request, connection: socket.socket) -> None:
        port = connection.getsockname()[1]
        steps = {"/1": "/2", "/2": f"http://b.example:{port}/3", "/3": f"http://eve:kem@a.example:{port}/4"}
        connection.sendall(redirect(steps[request.path]) if request.path in steps else response(PAGE))

    resolve = Answers("127.0.0.1")
    with WebServer(answer) as server, Fetcher(allowed_hosts=LOOPBACK, resolve=resolve) as fetcher:
        fetched = fetcher.fetch(
            server.url("/1", "ada:giz%20li@a.example"), etag='"a"', last_modified="dün".encode().hex()
        )
    assert fetched.url == server.url("/4", "a.example")
    private = {"authorization", "if-none-match", "if-modified-since"}
    assert [private & set(request.headers) for request in server.requests] == [private, private, set(), set()]
    assert server.requests[0].headers["authorization"] == "Basic YWRhOmdpeiBsaQ=="


def test_cookies_live_as_long_as_the_fetch() -> None:
    pages = {"/1": redirect("/2", Set_Cookie="onay=evet; Path=/"), "/2": response(PAGE)}
    with WebServer(by_path(pages)) as server, Fetcher(allowed_hosts=LOOPBACK) as fetcher:
        fetcher.fetch(server.url("/1"))
        fetcher.fetch(server.url("/2"))
    assert [request.headers.get("cookie") for request in server.requests] == [None, "onay=evet", None]


# --- how much ---------------------------------------------------------------------------------------


def test_a_body_may_be_as_large_as_the_bound_and_no_larger() -> None:
    with WebServer(response(b"a" * 1000)) as server:
        with Fetcher(allowed_hosts=LOOPBACK, max_bytes=1000) as fetcher:
            assert fetcher.fetch(server.url()).data == b"a" * 1000
        assert "it is larger than 0.000999 MB" in refused(server.url(), allowed_hosts=LOOPBACK, max_bytes=999)


def test_a_length_beyond_the_bound_is_refused_before_the_body_comes() -> None:
    with WebServer(response(b"a", length=20_000_001)) as server:
        assert "it is larger than 20 MB" in refused(server.url(), allowed_hosts=LOOPBACK, timeout_s=SOON_S)


@pytest.mark.parametrize("head", [b"HTTP/1.1 200 OK\r\n\r\n", CHUNKED])
def test_a_body_without_end_is_cut_off(head: bytes) -> None:
    piece = b"8000\r\n" + b"a" * 0x8000 + b"\r\n" if b"chunked" in head else b"a" * 0x8000

    def answer(_: Request, connection: socket.socket) -> None:
        connection.sendall(head)
        server.drip(connection, piece)

    with WebServer(answer) as server:
        assert "larger than 0.1 MB" in refused(server.url(), allowed_hosts=LOOPBACK, max_bytes=100_000)


def test_gzip_is_unpacked() -> None:
    body = PAGE * 1000
    with WebServer(response(gzip.compress(body), Content_Encoding="GZip")) as server:
        with Fetcher(allowed_hosts=LOOPBACK, max_bytes=len(body)) as fetcher:
            assert fetcher.fetch(server.url()).data == body
        assert "larger than" in refused(server.url(), allowed_hosts=LOOPBACK, max_bytes=len(body) - 1)


def test_a_bomb_is_not_unpacked_beyond_the_bound() -> None:
    packed = bomb(200_000_000)
    assert len(packed) < 300_000
    with WebServer(response(packed, Content_Encoding="gzip")) as server:
        refused(server.url(), allowed_hosts=LOOPBACK)  # what is made once is made
        tracemalloc.start()
        assert "larger than 1 MB" in refused(server.url(), allowed_hosts=LOOPBACK, max_bytes=1_000_000)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert peak < 8_000_000


def test_what_follows_a_packed_body_is_bounded_as_well() -> None:
    def answer(_: Request, connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n" + gzip.compress(PAGE))
        server.drip(connection, bytes(50_000))

    with WebServer(answer) as server:
        assert "larger than 0.2 MB" in refused(server.url(), allowed_hosts=LOOPBACK, max_bytes=200_000)


@pytest.mark.parametrize(
    ("body", "encoding", "reason"),
    [(gzip.compress(PAGE)[:-12], "gzip", "cut short"), (PAGE, "gzip", "damaged"), (PAGE, "br", "compressed as 'br'"),
     (gzip.compress(PAGE), "gzip, gzip", "compressed as 'gzip, gzip'"), (b"", "gzip", "")],
)  # fmt: skip
def test_what_cannot_be_unpacked_is_refused(body: bytes, encoding: str, reason: str) -> None:
    with WebServer(response(body, Content_Encoding=encoding)) as server:
        if reason:
            assert reason in refused(server.url(), allowed_hosts=LOOPBACK)
        else:
            assert Fetcher(allowed_hosts=LOOPBACK).fetch(server.url()).data == b""


@pytest.mark.parametrize(
    "answer",
    [response(b"abc", length=10), response(b"abc", length=-1), CHUNKED + b"xyz\r\n", CHUNKED + b"5\r\nab",
     b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef", b"SSH-2.0-OpenSSH_9.6\r\n",
     b"\r\n\r\n", b"", b"HTTP/1.1 200 OK\r\nX", b"HTTP/1.1 9\r\n\r\n",
     b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n"],
)  # fmt: skip
def test_answers_that_break_off_or_are_no_http_are_refused(answer: bytes) -> None:
    def send(_: Request, connection: socket.socket) -> None:
        connection.sendall(answer)
        connection.shutdown(socket.SHUT_RDWR)

    with WebServer(send) as server:
        assert "the connection broke off, or the answer is not HTTP" in refused(server.url(), allowed_hosts=LOOPBACK)


def test_a_body_is_taken_at_its_word_and_no_byte_further() -> None:
    with WebServer(response(b"abcdef", length=3)) as server, Fetcher(allowed_hosts=LOOPBACK) as fetcher:
        assert fetcher.fetch(server.url()).data == b"abc"


@pytest.mark.parametrize("piece", [b"X-A: b\r\n" * 500, b"a" * 5000])
def test_headers_without_end_are_refused(piece: bytes) -> None:
    def answer(_: Request, connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\n")
        server.drip(connection, piece)

    with WebServer(answer) as server:
        assert "not HTTP" in refused(server.url(), allowed_hosts=LOOPBACK, timeout_s=20)


_HEADS = [b"", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 302 a\r\nLocation: ", b"HTTP/1.1 503 a\r\nRetry-After: ",
          b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset", b"HTTP/1.1 302 a\r\nLocation: /\r\nSet-Cookie: ",
          b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n"]  # fmt: skip


@given(st.binary(max_size=200), st.sampled_from(_HEADS))
@settings(max_examples=100, deadline=None)
def test_whatever_a_server_says_is_an_answer_or_a_fetch_error(said: bytes, head: bytes) -> None:
    def send(_: Request, connection: socket.socket) -> None:
        connection.sendall(head + said + b"\r\n\r\n")
        connection.shutdown(socket.SHUT_RDWR)

    with WebServer(send) as server:
        fetch_or_refuse(server.url())


@given(st.one_of(st.text(), st.text().map("http://".__add__), st.text().map("http://127.0.0.1:1/".__add__)))
@settings(max_examples=200, deadline=None)
def test_whatever_an_address_looks_like_it_is_fetched_or_a_fetch_error(url: str) -> None:
    fetch_or_refuse(url)


_LOOPBACK_FETCHER = Fetcher(allowed_hosts=LOOPBACK, resolve=Answers("10.0.0.1"), timeout_s=5)


def fetch_or_refuse(url: str) -> None:
    message = ""
    try:
        _LOOPBACK_FETCHER.fetch(url)
    except FetchError as error:
        message = error.message("en") + error.message("tr")
    assert message.isprintable()
    assert len(message) < 1000


# --- how long ---------------------------------------------------------------------------------------


def is_late(url: str, **options: Any) -> bool:
    began = time.monotonic()
    message = refused(url, **{"allowed_hosts": LOOPBACK, "timeout_s": 0.4} | options)
    return "it was not complete within 0.4 s" in message and time.monotonic() - began < SOON_S


@pytest.mark.parametrize("head", [b"", b"HTTP/1.1 200 OK\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n"])
@pytest.mark.parametrize("piece", [b"a", b""])
def test_a_server_that_drips_or_is_silent_holds_nothing(head: bytes, piece: bytes) -> None:
    def answer(_: Request, connection: socket.socket) -> None:
        connection.sendall(head)
        server.drip(connection, piece)

    with WebServer(answer) as server:
        assert is_late(server.url())


def test_time_is_counted_over_all_redirects() -> None:
    def answer(_: Request, connection: socket.socket) -> None:
        server.closing.wait(0.15)
        connection.sendall(redirect("/"))

    with WebServer(answer) as server:
        assert is_late(server.url())


def test_a_resolver_that_hangs_holds_nothing() -> None:
    released = threading.Event()

    def resolve(*_: object, **__: object) -> list[Any]:
        released.wait(SOON_S)
        return []

    assert is_late("http://haber.example/", resolve=resolve)
    released.set()


def test_a_handshake_that_hangs_holds_nothing() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        assert is_late(f"https://127.0.0.1:{listener.getsockname()[1]}/")


def test_informational_answers_without_end_hold_nothing() -> None:
    with WebServer(lambda _, connection: server.drip(connection, b"HTTP/1.1 103 Early Hints\r\n\r\n")) as server:
        assert is_late(server.url())


# --- what goes wrong --------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [400, 403, 404, 410, 451, 500, 502, 300, 305, 599])
def test_errors_of_the_server_are_named(status: int) -> None:
    with WebServer(response(b"secret", status)) as server, pytest.raises(FetchError) as caught:
        Fetcher(allowed_hosts=LOOPBACK).fetch(server.url())
    assert isinstance(caught.value, HaberciError)
    assert caught.value.status == status
    assert f"the server answers {status}" in str(caught.value)
    assert f"sunucunun yanıtı {status}" in caught.value.message("tr")
    copy = pickle.loads(pickle.dumps(caught.value))
    assert (str(copy), copy.status) == (str(caught.value), status)


@pytest.mark.parametrize("status", [429, 503])
def test_the_time_that_a_server_asks_for_is_named(status: int) -> None:
    def message(retry_after: str) -> str:
        with WebServer(response(status=status, Retry_After=retry_after)) as server:
            return refused(server.url(), allowed_hosts=LOOPBACK)

    assert message(" 120 ").endswith("; try again in 120 s.")
    assert message(format_datetime(datetime.now(UTC) - timedelta(days=1), usegmt=True)).endswith("; try again in 0 s.")
    assert "try again in 35" in message(
        format_datetime(datetime.now(UTC) + timedelta(hours=1, seconds=-50), usegmt=True)
    )
    for nonsense in ("soon", "-5", "1e9", "9" * 30, "Mon, 99 Foo 2025 00:00:00 GMT", "²"):
        assert message(nonsense.encode().decode("latin-1")).endswith(("Too Many Requests.", "Service Unavailable."))


def test_a_port_without_a_server_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    assert "the server cannot be reached (Connection refused)" in refused(
        f"http://127.0.0.1:{port}/", allowed_hosts=LOOPBACK
    )


@pytest.mark.parametrize(
    "url",
    ["http://ada:gizli@127.0.0.1:1/", "http://ada:gizli@[::1]/", "http://ada:gizli@x:port/", "http://ada:gi/zli@host/",
     "ftp://ada:gizli@host/", "ada:gizli@host/", "http:\\\\ada:gizli@host/", "http://ada:gizli@a b/",
     "http:ada:gizli@host", "http://ada:gizli@\x00/"],
)  # fmt: skip
def test_passwords_are_never_shown(url: str, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG), pytest.raises(FetchError) as caught:
        Fetcher(allowed_hosts=["127.0.0.1"]).fetch(url)
    shown = [
        str(caught.value),
        caught.value.message("tr"),
        repr(caught.value),
        str(caught.value.__cause__),
        caplog.text,
    ]
    assert not [text for text in shown if "zli" in text or "ada" in text]


def test_passwords_are_not_shown_when_all_is_well(caplog: pytest.LogCaptureFixture) -> None:
    pages = {"/1": redirect("http://bir:gizli@evil.example:1/"), "/2": response(PAGE)}
    with (
        WebServer(by_path(pages)) as server,
        caplog.at_level(logging.DEBUG),
        Fetcher(allowed_hosts=LOOPBACK) as fetcher,
    ):
        assert "gizli" not in fetcher.fetch(server.url("/2", "ada:gizli@127.0.0.1")).url
        with pytest.raises(FetchError) as caught:
            fetcher.fetch(server.url("/1", "ada:gizli@127.0.0.1"))
    assert "gizli" not in str(caught.value)
    assert "ada" not in caplog.text


def test_messages_are_short_and_on_one_line() -> None:
    message = refused("data:text/html," + "a\n\x1b[31m" * 10_000)
    assert len(message) < 500
    assert message.isprintable()


# --- TLS --------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def certified(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if shutil.which("openssl") is None:
        pytest.skip("the openssl command makes the certificate")
    return certificate(tmp_path_factory.mktemp("tls"), "haber.example")


@pytest.fixture
def secure(certified: Path) -> Iterator[WebServer]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certified)
    pages = {"/": response(PAGE), "/down": redirect("http://haber.example/")}
    with WebServer(by_path(pages), tls=context) as server:
        yield server


def reach(server: WebServer, host: str, path: str = "/") -> Fetched:
    with Fetcher(allowed_hosts=["haber.example", "baska.example"], resolve=Answers("127.0.0.1")) as fetcher:
        return fetcher.fetch(server.url(path, host))


def test_a_certificate_nobody_vouches_for_is_refused(secure: WebServer) -> None:
    with pytest.raises(FetchError, match=r"its certificate cannot be trusted \(self.signed certificate"):
        reach(secure, "haber.example")
    assert secure.requests == []


def test_a_certificate_must_name_the_host_not_the_address(
    secure: WebServer, certified: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certified))
    assert reach(secure, "haber.example").data == PAGE
    assert reach(secure, "HABER.example.").data == PAGE
    with pytest.raises(FetchError, match=r"certificate is not valid for 'baska\.example'"):
        reach(secure, "baska.example")


def test_certificates_that_cannot_be_read_are_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "yok.pem"))
    assert "SSL_CERT_FILE" in refused("https://127.0.0.1:1/", allowed_hosts=LOOPBACK)


def test_https_does_not_lead_back_to_http(secure: WebServer, certified: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certified))
    with pytest.raises(FetchError, match=r"redirects from https to http; give http://haber\.example/ itself"):
        reach(secure, "haber.example", "/down")


def test_a_server_without_tls_is_not_secure() -> None:
    with WebServer(response(PAGE)) as server:
        url = server.url().replace("http:", "https:")
        assert "no secure connection can be made" in refused(url, allowed_hosts=LOOPBACK, timeout_s=SOON_S)
