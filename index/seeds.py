"""The articles that the project ships with, for a library that is empty."""

from __future__ import annotations

from pathlib import Path

from index.articles import find_article_files, read_article
from index.types import Article


def seed_folder() -> Path:
    """``seeds/``: beside the packages in a checkout, inside this package when installed from a wheel."""
    inside = Path(__file__).parent / "seeds"
    return inside if inside.is_dir() else Path(__file__).parent.parent / "seeds"


def seed_articles() -> list[Article]:
    """The shipped articles; a file's name without its ending is the article's id."""
    return [read_article(file, article_id=file.stem) for file in find_article_files(seed_folder())]
