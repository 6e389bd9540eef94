"""What the tests of the page share: the chatbot under test, served pages, and a real browser."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

from bot import Chatbot
from index import Index, seed_articles
from index.embedding import Embedder
from ui import RunningApp, launch

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="session")
def chatbot(tmp_path_factory: pytest.TempPathFactory, embedder: Embedder) -> Iterator[Chatbot]:
    """The real chatbot on the articles that Haberci ships with."""
    with Index.open(tmp_path_factory.mktemp("library"), embedder=embedder) as index:
        index.seed(seed_articles)
        yield Chatbot(index)


@pytest.fixture(scope="session")
def real_app(chatbot: Chatbot) -> Iterator[RunningApp]:
    """The page around the real chatbot."""
    with launch(chatbot, port=0) as app:
        yield app


@pytest.fixture
def serve() -> Iterator[Callable[..., RunningApp]]:
    """Serves a page around any chatbot, closed after the test."""
    running: list[RunningApp] = []

    def start(bot: Any, **options: Any) -> RunningApp:
        running.append(launch(bot, **{"port": 0, **options}))
        return running[-1]

    yield start
    for app in running:
        app.close()


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """A real Chromium: ``HABERCI_CHROMIUM``, or the one on the path."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    names = ("chromium", "chromium-browser", "google-chrome")
    path = os.environ.get("HABERCI_CHROMIUM") or next(filter(None, map(shutil.which, names)), None)
    if path is None:
        if os.environ.get("HABERCI_REQUIRE_BROWSER"):
            pytest.fail("HABERCI_REQUIRE_BROWSER is set, but there is no Chromium on this computer")
        pytest.skip("no Chromium on this computer; name one with HABERCI_CHROMIUM")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=path, headless=True, args=CHROMIUM_FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def visit(chromium: Browser) -> Iterator[Callable[..., Page]]:
    """Opens a page as a new visitor. ``page.outside`` lists what it asked of other hosts, ``page.broken`` errors."""
    contexts = []

    def open_page(app: RunningApp, locale: str = "en-US", width: int = 1280, height: int = 800, **options: Any) -> Page:
        context = chromium.new_context(locale=locale, viewport={"width": width, "height": height}, **options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(60_000)
        page.outside, page.broken = [], []  # type: ignore[attr-defined]
        own = (app.url, "data:", "blob:")
        page.on("request", lambda request: request.url.startswith(own) or page.outside.append(request.url))  # type: ignore[attr-defined]
        page.on("pageerror", lambda error: page.broken.append(str(error)))  # type: ignore[attr-defined]
        page.goto(app.url)
        page.wait_for_selector(".hb-welcome")
        page.wait_for_selector(".hb-shelf")
        return page

    yield open_page
    for context in contexts:
        context.close()
