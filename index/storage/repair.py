"""Mending a library: from what is still there, what can be computed again."""

from __future__ import annotations

import secrets
from collections import defaultdict
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path

from index.articles import complete
from index.errors import StoreError
from index.storage.catalogue import FILE_NAME as CATALOGUE
from index.storage.catalogue import Catalogue, Record
from index.storage.chunks import ChunkStore
from index.storage.generation import FOLDER, generation_folder
from index.storage.health import broken_keys, counted_rows, lost_texts
from index.storage.manifest import FILE_NAME, Manifest, Recipe, write_manifest
from index.storage.store import Store, Writer
from index.types import Article, Language

Put = Callable[[Writer, Sequence[Article]], None]


def recover_manifest(store: Store, recipe: Recipe) -> None:
    """A manifest for what the catalogue holds, of a generation that must be rebuilt. The damaged one is kept aside."""
    folder = store.folder
    with store.locked(), closing(Catalogue(folder, create=False)) as catalogue:
        _keep_aside(folder / FILE_NAME)
        numbers = [
            int(path.name.rpartition("-")[2]) for path in folder.glob(f"{FOLDER}-*") if path.name[-1].isdecimal()
        ]
        manifest = Manifest(
            recipe,
            library=secrets.token_hex(8),
            revision=max(1, catalogue.last_revision()),
            generation=max(numbers, default=0) + 1,
            seeded=True,
        )
        write_manifest(folder, manifest)


def recover_catalogue(store: Store) -> None:
    """A catalogue of the texts that the index holds, of none when it cannot be read either, in the place of a lost one,
    which is kept aside."""
    with store.locked():
        manifest = store.manifest()
        assert manifest is not None
        articles = _texts_in_index(store.folder, manifest)
        for name in (CATALOGUE, f"{CATALOGUE}-journal"):
            _keep_aside(store.folder / name)
        with closing(Catalogue(store.folder, create=True)) as catalogue:
            catalogue.stage(manifest.revision, articles)


def _keep_aside(file: Path) -> None:
    if file.exists():
        file.replace(file.with_name(f"damaged-{file.name}"))


def _texts_in_index(folder: Path, manifest: Manifest) -> list[Article]:
    try:
        chunk_store = ChunkStore(generation_folder(folder, manifest.generation), create=False)
    except StoreError:
        return []
    with closing(chunk_store):
        return _texts_of(chunk_store, [key for key, rows in chunk_store.versions().items() if rows is not None])


def _texts_of(chunk_store: ChunkStore, keys: Sequence[str]) -> list[Article]:
    """Versions put together from their chunks: all words, in their places; what stood between them is line breaks."""
    pieces: dict[tuple[str, str, Language], list[tuple[int, str]]] = defaultdict(list)
    for chunk in chunk_store.chunks_of(keys):
        article = pieces[chunk.article_id, chunk.key, chunk.language]
        article.append((chunk.start, chunk.text))
        if chunk.heading is not None and chunk.heading_start is not None:
            article.append((chunk.heading_start, chunk.heading))
    return [complete(Article(i, _joined(parts), language=language)) for (i, _, language), parts in pieces.items()]


def _joined(pieces: Sequence[tuple[int, str]]) -> str:
    """A text with its pieces in their places, and line breaks between them."""
    text: list[str] = []
    for start, piece in sorted(pieces, key=lambda piece: (piece[0], -len(piece[1]))):
        text.extend("\n" * (start - len(text)))
        text.extend(piece[max(0, len(text) - start) :])
    return "".join(text)


def mend(writer: Writer, put: Put) -> None:
    """Put lost texts together again, make the rows of broken versions again, and delete those of none."""
    _mend_texts(writer, put)
    live = frozenset(record.key for record in writer.live.values())
    broken = set(broken_keys(writer.generation, live))
    orphans = sorted(set(counted_rows(writer.generation)) - live)
    writer.mend([*sorted(broken), *orphans])
    put(writer, [article for article in writer.articles() if Record.of(article).key in broken])
    if broken:
        writer.restore_lexical()


def _mend_texts(writer: Writer, put: Put) -> None:
    """Articles whose text is lost get what the index holds of it, or are left out; the next sync reads them anew."""
    lost = {i: writer.live[i] for i in lost_texts(writer.catalogue, writer.live)}
    if not lost:
        return
    keys = [record.key for record in lost.values()]
    texts = {article.id: article.text for article in _texts_of(writer.generation.chunk_store, keys)}
    found = [record.to_article(i, texts[i]) for i, record in lost.items() if i in texts]
    put(writer, found)
    writer.stage(found)
    writer.end([i for i in lost if i not in texts])
    writer.commit()
    places = writer.catalogue.places().values()
    writer.catalogue.replace_places([], [place.place for place in places if place.article_id in lost])
