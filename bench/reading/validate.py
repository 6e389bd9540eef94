"""Cross-validate readers over XQuAD's topics: ``python -m bench.reading.validate --data FOLDER READER...``.

The n-th of N readers was trained with ``--fold n/N``. Each is asked only about the topics that it has not seen;
together they are asked everything once. The tables go to ``bench/results/reader.md``.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from bench.answers import EXPLANATION, Asked, add_tables, ask_all, judge_all
from bench.data import Corpus, load_corpus
from bench.memo import MemoEmbedder
from bench.reading.folds import held_out_topics
from bench.reading.measure import DIRECTIONS, measure, show_figures
from bench.report import Report, Setup, say
from bot.evidence import READ
from bot.reader import Reader
from index import Settings


def main(arguments: list[str] | None = None) -> None:
    """Measure the readers and write the report."""
    parser = argparse.ArgumentParser(prog="python -m bench.reading.validate", description=__doc__)
    parser.add_argument("readers", type=Path, nargs="+", help="reader.safetensors of fold 1, 2, ...")
    parser.add_argument("--data", type=Path, required=True, metavar="FOLDER", help="XQuAD")
    parser.add_argument("--results", type=Path, default=Path(__file__).parents[1] / "results", metavar="FOLDER")
    parser.add_argument("--memo", type=Path, metavar="FILE.npz", help="keep the vectors of texts for the next run")
    args = parser.parse_args(arguments)
    embedder = MemoEmbedder(Settings.read())
    if args.memo is not None:
        embedder.read_memo(args.memo)
    run(Setup(load_corpus(args.data), embedder), args.readers).write(args.results)
    if args.memo is not None:
        embedder.write_memo(args.memo)


def run(setup: Setup, files: list[Path]) -> Report:
    """Short answers, then evidence and refusals, each question by the reader that has not seen its topic."""
    report = Report("reader", "The reader, cross-validated over topics", {"setup": setup.describe()})
    asked: list[Asked] = []
    found: list[dict[str, dict[str, float]]] = []
    for number, file in enumerate(files, start=1):
        topics = held_out(setup.corpus, number, len(files))
        say(f"fold {number} of {len(files)}: {len(topics)} topics")
        reader = Reader(setup.embedder, file)
        found.append(measure(reader, setup.corpus, topics))
        asked += ask_all(setup, reader, topics)
    figures = pooled(found)
    report.add(
        f"{len(files)} readers, each measured on the topics that it was not trained on. {setup.describe()}",
        "## Short answers",
        "Each question with its own paragraph (F1, exact), and with another one of the same topic (AUROC).",
        show_figures(figures),
        f"## In a library (lowest score {READ.lowest})",
        EXPLANATION,
    )
    report.figures["short"] = figures
    add_tables(report, asked, judge_all(asked, READ), READ, setup.corpus.topics)
    return report


def held_out(corpus: Corpus, number: int, of: int) -> list[str]:
    """The topics of one fold; all of them when there is but one reader, which then must not have seen any."""
    return held_out_topics(corpus.topics, f"{number}/{of}") if of > 1 else list(corpus.topics)


def pooled(found: list[dict[str, dict[str, float]]]) -> dict[str, dict[str, float]]:
    """The folds' figures, each counting as much as it has questions."""
    pool: dict[str, dict[str, Any]] = {}
    for direction in DIRECTIONS:
        rows = [figures[direction] for figures in found]
        questions = sum(row["questions"] for row in rows)
        pool[direction] = {
            name: sum(row[name] * row["questions"] for row in rows) / questions for name in ("f1", "exact", "auroc")
        } | {"questions": questions}
    return pool


if __name__ == "__main__":
    main()
