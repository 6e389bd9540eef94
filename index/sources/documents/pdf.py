"""PDF files: the text of the pages in paragraphs, and a title where the file has a real one."""

from __future__ import annotations

import io
import math
import re
from typing import Any

import pypdf
from pypdf.errors import DependencyError, FileNotDecryptedError, LimitReachedError, PyPdfError

from index.sources.documents.cleaning import clean_line, clean_text, plausible_title, repaired_turkish, settled_language
from index.sources.documents.document import Document, DocumentError
from index.sources.documents.pdf_layout import Line, paragraphs
from index.sources.documents.sniffing import encrypted

MAX_UNREADABLE_SHARE = 0.2
# Private and control characters, and glyphs' names instead of letters.
_NO_LETTER = re.compile(r"[\ufffd\ue000-\uf8ff\x00-\x08\x0e-\x1f]|(?:/[A-Za-z]{1,3}\d{1,4}){3,}|\(cid:\d+\)")


def read_pdf(data: bytes) -> Document:
    """The document of a PDF file.

    Its dates are those of the file, not of the news, so ``published`` is None.
    Raises :class:`~index.sources.documents.DocumentError`.
    """
    pypdf.overwrite_configuration(jbig2dec_binary=None, disable_legacy_handling=True)
    try:
        with pypdf.PdfReader(io.BytesIO(data)) as reader:
            if reader.is_encrypted and not reader.decrypt(""):
                raise encrypted()
            pages = [_lines(page) for page in reader.pages]
            if not any(pages):
                raise _no_text(reader)
            title = reader.metadata.title if reader.metadata else None
            declared = reader.root_object.get("/Lang")
    except (DependencyError, FileNotDecryptedError) as error:  # encrypted in a way that needs another package
        raise encrypted() from error
    except LimitReachedError as error:
        raise DocumentError(
            "it unpacks to far more than a text needs", "açılınca bir metne gerekenden çok daha büyük oluyor"
        ) from error
    except (PyPdfError, ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
        raise DocumentError("it is a damaged PDF", "bozuk bir PDF") from error
    text = repaired_turkish(clean_text("\n\n".join(paragraphs(pages))))
    drawn = "".join(line.text for page in pages for line in page)
    if sum(map(len, _NO_LETTER.findall(drawn))) > MAX_UNREADABLE_SHARE * len(drawn):
        raise DocumentError(
            "its fonts do not tell which letters they show; run text recognition (OCR) on it",
            "yazı tipleri hangi harfleri gösterdiğini söylemiyor; metin tanıma (OCR) uygulayın",
        )
    return Document(
        text,
        title=plausible_title(clean_line(title)),
        language=settled_language(str(declared) if declared else None, text),
    )


def _lines(page: Any) -> list[Line]:
    """The lines of a page that hold text, in the order in which the file draws them."""
    lines: list[Line] = []
    parts: list[Line] = []

    def take(text: str, outer: list[float], inner: list[float], font: Any, size: float) -> None:
        x, y, scale = _place(inner, outer)
        bold = "bold" in str((font or {}).get("/BaseFont", "")).lower()
        for at, piece in enumerate(text.split("\n")):
            if at:
                lines.extend(_whole(parts))
                parts.clear()
            if piece:
                parts.append(Line(piece, x, y, size * scale, bold))

    page.extract_text(visitor_text=take)
    return [*lines, *_whole(parts)]


def _whole(parts: list[Line]) -> list[Line]:
    """One line of its parts, as large as most of it; none when there is nothing to see in them."""
    seen = [part for part in parts if part.text.strip()]
    if not seen:
        return []
    longest = max(seen, key=lambda part: len(part.text))
    text = "".join(part.text for part in parts)
    return [Line(text, seen[0].x, longest.y, longest.size, all(part.bold for part in seen))]


def _place(inner: list[float], outer: list[float]) -> tuple[float, float, float]:
    """Where the text begins on the page, and how much its letters are scaled: the product of two PDF matrices."""
    a, b, c, d, e, f = outer
    x, y = inner[4] * a + inner[5] * c + e, inner[4] * b + inner[5] * d + f
    return x, y, math.hypot(inner[2] * a + inner[3] * c, inner[2] * b + inner[3] * d)


def _no_text(reader: pypdf.PdfReader) -> DocumentError:
    if any(_has_picture(page) for page in reader.pages):
        return DocumentError(
            "its pages are pictures without text; run text recognition (OCR) on it",
            "sayfaları metin değil resim; metin tanıma (OCR) uygulayın",
        )
    return DocumentError("its pages hold no text", "sayfalarında metin yok")


def _has_picture(page: Any) -> bool:
    resources = page.get("/Resources")
    objects = resources.get_object().get("/XObject") if resources is not None else None
    return objects is not None and any(
        each.get_object().get("/Subtype") == "/Image" for each in objects.get_object().values()
    )
