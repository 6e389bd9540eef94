"""The chatbot: questions in, answers out."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import aclosing, closing
from dataclasses import replace

from langchain_core.runnables import Runnable

from bot.chain import AnswerStep, build_findings_chain
from bot.followup import resolve
from bot.llm import Llm, open_llm
from bot.reader import Reader, open_reader
from bot.types import Answer
from bot.verification import Verifier
from bot.writing import Writer
from index import Index, seed_articles
from index.search import MAX_QUESTION_CHARS, check_question

History = Sequence[tuple[str, str]]


class Chatbot:
    """Answers questions about the articles of an index. Safe to share among threads.

    ``llm``: a language model that writes the answers, each sentence of which is verified against the quotes it cites:
    a LangChain chat model, a name for ``init_chat_model`` ("openai:gpt-5-mini"), or "gguf:/path/model.gguf"; None
    takes the setting ``HABERCI_LLM``, "off" quotes whatever the setting says. A model given by name is tried at once.
    ``reader`` finds the exact words that answer (None when the setting ``reader`` is "off", and with another model than
    the packaged one). ``chain`` is the whole way as a LangChain ``Runnable`` from a question to an
    :class:`~bot.types.Answer`.

    Raises :class:`~bot.errors.LlmError` when the language model cannot be used, and says why.
    """

    def __init__(self, index: Index, llm: object = None) -> None:
        if not isinstance(index, Index):
            raise ValueError(f"index must be an index.Index, such as Index.open(), not {type(index).__name__}")
        self.index = index
        self.llm: Llm | None = open_llm(llm, index.settings)
        self.reader: Reader | None = open_reader(index.embedder, index.settings.reader)
        self._findings = build_findings_chain(index, self.reader)
        self._answer = AnswerStep(index, self._writer())
        self.chain: Runnable[str, Answer] = self._findings | self._answer

    def _writer(self) -> Writer | None:
        if self.llm is None:
            return None
        return Writer(self.llm.model, Verifier(self.index), self.index.settings.llm_timeout_s)

    @property
    def is_ready(self) -> bool:
        """Whether the models are loaded; the first question loads them, which takes seconds."""
        return self.index.embedder.is_loaded and (self.reader is None or self.reader.is_loaded)

    def load(self) -> None:
        """Load the models now rather than with the first question."""
        self.index.embedder.load()
        if self.reader is not None:
            self.reader.load()

    def ask(self, question: str, history: History = ()) -> Answer:
        """The answer to a Turkish or English question, in the question's language.

        ``history``: earlier (question, answer text) pairs of the conversation, oldest first. A question that hangs on
        them ("And when?") is made whole; ``Answer.question`` says how it was understood.

        Raises :class:`~index.errors.QuestionError` (a ValueError) for a question that is empty, too long or no
        text, another :class:`~index.errors.HaberciError` when model or store fail.
        """
        whole = _whole(question, history)
        return _with_question(self.chain.invoke(whole), question, whole)

    def stream(self, question: str, history: History = ()) -> Iterator[Answer]:
        """The answer as it grows; each item is a whole :class:`~bot.types.Answer`, the last one is final. Closing the
        iterator stops a language model."""
        whole = _whole(question, history)
        with closing(self._answer.stream(self._findings.invoke(whole))) as answers:
            for answer in answers:
                yield _with_question(answer, question, whole)

    async def aask(self, question: str, history: History = ()) -> Answer:
        """:meth:`ask` without blocking the event loop."""
        whole = _whole(question, history)
        return _with_question(await self.chain.ainvoke(whole), question, whole)

    async def astream(self, question: str, history: History = ()) -> AsyncIterator[Answer]:
        """:meth:`stream` without blocking the event loop."""
        whole = _whole(question, history)
        found = await self._findings.ainvoke(whole)
        async with aclosing(self._answer.astream(found)) as answers:
            async for answer in answers:
                yield _with_question(answer, question, whole)


def _whole(question: str, history: History) -> str:
    """The question as it can be asked by itself."""
    return resolve(check_question(question), history)[:MAX_QUESTION_CHARS]


def _with_question(answer: Answer, asked: str, whole: str) -> Answer:
    return answer if whole == asked else replace(answer, question=whole)


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
