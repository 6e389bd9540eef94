"""Adding articles by address on the page: what is taken, what is refused, and that it is there only when asked for."""

from __future__ import annotations

import json
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from index import Changes, Index
from tests.fakes import BrokenLibraryError, FakeChatbot
from tests.fakes_index import make_article, open_index
from tests.web_server import WebServer, by_path, response
from ui import RunningApp

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytest_plugins = ["tests.ui_fixtures"]

Serve = Callable[..., RunningApp]
HOSTILE = "<img src=x onerror=alert(1)>"
STORY = """<html><head><title>{0}</title></head><body><article><h1>{0}</h1><p>The council of {0} met for six hours on
Monday and voted on the budget of the coming year, which most of its members found too small.</p></article>
</body></html>"""
ENTRY = "<item><title>{0}</title><link>{1}</link><guid>{1}</guid></item>"


def story(name: str) -> bytes:
    return response(STORY.format(name).encode(), Content_Type="text/html; charset=utf-8")


def feed(server: WebServer, *names: str) -> bytes:
    entries = "".join(ENTRY.format(name, server.url(f"/{name}")) for name in names)
    return response(
        f"<rss version='2.0'><channel><title>News</title>{entries}</channel></rss>".encode(),
        Content_Type="application/rss+xml",
    )


@pytest.fixture
def site() -> Iterator[WebServer]:
    pages = {f"/{name}": story(name) for name in ("Ankara", "Lima")} | {"/hostile": story(HOSTILE.replace("<", "&lt;"))}
    with WebServer(lambda request, connection: by_path(pages)(request, connection)) as server:
        pages["/feed"] = feed(server, "Ankara", "Lima", "gone")
        yield server


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Index]:
    """A library of one article that may fetch from loopback."""
    with open_index(tmp_path / "library", allowed_hosts="127.0.0.0/8") as index:
        index.add([make_article(0)])
        yield index


def chatbot(index: Index) -> Any:
    bot: Any = FakeChatbot([], {})
    bot.index = index
    return bot


@pytest.fixture
def adding(library: Index) -> Iterator[Any]:
    from ui.adding import Adding
    from ui.chat import Chat

    handlers = Adding(library, Chat(chatbot(library), "Haberci").shelf)
    yield handlers
    handlers.close()


def request(language: str = "en", **headers: str) -> Any:
    return SimpleNamespace(headers={"accept-language": language, "host": "news.example:7860", **headers})


def add(handlers: Any, address: str | None, language: str = "en", **headers: str) -> list[tuple[Any, ...]]:
    """Every frame of an addition: what is said, the list, the box and the button."""
    return list(handlers.add(address, request(language, **headers)))


# --- what is taken ----------------------------------------------------------------------------------


def test_a_page_is_added_and_the_list_shows_it(adding: Any, library: Index, site: WebServer) -> None:
    *under_way, (said, shelf, box, button) = add(adding, f"  {site.url('/Ankara')} ")
    assert "Fetching" in under_way[0][0]
    assert all(frame[2]["interactive"] is frame[3]["interactive"] is False for frame in under_way)
    assert "1 article was added" in said
    assert "<li><bdi>Ankara</bdi></li>" in said
    assert ">Ankara</bdi>" in shelf
    assert (box["value"], box["interactive"], button["interactive"]) == ("", True, True)
    assert len(library) == 2
    assert "1 haber zaten kitaplıkta" in add(adding, site.url("/Ankara"), "tr")[-1][0]


def test_a_feed_names_what_failed_and_why(adding: Any, library: Index, site: WebServer) -> None:
    said = add(adding, site.url("/feed"), "tr")[-1][0]
    assert "2 haber eklendi" in said
    assert "1 adres okunamadı" in said
    assert f"{site.url('/gone')} haber olarak okunamıyor: sunucunun yanıtı 404" in said
    assert len(library) == 3


def test_what_a_page_says_of_itself_is_escaped(adding: Any, site: WebServer) -> None:
    said, shelf, *_ = add(adding, site.url("/hostile"))[-1]
    assert "&lt;img src=x" in said
    assert "<img" not in said + shelf


