"""What may be reached: never this computer and what is near it, however its address is written or found."""

from __future__ import annotations

import ipaddress
import socket
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index.sources.fetch import Fetcher
from tests.web_server import LOOPBACK, Answers, WebServer, by_path, redirect, refused, response

PUBLIC = "93.184.216.34"


@pytest.fixture
def dialled(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
    """The addresses that connections are asked for; none is made."""
    calls: list[tuple[str, int]] = []

    def dial(address: tuple[str, int], *_: object, **__: object) -> socket.socket:
        calls.append(address)
        raise ConnectionRefusedError(111, "Connection refused")

    monkeypatch.setattr(socket, "create_connection", dial)
    return calls


# --- what may be reached ----------------------------------------------------------------------------

PRIVATE = ["127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "100.64.0.1", "169.254.169.254", "0.0.0.0",
           "192.0.0.8", "192.0.2.1", "192.88.99.1", "198.18.0.1", "198.51.100.1", "203.0.113.1", "224.0.0.1",
           "240.0.0.1", "255.255.255.255", "::", "::1", "::ffff:127.0.0.1", "::ffff:8.8.8.8", "::127.0.0.1",
           "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::1", "100::1", "2001::1", "2001:db8::1",
           "2002:7f00:1::", "2002:808:808::", "3fff::1", "5f00::1", "fc00::1", "fd12::1", "fe80::1", "fec0::1",
           "ff02::1"]  # fmt: skip


@pytest.mark.parametrize("address", PRIVATE)
def test_private_addresses_are_refused_written_out_and_behind_a_name(
    address: str, dialled: list[tuple[str, int]]
) -> None:
    literal = f"[{address}]" if ":" in address else address
    assert "which is no public address" in refused(f"http://{literal}/")
    message = refused("https://haber.example/", resolve=Answers(address))
    assert str(ipaddress.ip_address(address)) in message
    assert "HABERCI_ALLOWED_HOSTS" in message
    assert dialled == []


@pytest.mark.parametrize("address", [PUBLIC, "8.8.8.8", "192.0.1.1", "172.32.0.1", "2a00:1450::1", "64:ff9b::808:808"])
def test_public_addresses_are_dialled_as_they_were_checked(address: str, dialled: list[tuple[str, int]]) -> None:
    assert "Connection refused" in refused("https://haber.example/", resolve=Answers(address))
    assert dialled == [(str(ipaddress.ip_address(address)), 443)]


@pytest.mark.parametrize(
    "url",
    ["http://2130706433/", "http://0x7f.1/", "http://0x7f000001/", "http://0177.0.0.1/", "http://127.1/", "http://0/",
     "http://127.0.0.01/", "http://127.0.0.1.1/", "http://256.1.1.1/", "http://1.2.3.4.5/", "http://a.0x/",
     "http://127.0.0.1../", "http://１２７.0.0.1/", "http://ⓛocalhost/", "http://%31%32%37.0.0.1/", "http://a%00b/",
     "http://[fe80::1%25eth0]/", "http://[fe80::1%eth0]/", "http://[127.0.0.1]/", "http://[v1.a]/", "http://[::1/",
     "http://good.example\\.evil.example/", "http://a..example/", "http://.example/", "http://a b.example/",
     "http://a.example:0/", "http://a.example:65536/", "http://a.example:x/", "http://a.example/\r\nX: y",
     "http://a.example/\x00", f"http://{'a' * 64}.example/", f"http://{'a.' * 127}example/", "http://", "http:///a",
     "http:a.example", "http://user@/", "https://\u202ea.example/", f"http://a.example/{'a' * 70_000}"],
)  # fmt: skip
def test_addresses_in_odd_spellings_are_refused_unresolved(url: str, dialled: list[tuple[str, int]]) -> None:
    resolve = Answers(PUBLIC)
    assert "it is not a valid web address" in refused(url, resolve=resolve, allowed_hosts=LOOPBACK)
    assert (resolve.asked, dialled) == ([], [])


@pytest.mark.parametrize(
    "url",
    ["", " ", "haber", "example.org/haber", "//example.org/", "file:///etc/passwd", "FILE:/etc/passwd", "ftp://a.example/",
     "gopher://127.0.0.1:70/_a", "data:text/html,<p>a", "javascript:alert(1)", "mailto:a@b.example", "ws://a.example/",
     "feed://a.example/", "view-source:http://a.example/", "unix:///run/docker.sock"],
)  # fmt: skip
def test_only_http_and_https_are_fetched(url: str, dialled: list[tuple[str, int]]) -> None:
    assert "it is not an http or https address" in refused(url, resolve=Answers(PUBLIC))
    assert dialled == []


@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1./", "http://LOCALHOST/", "http://good.example@127.0.0.1/", "http://good.example:80@127.0.0.1/",
     "http://good.example\\@127.0.0.1/", "http://127.0.0.1#@good.example/", "http://127.0.0.1?@good.example/",
     "http://127。0。0。1/", "http://[0:0:0:0:0:FFFF:7F00:0001]/", "http://[::ffff:7f00:1]/"],
)  # fmt: skip
def test_the_host_that_counts_is_the_one_connected_to(url: str, dialled: list[tuple[str, int]]) -> None:
    assert "which is no public address" in refused(url, resolve=Answers("127.0.0.1"))
    assert dialled == []


