"""The visible structure of a text: its blocks (headings, paragraphs, list lines), by offsets.

Plain news text marks its structure by line breaks only. A blank line always ends a block. A single line
break ends one when the lines are long (one paragraph a line) or when the next line opens a list item;
otherwise it is only where an editor wrapped a line.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import Literal

MAX_HEADING_CHARS = 120
MAX_HEADING_WORDS = 16
MAX_HEADINGS_IN_A_ROW = 3
LONG_LINE_CHARS = 120

# Atomic groups: one "\r\n" must not pass for two line breaks.
_BLANK_LINE = re.compile(r"(?>\r\n|\r|\n|\u2029)[^\S\r\n\u2028\u2029]*(?>\r\n|\r|\n|\u2029)\s*")
_LINE_BREAK = re.compile(r"\r\n|\r|\n|\u2028|\u2029|\x0b|\x0c|\x85")
_LIST_ITEM = re.compile(
    r"\s*(?:[-–—*•‣▪·]\s+|\(?\d{1,2}[.)]\s+\S|\(?[a-zçğıöşü]\)\s+|\d{1,2}(?:\s?[-–]\s?\d{1,2})?\s+\w+\s?:)"
)
_MARKDOWN_HEADING = re.compile(r"\s{0,3}#{1,6}[ \t\u00a0]+\S")
# After the date one mark on its line may set the text off; a dash below it opens a list, one at a number is a minus.
_LEADING_DATE = re.compile(
    r"[\s\ufeff]*(?:date|tarih)\s*:?\s+(\d{4}-\d{2}-\d{2})(?!\w)(?:[^\S\r\n]*[:.–—-](?=\s|\Z))?\s*", re.IGNORECASE
)
# What a sentence ends with; closing quotation marks, brackets, symbols may follow.
_SENTENCE_END = re.compile(r"[.!…:;,。！][^\w?]*$")


@dataclass(frozen=True, slots=True)
class Block:
    """``text[start:end]``, without white space around it; a heading or running text."""

    kind: Literal["heading", "text"]
    start: int
    end: int


def content_start(text: str) -> int:
    """Where the article itself begins: after a leading ``date 2025-12-23``, else 0."""
    found = _LEADING_DATE.match(text)
    if found is None:
        return 0
    try:
        date.fromisoformat(found.group(1))
    except ValueError:
        return 0
    return found.end()


def split_blocks(text: str) -> list[Block]:
    """Headings and paragraphs in reading order, together every character that is not white space."""
    begin = content_start(text)
    if not text[begin:].strip():
        begin = 0  # a text that is only a date is still a text
    spans = [span for start, end in _between(_BLANK_LINE, text, begin, len(text))
             for span in _split_lines(text, start, end)]  # fmt: skip
    blocks = []
    for position, (start, end) in enumerate(spans):
        # Only something that stands over other text can be a heading.
        heading = position + 1 < len(spans) and is_heading(text[start:end])
        blocks.append(Block("heading" if heading else "text", start, end))
    return list(_without_long_runs(blocks))


def _without_long_runs(blocks: list[Block]) -> Iterator[Block]:
    """Many short lines in a row are a list of names or a menu: of them only the last may be a heading."""
    for kind, run in groupby(blocks, key=lambda block: block.kind):
        *others, last = run
        too_many = kind == "heading" and len(others) >= MAX_HEADINGS_IN_A_ROW
        yield from (Block("text", block.start, block.end) for block in others) if too_many else others
        yield last


def is_heading(line: str) -> bool:
    """Whether one block, seen alone, has the form of a heading: one short line that ends no sentence.

    A question counts ("Toplantı nerede olacak?"): in a news text a line of its own that asks is a heading,
    and one that is not would answer nothing either.
    """
    if _MARKDOWN_HEADING.match(line):
        return True
    if _LINE_BREAK.search(line) or len(line) > MAX_HEADING_CHARS or len(line.split()) > MAX_HEADING_WORDS:
        return False
    return not _SENTENCE_END.search(line) and not _LIST_ITEM.match(line) and any(map(str.isalpha, line))


def first_heading(text: str, blocks: list[Block]) -> Block | None:
    """The heading that the text opens with, without Markdown's marks; None when it opens with a paragraph."""
    if not blocks or blocks[0].kind != "heading":
        return None
    return unmarked(text, blocks[0])


def unmarked(text: str, heading: Block) -> Block:
    """The heading without Markdown's ``#`` marks."""
    marks = re.match(r"#{1,6}[ \t\u00a0]+", text[heading.start : heading.end])
    return Block("heading", heading.start + marks.end(), heading.end) if marks else heading


def _split_lines(text: str, start: int, end: int) -> list[tuple[int, int]]:
    """The blocks of a stretch without blank lines."""
    lines = list(_between(_LINE_BREAK, text, start, end))
    if len(lines) < 2:
        return lines
    one_a_line = max(stop - begin for begin, stop in lines) > LONG_LINE_CHARS
    spans: list[tuple[int, int]] = []
    for begin, stop in lines:
        line = text[begin:stop]
        opens = one_a_line or _LIST_ITEM.match(line) or _MARKDOWN_HEADING.match(line)
        after_heading = bool(spans) and bool(_MARKDOWN_HEADING.match(text, *spans[-1]))
        if spans and not opens and not after_heading:
            spans[-1] = (spans[-1][0], stop)
        else:
            spans.append((begin, stop))
    return spans


def _between(separator: re.Pattern[str], text: str, start: int, end: int) -> list[tuple[int, int]]:
    """The stretches of ``text[start:end]`` between separators, white space trimmed, empty ones left out."""
    bounds = [start, *(edge for found in separator.finditer(text, start, end) for edge in found.span()), end]
    stretches = []
    for begin, stop in zip(bounds[::2], bounds[1::2], strict=True):
        piece = text[begin:stop]
        if piece.strip():
            stretches.append((begin + len(piece) - len(piece.lstrip()), stop - len(piece) + len(piece.rstrip())))
    return stretches
