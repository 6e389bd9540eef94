"""Small documents with Turkish letters, made where a test needs them: PDF by hand, Word files by python-docx."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Sequence

import docx

WORD = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'


def pdf(objects: Sequence[bytes], trailer: bytes = b"") -> bytes:
    """A PDF of numbered objects, the first of which is its catalogue."""
    data = b"%PDF-1.5\n"
    places = []
    for number, content in enumerate(objects, start=1):
        places.append(len(data))
        data += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    start = len(data)
    data += b"xref\n0 %d\n0000000000 65535 f \n%s" % (len(objects) + 1, table)
    return data + b"trailer<</Size %d/Root 1 0 R%s>>\nstartxref\n%d\n%%%%EOF" % (len(objects) + 1, trailer, start)


def stream(content: bytes, entries: bytes = b"") -> bytes:
    return b"<<%s/Length %d>>\nstream\n%s\nendstream" % (entries, len(content), content)


def packed(content: bytes, times: int = 1) -> bytes:
    for _ in range(times):
        content = zlib.compress(content, 9)
    return stream(content, b"/Filter[%s]" % (b"/FlateDecode" * times))


def drawn(content: bytes, *, resources: bytes = b"", more: Sequence[bytes] = (), pages: int = 1) -> bytes:
    """A PDF of one page, ``pages`` times, that the (packed) ``content`` draws; ``more`` objects are 5, 6, ..."""
    page = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]/Contents 4 0 R/Resources<<%s>>>>" % resources
    tree = b"<</Type/Pages/Kids[%s]/Count %d>>" % (b" ".join([b"3 0 R"] * pages), pages)
    return pdf([b"<</Type/Catalog/Pages 2 0 R>>", tree, page, content, *more])


Row = tuple[float, float, float, str]
"""x and y of a line, the size of its letters, its text."""


def typeset(pages: Sequence[Sequence[Row]], *, title: str | None = None, language: str | None = None) -> bytes:
    """A PDF with those lines, in a font whose ToUnicode table tells the letters."""
    letters = sorted({letter for page in pages for *_, text in page for letter in text})
    pairs = "".join(f"<{ord(letter):04X}><{ord(letter):04X}>\n" for letter in letters)
    spaces = "begincmap 1 begincodespacerange<0000><FFFF>endcodespacerange"
    table = f"{spaces}\n{len(letters)} beginbfchar\n{pairs}endbfchar endcmap"
    count = len(pages)
    kids = b" ".join(b"%d 0 R" % (6 + 2 * at) for at in range(count))
    catalogue = b"<</Type/Catalog/Pages 2 0 R%s>>" % (b"/Lang(%s)" % language.encode() if language else b"")
    objects = [
        catalogue,
        b"<</Type/Pages/Kids[%s]/Count %d>>" % (kids, count),
        b"<</Type/Font/Subtype/Type0/BaseFont/Arial/Encoding/Identity-H/DescendantFonts[4 0 R]/ToUnicode 5 0 R>>",
        b"<</Type/Font/Subtype/CIDFontType2/CIDSystemInfo<</Registry(A)/Ordering(B)/Supplement 0>>/DW 500>>",
        stream(table.encode()),
    ]
    for at, page in enumerate(pages):
        objects.append(
            b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]/Contents %d 0 R/Resources<</Font<</F 3 0 R>>>>>>"
            % (7 + 2 * at)
        )
        lines = (
            f"BT /F {size:g} Tf {x:g} {y:g} Td <{text.encode('utf-16-be').hex()}> Tj ET" for x, y, size, text in page
        )
        objects.append(packed("\n".join(lines).encode()))
    info = b""
    if title is not None:
        objects.append(b"<</Title<feff%s>/CreationDate(D:20190101120000Z)>>" % title.encode("utf-16-be").hex().encode())
        info = b"/Info %d 0 R" % len(objects)
    return pdf(objects, info)


def column(lines: Sequence[str], *, x: float = 50, y: float = 700, size: float = 12, gap: float = 14) -> list[Row]:
    """Lines below each other; an empty one leaves room for a paragraph's end."""
    rows = []
    for line in lines:
        if line:
            rows.append((x, y, size, line))
        y -= gap if line else gap / 2
    return rows


def word(document: docx.document.Document) -> bytes:
    file = io.BytesIO()
    document.save(file)
    return file.getvalue()


def archive(parts: dict[str, str | bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as opened:
        for name, content in parts.items():
            opened.writestr(name, content)
    return file.getvalue()


def raw_word(body: str, *, before: str = "", **more: str) -> bytes:
    """A Word file of the elements in ``body``, as nobody's Word would write it."""
    document = f'<?xml version="1.0"?>{before}<w:document {WORD}><w:body>{body}</w:body></w:document>'
    return archive({"[Content_Types].xml": "<Types/>", "word/document.xml": document, **more})


def page(body: str, head: str = "", language: str = "tr") -> bytes:
    return (
        f'<!DOCTYPE html><html lang="{language}"><head><meta charset="utf-8"><title>Haber</title>{head}</head>'
        f"<body><nav><a href='/'>Ana sayfa</a></nav><article>{body}</article><footer>© 2019 Haber</footer></body>"
    ).encode()
