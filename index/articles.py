"""Article files to articles, and what an article does not say about itself: title, language, date."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

from index.blocks import MAX_HEADING_CHARS, content_start, first_heading, split_blocks
from index.errors import ArticleError, ArticleFileError
from index.language import detect_language
from index.sentences import split_sentences
from index.types import Article

ARTICLE_SUFFIXES = (".txt", ".md", ".markdown")
MAX_TITLE_CHARS = 110

_FRONT_MATTER = re.compile(r"---[ \t]*\r?\n(?P<yaml>.*?)^(?:---|\.\.\.)[ \t]*(?:\r?\n|\Z)", re.DOTALL | re.MULTILINE)
_FIELDS = {"title": "title", "language": "language", "lang": "language", "date": "published",
           "published": "published", "url": "url", "source": "source", "id": "id"}  # fmt: skip


def complete(article: Article) -> Article:
    """The article with language, title and date found in its text where they are None.

    The text itself is never changed. ``published`` stays None when the text does not begin with a date.
    """
    language = article.language or detect_language(article.text[content_start(article.text) :])
    article = replace(article, language=language)
    return replace(
        article,
        title=article.title or _find_title(article),
        published=article.published or leading_date(article.text),
    )


def leading_date(text: str) -> date | None:
    """The date of a text that begins with one, such as ``date 2025-12-23 Ankara ...``."""
    end = content_start(text)
    found = re.search(r"\d{4}-\d{2}-\d{2}", text[:end])
    return date.fromisoformat(found.group()) if found else None


def _find_title(article: Article) -> str:
    """The first heading of a text that opens with one, else its first sentence, shortened."""
    blocks = split_blocks(article.text)
    heading = first_heading(article.text, blocks)
    if heading is not None:
        # Markdown's marks make a heading of a line of any length.
        return shorten(" ".join(article.text[heading.start : heading.end].split()), MAX_HEADING_CHARS)
    first = blocks[0] if blocks else None
    if first is None:
        return article.id
    body = article.text[first.start : first.end]
    start, end = split_sentences(body, article.language or "en")[0]
    return shorten(" ".join(body[start:end].split()), MAX_TITLE_CHARS)


def shorten(text: str, limit: int) -> str:
    """``text`` cut between words to at most ``limit`` characters, "…" at its end when it was cut."""
    if len(text) <= limit:
        return text
    cut = text[: limit - 1]
    at = cut.rfind(" ")
    return cut[: at if at > limit // 2 else limit - 1].rstrip(" ,;:-") + "…"


# --- files ------------------------------------------------------------------------------------------


def find_article_files(path: Path) -> list[Path]:
    """The article files that ``path`` (a file or a folder, searched to the bottom) stands for, sorted.

    Raises :class:`~index.errors.ArticleFileError` when there is no such path.
    """
    try:
        if path.is_dir():
            files = (file for file in path.rglob("*") if file.suffix.lower() in ARTICLE_SUFFIXES)
            return sorted(file for file in files if file.is_file() and not _is_hidden(file.relative_to(path)))
        exists = path.exists()
    except OSError as error:  # a folder that may not be read, a name too long to be one
        raise ArticleFileError(path=path, reason=error.strerror or str(error)) from error
    if not exists:
        raise ArticleFileError(
            path=path, reason="there is no such file or folder", reason_tr="böyle bir dosya ya da klasör yok"
        )
    return [path]


def _is_hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)


def read_articles(path: Path) -> Iterator[Article | ArticleFileError]:
    """Every article that ``path`` holds; what cannot be read comes as its error, and the rest goes on."""
    for file in find_article_files(path):
        try:
            yield read_article(file)
        except ArticleFileError as error:
            yield error


def read_article(path: Path, article_id: str | None = None) -> Article:
    """One text or Markdown file as an article.

    A front matter (YAML between two ``---`` lines) may give ``id``, ``title``, ``language``, ``date``, ``url``
    and ``source``. A text that begins with ``date 2025-12-23`` gives its date; neither the front matter nor
    that date is part of ``Article.text``. Without an id of its own the file's place names it, so that
    reading the same file again replaces the article, and files of one name in two folders stay two.

    Raises :class:`~index.errors.ArticleFileError` naming the file and what is wrong with it.
    """
    fields, text = _split_front_matter(_decode(path), path)
    found = leading_date(text)
    if found is not None:
        fields.setdefault("published", found)
        text = text[content_start(text) :]
    fields.setdefault("source", path.name)
    identity = article_id or fields.pop("id", None) or _id_of(path)
    fields.pop("id", None)
    if not text.strip():
        raise ArticleFileError(path=path, reason="it holds no text", reason_tr="içinde metin yok")
    try:
        return complete(Article(id=str(identity), text=text, **fields))
    except ArticleError as error:
        raise ArticleFileError(
            path=path, reason=str(error).rstrip("."), reason_tr=error.message("tr").rstrip(".")
        ) from error


def _id_of(path: Path) -> str:
    place = hashlib.sha256(str(path.resolve()).encode("utf-8", "surrogateescape")).hexdigest()[:8]
    return f"{path.stem[:200]}-{place}"


def _decode(path: Path) -> str:
    try:
        data = path.read_bytes()
    except OSError as error:
        reason = error.strerror or str(error)
        raise ArticleFileError(path=path, reason=reason) from error
    encoding, name = ("utf-16", "UTF-16") if data[:2] in (b"\xff\xfe", b"\xfe\xff") else ("utf-8-sig", "UTF-8")
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        name = encoding.removesuffix("-sig").upper()
        raise ArticleFileError(
            path=path,
            reason=f"byte {error.start} is not {name}; save the file as UTF-8",
            reason_tr=f"{error.start}. bayt {name} değil; dosyayı UTF-8 olarak kaydedin",
        ) from error
    if "\x00" in text or (encoding == "utf-16" and not _is_mostly_latin(text)):
        raise ArticleFileError(path=path, reason="it is not a text file", reason_tr="bu bir metin dosyası değil")
    return text


def _is_mostly_latin(text: str) -> bool:
    """Almost any bytes can be read as UTF-16, as letters of every script at once; Turkish and English are Latin."""
    letters = [character for character in text if character.isalpha()]
    return 2 * sum(character < "\u0250" for character in letters) >= len(letters)


def _split_front_matter(text: str, path: Path) -> tuple[dict[str, Any], str]:
    found = _FRONT_MATTER.match(text)
    if found is None:
        return {}, text
    import yaml

    try:
        values = yaml.safe_load(found["yaml"])
    except (ValueError, RecursionError) as error:
        # PyYAML lets these through: for a date such as 2025-02-30, for values nested a thousand deep.
        raise ArticleFileError(
            path=path,
            reason=f"a value in its front matter cannot be one ({error})",
            reason_tr=f"ön bilgisinde olamayacak bir değer var ({error})",
        ) from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f" in line {mark.line + 2}" if mark else ""
        line_tr = f" ({mark.line + 2}. satır)" if mark else ""
        raise ArticleFileError(
            path=path,
            reason=f"its front matter is not YAML{line}; put values that hold a colon in quotes",
            reason_tr=f"ön bilgisi YAML değil{line_tr}; iki nokta içeren değerleri tırnağa alın",
        ) from error
    if not isinstance(values, dict):
        # Two rules of dashes around plain text are an ornament, not a front matter.
        return {}, text
    fields: dict[str, Any] = {}
    for key, value in values.items():
        name = _FIELDS.get(str(key).lower())
        if name and value is not None:
            fields[name] = value if name == "published" else str(value)
    return fields, text[found.end() :]
