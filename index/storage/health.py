"""The library's state of health: what it holds, and what is wrong with it."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from index.errors import HaberciError, IndexMismatchError, StoreError
from index.settings import Settings
from index.storage.catalogue import Catalogue, Record, key_of
from index.storage.chroma import ChromaServer
from index.storage.chunks import ChunkStore
from index.storage.generation import FOLDER, Generation, generation_folder
from index.storage.manifest import FORMAT, Manifest, Recipe
from index.storage.store import Store, chroma_errors

# Rows that are looked for by their own vectors: a graph that was damaged does not find them.
SAMPLE = 50


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong with a library. ``kind``: one of the keys of :attr:`TEXTS`; ``detail``: what, or how many."""

    kind: str
    detail: str = ""

    TEXTS: ClassVar[dict[str, dict[str, str]]] = {
        "manifest": {
            "en": "The manifest is missing or damaged ({detail}).",
            "tr": "manifest.json eksik ya da bozuk ({detail}).",
        },
        "catalogue": {
            "en": "The catalogue of articles is missing or damaged ({detail}). What the index holds of their texts can "
            "be put together again; titles and dates come back with the next sync.",
            "tr": "Haber kataloğu eksik ya da bozuk ({detail}). Dizindeki metinler birleştirilebilir; başlıklar "
            "ve tarihler bir sonraki eşitlemede geri gelir.",
        },
        "texts": {
            "en": "The texts of {detail} articles are missing or altered; their words are in the index. Once they are "
            "repaired, sync or index them again for the texts as they were.",
            "tr": "{detail} haberin metni eksik ya da değişmiş; sözleri dizinde duruyor. Onarıldıktan sonra, metinleri "
            "eskisi gibi olsun diye yeniden eşitleyin ya da ekleyin.",
        },
        "vectors": {
            "en": "The vectors cannot be read ({detail}).",
            "tr": "Vektörler okunamıyor ({detail}).",
        },
        "unusable": {"en": "{detail}", "tr": "{detail}"},
        "missing": {
            "en": "{detail} articles are not wholly in the index, so that searches may miss them.",
            "tr": "{detail} haber dizinde eksik; aramalar onları bulamayabilir.",
        },
        "dead": {
            "en": "Rows of {detail} article versions that no longer count have not been deleted.",
            "tr": "Artık geçerli olmayan {detail} haber sürümünün satırları silinmemiş.",
        },
        "graph": {
            "en": "{detail} of the vectors that were tried are not found by a search.",
            "tr": "Denenen vektörlerden {detail} tanesi aramada bulunmuyor.",
        },
        "lexical": {
            "en": "The index of words is missing or damaged; questions are answered without it.",
            "tr": "Sözcük dizini eksik ya da bozuk; sorular onsuz yanıtlanıyor.",
        },
        "litter": {
            "en": "Left by a process that was killed: {detail}.",
            "tr": "Zorla kapatılan bir süreçten kalmış: {detail}.",
        },
    }

    def message(self, language: str = "en") -> str:
        texts = self.TEXTS[self.kind]
        return texts.get(language, texts["en"]).format(detail=self.detail)


@dataclass(frozen=True, slots=True)
class Status:
    """What a library holds. ``rows``: vectors in Chroma. ``bytes_on_disk``: by part. ``synced``: for each folder or
    feed when it was last synced, as ISO text in UTC. ``problems``: only those that are seen without reading it all."""

    folder: Path
    model: str
    reader: str
    chroma: str
    bytes_on_disk: Mapping[str, int]
    revision: int = 0
    languages: Mapping[str, int] = field(default_factory=dict)
    chunks: int = 0
    rows: int = 0
    synced: Mapping[str, str] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()

    @property
    def articles(self) -> int:
        return sum(self.languages.values())

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        values = {"articles": self.articles, **{name: getattr(self, name) for name in self.__slots__}}
        problems = [{"kind": problem.kind, "message": problem.message()} for problem in self.problems]
        return {**values, "folder": str(self.folder), "problems": problems}


