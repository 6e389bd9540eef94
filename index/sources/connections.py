"""Connections that go only where they may.

An address that a feed or a page gives may come from anybody, and this computer may reach what they may not: its own
services, the router, a cloud's metadata. So what may be reached is decided on the very IP address that is connected to.
"""

from __future__ import annotations

import ipaddress
import queue
import re
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import httpcore
import httpx

# A feed may make this computer send a GET anywhere: to web servers, not to the mail server next to them.
WEB_PORTS = (80, 443, 8080, 8443)
MAX_SHOWN_CHARS = 300

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Resolve = Callable[..., Iterable[Sequence[Any]]]


class Refusal(Exception):  # noqa: N818
    """A reason, in English and Turkish, on its way to a :class:`~index.sources.fetch.FetchError` with the address."""

    def __init__(self, reason: str, reason_tr: str, status: int | None = None) -> None:
        super().__init__(reason)
        self.reason, self.reason_tr, self.status = reason, reason_tr, status


# --- addresses as they are written ------------------------------------------------------------------

_NAME = re.compile(r"[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*")
# A host that ends in a number is an IPv4 address to what resolves it, in any base and of one to four parts.
_NUMBER = re.compile(r"(?:.*\.)?(?:[0-9]+|0x[0-9a-f]*)")


def parse_url(url: str) -> httpx.URL:
    """``url`` with its host as it will be looked up. Raises :class:`Refusal`."""
    try:
        parsed = httpx.URL(url.strip())
        if parsed.scheme not in ("http", "https"):
            raise Refusal("it is not an http or https address", "http ya da https adresi değil")
        if parsed.port is not None and not 1 <= parsed.port <= 65535:
            raise ValueError(parsed.port)
        # A final dot only says that the name is complete; certificates do not have it.
        return parsed.copy_with(host=_host(parsed.raw_host.decode("ascii").removesuffix(".")))
    except (httpx.InvalidURL, AttributeError, TypeError, ValueError):
        # Without its cause, whose text may hold the password.
        raise Refusal("it is not a valid web address", "geçerli bir web adresi değil") from None


def _host(host: str) -> str:
    """``host``, when it is a name or an address in its usual spelling. Raises ValueError."""
    if ":" in host:
        if "%" in host:  # a zone id: an address of one of this computer's links
            raise ValueError(host)
        return str(ipaddress.IPv6Address(host))
    if _NUMBER.fullmatch(host):
        return str(ipaddress.IPv4Address(host))
    if not (len(host) <= 253 and _NAME.fullmatch(host)):
        raise ValueError(host)
    return host


def shown_url(url: object) -> str:
    """``url`` for a message: without user name and password, on one line, not too long."""
    text = str(url)
    if "@" in text:
        try:
            bare = httpx.URL(text.strip()).copy_with(username=None, password=None)
            text = str(bare) if bare.host else "…" + text.rpartition("@")[2]
        except (httpx.InvalidURL, ValueError):
            text = "…" + text.rpartition("@")[2]
    text = "".join(character if character.isprintable() else "\ufffd" for character in text)
    return text if len(text) <= MAX_SHOWN_CHARS else text[: MAX_SHOWN_CHARS - 1] + "…"


# --- addresses that may be reached ------------------------------------------------------------------


def _networks(*networks: str) -> tuple[Network, ...]:
    return tuple(ipaddress.ip_network(network) for network in networks)


# IANA's special-purpose registries, written out: ``is_global`` differs between versions of Python. Of IPv6 only
# 2000::/3 is given to anybody; what is mapped, compatible, site-local and the rest lies outside it.
_NOT_PUBLIC = _networks(
    "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
    "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24",
    "224.0.0.0/4", "240.0.0.0/4", "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20",
)  # fmt: skip
(_GIVEN_V6,) = _networks("2000::/3")
# A network without IPv4 reaches all of it through these, so the address inside decides.
(_NAT64,) = _networks("64:ff9b::/96")
_INTRANET = _networks(
    "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "::1/128", "fc00::/7"
)  # fmt: skip


def _is_public(address: Address) -> bool:
    if address in _NAT64:
        address = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    given = address.version == 4 or address in _GIVEN_V6
    return given and not any(address in network for network in _NOT_PUBLIC)


@dataclass(frozen=True, slots=True)
class AllowedHosts:
    """What ``allowed_hosts`` says: ``names``, ``suffixes`` (".example.org") and ``networks``."""

    names: frozenset[str]
    suffixes: tuple[str, ...]
    networks: tuple[Network, ...]

    @classmethod
    def read(cls, entries: Sequence[str]) -> AllowedHosts:
        if isinstance(entries, str):
            raise ValueError(f"allowed_hosts must be a list of texts, not the text {entries!r}")
        networks, names, suffixes = set[Network](), set[str](), set[str]()
        for entry in entries:
            try:
                text = entry.strip()
                if text.startswith("*."):
                    suffixes.add("." + _entry_name(text[2:]))
                elif (network := _entry_network(text)) is not None:
                    networks.add(network)
                else:
                    names.add(_entry_name(text))
            except (httpx.InvalidURL, AttributeError, ValueError):
                raise ValueError(
                    f"allowed_hosts cannot hold {entry!r}: give a host name (intranet.local, *.example.org), "
                    "an address (127.0.0.1, [::1]) or a network (10.0.0.0/8)"
                ) from None
        return cls(frozenset(names), tuple(suffixes), tuple(networks))

    def permits(self, host: str, address: Address) -> bool:
        if any(address in network for network in self.networks):
            return True
        named = host in self.names or host.endswith(self.suffixes)
        return named and (_is_public(address) or any(address in network for network in _INTRANET))


