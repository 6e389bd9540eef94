"""What one generation of the index knows beside Chroma: which versions are in it, and their chunks, ready to be scored.

Chroma finds neighbours; what a search then needs of them (texts, sentences, vectors, words) it gives slowly or not at
all: reading 200 chunks with their sentences took 130 ms from it, and takes 10 ms from here. Nor can it be told in one
step which of its rows belong together. Here a version is entered before its first row goes to Chroma and marked whole
after its last, so that what a dead writer has left is always known.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from index.storage.database import Database
from index.storage.lexical import LexicalRow
from index.types import Language

FILE_NAME = "chunks.sqlite3"
# Row ids: a chunk's is "key:number", a sentence's "key:number:sentence", a heading's "key:number:h".
HEADING = "h"

_SCHEMA = """
PRAGMA auto_vacuum = FULL;
CREATE TABLE IF NOT EXISTS versions (key TEXT PRIMARY KEY, rows INTEGER) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS chunks (
    id TEXT PRIMARY KEY, key TEXT NOT NULL, article_id TEXT NOT NULL, language TEXT NOT NULL, text TEXT NOT NULL,
    start INTEGER NOT NULL, heading TEXT, heading_start INTEGER, spans BLOB NOT NULL, vectors BLOB NOT NULL,
    terms TEXT NOT NULL, words BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS chunks_by_key ON chunks (key);
CREATE TABLE IF NOT EXISTS deleted (id INTEGER PRIMARY KEY CHECK (id = 0), rows INTEGER NOT NULL);
"""
_COLUMNS = "id, key, article_id, language, text, start, heading, heading_start, spans, vectors"


@dataclass(frozen=True, slots=True)
class StoredChunk:
    """A chunk with what says whether a question is near to it.

    ``row_id`` as in Chroma; ``key``: the version of the article. ``text`` stands at ``start`` in the article;
    ``heading`` at ``heading_start``, both None without one. ``spans``: where its sentences stand in the article, int64,
    shape (sentences, 2). ``vectors``: float32, of the chunk, of its sentences, and of its heading if it has one; shape
    (1 + sentences + headings, dimension).
    """

    row_id: str
    key: str
    article_id: str
    language: Language
    text: str
    start: int
    heading: str | None
    heading_start: int | None
    spans: np.ndarray
    vectors: np.ndarray

    @property
    def end(self) -> int:
        return self.start + len(self.text)

    @property
    def row_ids(self) -> list[str]:
        """The ids of its vectors' rows in Chroma, in their order."""
        sentences = [f"{self.row_id}:{number}" for number in range(len(self.spans))]
        return [self.row_id, *sentences, *([f"{self.row_id}:{HEADING}"] if self.heading is not None else [])]

    def pack(self) -> tuple[object, ...]:
        # Half precision: scores differ in the fourth digit, and the file is half as large.
        spans, vectors = self.spans.astype("<u4").tobytes(), self.vectors.astype("<f2").tobytes()
        place = (self.text, self.start, self.heading, self.heading_start)
        return (self.row_id, self.key, self.article_id, self.language, *place, spans, vectors)

    @classmethod
    def unpack(cls, row: tuple[Any, ...]) -> StoredChunk:
        row_id, key, article_id, language, text, start, heading, heading_start, *packed = row
        spans = np.frombuffer(packed[0], "<u4").astype(np.int64).reshape(-1, 2)
        count = 1 + len(spans) + (heading is not None)
        vectors = np.frombuffer(packed[1], "<f2").astype(np.float32).reshape(count, -1)
        return cls(row_id, key, article_id, language, text, start, heading, heading_start, spans, vectors)


@dataclass(frozen=True, slots=True)
class ChunkRow:
    """All that is kept of a chunk. ``terms``: its words for lexical search; ``words``: its packed word vectors, which
    are most of a row, and are read of the nearest chunks alone."""

    chunk: StoredChunk
    terms: str
    words: bytes


class ChunkStore(Database):
    """The file in the folder of a generation; safe among threads. ``create``: for writers only.

    Raises :class:`~index.errors.StoreError` when it is missing, damaged or locked away.
    """

    def __init__(self, folder: Path, *, create: bool) -> None:
        super().__init__(folder / FILE_NAME, _SCHEMA if create else None)

    def versions(self) -> dict[str, int | None]:
        """For each version that has rows in Chroma how many; None where they may not all be there."""
        return dict(self.read("SELECT key, rows FROM versions"))

    def whole(self, keys: Sequence[str]) -> set[str]:
        """Those of the versions ``keys`` that were marked whole."""
        found = self.read_each("SELECT key FROM versions WHERE rows IS NOT NULL AND key IN ({})", keys)
        return {key for (key,) in found}

    def chunks(self, ids: Sequence[str]) -> dict[str, StoredChunk]:
        """Chunks by row id; ids that are not there are left out."""
        sql = f"SELECT {_COLUMNS} FROM chunks WHERE id IN ({{}})"  # noqa: S608
        return {row[0]: StoredChunk.unpack(row) for row in self.read_each(sql, ids)}

    def chunks_of(self, keys: Sequence[str]) -> list[StoredChunk]:
        """All chunks of versions, in reading order within each."""
        sql = f"SELECT {_COLUMNS} FROM chunks WHERE key IN ({{}}) ORDER BY key, start"  # noqa: S608
        return [StoredChunk.unpack(row) for row in self.read_each(sql, keys)]

    def words(self, ids: Sequence[str]) -> dict[str, bytes]:
        """The packed word vectors of chunks by row id; ids that are not there are left out."""
        return dict(self.read_each("SELECT id, words FROM chunks WHERE id IN ({})", ids))

    def rows_of(self, keys: Sequence[str]) -> list[ChunkRow]:
        """All that is kept of the chunks of versions."""
        sql = f"SELECT {_COLUMNS}, terms, words FROM chunks WHERE key IN ({{}}) ORDER BY key, start"  # noqa: S608
        return [ChunkRow(StoredChunk.unpack(row[:-2]), *row[-2:]) for row in self.read_each(sql, keys)]

    def row_counts(self) -> dict[str, int]:
        """For each version how many vectors its chunks here have; what :meth:`versions` says, if nothing is damaged."""
        counted = self.read("SELECT key, sum(1 + length(spans) / 8 + (heading IS NOT NULL)) FROM chunks GROUP BY key")
        return {key: int(count) for key, count in counted}

    def lexical_rows(self, keys: Iterable[str]) -> Iterator[LexicalRow]:
        """The chunks of versions as the lexical index takes them."""
        sql = "SELECT id, key, language, terms FROM chunks WHERE key IN ({}) ORDER BY id"
        return (LexicalRow(*row) for row in self.read_each(sql, sorted(keys)))

    def count(self, keys: Collection[str]) -> int:
        """How many chunks the versions have."""
        counts = self.read("SELECT key, count(*) FROM chunks GROUP BY key")
        return sum(int(count) for key, count in counts if key in keys)

    def deleted_rows(self) -> int:
        """How many rows have been deleted from Chroma since the generation began; their space is still taken."""
        return sum(int(rows) for (rows,) in self.read("SELECT rows FROM deleted"))

    # --- writing (only by the holder of the write lock) ---

    def begin(self, keys: Iterable[str]) -> None:
        """Some rows of these versions may be in Chroma from now on."""
        with self.writing() as db:
            db.executemany("INSERT OR REPLACE INTO versions VALUES (?, NULL)", ((key,) for key in keys))

    def finish(self, counts: Mapping[str, int], rows: Iterable[ChunkRow]) -> None:
        """All rows of these versions are in Chroma: ``counts`` says how many."""
        with self.writing() as db:
            db.executemany(
                f"INSERT OR REPLACE INTO chunks ({_COLUMNS}, terms, words) "  # noqa: S608
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                ((*row.chunk.pack(), row.terms, row.words) for row in rows),
            )
            db.executemany("UPDATE versions SET rows = ? WHERE key = ?", ((n, key) for key, n in counts.items()))

    def forget(self, keys: Sequence[str]) -> None:
        """The rows of these versions are no longer in Chroma."""
        with self.writing() as db:
            rows = 0
            for key in keys:
                rows += sum(count or 0 for (count,) in db.execute("SELECT rows FROM versions WHERE key = ?", (key,)))
                db.execute("DELETE FROM chunks WHERE key = ?", (key,))
                db.execute("DELETE FROM versions WHERE key = ?", (key,))
            db.execute(
                "INSERT INTO deleted VALUES (0, ?) ON CONFLICT (id) DO UPDATE SET rows = rows + excluded.rows", (rows,)
            )
