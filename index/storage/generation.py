"""One generation of the index: vectors in Chroma, words and terms beside them.

A generation can always be computed again from the catalogue. A rebuild fills a new one beside the old; so does
compaction, which copies what is alive, since Chroma never gives back the space of what has been deleted.
"""

from __future__ import annotations

import shutil
from collections.abc import Collection as Container
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from index.storage.chroma import ChromaServer, connect_folder, open_collection
from index.storage.chunks import ChunkRow, ChunkStore, StoredChunk
from index.storage.lexical import LexicalIndex, copy_lexical_index, delete_lexical_index

T = TypeVar("T")

FOLDER = "generation"
KINDS = ("chunks", "sentences")
# Chroma takes at most 5,461 rows in one call, Chroma Cloud 300.
ROWS_PER_CALL = 300
KEYS_PER_CALL = 200
# Up to so many chunks the lexical index is written anew with every revision, in well under a second.
SMALL = 5000
# The share of deleted rows from which on copying what is left pays.
MUCH_DELETED = 0.25
FEW_ROWS = 500


@dataclass(frozen=True, slots=True)
class Batch:
    """Whole article versions: their keys (also of those without any chunk), and all their chunks."""

    keys: Sequence[str]
    rows: Sequence[ChunkRow]

    @property
    def chunks(self) -> list[StoredChunk]:
        return [row.chunk for row in self.rows]

    def counts(self) -> dict[str, int]:
        """How many rows each version has in Chroma."""
        counts = dict.fromkeys(self.keys, 0)
        for chunk in self.chunks:
            counts[chunk.key] += len(chunk.vectors)
        return counts


