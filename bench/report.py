"""What the benchmarks have in common: what they are given, tables in Markdown, figures in JSON, progress."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, TypeVar

from rich.console import Console
from rich.progress import track

from bench.data import LAYOUTS, SOURCE, Corpus
from bench.memo import MemoEmbedder
from bench.peers import Missing, System
from index import Language

PACKAGES = ("haberci", "sentence-transformers", "transformers", "torch", "chromadb", "tantivy", "numpy")
LANGUAGE_NAMES: dict[Language, str] = {"tr": "Turkish", "en": "English"}

T = TypeVar("T")
Cell = str | int | float | None


@dataclass(frozen=True, slots=True)
class Setup:
    """What a benchmark runs on. ``limit``: at most so many questions a language, evenly spread; 0 for all.
    ``reader`` and ``llm``: as in :class:`~index.settings.Settings`."""

    corpus: Corpus
    embedder: MemoEmbedder
    layouts: tuple[str, ...] = LAYOUTS
    limit: int = 0
    systems: tuple[System | Missing, ...] = ()
    reader: str = "off"
    llm: str | None = None

    def describe(self) -> str:
        """A line for the report: data, model, versions."""
        asked = f", {self.limit} of them asked" if self.limit else ""
        return (
            f"Data: XQuAD ({SOURCE}): {self.corpus.describe()}{asked}. "
            f"Model: {self.embedder.fingerprint.split('|')[0]}. {describe_versions()}."
        )


@dataclass(slots=True)
class Report:
    """One benchmark's result: ``figures`` for programs, ``blocks`` of Markdown for readers."""

    name: str
    title: str
    figures: dict[str, Any] = field(default_factory=dict)
    blocks: list[str] = field(default_factory=list)

    def add(self, *blocks: str) -> None:
        self.blocks += blocks

    def write(self, folder: Path) -> None:
        """Write ``NAME.md`` and ``NAME.json`` into ``folder``."""
        folder.mkdir(parents=True, exist_ok=True)
        text = "\n\n".join([f"# {self.title}", *self.blocks]) + "\n"
        (folder / f"{self.name}.md").write_text(text, encoding="utf-8")
        figures = json.dumps(self.figures, ensure_ascii=False, indent=1)
        (folder / f"{self.name}.json").write_text(figures + "\n", encoding="utf-8")


def describe_versions() -> str:
    """Python and the packages that the figures depend on."""
    found = []
    for package in PACKAGES:
        try:
            found.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            found.append(f"{package} (source)")
    return f"Python {platform.python_version()}, {', '.join(found)}"


def describe_machine() -> str:
    """What a time was measured on."""
    return f"{os.cpu_count()} CPU cores"


def table(head: Sequence[str], rows: Iterable[Sequence[Cell]]) -> str:
    """A table in Markdown; shares between 0 and 1 as ``.912``, what is None as ``–``."""
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    lines += ["| " + " | ".join(map(show, row)) + " |" for row in rows]
    return "\n".join(lines)


def show(cell: Cell) -> str:
    """A cell's text."""
    if cell is None:
        return "–"
    if isinstance(cell, float):
        return f"{cell:.3f}".replace("0.", ".", 1) if 0 <= cell < 1 else f"{cell:.3f}"
    return str(cell)


def share(values: Sequence[bool]) -> float | None:
    """The share of True; None when there is nothing to count."""
    return round(sum(values) / len(values), 4) if values else None


def directions() -> list[tuple[str, str]]:
    """The four directions of a question: key and words."""
    turkish, english = LANGUAGE_NAMES["tr"], LANGUAGE_NAMES["en"]
    return [
        ("tr.same", f"{turkish} questions, {turkish} articles"),
        ("en.same", f"{english} questions, {english} articles"),
        ("tr.cross", f"{turkish} questions, {english} articles"),
        ("en.cross", f"{english} questions, {turkish} articles"),
    ]


def mean(values: Iterable[float | None]) -> float:
    """Of those that are not None; 0 when there are none."""
    known = [value for value in values if value is not None]
    return sum(known) / max(1, len(known))


# --- progress ---------------------------------------------------------------------------------------

_console = Console(stderr=True)


def steps(rows: Sequence[T], what: str) -> Iterator[T]:
    """The rows, with a bar on stderr while they are worked on."""
    yield from track(rows, description=f"{what:50}", console=_console, transient=True, disable=not _console.is_terminal)


def say(message: str) -> None:
    """One line on stderr."""
    _console.print(message, highlight=False, markup=False)