@dataclass(frozen=True, slots=True)
class Report:
    """What a check has found: ``problems`` that are there now, and those that were ``repaired``."""

    problems: tuple[Problem, ...]
    repaired: tuple[Problem, ...] = ()

    @property
    def is_well(self) -> bool:
        return not self.problems


def sizes(folder: Path) -> dict[str, int]:
    """Bytes of the library's parts: the catalogue, Chroma, words, terms, and all else."""
    found = {"catalogue": 0, "chroma": 0, "words": 0, "lexical": 0, "other": 0}
    counted: set[int] = set()
    for parent, _, names in os.walk(folder):
        for file in (Path(parent, name) for name in names):
            with suppress(FileNotFoundError):  # a writer is tidying up
                status = file.stat()
                if status.st_ino not in counted:
                    counted.add(status.st_ino)  # lexical indexes share files
                    found[_part(file.relative_to(folder))] += status.st_size
    return found


def _part(path: Path) -> str:
    if path.parts[0].startswith("catalogue"):
        return "catalogue"
    if not path.parts[0].startswith(f"{FOLDER}-") or len(path.parts) == 1:
        return "other"
    if path.parts[1] == "chroma":
        return "chroma"
    return "lexical" if path.parts[1].startswith("lexical") else "words"


def take_stock(store: Store, recipe: Recipe, settings: Settings) -> Status:
    """The status of a library, as far as it can be read; ``recipe``: what is in use now."""
    status = Status(store.folder, settings.model, settings.reader, recipe.chroma, sizes(store.folder))
    try:
        manifest = store.manifest()
    except StoreError as error:
        return replace(status, problems=(_problem("manifest", error),))
    if manifest is None:
        return status
    status = replace(status, chroma=manifest.recipe.chroma, revision=manifest.revision)
    try:
        manifest.check(recipe, store.folder)
    except IndexMismatchError as error:
        # Another model's articles can be counted; another format may have nothing of what is read here.
        status = replace(status, problems=(Problem("unusable", str(error)),))
        if manifest.format != FORMAT:
            return status
    try:
        with closing(Catalogue(store.folder, create=False)) as catalogue:
            live, origins = catalogue.live(manifest.revision), catalogue.origins()
    except StoreError as error:
        return replace(status, problems=(*status.problems, _problem("catalogue", error)))
    chunks, rows, problems = _count_rows(store.folder, manifest, {record.key for record in live.values()})
    # A writer that is at work has its own.
    litter = [] if store.is_locked() else find_litter(store.folder, manifest)
    return replace(
        status,
        languages=dict(sorted(Counter(record.language for record in live.values()).items())),
        chunks=chunks,
        rows=rows,
        synced={name: origin.synced for name, origin in sorted(origins.items()) if origin.synced},
        problems=(*status.problems, *problems, *litter),
    )


def _count_rows(folder: Path, manifest: Manifest, keys: Collection[str]) -> tuple[int, int, list[Problem]]:
    """How many chunks and how many rows in Chroma the articles have, as far as the index can be read."""
    try:
        with closing(ChunkStore(generation_folder(folder, manifest.generation), create=False)) as chunk_store:
            rows = sum(count or 0 for key, count in chunk_store.versions().items() if key in keys)
            return chunk_store.count(keys), rows, []
    except StoreError as error:
        return 0, 0, [_problem("vectors", error)]


def _problem(kind: str, error: HaberciError) -> Problem:
    return Problem(kind, str(error.values.get("reason", error)))


def find_problems(store: Store, recipe: Recipe) -> list[Problem]:
    """Everything that is wrong with a library; reads all of it. ``recipe``: what is in use now.

    Raises :class:`~index.errors.LibraryBusyError`, :class:`~index.errors.IndexMismatchError`.
    """
    if not any(store.folder.iterdir()):
        return []
    with store.locked():
        try:
            manifest = store.manifest()
        except StoreError as error:
            return [_problem("manifest", error)]
        if manifest is None:
            return []
        manifest.check(recipe, store.folder)
        try:
            with closing(Catalogue(store.folder, create=False)) as catalogue:
                return _catalogue_problems(store, manifest, catalogue)
        except StoreError as error:
            return [_problem("catalogue", error)]


