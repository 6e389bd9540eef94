"""The command: what it says without data, what it writes with it, and the plot."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from bench.__main__ import main, parse_table, printed
from bench.data import LAYOUTS
from bench.plot import draw
from bench.report import Report
from tests.test_bench_data import write_squad


def test_without_data_it_says_where_to_get_it_and_runs_what_needs_none(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bench.speed.run", lambda: Report("speed", "Speed"))  # minutes
    assert main(["--results", str(tmp_path)]) == 0
    said = capsys.readouterr().err.replace("\n", " ")
    assert "github.com/google-deepmind/xquad" in said
    assert "Not run: retrieval" in said
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        f"{part}.{ending}" for part in ("sentences", "speed") for ending in ("json", "md")
    ]


def test_a_part_that_needs_data_fails_without_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--only", "retrieval", "--results", str(tmp_path)]) == 1
    assert "xquad.tr.json" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_a_folder_without_data_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--data", str(tmp_path / "none"), "--results", str(tmp_path)]) == 1
    assert "none" in capsys.readouterr().err.replace("\n", "")


@pytest.mark.parametrize("arguments", [["--only", "velocity"], ["--layouts", "half"], ["--limit", "-1"]])
def test_unknown_values_are_refused(arguments: list[str]) -> None:
    with pytest.raises(SystemExit):
        main(arguments)


def test_parts_with_data_write_tables_figures_and_the_plot(
    tmp_path: Path, tiny_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HABERCI_MODEL", str(tiny_model))
    monkeypatch.setenv("HABERCI_CACHE", str(tmp_path / "cache"))
    results = tmp_path / "results"
    data = str(write_squad(tmp_path))
    only = "retrieval,ablations,answers,sloppiness"
    memo = tmp_path / "memo.npz"
    arguments = [
        "--data",
        data,
        "--only",
        only,
        "--layouts",
        "en,mixed",
        "--results",
        str(results),
        "--memo",
        str(memo),
    ]
    assert main(arguments) == 0
    names = {f"{part}.{ending}" for part in only.split(",") for ending in ("md", "json")} | {"recall.svg"}
    assert {path.name for path in results.iterdir()} == names
    for path in results.iterdir():
        assert str(tmp_path) not in path.read_text(encoding="utf-8")
    figures = json.loads((results / "retrieval.json").read_text(encoding="utf-8"))
    assert list(figures["layouts"]) == ["en", "mixed"]
    assert memo.is_file()


FIGURES = {"tr.same.r1": 1.0, "en.cross.r1": 0.25, "version": ""}


def test_the_plot_is_svg_with_a_bar_for_every_figure() -> None:
    svg = draw({"tr": {"Haberci": FIGURES, "A & B": FIGURES, "Gone": {"missing": "not installed"}}})
    root = ElementTree.fromstring(svg)
    titles = [element.text for element in root.iter("{http://www.w3.org/2000/svg}title")]
    assert titles[1:] == ["Haberci: 1.000", "A & B: 1.000", "Haberci: 0.250", "A & B: 0.250"]
    assert "prefers-color-scheme: dark" in svg
    assert "Gone" not in svg


def test_every_layout_has_a_panel() -> None:
    svg = draw({layout: {"Haberci": FIGURES} for layout in LAYOUTS})
    assert svg.count('class="title"') == len(LAYOUTS)


def test_printed_tables_become_a_report() -> None:
    def write_tables() -> None:
        sys.stdout.write("| a | b |\n|---|---|\n| 1 | 2 |\n\n| c |\n| 3 |")

    report = printed("name", "Title", write_tables)
    assert report.figures == {"tables": [[{"a": "1", "b": "2"}], [{"c": "3"}]]}
    assert report.blocks[1] == "| c |\n|---|\n| 3 |"
    assert parse_table("| x | y |\n| - | |") == [["x", "y"]]
