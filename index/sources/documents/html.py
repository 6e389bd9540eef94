"""A web page's article: its main text without the page around it, its title, date and address."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from configparser import ConfigParser
from datetime import date
from functools import cache
from typing import Any
from urllib.parse import SplitResult, urlsplit

import htmldate
import lxml.html
import trafilatura.settings
from trafilatura.settings import Document as Extracted

from index.sources.documents.cleaning import (
    clean_line,
    join_lines,
    marked_heading,
    marked_item,
    plausible_date,
    settled_language,
    table_row,
)
from index.sources.documents.document import Document, DocumentError

MAX_URL_CHARS = 2000
MIN_ARTICLE_CHARS = 50
_MAX_DATE_CHARS = 120
_CONTROL = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f]|\xef\xbf[\xbe\xbf]")
_REFERENCE = re.compile(rb"&#(?:(\d{1,8})|[xX]([\da-fA-F]{1,7}));?")
_PARAGRAPH_END = "\ue000"  # no page means this character
# Names of elements that show a date of publication, and of those that show a later one.
_DATED = re.compile("date|tarih|publish|yayin|time|zaman")
_CHANGED = re.compile("modif|update|guncel")


def read_html(data: bytes, url: str | None = None) -> Document:
    """The document of a page in UTF-8. ``url`` is where it came from.

    Raises :class:`~index.sources.documents.DocumentError` when there is no article in the page.
    """
    parser = lxml.html.HTMLParser(
        encoding="utf-8", no_network=True, huge_tree=False, collect_ids=False, remove_comments=True, remove_pis=True
    )
    try:
        tree = lxml.html.document_fromstring(_without_controls(data), parser=parser)
    except lxml.etree.ParserError as error:  # nothing but white space, or comments
        raise _no_article() from error
    except lxml.etree.XMLSyntaxError as error:  # all else is mended
        raise MemoryError from error
    if any(each.type_name == "ERR_RESOURCE_LIMIT" for each in parser.error_log):  # what follows is lost
        raise DocumentError(
            "its elements are nested too deep or are too long", "öğeleri çok derin iç içe geçmiş ya da çok uzun"
        )
    declared = tree.get("lang") or tree.get("{http://www.w3.org/XML/1998/namespace}lang")
    _mark_paragraphs(tree)
    found = trafilatura.bare_extraction(
        tree,
        url=url,
        include_comments=False,
        with_metadata=True,
        date_extraction_params={"extensive_search": False},
        config=_config(),
    )
    if not isinstance(found, Extracted):
        raise _no_article()
    text = join_lines(line.replace(_PARAGRAPH_END, "\n\n") for line in _lines(found.body))
    if not text:
        raise _no_article()
    address = _address(found.url, url)
    return Document(
        text,
        title=clean_line(found.title),
        published=_published(tree, address),
        language=settled_language(declared, text),
        url=address,
    )


@cache
def _config() -> ConfigParser:
    """trafilatura's settings, but for short articles: instead of one below its limit it takes the whole page."""
    config = trafilatura.settings.use_config()
    config.set("DEFAULT", "MIN_EXTRACTED_SIZE", str(MIN_ARTICLE_CHARS))
    return config


def _without_controls(data: bytes) -> bytes:
    """Control characters and references to them: libxml2 takes them, but trafilatura gives the page up."""

    def kept(reference: re.Match[bytes]) -> bytes:
        code = int(reference[1]) if reference[1] else int(reference[2], 16)
        is_text = code in (9, 10, 13) or 32 <= code < 0xD800 or 0xE000 <= code < 0xFFFE or code > 0xFFFF
        return reference.group() if is_text else b""

    return _REFERENCE.sub(kept, _CONTROL.sub(b"", data))


def _mark_paragraphs(tree: Any) -> None:
    """Two line breaks end a paragraph on many pages; trafilatura makes one break of them."""
    for element in tree.iter("br"):
        following = element.getnext()
        if following is not None and following.tag == "br" and not (element.tail or "").strip():
            element.tail = _PARAGRAPH_END


