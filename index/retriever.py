"""The index as a LangChain retriever."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any

from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever
from pydantic import ConfigDict

from index.types import Passage

if TYPE_CHECKING:
    from index.library import Index


class PassageRetriever(BaseRetriever):
    """Finds passages for a question: ``page_content`` is the passage's text, ``metadata`` its other fields.

    The metadata holds plain values only (``published`` as an ISO text), so that it can travel as JSON.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)

    index: Any
    k: int = 5

    def _get_relevant_documents(
        self,
        query: str,
        *,
        run_manager: CallbackManagerForRetrieverRun,  # noqa: ARG002 - LangChain passes it
    ) -> list[Document]:
        index: Index = self.index
        return [to_document(passage) for passage in index.search(query, k=self.k)]


def to_document(passage: Passage) -> Document:
    """A passage as a LangChain document."""
    values = {f.name: getattr(passage, f.name) for f in fields(passage) if f.name not in ("text", "sentences")}
    values["published"] = passage.published.isoformat() if passage.published else None
    return Document(page_content=passage.text, metadata=values)
