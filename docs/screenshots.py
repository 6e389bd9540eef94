"""Takes the README's pictures of the page: ``python docs/screenshots.py [--out FOLDER]``.

Starts the page on the shipped article in a temporary library, asks in both languages, and stops. Needs
playwright and a Chromium (``HABERCI_CHROMIUM`` names one that is not on the path).
"""

from __future__ import annotations

import argparse
import os
import shutil
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, sync_playwright

from bot import Chatbot
from index import Index, seed_articles
from ui import launch

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]


@dataclass(frozen=True)
class Picture:
    """A question, and the browser it is asked in."""

    name: str
    locale: str
    question: str
    width: int = 1280
    height: int = 800
    options: dict[str, Any] = field(default_factory=dict)


PICTURES = (
    Picture("chat-en.png", "en-US", "Where might Putin and Zelenskyy meet?"),
    Picture("chat-tr.png", "tr-TR", "Putin ve Zelenskyy nerede buluşabilir?", options={"color_scheme": "dark"}),
    Picture(
        *("chat-phone.png", "tr-TR", "20-21 Aralık'ta kimler bir araya geldi?", 360, 740),
        options={"device_scale_factor": 2, "has_touch": True, "is_mobile": True},
    ),
)


def take(browser: Browser, url: str, picture: Picture, folder: Path) -> None:
    """Ask the picture's question and save what is on the screen."""
    size: Any = {"width": picture.width, "height": picture.height}
    context = browser.new_context(locale=picture.locale, viewport=size, **picture.options)
    page = context.new_page()
    page.goto(url)
    page.wait_for_selector(".hb-welcome")
    box = page.locator("#hb-question textarea")
    box.fill(picture.question)
    box.press("Enter")
    page.wait_for_selector(".hb-card", timeout=120_000)
    page.wait_for_selector(".hb-growing", state="detached")
    page.wait_for_timeout(500)  # the marked quote scrolls into view
    page.screenshot(path=folder / picture.name)
    context.close()
    print(folder / picture.name)


def main() -> None:
    """Serve, take every picture, stop."""
    parser = argparse.ArgumentParser(description="Take the README's pictures of the page.")
    parser.add_argument(
        "--out", type=Path, default=Path(__file__).parent / "images", help="the folder for the pictures"
    )
    folder: Path = parser.parse_args().out
    folder.mkdir(parents=True, exist_ok=True)
    names = ("chromium", "chromium-browser", "google-chrome")
    path = os.environ.get("HABERCI_CHROMIUM") or next(filter(None, map(shutil.which, names)), None)
    if path is None:
        raise SystemExit("No Chromium was found; name one with HABERCI_CHROMIUM.")
    with tempfile.TemporaryDirectory() as home, Index.open(Path(home)) as index, sync_playwright() as playwright:
        index.seed(seed_articles)
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        with launch(Chatbot(index), port=0) as app:
            for picture in PICTURES:
                take(browser, app.url, picture, folder)
        browser.close()


if __name__ == "__main__":
    main()
