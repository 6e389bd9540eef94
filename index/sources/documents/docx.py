"""Word documents: paragraphs, headings, lists and tables in order, and the title that the document gives.

python-docx leaves out the text of tracked insertions, content controls and links inside fields, and loads every
picture; here the parts that hold text are read by themselves.
"""

from __future__ import annotations

import io
import posixpath
import re
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from lxml import etree

from index.blocks import MAX_HEADING_CHARS
from index.sources.documents.cleaning import (
    clean_line,
    clean_text,
    join_lines,
    marked_heading,
    marked_item,
    plausible_title,
    settled_language,
    table_row,
)
from index.sources.documents.document import Document, DocumentError
from index.sources.documents.sniffing import encrypted, is_really

MAX_PART_BYTES = 64_000_000
"""Of one XML part, unpacked. The text of a thick book is a tenth of that."""

_OTHER_PACKAGES = (
    ("xl/", "an Excel workbook; save it as PDF", "bir Excel kitabı; PDF olarak kaydedin"),
    ("ppt/", "a PowerPoint presentation; save it as PDF", "bir PowerPoint sunusu; PDF olarak kaydedin"),
    ("META-INF/container.xml", "an e-book (EPUB)", "bir e-kitap (EPUB)"),
    ("content.xml", "an OpenDocument file; save it as DOCX", "bir OpenDocument dosyası; DOCX olarak kaydedin"),
)
# Neither shown nor meant: what was deleted or moved away, a drawing's old form. Text boxes come after their paragraph.
_UNSEEN = {"del", "moveFrom", "Fallback", "txbxContent", "pPr", "rPr"}
_CONTAINERS = {"sdt", "sdtContent", "customXml", "ins", "moveTo", "smartTag"}
_SIGNS = {"tab": "\t", "br": "\n", "cr": "\n", "noBreakHyphen": "-"}
_HEADING_NAME = re.compile(r"(?:heading ([1-9])|title)$", re.IGNORECASE)


