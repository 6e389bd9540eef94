"""The values that travel through the index: articles in, passages out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal, get_args

from index.errors import ArticleError, HaberciError

Language = Literal["tr", "en"]
LANGUAGES: tuple[Language, ...] = get_args(Language)

MAX_ID_CHARS = 512


@dataclass(frozen=True, slots=True)
class Article:
    """One news article.

    ``text`` is kept character for character: every offset anywhere in Haberci counts Unicode code points
    of it. ``language`` is "tr" or "en"; it and ``title`` are found in the text when None, ``published`` only
    where the text begins with it (see :func:`index.articles.complete`). ``published`` may be given as a date or
    an ISO text ("2025-12-23"). ``source`` says where the text came from, such as a file's name.

    Raises :class:`~index.errors.ArticleError` (a ValueError) for a value that cannot be used.
    """

    id: str
    text: str
    title: str | None = None
    language: Language | None = None
    published: date | None = None
    url: str | None = None
    source: str | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.id, str) or not self.id.strip() or len(self.id) > MAX_ID_CHARS:
            raise ArticleError(
                field="id",
                value=_short(self.id),
                reason=f"it must be a text of 1 to {MAX_ID_CHARS} characters",
                reason_tr=f"1 ile {MAX_ID_CHARS} karakter arası bir metin olmalı",
            )
        if not isinstance(self.text, str) or not self.text.strip():
            raise ArticleError(
                field="text",
                value=_short(self.text),
                reason="it must be a text that is not blank",
                reason_tr="boş olmayan bir metin olmalı",
            )
        for name in ("id", "text", "title", "url", "source"):
            value = getattr(self, name)
            if value is None:
                continue
            if not isinstance(value, str):
                raise ArticleError(
                    field=name,
                    value=_short(value),
                    reason="it must be a text or None",
                    reason_tr="bir metin ya da None olmalı",
                )
            if any("\ud800" <= character <= "\udfff" for character in value):
                raise ArticleError(
                    field=name,
                    value=_short(value),
                    reason="it holds half a character (a lone surrogate); decode it right",
                    reason_tr="içinde yarım bir karakter var (tek kalmış surrogate); doğru çözümleyin",
                )
        if self.language is not None and self.language not in LANGUAGES:
            raise ArticleError(
                field="language",
                value=_short(self.language),
                reason='it must be "tr", "en" or None',
                reason_tr='"tr", "en" ya da None olmalı',
            )
        object.__setattr__(self, "published", _as_date(self.published))


def _as_date(value: object) -> date | None:
    if value is None:
        return None
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    if isinstance(value, str):
        try:
            return datetime.fromisoformat(value.strip()).date()
        except ValueError:
            pass
    raise ArticleError(
        field="published",
        value=_short(value),
        reason="it must be a date such as 2025-12-23, or None",
        reason_tr="2025-12-23 gibi bir tarih ya da None olmalı",
    )


def _short(value: object, limit: int = 60) -> object:
    """A value that is safe to print in a message, and to pickle with it."""
    shown = value if isinstance(value, str) else repr(value)
    if isinstance(value, (bool, int, float, bytes)) and len(shown) <= limit:
        return value  # shown without quotation marks: 5 is not the text "5"
    return shown if len(shown) <= limit else shown[: limit - 1] + "…"


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of a passage: ``article.text[start:end] == text``.

    ``score`` says how near it is to the question by itself, on the same scale as ``Passage.score``.
    """

    text: str
    start: int
    end: int
    score: float


@dataclass(frozen=True, slots=True)
class Passage:
    """A section of an article that a search found: ``article.text[start:end] == text``.

    ``score``: higher is better, comparable across questions and languages (see :mod:`index.scoring`).
    ``heading`` is the heading that stands over it, None without one. ``sentences`` are the sentences that
    may be evidence, in reading order, never the heading.
    """

    article_id: str
    text: str
    start: int
    end: int
    score: float
    language: Language
    title: str | None = None
    published: date | None = None
    url: str | None = None
    heading: str | None = None
    sentences: tuple[Sentence, ...] = ()


@dataclass(frozen=True, slots=True)
class Changes:
    """What a write did, article by article (ids). ``revision`` is the library's afterwards.

    ``renamed``: the same article from a file of another name. ``failed`` maps what could not be taken (a file's name,
    an address) to the reason, in English; ``errors`` has the same as errors, which speak Turkish too.
    """

    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    unchanged: tuple[str, ...] = ()
    failed: Mapping[str, str] = field(default_factory=dict)
    revision: int = 0
    renamed: tuple[str, ...] = ()
    errors: Mapping[str, HaberciError] = field(default_factory=dict, repr=False, compare=False)
