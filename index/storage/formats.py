"""Libraries of earlier formats: read once, by the rebuild that makes a new one of them."""

from __future__ import annotations

import shutil
from pathlib import Path

from index.storage.catalogue import Record
from index.storage.chroma import connect_folder
from index.storage.manifest import Manifest
from index.types import Article


def read_old_articles(folder: Path, manifest: Manifest) -> list[Article]:
    """The articles of a library of format 1, which kept them in a Chroma collection."""
    with connect_folder(folder / "chroma") as client:
        collection = client.get_collection(f"articles-{manifest.generation}", embedding_function=None)
        got = collection.get(include=["documents", "metadatas"])
    rows = zip(got["ids"], got["documents"] or [], got["metadatas"] or [], strict=True)
    names = [name for name in Record.__slots__ if name != "key"]
    return [Article(i, text, **{name: metadata.get(name) for name in names}) for i, text, metadata in rows]  # type: ignore[arg-type]


def remove_old_files(folder: Path) -> None:
    """What format 1 kept in the library's folder."""
    for old in (folder / "chroma", *folder.glob("lexical-*")):
        shutil.rmtree(old, ignore_errors=True)
