"""Lines on a PDF's pages to paragraphs: a PDF knows where its lines stand, not which belong together."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from index.blocks import MAX_HEADING_CHARS
from index.sources.documents.cleaning import marked_heading

# Shares of the usual: of a line's length, of the distance between lines, of the size of the letters.
SHORT_LINE = 0.7
VERY_SHORT_LINE = 0.6
WIDE_GAP = 1.3
OTHER_SIZE = 1.08
HEADING_SIZE = 1.15
TITLE_SIZE = 1.6
MIN_LEFT_SHARE = 0.15
# A line at the edge of so many pages, or of all of two, is a header or a footer.
MIN_REPEATED = 3
_EDGE_LINES = 2

_SENTENCE_END = re.compile(r"[.!?…:;][\"'”’»)\]]*$")
_LIST_ITEM = re.compile(r"(?:[•▪‣◦·\uf0b7*]|[-–—]\s|\(?(?:\d{1,2}|[a-zçğıöşü])[.)]\s)")
_PAGE_NUMBER = re.compile(
    r"[-–—\s]*(?:(?:sayfa|page|s\.)\s*)?(?:\d{1,3}|[ivxl]{1,6})(?:\s*(?:/|of|-)\s*\d{1,3})?[-–—\s]*", re.IGNORECASE
)
# What browsers print above and below a page.
_PRINTED = re.compile(r"\d{1,2}[./]\d{1,2}[./]\d{2,4},? \d{1,2}[:.]\d{2}\b.*|\S*://\S*(?: \d{1,3}/\d{1,3})?", re.DOTALL)
_LEADERS = re.compile(r"(?:\.\s?){5,}\s*\w{0,5}$")  # in a table of contents
_DIVIDED = re.compile(r"\w[-\u00ad\u2010]$")
_HYPHENATED = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)+")


@dataclass(frozen=True, slots=True)
class Line:
    """A line of text; ``x`` and ``y`` (upwards) of its beginning and the ``size`` of its letters in points."""

    text: str
    x: float
    y: float
    size: float
    bold: bool = False


def paragraphs(pages: list[list[Line]]) -> list[str]:
    """The paragraphs of a document in reading order, without headers, footers and page numbers.

    Lines in larger letters become Markdown headings. A word that is divided at a line's end is made whole.
    """
    pages = [page for page in _without_edges(pages) if page]
    if not pages:
        return []
    body = _body_size(pages)
    whole = {word.lower() for page in pages for line in page for word in _HYPHENATED.findall(line.text)}
    found: list[list[Line]] = []
    for page in pages:
        usual = _Usual.of(page, body)
        for at, (line, after) in enumerate(zip(page, [*page[1:], None], strict=True)):
            before = found[-1][-1] if found else None
            if before is None or (usual.parts(before, line, after) if at else _parts_pages(before, line)):
                found.append([line])
            else:
                found[-1].append(line)
    return [_text(lines, body, whole) for lines in found]


# --- headers and footers ----------------------------------------------------------------------------


def _without_edges(pages: list[list[Line]]) -> Iterator[list[Line]]:
    edges = [_edges(page) for page in pages]
    counts = Counter(key for page, edge in zip(pages, edges, strict=True) for key in {_key(page[at]) for at in edge})
    often = max(2, min(MIN_REPEATED, len(pages)))
    for page, edge in zip(pages, edges, strict=True):
        left_out = {
            at
            for at in edge
            if counts[_key(page[at])] >= often
            or _PAGE_NUMBER.fullmatch(page[at].text.strip())
            or _PRINTED.fullmatch(page[at].text.strip())
        }
        yield [line for at, line in enumerate(page) if at not in left_out]


def _edges(page: list[Line]) -> set[int]:
    """The lines that are drawn or stand first or last."""
    drawn = list(range(len(page)))
    standing = sorted(drawn, key=lambda at: page[at].y)
    return {at for order in (drawn, standing) for at in (*order[:_EDGE_LINES], *order[-_EDGE_LINES:])}


def _key(line: Line) -> tuple[str, int]:
    """The same for a header with another page number, another for a title that the headers repeat."""
    return re.sub(r"\d+", "0", " ".join(line.text.split())), round(line.size)


# --- where a paragraph ends -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Usual:
    """What is usual for the running text of a page: ``gap`` between lines and ``size`` of letters, ``lefts`` where
    lines begin, ``chars`` in a full line."""

    chars: float
    gap: float
    size: float
    lefts: frozenset[int]

    @classmethod
    def of(cls, page: list[Line], size: float) -> _Usual:
        lines = [line for line in page if _alike(line.size, size)] or page
        lengths = sorted(len(line.text) for line in lines)
        gaps = sorted(gap for a, b in pairwise(lines) if 0 < (gap := a.y - b.y) < 3 * size)
        # The lower half: the rest are the gaps between paragraphs.
        gap = median(gaps[: len(gaps) // 2 + 1]) if gaps else 0.0
        lefts = Counter(round(line.x) for line in lines)
        often = {x for x, count in lefts.items() if count >= MIN_LEFT_SHARE * len(lines)}
        return cls(lengths[int(0.9 * (len(lengths) - 1))], gap, size, frozenset(often))

    def parts(self, a: Line, b: Line, after: Line | None) -> bool:
        """Whether a paragraph ends between two lines of one page; ``after`` is the line below them."""
        if _LIST_ITEM.match(b.text) or _LEADERS.search(a.text) or not _alike(a.size, b.size):
            return True
        gap = a.y - b.y
        if gap < -a.size:  # the next column
            return _parts_pages(a, b)
        if self.gap and gap > WIDE_GAP * self.gap * max(a.size / self.size, 1.0):
            return True
        if a.size >= HEADING_SIZE * self.size or _DIVIDED.search(a.text):  # the lines of one heading, half a word
            return False
        ended, goes_on = bool(_SENTENCE_END.search(a.text)), b.text[:1].islower()
        if a.bold != b.bold and not goes_on:
            return True
        if self._is_set_in(a, b, after, ended):
            return True
        if ended:
            return len(a.text) < SHORT_LINE * self.chars
        return not goes_on and len(a.text) < VERY_SHORT_LINE * self.chars

    def _is_set_in(self, a: Line, b: Line, after: Line | None, ended: bool) -> bool:
        """Whether ``b`` begins further right, as the first line of a paragraph does, not the rest of a list item."""
        if ended and b.x - a.x > 0.8 * b.size:
            return not _LIST_ITEM.match(a.text)
        if after is None or after.y >= b.y or round(after.x) not in self.lefts or not after.text[:1].islower():
            return False
        return 0.8 * b.size < b.x - after.x < 6 * b.size


def _parts_pages(a: Line, b: Line) -> bool:
    """Whether a paragraph ends with a page or a column: it goes on when a sentence visibly does."""
    goes_on = b.text[:1].islower() and not _SENTENCE_END.search(a.text)
    return not (goes_on and _alike(a.size, b.size))


def _alike(a: float, b: float) -> bool:
    return max(a, b) <= OTHER_SIZE * min(a, b)


def _body_size(pages: list[list[Line]]) -> float:
    chars: Counter[float] = Counter()
    for page in pages:
        for line in page:
            chars[round(line.size, 1)] += len(line.text)
    return chars.most_common(1)[0][0]


# --- the text of a paragraph ------------------------------------------------------------------------


def _text(lines: list[Line], body: float, hyphenated: set[str]) -> str:
    text = lines[0].text.strip()
    for line in lines[1:]:
        text = _joined(text, line.text.strip(), hyphenated)
    size = min(line.size for line in lines)
    if size >= HEADING_SIZE * body and len(text) <= MAX_HEADING_CHARS:
        return marked_heading(text, 1 if size >= TITLE_SIZE * body else 2)
    return text


def _joined(a: str, b: str, hyphenated: set[str]) -> str:
    """Two lines in one. A hyphen at the line's end goes, unless the word is written with it elsewhere too."""
    last = a[a.rfind(" ") + 1 :]
    divided = re.search(r"([^\W\d_]+)[-\u00ad\u2010]$", last)
    goes_on = re.match(r"[^\W\d_]+", b)
    if divided and goes_on:
        whole = f"{divided[1]}-{goes_on.group()}".lower()
        keeps = a[-1] != "\u00ad" and (whole in hyphenated or not goes_on.group()[0].islower())
        return (a if keeps else a[:-1]) + b
    if re.search(r"\d[-–]$", last) and b[:1].isdigit():
        return a + b
    return f"{a} {b}"