def _published(tree: Any, url: str | None) -> date | None:
    """The date that the page's data, its address or an element for dates gives as that of publication.

    htmldate would also take a date out of the article's text or of a picture's address: it sees neither.
    """
    shown = lxml.html.Element("html")
    head, body = lxml.html.Element("head"), lxml.html.Element("body")
    shown.extend([head, body])
    for element in tree.iter("meta", "script", "time", "abbr", "div", "span", "p", "li", "small"):
        names = " ".join(filter(None, map(element.get, ("class", "id", "itemprop", "name", "property")))).lower()
        if element.tag == "meta" or element.get("type") == "application/ld+json":
            place = head
        elif element.tag in ("time", "abbr") or _DATED.search(names):
            place = body
        else:
            continue
        if not _CHANGED.search(names) and (place is head or len(element.text_content()) <= _MAX_DATE_CHARS):
            place.append(copy.deepcopy(element))
            place[-1].tail = None
    for element in body:
        element.set("class", "date")  # htmldate knows no Turkish names
    return plausible_date(htmldate.find_date(shown, url=url, original_date=True, extensive_search=False))


def _no_article() -> DocumentError:
    return DocumentError(
        "no article's text is found in the page; if it needs JavaScript, save it from the browser",
        "sayfada haber metni bulunamadı; JavaScript gerekiyorsa sayfayı tarayıcıdan kaydedin",
    )


def _lines(element: Any) -> Iterator[str]:
    """The paragraphs of trafilatura's tree in reading order, with the marks of headings, items and rows."""
    running = [element.text or ""]
    for child in element:
        if child.tag in _BLOCKS:
            yield "".join(running)
            running = []
            yield from _BLOCKS[child.tag](child)
        else:
            running.append(_word(child))
        running.append(child.tail or "")
    yield "".join(running)


def _heading(element: Any) -> Iterator[str]:
    level = re.fullmatch(r"h([1-6])", element.get("rend") or "")
    yield marked_heading(_inline(element), int(level[1]) if level else 2)


def _list(element: Any) -> Iterator[str]:
    for item in element.iter("item"):
        words = [item.text or ""]
        for child in item:  # the words of a list inside it are items themselves
            words += [" " if child.tag == "list" else _word(child), child.tail or ""]
        yield marked_item("".join(words))


def _table(element: Any) -> Iterator[str]:
    for row in element.iter("row"):
        yield from table_row([list(_lines(cell)) for cell in row.iter("cell")])


_BLOCKS = {"p": _lines, "quote": _lines, "code": _lines, "ab": _lines, "div": _lines,
           "head": _heading, "list": _list, "table": _table}  # fmt: skip


def _inline(element: Any) -> str:
    """The words of an element in one run."""
    return (element.text or "") + "".join(_word(child) + (child.tail or "") for child in element)


def _word(element: Any) -> str:
    if element.tag == "graphic":
        return ""
    words = "\n" if element.tag == "lb" else _inline(element)
    return f" {words} " if element.tag in _BLOCKS else words


def _address(found: str | None, given: str | None) -> str | None:
    """The address that the page gives as its own; of a page that was fetched, only one on the same host."""
    parts = _parts(found)
    if given is None:
        return found if parts else None
    own = _parts(given)
    return found if parts and own and _host(parts) == _host(own) else given


def _parts(url: str | None) -> SplitResult | None:
    try:
        parts = urlsplit(url or "")
    except ValueError:
        return None
    usable = parts.scheme in ("http", "https") and parts.hostname and not parts.username
    return parts if usable and len(url or "") <= MAX_URL_CHARS and not re.search(r"[\s<>\"]", url or "") else None


def _host(parts: SplitResult) -> str:
    return re.sub(r"^(?:www|m|mobile|amp)\.", "", parts.hostname or "")
