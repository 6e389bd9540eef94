"""What every command of ``haberci`` shares: the app, its exit codes, its options, and how errors become messages.

The texts of help and messages stand in :mod:`ui.cli_strings`; the ``help`` of a command or option is the key of its
text. Model, database and web page take seconds to import, so the commands import them.
"""

from __future__ import annotations

import functools
import os
import sys
import traceback
from collections.abc import Callable, Sequence
from enum import StrEnum
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from index import HaberciError, Index, Language, QuestionError, seed_articles
from index.settings import PACKAGED_MODEL
from ui.cli_strings import EXIT_CODES, exit_codes, terminal_language, text
from ui.terminal import Terminal
from ui.usage import NoSuchCommand, UsageError, explain

# docs/cli.md and every command's help list them; ui.cli_strings.EXIT_CODES says which command ends with which.
DONE, NOT_FOUND, WRONG_USAGE, FAILED, SOME_FAILED, INTERRUPTED, PIPE_CLOSED = 0, 1, 2, 3, 4, 130, 141


class _Commands(TyperGroup):
    """The commands, with their help in the user's language and UTF-8 output under every locale."""

    def main(self, args: Sequence[str] | None = None, *rest: Any, **more: Any) -> Any:
        for stream in (sys.stdout, sys.stderr):
            if hasattr(stream, "reconfigure"):
                stream.reconfigure(encoding="utf-8", errors="replace")
        language = terminal_language(sys.argv[1:] if args is None else args, os.environ)
        _translate(self, language)
        try:
            # Not standalone: typer would print the errors, in English, and end the process.
            code = super().main(args, *rest, **{**more, "standalone_mode": False})
        except UsageError as error:
            explain(error, Terminal(language))
            code = WRONG_USAGE
        sys.exit(code)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        if args[0] not in self.commands:
            raise NoSuchCommand(args[0], ctx=ctx)
        return super().resolve_command(ctx, args)

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002
        # Which module registers its commands first says nothing about which are needed first.
        return list(EXIT_CODES)


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


def command(function: Callable[..., int]) -> Callable[..., None]:
    """Register a command that returns its exit code. Here, and nowhere else, errors become messages."""

    @functools.wraps(function)
    def run(context: typer.Context, **arguments: Any) -> None:
        terminal: Terminal = context.obj
        try:
            code = function(context, **arguments)
            sys.stdout.flush()
        except HaberciError as error:
            tell(terminal, error)
            code = WRONG_USAGE if isinstance(error, QuestionError) else FAILED
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
            tell(terminal, error)
            code = FAILED
        raise typer.Exit(code)

    name = function.__name__.removesuffix("_")
    app.command(name, help=f"help_{name}")(run)
    return run


def tell(terminal: Terminal, error: Exception) -> None:
    """Say in one line what went wrong; where, when that is wanted."""
    if isinstance(error, HaberciError):
        terminal.note(" ".join(error.message(terminal.language).split()))
    else:
        terminal.note(terminal.text("bug", error=" ".join(repr(error).split())))
    if terminal.debug:
        traceback.print_exception(error)


# --- options ----------------------------------------------------------------------------------------


class _MessageLanguage(StrEnum):
    TR = "tr"
    EN = "en"


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"haberci {version('haberci')}")
        raise typer.Exit


Home = Annotated[Path | None, typer.Option("--home", metavar="DIR", help="opt_home")]
Json = Annotated[bool, typer.Option("--json", help="opt_json")]
JsonList = Annotated[bool, typer.Option("--json", help="opt_json_list")]


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


# --- before a command can begin -----------------------------------------------------------------------


def load_model(terminal: Terminal, index: Index, *, quiet: bool = False) -> None:
    """Unpack and load all that the first question or article would otherwise wait for."""
    with terminal.step("step_model", quiet=quiet) as report:
        if index.settings.model == PACKAGED_MODEL:
            from index.packaged_model import packaged_model_folder

            packaged_model_folder(index.settings.cache, progress=lambda share: report(share, 1.0))
            report(0, None)
        index.embedder.load()
        _ = index.space


def seed(terminal: Terminal, index: Index, *, quiet: bool = False) -> None:
    """A library that nobody has ever written to starts with the shipped articles."""
    if not index.revision:
        with terminal.step("step_seed", quiet=quiet) as report:
            index.seed(seed_articles, report)
