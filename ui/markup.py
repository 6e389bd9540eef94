"""Text as HTML: escaped, cut into paragraphs, its cited passages marked. Offsets stay exact."""

from __future__ import annotations

import html
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import pairwise
from urllib.parse import urlsplit

from bot.types import Citation
from index import Article
from index.blocks import split_blocks, unmarked

Span = tuple[int, int]
# A stretch of text and the number of the citation that marks it, None for plain text.
Run = tuple[int, int, int | None]


def escape(value: str) -> str:
    """``value`` as HTML text, or inside a quoted attribute; a parser reads back exactly the same characters.

    A carriage return is written as a reference, since a parser would turn it into a line feed.
    """
    return html.escape(value, quote=True).replace("\r", "&#13;")


def safe_url(url: str | None) -> str | None:
    """``url`` when it is a plain web address (http or https with a host), else None."""
    if url is None or any(character.isspace() or not character.isprintable() for character in url.strip()):
        return None
    try:
        parts = urlsplit(url.strip())
        host = parts.hostname
    except ValueError:
        return None
    return url.strip() if parts.scheme in ("http", "https") and host else None


def article_text(article: Article, citations: Sequence[Citation] = (), current: int | None = None) -> str:
    """The article's whole text as paragraphs, its cited passages in ``<mark>``.

    The text content of the result is ``article.text``, character for character, and the marks of citation
    ``i`` (``data-citation="i"``) together hold exactly its quote: a mark that runs over a paragraph's end
    goes on in the next one. Where citations overlap, ``current`` is on top, then the better one. A citation
    that does not fit the text is left out (see :func:`fits`). Markdown's ``#`` marks are there, but not seen.
    """
    runs = _runs(article, citations, current)
    exact = [_exact_span(citation) for citation in citations]
    pieces = []
    for tag, start, words, end in _paragraphs(article.text):
        plain = partial(_escaped, article.text, words)
        inside = "".join(
            _marked(plain, run_start, run_end, owner, current, exact[owner] if owner is not None else None)
            for run_start, run_end, owner in _clip(runs, start, end)
        )
        pieces.append(f'<{tag} dir="auto">{inside}</{tag.split()[0]}>')
    return "".join(pieces)


def fits(article: Article, citation: Citation) -> bool:
    """Whether the quote stands where the citation says; not so once the article was changed."""
    return citation.article_id == article.id and article.text[citation.start : citation.end] == citation.quote


def quote_html(citation: Citation) -> str:
    """The quote, with the words that answer, when known, in bold."""
    exact = _exact_span(citation)
    if exact is None:
        return escape(citation.quote)
    start, end = exact[0] - citation.start, exact[1] - citation.start
    before, words, after = citation.quote[:start], citation.quote[start:end], citation.quote[end:]
    return f"{escape(before)}<b>{escape(words)}</b>{escape(after)}"


def _exact_span(citation: Citation) -> Span | None:
    start, end = citation.answer_start, citation.answer_end
    if start is None or end is None or not citation.start <= start < end <= citation.end:
        return None
    return start, end


def _paragraphs(article: str) -> Iterator[tuple[str, int, int, int]]:
    """(tag, start, start of its words, end) of every block, the white space after it included; together the whole text.

    Only in front of a heading's words there is something: its Markdown marks.
    """
    blocks = split_blocks(article)
    if not blocks:
        yield "p", 0, 0, len(article)
        return
    if blocks[0].start > 0:
        yield 'p class="hb-dateline"', 0, 0, blocks[0].start
    for block, following in zip(blocks, [*blocks[1:], None], strict=True):
        end = following.start if following is not None else len(article)
        if block.kind == "heading":
            yield "h3", block.start, unmarked(article, block).start, end
        else:
            yield "p", block.start, block.start, end


def _runs(article: Article, citations: Sequence[Citation], current: int | None) -> list[Run]:
    """The text cut into stretches, each owned by the citation that marks it, None for plain text."""
    order = sorted(range(len(citations)), key=lambda number: (number != current, number))
    owners = [number for number in order if fits(article, citations[number])]
    edges = {0, len(article.text)}
    for number in owners:
        edges |= {citations[number].start, citations[number].end}
    cuts = sorted(edges)
    runs: list[Run] = []
    for start, end in pairwise(cuts):
        owner = next((n for n in owners if citations[n].start <= start and end <= citations[n].end), None)
        if runs and runs[-1][2] == owner:
            runs[-1] = (runs[-1][0], end, owner)
        else:
            runs.append((start, end, owner))
    return runs


def _clip(runs: Iterable[Run], start: int, end: int) -> Iterator[Run]:
    for run_start, run_end, owner in runs:
        if run_start < end and start < run_end:
            yield max(run_start, start), min(run_end, end), owner


def _escaped(source: str, words: int, start: int, end: int) -> str:
    """``source[start:end]`` as HTML; what stands in front of ``words`` is nothing to see or to read out."""
    if start >= min(words, end):
        return escape(source[start:end])
    marks = escape(source[start : min(words, end)])
    return f'<span class="hb-hidden" aria-hidden="true">{marks}</span>{escape(source[words:end])}'


def _marked(
    plain: Callable[[int, int], str], start: int, end: int, owner: int | None, current: int | None, exact: Span | None
) -> str:
    if owner is None:
        return plain(start, end)
    inside = plain(start, end)
    if exact is not None and start < exact[1] and exact[0] < end:
        first, last = max(start, exact[0]), min(end, exact[1])
        inside = f"{plain(start, first)}<b>{plain(first, last)}</b>{plain(last, end)}"
    state = ' class="hb-current" tabindex="-1"' if owner == current else ""
    return f'<mark data-citation="{owner}"{state}>{inside}</mark>'
