"""Feeds: which bytes are one, the entries of one, and the feeds that a page names.

feedparser reads them, from what :mod:`index.sources.feed_xml` leaves of them.
"""

from __future__ import annotations

import hashlib
import html
import re
from dataclasses import dataclass
from datetime import date
from email.utils import parsedate_to_datetime, parsedate_tz
from io import BytesIO
from typing import Any, ClassVar
from urllib.parse import urljoin, urlsplit

from lxml import etree
from lxml.html import HTMLParser, document_fromstring

from index.errors import HaberciError
from index.sources.connections import shown_url
from index.sources.documents.decoding import decode
from index.sources.documents.document import DocumentError
from index.sources.feed_xml import FEED_TYPES, MAX_URL_CHARS, needed_of, root_at, tree_of
from index.text import fold
from index.types import LANGUAGES, Language

MAX_FEED_BYTES = 20_000_000
MAX_FEED_TAGS = 500_000
MAX_FEED_ENTITIES = 1_500_000
MAX_FEEDS_OF_A_PAGE = 20
MAX_TITLE_CHARS = 500

_NAMED_TYPES = (*FEED_TYPES, "application/xml", "text/xml")


@dataclass(frozen=True, slots=True)
class Entry:
    """One article that a feed tells of.

    ``url`` is absolute, http or https. ``id`` is the feed's own, else the address, else a hash of the content.
    ``published``: the day as it was where it was written; when the feed gives none, that of the last change. ``html``
    is the article itself, when the feed carries it; what an entry has beside a link is mostly a teaser and left out.
    """

    url: str | None
    id: str
    title: str | None
    published: date | None
    html: str | None


@dataclass(frozen=True, slots=True)
class Feed:
    """A feed and its entries, in its own order, each once. ``url`` is where it was read."""

    title: str | None
    url: str
    language: Language | None
    entries: tuple[Entry, ...]


class FeedError(HaberciError):
    """What was read is no feed."""

    templates: ClassVar[dict[str, str]] = {
        "en": "{url} cannot be read as a feed: {reason}.",
        "tr": "{url} haber akışı olarak okunamıyor: {reason_tr}.",
    }

    def __init__(self, *, url: str, reason: str, reason_tr: str) -> None:
        super().__init__(url=shown_url(url), reason=reason, reason_tr=reason_tr)


def is_feed(data: bytes, content_type: str | None) -> bool:
    """Whether ``data`` begins as RSS (0.9 to 2.0) or Atom does.

    Servers call feeds all kinds of things, and pages feeds; a ``content_type`` of feeds only lets something, such as
    a warning, stand before.
    """
    head, encoding = data[:65_536], "utf-8"
    if b"\x00" in head[:4]:
        encoding = "utf-16-be" if head.startswith((b"\xfe\xff", b"\x00")) else "utf-16-le"
    return root_at(head.decode(encoding, "ignore"), content_type) is not None


def parse_feed(data: bytes, *, url: str, content_type: str | None = None, charset: str | None = None) -> Feed:
    """The feed in ``data``, which was read at ``url``; its relative links are taken from there.

    ``charset``, or that in ``content_type``, is believed as far as the bytes allow. Feeds that are not well-formed
    are mended. At most 1,000 entries are read; those with neither link nor content are left out.

    Raises :class:`FeedError`.
    """
    if len(data) > MAX_FEED_BYTES:
        megabytes = MAX_FEED_BYTES // 1_000_000
        raise FeedError(
            url=url, reason=f"it is larger than {megabytes} MB", reason_tr=f"{megabytes} MB sınırından büyük"
        )
    declared = re.search(r"charset\s*=\s*[\"']?([\w.:-]+)", content_type or "", re.IGNORECASE)
    try:
        text = decode(data, charset or (declared[1] if declared else None), markup=True)
    except DocumentError as error:
        raise FeedError(url=url, reason=error.reason, reason_tr=error.reason_tr) from error
    start = root_at(text, content_type)
    if start is None:
        raise FeedError(url=url, reason="it is neither RSS nor Atom", reason_tr="RSS ya da Atom değil")
    if text.count("<") > MAX_FEED_TAGS or text.count("&") > MAX_FEED_ENTITIES:
        raise FeedError(url=url, reason="it has too many tags", reason_tr="çok fazla etiketi var")
    root = tree_of(text[start:])
    if root is None:
        raise FeedError(url=url, reason="its XML is damaged", reason_tr="XML'i bozuk")
    return _feed(_parsed(needed_of(root), url), url)


def find_feeds(page: bytes, url: str) -> list[str]:
    """The feeds that a page at ``url`` names in its head, absolute, in its order; at most 20."""
    try:
        text = decode(page, markup=True).encode("utf-8", "replace")
        tree = document_fromstring(text, parser=HTMLParser(encoding="utf-8"))
    except (DocumentError, etree.LxmlError, ValueError):
        return []
    bases = [base.get("href") for base in tree.iter("base") if base.get("href")]
    base = _web_address(bases[0], url) if bases else None
    found = []
    for link in tree.iter("link"):
        kind = link.get("type", "").partition(";")[0].strip().lower()
        if kind in _NAMED_TYPES and {"alternate", "feed"} & set(link.get("rel", "").lower().split()):
            found.append(_web_address(link.get("href"), base or url))
    return list(dict.fromkeys(filter(None, found)))[:MAX_FEEDS_OF_A_PAGE]


# --- entries ----------------------------------------------------------------------------------------


