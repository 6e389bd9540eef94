"""Articles to rows of the index: chunked, embedded, centred."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from index.catalogue import key_of
from index.chunking import Chunk, Span, chunk_article
from index.embedding import Embedder, TokenVectors
from index.generation import HEADING, Batch
from index.scoring import Kind, LanguageSpace
from index.types import Article, Language


def encode_articles(articles: Sequence[Article], embedder: Embedder, space: LanguageSpace, max_tokens: int) -> Batch:
    """The rows of articles whose language is known. ``max_tokens``: of a chunk."""
    # A longer chunk the model would not read to its end.
    limit = min(max_tokens, embedder.max_tokens)
    chunks = [
        (article, number, chunk)
        for article in articles
        for number, chunk in enumerate(chunk_article(article, embedder.count_tokens, limit))
    ]
    pieces = [(a, f"{_chunk_id(a, n)}:{name}", span) for a, n, chunk in chunks for name, span in _pieces(chunk)]
    read = embedder.encode_passage_tokens([_heading_above(a, c) + a.text[c.start : c.end] for a, _, c in chunks])
    piece_vectors = embedder.encode_passages([a.text[slice(*span)] for a, _, span in pieces])
    batch = Batch([key_of(article) for article in articles])
    for (article, number, chunk), tokens in zip(chunks, read, strict=True):
        text = article.text[chunk.start : chunk.end]
        centred = _centred(space, tokens.vector, "chunk", article)
        batch.chunks.append(_chunk_id(article, number), centred, text, _chunk_fields(article, number, chunk))
        batch.words.append(_words(space, text, _heading_above(article, chunk), _language(article), tokens))
    for (article, row_id, (start, end)), vector in zip(pieces, piece_vectors, strict=True):
        fields = {"article_id": article.id, "key": key_of(article), "language": article.language, "start": start,
                  "end": end}  # fmt: skip
        centred = _centred(space, vector, "sentence", article)
        batch.sentences.append(row_id, centred, article.text[start:end], fields)
    return batch


def _words(space: LanguageSpace, text: str, heading: str, language: Language, tokens: TokenVectors) -> bytes:
    """The packed words of a chunk; a heading that stands further up was read with it, but is not part of it."""
    own = tokens.spans[:, 1] > len(heading)
    spans = np.maximum(tokens.spans[own] - len(heading), 0)
    return space.words.passage(text, TokenVectors(tokens.vector, tokens.tokens[own], spans), language).pack()


def _centred(space: LanguageSpace, vector: np.ndarray, kind: Kind, article: Article) -> np.ndarray:
    centred: np.ndarray = space.centre(vector[None, :], kind, _language(article))[0]
    return centred


def _language(article: Article) -> Language:
    assert article.language is not None
    return article.language


def _chunk_id(article: Article, number: int) -> str:
    return f"{key_of(article)}:{number}"


def _pieces(chunk: Chunk) -> Iterator[tuple[str, Span]]:
    """What is embedded by itself beside the chunk: every sentence, and the heading."""
    yield from ((str(number), span) for number, span in enumerate(chunk.sentences))
    if chunk.heading is not None:
        yield HEADING, chunk.heading


def _heading_above(article: Article, chunk: Chunk) -> str:
    heading = article.text[slice(*chunk.heading)] if chunk.heading else None
    return _heading_line(heading, article.text[chunk.start : chunk.end])


def _heading_line(heading: str | None, text: str) -> str:
    """The heading as a line over a chunk that does not hold it; else nothing."""
    return "" if heading is None or heading in text else f"{heading}\n"


def _chunk_fields(article: Article, number: int, chunk: Chunk) -> dict[str, Any]:
    return {
        "article_id": article.id,
        "key": key_of(article),
        "number": number,
        "start": chunk.start,
        "end": chunk.end,
        "sentences": len(chunk.sentences),
        "heading": article.text[slice(*chunk.heading)] if chunk.heading else None,
        "language": article.language,
    }
