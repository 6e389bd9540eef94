"""Where articles come from: folders of files, pages, feeds. A source says what is there, and reads it when asked."""

from __future__ import annotations

import hashlib
import math
import re
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote, urlsplit

from index.articles import article_id_of, read_failure, scan_folder, to_article
from index.errors import ArticleFileError, HaberciError
from index.sources.documents import Document, DocumentReader
from index.sources.feeds import Entry, Feed, is_feed, parse_feed
from index.sources.fetch import Fetched, Fetcher, FetchError
from index.storage.catalogue import Origin
from index.types import Article

# What changed this recently may have changed again within one tick of the file system's clock.
SETTLED_NS = 2_000_000_000


@dataclass(slots=True)
class Item:
    """One file or address that may hold an article. ``stat`` as in :class:`~index.storage.catalogue.Place`.

    ``load`` gives its bytes, ``parse`` makes the document of them; both raise :class:`ArticleFileError`.
    ``load`` raises FileNotFoundError for what has gone since it was listed.
    """

    place: str
    origin: str
    stat: str | None
    name: str
    new_id: str
    load: Callable[[], bytes]
    parse: Callable[[bytes], Document]
    # An entry that was taken from a feed once and removed by hand does not come back.
    is_once: bool = False

    def article(self, document: Document, article_id: str) -> Article:
        return to_article(document, article_id=article_id, source=self.name, place=self.place)


@dataclass(slots=True)
class Scan:
    """What a source holds. ``failed``: places, or folders of them, that could not be looked at, with the error; what is
    known of them stays. ``synced``: when the source was looked at, as ISO text in UTC."""

    origin: Origin
    items: list[Item] = field(default_factory=list)
    failed: dict[str, HaberciError] = field(default_factory=dict)
    synced: str = field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"))


class Source(Protocol):
    """A folder, an address or a feed."""

    origin: str

    def scan(self, before: Origin) -> Scan:
        """What is there now; ``before`` is what is known of the source."""


def open_sources(
    given: Iterable[object], reader: DocumentReader, fetcher: Fetcher, interval_s: float = 0.0
) -> list[Source]:
    """Paths and addresses as sources; sources stay what they are. ``interval_s``: of addresses, see
    :class:`AddressSource`. Raises ValueError for anything else, and for nothing."""
    sources: list[Source] = []
    for each in given:
        if isinstance(each, (FolderSource, AddressSource)):
            sources.append(each)
        elif isinstance(each, str) and is_address(each):
            sources.append(AddressSource(each, reader, fetcher, interval_s))
        elif isinstance(each, (str, Path)):
            sources.append(FolderSource(Path(each).expanduser(), reader))
        else:
            raise ValueError(f"a source is a folder or an address, not {each!r}")
    if not sources:
        raise ValueError("name at least one folder or address to take articles from")
    return sources


def is_address(text: str) -> bool:
    """Whether a source is an address rather than a path; what it may be is for the fetcher to say."""
    scheme, colon, _ = text.partition("://")
    return bool(colon) and scheme.isalpha()


class FolderSource:
    """A folder of article files, searched to the bottom; or a single file."""

    def __init__(self, path: Path, reader: DocumentReader) -> None:
        self.path = path.absolute()
        self.origin = str(self.path)
        self._reader = reader

    def scan(self, before: Origin) -> Scan:
        files, unreadable = scan_folder(self.path)
        now = time.time_ns()
        scan = Scan(before)
        for file in files:
            place = str(file)
            try:
                stat = _stat(file, now)
            except FileNotFoundError:
                continue
            except OSError as error:
                scan.failed[place] = read_failure(file, error)
                continue
            scan.items.append(
                Item(place, self.origin, stat, file.name, article_id_of(file), self._loader(file), self._parser(file))
            )
        for path, failure in unreadable:
            if path == self.path:
                raise failure
            scan.failed[str(path)] = failure
        return scan

    def _loader(self, file: Path) -> Callable[[], bytes]:
        return lambda: self._reader.load(file)

    def _parser(self, file: Path) -> Callable[[bytes], Document]:
        return lambda data: self._reader.read_bytes(data, name=file.name)


