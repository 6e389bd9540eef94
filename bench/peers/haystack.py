"""Haystack's in-memory pipelines: by embedding, and the hybrid with BM25."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any

from bench.data import Paragraph
from bench.peers import Model, unique, versions

_EMBEDDERS = "haystack_integrations.components.embedders.sentence_transformers"
_RETRIEVERS = "haystack.components.retrievers.in_memory"


class EmbeddingRetriever:
    """``SentenceTransformersTextEmbedder`` into ``InMemoryEmbeddingRetriever``."""

    name = "Haystack"

    def __init__(self, model: Model) -> None:
        self._haystack = import_module("haystack")
        self._make_store = import_module("haystack.document_stores.in_memory").InMemoryDocumentStore
        embedders = import_module(_EMBEDDERS)
        device = import_module("haystack.utils").ComponentDevice.from_str("cpu")
        self._documents = embedders.SentenceTransformersDocumentEmbedder(
            model=model.folder, prefix=model.passage_prefix, device=device, progress_bar=False
        )
        self._documents.warm_up()
        self._make_text_embedder: Callable[[], Any] = lambda: embedders.SentenceTransformersTextEmbedder(
            model=model.folder, prefix=model.query_prefix, device=device, progress_bar=False
        )
        self._pipeline: Any = None
        self.version = versions("haystack-ai", "sentence-transformers-haystack")

    def build(self, articles: Sequence[Paragraph]) -> None:
        store = self._make_store()
        documents = [self._haystack.Document(content=a.text, meta={"article_id": a.id}) for a in articles]
        store.write_documents(self._documents.run(documents)["documents"])
        self._pipeline = self._make_pipeline(store)
        self._pipeline.warm_up()

    def _make_pipeline(self, store: Any) -> Any:
        pipeline = self._haystack.Pipeline()
        pipeline.add_component("embedder", self._make_text_embedder())
        pipeline.add_component("dense", import_module(_RETRIEVERS).InMemoryEmbeddingRetriever(store))
        pipeline.connect("embedder.embedding", "dense.query_embedding")
        return pipeline

    def search(self, question: str, k: int) -> list[str]:
        return self._ids(self._pipeline.run({"embedder": {"text": question}, "dense": {"top_k": k}})["dense"])

    @staticmethod
    def _ids(found: dict[str, Any]) -> list[str]:
        return unique(document.meta["article_id"] for document in found["documents"])


class HybridRetriever(EmbeddingRetriever):
    """The same beside ``InMemoryBM25Retriever``, joined by reciprocal rank fusion.

    ``DocumentJoiner``'s default mode, "concatenate", leaves the order to a cross-encoder behind it; without one, BM25's
    unbounded scores would always stand above the similarities. Rank fusion is its documented mode without a ranker.
    """

    name = "Haystack hybrid"

    def _make_pipeline(self, store: Any) -> Any:
        pipeline = super()._make_pipeline(store)
        joiner = import_module("haystack.components.joiners").DocumentJoiner(join_mode="reciprocal_rank_fusion")
        pipeline.add_component("sparse", import_module(_RETRIEVERS).InMemoryBM25Retriever(store))
        pipeline.add_component("joiner", joiner)
        pipeline.connect("sparse", "joiner")
        pipeline.connect("dense", "joiner")
        return pipeline

    def search(self, question: str, k: int) -> list[str]:
        inputs = {
            "embedder": {"text": question},
            "dense": {"top_k": k},
            "sparse": {"query": question, "top_k": k},
            "joiner": {"top_k": k},
        }
        return self._ids(self._pipeline.run(inputs)["joiner"])
