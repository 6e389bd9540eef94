"""Answers and articles as HTML.

Everything that a person or a newspaper wrote goes through :func:`escape`; nothing is read as Markdown.
The page is made of HTML components, and whatever these functions return is put into it as it is.
"""

from __future__ import annotations

import html
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import pairwise
from urllib.parse import urlsplit

from bot.phrases import format_date
from bot.types import Answer, Citation
from index import Article, Language
from index.blocks import split_blocks
from ui.strings import Example, count_text, text

MAX_SHOWN_QUESTION_CHARS = 600
MAX_LISTED_ARTICLES = 200

CURRENT = ' aria-current="true"'

Span = tuple[int, int]


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


def escape(value: str) -> str:
    """``value`` as HTML text, or inside a quoted attribute; a parser reads back exactly the same characters.

    A carriage return is written as a reference, since a parser would turn it into a line feed.
    """
    return html.escape(value, quote=True).replace("\r", "&#13;")


def safe_url(url: str | None) -> str | None:
    """``url`` when it is a plain web address (http or https with a host), else None."""
    if url is None or any(character.isspace() or not character.isprintable() for character in url.strip()):
        return None
    try:
        parts = urlsplit(url.strip())
        host = parts.hostname
    except ValueError:
        return None
    return url.strip() if parts.scheme in ("http", "https") and host else None


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


# --- marked text ------------------------------------------------------------------------------------


def article_text(article: Article, citations: Sequence[Citation] = (), current: int | None = None) -> str:
    """The article's whole text as paragraphs, its cited passages in ``<mark>``.

    The text content of the result is ``article.text``, character for character, and the marks of citation
    ``i`` (``data-citation="i"``) together hold exactly its quote: a mark that runs over a paragraph's end
    goes on in the next one. Where citations overlap, ``current`` is on top, then the better one. A citation
    that does not fit the text is left out (see :func:`fits`).
    """
    runs = _runs(article, citations, current)
    exact = [_exact_span(citation) for citation in citations]
    pieces = []
    for tag, start, end in _paragraphs(article.text):
        inside = "".join(
            _marked(article.text, run_start, run_end, owner, current, exact[owner] if owner is not None else None)
            for run_start, run_end, owner in _clip(runs, start, end)
        )
        pieces.append(f'<{tag} dir="auto">{inside}</{tag.split()[0]}>')
    return "".join(pieces)


def fits(article: Article, citation: Citation) -> bool:
    """Whether the quote stands where the citation says; not so once the article was changed."""
    return citation.article_id == article.id and article.text[citation.start : citation.end] == citation.quote


def quote_html(citation: Citation) -> str:
    """The quote, with the words that answer, when known, in bold."""
    exact = _exact_span(citation)
    if exact is None:
        return escape(citation.quote)
    start, end = exact[0] - citation.start, exact[1] - citation.start
    before, words, after = citation.quote[:start], citation.quote[start:end], citation.quote[end:]
    return f"{escape(before)}<b>{escape(words)}</b>{escape(after)}"


def _exact_span(citation: Citation) -> Span | None:
    start, end = citation.answer_start, citation.answer_end
    if start is None or end is None or not citation.start <= start < end <= citation.end:
        return None
    return start, end


def _paragraphs(article: str) -> Iterator[tuple[str, int, int]]:
    """(tag, start, end) of every block, the white space after it included; together the whole text."""
    blocks = split_blocks(article)
    if not blocks:
        yield "p", 0, len(article)
        return
    if blocks[0].start > 0:
        yield 'p class="hb-dateline"', 0, blocks[0].start
    for block, following in zip(blocks, [*blocks[1:], None], strict=True):
        end = following.start if following is not None else len(article)
        yield "h3" if block.kind == "heading" else "p", block.start, end


def _runs(article: Article, citations: Sequence[Citation], current: int | None) -> list[tuple[int, int, int | None]]:
    """The text cut into stretches, each owned by the citation that marks it, None for plain text."""
    order = sorted(range(len(citations)), key=lambda number: (number != current, number))
    owners = [number for number in order if fits(article, citations[number])]
    edges = {0, len(article.text)}
    for number in owners:
        edges |= {citations[number].start, citations[number].end}
    cuts = sorted(edges)
    runs: list[tuple[int, int, int | None]] = []
    for start, end in pairwise(cuts):
        owner = next((n for n in owners if citations[n].start <= start and end <= citations[n].end), None)
        if runs and runs[-1][2] == owner:
            runs[-1] = (runs[-1][0], end, owner)
        else:
            runs.append((start, end, owner))
    return runs


def _clip(runs: Iterable[tuple[int, int, int | None]], start: int, end: int) -> Iterator[tuple[int, int, int | None]]:
    for run_start, run_end, owner in runs:
        if run_start < end and start < run_end:
            yield max(run_start, start), min(run_end, end), owner


def _marked(source: str, start: int, end: int, owner: int | None, current: int | None, exact: Span | None) -> str:
    if owner is None:
        return escape(source[start:end])
    inside = escape(source[start:end])
    if exact is not None and start < exact[1] and exact[0] < end:
        first, last = max(start, exact[0]), min(end, exact[1])
        inside = f"{escape(source[start:first])}<b>{escape(source[first:last])}</b>{escape(source[last:end])}"
    state = ' class="hb-current" tabindex="-1"' if owner == current else ""
    return f'<mark data-citation="{owner}"{state}>{inside}</mark>'


