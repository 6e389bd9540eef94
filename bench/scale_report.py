"""The tables of :mod:`bench.scale`."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from typing import Any

from bench.report import describe_machine

QUESTIONS = 200
CHANGED_SHARE = 0.01
EMBEDDERS = {
    "packaged": "the packaged model (multilingual-e5-small, 384 dimensions)",
    "small": "no model: hashed words (64 dimensions), which shows the store by itself",
}
TABLE_START, TABLE_END = "<!-- scale table -->", "<!-- end of scale table -->"

# Key, words, digits after the point.
MEASURES = (
    ("files_mb", "article files, MB", 1),
    ("chunks", "chunks", 0),
    ("vectors", "vectors in Chroma", 0),
    ("first_s", "first sync (model ready), s", 1),
    ("articles_a_second", "articles/s", 1),
    ("first_peak_mb", "memory at most, MB", 0),
    ("again_s", "sync, nothing changed, s", 2),
    ("changed_s", "sync, 1 % changed, s", 2),
    ("renamed_s", "sync, 1 % renamed, s", 2),
    ("deleted_s", "sync, 1 % deleted, s", 2),
    ("rebuild_s", "rebuild, s", 1),
    ("disk_mb", "library on disk, MB", 1),
    ("disk_chroma_mb", "– vectors (Chroma)", 1),
    ("disk_words_mb", "– word vectors", 1),
    ("disk_lexical_mb", "– terms (tantivy)", 1),
    ("disk_catalogue_mb", "– texts and catalogue", 1),
    ("disk_other_mb", "– other", 1),
    ("open_s", "opening, fresh process, s", 2),
    ("cold_s", "first search, fresh process, s", 2),
    ("search_p50_ms", "search p50, ms", 1),
    ("search_p95_ms", "search p95, ms", 1),
    ("search_peak_mb", "memory of a process that searches, MB", 0),
    ("recall_1", "recall@1", 3),
    ("recall_5", "recall@5", 3),
)


def report(runs: Mapping[str, Mapping[str, Any]]) -> str:
    """Markdown with one table for each embedder."""
    parts = ["# Scale: what a library of so many articles costs"]
    for name, run in runs.items():
        if run["sizes"]:
            parts += [f"## {name}", describe(run), table(run["sizes"])]
    return "\n\n".join(parts) + "\n"


def describe(run: Mapping[str, Any]) -> str:
    """What the figures were measured on."""
    share = f"{CHANGED_SHARE:.0%}".replace("%", " %")
    return (
        f"Made-up news (`bench/newsroom.py`), half of it Turkish. Embedder: {EMBEDDERS[run['embedder']]}, "
        f"{run['dtype']}. {run['machine']}. {run['versions']}. Times of syncs with nothing or {share} changed are of a "
        f"fresh process, loading the model included where it is needed; searches embed the question. "
        f"{QUESTIONS} questions (fewer where there are fewer), a quarter for each pair of languages."
    )


def table(sizes: Mapping[str, Mapping[str, float]]) -> str:
    """One row a measure, one column a size, and by how much ten times the articles raise it (the last two sizes)."""
    columns = sorted(sizes, key=int)
    head = ["articles", *(f"{int(size):,}" for size in columns), "× for ten times"]
    lines = ["| " + " | ".join(head) + " |", "|---|" + "---:|" * (len(head) - 1)]
    for key, words, digits in MEASURES:
        values = [sizes[size].get(key) for size in columns]
        if all(value is None for value in values):
            continue
        shown = ["–" if value is None else f"{value:,.{digits}f}" for value in values]
        factor = growth(list(map(int, columns)), values)
        lines.append(f"| {words} | " + " | ".join(shown) + f" | {'–' if factor is None else f'{factor:.2g}'} |")
    return "\n".join(lines)


def growth(sizes: Sequence[int], values: Sequence[float | None]) -> float | None:
    """The factor by which a measure grows for ten times the articles, from its last two values; None without two."""
    known = [(size, value) for size, value in zip(sizes, values, strict=True) if value]
    if len(known) < 2:
        return None
    (few, low), (many, high) = known[-2:]
    return float((high / low) ** (1 / math.log10(many / few)))


def fill(text: str, content: str) -> str:
    """A document with ``content`` between the marks for it. Raises ValueError when they are missing."""
    before, start, rest = text.partition(TABLE_START)
    _, end, after = rest.partition(TABLE_END)
    if not start or not end:
        raise ValueError(f"the document needs {TABLE_START} and, below it, {TABLE_END}")
    return f"{before}{TABLE_START}\n{content}\n{TABLE_END}{after}"


def machine() -> str:
    """Cores and memory."""
    if not hasattr(os, "sysconf"):
        return describe_machine()
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return f"{describe_machine()}, {memory / 2**30:.0f} GiB of memory"
