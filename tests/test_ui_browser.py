"""The page in a real browser: what a person sees, in both languages, on a screen and on a phone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from bot import Answer, Chatbot
from index import Article
from index.errors import LongQuestionError
from tests.fakes import FakeChatbot, Script, cite, seed_article
from tests.fakes_index import make_article, open_index
from ui import RunningApp

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytest_plugins = ["tests.ui_fixtures"]
pytestmark = pytest.mark.browser

Serve = Callable[..., RunningApp]
Visit = Callable[..., "Page"]

TURKISH = "Putin ve Zelenskyy nerede buluşabilir?"
ENGLISH = "When did the US submit the peace plan for Ukraine?"
UNANSWERABLE = "Fransa dünya kupasını hangi yıl kazandı?"
HOSTILE = (
    '<script>window.pwned = "script"</script><img src="/nowhere" onerror="window.pwned = \'img\'">'
    '<svg onload="window.pwned = 1"></svg> [a](javascript:window.pwned=2) {{constructor}} ${window.pwned = 3} '
    + "uzun"
    * 80
)

# Everything that is there to be read, and what is pressed.
READ = (
    *(".hb-masthead p", ".hb-question p", ".hb-text", ".hb-quote", ".hb-source", ".hb-note", ".hb-error p"),
    *(".hb-kicker", ".hb-article p", "mark.hb-current", "mark:not(.hb-current)", "#hb-send", "#hb-clear"),
)


def ask(page: Page, question: str) -> None:
    before = page.locator(".hb-turn").count()
    box = page.locator("#hb-question textarea")
    box.fill(question)
    box.press("Enter")
    page.wait_for_function("count => document.querySelectorAll('.hb-turn').length > count", arg=before)
    page.wait_for_selector(".hb-turn:last-child :is(.hb-card, .hb-note, .hb-error)")
    page.wait_for_selector(".hb-growing, .hb-wait", state="detached")


def texts(page: Page, selector: str) -> list[str]:
    return page.locator(selector).evaluate_all("elements => elements.map(element => element.textContent)")


def is_in_view(page: Page, selector: str) -> bool:
    box = page.locator(selector).first.bounding_box()
    size = page.viewport_size
    return box is not None and size is not None and box["y"] >= -1 and box["y"] + box["height"] <= size["height"] + 1


def assert_fits(page: Page) -> None:
    """No scrolling sideways, and nothing cut off at the edge of the window or of its column either."""
    assert page.evaluate("document.scrollingElement.scrollWidth <= window.innerWidth")
    beyond = """() => [...document.querySelectorAll('.gradio-container [class^=hb-], #hb-composer *')]
        .filter(element => !element.closest('bdi, .hb-hidden'))
        .filter(element => element.getBoundingClientRect().right > element.closest('#hb-left, #hb-right, #hb-head')
            .getBoundingClientRect().right + 1)
        .map(element => element.className)"""
    assert page.evaluate(beyond) == []
    assert page.locator("#hb-layout").bounding_box()["width"] <= page.viewport_size["width"]  # type: ignore[index]


def assert_untouched(page: Page) -> None:
    """Nothing was run that an article or a question brought, and nothing was asked of another host."""
    assert page.evaluate("window.pwned") is None
    assert page.outside == []  # type: ignore[attr-defined]
    assert page.broken == []  # type: ignore[attr-defined]


def library_of(count: int) -> list[Article]:
    """Articles that are longer than a screen."""
    return [Article(f"{n}", "A paragraph.\n\n" * 40, title=f"Report {n}", language="en") for n in range(count)]


# --- with the real chatbot --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("locale", "question", "quoted"),
    [("tr-TR", TURKISH, "Moskova"), ("en-US", ENGLISH, "Kasım ayı sonunda"), ("en-US", TURKISH, "Moskova")],
)
def test_a_question_is_answered_with_marked_evidence(
    real_app: RunningApp, chatbot: Chatbot, visit: Visit, locale: str, question: str, quoted: str
) -> None:
    page = visit(real_app, locale)
    ask(page, question)
    quotes = texts(page, ".hb-quote")
    assert any(quoted in quote for quote in quotes)
    assert set(page.locator(".hb-quote").evaluate_all("quotes => quotes.map(quote => quote.lang)")) == {"tr"}
    marks = texts(page, ".hb-article mark")
    assert sorted(marks) == sorted(quotes)
    assert texts(page, "mark.hb-current") == quotes[:1]
    assert is_in_view(page, "mark.hb-current")
    assert_fits(page)
    assert texts(page, ".hb-panel .hb-article") == [article.text for article in chatbot.index.articles()]
    assert_untouched(page)


def test_a_click_on_a_card_brings_its_quote_into_view(real_app: RunningApp, visit: Visit) -> None:
    page = visit(real_app, "tr-TR")
    ask(page, TURKISH)
    quotes = texts(page, ".hb-quote")
    assert len(quotes) > 1
    for number in (1, 0):
        page.locator(".hb-card button").nth(number).click()
        page.wait_for_function(
            "quote => document.querySelector('mark.hb-current')?.textContent === quote", arg=quotes[number]
        )
        page.wait_for_function("() => document.activeElement?.matches('mark.hb-current')")
        assert is_in_view(page, "mark.hb-current")


def test_what_the_articles_do_not_say_is_said_plainly(real_app: RunningApp, visit: Visit) -> None:
    page = visit(real_app, "tr-TR")
    ask(page, UNANSWERABLE)
    assert page.locator(".hb-card").count() == 0
    assert page.locator(".hb-article mark").count() == 0
    assert "Başka sözcüklerle deneyin" in page.locator(".hb-turn").inner_text()


def test_an_example_is_asked_with_a_click(real_app: RunningApp, visit: Visit) -> None:
    page = visit(real_app)
    page.get_by_role("button", name="Where might Putin and Zelenskyy meet?").click()
    page.wait_for_selector(".hb-card")
    assert texts(page, ".hb-question p") == ["Where might Putin and Zelenskyy meet?"]


def test_a_question_too_long_is_refused_and_kept(real_app: RunningApp, visit: Visit) -> None:
    page = visit(real_app, "tr-TR")
    ask(page, "uzun soru " * 400)
    assert "en çok" in page.get_by_role("alert").inner_text()
    assert page.locator("#hb-question textarea").input_value() == "uzun soru " * 400


def test_a_phone_shows_everything_in_one_column(real_app: RunningApp, visit: Visit) -> None:
    page = visit(real_app, "tr-TR", width=360, height=740, has_touch=True, is_mobile=True)
    for step in (lambda: None, lambda: ask(page, TURKISH), lambda: ask(page, UNANSWERABLE)):
        step()
        assert_fits(page)
        assert page.evaluate("window.innerWidth") == 360
    assert page.locator(".hb-shelf").bounding_box()["y"] > page.locator(".hb-chat").bounding_box()["y"]  # type: ignore[index]
    page.locator(".hb-card button").first.click()
    page.wait_for_function("() => document.activeElement?.matches('mark.hb-current')")
    assert is_in_view(page, "mark.hb-current")
    page.get_by_role("button", name="Sohbete dön").click()
    page.wait_for_timeout(200)
    assert is_in_view(page, ".hb-turn:last-child .hb-question")


# --- with one that does as it is told ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("locale", "language", "send", "title", "label"),
    [
        ("tr-TR", "tr", "Sor", "Ne öğrenmek istersiniz?", "Sorunuz"),
        ("en-GB", "en", "Ask", "What would you like to know?", "Your question"),
        ("de-DE", "en", "Ask", "What would you like to know?", "Your question"),
    ],
)
def test_labels_follow_the_browser(
    serve: Serve, visit: Visit, locale: str, language: str, send: str, title: str, label: str
) -> None:
    page = visit(serve(FakeChatbot([seed_article()], {})), locale)
    page.get_by_role("button", name=send, exact=True).wait_for()
    page.get_by_role("heading", name=title).wait_for()
    page.get_by_label(label, exact=True).wait_for()
    assert page.evaluate("document.documentElement.lang") == language
    assert page.title() == "Haberci"
    assert_untouched(page)


def test_hostile_text_is_shown_and_never_run(serve: Serve, visit: Visit) -> None:
    article = Article("h", f"{HOSTILE}\n\nSecond.", title=HOSTILE, language="en", url="javascript:window.pwned=4")
    bot = FakeChatbot([article], {HOSTILE: Script(Answer(HOSTILE, "en", True, (cite(article, HOSTILE),), "llm"))})
    page = visit(serve(bot), width=360)
    ask(page, HOSTILE)
    assert texts(page, ".hb-quote") == texts(page, "mark.hb-current") == texts(page, ".hb-question p") == [HOSTILE]
    page.locator(".hb-card button").click()
    page.wait_for_timeout(300)
    assert page.locator(":is(.hb-chat, .hb-shelf, .hb-panel) :is(img, script, svg, a)").count() == 0
    assert_fits(page)
    assert_untouched(page)


def test_an_answer_streams_and_the_wait_is_explained(serve: Serve, visit: Visit) -> None:
    article = seed_article()
    quote = "Kiev bu girişime onay verdi."
    bot = FakeChatbot([article], {"Kiev?": Script(Answer("Kyiv agreed.", "en", True, (cite(article, quote),), "llm"))})
    bot.gate.clear()
    page = visit(serve(bot))
    box = page.locator("#hb-question textarea")
    box.fill("Kiev?")
    box.press("Enter")
    page.get_by_text("Haberci is loading its model").wait_for()
    assert box.input_value() == ""
    assert page.locator("#hb-send").is_disabled()
    bot.gate.set()
    page.wait_for_selector(".hb-card")
    page.wait_for_selector(".hb-growing", state="detached")
    assert page.locator(".hb-text").inner_text() == "Kyiv agreed."
    page.wait_for_function("() => document.activeElement?.matches('#hb-question textarea')")
    assert page.locator("#hb-send").is_enabled()


def test_on_a_phone_a_new_chat_leads_to_the_welcome(serve: Serve, visit: Visit) -> None:
    page = visit(serve(FakeChatbot(library_of(60), {})), width=390, height=740, has_touch=True, is_mobile=True)
    for question in ("One?", "Two?", "Three?"):
        ask(page, question)
    page.get_by_role("button", name="New chat").click()
    page.wait_for_selector(".hb-welcome")
    page.wait_for_timeout(500)
    assert is_in_view(page, ".hb-welcome h2")
    ask(page, "Four?")
    assert is_in_view(page, ".hb-question")


def test_on_a_phone_the_way_back_leads_to_the_welcome_before_a_question(serve: Serve, visit: Visit) -> None:
    page = visit(serve(FakeChatbot(library_of(2), {})), width=390, height=740, has_touch=True, is_mobile=True)
    page.get_by_role("button", name="Report 1").click()
    page.wait_for_selector(".hb-panel")
    page.wait_for_timeout(200)
    assert not is_in_view(page, ".hb-welcome h2")
    page.get_by_role("button", name="Back to the chat").click()
    page.wait_for_timeout(200)
    assert is_in_view(page, ".hb-welcome h2")


def test_one_answer_from_two_articles_can_be_switched(serve: Serve, visit: Visit) -> None:
    one = seed_article()
    two = Article(
        "two", "A second report.\n\nIt agrees.", title="Second report", language="en", url="https://example.org/2"
    )
    answer = Answer("Both.", "en", True, (cite(one, "Kiev bu girişime onay verdi."), cite(two, "It agrees.")), "quote")
    page = visit(serve(FakeChatbot([one, two], {"Who?": Script(answer)})))
    assert page.locator(".hb-library button").count() == 2
    ask(page, "Who?")
    assert texts(page, "mark") == ["Kiev bu girişime onay verdi."]
    page.locator(".hb-tabs").get_by_role("button", name="Second report").click()
    page.get_by_role("heading", name="Second report").wait_for()
    assert texts(page, "mark") == ["It agrees."]
    assert page.locator(".hb-card a").get_attribute("href") == "https://example.org/2"
    page.get_by_role("button", name="All articles").click()
    page.wait_for_selector(".hb-library")


def test_an_open_page_follows_the_library(serve: Serve, visit: Visit, tmp_path: Path) -> None:
    bot: Any = FakeChatbot([], {})
    with open_index(tmp_path / "library") as bot.index, open_index(tmp_path / "library") as other:
        other.add([make_article(1), make_article(2)])
        quote = make_article(1).text.partition(".")[0]
        bot.scripts["Kim?"] = Script(Answer("x", "tr", True, (cite(make_article(1), quote),), "quote"))
        reader, page = visit(serve(bot)), visit(serve(bot), "tr-TR")
        ask(page, "Kim?")
        page.locator("#hb-question textarea").fill("yarım kalan so")
        folder = tmp_path / "news"
        folder.mkdir()
        for name in ("bridge", "museum", "tram"):
            (folder / f"{name}.txt").write_text(f"The {name} was opened in Ankara on Monday, late in the day.\n")
        # A connection that fails meanwhile costs the reader nothing.
        page.context.set_offline(True)
        page.wait_for_timeout(3500)
        page.context.set_offline(False)
        other.sync(folder)
        reader.locator(".hb-library").get_by_text("The tram was opened").wait_for(timeout=5000)
        page.get_by_role("status").get_by_text("kitaplıktan çıkarıldı").wait_for(timeout=5000)
        assert reader.locator(".hb-library button").count() == 3
        assert texts(page, ".hb-count") == ["Kitaplıkta 3 haber"]
        assert texts(page, ".hb-question p") == ["Kim?"]
        assert texts(page, ".hb-panel mark") == [quote]
        assert page.locator("#hb-question textarea").input_value() == "yarım kalan so"
        assert page.locator(".toast-wrap .toast-body").count() == 0
        page.get_by_role("button", name="Tüm haberler").click()
        page.wait_for_selector(".hb-library")
        page.wait_for_selector(".hb-gone", state="detached")
        assert_untouched(page)


def test_chats_are_apart_and_a_new_one_starts_empty(serve: Serve, visit: Visit) -> None:
    bot = FakeChatbot([seed_article()], {})
    app = serve(bot)
    first, second = visit(app), visit(app)
    ask(first, "My secret question?")
    ask(second, "Another?")
    ask(first, "And then?")
    assert texts(second, ".hb-question p") == ["Another?"]
    assert [len(history) for _, history in bot.asked] == [0, 0, 1]
    first.get_by_role("button", name="New chat").click()
    first.wait_for_selector(".hb-welcome")
    ask(first, "Fresh?")
    assert bot.asked[-1] == ("Fresh?", [])
    first.reload()
    first.wait_for_selector(".hb-welcome")


def test_a_new_chat_stops_the_answer_under_way(serve: Serve, visit: Visit) -> None:
    bot = FakeChatbot([seed_article()], {})
    bot.gate.clear()
    page = visit(serve(bot))
    box = page.locator("#hb-question textarea")
    box.fill("Slow?")
    box.press("Enter")
    page.wait_for_selector(".hb-wait")
    page.get_by_role("button", name="New chat").click()
    page.wait_for_selector(".hb-welcome")
    bot.gate.set()
    page.wait_for_timeout(1000)
    assert page.locator(".hb-turn").count() == 0
    ask(page, "Next?")
    assert texts(page, ".hb-question p") == ["Next?"]
    assert bot.asked[-1] == ("Next?", [])


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_has_enough_contrast(serve: Serve, visit: Visit, scheme: Any) -> None:
    article = seed_article()
    quotes = ("Kiev bu girişime onay verdi.", "Astana müzakerelerin merkezi olacak mı?")
    answer = Answer("Evet.", "tr", True, tuple(cite(article, quote) for quote in quotes), "llm")
    scripts = {"Kiev?": Script(answer), "Uzun?": Script(error=LongQuestionError(length=9, limit=1))}
    page = visit(serve(FakeChatbot([article], scripts)), color_scheme=scheme)
    ask(page, "Kiev?")
    ask(page, "Uzun?")
    for selector in READ:
        assert contrast(page, selector) >= 4.5, selector


def contrast(page: Page, selector: str) -> float:
    """The WCAG contrast of an element's text with the nearest opaque background."""
    return page.locator(selector).first.evaluate(
        """element => {
            const channels = colour => colour.match(/[\\d.]+/g).map(Number);
            const light = ([r, g, b]) => [r, g, b].map(v => v / 255)
                .map(v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
                .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
            let behind = element, colour = [0, 0, 0, 0];
            while (behind && (colour[3] ?? 1) < 1) {
                colour = channels(getComputedStyle(behind).backgroundColor);
                behind = behind.parentElement;
            }
            const pair = [light(channels(getComputedStyle(element).color)), light(colour)].sort((a, b) => b - a);
            return (pair[0] + 0.05) / (pair[1] + 0.05);
        }"""
    )
