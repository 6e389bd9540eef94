"""The terminal: the ``haberci`` command.

Model, database and web page take seconds to import, so the commands import them. The texts of help and
messages stand in :mod:`ui.cli_strings`; the ``help`` of a command or option is the key of its text.
"""

from __future__ import annotations

import functools
import os
import sys
import traceback
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, replace
from enum import StrEnum
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from index import Article, Changes, HaberciError, Index, Language, QuestionError, Settings, read_articles, seed_articles
from index.articles import find_article_files, shorten
from index.errors import ArticleFileError
from index.search import MAX_QUESTION_CHARS, check_question
from index.settings import PACKAGED_MODEL
from ui.cli_strings import exit_codes, terminal_language, text
from ui.terminal import Report, Terminal, shown

if TYPE_CHECKING:
    from bot import Answer, Chatbot, Citation

# docs/cli.md and every command's help list them; ui.cli_strings.EXIT_CODES says which command ends with which.
DONE, NOT_FOUND, WRONG_USAGE, FAILED, SOME_FAILED, INTERRUPTED, PIPE_CLOSED = 0, 1, 2, 3, 4, 130, 141

_LOOPBACK = ("127.", "localhost", "::1", "[::1]")
_STATUS_STYLES = {"added": "green", "changed": "yellow", "unchanged": "dim", "failed": "red", "removed": "yellow"}


class _Commands(TyperGroup):
    """The commands, with their help in the user's language and UTF-8 output under every locale."""

    def main(self, args: Sequence[str] | None = None, *rest: Any, **more: Any) -> Any:
        for stream in (sys.stdout, sys.stderr):
            if hasattr(stream, "reconfigure"):
                stream.reconfigure(encoding="utf-8", errors="replace")
        _translate(self, terminal_language(sys.argv[1:] if args is None else args, os.environ))
        return super().main(args, *rest, **more)


def _translate(command: Any, language: Language) -> None:
    """Put texts in the place of their keys, in a command and those below it."""
    command.help = text(language, command.help)
    codes = exit_codes(language, command.name)
    if codes:
        lines = [f"  {code:<4} {meaning}" for code, meaning in codes.items()]
        command.epilog = "\n".join(["\b", text(language, "exits"), *lines])
    for option in [*command.params, command.get_help_option(typer.Context(command))]:
        option.help = text(language, "opt_help" if option.name == "help" else option.help)
    for below in getattr(command, "commands", {}).values():
        _translate(below, language)


app = typer.Typer(
    name="haberci",
    cls=_Commands,
    help="help_haberci",
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


def _command(function: Callable[..., int]) -> Callable[..., None]:
    """Register a command that returns its exit code. Here, and nowhere else, errors become messages."""

    @functools.wraps(function)
    def run(context: typer.Context, **arguments: Any) -> None:
        terminal: Terminal = context.obj
        try:
            code = function(context, **arguments)
            sys.stdout.flush()
        except HaberciError as error:
            terminal.note(" ".join(error.message(terminal.language).split()))
            code = WRONG_USAGE if isinstance(error, QuestionError) else FAILED
            if terminal.debug:
                traceback.print_exc()
        except KeyboardInterrupt:
            terminal.note(terminal.text("stopped"))
            code = INTERRUPTED
        except BrokenPipeError:
            # The reader (head, less) has seen enough. What Python still holds for it must go nowhere.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            code = PIPE_CLOSED
        except (typer.Exit, typer.BadParameter):
            raise
        except Exception as error:  # noqa: BLE001
            # Left to Python, a mistake of ours would exit with 1, which says "the articles don't say".
            terminal.note(terminal.text("bug", error=" ".join(repr(error).split())))
            code = FAILED
            if terminal.debug:
                traceback.print_exc()
        raise typer.Exit(code)

    name = function.__name__.removesuffix("_")
    app.command(name, help=f"help_{name}")(run)
    return run


# --- options ----------------------------------------------------------------------------------------


class _MessageLanguage(StrEnum):
    TR = "tr"
    EN = "en"


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"haberci {version('haberci')}")
        raise typer.Exit


_Llm = Annotated[str | None, typer.Option("--llm", metavar="MODEL", help="opt_llm")]
_Home = Annotated[Path | None, typer.Option("--home", metavar="DIR", help="opt_home")]
_Json = Annotated[bool, typer.Option("--json", help="opt_json")]
_JsonList = Annotated[bool, typer.Option("--json", help="opt_json_list")]


@app.callback()
def _haberci(
    context: typer.Context,
    language: Annotated[_MessageLanguage | None, typer.Option("--language", help="opt_language")] = None,
    debug: Annotated[bool, typer.Option("--debug", help="opt_debug")] = False,
    _wants_version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="opt_version")
    ] = False,
) -> None:
    given = ["--language", language.value] if language else []
    context.obj = Terminal(terminal_language(given, os.environ), debug=debug)


