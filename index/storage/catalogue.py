"""The catalogue: which articles the library holds, in which version, and where each came from.

One SQLite file, the only thing in the library's folder that cannot be computed again from the rest. A version of an
article counts from one revision of the library up to another; which revision counts is for the manifest to say. So
a write fills in the next revision at leisure, and all of it comes to light in the one moment in which the manifest is
replaced; what a dead writer has left belongs to a revision that nobody looks at.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass
from datetime import date
from pathlib import Path
from typing import Any

from index.storage.database import Database
from index.types import Article, Language

FILE_NAME = "catalogue.sqlite3"

# auto_vacuum: space of deleted rows goes back to the file system with the next commit.
_SCHEMA = """
PRAGMA auto_vacuum = FULL;
CREATE TABLE IF NOT EXISTS texts (key TEXT PRIMARY KEY, text TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS versions (
    article_id TEXT NOT NULL, since INTEGER NOT NULL, until INTEGER, key TEXT NOT NULL,
    language TEXT NOT NULL, title TEXT, published TEXT, url TEXT, source TEXT,
    PRIMARY KEY (article_id, since)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS versions_by_key ON versions (key);
CREATE TABLE IF NOT EXISTS places (
    place TEXT PRIMARY KEY, origin TEXT NOT NULL, article_id TEXT, digest TEXT, story TEXT,
    version TEXT, stat TEXT
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS origins (
    origin TEXT PRIMARY KEY, synced TEXT, etag TEXT, last_modified TEXT
) WITHOUT ROWID;
"""


@dataclass(frozen=True, slots=True)
class Record:
    """What is known of a live article without its text. ``key`` names the text and its chunks (see
    :func:`key_of`)."""

    key: str
    language: Language
    title: str | None
    published: date | None
    url: str | None
    source: str | None

    @classmethod
    def of(cls, article: Article) -> Record:
        assert article.language is not None
        return cls(key_of(article), article.language, article.title, article.published, article.url, article.source)

    def to_article(self, article_id: str, text: str) -> Article:
        return Article(article_id, text, self.title, self.language, self.published, self.url, self.source)


@dataclass(frozen=True, slots=True)
class Place:
    """Where an article came from: a file (``place`` is its path) or an address.

    ``origin``: the folder or feed that was synced. ``digest``: of the bytes. ``story``: of the text, the same wherever
    the same story stands. ``version``: of the article that was made of it (see :func:`version_of`), None where another
    place tells the same story and was taken. ``stat``: what the file system said of the file, or the feed of its
    entry; None when it must be read again.
    """

    place: str
    origin: str
    article_id: str | None
    digest: str | None
    story: str | None
    version: str | None
    stat: str | None


@dataclass(frozen=True, slots=True)
class Origin:
    """A folder or feed that was synced. ``synced``: when, as ISO text in UTC. ``etag`` and ``last_modified``: what the
    feed's server said, for asking whether anything is new."""

    origin: str
    synced: str | None = None
    etag: str | None = None
    last_modified: str | None = None


def key_of(article: Article) -> str:
    """Names one version of an article's text: another text or language makes other chunks and vectors, another title
    does not."""
    digest = hashlib.blake2b(digest_size=12)
    for part in (article.id, article.text, article.language or ""):
        encoded = part.encode("utf-8")
        digest.update(len(encoded).to_bytes(8, "big") + encoded)
    return digest.hexdigest()


def version_of(record: Record) -> str:
    """Names everything that is known of an article: differs when anything of it differs."""
    digest = hashlib.blake2b(digest_size=12)
    for part in astuple(record):
        encoded = b"\0" if part is None else str(part).encode("utf-8")
        digest.update(len(encoded).to_bytes(8, "big") + encoded)
    return digest.hexdigest()


class Catalogue(Database):
    """The catalogue of the library in ``folder``; safe among threads. ``create``: for writers only.

    Raises :class:`~index.errors.StoreError` when it is missing, damaged or locked away.
    """

    def __init__(self, folder: Path, *, create: bool) -> None:
        super().__init__(folder / FILE_NAME, _SCHEMA if create else None)

    # --- what counts ---

    def live(self, revision: int) -> dict[str, Record]:
        """The articles of a revision, by id."""
        rows = self.read(
            "SELECT article_id, key, language, title, published, url, source FROM versions"
            " WHERE since <= ?1 AND (until IS NULL OR until > ?1)",
            (revision,),
        )
        return {row[0]: _to_record(row[1:]) for row in rows}

    def last_revision(self) -> int:
        """The last revision that any version begins or ends with; 0 for an empty catalogue, or one without tables that
        a writer has only just begun."""
        if not self.read("SELECT 1 FROM sqlite_master WHERE name = 'versions'"):
            return 0
        return int(self.read("SELECT coalesce(max(max(since, coalesce(until, 0))), 0) FROM versions")[0][0])

    def texts(self, keys: Iterable[str]) -> dict[str, str]:
        """The texts that ``keys`` name; keys that are not there are left out."""
        wanted = list(dict.fromkeys(keys))
        return dict(self.read_each("SELECT key, text FROM texts WHERE key IN ({})", wanted))

    # --- writing a revision (only by the holder of the write lock) ---

    def stage(self, revision: int, articles: Iterable[Article]) -> None:
        """Enter versions that count from ``revision`` on; those that they replace end with it."""
        with self.writing() as db:
            for article in articles:
                record = Record.of(article)
                published = record.published.isoformat() if record.published else None
                # The same text, unless what stands there has been damaged.
                db.execute("INSERT OR REPLACE INTO texts VALUES (?, ?)", (record.key, article.text))
                self._end(db, revision, [article.id])
                db.execute(
                    "INSERT OR REPLACE INTO versions VALUES (?, ?, NULL, ?, ?, ?, ?, ?, ?)",
                    (article.id, revision, record.key, record.language, record.title, published, record.url,
                     record.source),
                )  # fmt: skip

    def end(self, revision: int, ids: Iterable[str]) -> None:
        """Take articles out from ``revision`` on."""
        with self.writing() as db:
            self._end(db, revision, ids)

    @staticmethod
    def _end(db: sqlite3.Connection, revision: int, ids: Iterable[str]) -> None:
        db.executemany(
            "UPDATE versions SET until = ?1 WHERE article_id = ?2 AND since < ?1 AND until IS NULL",
            ((revision, i) for i in ids),
        )

    def unstage(self, revision: int) -> None:
        """Undo what an unfinished write of ``revision`` has entered."""
        with self.writing() as db:
            db.execute("UPDATE versions SET until = NULL WHERE until >= ?", (revision,))
            db.execute("DELETE FROM versions WHERE since >= ?", (revision,))

    def purge(self, revision: int) -> None:
        """Delete the versions that ended with ``revision`` or before, and the texts that no version has any more."""
        with self.writing() as db:
            db.execute("DELETE FROM versions WHERE until <= ?", (revision,))
            db.execute("DELETE FROM texts WHERE key NOT IN (SELECT key FROM versions)")

    # --- where articles came from ---

    def places(self) -> dict[str, Place]:
        rows = self.read("SELECT place, origin, article_id, digest, story, version, stat FROM places")
        return {row[0]: Place(*row) for row in rows}

    def replace_places(self, put: Iterable[Place], gone: Iterable[str]) -> None:
        with self.writing() as db:
            db.executemany("DELETE FROM places WHERE place = ?", ((place,) for place in gone))
            db.executemany("INSERT OR REPLACE INTO places VALUES (?, ?, ?, ?, ?, ?, ?)", map(astuple, put))

    def origins(self) -> dict[str, Origin]:
        rows = self.read("SELECT origin, synced, etag, last_modified FROM origins")
        return {row[0]: Origin(*row) for row in rows}

    def replace_origins(self, put: Iterable[Origin]) -> None:
        """Enter sources that were looked at; those that no place comes from any more are forgotten."""
        with self.writing() as db:
            db.execute("DELETE FROM origins WHERE origin NOT IN (SELECT origin FROM places)")
            db.executemany("INSERT OR REPLACE INTO origins VALUES (?, ?, ?, ?)", map(astuple, put))


def _to_record(row: Sequence[Any]) -> Record:
    key, language, title, published, url, source = row
    return Record(key, language, title, date.fromisoformat(published) if published else None, url, source)