def _catalogue_problems(store: Store, manifest: Manifest, catalogue: Catalogue) -> list[Problem]:
    damage = catalogue.problems()
    if damage:
        return [Problem("catalogue", damage[0])]
    live = catalogue.live(manifest.revision)
    lost = lost_texts(catalogue, live)
    found = [Problem("texts", str(len(lost)))] if lost else []
    found += find_litter(store.folder, manifest)
    keys = frozenset(record.key for record in live.values())
    return found + _generation_problems(store.folder, manifest, store.server, keys)


def lost_texts(catalogue: Catalogue, live: Mapping[str, Record]) -> list[str]:
    """The articles whose text is missing, or is not the one that was put in."""
    texts = catalogue.texts(record.key for record in live.values())
    return [
        i
        for i, record in live.items()
        if record.key not in texts or key_of(record.to_article(i, texts[record.key])) != record.key
    ]


def find_litter(folder: Path, manifest: Manifest) -> list[Problem]:
    """Generations and lexical indexes that the manifest does not name."""
    own = generation_folder(folder, manifest.generation)
    names = [path.name for path in folder.glob(f"{FOLDER}-*") if path != own]
    names += [path.name for path in own.glob("lexical-*") if path.name != f"lexical-{manifest.lexical}"]
    return [Problem("litter", ", ".join(sorted(names)))] if names else []


def _generation_problems(
    folder: Path, manifest: Manifest, server: ChromaServer | None, live: frozenset[str]
) -> list[Problem]:
    try:
        with chroma_errors(folder, "opened"):
            generation = Generation(
                folder, manifest.library, manifest.generation, manifest.lexical, server, create=False
            )
    except HaberciError as error:
        return [_problem("vectors", error)]
    try:
        with chroma_errors(folder, "read"):
            return _row_problems(generation, live, manifest.lexical)
    except HaberciError as error:
        return [_problem("vectors", error)]
    finally:
        generation.close()


def _row_problems(generation: Generation, live: frozenset[str], lexical: int) -> list[Problem]:
    damage = generation.chunk_store.problems()
    if damage:
        return [Problem("vectors", damage[0])]
    broken = broken_keys(generation, live)
    dead = set(generation.dead_keys(live)) | (set(counted_rows(generation)) - live)
    lost = 0 if broken else _unfindable(generation)
    found = [Problem(kind, str(number)) for kind, number in
             (("missing", len(broken)), ("dead", len(dead)), ("graph", lost)) if number]  # fmt: skip
    if not generation.is_lexical_whole(live, lexical):
        found.append(Problem("lexical"))
    return found


def counted_rows(generation: Generation) -> Counter[str]:
    """How many rows each version has in Chroma."""
    counts: Counter[str] = Counter()
    for collection in (generation.chunks, generation.sentences):
        counts.update(row_id.split(":")[0] for row_id in collection.get(include=[])["ids"])
    return counts


def broken_keys(generation: Generation, live: Iterable[str]) -> list[str]:
    """The live versions whose rows, words or terms are not all there."""
    told, held, here = generation.chunk_store.versions(), counted_rows(generation), generation.chunk_store.row_counts()
    return sorted(key for key in live if told.get(key) is None or not told[key] == held[key] == here.get(key, 0))


def _unfindable(generation: Generation) -> int:
    """How many of a sample of rows a search with their own vector does not find."""
    lost = 0
    for collection in (generation.chunks, generation.sentences):
        ids = collection.get(include=[])["ids"]
        picked = ids[:: max(1, len(ids) // SAMPLE)][:SAMPLE]
        if not picked:
            continue
        got = collection.get(ids=picked, include=["embeddings"])
        vectors = np.asarray(got["embeddings"], np.float32)
        nearest = collection.query(query_embeddings=vectors, n_results=1, include=["distances"])
        # Another row may say the same words; it is then as near.
        for found in nearest["distances"] or []:
            lost += not found or found[0] > 1e-3
    return lost