# --- chat and ask -----------------------------------------------------------------------------------


@_command
def chat(
    context: typer.Context,
    host: Annotated[str, typer.Option(metavar="HOST", help="opt_host")] = "127.0.0.1",
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="opt_port")] = None,
    open_browser: Annotated[bool, typer.Option("--open/--no-open", help="opt_open")] = False,
    llm: _Llm = None,
    home: _Home = None,
) -> int:
    terminal: Terminal = context.obj
    if not host.strip():
        raise typer.BadParameter(terminal.text("host_blank"), param_hint="--host")
    from ui.app import free_port, launch

    if port:
        # A taken port is said now, not after the seconds that loading takes.
        free_port(host, port)
    with Index.open(home) as index:
        chatbot = _open_chatbot(terminal, index, llm)
        _load_model(terminal, index)
        _seed(terminal, index)
        with terminal.step("step_page"):
            chatbot.load()
            page = launch(chatbot, host=host, port=port, open_browser=open_browser)
        with page:
            _announce(terminal, page.url, host, len(index))
            page.wait()
        terminal.note(terminal.text("chat_stopped"))
    return DONE


def _announce(terminal: Terminal, url: str, host: str, articles: int) -> None:
    form = {0: "ready_none", 1: "ready_one"}.get(articles, "ready_many")
    terminal.show((terminal.text(form, url=url, count=articles), "bold"))
    if not host.startswith(_LOOPBACK):
        terminal.note((terminal.text("open_to_others", host=host), "yellow"))
    terminal.note(terminal.text("stop_hint"))


@_command
def ask(
    context: typer.Context,
    question: Annotated[str, typer.Argument(metavar="QUESTION", help="arg_question", show_default=False)],
    as_json: _Json = False,
    llm: _Llm = None,
    home: _Home = None,
) -> int:
    terminal: Terminal = context.obj
    # Before the seconds that loading the model takes.
    check_question(question := _read_question(question, terminal))
    with Index.open(home) as index:
        chatbot = _open_chatbot(terminal, index, llm, quiet=True)
        _load_model(terminal, index, quiet=True)
        _seed(terminal, index, quiet=True)
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


# --- writing the library ----------------------------------------------------------------------------


@_command
def index_(
    context: typer.Context,
    paths: Annotated[list[Path], typer.Argument(metavar="FILE|FOLDER", help="arg_paths", show_default=False)],
    as_json: _Json = False,
    home: _Home = None,
) -> int:
    terminal: Terminal = context.obj
    index = Index.open(home)
    with terminal.step("step_read", quiet=as_json) as report:
        articles, failed = _read_all(terminal, paths, report)
    changes = Changes(revision=index.revision)
    if articles:
        _load_model(terminal, index, quiet=as_json)
        with terminal.step("step_index", quiet=as_json) as report:
            changes = index.add(articles, report)
    changes = replace(changes, failed=failed)
    if as_json:
        terminal.show_json(asdict(changes))
    else:
        _show_changes(terminal, changes, articles, len(index))
    if not articles:
        return FAILED
    return SOME_FAILED if failed else DONE


def _read_all(terminal: Terminal, paths: Iterable[Path], report: Report) -> tuple[list[Article], dict[str, str]]:
    """The articles of all files, and for each file that cannot be taken the reason. Says which folders are empty."""
    articles: dict[str, Article] = {}
    failed: dict[str, str] = {}
    for path, read in _read_each(paths):
        if read is None:
            terminal.note(terminal.text("no_files", path=path))
        elif isinstance(read, ArticleFileError):
            failed[str(read.values["path"])] = str(read.values["reason_tr" if terminal.language == "tr" else "reason"])
        elif articles.setdefault(read.id, read) != read:
            failed[str(path / (read.source or ""))] = terminal.text("same_id", source=read.source, article_id=read.id)
        report(len(articles) + len(failed), None)
    return list(articles.values()), failed


def _read_each(paths: Iterable[Path]) -> Iterator[tuple[Path, Article | ArticleFileError | None]]:
    """Each path with each article or error it holds; with None when it holds none."""
    for path in paths:
        try:
            if not find_article_files(path):
                yield path, None
            for read in read_articles(path):
                yield path, read
        except ArticleFileError as error:
            yield path, error
        except OSError as error:
            yield path, ArticleFileError(path=path, reason=error.strerror or str(error))


def _show_changes(terminal: Terminal, changes: Changes, articles: Sequence[Article], total: int) -> None:
    status = {i: name for name in ("added", "changed", "unchanged") for i in getattr(changes, name)}
    for article in articles:
        _show_status(terminal, status[article.id], article.id, article.title or "")
    for path, reason in changes.failed.items():
        terminal.note((terminal.text("failed"), _STATUS_STYLES["failed"]), f"\t{path}\t{reason}")
    if not articles:
        terminal.note(terminal.text("nothing_read"))
        return
    counts = {name: len(getattr(changes, name)) for name in ("added", "changed", "unchanged", "failed")}
    terminal.show(terminal.text("summary", **counts, total=total))


