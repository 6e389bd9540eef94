"""Answers and articles as HTML.

Everything that a person or a newspaper wrote goes through :func:`ui.markup.escape`; nothing is read as Markdown.
The page is made of HTML components, and whatever these functions return is put into it as it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from bot.phrases import format_date, frame
from bot.types import Answer, Citation
from index import Article, Language
from ui.markup import article_text, escape, fits, quote_html, safe_url
from ui.strings import Example, count_text, text

MAX_SHOWN_QUESTION_CHARS = 600
MAX_LISTED_ARTICLES = 200

_MARK = re.compile(r"\[(\d{1,3})\]")

CURRENT = ' aria-current="true"'


@dataclass(frozen=True, slots=True)
class Turn:
    """A question of the conversation and what came of it so far.

    ``answer`` grows while ``pending``; ``error`` stands in its place when the question failed. ``loading``
    says that the model is not loaded yet, so that the wait is explained. ``languages`` holds the language of
    each cited article by its id, so that a quote is read out rightly. ``hint`` adds advice to an answer that
    found nothing.
    """

    question: str
    answer: Answer | None = None
    error: str | None = None
    pending: bool = False
    loading: bool = False
    languages: Mapping[str, Language] = field(default_factory=dict)
    hint: bool = False


# --- small parts ------------------------------------------------------------------------------------


def _link(url: str | None, page: Language) -> str:
    address = safe_url(url)
    if address is None:
        return ""
    return (
        f'<a class="hb-link" href="{escape(address)}" target="_blank" rel="noopener noreferrer">'
        f'{text(page, "read_at_source")}<span class="hb-hidden"> ({text(page, "opens_new_tab")})</span></a>'
    )


def _byline(parts: Iterable[str]) -> str:
    return '<span class="hb-dot" aria-hidden="true"> · </span>'.join(part for part in parts if part)


def _date(day: date | None, page: Language) -> str:
    return "" if day is None else f'<time datetime="{day.isoformat()}">{format_date(day, page)}</time>'


def _title(title: str | None, page: Language, language: Language | None = None) -> str:
    if not title:
        return text(page, "untitled")
    return f"<bdi{_lang(language)}>{escape(title)}</bdi>"


def _lang(language: Language | None) -> str:
    return f' lang="{language}"' if language else ""


# --- the conversation -------------------------------------------------------------------------------


def masthead(title: str, page: Language) -> str:
    """The page's head. ``data-page`` tells the page's script which language it is in."""
    return (
        f'<header class="hb-masthead" lang="{page}" data-page="{page}"><h1>{escape(title)}</h1>'
        f"<p>{text(page, 'tagline')}</p></header>"
    )


def conversation(turns: Sequence[Turn], page: Language, examples: Sequence[Example] = ()) -> str:
    """The whole chat; a welcome with examples before the first question."""
    last = len(turns) - 1
    shown = [_turn(number, turn, page, kept=number == last) for number, turn in enumerate(turns)]
    inside = "".join(shown) or _welcome(page, examples)
    return (
        f'<div class="hb-chat" lang="{page}" role="log" aria-live="polite" '
        f'aria-label="{text(page, "chat_label")}" data-turns="{len(turns)}">{inside}</div>'
    )


def _welcome(page: Language, examples: Sequence[Example]) -> str:
    ordered = sorted(examples, key=lambda example: example.language != page)
    buttons = "".join(
        f'<li><button type="button" class="hb-example" lang="{example.language}" data-action="example" '
        f'data-question="{escape(example.question)}">{escape(example.question)}</button></li>'
        for example in ordered
    )
    listed = f'<h3>{text(page, "examples_label")}</h3><ul class="hb-examples">{buttons}</ul>' if buttons else ""
    return (
        f'<div class="hb-welcome"><h2>{text(page, "welcome_title")}</h2>'
        f"<p>{text(page, 'welcome_text')}</p>{listed}</div>"
    )


def _turn(number: int, turn: Turn, page: Language, *, kept: bool) -> str:
    # ``kept``: a failed question is still in the box, until the next one is asked.
    question = turn.question
    if len(question) > MAX_SHOWN_QUESTION_CHARS:
        question = question[: MAX_SHOWN_QUESTION_CHARS - 1] + "…"
    return (
        f'<section class="hb-turn"><div class="hb-question"><h3 class="hb-hidden">{text(page, "you_asked")}</h3>'
        f'<p dir="auto">{escape(question)}</p></div>'
        f'<div class="hb-answer"><h3 class="hb-hidden">{text(page, "haberci_answered")}</h3>'
        f"{_reply(number, turn, page, kept=kept)}</div></section>"
    )


def _reply(number: int, turn: Turn, page: Language, *, kept: bool) -> str:
    if turn.error is not None:
        note = f'<p class="hb-note">{text(page, "error_kept")}</p>' if kept else ""
        return (
            f'<div class="hb-error" role="alert"><strong>{text(page, "error_title")}</strong>'
            f'<p dir="auto">{escape(turn.error)}</p>{note}</div>'
        )
    if turn.answer is None:
        return _waiting(turn.loading, page)
    state = " hb-growing" if turn.pending else ""
    quoted = turn.answer.method == "quote" and turn.answer.citations
    # An answer of quotes is its cards; its text would say every quote twice.
    words = _lead(turn.answer, turn.languages) if quoted else _marked_text(number, turn.answer, page)
    said = f'<div class="hb-text{state}"{_lang(turn.answer.language)} dir="auto">{words}</div>'
    said = _understood(turn.answer, page) + said + _note(turn.answer.note, turn.answer.language)
    if not turn.answer.found:
        return said + (f'<p class="hb-note">{text(page, "not_found_hint")}</p>' if turn.hint else "")
    return said + _cards(number, turn.answer, page, turn.languages)


def _marked_text(turn: int, answer: Answer, page: Language) -> str:
    """The answer's text; in a generated one each ``[n]`` opens the quote it stands for."""
    if answer.method != "llm":
        return escape(answer.text)

    def mark(found: re.Match[str]) -> str:
        number = int(found[1])
        if not 1 <= number <= len(answer.citations):
            return found[0]
        label = text(page, "show_quote", number=number)
        return (
            f'<button type="button" class="hb-mark" data-action="show" data-turn="{turn}" '
            f'data-citation="{number - 1}" title="{label}" aria-label="{label}">[{number}]</button>'
        )

    # Marks hold nothing that escaping changes.
    return _MARK.sub(mark, escape(answer.text))


