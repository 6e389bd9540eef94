"""LangChain's usual chain: documents in Chroma, one vector each, cosine similarity."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from importlib import import_module
from typing import Any

from bench.data import Paragraph
from bench.peers import Model, unique, versions

_serial = itertools.count(1)


class ChromaRetriever:
    """``langchain_chroma.Chroma`` with ``HuggingFaceEmbeddings``. Articles fit the model, so none is split."""

    name = "LangChain"

    def __init__(self, model: Model) -> None:
        self._chroma = import_module("langchain_chroma").Chroma
        self._embeddings = import_module("langchain_huggingface").HuggingFaceEmbeddings(
            model_name=model.folder,
            encode_kwargs={"prompt": model.passage_prefix},
            query_encode_kwargs={"prompt": model.query_prefix},
        )
        self._store: Any = None
        self.version = versions("langchain-chroma", "langchain-huggingface")

    def build(self, articles: Sequence[Paragraph]) -> None:
        if self._store is not None:
            self._store.delete_collection()
        self._store = self._chroma.from_documents(
            make_documents(articles),
            self._embeddings,
            collection_name=f"bench-{next(_serial)}",
            collection_configuration={"hnsw": {"space": "cosine"}},
        )

    def as_retriever(self, k: int) -> Any:
        """The store as a LangChain retriever."""
        return self._store.as_retriever(search_kwargs={"k": k})

    def search(self, question: str, k: int) -> list[str]:
        return article_ids(self.as_retriever(k).invoke(question))


def make_documents(articles: Sequence[Paragraph]) -> list[Any]:
    """The articles as LangChain documents."""
    document = import_module("langchain_core.documents").Document
    return [document(page_content=article.text, metadata={"article_id": article.id}) for article in articles]


def article_ids(documents: Sequence[Any]) -> list[str]:
    """The articles that the documents belong to, each once."""
    return unique(document.metadata["article_id"] for document in documents)
