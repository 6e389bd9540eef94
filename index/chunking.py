"""Articles to chunks: a section with its heading, cut between sentences when it is long."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from index.blocks import Block, split_blocks, unmarked
from index.sentences import split_sentences
from index.types import Article

Span = tuple[int, int]
CountTokens = Callable[[Sequence[str]], list[int]]


@dataclass(frozen=True, slots=True)
class Chunk:
    """A section-sized part of an article; every span counts code points of ``article.text``.

    ``start``-``end`` is what a reader sees and includes the headings that stand right above: together, the
    chunks of an article hold every character of it but white space and a leading date.
    ``heading`` is the heading's own span, also for the later chunks of a long section; None without one.
    ``sentences`` are the spans of the sentences, never of a heading: only they can be evidence.
    """

    start: int
    end: int
    heading: Span | None
    sentences: tuple[Span, ...]


def chunk_article(article: Article, count_tokens: CountTokens, max_chunk_tokens: int) -> list[Chunk]:
    """The chunks of an article in reading order; at least one for any article with text.

    ``article.language`` must be known. ``count_tokens`` counts for the model that will embed the chunks. A
    chunk holds at most about ``max_chunk_tokens`` tokens; a section that is longer is cut into parts of
    about equal size, between sentences.
    """
    chunks = []
    for headings, paragraphs in _sections(split_blocks(article.text)):
        sentences = list(_sentences(article, paragraphs, count_tokens, max_chunk_tokens))
        for part in _parts(article.text, sentences, count_tokens, max_chunk_tokens):
            start = headings[0].start if headings and part[0] == sentences[0] else part[0][0]
            span = None
            if headings:
                # Of headings that follow each other the last one counts.
                bare = unmarked(article.text, headings[-1])
                span = (bare.start, bare.end)
            chunks.append(Chunk(start, part[-1][1], span, tuple(part)))
    return chunks


def _sections(blocks: Sequence[Block]) -> Iterator[tuple[list[Block], list[Block]]]:
    """Headings that follow each other (none above a text that opens without), with the paragraphs under them."""
    headings: list[Block] = []
    paragraphs: list[Block] = []
    for block in blocks:
        if block.kind == "heading":
            if paragraphs:
                yield headings, paragraphs
                headings, paragraphs = [], []
            headings.append(block)
        else:
            paragraphs.append(block)
    if paragraphs:
        yield headings, paragraphs


def _sentences(article: Article, paragraphs: Sequence[Block], count_tokens: CountTokens, limit: int) -> Iterator[Span]:
    spans = [
        (block.start + start, block.start + end)
        for block in paragraphs
        for start, end in split_sentences(article.text[block.start : block.end], article.language or "en")
    ]
    for start, end in spans:
        yield from _cut_to_tokens(article.text, start, end, count_tokens, limit)


def _cut_to_tokens(text: str, start: int, end: int, count_tokens: CountTokens, limit: int) -> Iterator[Span]:
    """A sentence whole, or what has too many tokens (a table, a log: no sentence ends in it) in pieces."""
    # Only a text longer than this many characters can have too many tokens; most need no counting.
    if end - start <= limit:
        yield start, end
        return
    count = count_tokens([text[start:end]])[0]
    if count <= limit:
        yield start, end
        return
    for piece in _cut(text, start, end, max((end - start) * limit // count, limit // 2)):
        yield from _cut_to_tokens(text, *piece, count_tokens, limit)


def _cut(text: str, start: int, end: int, limit: int) -> Iterator[Span]:
    """A stretch without sentence ends in pieces of at most ``limit`` characters, between words if possible."""
    while end - start > limit:
        at = max(text.rfind(" ", start, start + limit), text.rfind("\n", start, start + limit))
        stop = at if at > start + limit // 2 else start + limit
        piece = text[start:stop].rstrip()
        yield start, start + len(piece)
        while stop < end and text[stop].isspace():
            stop += 1
        start = stop
    if start < end:
        yield start, end


def _parts(text: str, sentences: Sequence[Span], count_tokens: CountTokens, limit: int) -> list[list[Span]]:
    """The sentences of one section in runs of at most ``limit`` tokens and about equal size."""
    counts = count_tokens([text[start:end] for start, end in sentences])
    wanted = max(1, -(-sum(counts) // limit))
    while len(parts := _runs(sentences, counts, limit, sum(counts) / wanted)) > wanted:
        # Whole sentences did not fill so few parts: more parts, rather than one small one at the end.
        wanted = len(parts)
    return parts


def _runs(sentences: Sequence[Span], counts: Sequence[int], limit: int, target: float) -> list[list[Span]]:
    runs: list[list[Span]] = []
    held = 0
    for span, count in zip(sentences, counts, strict=True):
        # Past the half of a sentence over the target, the sentence belongs to the next part.
        if not runs or held + count > limit or held + count / 2 > target:
            runs.append([])
            held = 0
        runs[-1].append(span)
        held += count
    return runs
