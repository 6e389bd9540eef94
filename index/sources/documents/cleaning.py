"""The text of pages, PDFs and Word documents in one form, since an article's text is never changed later."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from datetime import date, timedelta

from index.language import detect_question_language
from index.types import LANGUAGES, Language

MAX_TITLE_CHARS = 300
MIN_TITLE_LETTERS = 4
MAX_CELL_CHARS = 300
ITEM_MARK = "- "

_LANGUAGE_CHARS = 2000

# &#146; and its like mean Windows' characters, and are shown as such by browsers.
_WINDOWS = {code: bytes([code]).decode("cp1252", "ignore") for code in range(0x80, 0xA0)}
_LIGATURES = dict(zip(range(0xFB00, 0xFB07), ("ff", "fi", "fl", "ffi", "ffl", "st", "st"), strict=True))
# Invisible: soft hyphens, zero-width spaces, marks of direction (which can turn a text around), half characters.
_INVISIBLE = dict.fromkeys(
    [0xAD, 0x200B, 0x200E, 0x200F, 0x2060, *range(0x202A, 0x202F), *range(0x2066, 0x206A), 0xFEFF, 0xFFFE, 0xFFFF]
)
_CHARACTERS = str.maketrans(
    {**dict.fromkeys([*range(9), *range(0xE, 0x20), 0x7F]), **_WINDOWS, **_LIGATURES, **_INVISIBLE}
    | {"\r": "\n", "\x0b": "\n", "\x0c": "\n", "\u2028": "\n", "\u2029": "\n\n", "\uf0b7": "•"}
)
_HALF_OR_PRIVATE = re.compile("[\ud800-\udfff\ue000-\uf8ff]")
_SPACES = re.compile(r"[^\S\n\t]+")
_AROUND_BREAKS = re.compile(r"[ \t]*\n[ \t]*")
_BLANK_LINES = re.compile(r"\n{3,}")

_PROGRAM_TITLE = re.compile(
    r"^microsoft (?:word|powerpoint|excel|office) ?-|^(?:powerpoint (?:presentation|sunusu)|(?:slide|slayt) ?\d*)$"
    r"|^(?:untitled|adsız|isimsiz|başlıksız|no title|title|başlık)\b.{0,4}$|^(?:document|doküman|belge|dok)[ _-]?\d*$"
    r"|\.(?:docx?|odt|rtf|txt|pdf|indd|qxd|qxp|pages|html?|aspx?|php|pptx?|xlsx?|tex|dvi|fm|p65|pmd|cdr)$|^[\w-]+:[\\/]|^https?:",
    re.IGNORECASE,
)

# Of Turkish letters that a PDF or a page shows in the Western encoding's place.
_WESTERN_FOR_TURKISH = str.maketrans("ýþðÝÞÐ", "ışğİŞĞ")


def clean_text(text: str) -> str:
    """``text`` in NFC without control characters, spaces single, at most one blank line between paragraphs."""
    text = _HALF_OR_PRIVATE.sub("", text.replace("\r\n", "\n").translate(_CHARACTERS))
    text = _AROUND_BREAKS.sub("\n", _SPACES.sub(" ", unicodedata.normalize("NFC", text)))
    return _BLANK_LINES.sub("\n\n", text).strip()


def clean_line(text: str | None, limit: int = MAX_TITLE_CHARS) -> str | None:
    """One line of clean text; None when there is nothing in it, or more than ``limit`` characters."""
    line = " ".join(clean_text(text or "").split())
    return line if line and len(line) <= limit else None


def join_lines(lines: Iterable[str]) -> str:
    """Paragraphs with a blank line between them; items of lists and rows of tables a line each."""
    text: list[str] = []
    was_item = False
    for line in map(clean_text, lines):
        if line:
            is_item = line.startswith(ITEM_MARK)
            text += [("\n" if was_item and is_item else "\n\n") if text else "", line]
            was_item = is_item
    return "".join(text)


def marked_heading(text: str, level: int) -> str:
    words = text.split()
    return f"{'#' * min(level, 6)} {' '.join(words)}" if words else ""


def marked_item(text: str) -> str:
    words = text.split()
    return ITEM_MARK + " ".join(words) if words else ""


def table_row(cells: list[list[str]]) -> Iterator[str]:
    """The lines of a row, given those of its cells: one line, unless the table only puts columns of text apart."""
    filled = [texts for cell in cells if (texts := [text for text in cell if text.strip()])]
    if len(filled) > 1 and max(sum(map(len, cell)) for cell in filled) <= MAX_CELL_CHARS:
        yield marked_item(" | ".join(" ".join(text.removeprefix(ITEM_MARK) for text in cell) for cell in filled))
    else:
        for cell in filled:
            yield from cell


def repaired_turkish(text: str) -> str:
    """``text`` with Turkish letters where a font's wrong table gave Icelandic ones ("aðýr" is "ağır")."""
    wrong = len(re.findall("[ýþðÝÞÐ]", text))
    if wrong < 3 or re.search("[ışğİŞĞ]", text):
        return text
    repaired = text.translate(_WESTERN_FOR_TURKISH)
    return repaired if detect_question_language(repaired[:_LANGUAGE_CHARS]) == "tr" else text


def settled_language(declared: str | None, text: str) -> Language | None:
    """The declared language where the text does not speak against it; None leaves it to the text.

    Templates declare English over Turkish texts, and the words of an article are the better witness.
    """
    code = re.split("[-_]", (declared or "").strip().lower())[0]
    for language in LANGUAGES:
        if code == language and detect_question_language(text[:_LANGUAGE_CHARS], undecided=language) == language:
            return language
    return None


def plausible_title(title: str | None) -> str | None:
    """``title`` unless it is what a program writes there by itself, such as a file's name."""
    if title is None or _PROGRAM_TITLE.search(title) or sum(map(str.isalpha, title)) < MIN_TITLE_LETTERS:
        return None
    return title


def plausible_date(value: str | None) -> date | None:
    """An ISO date between 1990 and tomorrow, else None."""
    try:
        found = date.fromisoformat((value or "")[:10])
    except ValueError:
        return None
    tomorrow = date.today() + timedelta(days=1)  # noqa: DTZ011 - a day more covers every time zone
    return found if date(1990, 1, 1) <= found <= tomorrow else None
