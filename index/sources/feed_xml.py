"""The XML of feeds, read within bounds and cut down to the fields that are needed.

feedparser cannot be given a feed as it comes: half a megabyte can keep it busy for seconds, five for minutes, and
entities that a feed defines can fill the memory. So lxml, which is bounded, reads the feed first, and feedparser gets
a feed of the same format with a few fields to each entry. No entity that a feed defines is ever expanded.
"""

from __future__ import annotations

import html
import re
from html.entities import html5
from typing import Any

from lxml import etree

FEED_TYPES = ("application/rss+xml", "application/atom+xml", "application/rdf+xml")
MAX_ENTRIES = 1000
MAX_URL_CHARS = 4096
_HEAD_CHARS = 65_536

# --- reading --------------------------------------------------------------------------------------------

# What may stand before the root. A document type is passed over with all that it defines.
_PROLOGUE = re.compile(
    r"(?:[\s\ufeff]+|<\?.*?\?>|<!--.*?-->|<!DOCTYPE[^\[<>]*(?:\[[^\]]*\][^<>]*)?>)*", re.DOTALL | re.IGNORECASE
)
_ROOT = re.compile(r"<(?:[\w.-]+:)?(?P<name>rss|rdf|feed)(?=[\s/>])(?P<attributes>[^>]{0,10000})", re.IGNORECASE)


def root_at(text: str, content_type: str | None = None) -> int | None:
    """Where the root of a feed begins; None when ``text`` is something else.

    With a ``content_type`` of feeds anything may stand before it, such as a warning of the server's.
    """
    prologue = _PROLOGUE.match(text)
    root = _ROOT.match(text, prologue.end() if prologue else 0)
    if root is None and (content_type or "").partition(";")[0].strip().lower() in FEED_TYPES:
        root = _ROOT.search(text, 0, _HEAD_CHARS)
    if root is None:
        return None
    name, attributes = root["name"].lower(), root["attributes"].lower()
    if name == "rdf" and not ("purl.org/rss/1.0/" in attributes or "my.netscape.com/rdf/" in attributes):
        return None
    if name == "feed" and "xmlns" in attributes and "atom" not in attributes:
        return None
    return root.start()


def tree_of(text: str) -> Any:
    """The root element of ``text``, mended where need be; None when nothing can be made of it."""
    bounded = {"resolve_entities": False, "no_network": True, "huge_tree": False, "remove_comments": True,
               "remove_pis": True, "encoding": "utf-8"}  # fmt: skip
    try:
        return etree.fromstring(text.encode("utf-8"), etree.XMLParser(**bounded))
    except etree.XMLSyntaxError:
        mended = _mend_markup(text).encode("utf-8")
    try:
        return etree.fromstring(mended, etree.XMLParser(**bounded, recover=True))
    except etree.XMLSyntaxError:
        return None


_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_STRAY = re.compile(
    r"&(?!#[0-9]{1,7};|#x[0-9a-f]{1,6};)(?:(?P<entity>\w{2,31});)?"
    r"|(?P<less><)(?![A-Za-z_/!?])"
    r"|<(?P<void>(?:br|hr|img|wbr)\b[^<>]*?)/?>|(?P<end></(?:br|hr|img|wbr)\s*>)",
    re.IGNORECASE,
)


def _mend_markup(text: str) -> str:
    """``text`` with what people write in XML as if it were HTML: bare & and <, &nbsp;, <br>."""
    first, *others = _NOT_XML.sub("", text).split("<![CDATA[")
    mended = [_STRAY.sub(_mend, first)]
    for other in others:
        inside, end, after = other.partition("]]>")
        mended.append(f"<![CDATA[{inside}]]>{_STRAY.sub(_mend, after)}" if end else _escaped(other))
    return "".join(mended)


def _mend(stray: re.Match[str]) -> str:
    if stray["void"]:
        return f"<{stray['void']}/>"
    if stray["end"]:
        return ""
    if stray["less"]:
        return _escaped("<")
    return _escaped(html5.get(f"{stray['entity']};") or stray[0])


def _escaped(text: str) -> str:
    # By number: once libxml2 has met an error, it drops what has a name, even &amp;.
    return text.replace("&", "&#38;").replace("<", "&#60;")


# --- what is needed of it ---------------------------------------------------------------------------

