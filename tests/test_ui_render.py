"""Rendering: offsets stay exact, and nothing that somebody wrote becomes markup."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.types import Answer, Citation
from index import Article
from tests.fakes import cite, not_found, seed_article
from ui.markup import article_text, fits, quote_html, safe_url
from ui.render import (
    Turn,
    article_view,
    conversation,
    gone_view,
    library,
    panel,
    panel_bar,
    shelf,
)
from ui.strings import EXAMPLES

HOSTILE = (
    '<script>window.pwned = 1</script><img src=x onerror="window.pwned = 1"> [link](javascript:alert(1)) '
    "</mark></div>{{value}} ${value} `x` &lt;b&gt; \u202egnihsif\u202c " + "w" * 300
)
CENTRE = "Vladimir Putin, Zelensky'nin toplantı için Moskova'ya gelmesi gerektiğini söyledi"
# What breaks offsets in practice: Turkish letters, emoji, combining marks, every kind of line end, markup.
PIECES = ["İ", "ı", "ş", "🗞️", "e\u0301", "\r\n", "\r", "\n", "\n\n", "  ", "\t", "\u202e"]
PIECES += ["<", "&", '"', "'", "{{", "${", "a", ". ", "## ", "- ", "Soru mu?\n\n"]
TEXT = st.lists(st.sampled_from(PIECES), max_size=60).map(lambda pieces: "x" + "".join(pieces))


class Reader(HTMLParser):
    """What a browser would make of it: tags, text, and the text of each marked citation."""

    def __init__(self, markup: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.marks: dict[str, str] = {}
        self._mark: str | None = None
        self.feed(markup)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag == "mark":
            self._mark = dict(attrs)["data-citation"]

    def handle_endtag(self, tag: str) -> None:
        if tag == "mark":
            self._mark = None

    def handle_data(self, data: str) -> None:
        self.text += data
        if self._mark is not None:
            self.marks[self._mark] = self.marks.get(self._mark, "") + data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


def span(article: Article, start: int, end: int, **more: object) -> Citation:
    return Citation(article.id, article.text[start:end], start, end, 1.0, **more)  # type: ignore[arg-type]


def answer_of(*citations: Citation, method: str = "quote", text: str = "Yanıt.") -> Answer:
    return Answer(text, "tr", True, citations, method)  # type: ignore[arg-type]


# --- offsets ----------------------------------------------------------------------------------------


@given(TEXT, st.data())
def test_the_text_and_each_mark_are_exact(text: str, data: st.DataObject) -> None:
    article = Article("a", text)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), min_size=4, max_size=4)))
    citations = [span(article, cuts[0], cuts[1]), span(article, cuts[2], cuts[3])]
    read = Reader(article_text(article, citations, current=1))
    assert read.text == text
    for number, citation in enumerate(citations):
        assert read.marks.get(str(number), "") == citation.quote


@given(TEXT, st.data())
def test_where_quotes_overlap_the_chosen_one_is_whole(text: str, data: st.DataObject) -> None:
    article = Article("a", text)
    ends = st.integers(0, len(text))
    citations = [span(article, *sorted((data.draw(ends), data.draw(ends)))) for _ in range(3)]
    current = data.draw(st.integers(0, 2))
    read = Reader(article_text(article, citations, current))
    assert read.text == text
    assert read.marks.get(str(current), "") == citations[current].quote


def test_a_quote_over_two_paragraphs_is_marked_in_both() -> None:
    article = Article("a", "First paragraph.\n\nSecond paragraph.\n\nThird.")
    citation = span(article, 6, 24)
    read = Reader(article_text(article, [citation], current=0))
    assert len(read.all("mark")) == 2
    assert read.marks["0"] == "paragraph.\n\nSecond"


def test_headings_and_paragraphs_of_the_shipped_article() -> None:
    read = Reader(article_text(seed_article()))
    assert read.text == seed_article().text
    assert len(read.all("h3")) == 3


def test_the_marks_of_a_markdown_heading_are_in_the_text_but_not_seen() -> None:
    article = Article("a", "Intro to it all.\n\n## What it costs\n\nIt costs ten lira.\n\n# Last")
    hidden = '<span class="hb-hidden" aria-hidden="true">'
    marked = article_text(article)
    assert f'<h3 dir="auto">{hidden}## </span>What it costs\n\n</h3>' in marked
    # What nothing stands under is no heading.
    assert marked.count(hidden) == 1
    at = article.text.index("##")
    for start, end, shown in (
        (at, at + 7, f">{hidden}## </span>What</mark> it"),
        (at + 1, at + 7, f"{hidden}#</span><mark"),
        (at + 1, at + 7, f">{hidden}# </span>What</mark> it"),
        (at, at + 2, f">{hidden}##</span></mark>{hidden} </span>What it"),
        (at + 3, at + 7, f"{hidden}## </span><mark"),
        (0, at + 7, f">{hidden}## </span>What</mark>"),
    ):
        citation = span(article, start, end)
        read = Reader(article_text(article, [citation], current=0))
        assert shown in article_text(article, [citation], current=0)
        assert (read.text, read.marks["0"]) == (article.text, citation.quote)
    exact = span(article, at, at + 7, answer_start=at, answer_end=at + 7)
    assert f"<b>{hidden}## </span>What</b>" in article_text(article, [exact])


def test_the_exact_words_are_bold_in_card_and_article() -> None:
    article = seed_article()
    citation = cite(article, CENTRE, exact="Moskova'ya")
    assert "<b>Moskova&#x27;ya</b>" in quote_html(citation)
    marked = article_text(article, [citation], current=0)
    assert "<b>Moskova&#x27;ya</b>" in marked
    assert Reader(marked).marks["0"] == CENTRE
    assert "<b>" not in quote_html(replace(citation, answer_start=0))


def test_a_quote_that_no_longer_fits_is_not_marked() -> None:
    article = seed_article()
    citation = cite(article, CENTRE)
    changed = replace(article, text="Yeni. " + article.text)
    assert fits(article, citation)
    assert not fits(changed, citation)
    view = Reader(article_view(changed, "en", citations=[citation], current=0))
    assert view.marks == {}
    assert "has changed" in view.text
    assert CENTRE in view.text


# --- untrusted text ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("https://example.org/a?b=1&c=2", True),
        ("HTTP://example.org", True),
        ("  https://example.org/  ", True),
        ("javascript:alert(1)", False),
        ("JaVaScRiPt:alert(1)", False),
        ("java\nscript:alert(1)", False),
        ("https://exa mple.org", False),
        ("https://example.org/\u202e", False),
        ("https:///no-host", False),
        ("https://[", False),
        ("//example.org", False),
        ("data:text/html,x", False),
        ("file:///etc/passwd", False),
        ("", False),
        (None, False),
    ],
)
def test_only_web_addresses_become_links(url: str | None, kept: bool) -> None:
    assert (safe_url(url) is not None) == kept


def test_hostile_text_stays_text_everywhere() -> None:
    article = Article('id"><script>', HOSTILE, title=HOSTILE, language="en", url="javascript:alert(1)")
    citation = replace(span(article, 0, len(HOSTILE)), title=HOSTILE, url=article.url)
    answer = answer_of(citation, method="llm", text=HOSTILE)
    turns = [Turn(HOSTILE, answer), Turn(HOSTILE, error=HOSTILE), Turn(HOSTILE, replace(answer, method="quote"))]
    other = Article("b", "Text.", title=HOSTILE)
    two = answer_of(citation, replace(citation, article_id="b"))
    for markup in (
        conversation(turns, "en"),
        panel(article_view(article, "tr", citations=[citation], current=0), "tr", 1, article.id),
        library([article, other], "en"),
        gone_view(citation, "en"),
        panel_bar("en", turn=0, answer=two, shown_id="b"),
    ):
        read = Reader(markup)
        assert "<script>window.pwned" in read.text or HOSTILE[:20] in read.text
        assert not {"script", "img", "a"} & {tag for tag, _ in read.tags}
        assert not [name for _, attributes in read.tags for name in attributes if name.startswith("on")]


@given(st.text(max_size=80))
def test_any_question_is_read_back_as_it_was(question: str) -> None:
    question = question.encode("utf-8", "ignore").decode()
    assert question in Reader(conversation([Turn(question)], "en")).text


# --- the conversation -------------------------------------------------------------------------------


def test_a_card_shows_quote_title_and_date_in_the_right_languages() -> None:
    article = replace(seed_article(), url="https://example.org/haber")
    answer = answer_of(cite(article, CENTRE))
    read = Reader(conversation([Turn("Nerede?", answer, languages={article.id: "tr"})], "en"))
    assert CENTRE in read.text
    assert "23 December 2025" in read.text
    assert "in Turkish" in read.text
    assert [span["lang"] for span in read.all("span") if span.get("class") == "hb-quote"] == ["tr"]
    (link,) = read.all("a")
    assert link["href"] == "https://example.org/haber"
    assert "noopener" in (link["rel"] or "")
    assert "23 Aralık 2025" in conversation([Turn("Nerede?", answer)], "tr")


def test_an_answer_of_quotes_says_each_quote_once_and_a_written_one_is_shown() -> None:
    answer = answer_of(cite(seed_article(), CENTRE), text=f"Makaleye göre: {CENTRE}")
    quoted = Reader(conversation([Turn("Nerede?", answer)], "en")).text
    written = Reader(conversation([Turn("Nerede?", replace(answer, method="llm"))], "en")).text
    assert quoted.count(CENTRE) == 1
    assert "Makaleye göre:" in quoted
    assert written.count(CENTRE) == 2
    assert "language model" in written


def test_no_answer_has_no_cards_and_a_hint() -> None:
    read = Reader(conversation([Turn("Kim?", not_found("tr"), hint=True)], "en"))
    assert "Haberler bunu söylemiyor." in read.text
    assert "Try other words" in read.text
    assert not read.all("li")
    assert "Try other words" not in conversation([Turn("Kim?", not_found("tr"))], "en")


def test_an_error_is_announced() -> None:
    read = Reader(conversation([Turn("x" * 5000, error="Soru çok uzun.")], "tr"))
    assert "Soru çok uzun." in read.text
    assert any(attributes.get("role") == "alert" for attributes in read.all("div"))
    assert "x" * 1000 not in read.text


def test_only_the_last_failed_question_is_still_in_the_box() -> None:
    assert conversation([Turn("a", error="x"), Turn("b", error="y")], "en").count("still in the box") == 1


def test_waiting_says_what_for() -> None:
    assert "Reading the articles" in conversation([Turn("?", pending=True)], "en")
    assert "modelini yüklüyor" in conversation([Turn("?", pending=True, loading=True)], "tr")


def test_the_welcome_offers_the_reader_s_language_first() -> None:
    for page in ("tr", "en"):
        buttons = Reader(conversation([], page, EXAMPLES)).all("button")  # type: ignore[arg-type]
        assert len(buttons) == len(EXAMPLES)
        assert buttons[0]["lang"] == page


# --- the panel --------------------------------------------------------------------------------------


def test_the_library_is_a_list_newest_first_one_article_or_a_hint() -> None:
    old = Article("old", "Eski haber.", title="Eski", published=date(2020, 1, 1))
    new = Article("new", "Yeni haber.", title="Yeni", published=date(2024, 1, 1))
    undated = Article("undated", "Text.", title="Undated")
    listed = Reader(library([old, undated, new], "tr"))
    assert [button["data-article"] for button in listed.all("button")] == ["new", "old", "undated"]
    assert "3 haber" in listed.text
    assert "Yeni haber." in library([new], "en")
    assert "haberci index" in library([], "en")


def test_a_large_library_is_cut_and_says_so() -> None:
    many = [Article(f"{number}", "Text.") for number in range(250)]
    read = Reader(library(many, "en"))
    assert len(read.all("button")) == 200
    assert "and 50 more" in read.text


def test_tabs_appear_for_several_articles_only() -> None:
    one, two = seed_article(), Article("two", CENTRE, title="İkinci")
    answer = answer_of(cite(one, CENTRE), cite(one, "Kiev"), cite(two, CENTRE))
    buttons = Reader(panel_bar("en", turn=4, answer=answer, shown_id="two")).all("button")
    tabs = [button for button in buttons if "data-turn" in button]
    assert [(tab["data-turn"], tab["data-citation"], tab.get("aria-current")) for tab in tabs] == [
        ("4", "0", None),
        ("4", "2", "true"),
    ]
    assert "hb-tabs" not in panel_bar("en", turn=4, answer=answer_of(cite(one, CENTRE)), shown_id=one.id)


def test_the_shelf_counts_its_articles_and_leads_to_the_list_of_several() -> None:
    for articles, line, buttons in ((0, "", 0), (1, "Kitaplıkta 1 haber", 0), (23, "Kitaplıkta 23 haber", 1)):
        read = Reader(shelf("", "tr", 7, articles))
        assert read.text == line + ("Tüm haberler" if buttons else "")
        assert len(read.all("button")) == buttons
        assert read.all("section")[0]["data-revision"] == "7"


def test_the_same_view_shown_again_differs_so_that_it_scrolls() -> None:
    assert panel("x", "en", 1) != panel("x", "en", 2)


# --- generated answers ------------------------------------------------------------------------------


def test_the_marks_of_a_generated_answer_open_its_quotes() -> None:
    article = seed_article()
    text = "It may be Moscow. [1] It is uncertain. [2] <b>[3]</b> [99]"
    answer = Answer(text, "en", True, (cite(article, CENTRE), cite(article, CENTRE)), "llm")
    page = Reader(conversation([Turn("Where?", answer)], "en"))
    marks = [attributes for tag, attributes in page.tags if attributes.get("class") == "hb-mark"]
    assert [(mark["data-action"], mark["data-turn"], mark["data-citation"]) for mark in marks] == [
        ("show", "0", "0"),
        ("show", "0", "1"),
    ]
    assert "<b>[3]</b> [99]" in page.text
    assert page.text.count("[1]") == 2  # in the text and on its quote


def test_a_quoting_answer_has_no_marks() -> None:
    answer = Answer("“Kar [1] yağdı.”", "tr", True, (cite(seed_article(), CENTRE),), "quote")
    assert "hb-mark" not in conversation([Turn("Nerede?", answer)], "tr")


def test_how_a_question_was_understood_and_why_an_answer_quotes_is_said() -> None:
    answer = Answer("x", "en", True, (cite(seed_article(), CENTRE),), "quote", "The model <failed>.", "Where <is> it?")
    shown = conversation([Turn("And where?", answer)], "en")
    assert "Understood as:" in shown
    assert "Where &lt;is&gt; it?" in shown
    assert "The model &lt;failed&gt;." in shown
