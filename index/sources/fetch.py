"""One address of the web to its bytes, within bounds of place, size and time.

:mod:`index.sources.connections` decides what may be reached, for the first address and for every redirect alike.
"""

from __future__ import annotations

import base64
import os
import re
import socket
import ssl
import threading
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache
from http.client import responses
from importlib.metadata import PackageNotFoundError, version
from typing import ClassVar

import httpcore
import httpx

from index.errors import HaberciError
from index.sources.connections import (
    AllowedHosts,
    CheckedBackend,
    Deadline,
    Refusal,
    Resolve,
    late,
    parse_url,
    shown_url,
)

MAX_REDIRECTS = 5
MAX_VALIDATOR_CHARS = 512

_REDIRECTS = frozenset({301, 302, 303, 307, 308})


@dataclass(frozen=True, slots=True)
class Fetched:
    """What an address answered.

    ``url``: the one that answered, after redirects, without user name and fragment. ``data``: the decoded body.
    ``content_type``: in lower case, without parameters ("text/html"); ``charset``: its parameter. ``etag`` and
    ``last_modified``: to be given to the next fetch of the same address; when nothing has changed since,
    ``not_modified`` is True and ``data`` empty.
    """

    url: str
    data: bytes
    content_type: str | None
    charset: str | None
    etag: str | None
    last_modified: str | None
    not_modified: bool = False


class FetchError(HaberciError):
    """An address cannot be fetched. ``status``: the server's answer (404), when that is the reason."""

    templates: ClassVar[dict[str, str]] = {
        "en": "{url} cannot be fetched: {reason}.",
        "tr": "{url} alınamıyor: {reason_tr}.",
    }

    def __init__(self, *, url: str, reason: str, reason_tr: str, status: int | None = None) -> None:
        super().__init__(url=url, reason=reason, reason_tr=reason_tr, status=status)
        self.status = status