_ATOM = "http://www.w3.org/2005/Atom"
_CONTENT = "http://purl.org/rss/1.0/modules/content/"
_DC = "http://purl.org/dc/elements/1.1/"
_DCTERMS = "http://purl.org/dc/terms/"
_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_SPACES = frozenset({_ATOM, "http://purl.org/atom/ns#", _CONTENT, _DC, _DCTERMS, _RDF, "http://purl.org/rss/1.0/",
                     "http://my.netscape.com/rdf/simple/0.9/", "http://www.w3.org/1999/xhtml"})  # fmt: skip
# Feeds use these without declaring them.
_PREFIXES = {"content": _CONTENT, "dc": _DC, "dcterms": _DCTERMS, "atom": _ATOM, "a10": _ATOM}

_MARKUP = frozenset({"title", "description", "summary", "content", "encoded", "body"})
_DATES = frozenset({"pubdate", "published", "updated", "modified", "issued", "created", "date"})
_OF_ENTRIES = _MARKUP | _DATES | {"link", "guid", "id"}
_OF_FEEDS = frozenset({"title", "link", "language"})
_ATTRIBUTES = frozenset({"rel", "href", "type", "mode", "version", "ispermalink", "about", "base", "lang"})
_MAX_CHILDREN = 50


def needed_of(root: Any) -> bytes:
    """A feed of the same format with the fields that are read, and no more of them than anybody writes."""
    own_space = root.tag.rpartition("}")[0].lstrip("{")
    items = [node for node in root.iter() if _local(node) in ("item", "entry")]
    for item in items:  # unclosed ones lie inside each other; here they come apart
        if (parent := item.getparent()) is not None:
            parent.remove(item)
    channel = next((node for node in root if _local(node) == "channel"), None)
    feed = etree.Element(_kept_tag(root, own_space) or _local(root), _kept_attributes(root))
    about = None if channel is None else _copy(channel, feed, own_space)
    about = feed if about is None else about
    _copy_children(root if channel is None else channel, about, _OF_FEEDS, own_space)
    for item in items[:MAX_ENTRIES]:
        entry = _copy(item, about, own_space)
        if entry is not None:
            _copy_children(item, entry, _OF_ENTRIES, own_space)
    return bytes(etree.tostring(feed, encoding="utf-8"))


def _copy(node: Any, parent: Any, own_space: str) -> Any:
    """A copy of ``node`` in ``parent``, without what is in it; None when its name is of some other kind."""
    tag = _kept_tag(node, own_space)
    return None if tag is None else etree.SubElement(parent, tag, _kept_attributes(node))


def _copy_children(node: Any, parent: Any, names: frozenset[str], own_space: str) -> None:
    for child in list(node):
        name = _local(child)
        if name not in names or len(parent) >= _MAX_CHILDREN:
            continue
        holds_elements = len(child) > 0 and name in _MARKUP
        text = _NOT_XML.sub("", _inner_html(child) if holds_elements else "".join(child.itertext()))
        copy = _copy(child, parent, own_space) if name in _MARKUP or len(text) <= MAX_URL_CHARS else None
        if copy is None:
            continue
        copy.text = text
        if holds_elements:
            copy.set("type", "html")
        if name in ("guid", "id") and not text.strip().lower().startswith(("http:", "https:")):
            copy.attrib.pop("isPermaLink", None)
            copy.set("isPermaLink", "false")  # else feedparser makes an address of any number


def _inner_html(node: Any) -> str:
    """What ``node`` holds, which is taken out of it, as HTML."""
    holder = etree.Element("div")  # away from the feed, whose namespaces would be declared in each element
    holder.extend(list(node))
    for inner in holder.iterdescendants():
        space, _, name = inner.tag.rpartition("}")
        if space and ":" not in name:
            inner.tag = name
    etree.cleanup_namespaces(holder)
    parts = (etree.tostring(inner, method="html", encoding="unicode") for inner in holder)
    return html.escape(node.text or "") + "".join(parts)


def _local(node: Any) -> str:
    return str(node.tag).rpartition("}")[2].rpartition(":")[2].lower()


def _kept_tag(node: Any, own_space: str) -> str | None:
    space, _, name = str(node.tag).rpartition("}")
    prefix, _, local = name.rpartition(":")
    space = space.lstrip("{") or (_PREFIXES.get(prefix.lower(), "?") if prefix else "")
    if space in _SPACES:
        return f"{{{space}}}{local}"
    return local if space in ("", own_space) else None


def _kept_attributes(node: Any) -> dict[str, str]:
    return {
        name: _NOT_XML.sub("", value)
        for name, value in node.attrib.items()
        if name.rpartition("}")[2].lower() in _ATTRIBUTES and len(value) <= MAX_URL_CHARS
    }
