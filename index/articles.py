"""Documents to articles, and what an article does not say about itself: title, language, date."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

from index.blocks import MAX_HEADING_CHARS, content_start, first_heading, split_blocks
from index.errors import ArticleError, ArticleFileError
from index.language import detect_language
from index.sentences import split_sentences
from index.sources.documents import DOCUMENT_SUFFIXES, Document, DocumentError, DocumentReader
from index.sources.documents.reader import file_error
from index.types import Article

MAX_TITLE_CHARS = 110
# Of the file that Word leaves beside a document that is open.
OFFICE_LOCK_PREFIX = "~$"


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


# --- documents and files ------------------------------------------------------------------------------


def to_article(document: Document, *, article_id: str, source: str | None, place: object) -> Article:
    """The article that a document is, complete. ``source`` is used where the document names none.

    A text that begins with ``date 2025-12-23`` gives its date, which is then no part of ``Article.text``.
    Raises :class:`~index.errors.ArticleFileError` naming ``place``, the document's path or address.
    """
    text, published = document.text, document.published
    found = leading_date(text)
    if found is not None:
        published = published or found
        text = text[content_start(text) :]
    if not text.strip():
        raise ArticleFileError(path=place, reason="it holds no text", reason_tr="içinde metin yok")
    try:
        article = Article(
            article_id,
            text,
            title=document.title,
            language=document.language,
            published=published,
            url=document.url,
            source=document.source or source,
        )
        return complete(article)
    except ArticleError as error:
        raise ArticleFileError(
            path=place, reason=str(error).rstrip("."), reason_tr=error.message("tr").rstrip(".")
        ) from error


def article_id_of(path: Path) -> str:
    """The id of a file's article that names none itself: the file's name, and its place in eight letters."""
    place = hashlib.sha256(str(path.resolve()).encode("utf-8", "surrogateescape")).hexdigest()[:8]
    return f"{path.stem[:200]}-{place}"


def read_article(path: Path, article_id: str | None = None, reader: DocumentReader | None = None) -> Article:
    """One document as an article: text, Markdown, HTML, PDF or Word (``docs/sources.md`` has what is read of each).

    In a text or Markdown file a front matter (YAML between two ``---`` lines) may give ``id``, ``title``,
    ``language``, ``date``, ``url`` and ``source``; it is no part of the text. Without an id of its own the file's
    place names the article, so that reading the same file again replaces the article, and files of one name in two
    folders stay two. Many files are read faster with one ``reader``.

    Raises :class:`~index.errors.ArticleFileError` naming the file and what is wrong with it.
    """
    if reader is None:
        with DocumentReader() as own:
            return read_article(path, article_id, own)
    try:
        document = reader.read_file(path)
    except DocumentError as error:
        raise ArticleFileError(path=path, reason=error.reason, reason_tr=error.reason_tr) from error
    return to_article(
        document, article_id=article_id or document.id or article_id_of(path), source=path.name, place=path
    )


def read_articles(path: Path) -> Iterator[Article | ArticleFileError]:
    """Every article that ``path`` holds; what cannot be read comes as its error, and the rest goes on."""
    files, unreadable = _found(path)
    yield from (error for _, error in unreadable)
    with DocumentReader() as reader:
        for file in files:
            try:
                yield read_article(file, reader=reader)
            except ArticleFileError as error:
                yield error


# --- folders ------------------------------------------------------------------------------------------

Unreadable = list[tuple[Path, ArticleFileError]]


def find_article_files(path: Path) -> list[Path]:
    """The article files that ``path`` (a file or a folder, searched to the bottom) stands for, sorted.

    Raises :class:`~index.errors.ArticleFileError` when there is no such path, or the folder cannot be listed.
    """
    return _found(path)[0]


def _found(path: Path) -> tuple[list[Path], Unreadable]:
    files, unreadable = scan_folder(path)
    for place, error in unreadable:
        if place == path:
            raise error
    return files, unreadable


def scan_folder(path: Path) -> tuple[list[Path], Unreadable]:
    """The article files below a folder, sorted, and what could not be looked at, each with its error.

    A file stands for itself, whatever its suffix. What is hidden, and the lock files of Office, are left out. A link
    to a file counts as the file, once; links to folders are not followed. Raises nothing for what is on the disk.
    """
    try:
        if not path.is_dir():
            if path.exists():
                return [path], []
            return [], [(path, _not_there(path))]
    except OSError as error:  # a name too long to be one
        return [], [(path, read_failure(path, error))]
    walk = _Walk()
    folders = [path]
    while folders:
        folders += walk.list_folder(folders.pop())
    seen = {file.resolve() for file in walk.files} if walk.links else set()
    for link in sorted(walk.links):
        target = link.resolve()
        if target not in seen:
            seen.add(target)
            walk.files.append(link)
    return sorted(walk.files), sorted(walk.unreadable, key=lambda each: each[0])


def read_failure(path: Path, error: OSError) -> ArticleFileError:
    """What the system says of a file or folder, as an error in both languages."""
    reason = file_error(error)
    return ArticleFileError(path=path, reason=reason.reason, reason_tr=reason.reason_tr)


def is_article_name(name: str) -> bool:
    """Whether a file of this name in a folder is taken for an article: it is neither hidden nor Word's lock."""
    return Path(name).suffix.lower() in DOCUMENT_SUFFIXES and not name.startswith((".", OFFICE_LOCK_PREFIX))


@dataclass(slots=True)
class _Walk:
    files: list[Path] = field(default_factory=list)
    links: list[Path] = field(default_factory=list)
    unreadable: Unreadable = field(default_factory=list)

    def list_folder(self, folder: Path) -> list[Path]:
        """Sorts what is in one folder; gives the folders in it."""
        inside: list[Path] = []
        try:
            with os.scandir(folder) as entries:
                for entry in entries:
                    path = folder / entry.name
                    if entry.is_dir(follow_symlinks=False):
                        if not entry.name.startswith("."):
                            inside.append(path)
                    elif is_article_name(entry.name):
                        self._take(entry, path)
        except OSError as error:
            self.unreadable.append((folder, read_failure(folder, error)))
        return inside

    def _take(self, entry: os.DirEntry[str], path: Path) -> None:
        try:
            if entry.is_file():
                (self.links if entry.is_symlink() else self.files).append(path)
            elif entry.is_symlink() and not path.exists():
                self.unreadable.append((path, _not_there(path)))
        except OSError as error:  # links that lead to each other, or into a folder that may not be read
            self.unreadable.append((path, read_failure(path, error)))


def _not_there(path: Path) -> ArticleFileError:
    if path.is_symlink():
        return ArticleFileError(
            path=path, reason="it is a link that leads nowhere", reason_tr="hiçbir yere götürmeyen bir bağlantı"
        )
    return ArticleFileError(
        path=path, reason="there is no such file or folder", reason_tr="böyle bir dosya ya da klasör yok"
    )
