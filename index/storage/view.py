"""One consistent look at the library: the articles of one revision, and the generation that finds them."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from index.storage.catalogue import Catalogue
from index.storage.chroma import MAX_FILTER_VALUES, ChromaServer
from index.storage.chunks import StoredChunk
from index.storage.generation import Generation
from index.storage.manifest import Manifest
from index.types import Article


class View:
    """The library of ``manifest`` as a reader sees it; it stays as it is while others write."""

    def __init__(
        self, folder: Path, manifest: Manifest, seen: tuple[int, int] | None, server: ChromaServer | None
    ) -> None:
        self.manifest = manifest
        self.seen = seen
        self._readers = 0
        self._retired = False
        self._lock = threading.Lock()
        self._catalogue = Catalogue(folder, create=False)
        try:
            self.live = self._catalogue.live(manifest.revision)
            self.live_keys = frozenset(record.key for record in self.live.values())
            self._generation = Generation(
                folder, manifest.library, manifest.generation, manifest.lexical, server, create=False
            )
        except BaseException:
            self._catalogue.close()
            raise
        self.chunks, self.sentences = self._generation.chunks, self._generation.sentences
        self.lexical = self._generation.lexical

    def stored_chunks(self, ids: Sequence[str]) -> dict[str, StoredChunk]:
        """Chunks by row id; one that is being deleted at this moment is left out."""
        return self._generation.chunk_store.chunks(ids)

    def stored_words(self, ids: Sequence[str]) -> dict[str, bytes]:
        """Their packed word vectors, likewise."""
        return self._generation.chunk_store.words(ids)

    def only_live(self) -> dict[str, Any] | None:
        """A filter for Chroma that keeps out the rows of versions that do not count; None when there are none.

        A filtered query is slow, and rarely needed: while a write is under way or after one was killed.
        """
        dead = self._generation.dead_keys(self.live_keys)
        if not dead:
            return None
        # The shorter list; Chroma hands every value of it to SQLite. What a list cut short lets through counts no more
        # for that: it only takes a place among the neighbours.
        if len(self.live_keys) < min(len(dead), MAX_FILTER_VALUES):
            return {"key": {"$in": sorted(self.live_keys)}}
        return {"key": {"$nin": dead[:MAX_FILTER_VALUES]}}

    def article(self, article_id: str) -> Article | None:
        return next(iter(self.read_articles([article_id])), None)

    def read_articles(self, ids: Sequence[str]) -> list[Article]:
        """Live articles with their texts, in the order of ``ids``; ids that are not live are left out."""
        texts = self._catalogue.texts(self.live[i].key for i in ids if i in self.live)
        found = ((i, self.live[i]) for i in ids if i in self.live)
        return [record.to_article(i, texts[record.key]) for i, record in found if record.key in texts]

    # --- closing ---

    def hold(self) -> None:
        """Keep the files open until :meth:`release`, even when a newer view replaces this one."""
        with self._lock:
            self._readers += 1

    def release(self) -> None:
        with self._lock:
            self._readers -= 1
        self._close_if_done()

    def retire(self) -> None:
        """Close the files as soon as the last reader has finished."""
        with self._lock:
            self._retired = True
        self._close_if_done()

    def _close_if_done(self) -> None:
        with self._lock:
            if not self._retired or self._readers:
                return
            self._retired = False
        self._generation.close()
        self._catalogue.close()
