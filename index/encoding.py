"""Articles to rows of the index: chunked, embedded, centred."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from index.chunking import Chunk, Span, chunk_article
from index.embedding import Embedder, TokenVectors
from index.scoring import Kind, LanguageSpace
from index.storage.catalogue import key_of
from index.storage.chunks import ChunkRow, StoredChunk
from index.storage.generation import Batch
from index.storage.lexical import terms
from index.types import Article, Language

_CHUNKS_AT_ONCE = 128


def encode_articles(articles: Sequence[Article], embedder: Embedder, space: LanguageSpace, max_tokens: int) -> Batch:
    """The rows of articles whose language is known. ``max_tokens``: of a chunk."""
    # A longer chunk the model would not read to its end.
    limit = min(max_tokens, embedder.max_tokens)
    chunks = [
        (article, number, chunk)
        for article in articles
        for number, chunk in enumerate(chunk_article(article, embedder.count_tokens, limit))
    ]
    pieces = embedder.encode_passages([a.text[slice(*span)] for a, _, chunk in chunks for span in _pieces(chunk)])
    batch, at = [], 0
    for (article, number, chunk), tokens in zip(chunks, _read(chunks, embedder), strict=True):
        own = pieces[at : (at := at + len(list(_pieces(chunk))))]
        vectors = [_centred(space, tokens.vector[None, :], "chunk", article), _centred(space, own, "sentence", article)]
        batch.append(_stored(article, number, chunk, np.concatenate(vectors), space, tokens))
    return Batch([key_of(article) for article in articles], batch)


def _read(chunks: Sequence[tuple[Article, int, Chunk]], embedder: Embedder) -> Iterator[TokenVectors]:
    """The chunks as the model reads them. The vectors of a chunk's tokens take half a megabyte: only some chunks' are
    held at a time."""
    for at in range(0, len(chunks), _CHUNKS_AT_ONCE):
        some = chunks[at : at + _CHUNKS_AT_ONCE]
        yield from embedder.encode_passage_tokens([_heading_above(a, c) + a.text[c.start : c.end] for a, _, c in some])


def _stored(
    article: Article, number: int, chunk: Chunk, vectors: np.ndarray, space: LanguageSpace, tokens: TokenVectors
) -> ChunkRow:
    key, text = key_of(article), article.text[chunk.start : chunk.end]
    stored = StoredChunk(
        row_id=f"{key}:{number}",
        key=key,
        article_id=article.id,
        language=_language(article),
        text=text,
        start=chunk.start,
        heading=article.text[slice(*chunk.heading)] if chunk.heading else None,
        heading_start=chunk.heading[0] if chunk.heading else None,
        spans=np.array(chunk.sentences, np.int64).reshape(-1, 2),
        vectors=vectors,
    )
    words = _words(space, text, _heading_above(article, chunk), _language(article), tokens)
    return ChunkRow(stored, " ".join(terms(text)), words)


def _words(space: LanguageSpace, text: str, heading: str, language: Language, tokens: TokenVectors) -> bytes:
    """The packed words of a chunk; a heading that stands further up was read with it, but is not part of it."""
    own = tokens.spans[:, 1] > len(heading)
    spans = np.maximum(tokens.spans[own] - len(heading), 0)
    return space.words.passage(text, TokenVectors(tokens.vector, tokens.tokens[own], spans), language).pack()


def _centred(space: LanguageSpace, vectors: np.ndarray, kind: Kind, article: Article) -> np.ndarray:
    centred: np.ndarray = space.centre(vectors, kind, _language(article))
    return centred


def _language(article: Article) -> Language:
    assert article.language is not None
    return article.language


def _pieces(chunk: Chunk) -> Iterator[Span]:
    """What is embedded by itself beside the chunk: every sentence, and the heading."""
    yield from chunk.sentences
    if chunk.heading is not None:
        yield chunk.heading


def _heading_above(article: Article, chunk: Chunk) -> str:
    """The heading as a line over a chunk that does not hold it; else nothing."""
    heading = article.text[slice(*chunk.heading)] if chunk.heading else None
    return "" if heading is None or heading in article.text[chunk.start : chunk.end] else f"{heading}\n"