def _understood(answer: Answer, page: Language) -> str:
    """How a question was understood that hangs on the conversation before it."""
    if answer.question is None:
        return ""
    return (
        f'<p class="hb-understood">{text(page, "understood")} '
        f'<span{_lang(answer.language)} dir="auto">{escape(answer.question)}</span></p>'
    )


def _note(note: str | None, language: Language) -> str:
    return f'<p class="hb-note"{_lang(language)}>{escape(note)}</p>' if note else ""


def _lead(answer: Answer, languages: Mapping[str, Language]) -> str:
    cited = dict.fromkeys(citation.article_id for citation in answer.citations)
    return frame(answer.language, [languages.get(article_id, answer.language) for article_id in cited])


def _waiting(loading: bool, page: Language) -> str:
    dots = '<span class="hb-dots" aria-hidden="true"><i></i><i></i><i></i></span>'
    if not loading:
        return f'<p class="hb-wait">{dots}{text(page, "searching")}</p>'
    return f'<p class="hb-wait">{dots}{text(page, "loading")}<small>{text(page, "loading_hint")}</small></p>'


def _cards(turn: int, answer: Answer, page: Language, languages: Mapping[str, Language]) -> str:
    if not answer.citations:
        return ""
    cards = "".join(
        f'<li class="hb-card">{_card(turn, number, answer, page, languages)}</li>'
        for number in range(len(answer.citations))
    )
    if answer.method == "quote":
        return f'<ol class="hb-cards hb-said">{cards}</ol>'
    heading = count_text(page, "evidence", len(answer.citations))
    return (
        f'<p class="hb-note">{text(page, "method_llm")}</p>'
        f'<h4 class="hb-evidence">{heading}</h4><ol class="hb-cards">{cards}</ol>'
    )


def _card(turn: int, number: int, answer: Answer, page: Language, languages: Mapping[str, Language]) -> str:
    citation = answer.citations[number]
    language = languages.get(citation.article_id)
    mark = f'<span class="hb-number" aria-hidden="true">[{number + 1}]</span>' if answer.method == "llm" else ""
    foreign = language is not None and (language != page or language != answer.language)
    written = text(page, f"article_language_{language}") if foreign else ""
    about = _byline((_date(citation.published, page), written))
    source = _title(citation.title, page, language) + (f' <span class="hb-about">{about}</span>' if about else "")
    return (
        f'<button type="button" data-action="show" data-turn="{turn}" data-citation="{number}" '
        f'title="{text(page, "show_in_article")}">'
        f'{mark}<span class="hb-quote" dir="auto"{_lang(language)}>{quote_html(citation)}</span>'
        f'<span class="hb-source">{source}</span></button>{_link(citation.url, page)}'
    )


# --- the panel beside it ----------------------------------------------------------------------------


def panel(inside: str, page: Language, shown: int, article_id: str = "") -> str:
    """The panel around its contents. ``shown`` differs every time, so that showing the same thing again scrolls.

    ``article_id``: the article that is open, so that the reader can be told when it goes.
    """
    label = text(page, "panel_label")
    return (
        f'<section class="hb-panel" lang="{page}" aria-label="{label}" data-shown="{shown}" '
        f'data-article="{escape(article_id)}">{inside}</section>'
    )


