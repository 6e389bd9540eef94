"""The commands that write to the library: index, sync, watch, remove."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import fields, replace
from pathlib import Path
from typing import Annotated, Any

import typer

from index import Article, Changes, HaberciError, Index, Language, read_articles
from index.articles import find_article_files
from index.errors import ArticleFileError
from index.sources.documents import DOCUMENT_SUFFIXES
from index.sources.places import is_address
from ui.commands import DONE, FAILED, SOME_FAILED, Home, Json, command, load_model
from ui.terminal import Report, Terminal, one_line, shown

_STYLES = {"added": "green", "changed": "yellow", "renamed": "yellow", "removed": "yellow", "unchanged": "dim",
           "failed": "red"}  # fmt: skip
_TOUCHED = ("added", "changed", "renamed", "removed")

# Between two looks at the addresses that are watched.
WATCH_INTERVAL_MIN = 15.0

_Sources = Annotated[list[str], typer.Argument(metavar="FOLDER|FILE|URL", help="arg_sources", show_default=False)]


# --- index ------------------------------------------------------------------------------------------


@command
def index_(
    context: typer.Context,
    sources: Annotated[list[str], typer.Argument(metavar="FILE|FOLDER|URL", help="arg_paths", show_default=False)],
    as_json: Json = False,
    home: Home = None,
) -> int:
    terminal: Terminal = context.obj
    addresses = [source for source in sources if is_address(source)]
    paths = [Path(source) for source in sources if not is_address(source)]
    with Index.open(home) as index:
        articles, changes = _add_files(terminal, index, paths, quiet=as_json)
        if addresses:
            changes = _joined(changes, _take_in(terminal, index, addresses, quiet=as_json))
        if as_json:
            terminal.show_json(_plain(changes, terminal.language))
        else:
            _show_index(terminal, index, changes, articles)
    if not articles and all(address in changes.failed for address in addresses):
        return FAILED
    return SOME_FAILED if changes.failed else DONE


def _add_files(
    terminal: Terminal, index: Index, paths: Sequence[Path], *, quiet: bool
) -> tuple[list[Article], Changes]:
    if not paths:
        return [], Changes(revision=index.revision)
    with terminal.step("step_read", quiet=quiet) as report:
        articles, failed = _read_all(terminal, paths, report)
    changes = Changes(revision=index.revision)
    if articles:
        load_model(terminal, index, quiet=quiet)
        with terminal.step("step_index", quiet=quiet) as report:
            changes = index.add(articles, report)
    return articles, replace(changes, failed=failed)


def _take_in(terminal: Terminal, index: Index, addresses: Sequence[str], *, quiet: bool) -> Changes:
    with _two_steps(terminal, quiet=quiet) as (reading, embedding):
        return index.sync(*addresses, remove=False, progress=embedding, reading=reading)


def _joined(files: Changes, addresses: Changes) -> Changes:
    return Changes(
        added=files.added + addresses.added,
        changed=files.changed + addresses.changed,
        unchanged=files.unchanged + addresses.unchanged + addresses.renamed,
        failed={**files.failed, **addresses.failed},
        errors=addresses.errors,
        revision=addresses.revision,
    )


def _read_all(terminal: Terminal, paths: Iterable[Path], report: Report) -> tuple[list[Article], dict[str, str]]:
    """The articles of all files, and for each file that cannot be taken the reason. Says which folders are empty."""
    articles: dict[str, Article] = {}
    failed: dict[str, str] = {}
    for path, read in _read_each(paths):
        if read is None:
            terminal.note(terminal.text("no_files", path=path, suffixes=", ".join(DOCUMENT_SUFFIXES)))
        elif isinstance(read, ArticleFileError):
            failed[str(read.values["path"])] = _reason(read, terminal.language)
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


def _show_index(terminal: Terminal, index: Index, changes: Changes, articles: Sequence[Article]) -> None:
    status = {i: name for name in ("added", "changed", "unchanged") for i in getattr(changes, name)}
    titles = (_titles(index) if len(status) > len(articles) else {}) | {each.id: each.title or "" for each in articles}
    for article_id in dict.fromkeys([*(article.id for article in articles), *status]):
        _show_article(terminal, status[article_id], article_id, titles.get(article_id, ""))
    _show_failed(terminal, changes)
    if not status:
        terminal.note(terminal.text("nothing_read"))
        return
    counts = {name: len(getattr(changes, name)) for name in ("added", "changed", "unchanged", "failed")}
    terminal.show(terminal.text("summary", **counts, total=len(index)))


# --- sync -------------------------------------------------------------------------------------------


@command
def sync(
    context: typer.Context,
    sources: _Sources,
    keep: Annotated[bool, typer.Option("--keep", help="opt_keep")] = False,
    allow_empty: Annotated[bool, typer.Option("--allow-empty", help="opt_allow_empty")] = False,
    as_json: Json = False,
    home: Home = None,
) -> int:
    terminal: Terminal = context.obj
    with Index.open(home) as index:
        if not (keep or allow_empty) and _refuses(terminal, index, sources):
            return FAILED
        before = _titles(index)
        with _two_steps(terminal, quiet=as_json) as (reading, embedding):
            changes = index.sync(*sources, remove=not keep, progress=embedding, reading=reading)
        if as_json:
            terminal.show_json(_plain(changes, terminal.language))
        else:
            _show_failed(terminal, changes)
            _show_sync(terminal, index, changes, before)
    return _code(changes, sources)


def _refuses(terminal: Terminal, index: Index, sources: Sequence[str]) -> bool:
    """Whether something that is missing would take articles with it; says what."""
    from index.sources.watch import doubtful_folders

    doubtful = doubtful_folders(index, sources)
    for error in doubtful.values():
        terminal.note(_line(error, terminal.language))
    return bool(doubtful)


def _code(changes: Changes, sources: Sequence[str]) -> int:
    if not changes.failed:
        return DONE
    is_touched = any(getattr(changes, name) for name in _TOUCHED)
    origins = {source if is_address(source) else str(Path(source).expanduser().absolute()) for source in sources}
    is_read = bool(changes.unchanged) and not origins <= changes.failed.keys()
    return SOME_FAILED if is_touched or is_read else FAILED


def _show_sync(terminal: Terminal, index: Index, changes: Changes, before: Mapping[str, str]) -> dict[str, str]:
    """What a sync did, article by article. ``before``: the titles there were; gives those that there are."""
    is_touched = any(getattr(changes, name) for name in _TOUCHED)
    after = _titles(index) if is_touched else dict(before)
    for name in _TOUCHED:
        for article_id in getattr(changes, name):
            _show_article(terminal, name, article_id, after.get(article_id) or before.get(article_id, ""))
    counts = {name: len(getattr(changes, name)) for name in (*_TOUCHED, "unchanged", "failed")}
    terminal.show(terminal.text("summary_sync", **counts, total=len(after)))
    return after


@contextmanager
def _two_steps(terminal: Terminal, *, quiet: bool) -> Iterator[tuple[Report, Report]]:
    """What reading and then embedding report to, in one call that does both."""
    with ExitStack() as step:
        reports = [step.enter_context(terminal.step("step_sources", quiet=quiet))]

        def reading(done: float, total: float | None) -> None:
            if len(reports) == 1:  # else another writer came between, and all is looked at once more
                reports[0](done, total)
                if done == total:
                    step.close()
                    reports.append(step.enter_context(terminal.step("step_sync", quiet=quiet)))

        yield reading, lambda done, total: reports[-1](done, total)


# --- watch ------------------------------------------------------------------------------------------


@command
def watch(
    context: typer.Context,
    sources: _Sources,
    interval_min: Annotated[
        float, typer.Option("--interval", metavar="MINUTES", min=1, help="opt_interval")
    ] = WATCH_INTERVAL_MIN,
    home: Home = None,
) -> int:
    terminal: Terminal = context.obj
    with _stop_on_signals() as stop, Index.open(home) as index:
        follow(terminal, index, sources, interval_min, stop)
    terminal.note(terminal.text("chat_stopped"))
    return DONE


def follow(
    terminal: Terminal, index: Index, sources: Sequence[str], interval_min: float, stop: threading.Event
) -> None:
    """Keep the library equal to ``sources`` until ``stop`` is set, and say what happens."""
    from index.sources.watch import watch as keep_equal

    titles = _titles(index)
    terminal.note(terminal.text("watch_begins"))
    is_first = True

    def on_changes(changes: Changes) -> None:
        nonlocal titles, is_first
        titles = _show_sync(terminal, index, changes, titles)
        if is_first:
            terminal.note(terminal.text("watching"))
        is_first = False

    def on_error(error: HaberciError) -> None:
        terminal.note((_line(error, terminal.language), _STYLES["failed"]))

    keep_equal(
        index, sources, interval_s=60 * interval_min, stop=stop, on_changes=on_changes, on_error=on_error
    )  # fmt: skip


@contextmanager
def _stop_on_signals() -> Iterator[threading.Event]:
    """An event that Ctrl-C and SIGTERM set; by themselves they would break off whatever is under way."""
    stop = threading.Event()
    before = {number: signal.signal(number, lambda *_: stop.set()) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


# --- remove -----------------------------------------------------------------------------------------


@command
def remove(
    context: typer.Context,
    ids: Annotated[list[str], typer.Argument(metavar="ID", help="arg_ids", show_default=False)],
    home: Home = None,
) -> int:
    terminal: Terminal = context.obj
    with Index.open(home) as index:
        named = _named(index, ids)
        removed = index.remove([meant[0] for meant in named.values() if len(meant) == 1]).removed
    done = 0
    for typed, meant in named.items():
        if len(meant) > 1:
            terminal.note(terminal.text("several_listed", article_id=typed, count=len(meant)))
        elif not set(meant) & set(removed):
            terminal.note(terminal.text("not_there", article_id=typed))
        else:
            _show_article(terminal, "removed", *meant)
            done += 1
    if not done:
        return FAILED
    return DONE if done == len(named) else SOME_FAILED


def _named(index: Index, ids: Sequence[str]) -> dict[str, list[str]]:
    """The articles that each id names: the one that has it, else those that are listed so, which leaves blanks out."""
    known = _titles(index)
    listed: dict[str, list[str]] = {}
    for article_id in known:
        listed.setdefault(shown(one_line(article_id)), []).append(article_id)
    return {typed: [typed] if typed in known else listed.get(typed, []) for typed in ids}


# --- what was done ----------------------------------------------------------------------------------


def _show_article(terminal: Terminal, status: str, *columns: str) -> None:
    cells = "".join(f"\t{one_line(column)}" for column in columns if column)
    terminal.show((terminal.text(status), _STYLES[status]), cells)


def _show_failed(terminal: Terminal, changes: Changes) -> None:
    for place, reason in _reasons(changes, terminal.language).items():
        terminal.note((terminal.text("failed"), _STYLES["failed"]), f"\t{place}\t{reason}")


def _titles(index: Index) -> dict[str, str]:
    """The title of every article by its id, without reading their texts."""
    from index.storage.catalogue import Catalogue

    if not index.revision:
        return {}
    catalogue = Catalogue(index.folder, create=False)
    try:
        return {article_id: record.title or "" for article_id, record in catalogue.live(index.revision).items()}
    finally:
        catalogue.close()


def _plain(changes: Changes, language: Language) -> dict[str, Any]:
    values = {field.name: getattr(changes, field.name) for field in fields(changes) if field.name != "errors"}
    return {**values, "failed": _reasons(changes, language)}


def _reasons(changes: Changes, language: Language) -> dict[str, str]:
    """Why each place failed, in ``language`` where that is known."""
    errors = changes.errors
    return {
        place: _reason(errors[place], language) if place in errors else reason
        for place, reason in changes.failed.items()
    }


def _reason(error: HaberciError, language: Language) -> str:
    """The reason alone, for a line that names the place already."""
    reason = error.values.get("reason_tr" if language == "tr" else "reason")
    return _line(error, language) if reason is None else " ".join(str(reason).split())


def _line(error: HaberciError, language: Language) -> str:
    return " ".join(error.message(language).split())