_RESOLVE = Answers(PUBLIC)
_FETCHER = Fetcher(resolve=_RESOLVE)

_private_v4 = st.one_of(
    st.ip_addresses(v=4, network=network)
    for network in ("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
                    "192.168.0.0/16", "198.18.0.0/15", "224.0.0.0/4", "240.0.0.0/4")
)  # fmt: skip


@st.composite
def spelled(draw: st.DrawFn) -> str:
    """A private IPv4 address in a spelling that some program takes for it."""
    number = int(draw(_private_v4))
    if draw(st.booleans()):
        mapped, nat64, six_to_four = 0xFFFF << 32 | number, 0x64FF9B << 96 | number, 0x2002 << 112 | number << 80
        teredo, translated = 0x20010000 << 96 | number ^ 0xFFFFFFFF, 0xFFFF << 48 | number
        address = ipaddress.IPv6Address(draw(st.sampled_from([number, mapped, nat64, six_to_four, teredo, translated])))
        return f"[{draw(st.sampled_from([str(address), address.exploded, str(address).upper()]))}]"
    parts = [number >> shift & 0xFF for shift in (24, 16, 8, 0)]
    kept = draw(st.integers(0, 3))
    numbers = [*parts[:kept], number & (1 << 8 * (4 - kept)) - 1]
    formats = ("{}", "{:#x}", "{:#X}", "0{:o}", "{:03d}", "0x{:08x}")
    host = ".".join(draw(st.sampled_from(formats)).format(each) for each in numbers)
    dot = draw(st.sampled_from([".", "。", "．", "｡"]))
    digits = draw(st.sampled_from(["0123456789", "０１２３４５６７８９", "𝟎𝟏𝟐𝟑𝟒𝟓𝟔𝟕𝟖𝟗"]))
    return host.translate(str.maketrans("0123456789", digits)).replace(".", dot) + draw(st.sampled_from(["", "."]))


@given(
    spelled(), st.sampled_from(["", "good.example@", "good.example:80@", "%40@"]), st.sampled_from(["", ":80", ":8080"])
)
@settings(max_examples=300, deadline=None)
def test_no_private_address_passes_in_any_spelling(host: str, user: str, port: str) -> None:
    dialled: list[object] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket, "create_connection", lambda address, *_, **__: dialled.append(address))
        refused(f"http://{user}{host}{port}/", _FETCHER)
    assert dialled == []


@given(st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6, network="2000::/3"), st.ip_addresses(v=6)))
@settings(max_examples=300, deadline=None)
def test_what_is_dialled_is_global_to_python_as_well(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> None:
    dialled: list[str] = []

    def dial(to: tuple[str, int], *_: object, **__: object) -> socket.socket:
        dialled.append(to[0])
        raise ConnectionRefusedError

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket, "create_connection", dial)
        patch.setattr(_RESOLVE, "addresses", (str(address),))
        refused("http://haber.example/", _FETCHER)
    if dialled:
        assert dialled == [str(address)]
        inside = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        judged = inside if address in ipaddress.ip_network("64:ff9b::/96") else address
        assert judged.is_global
        assert not judged.is_multicast
        assert not judged.is_reserved


def test_a_host_is_refused_for_any_of_its_addresses(dialled: list[tuple[str, int]]) -> None:
    assert "leads to 10.0.0.1" in refused("http://haber.example/", resolve=Answers(PUBLIC, "10.0.0.1"))
    assert "on a link" in refused("http://haber.example/", resolve=Answers("fe80::1%eth0"))
    assert dialled == []


def test_each_address_of_a_host_is_tried(dialled: list[tuple[str, int]]) -> None:
    refused("http://haber.example/", resolve=Answers(PUBLIC, "2a00:1450::1", PUBLIC))
    assert dialled == [(PUBLIC, 80), ("2a00:1450::1", 80)]


def test_an_address_that_swallows_everything_leaves_time_for_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    given_s: list[float] = []

    def dial(_: object, timeout: float, **__: object) -> socket.socket:
        given_s.append(timeout)
        raise TimeoutError

    monkeypatch.setattr(socket, "create_connection", dial)
    resolve = Answers(PUBLIC, "2a00:1450::1")
    assert "not complete within 8 s" in refused("http://haber.example/", resolve=resolve, timeout_s=8)
    assert [3 < given_s[0] <= 4, 6 < given_s[1] <= 8] == [True, True]


