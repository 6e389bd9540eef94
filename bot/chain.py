"""The LangChain chain: question -> passages -> evidence -> answer."""

from __future__ import annotations

from typing import Any, TypedDict

from langchain_core.runnables import Runnable, RunnableLambda, RunnablePassthrough

from bot.evidence import Evidence, select_evidence
from bot.quote import empty_library, other_language, quote_answer
from bot.types import Answer
from index import Index, Passage
from index.language import detect_question_language

PASSAGES = 5


class Findings(TypedDict):
    """What the chain knows on its way: the question, the passages found for it, the evidence in them."""

    question: str
    passages: list[Passage]
    evidence: list[Evidence]


def build_findings_chain(index: Index, passages: int = PASSAGES) -> Runnable[str, Any]:
    """A Runnable from a question (str) to :class:`Findings`."""

    def search(found: dict[str, Any]) -> list[Passage]:
        # A question in neither language gets no passages: nothing was measured for it.
        if detect_question_language(found["question"]) is None:
            return []
        return index.search(found["question"], k=passages)

    def select(found: dict[str, Any]) -> list[Evidence]:
        return select_evidence(found["passages"])

    start: Runnable[str, Any] = RunnableLambda(lambda question: {"question": question})
    return start | RunnablePassthrough.assign(passages=search) | RunnablePassthrough.assign(evidence=select)


def build_answer_step(index: Index) -> Runnable[Any, Answer]:
    """A Runnable from :class:`Findings` to an :class:`~bot.types.Answer` that quotes."""

    def answer(found: Findings) -> Answer:
        language = detect_question_language(found["question"])
        if language is None:
            return other_language()
        if not found["passages"] and not len(index):
            return empty_library(language)
        return quote_answer(found["evidence"], language)

    return RunnableLambda(answer)