def test_progress_is_told_while_it_goes_on(adding: Any, library: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ui.adding._FRAME_S", 0)
    told = threading.Semaphore(0)

    def sync(*_: object, reading: Any, progress: Any, **__: object) -> Changes:
        for report, done, total in ((reading, 1, 40), (reading, 40, 40), (progress, 32, 40)):
            assert told.acquire(timeout=20)
            report(done, total)
        assert told.acquire(timeout=20)
        return Changes()

    monkeypatch.setattr(library, "sync", sync)
    seen = []
    for said, *_ in adding.add("https://example.org/rss", request("tr")):
        seen.append(said)
        told.release()
    for words, said in zip(
        ("Adrese bakılıyor", "Okunuyor: 1/40", "Dizine alınıyor", "Dizine alındı: 32/40", "yeni bir şey yok"), seen,
        strict=True,
    ):  # fmt: skip
        assert words in said


def test_one_at_a_time(adding: Any, library: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    going, most, gate = 0, 0, threading.Event()

    def sync(*_: object, **__: object) -> Changes:
        nonlocal going, most
        going += 1
        most = max(most, going)
        gate.wait(0.3)
        going -= 1
        return Changes()

    monkeypatch.setattr(library, "sync", sync)
    abandoned = adding.add("https://example.org/0", request())
    next(abandoned)
    abandoned.close()
    others = [threading.Thread(target=add, args=(adding, f"https://example.org/{n}")) for n in (1, 2)]
    for thread in others:
        thread.start()
    for thread in others:
        thread.join(20)
    assert most == 1


def test_closing_breaks_an_addition_off(adding: Any, library: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    begun = threading.Event()

    def sync(*_: object, reading: Any, **__: object) -> Changes:
        while True:
            begun.set()
            reading(1, 2)

    monkeypatch.setattr(library, "sync", sync)
    frames: list[Any] = []
    thread = threading.Thread(target=lambda: frames.extend(add(adding, "https://example.org/")))
    thread.start()
    assert begun.wait(20)
    adding.close()
    thread.join(20)
    assert not thread.is_alive()
    assert all("…" in said for said, *_ in frames)


# --- what is refused --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "address",
    ["/etc/passwd", "seeds", "~", ".", "file:///etc/passwd", "FILE://localhost/etc", "ftp://example.org/a", "http:/etc",
     "http:///etc/passwd", "http:\\\\example.org", "https://exa mple.org", "http://[", "//example.org", "example.org",
     "javascript:alert(1)", "data:text/html,x", "https:", "http://example.org\n/etc", "\ud800", HOSTILE],
)  # fmt: skip
@pytest.mark.parametrize("language", ["en", "tr"])
def test_only_web_addresses_are_passed_on(
    adding: Any, library: Index, monkeypatch: pytest.MonkeyPatch, address: str, language: str
) -> None:
    monkeypatch.setattr(library, "sync", lambda *_, **__: pytest.fail("the library was asked"))
    ((said, _, box, button),) = add(adding, address, language)
    assert ("begins with http:// or https://" if language == "en" else "http:// ya da https:// ile başlar") in said
    assert "value" not in box  # it can be mended
    assert button["interactive"]


def test_a_folder_or_file_of_the_server_stays_unread(adding: Any, library: Index, tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("The secret article of this server.")
    for address in (str(tmp_path), str(tmp_path / "secret.txt"), (tmp_path / "secret.txt").as_uri()):
        assert "secret article" not in str(add(adding, address))
    assert len(library) == 1


def test_a_long_address_is_refused(adding: Any, library: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(library, "sync", lambda *_, **__: pytest.fail("the library was asked"))
    assert "en çok 2000" in add(adding, "https://example.org/" + "a" * 1981, "tr")[-1][0]


@pytest.mark.parametrize("address", ["", "  ", None])
def test_a_blank_address_does_nothing(adding: Any, address: str | None) -> None:
    (frame,) = add(adding, address)
    assert frame == adding.wait(address, request())
    assert all(set(update) == {"__type__"} for update in frame)


@pytest.mark.parametrize(
    ("headers", "is_taken"),
    [
        ({}, True),
        ({"sec-fetch-site": "same-origin", "origin": "https://behind.a.proxy"}, True),
        ({"sec-fetch-site": "cross-site"}, False),
        ({"sec-fetch-site": "same-site"}, False),
        ({"origin": "http://news.example:7860"}, True),
        ({"origin": "http://evil.example"}, False),
        ({"origin": "null"}, False),
    ],
)
def test_another_web_page_cannot_have_it_done(
    adding: Any, library: Index, monkeypatch: pytest.MonkeyPatch, headers: dict[str, str], is_taken: bool
) -> None:
    monkeypatch.setattr(library, "sync", lambda *_, **__: Changes())
    said = add(adding, "https://example.org/", **headers)[-1][0]
    assert ("nothing new" if is_taken else "Another web page") in said


def test_a_private_address_is_refused_and_nothing_of_it_shown(tmp_path: Path, site: WebServer) -> None:
    from ui.adding import Adding

    with open_index(tmp_path / "closed") as index:
        handlers = Adding(index, lambda page: "")
        said, _, box, _ = add(handlers, site.url("/Ankara"), "tr")[-1]
        handlers.close()
        assert "herkese açık bir adres değil" in said
        assert "value" not in box
        assert "council" not in said
        assert site.requests == []
        assert len(index) == 0


def test_errors_are_told_in_the_page_s_language(
    adding: Any, library: Index, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(error: Exception) -> Callable[..., Any]:
        def sync(*_: object, **__: object) -> None:
            raise error

        return sync

    monkeypatch.setattr(library, "sync", fail(BrokenLibraryError(reason=HOSTILE)))
    said = add(adding, "https://example.org/", "tr")[-1][0]
    assert "Kitaplık bozuk: &lt;img" in said
    monkeypatch.setattr(library, "sync", fail(RuntimeError("secret detail")))
    said = add(adding, "https://example.org/")[-1][0]
    assert "Something went wrong" in said
    assert "secret detail" not in said
    assert "secret detail" in caplog.text


# --- the served page --------------------------------------------------------------------------------


def config(app: RunningApp) -> dict[str, Any]:
    with urllib.request.urlopen(f"{app.url}config", timeout=10) as answer:
        described: dict[str, Any] = json.load(answer)
        return described


def call(app: RunningApp, number: int, address: str) -> str:
    """What the server answers when event ``number`` is called by hand; "" for none."""
    body = {"data": [address], "fn_index": number, "session_hash": "by-hand"}
    posted = urllib.request.Request(
        f"{app.url}gradio_api/queue/join", json.dumps(body).encode(), {"content-type": "application/json"}
    )
    try:
        with urllib.request.urlopen(posted, timeout=10):
            pass
        with urllib.request.urlopen(f"{app.url}gradio_api/queue/data?session_hash=by-hand", timeout=20) as answer:
            return str(answer.read().decode())
    except urllib.error.HTTPError:
        return ""


def test_without_leave_there_is_no_box_and_no_event(
    serve: Serve, library: Index, site: WebServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_box, without = (serve(chatbot(library), may_add=may_add) for may_add in (True, False))
    described = config(without)
    assert "hb-add" in json.dumps(config(with_box)["components"])
    assert "hb-add" not in json.dumps(described["components"])
    numbers = {event["id"] for event in config(with_box)["dependencies"]}
    missing = numbers - {event["id"] for event in described["dependencies"]}
    assert len(missing) >= 3
    monkeypatch.setattr(library, "sync", lambda *_, **__: pytest.fail("the library was asked"))
    for number in numbers:
        call(without, number, site.url("/Ankara"))
    assert all(call(without, number, site.url("/Ankara")) == "" for number in missing)
    assert site.requests == []


def test_with_leave_no_event_has_a_name_and_one_goes_on_at_a_time(serve: Serve, library: Index) -> None:
    app = serve(chatbot(library), may_add=True)
    assert [each["api_name"] for each in config(app)["dependencies"] if each["api_visibility"] == "public"] == ["ask"]
    limits = [fn.concurrency_limit for fn in app._blocks.fns.values() if fn.name == "add"]
    assert limits == [1]


# --- in a browser -----------------------------------------------------------------------------------


@pytest.mark.browser
def test_a_visitor_adds_a_page(
    serve: Serve, visit: Callable[..., Page], library: Index, site: WebServer, tmp_path: Path
) -> None:
    page = visit(serve(chatbot(library), may_add=True), "tr-TR", width=360)
    box = page.get_by_label("Haber ya da akış adresi", exact=True)
    box.fill(str(tmp_path))
    box.press("Enter")
    page.get_by_role("status").get_by_text("http:// ya da https:// ile başlar").wait_for()
    assert box.input_value() == str(tmp_path)
    box.fill(site.url("/feed"))
    page.get_by_role("button", name="Ekle").click()
    page.get_by_role("status").get_by_text("2 haber eklendi").wait_for()
    page.locator(".hb-library").get_by_role("button", name="Lima").wait_for()
    assert box.input_value() == ""
    assert page.evaluate("document.scrollingElement.scrollWidth") == 360
    page.locator(".hb-library").get_by_role("button", name="Lima").click()
    page.get_by_role("heading", name="Lima", exact=True, level=2).wait_for()
    assert page.broken == []  # type: ignore[attr-defined]