def _stat(file: Path, now: int) -> str | None:
    """Differs when the file's content may differ; None when the file is too young to tell."""
    status = file.stat()
    if now - max(status.st_mtime_ns, status.st_ctime_ns) < SETTLED_NS:
        return None
    return f"{status.st_size}:{status.st_mtime_ns}:{status.st_ctime_ns}:{status.st_ino}"


class AddressSource:
    """A page, or an RSS or Atom feed with the pages that its entries name.

    ``interval_s``: a scan that comes sooner after the last one asks nobody and finds the same again.
    """

    def __init__(self, url: str, reader: DocumentReader, fetcher: Fetcher, interval_s: float = 0.0) -> None:
        # What is kept and shown of an address has no password in it.
        self.origin = _without_password(url)
        self._url = url
        self._reader = reader
        self._fetcher = fetcher
        self._interval_s = interval_s
        self._scanned = -math.inf
        self._last: Scan | None = None

    def scan(self, before: Origin) -> Scan:
        if self._last is None or time.monotonic() - self._scanned >= self._interval_s:
            self._last = self._ask(before)
            self._scanned = time.monotonic()
        return self._last

    def _ask(self, before: Origin) -> Scan:
        scan = Scan(before)
        try:
            got = self._fetcher.fetch(self._url, etag=before.etag, last_modified=before.last_modified)
            if got.not_modified:
                return scan
            scan.origin = replace(before, etag=got.etag, last_modified=got.last_modified)
            if is_feed(got.data, got.content_type):
                feed = parse_feed(got.data, url=got.url, content_type=got.content_type, charset=got.charset)
                scan.items += [self._entry_item(feed, entry) for entry in feed.entries]
            else:
                scan.items.append(self._page_item(got))
        except HaberciError as error:
            scan.failed[self.origin] = error
        return scan

    def _page_item(self, got: Fetched) -> Item:
        def parse(data: bytes) -> Document:
            return self._page(data, got)

        return Item(self.origin, self.origin, None, _site(got.url), _id_of(self.origin), lambda: got.data, parse)

    def _entry_item(self, feed: Feed, entry: Entry) -> Item:
        """An entry's page; where that cannot be had, what the feed itself carries of it."""
        fetched: list[Fetched] = []

        def load() -> bytes:
            if entry.url is not None:
                try:
                    got = self._fetcher.fetch(entry.url)
                    fetched.append(replace(got, data=b""))  # the item lives on when its page has been read
                    return got.data
                except FetchError as error:
                    if not entry.html:
                        raise _page_failure(_without_password(entry.url), error) from error
            return (entry.html or "").encode("utf-8")

        def parse(data: bytes) -> Document:
            if fetched:
                document = self._page(data, fetched[-1])
            else:
                document = self._reader.read_bytes(data, name="entry.html", content_type="text/html", charset="utf-8")
            return replace(
                document,
                title=entry.title or document.title,
                published=entry.published or document.published,
                language=document.language or feed.language,
                url=document.url or entry.url,
            )

        place = _without_password(entry.url) if entry.url else f"{self.origin}#{entry.id}"
        name = feed.title or _site(feed.url)
        return Item(place, self.origin, _entry_stat(entry), name, _id_of(place), load, parse, is_once=True)

    def _page(self, data: bytes, got: Fetched) -> Document:
        document = self._reader.read_bytes(
            data, name=got.url, content_type=got.content_type, charset=got.charset, url=got.url
        )
        return replace(document, url=document.url or got.url)


def _entry_stat(entry: Entry) -> str:
    parts = (entry.id, entry.title, entry.published, entry.html)
    return hashlib.sha256("\0".join(str(part) for part in parts).encode("utf-8", "replace")).hexdigest()


def _without_password(url: str) -> str:
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl() if "@" in parts.netloc else url


def _site(url: str) -> str:
    return urlsplit(url).hostname or url


def _id_of(url: str) -> str:
    """The last words of an address, and what tells it from all others."""
    parts = urlsplit(url)
    words = re.sub(r"[^\w-]+", "-", unquote(Path(parts.path).stem)).strip("-") or (parts.hostname or "")
    return f"{words[:200]}-{hashlib.sha256(url.encode('utf-8', 'replace')).hexdigest()[:8]}"


def _page_failure(url: str, error: FetchError) -> ArticleFileError:
    return ArticleFileError(path=url, reason=str(error.values["reason"]), reason_tr=str(error.values["reason_tr"]))
