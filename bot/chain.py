"""The LangChain chain: question -> passages -> readings -> evidence -> answer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Generator
from typing import Any, TypedDict

from langchain_core.runnables import Runnable, RunnableConfig, RunnableLambda, RunnablePassthrough

from bot.evidence import Evidence, select_evidence
from bot.quote import empty_library, growing_answers, other_language
from bot.reader import Reader, Reading
from bot.types import Answer
from bot.writing import Writer
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


class AnswerStep(Runnable[Findings, Answer]):
    """From :class:`Findings` to an :class:`~bot.types.Answer` that quotes, or that ``writer`` writes.

    ``stream`` gives the answer as it grows, each item a whole one; ``invoke`` the last of them.
    """

    def __init__(self, index: Index, writer: Writer | None = None) -> None:
        self._index = index
        self._writer = writer

    def invoke(self, input: Findings, config: RunnableConfig | None = None, **kwargs: Any) -> Answer:  # noqa: A002, ARG002
        *_, last = self._answers(input)
        return last

    def stream(self, input: Findings, config: RunnableConfig | None = None, **kwargs: Any) -> Generator[Answer]:  # noqa: A002, ARG002
        yield from self._answers(input)

    async def astream(
        self,
        input: Findings,  # noqa: A002
        config: RunnableConfig | None = None,  # noqa: ARG002
        **kwargs: Any,  # noqa: ARG002
    ) -> AsyncGenerator[Answer]:
        answers = self._answers(input)
        try:
            while (answer := await asyncio.to_thread(next, answers, None)) is not None:
                yield answer
        finally:
            answers.close()

    def _answers(self, found: Findings) -> Generator[Answer]:
        language = detect_question_language(found["question"])
        if language is None:
            yield other_language()
        elif not found["passages"] and not len(self._index):
            yield empty_library(language)
        elif self._writer is None:
            yield from growing_answers(found["evidence"], language)
        else:
            yield from self._writer.write(found["question"], found["evidence"], language)
