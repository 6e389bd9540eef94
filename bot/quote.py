"""Evidence to an answer in the articles' own words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bot.evidence import Evidence
from bot.phrases import EMPTY_LIBRARY, NOT_FOUND, OTHER_LANGUAGE, format_date, frame, quote_marks
from bot.types import Answer, Citation
from index import Language


def quote_answer(evidence: Sequence[Evidence], language: Language) -> Answer:
    """The answer that quotes ``evidence``; "the articles don't say" when there is none."""
    if not evidence:
        return not_found(language)
    citations = tuple(citation_of(item) for item in evidence)
    return Answer(_text(evidence, language), language, True, citations, "quote")


def growing_answers(evidence: Sequence[Evidence], language: Language) -> Iterator[Answer]:
    """The answer that quotes ``evidence`` as it is shown bit by bit: one quote more each time, the whole one last."""
    for count in range(1, len(evidence)):
        yield quote_answer(evidence[:count], language)
    yield quote_answer(evidence, language)


def not_found(language: Language) -> Answer:
    return Answer(NOT_FOUND[language], language, False, (), "none")


def empty_library(language: Language) -> Answer:
    return Answer(EMPTY_LIBRARY[language], language, False, (), "none")


def other_language() -> Answer:
    """For a question in neither language: said in both."""
    return Answer(OTHER_LANGUAGE, "en", False, (), "none")


def _text(evidence: Sequence[Evidence], language: Language) -> str:
    """For each article a frame, its quotes in reading order, its title and date under them."""
    by_article: dict[str, list[Evidence]] = {}
    for item in evidence:
        by_article.setdefault(item.passage.article_id, []).append(item)
    parts = []
    for items in by_article.values():
        passage = items[0].passage
        quotes = [quote_marks(" ".join(item.quote.split())) for item in sorted(items, key=lambda item: item.start)]
        parts.append("\n".join([frame(language, [passage.language]), *quotes, *_origin(items[0], language)]))
    return "\n\n".join(parts)


def _origin(item: Evidence, language: Language) -> list[str]:
    """``— Title, 23 December 2025``: as much of it as is known. The title that is found for an article without a
    heading is its first sentence: below that it would say nothing new."""
    day, title = item.passage.published, item.passage.title
    if title and " ".join(item.quote.split()).startswith(title.removesuffix("…")):
        title = None
    known = [part for part in (title, format_date(day, language) if day else None) if part]
    return [f"— {', '.join(known)}"] if known else []


def citation_of(item: Evidence) -> Citation:
    """The citation that shows a piece of evidence."""
    passage = item.passage
    return Citation(
        article_id=passage.article_id,
        quote=item.quote,
        start=item.start,
        end=item.end,
        score=item.score,
        title=passage.title,
        published=passage.published,
        url=passage.url,
        answer_start=item.answer[0] if item.answer else None,
        answer_end=item.answer[1] if item.answer else None,
    )