# --- the conversation -------------------------------------------------------------------------------


def masthead(title: str, page: Language) -> str:
    """The page's head. ``data-page`` tells the page's script which language it is in."""
    return (
        f'<header class="hb-masthead" lang="{page}" data-page="{page}"><h1>{escape(title)}</h1>'
        f"<p>{text(page, 'tagline')}</p></header>"
    )


def conversation(turns: Sequence[Turn], page: Language, examples: Sequence[Example] = ()) -> str:
    """The whole chat; a welcome with examples before the first question."""
    inside = "".join(_turn(number, turn, page) for number, turn in enumerate(turns)) or _welcome(page, examples)
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


def _turn(number: int, turn: Turn, page: Language) -> str:
    question = turn.question
    if len(question) > MAX_SHOWN_QUESTION_CHARS:
        question = question[: MAX_SHOWN_QUESTION_CHARS - 1] + "…"
    return (
        f'<section class="hb-turn"><div class="hb-question"><h3 class="hb-hidden">{text(page, "you_asked")}</h3>'
        f'<p dir="auto">{escape(question)}</p></div>'
        f'<div class="hb-answer"><h3 class="hb-hidden">{text(page, "haberci_answered")}</h3>'
        f"{_reply(number, turn, page)}</div></section>"
    )


def _reply(number: int, turn: Turn, page: Language) -> str:
    if turn.error is not None:
        return (
            f'<div class="hb-error" role="alert"><strong>{text(page, "error_title")}</strong>'
            f'<p dir="auto">{escape(turn.error)}</p><p class="hb-note">{text(page, "error_kept")}</p></div>'
        )
    if turn.answer is None:
        return _waiting(turn.loading, page)
    state = " hb-growing" if turn.pending else ""
    quoted = turn.answer.method == "quote" and turn.answer.citations
    # An answer of quotes is its cards; its text would say every quote twice.
    words = _lead(turn.answer) if quoted else escape(turn.answer.text)
    said = f'<div class="hb-text{state}"{_lang(turn.answer.language)} dir="auto">{words}</div>'
    if not turn.answer.found:
        return said + (f'<p class="hb-note">{text(page, "not_found_hint")}</p>' if turn.hint else "")
    return said + _cards(number, turn.answer, page, turn.languages)


def _lead(answer: Answer) -> str:
    return count_text(answer.language, "answer_quoted", len({citation.article_id for citation in answer.citations}))


def _waiting(loading: bool, page: Language) -> str:
    dots = '<span class="hb-dots" aria-hidden="true"><i></i><i></i><i></i></span>'
    if not loading:
        return f'<p class="hb-wait">{dots}{text(page, "searching")}</p>'
    return f'<p class="hb-wait">{dots}{text(page, "loading")}<small>{text(page, "loading_hint")}</small></p>'


def _cards(turn: int, answer: Answer, page: Language, languages: Mapping[str, Language]) -> str:
    if not answer.citations:
        return ""
    cards = "".join(
        f'<li class="hb-card">{_card(turn, number, citation, page, languages.get(citation.article_id))}</li>'
        for number, citation in enumerate(answer.citations)
    )
    if answer.method == "quote":
        return f'<ol class="hb-cards hb-said">{cards}</ol>'
    heading = count_text(page, "evidence", len(answer.citations))
    return (
        f'<p class="hb-note">{text(page, "method_llm")}</p>'
        f'<h4 class="hb-evidence">{heading}</h4><ol class="hb-cards">{cards}</ol>'
    )


def _card(turn: int, number: int, citation: Citation, page: Language, language: Language | None) -> str:
    foreign = text(page, f"article_language_{language}") if language and language != page else ""
    source = _byline((_title(citation.title, page, language), _date(citation.published, page), foreign))
    return (
        f'<button type="button" data-action="show" data-turn="{turn}" data-citation="{number}" '
        f'title="{text(page, "show_in_article")}">'
        f'<span class="hb-quote" dir="auto"{_lang(language)}>{quote_html(citation)}</span>'
        f'<span class="hb-source">{source}</span></button>{_link(citation.url, page)}'
    )


# --- the panel beside it ----------------------------------------------------------------------------


def panel(inside: str, page: Language, shown: int) -> str:
    """The panel around its contents. ``shown`` differs every time, so that showing the same thing again scrolls."""
    label = text(page, "panel_label")
    return f'<section class="hb-panel" lang="{page}" aria-label="{label}" data-shown="{shown}">{inside}</section>'


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
    """The panel's buttons: back to the chat (on a phone), the cited articles, the list of all articles."""
    tabs = _tabs(turn, answer, shown_id, page) if turn is not None and answer is not None else ""
    back = f'<button type="button" class="hb-back" data-action="back">{text(page, "back_to_chat")}</button>'
    everything = f'<button type="button" class="hb-all" data-action="show">{text(page, "library_all")}</button>'
    return f'<div class="hb-bar">{back}{tabs}{everything}</div>'


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
