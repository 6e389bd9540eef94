"""The commands that look at the library, and after it: list, status, check, rebuild, model."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from index import Article, Index, Language, Settings
from index.settings import PACKAGED_MODEL
from index.storage.health import Problem, Status
from ui.commands import DONE, FAILED, SOME_FAILED, Home, Json, JsonList, command, load_model
from ui.terminal import Terminal, one_line, shown

_Repair = Annotated[bool, typer.Option("--repair", help="opt_repair")]


@command
def list_(context: typer.Context, as_json: JsonList = False, home: Home = None) -> int:
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
    """Id, date, language, title."""
    date = article.published.isoformat() if article.published else ""
    return tuple(map(one_line, (article.id, date, article.language or "", article.title or "")))


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


# --- how the library is -----------------------------------------------------------------------------


@command
def status(context: typer.Context, as_json: Json = False, home: Home = None) -> int:
    terminal: Terminal = context.obj
    # An index of another model has a status too, and one of its problems is that.
    with Index.open(home, for_rebuild=True) as index:
        found = index.status()
    if as_json:
        terminal.show_json(found.to_dict())
    else:
        _show_library(terminal, found)
    return SOME_FAILED if found.problems else DONE


def _show_library(terminal: Terminal, found: Status) -> None:
    number, language = _numbers(terminal.language), terminal.language
    names = [f"{terminal.text(f'language_{name}')} {number(count)}" for name, count in found.languages.items()]
    terminal.show(terminal.text("status_folder", folder=found.folder))
    counted = f"{number(found.articles)} ({', '.join(names)})" if names else number(found.articles)
    terminal.show(terminal.text("status_articles", articles=counted))
    terminal.show(terminal.text("status_index", chunks=number(found.chunks), rows=number(found.rows)))
    terminal.show(terminal.text("status_model", model=found.model, reader=found.reader))
    chroma = terminal.text("status_in_folder") if found.chroma == "folder" else found.chroma
    terminal.show(terminal.text("status_chroma", chroma=chroma))
    terminal.show(terminal.text("status_revision", revision=number(found.revision)))
    parts = [
        f"{terminal.text(f'part_{name}')} {_megabytes(size, language)}" for name, size in found.bytes_on_disk.items()
    ]
    total = _megabytes(sum(found.bytes_on_disk.values()), language)
    terminal.show(terminal.text("status_size", total=total, parts=", ".join(parts)))
    for origin, moment in found.synced.items():
        terminal.show(terminal.text("status_synced", moment=_moment(moment), origin=origin))
    _show_problems(terminal, "problem", found.problems)


def _show_problems(terminal: Terminal, key: str, problems: Sequence[Problem]) -> None:
    style = "green" if key == "repaired" else "red"
    for problem in problems:
        terminal.show((terminal.text(key), style), f"\t{' '.join(problem.message(terminal.language).split())}")


def _numbers(language: Language) -> Callable[[float], str]:
    """How whole numbers are written in ``language``."""
    return lambda number: f"{number:,.0f}" if language == "en" else f"{number:,.0f}".replace(",", ".")


def _megabytes(size: int, language: Language) -> str:
    written = f"{size / 1e6:,.1f} MB"
    return written if language == "en" else written.translate(str.maketrans(",.", ".,"))


def _moment(iso: str) -> str:
    """``2025-12-23T10:15:00+00:00`` as ``2025-12-23 10:15 UTC``."""
    return f"{datetime.fromisoformat(iso).astimezone(UTC):%Y-%m-%d %H:%M} UTC"


@command
def check(context: typer.Context, repair: _Repair = False, as_json: Json = False, home: Home = None) -> int:
    terminal: Terminal = context.obj
    # Whatever is damaged, it must be possible to open it here.
    with Index.open(home, for_rebuild=True) as index, terminal.step("step_check", quiet=as_json) as report:
        found = index.check(repair, report)
    if as_json:
        told = {"problems": found.problems, "repaired": found.repaired}
        lists = {name: [_told(problem, terminal.language) for problem in some] for name, some in told.items()}
        terminal.show_json({"is_well": found.is_well, **lists})
    else:
        _show_problems(terminal, "repaired", found.repaired)
        _show_problems(terminal, "problem", found.problems)
        if found.is_well:
            terminal.show(terminal.text("check_well"))
        else:
            terminal.note(terminal.text("check_left" if repair else "check_advice"))
    return DONE if found.is_well else FAILED


def _told(problem: Problem, language: Language) -> dict[str, str]:
    return {"kind": problem.kind, "message": problem.message(language)}


@command
def rebuild(context: typer.Context, home: Home = None) -> int:
    terminal: Terminal = context.obj
    with Index.open(home, for_rebuild=True) as index:
        if not index.revision:
            terminal.show(terminal.text("nothing_to_rebuild"))
            return DONE
        load_model(terminal, index)
        with terminal.step("step_rebuild") as report:
            changes = index.rebuild(report)
    terminal.show(terminal.text("rebuilt", count=len(changes.changed)))
    return DONE


@command
def model(context: typer.Context, as_json: Json = False) -> int:
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
