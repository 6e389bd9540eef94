"""What is wrong with the arguments of a command, in the user's language."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any

import typer

from ui.cli_strings import EXIT_CODES
from ui.terminal import Terminal

# The class of all errors of usage; typer gives it no public name.
UsageError: type[Exception] = typer.BadParameter.__mro__[1]


class NoSuchCommand(typer.BadParameter):
    """The message is the name that was typed."""


def explain(error: Any, terminal: Terminal) -> None:
    """Say it in one line, with the command whose help says more; show the help when there were no arguments at all."""
    if type(error).__name__ == "NoArgsIsHelpError":
        error.show()
        return
    usage = error.ctx.command_path if error.ctx else "haberci"
    terminal.note(" ".join([*_mistake(error, usage, terminal), terminal.text("usage_help", usage=usage)]))


def _mistake(error: Any, usage: str, terminal: Terminal) -> Iterable[str]:
    # By name, since typer keeps most of the classes to itself.
    match type(error).__name__:
        case "NoSuchCommand":
            yield terminal.text("usage_command", name=error.message)
            yield from _meant(get_close_matches(error.message, EXIT_CODES), terminal)
        case "NoSuchOption":
            yield terminal.text("usage_option", name=error.option_name)
            yield from _meant(error.possibilities or (), terminal)
        case "BadOptionUsage":
            # Nothing but its message tells the two apart.
            key = "usage_value" if "requires" in error.message else "usage_flag"
            yield terminal.text(key, name=error.option_name)
        case "MissingParameter":
            yield terminal.text("usage_missing", name=error.param.metavar)
        case "BadParameter" if error.param is not None:
            yield terminal.text(f"usage_{error.param.name}")
        case "BadParameter":
            # One of ours, which is in the user's language already.
            yield f"{error.param_hint}: {error.message}."
        case _:
            yield terminal.text("usage_extra", usage=usage)


def _meant(names: Iterable[str], terminal: Terminal) -> Iterable[str]:
    known = ", ".join(names)
    return [terminal.text("usage_meant", names=known)] if known else []
