"""Every text is embedded once: for all layouts, for Haberci, and for the peers."""

from __future__ import annotations

import hashlib
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np

from index.embedding import Embedder, TokenVectors, Vectors
from index.settings import Settings


class MemoEmbedder(Embedder):
    """The settings' embedder, which remembers the vector of every text it has met."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(
            settings.model,
            cache=settings.cache,
            query_prefix=settings.query_prefix,
            passage_prefix=settings.passage_prefix,
            dtype=settings.dtype,
        )
        self._memo: dict[str, np.ndarray] = {}
        # Tokens and their spans; float16, which the one byte of a stored word is far coarser than.
        self._tokens: dict[str, tuple[np.ndarray, np.ndarray]] = {}

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        return self._recall("query", texts, super().encode_queries)

    def encode_passages(self, texts: Sequence[str], progress: Callable[[int], None] | None = None) -> Vectors:
        passages = super().encode_passages
        return self._recall("passage", texts, lambda missing: passages(missing, progress))

    def encode_query_tokens(self, texts: Sequence[str]) -> list[TokenVectors]:
        return self._recall_tokens("query", texts, super().encode_query_tokens)

    def encode_passage_tokens(self, texts: Sequence[str]) -> list[TokenVectors]:
        return self._recall_tokens("passage", texts, super().encode_passage_tokens)

    def _recall_tokens(
        self, kind: str, texts: Sequence[str], encode: Callable[[list[str]], list[TokenVectors]]
    ) -> list[TokenVectors]:
        keys = [_key(kind, text) for text in texts]
        missing = {key: text for key, text in zip(keys, texts, strict=True) if key not in self._tokens}
        for key, found in zip(missing, encode(list(missing.values())) if missing else (), strict=True):
            self._memo.setdefault(key, found.vector)
            self._tokens[key] = (found.tokens.astype(np.float16), found.spans)
        return [self._token_vectors(key) for key in keys]

    def _token_vectors(self, key: str) -> TokenVectors:
        tokens, spans = self._tokens[key]
        return TokenVectors(self._memo[key], tokens.astype(np.float32), spans)

    def _recall(self, kind: str, texts: Sequence[str], encode: Callable[[list[str]], Vectors]) -> Vectors:
        keys = [_key(kind, text) for text in texts]
        missing = {key: text for key, text in zip(keys, texts, strict=True) if key not in self._memo}
        if missing or not keys:
            self._memo.update(zip(missing, encode(list(missing.values())), strict=True))
        if not keys:
            return np.zeros((0, self.dimension), dtype=np.float32)
        return np.stack([self._memo[key] for key in keys])

    def query_p50_ms(self, questions: Sequence[str]) -> float:
        """What embedding one question takes, the memo aside."""
        super().encode_query_tokens(questions[:3])
        times = []
        for question in questions:
            started = time.perf_counter()
            super().encode_query_tokens([question])
            times.append(time.perf_counter() - started)
        return 1e3 * statistics.median(times)

    def read_memo(self, file: Path) -> None:
        """Take over the vectors of an earlier run; those of another model, or without tokens, are ignored."""
        if not file.is_file():
            return
        with np.load(file) as stored:
            if str(stored["fingerprint"]) == self.fingerprint and "token_keys" in stored:
                self._memo.update(zip(stored["keys"].tolist(), stored["vectors"], strict=True))
                tokens, spans = stored["tokens"], stored["spans"]
                ends = np.cumsum(stored["token_counts"]).tolist()
                for key, start, end in zip(stored["token_keys"].tolist(), [0, *ends], ends, strict=False):
                    self._tokens[key] = (tokens[start:end], spans[start:end])

    def write_memo(self, file: Path) -> None:
        """Keep the vectors for a later run."""
        if self._memo:
            vectors = np.stack(list(self._memo.values()))
            tokens = [tokens for tokens, _ in self._tokens.values()]
            spans = [spans for _, spans in self._tokens.values()]
            np.savez(
                file,
                fingerprint=np.asarray(self.fingerprint),
                keys=np.asarray(list(self._memo)),
                vectors=vectors,
                token_keys=np.asarray(list(self._tokens)),
                token_counts=np.asarray([len(each) for each in tokens]),
                tokens=np.concatenate([np.zeros((0, vectors.shape[1]), np.float16), *tokens]),
                spans=np.concatenate([np.zeros((0, 2), np.int64), *spans]),
            )


def _key(kind: str, text: str) -> str:
    return hashlib.blake2b(f"{kind}:{text}".encode("utf-8", "surrogatepass")).hexdigest()


@contextmanager
def shared_model(embedder: MemoEmbedder) -> Iterator[None]:
    """Within the block, whatever calls ``SentenceTransformer.encode`` is served by ``embedder``.

    The peers open the model's folder with their own component, in the way they document, prefixes
    included; only the forward pass is shared, so that all compare the same vectors.
    Raises ValueError for a text that comes with neither of the model's prefixes: that would be another model.
    """
    from sentence_transformers import SentenceTransformer

    def encode(
        model: Any, sentences: str | Sequence[str], prompt_name: str | None = None, prompt: str | None = None, **_: Any
    ) -> np.ndarray:
        prefix = prompt if prompt is not None else model.prompts.get(prompt_name, "") if prompt_name else ""
        texts = [prefix + text for text in ([sentences] if isinstance(sentences, str) else sentences)]
        vectors = _encode_prefixed(embedder, texts)
        return np.asarray(vectors[0]) if isinstance(sentences, str) else vectors

    with patch.object(SentenceTransformer, "encode", encode):
        yield


def _encode_prefixed(embedder: MemoEmbedder, texts: list[str]) -> Vectors:
    kinds = [(embedder.query_prefix, embedder.encode_queries), (embedder.passage_prefix, embedder.encode_passages)]
    # The longer one first: an empty prefix fits everything.
    for prefix, encode in sorted(kinds, key=lambda kind: -len(kind[0])):
        if all(text.startswith(prefix) for text in texts):
            return encode([text.removeprefix(prefix) for text in texts])
    raise ValueError(f"a peer embeds without the model's prefixes: {texts[0][:60]!r}")