class Generation:
    """Generation ``number`` of the library ``library`` in ``home``; ``lexical`` is the number of the lexical index
    that belongs to the revision looked at. ``create`` makes what is missing: for writers only.
    """

    def __init__(
        self, home: Path, library: str, number: int, lexical: int, server: ChromaServer | None, *, create: bool
    ) -> None:
        self.home, self.library, self.number = home, library, number
        self.server = server
        self.folder = generation_folder(home, number)
        with ExitStack() as stack:
            self.chunk_store = ChunkStore(self.folder, create=create)
            stack.callback(self.chunk_store.close)
            client = stack.enter_context(server.connect() if server else connect_folder(self.folder / "chroma"))
            self.chunks, self.sentences = (
                open_collection(client, collection_name(library, kind, number), create=create) for kind in KINDS
            )
            self.lexical = LexicalIndex(self._lexical_folder(lexical), create=False)
            self._open = stack.pop_all()

    def close(self) -> None:
        self._open.close()

    def _lexical_folder(self, number: int) -> Path:
        return self.folder / f"lexical-{number}"

    # --- writing (only by the holder of the write lock) ---

    def put(self, batch: Batch) -> None:
        """Add versions that nobody looks at yet."""
        self.chunk_store.begin(batch.keys)
        for some in _batched(batch.chunks, ROWS_PER_CALL):
            self.chunks.upsert(
                ids=[chunk.row_id for chunk in some],
                embeddings=np.stack([chunk.vectors[0] for chunk in some]),
                documents=[chunk.text for chunk in some],
                metadatas=[_fields(chunk) for chunk in some],
            )
        # Of a sentence Chroma needs only what it is found and deleted by.
        rows = [row for chunk in batch.chunks for row in zip(chunk.row_ids, chunk.vectors, strict=True)]
        keys = {chunk.row_id: chunk.key for chunk in batch.chunks}
        for part in _batched([row for row in rows if row[0] not in keys], ROWS_PER_CALL):
            self.sentences.upsert(
                ids=[row_id for row_id, _ in part],
                embeddings=np.stack([vector for _, vector in part]),
                metadatas=[{"key": row_id.split(":")[0]} for row_id, _ in part],
            )
        self.chunk_store.finish(batch.counts(), batch.rows)

    def whole_keys(self, keys: Sequence[str]) -> set[str]:
        """Those of the versions ``keys`` all of whose rows are there."""
        return self.chunk_store.whole(keys)

    def dead_keys(self, live: Container[str]) -> list[str]:
        """The versions that have, or may have, rows in Chroma although they are not among the ``live``."""
        return sorted(key for key in self.chunk_store.versions() if key not in live)

    def delete(self, keys: Sequence[str]) -> None:
        """Delete the rows of versions that nobody looks at any more."""
        for some in _batched(keys, KEYS_PER_CALL):
            where: Any = {"key": {"$in": list(some)}}
            for collection in (self.chunks, self.sentences):
                collection.delete(where=where)
        if keys:
            self.chunk_store.forget(keys)

    def write_lexical(self, live: Container[str], before: Container[str], *, number: int, old: int) -> None:
        """The lexical index ``number`` over the ``live`` versions; ``old`` is the one over the versions ``before``,
        which is copied and changed where that is cheaper."""
        folder = self._lexical_folder(number)
        delete_lexical_index(folder)
        if not before or self.chunk_store.count(live) <= SMALL or not self.is_lexical_whole(before, old):
            LexicalIndex(folder, create=True).change(self.chunk_store.lexical_rows(live))
            return
        copy_lexical_index(self._lexical_folder(old), folder)
        added = self.chunk_store.lexical_rows([key for key in live if key not in before])
        LexicalIndex(folder, create=True).change(added, gone=[key for key in before if key not in live])

    def is_lexical_whole(self, live: Container[str], number: int) -> bool:
        """Whether the lexical index ``number`` holds the chunks of the ``live`` versions."""
        if not number and not live:
            return True  # nothing has ever been written
        held = LexicalIndex(self._lexical_folder(number), create=False)
        return held.is_whole and len(held) == self.chunk_store.count(live)

    def drop_lexical(self, keep: int) -> None:
        """Delete all lexical indexes but one."""
        for folder in self.folder.glob("lexical-*"):
            if folder != self._lexical_folder(keep):
                delete_lexical_index(folder)

    def wants_compaction(self) -> bool:
        """Whether so much has been deleted that the space is worth copying what is left."""
        rows = sum(count or 0 for count in self.chunk_store.versions().values())
        return self.chunk_store.deleted_rows() > max(FEW_ROWS, MUCH_DELETED * rows)

    def copy_from(self, other: Generation, keys: Sequence[str]) -> None:
        """Take over the rows of whole versions from another generation; nothing is embedded."""
        for some in _batched(keys, KEYS_PER_CALL):
            self.put(Batch(some, other.chunk_store.rows_of(some)))


def _fields(chunk: StoredChunk) -> dict[str, Any]:
    """What Chroma says of a chunk to those who look into it."""
    fields = {"article_id": chunk.article_id, "key": chunk.key, "language": chunk.language, "start": chunk.start,
              "end": chunk.end, "heading": chunk.heading}  # fmt: skip
    # Chroma holds no None: an absent key says the same.
    return {name: value for name, value in fields.items() if value is not None}


def _batched(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    for at in range(0, len(items), size):
        yield items[at : at + size]


def generation_folder(home: Path, number: int) -> Path:
    return home / f"{FOLDER}-{number}"


def collection_name(library: str, kind: str, number: int) -> str:
    """A server may hold several libraries."""
    return f"haberci-{library}-{kind}-{number}"


def drop_generations(home: Path, library: str, keep: Iterable[int], server: ChromaServer | None) -> None:
    """Delete all generations but those to ``keep``."""
    kept = set(keep)
    for folder in home.glob(f"{FOLDER}-*"):
        number = folder.name.rpartition("-")[2]
        if number.isdecimal() and int(number) not in kept:
            shutil.rmtree(folder, ignore_errors=True)
    if server is None:
        return
    with server.connect() as client:
        for collection in client.list_collections():
            name, _, number = collection.name.rpartition("-")
            if name in [f"haberci-{library}-{kind}" for kind in KINDS] and int(number) not in kept:
                client.delete_collection(collection.name)