def shelf(inside: str, page: Language, revision: int, articles: int = 0) -> str:
    """What stands in the panel's place while it is empty: the library, and above it a line for when it is not.

    The line tells how many ``articles`` there are; of several it leads to the list. ``revision`` is the library's.
    """
    everything = f'<button type="button" data-action="show">{text(page, "library_all")}</button>'
    line = (
        f'<div class="hb-bar"><p class="hb-count">{count_text(page, "in_library", articles)}</p>'
        f"{everything if articles > 1 else ''}</div>"
    )
    return (
        f'<section class="hb-shelf" lang="{page}" aria-label="{text(page, "library_title")}" '
        f'data-revision="{revision}">{line if articles else ""}{inside}</section>'
    )


def library(articles: Sequence[Article], page: Language) -> str:
    """The list of articles, newest first; with one article only, that article."""
    if not articles:
        return (
            f'<div class="hb-sheet hb-empty"><h2>{text(page, "library_empty_title")}</h2>'
            f"<p>{text(page, 'library_empty_text')}</p><pre><code>haberci index news.txt</code></pre></div>"
        )
    if len(articles) == 1:
        return article_view(articles[0], page)
    newest = sorted(articles, key=lambda article: article.published or date.min, reverse=True)
    items = "".join(_listed(article, page) for article in newest[:MAX_LISTED_ARTICLES])
    left = len(articles) - MAX_LISTED_ARTICLES
    more = f'<p class="hb-note">{text(page, "library_more", count=left)}</p>' if left > 0 else ""
    count = count_text(page, "library_count", len(articles))
    return (
        f'<div class="hb-sheet" tabindex="0"><p class="hb-kicker">{count}</p>'
        f'<h2>{text(page, "library_title")}</h2><ul class="hb-library">{items}</ul>{more}</div>'
    )


def _listed(article: Article, page: Language) -> str:
    about = _byline((_date(article.published, page), _in_language(article, page)))
    return (
        f'<li><button type="button" data-action="show" data-article="{escape(article.id)}">'
        f'<span class="hb-title">{_title(article.title, page, article.language)}</span>'
        f'<span class="hb-source">{about}</span></button></li>'
    )


def article_view(
    article: Article,
    page: Language,
    *,
    citations: Sequence[Citation] = (),
    current: int | None = None,
) -> str:
    """An article with its evidence marked."""
    marked = sum(fits(article, citation) for citation in citations)
    kicker = _byline(
        (
            _date(article.published, page),
            _in_language(article, page),
            count_text(page, "marked", marked) if marked else "",
        )
    )
    lost = ""
    if current is not None and not fits(article, citations[current]):
        lost = _lost(citations[current], page, "article_changed", article.language)
    return (
        f'<div class="hb-sheet" tabindex="0"><p class="hb-kicker">{kicker}</p>'
        f"<h2>{_title(article.title, page, article.language)}</h2>{_link(article.url, page)}{lost}"
        f'<div class="hb-article"{_lang(article.language)}>{article_text(article, citations, current)}</div></div>'
    )


def gone_note(page: Language) -> str:
    """What is said above an open article that has left the library."""
    return f'<p class="hb-gone" lang="{page}">{text(page, "open_article_gone")}</p>'


def gone_view(citation: Citation, page: Language) -> str:
    """What stands in place of an article that was removed since it was cited."""
    return f'<div class="hb-sheet" tabindex="0">{_lost(citation, page, "article_gone")}</div>'


def notice(message: str, page: Language) -> str:
    """A message in place of an article."""
    return (
        f'<div class="hb-sheet"><div class="hb-error" role="alert"><strong>{text(page, "error_title")}</strong>'
        f'<p dir="auto">{escape(message)}</p></div></div>'
    )


def _lost(citation: Citation, page: Language, key: str, language: Language | None = None) -> str:
    quote = f'<blockquote dir="auto"{_lang(language)}>{escape(citation.quote)}</blockquote>'
    return f'<div class="hb-lost"><p>{text(page, key)}</p>{quote}</div>'


def _in_language(article: Article, page: Language) -> str:
    return text(page, f"article_language_{article.language}") if article.language else ""


def panel_bar(page: Language, *, turn: int | None = None, answer: Answer | None = None, shown_id: str = "") -> str:
    """The panel's buttons: back to the chat (on a phone) and the cited articles."""
    tabs = _tabs(turn, answer, shown_id, page) if turn is not None and answer is not None else ""
    back = f'<button type="button" class="hb-back" data-action="back">{text(page, "back_to_chat")}</button>'
    return f'<div class="hb-bar">{back}{tabs}</div>'


def _tabs(turn: int, answer: Answer, shown_id: str, page: Language) -> str:
    firsts: dict[str, int] = {}
    for number, citation in enumerate(answer.citations):
        firsts.setdefault(citation.article_id, number)
    if len(firsts) < 2:
        return ""
    tabs = "".join(
        f'<button type="button" data-action="show" data-turn="{turn}" data-citation="{number}"'
        f"{CURRENT if article_id == shown_id else ''}>{_title(answer.citations[number].title, page)}</button>"
        for article_id, number in firsts.items()
    )
    return f'<nav class="hb-tabs" aria-label="{text(page, "cited_articles")}">{tabs}</nav>'
