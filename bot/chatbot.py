"""The chatbot: questions in, answers out."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Iterator, Sequence

from langchain_core.runnables import Runnable

from bot.chain import build_answer_step, build_findings_chain
from bot.quote import growing_answers
from bot.reader import Reader, open_reader
from bot.types import Answer
from index import Index, seed_articles
from index.errors import SettingsError
from index.search import check_question

History = Sequence[tuple[str, str]]


class Chatbot:
    """Answers questions about the articles of an index. Safe to share among threads.

    ``llm`` is reserved for a language model that writes the answer; this version quotes, so it must be None.
    ``reader`` finds the exact words that answer (None when the setting ``reader`` is "off", and with another model than
    the packaged one). ``chain`` is the whole way as a LangChain ``Runnable`` from a question to an
    :class:`~bot.types.Answer`.
    """

    def __init__(self, index: Index, llm: object = None) -> None:
        if not isinstance(index, Index):
            raise ValueError(f"index must be an index.Index, such as Index.open(), not {type(index).__name__}")
        if llm is not None:
            raise SettingsError(name="llm", value=llm, reason="this version answers with quotes only; leave it None")
        self.index = index
        self.reader: Reader | None = open_reader(index.embedder, index.settings.reader)
        self._findings = build_findings_chain(index, self.reader)
        self._answer = build_answer_step(index)
        self.chain: Runnable[str, Answer] = self._findings | self._answer

    @property
    def is_ready(self) -> bool:
        """Whether the models are loaded; the first question loads them, which takes seconds."""
        return self.index.embedder.is_loaded and (self.reader is None or self.reader.is_loaded)

    def load(self) -> None:
        """Load the models now rather than with the first question."""
        self.index.embedder.load()
        if self.reader is not None:
            self.reader.load()

    def ask(self, question: str, history: History = ()) -> Answer:  # noqa: ARG002
        """The answer to a Turkish or English question, in the question's language.

        ``history``: earlier (question, answer) pairs of the conversation. Each question is answered by itself.

        Raises :class:`~index.errors.QuestionError` (a ValueError) for a question that is empty, too long or no
        text, another :class:`~index.errors.HaberciError` when model or store fail.
        """
        return self.chain.invoke(check_question(question))

    def stream(self, question: str, history: History = ()) -> Iterator[Answer]:  # noqa: ARG002
        """The answer as it grows; each item is a whole :class:`~bot.types.Answer`, the last one is final."""
        found = self._findings.invoke(check_question(question))
        yield from growing_answers(self._answer.invoke(found), found["evidence"])

    async def aask(self, question: str, history: History = ()) -> Answer:  # noqa: ARG002
        """:meth:`ask` without blocking the event loop."""
        return await self.chain.ainvoke(check_question(question))

    async def astream(self, question: str, history: History = ()) -> AsyncIterator[Answer]:  # noqa: ARG002
        """:meth:`stream` without blocking the event loop."""
        found = await self._findings.ainvoke(check_question(question))
        for answer in growing_answers(await self._answer.ainvoke(found), found["evidence"]):
            yield answer


_default: Chatbot | None = None
_default_lock = threading.Lock()


def open_default_index() -> Index:
    """The user's library; one that nobody has written to yet starts with the shipped articles."""
    index = Index.open()
    index.seed(seed_articles)
    return index


def ask(question: str, history: History = ()) -> Answer:
    """The answer from the user's library (see :class:`~index.settings.Settings`); like :meth:`Chatbot.ask`."""
    global _default
    check_question(question)
    with _default_lock:
        if _default is None:
            _default = Chatbot(open_default_index())
    return _default.ask(question, history)
