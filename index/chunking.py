"""Articles to chunks: a section with its heading, cut between sentences when it is long."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from index.blocks import Block, split_blocks, unmarked
from index.sentences import split_sentences
from index.types import Article

Span = tuple[int, int]
CountTokens = Callable[[Sequence[str]], list[int]]

# A chunk without any sentence end (a table, a log) is cut at this many characters a token at most.
_CHARS_PER_TOKEN = 3


@dataclass(frozen=True, slots=True)
class Chunk:
    """A section-sized part of an article; every span counts code points of ``article.text``.

    ``start``-``end`` is what a reader sees and includes the heading where the heading stands right above.
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
    for heading, paragraphs in _sections(article.text, split_blocks(article.text)):
        sentences = list(_sentences(article, paragraphs, count_tokens, max_chunk_tokens))
        for part in _parts(article.text, sentences, count_tokens, max_chunk_tokens):
            start = heading.start if heading is not None and part[0] == sentences[0] else part[0][0]
            span = None
            if heading is not None:
                bare = unmarked(article.text, heading)
                span = (bare.start, bare.end)
            chunks.append(Chunk(start, part[-1][1], span, tuple(part)))
    return chunks


def _sections(text: str, blocks: Sequence[Block]) -> Iterator[tuple[Block | None, list[Block]]]:
    """Each heading with the paragraphs under it. Of headings that follow each other the last one counts."""
    heading: Block | None = None
    paragraphs: list[Block] = []
    for block in blocks:
        if block.kind == "heading":
            if paragraphs:
                yield heading, paragraphs
                paragraphs = []
            heading = block
        else:
            paragraphs.append(block)
    if paragraphs:
        yield heading, paragraphs


def _sentences(article: Article, paragraphs: Sequence[Block], count_tokens: CountTokens, limit: int) -> Iterator[Span]:
    spans = [
        (block.start + start, block.start + end)
        for block in paragraphs
        for start, end in split_sentences(article.text[block.start : block.end], article.language or "en")
    ]
    for start, end in spans:
        # Only a text longer than this many characters can have too many tokens; most need no counting.
        if end - start <= limit or count_tokens([article.text[start:end]])[0] <= limit:
            yield start, end
        else:
            yield from _cut(article.text, start, end, limit * _CHARS_PER_TOKEN)


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


def _parts(text: str, sentences: Sequence[Span], count_tokens: CountTokens, limit: int) -> Iterator[list[Span]]:
    """The sentences of one section in runs of at most ``limit`` tokens and about equal size."""
    counts = count_tokens([text[start:end] for start, end in sentences])
    parts = max(1, -(-sum(counts) // limit))
    target = sum(counts) / parts
    part: list[Span] = []
    held = 0
    for span, count in zip(sentences, counts, strict=True):
        # Past the half of a sentence over the target, the sentence belongs to the next part.
        if part and (held + count > limit or held + count / 2 > target):
            yield part
            part, held = [], 0
        part.append(span)
        held += count
    if part:
        yield part