def test_what_is_connected_to_is_what_was_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    """DNS rebinding: every second answer would be this computer."""
    resolve = Answers(PUBLIC)
    dialled: list[str] = []
    connect = socket.create_connection

    with WebServer(by_path({"/1": response(b"bir"), "/2": redirect("/1")})) as server:

        def dial(address: tuple[str, int], *rest: Any, **options: Any) -> socket.socket:
            dialled.append(address[0])
            resolve.addresses = ("127.0.0.1",)
            return connect(("127.0.0.1", server.port), *rest, **options)

        monkeypatch.setattr(socket, "create_connection", dial)
        assert Fetcher(resolve=resolve).fetch("http://haber.example/1").data == b"bir"
        assert (resolve.asked, dialled) == (["haber.example"], [PUBLIC])
        assert "leads to 127.0.0.1" in refused("http://haber.example/1", resolve=resolve)
        resolve.addresses = (PUBLIC,)
        assert "leads to 127.0.0.1" in refused("http://haber.example/2", resolve=resolve)
    assert dialled == [PUBLIC, PUBLIC]
    assert [request.path for request in server.requests] == ["/1", "/2"]


@pytest.mark.parametrize("port", [1, 21, 22, 25, 79, 445, 3306, 6379, 8000, 65535])
def test_other_services_of_public_hosts_are_not_talked_to(port: int, dialled: list[tuple[str, int]]) -> None:
    assert f"its port {port} is none of 80, 443, 8080, 8443" in refused(
        f"http://haber.example:{port}/", resolve=Answers(PUBLIC)
    )
    assert dialled == []
    refused(f"http://haber.example:{port}/", resolve=Answers(PUBLIC), allowed_hosts=["haber.example"])
    assert dialled == [(PUBLIC, port)]


def test_a_host_that_is_not_found_is_named() -> None:
    def resolve(*_: object, **__: object) -> list[Any]:
        raise socket.gaierror(-2, "Name or service not known")

    assert "the host haber.example is not found" in refused("http://haber.example/", resolve=resolve)
    assert "the host haber.example is not found" in refused("http://haber.example/", resolve=Answers())


# --- allowed_hosts ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("allowed", "host", "address", "reached"),
    [
        ("intranet.local", "intranet.local", "10.0.0.1", True),
        ("Intranet.Local.", "INTRANET.local.", "10.0.0.1", True),
        ("intranet.local", "a.intranet.local", "10.0.0.1", False),
        ("intranet.local", "xintranet.local", "10.0.0.1", False),
        ("*.example.org", "a.b.example.org", "fd00::1", True),
        ("*.example.org", "example.org", "10.0.0.1", False),
        ("*.example.org", "aexample.org", "10.0.0.1", False),
        ("çağrı.example", "xn--ar-3ia9t9c.example", "127.0.0.1", True),
        ("localhost", "localhost", "::1", True),
        ("10.0.0.0/8", "anything.example", "10.9.9.9", True),
        ("10.0.0.0/8", "anything.example", "11.0.0.1", True),
        ("10.0.0.0/8", "anything.example", "192.168.0.1", False),
        (" 127.0.0.1 ", "anything.example", "127.0.0.1", True),
        ("127.0.0.1", "anything.example", "::ffff:127.0.0.1", False),
        ("[::1]", "anything.example", "::1", True),
        ("fd00::/8", "anything.example", "fd12::1", True),
        # A name is what an attacker may point somewhere; a cloud's secrets need more than a name.
        ("intranet.local", "intranet.local", "169.254.169.254", False),
        ("*.example.org", "a.example.org", "224.0.0.1", False),
        ("169.254.0.0/16", "intranet.local", "169.254.169.254", True),
    ],
)  # fmt: skip
def test_allowed_hosts(allowed: str, host: str, address: str, reached: bool, dialled: list[tuple[str, int]]) -> None:
    message = refused(f"http://{host}/", allowed_hosts=[allowed], resolve=Answers(address))
    assert ("Connection refused" in message, bool(dialled)) == (reached, reached)


@pytest.mark.parametrize(
    "entry",
    ["", " ", "*", "*.", "*.*.example", "a.*", "http://intranet.local", "intranet.local:8080",
     "intranet.local/a", "a@b", "10.0.0.1/8", "10.0.0.0/33", "127.1", "0x7f.1", "*.10.0", "[::1", "::1]",
     "fe80::1%eth0", "a..b", "a b", "ⓐ", None, 5],
)  # fmt: skip
def test_what_cannot_be_allowed_is_named(entry: Any) -> None:
    with pytest.raises(ValueError) as caught:
        Fetcher(allowed_hosts=["intranet.local", entry])
    assert repr(entry) in str(caught.value)
    assert "10.0.0.0/8" in str(caught.value)


@pytest.mark.parametrize(
    ("options", "named"),
    [({"allowed_hosts": "intranet.local"}, "'intranet.local'"), ({"max_bytes": 0}, "0"), ({"timeout_s": 0}, "0"),
     ({"timeout_s": -1}, "-1"), ({"timeout_s": float("nan")}, "nan"), ({"timeout_s": float("inf")}, "inf")],
)  # fmt: skip
def test_bounds_that_cannot_be_are_named(options: dict[str, Any], named: str) -> None:
    with pytest.raises(ValueError, match=named):
        Fetcher(**options)