class Fetcher:
    """Fetches pages, feeds and documents; may be shared among threads.

    Reaches only public addresses over http and https, on the ports 80, 443, 8080 and 8443. ``allowed_hosts`` adds to
    that, on any port: host names ("intranet.local"), the names below one ("*.example.org"), addresses and networks
    ("127.0.0.1", "[::1]", "10.0.0.0/8"). A name lets through private, loopback and public addresses; link-local
    ones, where clouds keep their secrets, only an address or network does. A host is resolved once per connection, and
    refused when any of its addresses is.

    ``timeout_s`` bounds a fetch as a whole, from resolving to the last byte. ``max_bytes`` bounds the body, as sent
    and as decoded. ``resolve`` has the parameters and the result of :func:`socket.getaddrinfo`, which is the default.

    Proxies and .netrc of the environment are not used: a proxy would resolve the name by itself, behind the check.
    Certificates are checked against certifi's, or those that SSL_CERT_FILE or SSL_CERT_DIR name.

    Raises ValueError, naming the value, for an entry of ``allowed_hosts`` or a bound that cannot be one.
    """

    def __init__(
        self,
        *,
        allowed_hosts: Sequence[str] = (),
        max_bytes: int = 20_000_000,
        timeout_s: float = 30.0,
        resolve: Resolve | None = None,
    ) -> None:
        if not max_bytes >= 1:
            raise ValueError(f"max_bytes must be at least 1, not {max_bytes!r}")
        if not 0 < timeout_s < threading.TIMEOUT_MAX:
            raise ValueError(f"timeout_s must be a positive number of seconds, not {timeout_s!r}")
        self._allowed = AllowedHosts.read(allowed_hosts)
        self._max_bytes = max_bytes
        self._timeout_s = timeout_s
        self._resolve = resolve
        self._closed = False

    def __enter__(self) -> Fetcher:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Takes no more fetches. Those under way end as they would; no connection outlives its fetch."""
        self._closed = True

    def fetch(self, url: str, *, etag: str | None = None, last_modified: str | None = None) -> Fetched:
        """GETs ``url``. ``etag`` and ``last_modified`` of an earlier answer make it a question of what is new.

        At most five redirects are followed, none from https to http. A user name and password in ``url`` are sent
        to its host as basic authentication; they, ``etag`` and ``last_modified`` go to no other host, and neither
        is ever part of a message. Cookies live as long as the fetch.

        Raises :class:`FetchError` for whatever goes wrong, RuntimeError after :meth:`close`.
        """
        if self._closed:
            raise RuntimeError("This Fetcher is closed; make another.")
        validators = {"If-None-Match": _validator(etag), "If-Modified-Since": _validator(last_modified)}
        try:
            return self._follow(url, {name: value for name, value in validators.items() if value is not None})
        except Refusal as refusal:
            raise FetchError(
                url=shown_url(url), reason=refusal.reason, reason_tr=refusal.reason_tr, status=refusal.status
            ) from None
        except (*_HTTPCORE_ERRORS, httpx.HTTPError, httpx.InvalidURL, OSError, ValueError, zlib.error) as error:
            reason, reason_tr = self._reasons(error)
            raise FetchError(url=shown_url(url), reason=reason, reason_tr=reason_tr) from error

    def _follow(self, url: str, validators: Mapping[str, str]) -> Fetched:
        deadline = Deadline(self._timeout_s)
        backend = CheckedBackend(self._allowed, deadline, self._resolve or socket.getaddrinfo)
        target = parse_url(url)
        for_host = {**validators, **_authorization(target)}
        cookies = httpx.Cookies()
        tls = _tls_context(os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR"))
        # A pool of its own for each fetch: its connections know this fetch's deadline, and threads share nothing.
        with httpcore.ConnectionPool(ssl_context=tls, network_backend=backend) as pool:
            for _ in range(MAX_REDIRECTS + 1):
                target = target.copy_with(username=None, password=None, fragment=None)
                request = httpx.Request("GET", target, headers={**_headers(), **for_host}, cookies=cookies)
                address = httpcore.URL(
                    scheme=target.raw_scheme, host=target.raw_host, port=target.port, target=target.raw_path
                )
                with pool.stream("GET", address, headers=request.headers.raw) as response:
                    answer = httpx.Response(response.status, headers=response.headers, request=request)
                    if answer.status_code not in _REDIRECTS:
                        return self._read(answer, response.iter_stream())
                    cookies.extract_cookies(answer)
                    target, before = _redirected(answer), target
                if not _same_site(before, target):
                    for_host = {}
        raise Refusal(f"it redirects more than {MAX_REDIRECTS} times", f"{MAX_REDIRECTS} kereden çok yönlendiriyor")

    def _read(self, answer: httpx.Response, parts: Iterable[bytes]) -> Fetched:
        status, headers, asked = answer.status_code, answer.headers, answer.request.headers
        not_modified = status == 304 and ("if-none-match" in asked or "if-modified-since" in asked)
        if not (200 <= status < 300 or not_modified):
            raise _status_refusal(status, headers.get("retry-after"))
        data = b""
        if not not_modified:
            if int(headers.get("content-length", 0)) > self._max_bytes:
                raise self._too_large()
            data = self._body(parts, headers.get("content-encoding", "").strip().lower())
        return Fetched(
            url=str(answer.url),
            data=data,
            content_type=headers.get("content-type", "").partition(";")[0].strip().lower() or None,
            charset=answer.charset_encoding,
            etag=_validator(headers.get("etag")),
            last_modified=_validator(headers.get("last-modified")),
            not_modified=not_modified,
        )

    def _body(self, parts: Iterable[bytes], encoding: str) -> bytes:
        if encoding not in ("", "identity", "gzip", "x-gzip"):
            raise Refusal(f"it is compressed as {encoding[:40]!r}", f"{encoding[:40]!r} ile sıkıştırılmış")
        unpacker = zlib.decompressobj(16 + zlib.MAX_WBITS) if encoding.endswith("gzip") else None
        body, taken = bytearray(), 0
        for part in parts:
            taken += len(part)
            while part and unpacker and not unpacker.eof and len(body) <= self._max_bytes:
                # Never more than one byte over the bound: a few kilobytes may unpack to gigabytes.
                body += unpacker.decompress(part, self._max_bytes + 1 - len(body))
                part = unpacker.unconsumed_tail
            if unpacker is None:
                body += part
            if max(taken, len(body)) > self._max_bytes:
                raise self._too_large()
        if unpacker and taken and not unpacker.eof:
            raise Refusal("its compressed body is cut short", "sıkıştırılmış içeriği yarım kalmış")
        return bytes(body)

    def _too_large(self) -> Refusal:
        size = f"{self._max_bytes / 1e6:g} MB"
        return Refusal(f"it is larger than {size}", f"{size} sınırından büyük")

    def _reasons(self, error: Exception) -> tuple[str, str]:
        """Why ``error`` ends a fetch, in English and Turkish. What the server wrote is no part of it."""
        # httpcore's pool drops the cause of its errors; their first argument is the error they stand for.
        cause = error.args[0] if error.args and isinstance(error.args[0], Exception) else error
        if isinstance(cause, ssl.SSLCertVerificationError):
            return (f"its certificate cannot be trusted ({cause.verify_message})",
                    f"sertifikasına güvenilemiyor ({cause.verify_message})")  # fmt: skip
        if isinstance(cause, ssl.SSLError):
            return "no secure connection can be made", "güvenli bağlantı kurulamıyor"
        if isinstance(cause, (httpcore.TimeoutException, TimeoutError)):
            refusal = late(self._timeout_s)
            return refusal.reason, refusal.reason_tr
        if isinstance(error, httpcore.ConnectError):
            detail = getattr(cause, "strerror", None) or "connection failed"
            return f"the server cannot be reached ({detail})", f"sunucuya ulaşılamıyor ({detail})"
        if isinstance(error, (httpcore.NetworkError, httpcore.ProtocolError)):
            return ("the connection broke off, or the answer is not HTTP",
                    "bağlantı koptu ya da yanıt HTTP değil")  # fmt: skip
        if isinstance(error, zlib.error):
            return "its compressed body is damaged", "sıkıştırılmış içeriği bozuk"
        return f"something in it cannot be read ({type(error).__name__})", f"okunamıyor ({type(error).__name__})"


_HTTPCORE_ERRORS = (
    httpcore.TimeoutException,
    httpcore.NetworkError,
    httpcore.ProtocolError,
    httpcore.UnsupportedProtocol,
)


# --- what is asked and answered ---------------------------------------------------------------------


@lru_cache(maxsize=4)
def _tls_context(*_certificates: str | None) -> ssl.SSLContext:
    """Made once, as it reads a few hundred certificates; httpx finds those that the environment names by itself."""
    try:
        return httpx.create_ssl_context()
    except OSError as error:
        raise Refusal(
            "the certificates that SSL_CERT_FILE or SSL_CERT_DIR names cannot be read",
            "SSL_CERT_FILE ya da SSL_CERT_DIR ile belirtilen sertifikalar okunamıyor",
        ) from error


def _headers() -> dict[str, str]:
    try:
        number = version("haberci")
    except PackageNotFoundError:  # run from a folder that is not installed
        number = "0"
    return {"User-Agent": f"Haberci/{number} (+news reader)", "Accept": "*/*", "Accept-Encoding": "gzip"}


def _authorization(url: httpx.URL) -> dict[str, str]:
    if not url.userinfo:
        return {}
    credentials = base64.b64encode(f"{url.username}:{url.password}".encode()).decode("ascii")
    return {"Authorization": f"Basic {credentials}"}


def _validator(value: str | None) -> str | None:
    """An ETag or a date as it can be sent back; None asks for the whole, which is always right."""
    return value if value and len(value) <= MAX_VALIDATOR_CHARS and value.isascii() and value.isprintable() else None


def _same_site(before: httpx.URL, after: httpx.URL) -> bool:
    upgraded = (before.scheme, before.port, after.scheme, after.port) == ("http", None, "https", None)
    return before.host == after.host and ((before.scheme, before.port) == (after.scheme, after.port) or upgraded)


def _redirected(answer: httpx.Response) -> httpx.URL:
    location = answer.headers.get("location")
    if not location:
        raise _status_refusal(answer.status_code, None)
    try:
        target = parse_url(str(answer.url.join(location)))
    except (Refusal, httpx.InvalidURL, ValueError):
        shown = shown_url(location)
        raise Refusal(
            f"it redirects to {shown}, which is no http or https address that can be read",
            f"{shown} adresine yönlendiriyor, bu okunabilecek bir http ya da https adresi değil",
        ) from None
    if (answer.url.scheme, target.scheme) == ("https", "http"):
        shown = shown_url(str(target))
        raise Refusal(
            f"it redirects from https to http; give {shown} itself if it may be read unprotected",
            f"https'ten http'ye yönlendiriyor; korumasız okunabilecekse {shown} adresinin kendisini verin",
        )
    return target


def _status_refusal(status: int, retry_after: str | None) -> Refusal:
    shown = f"{status} {responses.get(status, '')}".rstrip()
    reason, reason_tr = f"the server answers {shown}", f"sunucunun yanıtı {shown}"
    wait_s = _seconds(retry_after) if retry_after and status in (429, 503) else None
    if wait_s is not None:
        reason, reason_tr = f"{reason}; try again in {wait_s} s", f"{reason_tr}; {wait_s} saniye sonra yeniden deneyin"
    return Refusal(reason, reason_tr, status)


def _seconds(retry_after: str) -> int | None:
    """Retry-After, given in seconds or as a date, in seconds from now; None when it is neither."""
    if re.fullmatch(r"[0-9]{1,9}", retry_after.strip()):
        return int(retry_after)
    try:
        when = parsedate_to_datetime(retry_after)
        return max(0, round((when.replace(tzinfo=when.tzinfo or UTC) - datetime.now(UTC)).total_seconds()))
    except (ValueError, OverflowError):
        return None
