"""The benchmark of scale: its arithmetic and its tables; a tiny library for the steps, whose times nobody looks at."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from bench import scale
from bench.hashing import DIMENSION, HashingEmbedder
from bench.newsroom import generate, write_folder
from bench.scale import (
    STEPS,
    Step,
    change,
    check,
    choose,
    delete,
    main,
    peak_memory_mb,
    recall,
    rename,
    write_questions,
)
from bench.scale_report import MEASURES, TABLE_END, TABLE_START, fill, growth, report, table


@pytest.mark.parametrize(
    ("sizes", "values", "factor"),
    [
        ([100, 1000], [2.0, 20.0], 10.0),
        ([100, 1000, 10_000], [5.0, 2.0, 2.0], 1.0),
        ([100, 10_000], [1.0, 100.0], 10.0),
        ([1000, 2000], [3.0, 6.0], 10.0),
        ([100, 1000, 10_000], [1.0, None, 16.0], 4.0),
        ([100, 1000], [None, 2.0], None),
        ([100, 1000], [0.0, 2.0], None),
        ([100], [1.0], None),
    ],
)
def test_growth_for_ten_times_the_articles(sizes: list[int], values: list[float | None], factor: float | None) -> None:
    assert growth(sizes, values) == (None if factor is None else pytest.approx(factor))


def test_recall_by_hand() -> None:
    ranks = [0, None, 4, 1]
    assert recall(ranks, 1) == 0.25
    assert recall(ranks, 5) == 0.75
    assert recall([], 5) == 0.0


def test_the_table_has_a_row_a_measure_and_a_column_a_size() -> None:
    shown = table({"1000": {"first_s": 20.0, "chunks": 1234}, "100": {"first_s": 2.0, "chunks": 123}})
    assert shown.splitlines() == [
        "| articles | 100 | 1,000 | × for ten times |",
        "|---|---:|---:|---:|",
        "| chunks | 123 | 1,234 | 10 |",
        "| first sync (model ready), s | 2.0 | 20.0 | 10 |",
    ]


def test_a_measure_that_one_size_lacks_is_a_dash() -> None:
    shown = table({"100": {"first_s": 2.0}, "1000": {"first_s": 4.0, "rebuild_s": 3.0}})
    assert "| rebuild, s | – | 3.0 | – |" in shown


RUN = {
    "embedder": "small", "dtype": "float32", "machine": "2 CPU cores", "versions": "Python 3.11",
    "sizes": {"100": {"first_s": 2.0}},
}  # fmt: skip


def test_the_report_has_a_table_for_each_embedder() -> None:
    text = report({"packaged, auto": {**RUN, "embedder": "packaged", "sizes": {}}, "small, float32": RUN})
    assert text.count("| articles |") == 1
    assert "## small, float32" in text
    assert "2 CPU cores" in text


def test_a_document_gets_the_table_between_its_marks() -> None:
    text = f"before\n{TABLE_START}\nold\n{TABLE_END}\nafter\n"
    filled = fill(text, "| new |")
    assert filled == f"before\n{TABLE_START}\n| new |\n{TABLE_END}\nafter\n"
    assert fill(filled, "| new |") == filled
    with pytest.raises(ValueError, match="needs"):
        fill("no marks", "| new |")


def test_what_is_changed_renamed_and_deleted_are_different_files(tmp_path: Path) -> None:
    paths = write_folder(tmp_path, 40, seed=1)
    groups = choose(paths, 5, 3)
    assert [len(group) for group in groups] == [5, 5, 5]
    assert len({path for group in groups for path in group}) == 15
    assert groups == choose(paths, 5, 3)
    before = groups[0][0].read_text(encoding="utf-8")
    change(groups[0][0])
    assert groups[0][0].read_text(encoding="utf-8").startswith(before)
    rename(groups[1][0])
    delete(groups[2][0])
    assert len([path for path in tmp_path.rglob("*") if path.is_file()]) == 39
    assert not groups[1][0].exists()


COUNTS = {"added": 0, "changed": 0, "removed": 0, "renamed": 0, "unchanged": 0, "failed": 0}


def test_a_sync_that_did_something_else_is_no_measurement() -> None:
    check("first", COUNTS | {"added": 40}, 40, 0)
    check("changed", COUNTS | {"changed": 2, "unchanged": 38}, 40, 2)
    check("search", {}, 40, 0)
    with pytest.raises(ValueError, match="renamed: the sync"):
        check("renamed", COUNTS | {"added": 2, "removed": 2, "unchanged": 38}, 40, 2)
    with pytest.raises(ValueError, match="first: the sync"):
        check("first", COUNTS | {"added": 39, "failed": 1}, 40, 0)


def test_the_hashing_embedder_is_the_same_everywhere_and_finds_shared_words(tmp_path: Path) -> None:
    embedder = HashingEmbedder(tmp_path)
    vectors = embedder.encode_passages(["Ankara'da kar yağdı.", "The harbour reopened.", "...", ""])
    assert vectors.shape == (4, DIMENSION)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    question = embedder.encode_queries(["Ankara kar"])[0]
    assert question @ vectors[0] > 0.7 > question @ vectors[1]
    assert embedder.encode_queries([]).shape == (0, DIMENSION)
    words = embedder.encode_passage_tokens(["Ankara'da kar"])[0]
    assert words.spans.tolist() == [[0, 6], [10, 13]]
    assert words.tokens.shape == (2, DIMENSION)


def test_memory_is_counted() -> None:
    assert 10 < peak_memory_mb() < 100_000


def test_every_step_on_a_tiny_library(tmp_path: Path) -> None:
    """In this process: that each gets one of its own is for the benchmark."""
    paths = write_folder(tmp_path / "articles", 12, seed=1)
    assert write_questions(tmp_path / "questions.json", list(generate(12, seed=1))) > 5
    places = [str(tmp_path / name) for name in ("library", "articles", "questions.json")]
    figures: dict[str, float] = {}
    alter = {"changed": change, "renamed": rename, "deleted": delete}
    for name, run in STEPS.items():
        if name in alter:
            alter[name](paths.pop())
        found = run(Step(name, *places, "small", "float32"))
        check(name, found, 12, 1)
        figures |= found
    assert {key for key, _, _ in MEASURES} - set(figures) == {"files_mb"}
    assert figures["recall_5"] > 0.5


def test_sizes_that_were_measured_are_not_measured_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    measured: list[int] = []

    def measure(size: int, args: object) -> dict[str, float]:
        measured.append(size)
        return {"first_s": size / 10}

    monkeypatch.setattr(scale, "measure", measure)
    docs = tmp_path / "scale-page.md"
    docs.write_text(f"{TABLE_START}\n{TABLE_END}\n", encoding="utf-8")
    arguments = ["--embedder", "small", "--out", str(tmp_path / "scale.md"), "--docs", str(docs)]
    assert main([*arguments, "--sizes", "10,100"]) == 0
    assert main([*arguments, "--sizes", "100,1000"]) == 0
    assert measured == [10, 100, 1000]
    kept = json.loads((tmp_path / "scale.json").read_text(encoding="utf-8"))
    assert list(kept["small, float32"]["sizes"]) == ["10", "100", "1000"]
    row = "| first sync (model ready), s | 1.0 | 10.0 | 100.0 | 10 |"
    assert row in (tmp_path / "scale.md").read_text(encoding="utf-8")
    assert row in docs.read_text(encoding="utf-8")
    assert main([*arguments, "--sizes", "100", "--rebuild"]) == 0
    assert measured[-1] == 100


@pytest.mark.parametrize("sizes", ["", "5", "100,many", "100,,1000"])
def test_sizes_that_make_no_sense_are_refused(sizes: str) -> None:
    with pytest.raises(SystemExit):
        main(["--sizes", sizes])
