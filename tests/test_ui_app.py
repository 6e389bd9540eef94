"""The served page as programs see it, and the event handlers with what a browser may send them."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from index import Article
from index.errors import LongQuestionError
from tests.fakes import BrokenLibraryError, FakeChatbot, Script, cite, not_found, seed_article
from ui import RunningApp, launch
from ui.app import PortError
from ui.render import Turn

pytest_plugins = ["tests.ui_fixtures"]

Serve = Callable[..., RunningApp]
Connect = Callable[..., Any]
QUOTE = "İki devlet başkanının yüz yüze görüşmesi meselesi hala belirsiz."


def quoting(*quotes: str) -> Any:
    from bot import Answer

    article = seed_article()
    return Answer("Habere göre: " + " ".join(quotes), "tr", True, tuple(cite(article, q) for q in quotes), "quote")


def fake(**scripts: Script) -> FakeChatbot:
    return FakeChatbot([seed_article()], {"Nerede?": Script(quoting(QUOTE)), **scripts})


# --- as an API --------------------------------------------------------------------------------------


@pytest.fixture
def connect(monkeypatch: pytest.MonkeyPatch) -> Iterator[Connect]:
    """Connects a program to a page, as a browser of a language would be served."""
    import huggingface_hub.constants
    from gradio_client import Client

    # The client, not the page, asks the Hub about the program it runs in; a test may not.
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    clients: list[Any] = []

    def start(app: RunningApp, language: str = "en") -> Any:
        headers = {"accept-language": language}
        clients.append(Client(app.url, verbose=False, analytics_enabled=False, headers=headers))
        return clients[-1]

    yield start
    for client in clients:
        client.close()


def test_the_ask_endpoint_returns_the_answer_as_json(serve: Serve, connect: Connect) -> None:
    bot = fake()
    assert connect(serve(bot)).predict("Nerede?", api_name="/ask") == quoting(QUOTE).to_dict()


def test_the_real_chatbot_answers_through_the_endpoint(real_app: RunningApp, connect: Connect) -> None:
    answer = connect(real_app).predict("20-21 Aralık'ta kimler bir araya geldi?", api_name="/ask")
    assert answer["found"]
    assert any("ABD ve Rusya temsilcileri" in citation["quote"] for citation in answer["citations"])
    for citation in answer["citations"]:
        assert citation["published"] == "2025-12-23"


@pytest.mark.parametrize(("language", "says"), [("en", "at most 2000"), ("tr-TR,tr;q=0.9", "en çok 2000")])
def test_an_error_arrives_with_its_message(serve: Serve, connect: Connect, language: str, says: str) -> None:
    from gradio_client.exceptions import AppError

    app = serve(fake(long=Script(error=LongQuestionError(length=9000, limit=2000))))
    with pytest.raises(AppError, match=says):
        connect(app, language).predict("long", api_name="/ask")


def test_only_the_ask_endpoint_is_open(serve: Serve, connect: Connect) -> None:
    described = connect(serve(fake())).view_api(return_format="dict")
    assert list(described["named_endpoints"]) == ["/ask"]
    assert described["unnamed_endpoints"] == {}


def test_questions_of_several_people_are_answered_side_by_side(serve: Serve, connect: Connect) -> None:
    bot = fake()
    bot.gate.clear()
    app = serve(bot)
    jobs = [connect(app).submit("Nerede?", api_name="/ask") for _ in range(3)]
    waited = threading.Event()
    for _ in range(200):
        if len(bot.asked) == 3:
            break
        waited.wait(0.05)
    assert len(bot.asked) == 3, "a question waited for another's answer"
    bot.gate.set()
    assert all(job.result(timeout=20)["found"] for job in jobs)


# --- the server -------------------------------------------------------------------------------------


def test_importing_the_package_loads_neither_gradio_nor_torch() -> None:
    code = "import sys, ui; print(sorted({'gradio', 'torch', 'sentence_transformers'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_it_serves_on_loopback_says_nothing_and_stops(
    serve: Serve, capfd: pytest.CaptureFixture[str], only_loopback: list[object]
) -> None:
    refused_before = len(only_loopback)  # by tests of model hubs
    app = serve(fake())
    assert app.url.startswith("http://127.0.0.1:")
    with urllib.request.urlopen(app.url, timeout=10) as response:
        page = response.read().decode()
        assert "default-src 'self'" in response.headers["content-security-policy"]
    assert "<title>Haberci</title>" in page or '"title":"Haberci"' in page
    app.close()
    app.close()
    with pytest.raises(OSError):
        urllib.request.urlopen(app.url, timeout=2)
    captured = capfd.readouterr()
    assert captured.out == captured.err == ""
    assert only_loopback[refused_before:] == []


def test_a_free_port_is_found_and_a_taken_one_is_named(serve: Serve) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = other.getsockname()[1]
        with pytest.raises(PortError, match=str(taken)) as raised:
            serve(fake(), port=taken)
    assert f"127.0.0.1:{taken}" in raised.value.message("tr")
    urls = {serve(fake(), port=None).url, serve(fake(), port=None).url}
    assert len(urls) == 2


@pytest.mark.parametrize("port", [-1, 65536, "80", 1.5, True])
def test_a_wrong_port_is_a_value_error(port: Any) -> None:
    with pytest.raises(ValueError, match="port must be"):
        launch(fake(), port=port)  # type: ignore[arg-type]


@pytest.mark.parametrize("host", ["", "  ", None])
def test_a_wrong_host_is_a_value_error(host: Any) -> None:
    with pytest.raises(ValueError, match="host must be"):
        launch(fake(), host=host)  # type: ignore[arg-type]


# --- the handlers -----------------------------------------------------------------------------------


def chat(bot: FakeChatbot) -> Any:
    from ui.chat import Chat

    return Chat(bot, "Haberci")  # type: ignore[arg-type]


def request(language: str = "en") -> Any:
    return SimpleNamespace(headers={"accept-language": language})


def event(**data: object) -> Any:
    return SimpleNamespace(_data=data)


def ask(
    handlers: Any, question: str, turns: list[Turn], language: str = "en"
) -> tuple[list[Turn], list[tuple[Any, ...]]]:
    frames = list(handlers.ask(question, turns, request(language)))
    return frames[-1][0], frames


def test_an_answer_grows_and_the_panel_shows_its_evidence() -> None:
    turns, frames = ask(chat(fake()), "Nerede?", [])
    assert len(frames) == 5  # waiting, three steps, done
    assert "loading its model" in frames[0][1]
    assert [frame[3] for frame in frames[:1]] == [""]
    panels = [frame[2] for frame in frames if isinstance(frame[2], str)]
    assert len(panels) == 1
    assert f">{QUOTE}</mark>" in panels[0]
    assert turns[0].answer == quoting(QUOTE)
    assert not turns[0].pending


def test_earlier_marks_are_no_evidence_for_a_question_that_found_nothing() -> None:
    handlers = chat(fake())
    turns, _ = ask(handlers, "Nerede?", [])
    _, frames = ask(handlers, "Başka?", turns)
    assert frames[-1][2] == ""


def test_history_holds_the_answered_questions_only() -> None:
    bot = fake(broken=Script(error=BrokenLibraryError(reason="test")))
    handlers = chat(bot)
    turns: list[Turn] = []
    for question in ("Nerede?", "broken", "Başka?", "Nerede?"):
        turns, _ = ask(handlers, question, turns)
    assert bot.asked[-1] == ("Nerede?", [("Nerede?", quoting(QUOTE).text), ("Başka?", not_found("en").text)])


def test_history_holds_questions_as_they_were_understood() -> None:
    answer = replace(quoting(QUOTE), question="Ne zaman buluştular?")
    bot = fake(zaman=Script(answer))
    handlers = chat(bot)
    turns: list[Turn] = []
    for question in ("zaman", "Başka?"):
        turns, _ = ask(handlers, question, turns)
    assert bot.asked[-1][1] == [("Ne zaman buluştular?", answer.text)]


@pytest.mark.parametrize("fails_after", [0, 2])
def test_a_failed_question_goes_back_into_the_box(fails_after: int) -> None:
    script = Script(quoting(QUOTE), error=BrokenLibraryError(reason="test"), fails_after=fails_after)
    turns, frames = ask(chat(fake(broken=script)), "broken", [], "tr")
    assert "Kitaplık bozuk: test." in frames[-1][1]
    assert frames[-1][3] == "broken"
    assert turns[-1].answer is None
    assert QUOTE not in frames[-1][1]


def test_an_unforeseen_error_is_logged_and_told_apart(caplog: pytest.LogCaptureFixture) -> None:
    _, frames = ask(chat(fake(broken=Script(error=RuntimeError("secret detail")))), "broken", [])
    assert "Something went wrong" in frames[-1][1]
    assert "secret detail" not in frames[-1][1]
    assert "secret detail" in caplog.text


def test_an_answer_that_the_closing_of_the_page_breaks_off_is_not_logged(
    serve: Serve, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    from ui.chat import Chat

    made: list[Chat] = []
    monkeypatch.setattr("ui.chat.Chat", lambda *given: made.append(Chat(*given)) or made[-1])
    broken = Script(quoting(QUOTE), error=RuntimeError("cannot schedule new futures"), fails_after=1)
    app = serve(fake(broken=broken))
    frames = made[0].ask("broken", [], request())
    next(frames)
    app.close()
    list(frames)
    assert caplog.text == ""


@pytest.mark.parametrize("question", ["", "   ", "\n", None])
def test_a_blank_question_does_nothing(question: Any) -> None:
    bot = fake()
    assert len(list(chat(bot).ask(question, [], request()))) == 1
    assert bot.asked == []


def test_half_a_character_is_no_problem() -> None:
    bot = fake()
    _, frames = ask(chat(bot), "Nerede \ud800?", [])
    frames[-1][1].encode("utf-8")
    assert bot.asked[0][0] == "Nerede ??"


def test_the_second_wait_is_not_for_the_model() -> None:
    handlers = chat(fake())
    turns, _ = ask(handlers, "Nerede?", [])
    _, frames = ask(handlers, "Nerede?", turns)
    assert "loading" not in frames[0][1]


def test_a_click_on_a_card_shows_its_article() -> None:
    handlers = chat(fake(**{"İki?": Script(quoting(QUOTE, "Kiev bu girişime onay verdi."))}))
    turns, _ = ask(handlers, "İki?", [])
    shown = handlers.show(event(turn=0, citation=1), turns, request())
    assert '<mark data-citation="1" class="hb-current" tabindex="-1">Kiev bu girişime onay verdi.</mark>' in shown


@pytest.mark.parametrize(
    "data",
    [{}, {"turn": 5, "citation": 0}, {"turn": -1, "citation": 0}, {"turn": 0, "citation": 9}, {"turn": "0"},
     {"turn": 0, "citation": None}, {"article": "unknown"}, {"article": 3}, {"turn": {}, "citation": []}],
)  # fmt: skip
def test_a_click_on_nothing_known_leaves_the_library(data: dict[str, object]) -> None:
    handlers = chat(
        FakeChatbot([seed_article(), Article("b", "Other.", title="Other")], {"Nerede?": Script(quoting(QUOTE))})
    )
    turns, _ = ask(handlers, "Nerede?", [])
    assert handlers.show(event(**data), turns, request()) == ""
    assert handlers.show(SimpleNamespace(_data=None), turns, request()) == ""


def test_an_article_that_is_gone_or_changed_is_said_to_be() -> None:
    bot = fake()
    handlers = chat(bot)
    turns, _ = ask(handlers, "Nerede?", [])
    bot.index.put(Article(seed_article().id, "Bambaşka bir metin."))
    assert "has changed" in handlers.show(event(turn=0, citation=0), turns, request())
    bot.index.remove(seed_article().id)
    assert "no longer in the library" in handlers.show(event(turn=0, citation=0), turns, request())


def test_arriving_offers_examples_that_the_library_answers() -> None:
    _, welcome, panel, *_ = chat(fake()).arrive(request("tr"))
    assert "Where might Putin" in welcome
    assert "Kazakistan barış görüşmeleri" in panel
    _, welcome, panel, *_ = chat(FakeChatbot([Article("a", "Text.", title="Other")], {})).arrive(request())
    assert "hb-example" not in welcome
    assert "Other" in panel
    _, _, panel, *_ = chat(FakeChatbot([], {})).arrive(request("tr"))
    assert "Kitaplık boş" in panel


# --- a library that changes ---------------------------------------------------------------------------


def test_a_page_follows_the_library() -> None:
    bot = fake()
    handlers = chat(bot)
    skip = ({"__type__": "update"},) * 2
    before = bot.index.revision
    assert handlers.follow({"revision": before, "article": ""}, request()) == skip
    bot.index.put(Article("b", "Text.", title="A <new> one"))
    shelf, gone = handlers.follow({"revision": before, "article": seed_article().id}, request("tr"))
    assert "A &lt;new&gt; one" in shelf
    assert "Kitaplıkta 2 haber" in shelf
    assert gone == ""
    assert handlers.follow({"revision": bot.index.revision, "article": seed_article().id}, request("tr")) == skip


def test_an_open_article_that_leaves_the_library_is_said_to() -> None:
    bot = fake()
    handlers = chat(bot)
    before = bot.index.revision
    bot.index.remove(seed_article().id)
    _, gone = handlers.follow({"revision": before, "article": seed_article().id}, request("tr"))
    assert "kitaplıktan çıkarıldı" in gone


@pytest.mark.parametrize(
    "sight", [None, [], "x", {}, {"revision": "1"}, {"revision": None, "article": 3}, {"revision": {}, "article": []}]
)
def test_whatever_a_browser_says_it_shows_it_is_given_the_library(sight: Any) -> None:
    shelf, gone = chat(fake()).follow(sight, request())
    assert "1 article in the library" in shelf
    assert gone == ""


def test_a_list_is_made_once_for_all_who_look(monkeypatch: pytest.MonkeyPatch) -> None:
    bot = fake()
    handlers = chat(bot)
    made: list[object] = []
    articles = bot.index.articles
    monkeypatch.setattr(bot.index, "articles", lambda: made.append(1) or articles())
    for _ in range(5):
        handlers.follow({}, request())
        handlers.follow({}, request("tr"))
    assert len(made) == 2
    bot.index.put(Article("b", "Text.", title="Other"))
    assert "Other" in handlers.follow({}, request())[0]


def test_a_library_that_breaks_is_said_once(monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken(type(fake().index)):  # type: ignore[misc]
        @property
        def revision(self) -> int:
            raise BrokenLibraryError(reason="test")

    bot = fake()
    bot.index = Broken([])
    handlers = chat(bot)
    shelf, _ = handlers.follow({"revision": 1}, request("tr"))
    assert "Kitaplık bozuk: test." in shelf
    assert 'data-revision="-1"' in shelf
    assert handlers.follow({"revision": -1}, request("tr"))[0] == {"__type__": "update"}


def test_a_broken_library_is_said_on_arrival(monkeypatch: pytest.MonkeyPatch) -> None:
    bot = fake()

    def fail() -> None:
        raise BrokenLibraryError(reason="test")

    monkeypatch.setattr(bot.index, "articles", fail)
    _, _, panel, *_ = chat(bot).arrive(request("tr"))
    assert "Kitaplık bozuk: test." in panel
