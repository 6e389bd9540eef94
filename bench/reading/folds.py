"""Topics held out of training, so that a reader is measured on what it has not seen."""

from __future__ import annotations

from collections.abc import Sequence


def held_out_topics(topics: Sequence[str], fold: str) -> list[str]:
    """The topics of a fold "n/of": every of-th, from the n-th on; none of an empty one."""
    if not fold:
        return []
    number, of = map(int, fold.split("/"))
    return list(topics)[number % of :: of]


def training_topics(topics: Sequence[str], fold: str) -> list[str]:
    """Those not in the fold; all when it is empty."""
    held_out = set(held_out_topics(topics, fold))
    return [topic for topic in topics if topic not in held_out]
