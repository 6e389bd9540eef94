"""Measure a reader on XQuAD: ``python -m bench.reading.measure READER --data FOLDER``.

Each question is read with its own paragraph (does it find the words?) and with another of the same topic (does it say
that nothing answers?). With ``--fold n/of`` only the topics that a reader trained with that fold has not seen.
"""

from __future__ import annotations

import argparse
import random
import statistics
from collections.abc import Sequence
from pathlib import Path

from bench.data import Corpus, load_corpus
from bench.reading.examples import Example, wrong_paragraphs, xquad_examples
from bench.reading.folds import held_out_topics
from bench.reading.words import auroc, token_f1, tokens
from bench.report import Cell, steps, table
from bot.reader import Reader, Reading, whole_words
from index import Settings
from index.embedding import Embedder

_BATCH = 8
DIRECTIONS = ("en-en", "tr-tr", "tr-en", "en-tr")


def main(arguments: list[str] | None = None) -> None:
    """Print the table of one reader."""
    parser = argparse.ArgumentParser(prog="python -m bench.reading.measure", description=__doc__)
    parser.add_argument("reader", type=Path, help="a reader.safetensors")
    parser.add_argument("--data", type=Path, required=True, metavar="FOLDER", help="XQuAD")
    parser.add_argument("--fold", default="", metavar="N/OF")
    args = parser.parse_args(arguments)
    corpus = load_corpus(args.data)
    topics = held_out_topics(corpus.topics, args.fold) or corpus.topics
    settings = Settings.read()
    embedder = Embedder(cache=settings.cache, dtype=settings.dtype)
    print(show_figures(measure(Reader(embedder, args.reader), corpus, topics)))


def measure(reader: Reader, corpus: Corpus, topics: Sequence[str]) -> dict[str, dict[str, float]]:
    """For each direction (question's language, then text's): ``f1``, ``exact``, ``auroc``, ``questions``."""
    own = xquad_examples(corpus, topics)
    wrong = wrong_paragraphs(own, corpus, 1.0, random.Random("wrong paragraphs"))
    results = read_all(reader, [*own, *wrong])
    figures = {}
    for direction in DIRECTIONS:
        of = [(example, found) for example, found in zip([*own, *wrong], results, strict=True)
              if example.direction == direction]  # fmt: skip
        answerable = [(example, margin, words) for example, (margin, words) in of if example.answer is not None]
        margins = [margin for _, margin, _ in answerable]
        figures[direction] = {
            "f1": statistics.fmean(token_f1(words, example.answer or "") for example, _, words in answerable),
            "exact": statistics.fmean(
                tokens(words) == tokens(example.answer or "") for example, _, words in answerable
            ),
            "auroc": auroc(margins, [margin for example, (margin, _) in of if example.answer is None]),
            "questions": len(answerable),
        }
    return figures


def read_all(reader: Reader, examples: Sequence[Example]) -> list[tuple[float, str]]:
    """For each example the best answer's margin over "no answer", and its words."""
    order = sorted(range(len(examples)), key=lambda number: len(examples[number].text))
    found: dict[int, tuple[float, str]] = {}
    for at in steps(range(0, len(order), _BATCH), "Reading"):
        batch = [examples[number] for number in order[at : at + _BATCH]]
        readings = reader.read_pairs([each.question for each in batch], [each.text for each in batch])
        for number, example, reading in zip(order[at : at + _BATCH], batch, readings, strict=True):
            found[number] = best_words(example.text, reading)
    return [found[number] for number in range(len(examples))]


def best_words(text: str, reading: Reading) -> tuple[float, str]:
    best = reading.best(0, len(text))
    return (best[0], text[slice(*whole_words(text, *best[1:]))]) if best else (float("-inf"), "")


def show_figures(figures: dict[str, dict[str, float]]) -> str:
    rows: list[list[Cell]] = [
        [direction, *(round(each[name], 4) for name in ("f1", "exact", "auroc")), int(each["questions"])]
        for direction, each in figures.items()
    ]
    return table(["question-text", "F1", "exact", "AUROC, wrong paragraph", "questions"], rows)


if __name__ == "__main__":
    main()
