"""Where the terminal's commands write: results, messages and progress, in the user's language."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer
from rich.console import Console
from rich.text import Text

from index import Language
from ui.cli_strings import text

if TYPE_CHECKING:
    from rich.table import Table

# What an article's text may hold, but no terminal should be sent: the codes that move its cursor or rename it.
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def shown(piece: str) -> str:
    """``piece`` as a terminal may be sent it."""
    return _CONTROLS.sub("\N{REPLACEMENT CHARACTER}", piece)


def one_line(piece: str) -> str:
    """``piece`` without the tabs and line feeds that would break a line of columns."""
    return " ".join(piece.split())


Report = Callable[[float, float | None], None]
"""Called with (done, in all) while a step goes on; None when nobody knows how much there is."""


class Terminal:
    """Where a command writes: results to stdout, everything else to stderr, in the user's language.

    Only a terminal gets colours and progress bars; a file or pipe gets plain lines.
    """

    def __init__(self, language: Language, *, debug: bool = False) -> None:
        self.language = language
        self.debug = debug
        self._out = Console(file=sys.stdout, highlight=False, markup=False, emoji=False)
        self._err = Console(file=sys.stderr, highlight=False, markup=False, emoji=False)

    @property
    def is_interactive(self) -> bool:
        """Whether results are read by a person rather than by a program."""
        return self._out.is_terminal

    def text(self, key: str, **values: object) -> str:
        return text(self.language, key, **values)

    def show(self, *parts: str | tuple[str, str]) -> None:
        """One piece of the result on stdout; a part may be (text, rich style)."""
        self._write(self._out, parts, to_stderr=False)

    def note(self, *parts: str | tuple[str, str]) -> None:
        """One message on stderr."""
        self._write(self._err, parts, to_stderr=True)

    def draw(self, table: Table) -> None:
        """A table on stdout, as wide as the terminal."""
        self._out.print(table)

    def show_json(self, value: object) -> None:
        """One JSON value on stdout."""
        encoded = json.dumps(value, ensure_ascii=False, indent=2)
        typer.echo(_CONTROLS.sub(lambda found: f"\\u{ord(found.group()):04x}", encoded))

    @contextmanager
    def step(self, key: str, *, quiet: bool = False) -> Iterator[Report]:
        """Say on stderr what is going on, with a bar on a terminal; ``quiet`` leaves a file or pipe alone."""
        if not self._err.is_terminal:
            if not quiet:
                self.note(self.text(key))
            yield lambda *_: None
            return
        from rich.progress import BarColumn, Progress, SpinnerColumn, TaskProgressColumn, TextColumn

        columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), BarColumn(), TaskProgressColumn())
        with Progress(*columns, console=self._err, transient=True) as bars:
            task = bars.add_task(self.text(key), total=None)
            yield lambda done, total: bars.update(task, completed=done, total=total)

    @staticmethod
    def _write(console: Console, parts: Sequence[str | tuple[str, str]], *, to_stderr: bool) -> None:
        pieces = [(part, "") if isinstance(part, str) else part for part in parts]
        safe = [(shown(piece), style) for piece, style in pieces]
        if console.is_terminal:
            console.print(Text.assemble(*safe))
        else:
            typer.echo("".join(piece for piece, _ in safe), err=to_stderr)
