"""The LangChain chain: question -> passages -> readings -> evidence -> answer."""

from __future__ import annotations

from typing import Any, TypedDict

from langchain_core.runnables import Runnable, RunnableLambda, RunnablePassthrough

from bot.evidence import Evidence, select_evidence
from bot.quote import empty_library, other_language, quote_answer
from bot.reader import Reader, Reading
from bot.types import Answer
from index import Index, Passage
from index.language import detect_question_language

PASSAGES = 5
# A passage more takes 35 ms on two cores; the fifth changed no figure.
READ_PASSAGES = 4


class Findings(TypedDict):
    """What the chain knows on its way: the question, the passages found for it, what a reader makes of each (nothing
    without a reader), the evidence in them."""

    question: str
    passages: list[Passage]
    readings: list[Reading]
    evidence: list[Evidence]


def build_findings_chain(index: Index, reader: Reader | None = None) -> Runnable[str, Any]:
    """A Runnable from a question (str) to :class:`Findings`."""

    def search(found: dict[str, Any]) -> list[Passage]:
        # A question in neither language gets no passages: nothing was measured for it.
        if detect_question_language(found["question"]) is None:
            return []
        return index.search(found["question"], k=PASSAGES)

    def read(found: dict[str, Any]) -> list[Reading]:
        if reader is None or not found["passages"]:
            return []
        texts = [passage.text for passage in found["passages"][:READ_PASSAGES]]
        return reader.read(index.restore(found["question"]), texts)

    def select(found: dict[str, Any]) -> list[Evidence]:
        return select_evidence(found["passages"], found["readings"])

    chain: Runnable[str, Any] = RunnableLambda(lambda question: {"question": question})
    for name, step in (("passages", search), ("readings", read), ("evidence", select)):
        chain = chain | RunnablePassthrough.assign(**{name: step})
    return chain


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
