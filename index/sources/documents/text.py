"""Plain text and Markdown: the front matter apart, the rest as it stands in the file."""

from __future__ import annotations

import re
from datetime import date, datetime

from index.sources.documents.document import Document, DocumentError
from index.types import LANGUAGES, Language

MAX_FRONT_MATTER_CHARS = 20_000

_FRONT_MATTER = re.compile(r"---[ \t]*\r?\n(?P<yaml>.*?)^(?:---|\.\.\.)[ \t]*(?:\r?\n|\Z)", re.DOTALL | re.MULTILINE)
_FIELDS = {"title": "title", "language": "language", "lang": "language", "date": "published",
           "published": "published", "url": "url", "source": "source", "id": "id"}  # fmt: skip
_EMPTY = ("", "~", "null", "Null", "NULL")


def read_text(text: str) -> Document:
    """A text file's document. Its front matter, YAML between two ``---`` lines, is no part of the text.

    Raises :class:`~index.sources.documents.DocumentError` for a front matter that cannot be read.
    """
    fields, text = _split_front_matter(text)
    language, published = fields.pop("language", None), fields.pop("published", None)
    return Document(
        text,
        language=_language(language) if language else None,
        published=_date(published) if published else None,
        **fields,
    )


def _split_front_matter(text: str) -> tuple[dict[str, str], str]:
    found = _FRONT_MATTER.match(text)
    if found is None or found.end() > MAX_FRONT_MATTER_CHARS:
        return {}, text  # dashes far down are a rule in the text
    import yaml

    try:
        # BaseLoader takes a value as it is written ("no" is no False, 007 not 7) and builds nothing of it.
        values = yaml.load(found["yaml"], Loader=yaml.BaseLoader)  # noqa: S506
    except RecursionError as error:
        raise DocumentError(
            "its front matter is nested too deep", "ön bilgisindeki değerler çok derin iç içe"
        ) from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f" in line {mark.line + 2}" if mark else ""
        line_tr = f" ({mark.line + 2}. satır)" if mark else ""
        raise DocumentError(
            f"its front matter is not YAML{line}; put values that hold a colon in quotes",
            f"ön bilgisi YAML değil{line_tr}; iki nokta içeren değerleri tırnağa alın",
        ) from error
    if not isinstance(values, dict):
        # Two rules of dashes around plain text are an ornament, not a front matter.
        return {}, text
    fields = {field: value for key, value in values.items() if (field := _FIELDS.get(key.lower()))}
    return {field: _text(field, value) for field, value in fields.items() if value not in _EMPTY}, text[found.end() :]


def _text(field: str, value: object) -> str:
    if isinstance(value, str):
        return value
    raise DocumentError(
        f"its front matter gives a list as {field}; write one value",
        f"ön bilgisinde {field} bir liste; tek bir değer yazın",
    )


def _language(value: str) -> Language:
    # "tr-TR", "en_GB"
    code = re.split("[-_]", value.strip().lower())[0]
    for language in LANGUAGES:
        if code == language:
            return language
    raise DocumentError(
        f'its front matter gives the language {value[:60]!r}; it must be "tr", "en" or left out',
        f'ön bilgisindeki dil {value[:60]!r}; "tr", "en" olmalı ya da hiç yazılmamalı',
    )


def _date(value: str) -> date:
    try:
        return datetime.fromisoformat(value.strip()).date()
    except ValueError as error:
        raise DocumentError(
            f"its front matter gives the date {value[:60]!r}; write it as 2025-12-23",
            f"ön bilgisindeki tarih {value[:60]!r}; 2025-12-23 gibi yazın",
        ) from error
