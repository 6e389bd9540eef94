"""What a document says, before it is an article; the limits on documents; and why one cannot be read."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from index.types import Language

DOCUMENT_SUFFIXES = (".txt", ".md", ".markdown", ".html", ".htm", ".xhtml", ".pdf", ".docx")

MAX_FILE_BYTES = 100_000_000
MAX_TEXT_CHARS = 2_000_000


@dataclass(frozen=True, slots=True)
class Document:
    """The text of a document and what the document says about itself; no article yet.

    ``text`` is final: :func:`index.articles.to_article` keeps it character for character. Of a text file it is the
    file's own, line breaks included; of any other document it is in Unicode's form NFC with blank lines between
    paragraphs, ``#`` marks before headings, ``- `` before the items of lists and the rows of tables, and no control
    character but the line break and the tab.

    ``published`` is a date that the document gives as that of its publication. ``id`` and ``source`` come from a
    front matter only.
    """

    text: str
    title: str | None = None
    published: date | None = None
    language: Language | None = None
    url: str | None = None
    id: str | None = None
    source: str | None = None


class DocumentError(Exception):
    """A document cannot be read. ``reason`` (English) and ``reason_tr`` (Turkish) say why and name the mend.

    They begin with a small letter and end without a full stop; the caller knows which document it is.
    """

    def __init__(self, reason: str, reason_tr: str) -> None:
        super().__init__(reason, reason_tr)
        self.reason = reason
        self.reason_tr = reason_tr

    def __str__(self) -> str:
        return self.reason


def limited(document: Document) -> Document:
    """``document``; raises :class:`DocumentError` when it holds no text, or too much of it."""
    if not document.text.strip():
        raise DocumentError("it holds no text", "içinde metin yok")
    chars = len(document.text)
    if chars > MAX_TEXT_CHARS:
        raise DocumentError(
            f"it holds {chars:,} characters of text; at most {MAX_TEXT_CHARS:,} can be read, so split it",
            f"içinde {_turkish(chars)} karakter metin var; en çok {_turkish(MAX_TEXT_CHARS)} okunabiliyor, bölün",
        )
    return document


def too_large(size: int) -> DocumentError:
    """The error for a file or a download of ``size`` bytes, or of more than that."""
    limit = MAX_FILE_BYTES // 1_000_000
    megabytes = max(limit + 1, size // 1_000_000)
    return DocumentError(
        f"it has {megabytes:,} MB; at most {limit} MB can be read",
        f"boyutu {_turkish(megabytes)} MB; en çok {limit} MB okunabiliyor",
    )


def _turkish(number: int) -> str:
    return f"{number:,}".replace(",", ".")
