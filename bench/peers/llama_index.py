"""LlamaIndex's documented default: a ``VectorStoreIndex`` in memory."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import Any

from bench.data import Paragraph
from bench.peers import Model, unique, versions


class VectorRetriever:
    """``VectorStoreIndex.from_documents`` with its default splitter and ``HuggingFaceEmbedding``."""

    name = "LlamaIndex"

    def __init__(self, model: Model) -> None:
        self._core = import_module("llama_index.core")
        self._embedding = import_module("llama_index.embeddings.huggingface").HuggingFaceEmbedding(
            model_name=model.folder,
            query_instruction=model.query_prefix,
            text_instruction=model.passage_prefix,
            device="cpu",
        )
        self._index: Any = None
        self.version = versions("llama-index-core", "llama-index-embeddings-huggingface")

    def build(self, articles: Sequence[Paragraph]) -> None:
        documents = [self._core.Document(text=article.text, doc_id=article.id) for article in articles]
        self._index = self._core.VectorStoreIndex.from_documents(documents, embed_model=self._embedding)

    def search(self, question: str, k: int) -> list[str]:
        found = self._index.as_retriever(similarity_top_k=k).retrieve(question)
        return unique(node.node.ref_doc_id for node in found)
