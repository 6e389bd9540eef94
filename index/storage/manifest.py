"""The manifest: what an index was built with, and which revision it is at."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from index.errors import IndexMismatchError, StoreError

FILE_NAME = "manifest.json"
# Raised when what stands in the store changes its meaning; an index of another format must be rebuilt.
FORMAT = 2
IN_FOLDER = "folder"


@dataclass(frozen=True, slots=True)
class Recipe:
    """Everything that decides what a vector means; two indexes of one recipe hold comparable vectors.

    ``model``: the embedder's fingerprint. ``centring``: digest of the texts the language means come from.
    ``max_chunk_tokens``: see :mod:`index.chunking`. ``chroma``: where they are, "folder" or a server's address.
    ``dimension``: of the vectors; None where no model is loaded.
    """

    model: str
    centring: str
    max_chunk_tokens: int
    chroma: str = IN_FOLDER
    dimension: int | None = None


@dataclass(frozen=True, slots=True)
class Manifest:
    """``revision`` counts finished writes. ``generation`` names the folder and the collections in use; a rebuild makes
    new ones. ``lexical``: the number of the lexical index in it. ``seeded``: the shipped articles have been put in
    once. ``library``: chosen at random when the library is made.
    """

    recipe: Recipe
    library: str
    revision: int = 0
    generation: int = 1
    lexical: int = 0
    seeded: bool = False
    format: int = FORMAT

    def same_revision(self, other: Manifest) -> bool:
        """Whether readers see the same with both; a library that was deleted and made anew is another one."""
        return (self.library, self.revision) == (other.library, other.revision)

    def check(self, recipe: Recipe, folder: Path) -> None:
        """Raise :class:`~index.errors.IndexMismatchError` when the index was built by another recipe."""
        if self.format != FORMAT:
            raise IndexMismatchError(folder=folder, what="format", built=self.format, current=FORMAT)
        built = asdict(self.recipe)
        for name, current in asdict(recipe).items():
            if current is not None and built[name] not in (None, current):
                raise IndexMismatchError(folder=folder, what=name, built=repr(built[name]), current=repr(current))


def read_manifest(folder: Path) -> Manifest | None:
    """The manifest of the library in ``folder``, None where none has been written yet.

    Raises :class:`~index.errors.StoreError` when it cannot be read.
    """
    try:
        values = json.loads((folder / FILE_NAME).read_text(encoding="utf-8"))
        if values["format"] != FORMAT:
            values = _translated(values)
        recipe = Recipe(**values.pop("recipe"))
        return Manifest(recipe=recipe, **values)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise StoreError(folder=folder, action="read", reason=error.strerror or error) from error
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise StoreError(folder=folder, action="read", reason=f"{FILE_NAME} is damaged ({error})") from error


def _translated(values: dict[str, Any]) -> dict[str, Any]:
    """Of another format's manifest what this one has too, enough for :meth:`Manifest.check` to say what mends it."""
    known = {field.name for field in fields(Manifest)}
    recipe = {field.name: values["recipe"].get(field.name) for field in fields(Recipe)}
    recipe["chroma"] = recipe["chroma"] or IN_FOLDER
    return {name: value for name, value in values.items() if name in known} | {"recipe": recipe}


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Replace the manifest in one step: a reader sees the old one or the new one, never a part."""
    temporary = folder / f"{FILE_NAME}.{os.getpid()}"
    try:
        with temporary.open("w", encoding="utf-8") as file:
            json.dump(asdict(manifest), file, ensure_ascii=False, indent=1)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(folder / FILE_NAME)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise StoreError(folder=folder, action="written", reason=error.strerror or error) from error


def remove_litter(folder: Path) -> None:
    """Remove what killed writers have left of :func:`write_manifest`. The caller holds the write lock."""
    for file in folder.glob(f"{FILE_NAME}.*"):
        with suppress(OSError):
            file.unlink()


def stamp(folder: Path) -> tuple[int, int] | None:
    """Something cheap that differs after every :func:`write_manifest`; None where there is no manifest."""
    try:
        status = (folder / FILE_NAME).stat()
    except OSError:
        return None
    return status.st_ino, status.st_mtime_ns
