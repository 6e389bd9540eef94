"""What the page does when somebody asks, clicks or arrives.

Every function here answers one event. What belongs to one visitor is passed in and out (``turns``, kept by
Gradio for each browser session); this object holds nothing of anybody's conversation.
"""

from __future__ import annotations

import itertools
import logging
import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import gradio as gr

from bot.types import Answer
from index import HaberciError, Language
from ui import render
from ui.render import Turn
from ui.strings import EXAMPLES, Example, page_language, text

if TYPE_CHECKING:
    from bot import Chatbot

logger = logging.getLogger(__name__)

Update = Any  # A component's new value, gr.update(...) or gr.skip(): Gradio has no common type for these.
# In the place of a revision, of a library that cannot be read.
_UNKNOWN = -1


class Chat:
    """The event handlers of one page around one chatbot."""

    def __init__(self, chatbot: Chatbot, title: str) -> None:
        self._chatbot = chatbot
        self._title = title
        self._shown = itertools.count(1)
        # The list of each language with its revision, made once for all who look at it.
        self._shelves: dict[Language, tuple[int, str]] = {}
        self._one_shelf = threading.Lock()
        self._is_closed = False

    # Outputs: masthead, conversation, shelf, question box, ask button, new-chat button.
    def arrive(self, request: gr.Request) -> tuple[Update, ...]:
        """A fresh page in the browser's language."""
        page = page_of(request)
        return (
            render.masthead(self._title, page),
            render.conversation((), page, self._examples()),
            self.shelf(page),
            gr.update(label=text(page, "question_label"), placeholder=text(page, "question_placeholder")),
            gr.update(value=text(page, "send")),
            gr.update(value=text(page, "new_chat")),
        )

    # Outputs: turns, conversation, panel, question box, ask button.
    def ask(self, question: str | None, turns: list[Turn], request: gr.Request) -> Iterator[tuple[Update, ...]]:
        """Answer ``question`` as it is found; a failed one goes back into the box."""
        page = page_of(request)
        question = _whole_characters(question or "")
        if not question.strip():
            yield (gr.skip(),) * 5
            return
        turns = [*turns, Turn(question, pending=True, loading=not self._chatbot.is_ready)]
        yield self._frame(turns, page, gr.skip(), "", busy=True)
        try:
            yield from self._stream(turns, page)
        except HaberciError as error:
            turns[-1] = Turn(question, error=error.message(page))
        except Exception:
            if self._is_closed:
                return  # What an answer needs is gone, and so is whoever would be told.
            logger.exception("A question could not be answered")
            turns[-1] = Turn(question, error=text(page, "error_unexpected"))
        failed = turns[-1].error is not None
        # What was marked for an earlier question is no evidence for this one.
        nothing = turns[-1].answer is not None and not turns[-1].answer.found
        panel = "" if nothing else gr.skip()
        yield self._frame(turns, page, panel, question if failed else gr.skip(), busy=False)

    def example(self, event: gr.EventData, turns: list[Turn], request: gr.Request) -> Iterator[tuple[Update, ...]]:
        """Ask the example question that was clicked."""
        question = _data(event).get("question")
        yield from self.ask(question if isinstance(question, str) else "", turns, request)

    def close(self) -> None:
        """The page is being closed: an answer under way that fails from now on is nothing to report."""
        self._is_closed = True

    # Outputs: panel.
    def show(self, event: gr.EventData, turns: list[Turn], request: gr.Request) -> Update:
        """Show the quote or the article that was clicked; for anything else nothing, which leaves the library."""
        page = page_of(request)
        data = _data(event)
        try:
            cited = _cited(turns, data.get("turn"), data.get("citation"))
            if cited is not None:
                return self._evidence(*cited, page)
            article = self._chatbot.index.article(data["article"]) if isinstance(data.get("article"), str) else None
        except HaberciError as error:
            return self._panel(render.notice(error.message(page), page), page)
        if article is None:
            return ""
        return self._panel(render.panel_bar(page) + render.article_view(article, page), page, article.id)

    # Outputs: turns, conversation, panel, question box, ask button.
    def clear(self, request: gr.Request) -> tuple[Update, ...]:
        """Forget the conversation."""
        page = page_of(request)
        chat = render.conversation((), page, self._examples())
        return [], chat, "", "", gr.update(interactive=True)

    # Outputs: shelf, what is said of the open article.
    def follow(self, sight: object, request: gr.Request) -> tuple[Update, Update]:
        """The library as it is now, for a page that shows another revision; nothing changes otherwise.

        ``sight`` is what the browser says it shows: {"revision": …, "article": the id of the one that is open}.
        """
        page = page_of(request)
        seen = sight if isinstance(sight, dict) else {}
        opened = seen.get("article")
        try:
            if self._chatbot.index.revision == seen.get("revision"):
                return gr.skip(), gr.skip()
            is_gone = isinstance(opened, str) and opened and self._chatbot.index.article(opened) is None
        except HaberciError as error:
            # Said once: telling it again with every tick would have it read out again.
            is_told = seen.get("revision") == _UNKNOWN
            return gr.skip() if is_told else _broken_shelf(error, page), gr.skip()
        return self.shelf(page), render.gone_note(page) if is_gone else ""

    def shelf(self, page: Language) -> str:
        """The library as a list; with one article only, that article."""
        try:
            with self._one_shelf:
                # Read before the articles: what is written in between is seen with the next look.
                revision = self._chatbot.index.revision
                if page not in self._shelves or self._shelves[page][0] != revision:
                    articles = self._chatbot.index.articles()
                    shelf = render.shelf(render.library(articles, page), page, revision, len(articles))
                    self._shelves[page] = revision, shelf
                return self._shelves[page][1]
        except HaberciError as error:
            return _broken_shelf(error, page)

    def api_ask(self, question: str, request: gr.Request) -> dict[str, Any]:
        """Answer one question. Returns the answer's text, language, found, citations and method as JSON."""
        try:
            return self._chatbot.ask(question).to_dict()
        except HaberciError as error:
            raise gr.Error(error.message(page_of(request)), print_exception=False) from error

    def _stream(self, turns: list[Turn], page: Language) -> Iterator[tuple[Update, ...]]:
        """The frames of a growing answer; ``turns[-1]`` holds the answer at the end."""
        question = turns[-1].question
        history = [
            (turn.answer.question or turn.question, turn.answer.text) for turn in turns[:-1] if turn.answer is not None
        ]
        answer: Answer | None = None
        for answer in self._chatbot.stream(question, history=history):
            panel = gr.skip()
            before = turns[-1].answer
            known = turns[-1].languages
            if answer.citations and (before is None or before.citations != answer.citations):
                known = self._languages(answer)
                panel = self._evidence(answer, len(turns) - 1, 0, page)
            turns[-1] = replace(turns[-1], answer=answer, languages=known)
            yield self._frame(turns, page, panel, gr.skip(), busy=True)
        if answer is None:
            raise RuntimeError("the chatbot streamed no answer at all")
        # With an empty library, other words would not help.
        turns[-1] = replace(turns[-1], pending=False, hint=len(self._chatbot.index) > 0)

    def _frame(
        self, turns: list[Turn], page: Language, panel: Update, box: Update, *, busy: bool
    ) -> tuple[Update, ...]:
        return list(turns), render.conversation(turns, page), panel, box, gr.update(interactive=not busy)

    def _evidence(self, answer: Answer, turn: int, number: int, page: Language) -> str:
        """The article of one citation with everything that the answer quotes from it marked."""
        chosen = answer.citations[number]
        bar = render.panel_bar(page, turn=turn, answer=answer, shown_id=chosen.article_id)
        article = self._chatbot.index.article(chosen.article_id)
        if article is None:
            return self._panel(bar + render.gone_view(chosen, page), page)
        here = [citation for citation in answer.citations if citation.article_id == chosen.article_id]
        # By position, not by value: the same sentence may be cited twice.
        current = sum(citation.article_id == chosen.article_id for citation in answer.citations[:number])
        view = render.article_view(article, page, citations=here, current=current)
        return self._panel(bar + view, page, article.id)

    def _panel(self, inside: str, page: Language, article_id: str = "") -> str:
        return render.panel(inside, page, next(self._shown), article_id)

    def _languages(self, answer: Answer) -> dict[str, Language]:
        found = {citation.article_id: self._chatbot.index.article(citation.article_id) for citation in answer.citations}
        return {key: article.language for key, article in found.items() if article is not None and article.language}

    def _examples(self) -> list[Example]:
        """The examples that some article in the library answers."""
        try:
            articles = self._chatbot.index.articles()
        except HaberciError:  # The panel beside the chat says so.
            return []
        return [example for example in EXAMPLES if any(example.answered_by in article.text for article in articles)]


def page_of(request: gr.Request) -> Language:
    """The language of the visitor's browser."""
    return page_language(request.headers.get("accept-language"))


def _broken_shelf(error: HaberciError, page: Language) -> str:
    return render.shelf(render.notice(error.message(page), page), page, _UNKNOWN)


def _data(event: gr.EventData) -> dict[str, Any]:
    data = getattr(event, "_data", None)
    return data if isinstance(data, dict) else {}


def _cited(turns: Sequence[Turn], turn: object, citation: object) -> tuple[Answer, int, int] | None:
    """The answer, its turn and the citation's number, when a browser's numbers name a real one."""
    if not isinstance(turn, int) or not isinstance(citation, int) or not 0 <= turn < len(turns):
        return None
    answer = turns[turn].answer
    if answer is None or not 0 <= citation < len(answer.citations):
        return None
    return answer, turn, citation


def _whole_characters(question: str) -> str:
    """The question without halves of characters (lone surrogates), which no page can be sent."""
    return question.encode("utf-8", "replace").decode("utf-8")
