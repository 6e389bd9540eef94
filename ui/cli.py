"""The terminal: the ``haberci`` command, and of its commands those that answer.

The others stand in :mod:`ui.library_cli` and :mod:`ui.upkeep_cli`, what all share in :mod:`ui.commands`.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Annotated

import typer

from index import Index
from index.articles import shorten
from index.search import MAX_QUESTION_CHARS, check_question
from ui import library_cli, upkeep_cli  # noqa: F401 - their commands
from ui.commands import DONE, NOT_FOUND, Home, Json, app, command, load_model, seed, tell
from ui.terminal import Terminal

if TYPE_CHECKING:
    from bot import Answer, Chatbot, Citation

_LOOPBACK = ("127.", "localhost", "::1", "[::1]")
_Llm = Annotated[str | None, typer.Option("--llm", metavar="MODEL", help="opt_llm")]


@command
def chat(
    context: typer.Context,
    host: Annotated[str, typer.Option(metavar="HOST", help="opt_host")] = "127.0.0.1",
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="opt_port")] = None,
    open_browser: Annotated[bool, typer.Option("--open/--no-open", help="opt_open")] = False,
    may_add: Annotated[bool, typer.Option("--add", help="opt_add")] = False,
    watched: Annotated[list[str] | None, typer.Option("--watch", metavar="FOLDER|FILE|URL", help="opt_watch")] = None,
    llm: _Llm = None,
    home: Home = None,
) -> int:
    terminal: Terminal = context.obj
    if not host.strip():
        raise typer.BadParameter(terminal.text("host_blank"), param_hint="--host")
    from ui.app import free_port, launch

    # What is wrong with the address is said now, not after the seconds that loading takes.
    free_port(host, port)
    with Index.open(home) as index:
        chatbot = _open_chatbot(terminal, index, llm)
        load_model(terminal, index)
        if not watched:  # the first sync would remove the shipped article again
            seed(terminal, index)
        with terminal.step("step_page"):
            chatbot.load()
            page = launch(chatbot, host=host, port=port, open_browser=open_browser, may_add=may_add)
        with page:
            _announce(terminal, page.url, host, len(index), may_add=may_add)
            with _following(terminal, index, watched or []):
                page.wait()
        terminal.note(terminal.text("chat_stopped"))
    return DONE


@contextmanager
def _following(terminal: Terminal, index: Index, sources: Sequence[str]) -> Iterator[None]:
    """Keeps the library equal to ``sources`` for as long as the block lasts, in a thread beside it."""
    stop = threading.Event()

    def follow() -> None:
        try:
            library_cli.follow(terminal, index, sources, library_cli.WATCH_INTERVAL_MIN, stop)
        except Exception as error:  # noqa: BLE001
            # The page goes on with what the library holds.
            tell(terminal, error)

    thread = threading.Thread(target=follow, name="watch")
    if sources:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        if sources:
            thread.join()


def _announce(terminal: Terminal, url: str, host: str, articles: int, *, may_add: bool) -> None:
    form = {0: "ready_none", 1: "ready_one"}.get(articles, "ready_many")
    terminal.show((terminal.text(form, url=url, count=articles), "bold"))
    if not host.startswith(_LOOPBACK):
        key = "open_to_others_may_add" if may_add else "open_to_others"
        terminal.note((terminal.text(key, host=host), "yellow"))
    terminal.note(terminal.text("stop_hint"))


@command
def ask(
    context: typer.Context,
    question: Annotated[str, typer.Argument(metavar="QUESTION", help="arg_question", show_default=False)],
    as_json: Json = False,
    llm: _Llm = None,
    home: Home = None,
) -> int:
    terminal: Terminal = context.obj
    # Before the seconds that loading the model takes.
    check_question(question := _read_question(question, terminal))
    with Index.open(home) as index:
        chatbot = _open_chatbot(terminal, index, llm, quiet=True)
        load_model(terminal, index, quiet=True)
        seed(terminal, index, quiet=True)
        with terminal.step("step_search", quiet=True):
            answer = chatbot.ask(question)
    if as_json:
        terminal.show_json(answer.to_dict())
    else:
        _show_answer(terminal, answer)
    return DONE if answer.found else NOT_FOUND


def _open_chatbot(terminal: Terminal, index: Index, llm: str | None, *, quiet: bool = False) -> Chatbot:
    """The chatbot, its language model tried before anything else: what is wrong with it is said at once."""
    from bot import Chatbot

    if llm is None and index.settings.llm is None:
        return Chatbot(index)
    with terminal.step("step_llm", quiet=quiet):
        return Chatbot(index, llm)


def _read_question(given: str, terminal: Terminal) -> str:
    """The question that was typed, or the whole of standard input for "-"."""
    if given != "-":
        # A locale that is not UTF-8 has decoded the terminal's UTF-8 as something else.
        with suppress(UnicodeError):
            return os.fsencode(given).decode("utf-8")
        return given
    most = 4 * MAX_QUESTION_CHARS + 4
    data = sys.stdin.buffer.read(most)
    try:
        # What was cut off in the middle of a character is too long anyhow.
        return data.decode("utf-8-sig", "strict" if len(data) < most else "ignore").strip()
    except UnicodeDecodeError as error:
        raise typer.BadParameter(terminal.text("question_not_utf8"), param_hint="QUESTION") from error


def _show_answer(terminal: Terminal, answer: Answer) -> None:
    if answer.question:
        terminal.show((terminal.text("understood", question=answer.question), "dim"))
    quotes = _quote_lines(answer.citations)
    for line in answer.text.splitlines():
        terminal.show(*quotes.get(line, [(line, "dim" if line.startswith("—") else "")]))
    if answer.note:
        terminal.note((answer.note, "yellow"))
    if not answer.citations:
        return
    terminal.show("")
    terminal.show((terminal.text("sources"), "bold"))
    for number, citation in enumerate(answer.citations, start=1):
        _show_citation(terminal, answer, number, citation)


def _quote_lines(citations: Sequence[Citation]) -> dict[str, list[tuple[str, str]]]:
    """The quotes as they stand in an answer's text, each with its parts: the exact words that answer in bold, or all of
    every quote when none of them is known."""
    from bot.phrases import quote_marks

    is_read = any(citation.answer_start is not None for citation in citations)
    lines = {}
    for citation in citations:
        line = quote_marks(" ".join(citation.quote.split()))
        if citation.answer_start is None or citation.answer_end is None:
            lines[line] = [(line, "" if is_read else "bold")]
            continue
        # Where the words stand once blanks and line breaks have become single spaces.
        before, words = (
            " ".join(citation.quote[start - citation.start : end - citation.start].split())
            for start, end in ((citation.start, citation.answer_start), (citation.answer_start, citation.answer_end))
        )
        at = line.index(words, line.index(before) + len(before))
        lines[line] = [(line[:at], ""), (words, "bold"), (line[at + len(words) :], "")]
    return lines


def _show_citation(terminal: Terminal, answer: Answer, number: int, citation: Citation) -> None:
    from bot.phrases import format_date, quote_marks

    day = format_date(citation.published, terminal.language) if citation.published else None
    place = terminal.text("place", start=citation.start, end=citation.end, article_id=citation.article_id)
    quote = " ".join(citation.quote.split())
    # An answer that quotes has said it all already.
    quote = shorten(quote, 70) if answer.method == "quote" else quote
    terminal.show((f"[{number}] ", "cyan"), ", ".join(part for part in (citation.title, day) if part) or quote)
    terminal.show("    ", (place, "dim"))
    terminal.show("    ", quote_marks(quote))
    if citation.url:
        terminal.show("    ", (citation.url, "blue"))


def main() -> None:
    """The command ``haberci``, which begins in :mod:`ui.start`; ends the process with the command's exit code."""
    app(prog_name="haberci")


if __name__ == "__main__":
    main()
