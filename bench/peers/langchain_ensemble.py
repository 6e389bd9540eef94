"""LangChain's usual hybrid: BM25 and the dense chain, joined by reciprocal rank fusion."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import Any

from bench.data import Paragraph
from bench.peers import PASSAGES, Model, versions
from bench.peers.langchain import ChromaRetriever, article_ids, make_documents


class EnsembleRetriever:
    """``EnsembleRetriever`` of ``BM25Retriever`` and Chroma, both weighted .5 as in its documentation."""

    name = "LangChain hybrid"

    def __init__(self, model: Model) -> None:
        self._bm25 = import_module("langchain_community.retrievers").BM25Retriever
        import_module("rank_bm25")  # imported by BM25Retriever only when it is built
        self._ensemble = import_module("langchain_classic.retrievers").EnsembleRetriever
        self._dense = ChromaRetriever(model)
        self._retriever: Any = None
        self.version = versions("langchain-classic", "langchain-community", "rank-bm25", "langchain-chroma")

    def build(self, articles: Sequence[Paragraph]) -> None:
        self._dense.build(articles)
        sparse = self._bm25.from_documents(make_documents(articles), k=PASSAGES)
        self._retriever = self._ensemble(retrievers=[sparse, self._dense.as_retriever(PASSAGES)], weights=[0.5, 0.5])

    def search(self, question: str, k: int) -> list[str]:
        return article_ids(self._retriever.invoke(question)[:k])
