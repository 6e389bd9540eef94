"""Stand-ins for what has to misbehave on command, and for a chatbot whose answers are known beforehand."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from bot.types import Answer, Citation
from index import Article, HaberciError

SEED_FILE = Path(__file__).parent.parent / "seeds" / "2025-12-23-kazakistan-baris-gorusmeleri.txt"


def seed_article() -> Article:
    return Article(
        id=SEED_FILE.name,
        text=SEED_FILE.read_text(encoding="utf-8"),
        title="Kazakistan barış görüşmeleri",
        language="tr",
        published=date(2025, 12, 23),
    )


def cite(article: Article, quote: str, exact: str | None = None, score: float = 2.0) -> Citation:
    """The citation of ``quote`` where it first stands in ``article``; ``exact`` are the words that answer."""
    start = article.text.index(quote)
    first = None if exact is None else start + quote.index(exact)
    return Citation(
        article_id=article.id,
        quote=quote,
        start=start,
        end=start + len(quote),
        score=score,
        title=article.title,
        published=article.published,
        url=article.url,
        answer_start=first,
        answer_end=None if exact is None or first is None else first + len(exact),
    )


class FakeIndex:
    """Counts its writes, as a library does."""

    revision = 1

    def __init__(self, articles: Sequence[Article]) -> None:
        self._articles = {article.id: article for article in articles}

    def __len__(self) -> int:
        return len(self._articles)

    def articles(self) -> list[Article]:
        return list(self._articles.values())

    def article(self, article_id: str) -> Article | None:
        return self._articles.get(article_id)

    def remove(self, article_id: str) -> None:
        del self._articles[article_id]
        self.revision += 1

    def put(self, article: Article) -> None:
        self._articles[article.id] = article
        self.revision += 1


@dataclass
class Script:
    """What :class:`FakeChatbot` does with one question: an answer in so many steps, or an error."""

    answer: Answer | None = None
    error: Exception | None = None
    steps: int = 3
    fails_after: int = 0


class FakeChatbot:
    """Answers from a script. Unknown questions are not found; ``gate`` holds every answer back until set."""

    def __init__(self, articles: Sequence[Article], scripts: dict[str, Script]) -> None:
        self.index = FakeIndex(articles)
        self.scripts = scripts
        self.asked: list[tuple[str, list[tuple[str, str]]]] = []
        self.is_ready = False
        self.gate = threading.Event()
        self.gate.set()

    def ask(self, question: str, history: Sequence[tuple[str, str]] = ()) -> Answer:
        *_, last = self.stream(question, history)
        return last

    def stream(self, question: str, history: Sequence[tuple[str, str]] = ()) -> Iterator[Answer]:
        self.asked.append((question, list(history)))
        self.gate.wait(timeout=30)
        self.is_ready = True
        script = self.scripts.get(question) or Script(not_found("en"))
        if script.error is not None and not script.fails_after:
            raise script.error
        answer = script.answer or not_found("en")
        for step in range(1, script.steps):
            if script.error is not None and step > script.fails_after:
                raise script.error
            yield replace(answer, text=answer.text[: len(answer.text) * step // script.steps], citations=())
        if script.error is not None:
            raise script.error
        yield answer


class BrokenLibraryError(HaberciError):
    templates = {"en": "The library is broken: {reason}.", "tr": "Kitaplık bozuk: {reason}."}  # noqa: RUF012


def not_found(language: str) -> Answer:
    text = "Haberler bunu söylemiyor." if language == "tr" else "The articles don't say."
    return Answer(text, "tr" if language == "tr" else "en", found=False, citations=(), method="none")
