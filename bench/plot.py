"""A bar chart of recall@1 as SVG, readable on light and dark pages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Any

from bench.data import LAYOUT_TITLES
from bench.report import directions

# Okabe and Ito's colours, told apart with any colour vision, on white and on black.
COLOURS = ("#d55e00", "#0072b2", "#56b4e9", "#009e73", "#8c7ae6", "#cc79a7", "#999999")
_WIDTH, _LEFT, _RIGHT = 960, 44, 12
_PANEL, _TITLE, _LABELS = 130, 30, 26
_LEGEND = 40
_STYLE = """
  text { font: 12px system-ui, sans-serif; fill: #24292f; }
  .title { font-weight: 600; font-size: 13px; }
  .value { font-size: 10px; text-anchor: middle; }
  .label { text-anchor: middle; }
  .scale { font-size: 10px; text-anchor: end; fill: #57606a; }
  .grid { stroke: #d0d7de; stroke-width: 1; }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3; }
    .scale { fill: #9198a1; }
    .grid { stroke: #3d444d; }
  }
"""


def draw(layouts: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> str:
    """The chart of :func:`bench.retrieval.run`'s figures, a panel for each layout; missing peers are left out."""
    systems = [name for name, figures in next(iter(layouts.values()), {}).items() if "missing" not in figures]
    colours = dict(zip(systems, COLOURS, strict=False))
    height = _LEGEND + len(layouts) * (_TITLE + _PANEL + _LABELS) + 8
    parts = [*_legend(systems, colours)]
    for number, (layout, results) in enumerate(layouts.items()):
        top = _LEGEND + number * (_TITLE + _PANEL + _LABELS)
        parts += _panel(LAYOUT_TITLES[layout], {name: results[name] for name in systems}, colours, top)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" width="{_WIDTH}" height="{height}" '
        f'role="img" aria-label="Recall@1 by layout and direction">\n<title>Recall@1 by layout and direction</title>\n'
        f"<style>{_STYLE}</style>\n" + "\n".join(parts) + "\n</svg>\n"
    )


def _legend(systems: Sequence[str], colours: Mapping[str, str]) -> Iterator[str]:
    x = _LEFT
    for name in systems:
        yield f'<rect x="{x}" y="12" width="12" height="12" rx="2" fill="{colours[name]}"/>'
        yield f'<text x="{x + 17}" y="22">{escape(name)}</text>'
        x += 17 + 8 * len(name) + 22
    yield f'<text x="{_WIDTH - _RIGHT}" y="22" class="scale">recall@1</text>'


def _panel(title: str, results: Mapping[str, Mapping[str, Any]], colours: Mapping[str, str], top: int) -> Iterator[str]:
    base = top + _TITLE + _PANEL
    yield f'<text x="{_LEFT}" y="{top + 16}" class="title">{escape(title)}</text>'
    for tick in (0.0, 0.25, 0.5, 0.75, 1.0):
        y = base - tick * (_PANEL - 14)
        yield f'<line x1="{_LEFT}" y1="{y:.1f}" x2="{_WIDTH - _RIGHT}" y2="{y:.1f}" class="grid"/>'
        yield f'<text x="{_LEFT - 6}" y="{y + 3:.1f}" class="scale">{tick:g}</text>'
    groups = [(key, words) for key, words in directions() if any(f"{key}.r1" in each for each in results.values())]
    room = (_WIDTH - _LEFT - _RIGHT) / max(1, len(groups))
    # Bars are as wide in a panel of two groups as in one of four.
    width = (_WIDTH - _LEFT - _RIGHT) / 4 * 0.84 / max(1, len(results))
    for number, (key, words) in enumerate(groups):
        middle = _LEFT + (number + 0.5) * room
        yield f'<text x="{middle:.1f}" y="{base + 16}" class="label">{escape(words)}</text>'
        for place, (name, figures) in enumerate(results.items()):
            x = middle + (place - len(results) / 2) * width
            yield from _bar(x, base, width, float(figures.get(f"{key}.r1", 0.0)), colours.get(name, COLOURS[-1]), name)


def _bar(x: float, base: int, width: float, value: float, colour: str, name: str) -> Iterator[str]:
    height = value * (_PANEL - 14)
    shown = f"{value:.2f}".removeprefix("0") if 0.005 <= value < 0.995 else f"{value:.0f}"
    yield (
        f'<rect x="{x + 1:.1f}" y="{base - height:.1f}" width="{width - 2:.1f}" height="{height:.1f}" rx="1.5" '
        f'fill="{colour}"><title>{escape(name)}: {value:.3f}</title></rect>'
    )
    yield f'<text x="{x + width / 2:.1f}" y="{base - height - 3:.1f}" class="value">{shown}</text>'