def _parsed(data: bytes, url: str) -> Any:
    import feedparser

    # In a buffer: plain bytes are taken for the name of a file first.
    headers = {"content-location": url, "content-type": "application/xml; charset=utf-8"}
    try:
        return feedparser.parse(
            BytesIO(data), response_headers=headers, sanitize_html=False, resolve_relative_uris=False
        )
    except Exception as error:
        kind = type(error).__name__
        raise FeedError(url=url, reason=f"it is damaged ({kind})", reason_tr=f"bozuk ({kind})") from error


def _feed(parsed: Any, url: str) -> Feed:
    language = str(dict.get(parsed.feed, "language") or "").strip().lower()
    code = re.split("[-_]", language)[0]
    seen: set[str] = set()
    entries = []
    for each in parsed.entries:
        entry = _entry(each, url)
        if entry is None or entry.id in seen or entry.url in seen:
            continue
        seen.update(filter(None, (entry.id, entry.url)))
        entries.append(entry)
    return Feed(
        title=_plain(dict.get(parsed.feed, "title")),
        url=url,
        language=next((known for known in LANGUAGES if known == code), None),
        entries=tuple(entries),
    )


def _entry(raw: Any, feed_url: str) -> Entry | None:
    alternates = (link.get("href") for link in raw.get("links", []) if link.get("rel") == "alternate")
    links = (_web_address(link, feed_url) for link in (dict.get(raw, "link"), *alternates))
    url = next(filter(None, links), None)
    teaser = None if url else dict.get(raw, "summary_detail")  # without a link it is all there is
    body = next(filter(None, map(_as_html, (*raw.get("content", []), teaser))), None)
    if url is None and body is None:
        return None
    title = _plain(dict.get(raw, "title"))
    content = f"{title}\n{body}".encode("utf-8", "surrogatepass")
    return Entry(
        url=url,
        id=str(dict.get(raw, "id") or "").strip() or url or f"sha256:{hashlib.sha256(content).hexdigest()}",
        title=title,
        published=_day(raw),
        html=body,
    )


def _web_address(link: str | None, base: str) -> str | None:
    """``link`` made absolute; None when that is no http or https address."""
    try:
        absolute = urljoin(base, re.sub(r"[\t\r\n]", "", (link or "").strip()))
        parts = urlsplit(absolute)
    except ValueError:
        return None
    if not link or parts.scheme not in ("http", "https") or not parts.netloc or len(absolute) > MAX_URL_CHARS:
        return None
    return absolute


_TAG = re.compile(r"<(?:/?[a-zA-Z]|!--)[^<>]*>")


def _plain(title: str | None) -> str | None:
    """``title`` without tags, with its entities as characters, on one line; None when nothing is left."""
    text = " ".join(html.unescape(_TAG.sub("", title or "")).split())
    return (text if len(text) <= MAX_TITLE_CHARS else text[: MAX_TITLE_CHARS - 1].rstrip() + "…") or None


def _as_html(content: Any) -> str | None:
    value = str(content.get("value") or "") if content else ""
    if not value.strip():
        return None
    kind = content.get("type") or "text/html"
    if kind == "text/plain":
        return "".join(f"<p>{html.escape(part)}</p>" for part in re.split(r"\n\s*\n", value.strip()))
    return value if kind in ("text/html", "application/xhtml+xml") else None


# --- dates ------------------------------------------------------------------------------------------

_MONTHS = {"oca": "Jan", "sub": "Feb", "mar": "Mar", "nis": "Apr", "may": "May", "haz": "Jun", "tem": "Jul",
           "agu": "Aug", "eyl": "Sep", "eki": "Oct", "kas": "Nov", "ara": "Dec"}  # fmt: skip
_TURKISH_DATE = re.compile(
    r"(?P<day>\d{1,2})\s+(?P<month>[^\W\d_]{3,8})\s+(?P<year>\d{4})"
    r"(?P<time>\s+\d{1,2}:\d{2}(?::\d{2})?(?:\s+[+-]\d{4})?)?"
)
_ISO_DATE = re.compile(r"\s*(?P<year>\d{4})-(?P<month>\d{2})-(?P<day>\d{2})(?:[T ]|$)")
_DOTTED_DATE = re.compile(r"(?P<day>\d{1,2})\.(?P<month>\d{1,2})\.(?P<year>\d{4})")


def _day(raw: Any) -> date | None:
    for name in ("published", "created", "updated"):
        parsed = dict.get(raw, f"{name}_parsed")
        try:
            text = str(dict.get(raw, name) or "")
            # feedparser has moved the day to UTC; and it knows no Turkish months: "Sal, 23 Ara 2025 18:30:00 +0300"
            found = _written_day(text) if parsed else _turkish_day(text)
            found = found or (date(*parsed[:3]) if parsed else None)
        except (ValueError, OverflowError):
            continue
        if found and 1900 <= found.year <= 2100:
            return found
    return None


def _written_day(text: str) -> date | None:
    """The day of an ISO or mail date as it was for the writer."""
    if found := _ISO_DATE.match(text):
        return date(int(found["year"]), int(found["month"]), int(found["day"]))
    mail = parsedate_tz(text)
    return date(*mail[:3]) if mail else None


def _turkish_day(text: str) -> date | None:
    if found := _DOTTED_DATE.search(text):
        return date(int(found["year"]), int(found["month"]), int(found["day"]))
    found = _TURKISH_DATE.search(text)
    month = _MONTHS.get(fold(found["month"])[:3]) if found else None
    if not found or not month:
        return None
    return parsedate_to_datetime(f"{found['day']} {month} {found['year']} 00:00").date()