def _entry_network(text: str) -> Network | None:
    if "%" in text:  # a zone id
        return None
    try:
        return ipaddress.ip_network(text[1:-1] if text[:1] + text[-1:] == "[]" else text)
    except ValueError:
        return None


def _entry_name(text: str) -> str:
    if re.search(r"[/@:?#\[\]\\%*\s]", text):  # a port or a path would be passed over
        raise ValueError(text)
    host = _host(httpx.URL(f"http://{text}/").raw_host.decode("ascii").removesuffix("."))
    if _NUMBER.fullmatch(host):
        raise ValueError(text)
    return host


# --- connections ------------------------------------------------------------------------------------


class Deadline:
    """The end of ``timeout_s`` seconds from now."""

    def __init__(self, timeout_s: float) -> None:
        self.timeout_s = timeout_s
        self._end = time.monotonic() + timeout_s

    def left_s(self, at_most: float | None = None) -> float:
        """The seconds that are left. Raises :class:`Refusal` when none are."""
        left = self._end - time.monotonic()
        if left <= 0:
            raise late(self.timeout_s)
        return left if at_most is None else min(left, at_most)


def late(timeout_s: float) -> Refusal:
    return Refusal(f"it was not complete within {timeout_s:g} s", f"{timeout_s:g} saniye içinde tamamlanmadı")


class CheckedBackend(httpcore.NetworkBackend):
    """Connects to addresses that were looked up once and checked, none later than the deadline."""

    def __init__(self, allowed: AllowedHosts, deadline: Deadline, resolve: Resolve) -> None:
        self._allowed = allowed
        self._deadline = deadline
        self._resolve = resolve
        self._sockets = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        addresses = self._addresses(host, port)
        for checked in addresses:
            if not self._allowed.permits(host, checked):
                _check(checked, port)
        failure: Exception | None = None
        for untried in range(len(addresses), 0, -1):
            try:
                # An address that swallows whatever is sent to it leaves time for the others.
                share_s = self._deadline.left_s(timeout) / untried
                address = str(addresses[-untried])
                stream = self._sockets.connect_tcp(address, port, share_s, local_address, socket_options)
                return _Stream(stream, self._deadline)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        assert failure is not None
        raise failure

    def _addresses(self, host: str, port: int) -> list[Address]:
        """The addresses of ``host``, none twice, in the resolver's order."""
        if ":" in host or _NUMBER.fullmatch(host):
            return [ipaddress.ip_address(host)]
        answers = self._look_up(host, port)
        found = dict.fromkeys(str(answer[4][0]) for answer in answers)
        if not found:
            raise _unknown(host)
        if any("%" in address for address in found):
            raise Refusal(f"{host} is on a link of this computer", f"{host} bu bilgisayarın bir bağlantısında")
        return [ipaddress.ip_address(address) for address in found]

    def _look_up(self, host: str, port: int) -> Iterable[Sequence[Any]]:
        # In a thread, as the system's resolver takes no timeout. One that hangs is left to its own.
        answers: queue.SimpleQueue[Iterable[Sequence[Any]] | Exception] = queue.SimpleQueue()

        def look_up() -> None:
            try:
                answers.put(self._resolve(host, port, type=socket.SOCK_STREAM))
            except Exception as error:  # noqa: BLE001 - raised again by the thread that waits
                answers.put(error)

        threading.Thread(target=look_up, name="haberci-resolve", daemon=True).start()
        try:
            answer = answers.get(timeout=self._deadline.left_s())
        except queue.Empty:
            raise late(self._deadline.timeout_s) from None
        if isinstance(answer, (OSError, UnicodeError)):
            raise _unknown(host) from answer
        if isinstance(answer, Exception):
            raise answer
        return answer


class _Stream(httpcore.NetworkStream):
    """A connection whose every wait ends with the deadline, however often a byte arrives."""

    def __init__(self, stream: httpcore.NetworkStream, deadline: Deadline) -> None:
        self._stream = stream
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, self._deadline.left_s(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, self._deadline.left_s(timeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        left_s = self._deadline.left_s(timeout)
        return _Stream(self._stream.start_tls(ssl_context, server_hostname, left_s), self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


_ALLOW = "add the host to allowed_hosts (HABERCI_ALLOWED_HOSTS)"
_ALLOW_TR = "sunucuyu allowed_hosts (HABERCI_ALLOWED_HOSTS) ayarına ekleyin"


def _check(address: Address, port: int) -> None:
    """Raises :class:`Refusal` for what may not be reached without being allowed."""
    if not _is_public(address):
        raise Refusal(
            f"it leads to {address}, which is no public address; if it may be read, {_ALLOW}",
            f"{address} adresine gidiyor, bu herkese açık bir adres değil; okunabilecekse {_ALLOW_TR}",
        )
    if port not in WEB_PORTS:
        ports = ", ".join(map(str, WEB_PORTS))
        raise Refusal(
            f"its port {port} is none of {ports}; if it may be read, {_ALLOW}",
            f"{port} portu şunlardan biri değil: {ports}; okunabilecekse {_ALLOW_TR}",
        )


def _unknown(host: str) -> Refusal:
    return Refusal(f"the host {host} is not found", f"{host} sunucusu bulunamıyor")