def _show_status(terminal: Terminal, status: str, *columns: str) -> None:
    cells = "".join(f"\t{' '.join(column.split())}" for column in columns if column)
    terminal.show((terminal.text(status), _STATUS_STYLES[status]), cells)


@_command
def rebuild(context: typer.Context, home: _Home = None) -> int:
    terminal: Terminal = context.obj
    with Index.open(home, for_rebuild=True) as index:
        if not index.revision:
            terminal.show(terminal.text("nothing_to_rebuild"))
            return DONE
        _load_model(terminal, index)
        with terminal.step("step_rebuild") as report:
            changes = index.rebuild(report)
    terminal.show(terminal.text("rebuilt", count=len(changes.changed)))
    return DONE


@_command
def remove(
    context: typer.Context,
    ids: Annotated[list[str], typer.Argument(metavar="ID", help="arg_ids", show_default=False)],
    home: _Home = None,
) -> int:
    terminal: Terminal = context.obj
    with Index.open(home) as index:
        removed = index.remove(ids).removed
    for article_id in dict.fromkeys(ids):
        if article_id in removed:
            _show_status(terminal, "removed", article_id)
        else:
            terminal.note(terminal.text("not_there", article_id=article_id))
    if not removed:
        return FAILED
    return DONE if len(removed) == len(set(ids)) else SOME_FAILED


def _load_model(terminal: Terminal, index: Index, *, quiet: bool = False) -> None:
    """Unpack and load all that the first question or article would otherwise wait for."""
    with terminal.step("step_model", quiet=quiet) as report:
        if index.settings.model == PACKAGED_MODEL:
            from index.packaged_model import packaged_model_folder

            packaged_model_folder(index.settings.cache, progress=lambda share: report(share, 1.0))
            report(0, None)
        index.embedder.load()
        _ = index.space


def _seed(terminal: Terminal, index: Index, *, quiet: bool = False) -> None:
    """A library that nobody has ever written to starts with the shipped articles."""
    if not index.revision:
        with terminal.step("step_seed", quiet=quiet) as report:
            index.seed(seed_articles, report)


# --- reading the library ----------------------------------------------------------------------------


@_command
def list_(context: typer.Context, as_json: _JsonList = False, home: _Home = None) -> int:
    terminal: Terminal = context.obj
    with Index.open(home) as index:
        articles, untouched = index.articles(), not index.revision
    if as_json:
        terminal.show_json([_listed(article) for article in articles])
    elif not articles:
        terminal.note(terminal.text("list_untouched" if untouched else "list_empty"))
    elif terminal.is_interactive:
        _show_table(terminal, articles)
    else:
        for article in articles:
            terminal.show("\t".join(_row(article)))
    return DONE


def _listed(article: Article) -> dict[str, Any]:
    values = asdict(article)
    values["characters"] = len(values.pop("text"))
    values["published"] = article.published.isoformat() if article.published else None
    return values


def _row(article: Article) -> tuple[str, ...]:
    """Id, date, language, title; without the tabs and line feeds that would break a line of them."""
    date = article.published.isoformat() if article.published else ""
    return tuple(" ".join(cell.split()) for cell in (article.id, date, article.language or "", article.title or ""))


def _show_table(terminal: Terminal, articles: Iterable[Article]) -> None:
    from rich.table import Table

    table = Table(box=None, header_style="bold", pad_edge=False)
    table.add_column(terminal.text("column_id"), overflow="fold", style="cyan")
    table.add_column(terminal.text("column_date"), no_wrap=True)
    table.add_column(terminal.text("column_language"), no_wrap=True)
    table.add_column(terminal.text("column_title"))
    for article in articles:
        table.add_row(*map(shown, _row(article)))
    terminal.draw(table)


@_command
def model(context: typer.Context, as_json: _Json = False) -> int:
    terminal: Terminal = context.obj
    settings = Settings.read()
    if settings.model == PACKAGED_MODEL:
        from index.packaged_model import packaged_model_folder

        with terminal.step("step_model", quiet=True) as report:
            folder = str(packaged_model_folder(settings.cache, progress=lambda share: report(share, 1.0)).absolute())
    else:
        from index.library import make_embedder

        folder = str(make_embedder(settings).folder)
    if as_json:
        terminal.show_json({"model": settings.model, "folder": folder})
    else:
        typer.echo(folder)
    return DONE


def main() -> None:
    """The console command ``haberci``; ends the process with the command's exit code."""
    app(prog_name="haberci")


if __name__ == "__main__":
    main()
