"""What kind of document some bytes are: from the content first, then from the name and the declared type."""

from __future__ import annotations

import re
from pathlib import PurePath
from typing import Literal

from index.sources.documents.document import DocumentError

Kind = Literal["text", "html", "pdf", "docx"]

_HEAD_BYTES = 1024
_HEAD_CHARS = 4096

# What a file begins with, and what it then is. Signatures of letters alone are in _SIGNATURES_WITH_ZEROS.
_SIGNATURES: tuple[tuple[bytes, str, str], ...] = (
    (b"\x89PNG\r\n\x1a\n", "a PNG picture", "bir PNG resmi"),
    (b"\xff\xd8\xff", "a JPEG picture", "bir JPEG resmi"),
    (b"GIF87a", "a GIF picture", "bir GIF resmi"),
    (b"GIF89a", "a GIF picture", "bir GIF resmi"),
    (b"II*\x00", "a TIFF picture", "bir TIFF resmi"),
    (b"MM\x00*", "a TIFF picture", "bir TIFF resmi"),
    (b"8BPS\x00", "a Photoshop picture", "bir Photoshop resmi"),
    (b"\x7fELF", "a program", "bir program"),
    (b"\xcf\xfa\xed\xfe", "a program", "bir program"),
    (b"\xca\xfe\xba\xbe", "a program", "bir program"),
    (b"\x1f\x8b", "a gzip archive", "bir gzip arşivi"),
    (b"BZh91AY&SY", "a bzip2 archive", "bir bzip2 arşivi"),
    (b"\xfd7zXZ\x00", "an xz archive", "bir xz arşivi"),
    (b"\x28\xb5\x2f\xfd", "a Zstandard archive", "bir Zstandard arşivi"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive", "bir 7-Zip arşivi"),
    (b"Rar!\x1a\x07", "a RAR archive", "bir RAR arşivi"),
    (b"SQLite format 3\x00", "an SQLite database", "bir SQLite veritabanı"),
    (b"OggS\x00", "a sound recording", "bir ses kaydı"),
    (b"fLaC\x00", "a sound recording", "bir ses kaydı"),
    (b"ID3", "a sound recording", "bir ses kaydı"),
    (b"\x1aE\xdf\xa3", "a video", "bir video"),
    (b"%!PS-Adobe", "a PostScript file", "bir PostScript dosyası"),
    (b"AT&TFORM", "a DjVu file", "bir DjVu dosyası"),
    (b"wOFF", "a font", "bir yazı tipi"),
    (b"wOF2", "a font", "bir yazı tipi"),
)
_SIGNATURES_WITH_ZEROS: tuple[tuple[int, bytes, str, str], ...] = (
    (0, b"MZ", "a program", "bir program"),
    (0, b"BM", "a bitmap picture", "bir bitmap resmi"),
    (8, b"WEBP", "a WebP picture", "bir WebP resmi"),
    (8, b"WAVE", "a sound recording", "bir ses kaydı"),
    (8, b"AVI ", "a video", "bir video"),
    (4, b"ftypheic", "an HEIC picture", "bir HEIC resmi"),
    (4, b"ftypavif", "an AVIF picture", "bir AVIF resmi"),
    (4, b"ftyp", "a video or a sound recording", "bir video ya da ses kaydı"),
    (257, b"ustar", "a tar archive", "bir tar arşivi"),
)
# Text formats that hold no article as it stands.
_TEXT_FORMATS: tuple[tuple[str, str, str], ...] = (
    (r"\{\\rtf", "an RTF file; save it as DOCX or PDF", "bir RTF dosyası; DOCX ya da PDF olarak kaydedin"),
    (r"<(?:rss|feed|rdf:RDF)\b", "a feed, not an article", "bir haber akışı, tek bir haber değil"),
    (r"<svg\b", "an SVG picture", "bir SVG resmi"),
    (r"<(?:pkg:package|office:document|w:wordDocument)\b", "an office file in XML; save it as DOCX or PDF",
     "XML biçiminde bir ofis dosyası; DOCX ya da PDF olarak kaydedin"),
    (r"(?:From:[^\n]*\n|MIME-Version:)(?s:.){0,1500}?multipart/related", "a web archive (MHTML); save the page as HTML",
     "bir web arşivi (MHTML); sayfayı HTML olarak kaydedin"),
)  # fmt: skip
_TYPES: dict[str, Kind] = {
    "text/html": "html",
    "application/xhtml+xml": "html",
    "application/pdf": "pdf",
    "application/x-pdf": "pdf",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "docx",
    "text/plain": "text",
    "text/markdown": "text",
    "text/x-markdown": "text",
}
_SUFFIXES: dict[str, Kind] = {
    ".html": "html", ".htm": "html", ".xhtml": "html", ".pdf": "pdf", ".docx": "docx",
    ".txt": "text", ".md": "text", ".markdown": "text",
}  # fmt: skip
_CODE = {"application/json": "JSON", "application/ld+json": "JSON", "text/css": "CSS", "text/csv": "CSV",
         "application/javascript": "JavaScript", "text/javascript": "JavaScript"}  # fmt: skip

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ZIP = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")
# Comments, a declaration and an unknown document type may stand before the first element.
_PROLOGUE = re.compile(r"(?:\s|\ufeff|<\?.*?\?>|<!--.*?-->|<!(?!doctype\s+html)[^>]*>)*", re.DOTALL | re.IGNORECASE)
_PAGE = re.compile(r"<!doctype\s+html|<html[\s>]|<head[\s>]|<body[\s>]", re.IGNORECASE)
_TAG = re.compile(r"</?[a-z][a-z0-9]*(?:\s[^<>]*)?/?>", re.IGNORECASE)


def expected_kind(name: str, content_type: str | None) -> Kind | None:
    """The kind that the declared type tells, else the ending of the name or address; None when neither does."""
    declared = _TYPES.get((content_type or "").partition(";")[0].strip().lower())
    path = name.partition("?")[0].partition("#")[0] if "://" in name else name
    return declared or _SUFFIXES.get(PurePath(path).suffix.lower())


def binary_kind(data: bytes, expected: Kind | None) -> Literal["pdf", "zip"] | None:
    """``"pdf"``, ``"zip"`` (a Word document or something else), or None for what can only be text.

    Raises :class:`~index.sources.documents.DocumentError` for what is surely something else, with its name.
    """
    head = data[:_HEAD_BYTES]
    if head.startswith(_ZIP):
        return "zip"
    # Other programs take a PDF whose mark does not come first; an article may be about the mark.
    if head.lstrip().startswith(b"%PDF-") or (b"%PDF-" in head and (expected == "pdf" or b"\x00" in head)):
        return "pdf"
    if head.startswith(_OLE):
        raise _old_office(data)
    for signature, name, name_tr in _SIGNATURES:
        if head.startswith(signature):
            raise is_really(name, name_tr)
    if b"\x00" in head:
        for at, signature, name, name_tr in _SIGNATURES_WITH_ZEROS:
            if head.startswith(signature, at):
                raise is_really(name, name_tr)
    return None


def text_kind(text: str, expected: Kind | None, content_type: str | None) -> Literal["text", "html"]:
    """Whether a text is a page. Raises :class:`~index.sources.documents.DocumentError` for text that is no article."""
    head = text[:_HEAD_CHARS]
    start = _PROLOGUE.match(head)
    begin = start.end() if start else 0
    if _PAGE.match(head, begin):
        return "html"
    for pattern, name, name_tr in _TEXT_FORMATS:
        if re.match(pattern, head[begin:]):
            raise is_really(name, name_tr)
    if expected == "html" and _TAG.search(text):
        return "html"
    if head.lstrip("\ufeff \t\r\n").startswith("<?xml"):
        raise is_really("an XML file", "bir XML dosyası")
    code = _CODE.get((content_type or "").partition(";")[0].strip().lower())
    if code:
        raise is_really(f"{code}, not an article", f"{code}, haber değil")
    return "text"


def is_really(name: str, name_tr: str) -> DocumentError:
    return DocumentError(f"it is {name}", f"bu {name_tr}")


def _old_office(data: bytes) -> DocumentError:
    if "EncryptedPackage".encode("utf-16-le") in data:
        return encrypted()
    if "WordDocument".encode("utf-16-le") in data:
        return is_really(
            "an old Word file (.doc); save it as DOCX", "eski bir Word dosyası (.doc); DOCX olarak kaydedin"
        )
    return is_really(
        "an old Office file (Excel, PowerPoint or Outlook); save its text as DOCX or PDF",
        "eski bir Office dosyası (Excel, PowerPoint ya da Outlook); metnini DOCX ya da PDF olarak kaydedin",
    )


def encrypted() -> DocumentError:
    return DocumentError(
        "it is encrypted; save it without a password and without protection",
        "şifreli; parolasız ve korumasız kaydedin",
    )
