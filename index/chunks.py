"""What one generation of the index knows beside Chroma: which versions are in it, and their chunks' words.

Chroma holds vectors and metadata, but no bytes, and it cannot be told in one step which of its rows belong together.
This SQLite file can: a version is entered before its first row goes to Chroma and marked whole after its last, so
that what a dead writer has left is always known.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from index.database import Database
from index.lexical import LexicalRow
from index.types import Language

FILE_NAME = "chunks.sqlite3"

_SCHEMA = """
PRAGMA auto_vacuum = FULL;
CREATE TABLE IF NOT EXISTS versions (key TEXT PRIMARY KEY, rows INTEGER) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS chunks (
    id TEXT PRIMARY KEY, key TEXT NOT NULL, language TEXT NOT NULL, terms TEXT NOT NULL, words BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS chunks_by_key ON chunks (key);
CREATE TABLE IF NOT EXISTS deleted (id INTEGER PRIMARY KEY CHECK (id = 0), rows INTEGER NOT NULL);
"""


@dataclass(frozen=True, slots=True)
class ChunkWords:
    """One chunk: ``row_id`` as in Chroma, ``key`` the version of the article it belongs to, ``terms`` its words for
    lexical search, ``words`` its packed word vectors (see :mod:`index.words`)."""

    row_id: str
    key: str
    language: Language
    terms: str
    words: bytes


class ChunkStore:
    """The file in the folder of a generation; safe among threads. ``create``: for writers only.

    Raises :class:`~index.errors.StoreError` when it is missing, damaged or locked away.
    """

    def __init__(self, folder: Path, *, create: bool) -> None:
        self._database = Database(folder / FILE_NAME, _SCHEMA if create else None)

    def close(self) -> None:
        self._database.close()

    def problems(self) -> list[str]:
        """What is wrong with the file, in SQLite's words; empty when all is well."""
        return self._database.problems()

    def versions(self) -> dict[str, int | None]:
        """For each version that has rows in Chroma how many; None where they may not all be there."""
        return dict(self._database.read("SELECT key, rows FROM versions"))

    def words(self, ids: Sequence[str]) -> dict[str, bytes]:
        """The word vectors of chunks, by row id; ids that are not there are left out."""
        return dict(self._database.read_each("SELECT id, words FROM chunks WHERE id IN ({})", ids))

    def lexical_rows(self, keys: Iterable[str]) -> Iterator[LexicalRow]:
        """The chunks of versions as the lexical index takes them."""
        sql = "SELECT id, key, language, terms FROM chunks WHERE key IN ({}) ORDER BY id"
        return (LexicalRow(*row) for row in self._database.read_each(sql, sorted(keys)))

    def chunk_words(self, keys: Sequence[str]) -> Iterator[ChunkWords]:
        sql = "SELECT id, key, language, terms, words FROM chunks WHERE key IN ({})"
        return (ChunkWords(*row) for row in self._database.read_each(sql, keys))

    def count(self, keys: Collection[str]) -> int:
        """How many chunks the versions have."""
        counts = self._database.read("SELECT key, count(*) FROM chunks GROUP BY key")
        return sum(int(count) for key, count in counts if key in keys)

    def deleted_rows(self) -> int:
        """How many rows have been deleted from Chroma since the generation began; their space is still taken."""
        return sum(int(rows) for (rows,) in self._database.read("SELECT rows FROM deleted"))

    # --- writing (only by the holder of the write lock) ---

    def begin(self, keys: Iterable[str]) -> None:
        """Some rows of these versions may be in Chroma from now on."""
        with self._database.writing() as db:
            db.executemany("INSERT OR REPLACE INTO versions VALUES (?, NULL)", ((key,) for key in keys))

    def finish(self, counts: Mapping[str, int], chunks: Iterable[ChunkWords]) -> None:
        """All rows of these versions are in Chroma: ``counts`` says how many."""
        with self._database.writing() as db:
            db.executemany(
                "INSERT OR REPLACE INTO chunks VALUES (?, ?, ?, ?, ?)",
                ((c.row_id, c.key, c.language, c.terms, c.words) for c in chunks),
            )
            db.executemany("UPDATE versions SET rows = ? WHERE key = ?", ((n, key) for key, n in counts.items()))

    def forget(self, keys: Sequence[str]) -> None:
        """The rows of these versions are no longer in Chroma."""
        with self._database.writing() as db:
            rows = 0
            for key in keys:
                rows += sum(count or 0 for (count,) in db.execute("SELECT rows FROM versions WHERE key = ?", (key,)))
                db.execute("DELETE FROM chunks WHERE key = ?", (key,))
                db.execute("DELETE FROM versions WHERE key = ?", (key,))
            db.execute(
                "INSERT INTO deleted VALUES (0, ?) ON CONFLICT (id) DO UPDATE SET rows = rows + excluded.rows", (rows,)
            )