def read_docx(data: bytes) -> Document:
    """The document of a Word file. A ZIP archive that is none is refused by its name.

    Footnotes, comments, headers and footers are not part of the text.
    Raises :class:`~index.sources.documents.DocumentError`.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as package:
            document = _main_part(package)
            styles = _optional(package, "word/styles.xml")
            core = _optional(package, "docProps/core.xml")
    except etree.XMLSyntaxError as error:
        if "memory" in str(error).lower():
            raise MemoryError from error
        raise _damaged() from error
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
        raise _damaged() from error
    text = join_lines(_Reader(_styles(styles)).lines(_child(document, "body")))
    values = {_name(each): each.text for each in core} if core is not None else {}
    title = plausible_title(clean_line(values.get("title")))
    return Document(text, title=title, language=settled_language(values.get("language"), text))


def _damaged() -> DocumentError:
    return DocumentError("it is a damaged Word file or archive", "bozuk bir Word dosyası ya da arşiv")


def _main_part(package: zipfile.ZipFile) -> Any:
    relations = _optional(package, "_rels/.rels")
    related = [] if relations is None else relations
    targets = [each.get("Target", "") for each in related if each.get("Type", "").endswith("/officeDocument")]
    for target in (*targets, "word/document.xml"):
        part = _optional(package, posixpath.normpath(target).lstrip("/"))
        if part is not None and _name(part) == "document" and _child(part, "body") is not None:
            return part
    names = package.namelist()
    for beginning, name, name_tr in _OTHER_PACKAGES:
        if any(each.startswith(beginning) for each in names):
            raise is_really(name, name_tr)
    raise is_really("a ZIP archive; unpack it first", "bir ZIP arşivi; önce açın")


def _optional(package: zipfile.ZipFile, name: str) -> Any:
    """The root element of a part; None when the package has no such part."""
    try:
        info = package.getinfo(name)
    except KeyError:
        return None
    if info.flag_bits & 1:
        raise encrypted()
    if info.file_size > MAX_PART_BYTES:  # no more than this is unpacked, whatever the part holds
        raise DocumentError(
            f"its part {name} unpacks to {info.file_size // 1_000_000:,} MB, which no text has",
            f"{name} bölümü açılınca {info.file_size // 1_000_000} MB oluyor; hiçbir metin bu kadar değildir",
        )
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    root = etree.fromstring(package.read(info), parser)
    if root.getroottree().docinfo.doctype:
        raise is_really("no file that Word has written", "Word'ün yazdığı bir dosya değil")
    return root


def _name(element: Any) -> str:
    """The name without its namespace, which differs between the two forms of the standard."""
    return etree.QName(element).localname if isinstance(element.tag, str) else ""


def _child(element: Any, *path: str) -> Any:
    for name in path:
        element = next((each for each in element if _name(each) == name), None) if element is not None else None
    return element


def _value(element: Any, *path: str) -> str | None:
    """The ``val`` attribute of the element that ``path`` leads to."""
    found = _child(element, *path)
    return _attribute(found, "val") if found is not None else None


def _attribute(element: Any, name: str) -> str | None:
    return next((value for key, value in element.items() if key.rpartition("}")[2] == name), None)


@dataclass(frozen=True, slots=True)
class _Style:
    level: int | None  # of a heading, from 1
    is_list: bool


def _styles(root: Any) -> dict[str, _Style]:
    """The paragraph styles by id; one that says nothing itself is as the style it is based on."""
    found: dict[str, _Style] = {}
    bases: dict[str, str | None] = {}
    for style in root if root is not None else ():
        style_id = _attribute(style, "styleId")
        if style_id is None:
            continue
        named = _HEADING_NAME.match(_value(style, "name") or "")
        level = int(named[1] or 1) if named else _outline_level(_child(style, "pPr"))
        found[style_id] = _Style(level, _is_listed(_child(style, "pPr")))
        bases[style_id] = _value(style, "basedOn")
    return {style_id: _inherited(style_id, found, bases) for style_id in found}


def _inherited(style_id: str, styles: dict[str, _Style], bases: dict[str, str | None]) -> _Style:
    seen: set[str] = set()
    at: str | None = style_id
    while at in styles and at not in seen:
        if styles[at] != _Style(None, False):
            return styles[at]
        seen.add(at)
        at = bases[at]
    return styles[style_id]


def _outline_level(properties: Any) -> int | None:
    value = _value(properties, "outlineLvl") or ""
    return int(value) + 1 if value in tuple("012345678") else None


def _is_listed(properties: Any) -> bool:
    return (_value(properties, "numPr", "numId") or "0") != "0"


@dataclass(frozen=True, slots=True)
class _Reader:
    styles: dict[str, _Style]

    def lines(self, element: Any) -> Iterator[str]:
        """The paragraphs below ``element`` in reading order, with the marks of headings, items and rows."""
        for child in element:
            name = _name(child)
            if name == "p":
                yield self._paragraph(child)
                for box in _seen(child, "txbxContent"):
                    yield from self.lines(box)
            elif name == "tbl":
                for row in _rows(child, "tr"):
                    yield from table_row([list(self.lines(cell)) for cell in _rows(row, "tc")])
            elif name in _CONTAINERS:
                yield from self.lines(child)

    def _paragraph(self, paragraph: Any) -> str:
        text = clean_text("".join(_words(paragraph)))
        properties = _child(paragraph, "pPr")
        style = self.styles.get(_value(properties, "pStyle") or "", _Style(None, False))
        level = _outline_level(properties) or style.level
        if level and len(text) <= MAX_HEADING_CHARS:
            return marked_heading(text, level)
        return marked_item(text) if style.is_list or _is_listed(properties) else text


def _words(element: Any) -> Iterator[str]:
    for child in element:
        name = _name(child)
        if name == "t":
            yield child.text or ""
        elif name == "r" and _is_hidden(child):
            continue
        elif name in _SIGNS:
            yield _SIGNS[name]
        elif name not in _UNSEEN:
            yield from _words(child)


def _is_hidden(run: Any) -> bool:
    mark = _child(run, "rPr", "vanish")
    return mark is not None and _attribute(mark, "val") not in ("0", "false", "off")


def _seen(element: Any, name: str) -> Iterator[Any]:
    for child in element:
        if _name(child) == name:
            yield child
        elif _name(child) not in _UNSEEN:
            yield from _seen(child, name)


def _rows(element: Any, name: str) -> Iterator[Any]:
    for child in element:
        if _name(child) == name:
            yield child
        elif _name(child) in _CONTAINERS:
            yield from _rows(child, name)
