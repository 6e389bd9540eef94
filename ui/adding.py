"""Taking the article or feed of an address into the library, asked for on the page. Only a page that may add has it.

A visitor names addresses, never a folder or file of the server; which addresses may be reached is for the fetcher to
say. A visitor may leave at any time: what was begun is finished all the same.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import CancelledError, ThreadPoolExecutor
from queue import SimpleQueue
from urllib.parse import urlsplit

import gradio as gr

from index import Changes, HaberciError, Index, Language
from ui.chat import Update, page_of
from ui.markup import escape, safe_url
from ui.strings import count_text, text

MAX_ADDRESS_CHARS = 2_000
# Titles, and addresses that failed, that are named one by one.
MAX_TOLD = 20
# A page is told of progress no more often than this.
_FRAME_S = 0.3

logger = logging.getLogger(__name__)

Step = tuple[str, int, int]  # the key of a text, how much is done, how much there is


class _StoppedError(Exception):
    """Breaks off a sync where that does no harm."""


class Adding:
    """The event handlers of the box that takes addresses; one is worked on at a time.

    ``shelf`` gives the library's list in a language.
    """

    def __init__(self, index: Index, shelf: Callable[[Language], str]) -> None:
        self._index = index
        self._shelf = shelf
        self._stop = threading.Event()
        # Its one thread keeps the next addition waiting even when the visitor who began this one has left.
        self._worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="adding")

    def close(self) -> None:
        """Break off what is under way, between two batches of articles; adding the same again completes it."""
        self._stop.set()
        self._worker.shutdown(cancel_futures=True)

    # Outputs: address box, button.
    def arrive(self, request: gr.Request) -> tuple[Update, Update]:
        """The box in the browser's language."""
        page = page_of(request)
        box = gr.update(label=text(page, "add_label"), placeholder=text(page, "add_placeholder"))
        return box, gr.update(value=text(page, "add_send"))

    # Outputs: what is said, shelf, address box, button.
    def wait(self, address: str | None, request: gr.Request) -> tuple[Update, ...]:
        """What the page shows until :meth:`add` has its turn."""
        if not (address or "").strip():
            return (gr.skip(),) * 4
        return _busy("add_waiting", page_of(request))

    # Outputs: what is said, shelf, address box, button.
    def add(self, address: str | None, request: gr.Request) -> Iterator[tuple[Update, ...]]:
        """Take in what the address holds, and say how far that is; one that failed stays in the box."""
        page = page_of(request)
        address = (address or "").strip()
        if not address:
            yield (gr.skip(),) * 4
            return
        refusal = _refusal(address, request, page)
        if refusal is not None:
            yield _failed(refusal, page)
            return
        try:
            changes = yield from self._sync(address, page)
            said = self._outcome(changes, page)
        except HaberciError as error:
            yield _failed(error.message(page), page)
        except (CancelledError, _StoppedError):
            return  # The page is being closed.
        except Exception:
            logger.exception("An address could not be added")
            yield _failed(text(page, "add_unexpected"), page)
        else:
            box = gr.update(interactive=True) if address in changes.failed else gr.update(value="", interactive=True)
            yield said, self._shelf(page), box, gr.update(interactive=True)

    def _sync(self, address: str, page: Language) -> Generator[tuple[Update, ...], None, Changes]:
        """The frames of an addition under way; gives what it has done."""
        steps: SimpleQueue[Step | None] = SimpleQueue()

        def tell(key: str, done: int = 0, total: int = 0) -> None:
            if self._stop.is_set():
                raise _StoppedError
            steps.put((key, done, total))

        def reading(done: int, total: int) -> None:
            # What follows is silent until the first articles are indexed.
            tell("add_reading", done, total) if done < total else tell("add_indexing")

        def work() -> Changes:
            tell("add_fetching")
            return self._index.sync(
                address, remove=False, reading=reading, progress=lambda done, total: tell("add_indexed", done, total)
            )

        future = self._worker.submit(work)
        future.add_done_callback(lambda _: steps.put(None))
        for key, done, total in _newest(steps):
            yield _busy(key, page, done, total)
            time.sleep(_FRAME_S)
        return future.result()

    def _outcome(self, changes: Changes, page: Language) -> str:
        """What was done, article by article, and what was not."""
        known = len(changes.unchanged) + len(changes.renamed)
        parts = [
            _told("add_added", [self._title(each, page) for each in changes.added], page),
            _told("add_changed", [self._title(each, page) for each in changes.changed], page),
            f"<p>{count_text(page, 'add_known', known)}</p>" if known else "",
        ]
        reasons = _told("add_failed", [_plain(error.message(page)) for error in changes.errors.values()], page)
        if reasons:
            parts.append(f'<div class="hb-error">{reasons}</div>')
        return _said("".join(parts) or f"<p>{text(page, 'add_nothing')}</p>", page)

    def _title(self, article_id: str, page: Language) -> str:
        article = self._index.article(article_id)
        return _plain(article.title) if article is not None and article.title else text(page, "untitled")


def _refusal(address: str, request: gr.Request, page: Language) -> str | None:
    """Why the library is not even asked to take ``address``; None when it is."""
    if not _is_own(request):
        return text(page, "add_elsewhere")
    if len(address) > MAX_ADDRESS_CHARS:
        return text(page, "add_too_long", length=len(address), limit=MAX_ADDRESS_CHARS)
    # The index would take anything else for a folder or file of this computer.
    if safe_url(address) is None or not address.lower().startswith(("http://", "https://")):
        return text(page, "add_refused")
    return None


def _is_own(request: gr.Request) -> bool:
    """Whether this page asks, and not another one in the visitor's browser. A program may ask; it says no origin."""
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return bool(site == "same-origin")
    origin = request.headers.get("origin")
    return origin is None or urlsplit(origin).netloc == request.headers.get("host")


def _newest(steps: SimpleQueue[Step | None]) -> Iterator[Step]:
    """The steps until None; of those that came while nobody looked, only the last."""
    while (step := steps.get()) is not None:
        while not steps.empty():
            following = steps.get()
            if following is None:
                return
            step = following
        yield step


# --- what the page shows ----------------------------------------------------------------------------


def _busy(key: str, page: Language, done: int = 0, total: int = 0) -> tuple[Update, ...]:
    # The words say it too, and only they are read out.
    bar = f'<progress value="{done}" max="{total}" aria-hidden="true"></progress>' if total else ""
    said = _said(f"<p>{text(page, key, done=done, total=total)}</p>{bar}", page)
    return said, gr.skip(), gr.update(interactive=False), gr.update(interactive=False)


def _failed(reason: str, page: Language) -> tuple[Update, ...]:
    said = _said(f'<div class="hb-error"><p>{_plain(reason)}</p></div>', page)
    return said, gr.skip(), gr.update(interactive=True), gr.update(interactive=True)


def _said(inside: str, page: Language) -> str:
    return f'<div class="hb-added" lang="{page}">{inside}</div>'


def _told(key: str, lines: Sequence[str], page: Language) -> str:
    """``lines`` of HTML under the count of them; nothing without any."""
    if not lines:
        return ""
    items = "".join(f"<li>{line}</li>" for line in lines[:MAX_TOLD])
    left = len(lines) - MAX_TOLD
    more = f"<p>{text(page, 'library_more', count=left)}</p>" if left > 0 else ""
    return f"<p>{count_text(page, key, len(lines))}</p><ul>{items}</ul>{more}"


def _plain(words: str) -> str:
    return f"<bdi>{escape(words)}</bdi>"
