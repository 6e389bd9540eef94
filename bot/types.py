"""What the chatbot returns: an answer and the citations it rests on."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date
from typing import Any, Literal

from index import Language

Method = Literal["quote", "llm", "none"]


@dataclass(frozen=True, slots=True)
class Citation:
    """A verbatim quote: ``article.text[start:end] == quote``, always.

    ``score``: how well it answers, higher is better, comparable across questions and languages.
    ``answer_start`` and ``answer_end``: where in the article the exact words that answer stand, when known; only the
    first citation of an answer has them.
    """

    article_id: str
    quote: str
    start: int
    end: int
    score: float
    title: str | None = None
    published: date | None = None
    url: str | None = None
    answer_start: int | None = None
    answer_end: int | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer in the question's language.

    ``found`` is False when the articles do not say; then there is no citation and ``method`` is "none".
    ``method`` says who wrote ``text``: "quote" (the articles' own sentences), "llm" (generated, verified).
    ``citations``: the best one first; in a generated text ``[n]`` stands for the n-th of them. ``note``: what the
    reader should know about how the answer came about, in its language (a language model that did not answer in time,
    say).
    ``question``: what was answered, when the question was made whole with the conversation before it.
    """

    text: str
    language: Language
    found: bool
    citations: tuple[Citation, ...]
    method: Method
    note: str | None = None
    question: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """Plain values that JSON can hold; dates as ISO texts."""
        values = asdict(self)
        values["citations"] = [
            {**citation, "published": citation["published"].isoformat() if citation["published"] else None}
            for citation in values["citations"]
        ]
        return values
