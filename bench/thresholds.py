"""The threshold of abstention: what every value gives, and which one to take."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from bench.report import Cell, directions, mean, table
from index import LANGUAGES

if TYPE_CHECKING:
    from bench.answers import Outcome

ANSWERED = 0.95
"""The share of answerable questions that must be answered, in the worst direction."""

_SHOWN = (0.0, 12.0)
_SHOWN_STEP = 0.5
_STEP = 0.05

Rule = Callable[[Sequence["Outcome"]], float]


def threshold_tables(outcomes: Sequence[Outcome], topics: Sequence[str]) -> tuple[dict[str, Any], list[str]]:
    """Figures and blocks of Markdown: a range of thresholds, and the choices of two rules, cross-validated."""
    if all(o.score is None for o in outcomes):
        return {}, []
    low, high = _SHOWN
    shown = np.arange(low, high + _SHOWN_STEP, _SHOWN_STEP)
    values = {f"{value:.2f}": rates(outcomes, float(value)) for value in shown}
    chosen = {name: _choose(rule, outcomes, topics) for name, rule in RULES.items()}
    columns = [*(f"{key}.answered" for key, _ in directions()), *(f"{lang}.refused" for lang in LANGUAGES),
               *(f"{lang}.near_refused" for lang in LANGUAGES)]  # fmt: skip
    head = [name.replace(".", " ").replace("_", " ") for name in columns]
    rows: list[list[Cell]] = [[value, *(found.get(name) for name in columns)] for value, found in values.items()]
    blocks = ["## A range of thresholds", table(["lowest score", *head], rows), "## Which one to take", _explain()]
    choices: list[list[Cell]] = []
    for name, choice in chosen.items():
        choices.append([name, f"{choice['value']:.2f}", "all topics", *(choice["rates"].get(c) for c in columns)])
        held_out = " and ".join(f"{value:.2f}" for value in choice["halves"])
        choices.append([name, held_out, "held out", *(choice["held_out"].get(c) for c in columns)])
    blocks.append(table(["rule", "lowest score", "measured on", *head], choices))
    return {"range": values, "chosen": chosen}, blocks


def rates(outcomes: Sequence[Outcome], threshold: float) -> dict[str, float]:
    """``{tr,en}.{same,cross}.answered`` and ``{tr,en}.{refused,near_refused}``."""
    figures = {}
    for direction, _ in directions():
        group = [o.is_found(threshold) for o in outcomes if o.direction == direction]
        if group:
            figures[f"{direction}.answered"] = round(sum(group) / len(group), 4)
    for language in LANGUAGES:
        for kind, name in (("absent", "refused"), ("near", "near_refused")):
            group = [not o.is_found(threshold) for o in outcomes if o.language == language and o.kind == kind]
            if group:
                figures[f"{language}.{name}"] = round(sum(group) / len(group), 4)
    return figures


def answers_enough(outcomes: Sequence[Outcome]) -> float:
    """The highest threshold at which the worst direction still answers :data:`ANSWERED` of its questions."""
    fitting = [t for t in _grid(outcomes) if _worst(rates(outcomes, t)) >= ANSWERED]
    return max(fitting, default=float(_grid(outcomes)[0]))


def balances(outcomes: Sequence[Outcome]) -> float:
    """The threshold with the highest sum of answered (mean of the directions) and refused (mean of the languages)."""

    def gain(threshold: float) -> float:
        found = rates(outcomes, threshold)
        answered = mean(value for name, value in found.items() if name.endswith(".answered"))
        return answered + mean(found.get(f"{language}.refused") for language in LANGUAGES)

    grid = _grid(outcomes)
    return grid[int(np.argmax([gain(t) for t in grid]))]


RULES: dict[str, Rule] = {
    f"{ANSWERED:.0%} answered in the worst direction": answers_enough,
    "most answered + refused": balances,
}


def halves(topics: Sequence[str]) -> tuple[set[str], set[str]]:
    """The topics in two halves, each with as many topics that are in the library as ones that are not.

    Every second topic is in the library, so the halves go by pairs of topics.
    """
    first = {topic for place, topic in enumerate(topics) if place // 2 % 2 == 0}
    return first, set(topics) - first


def _choose(rule: Rule, outcomes: Sequence[Outcome], topics: Sequence[str]) -> dict[str, Any]:
    """The rule's value, and what its values chosen on one half give on the other, both ways averaged."""
    value = rule(outcomes)
    first, second = halves(topics)
    tried = [
        (chosen := rule(_of(outcomes, learn)), rates(_of(outcomes, test), chosen))
        for learn, test in ((first, second), (second, first))
        if _of(outcomes, learn) and _of(outcomes, test)
    ]
    names = {name for _, found in tried for name in found}
    held_out = {name: round(mean(found.get(name) for _, found in tried), 4) for name in sorted(names)}
    return {"value": value, "rates": rates(outcomes, value), "halves": [t for t, _ in tried], "held_out": held_out}


def _of(outcomes: Sequence[Outcome], topics: Collection[str]) -> list[Outcome]:
    return [o for o in outcomes if o.topic in topics]


def _worst(figures: dict[str, float]) -> float:
    return min((value for name, value in figures.items() if name.endswith(".answered")), default=0.0)


def _grid(outcomes: Sequence[Outcome]) -> list[float]:
    scores = [o.score for o in outcomes if o.score is not None] or [0.0]
    places = range(int(np.floor(min(scores) / _STEP)), int(np.ceil(max(scores) / _STEP)) + 1)
    return [round(place * _STEP, 2) for place in places]


def _explain() -> str:
    return (
        "Held out: the topics are cut in two halves; the value chosen on each half is measured on the other, and "
        "the mean of both stands here. The first rule takes the highest value at which the worst of the four "
        f"directions still answers {ANSWERED:.0%} of its questions, the second the one with the most "
        "answered + refused."
    )
