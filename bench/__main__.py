"""Run the benchmarks: ``python -m bench --data FOLDER``; the tables go to ``bench/results/``."""

from __future__ import annotations

import argparse
import io
import sys
from collections.abc import Callable
from contextlib import redirect_stdout
from pathlib import Path

from bench import ablations, answers, generation, language, plot, retrieval, sentences, sloppiness, speed
from bench.data import LAYOUTS, Corpus, DataError, load_corpus, missing_data
from bench.memo import MemoEmbedder
from bench.report import Report, Setup, say
from bot.reader import OFF
from index import HaberciError, Settings

RESULTS = Path(__file__).parent / "results"
PARTS = ("retrieval", "ablations", "answers", "generation", "sloppiness", "language", "sentences", "speed")
NEEDS_NO_DATA = ("sentences", "speed")
_WITH_MODEL: dict[str, Callable[[Setup], Report]] = {
    "retrieval": retrieval.run,
    "ablations": ablations.run,
    "answers": answers.run,
    "generation": generation.run,
    "sloppiness": sloppiness.run,
}


def main(arguments: list[str] | None = None) -> int:
    """Run the parts that are asked for; 1 when one of them cannot run."""
    args = make_parser().parse_args(arguments)
    wanted = args.only
    try:
        corpus = load_corpus(args.data) if args.data is not None else None
    except DataError as error:
        say(str(error))
        return 1
    if corpus is None and (lacking := [name for name in wanted or PARTS if name not in NEEDS_NO_DATA]):
        say(f"{missing_data(None)}\nNot run: {', '.join(lacking)}.")
        if wanted:
            return 1
        wanted = NEEDS_NO_DATA
    try:
        run_parts(wanted or PARTS, corpus, args)
    except HaberciError as error:
        say(str(error))
        return 1
    return 0


def make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("--data", type=Path, metavar="FOLDER", help="XQuAD: xquad.tr.json and xquad.en.json")
    parser.add_argument("--only", type=_names(PARTS), metavar="PART,...", help=f"of {', '.join(PARTS)}")
    parser.add_argument("--layouts", type=_names(LAYOUTS), default=LAYOUTS, metavar="LAYOUT,...",
                        help=f"of {', '.join(LAYOUTS)}")  # fmt: skip
    parser.add_argument("--limit", type=_count, default=0, metavar="N", help="at most N questions a language")
    parser.add_argument("--articles", type=_count, default=0, metavar="N", help="only the first N articles")
    parser.add_argument("--results", type=Path, default=RESULTS, metavar="FOLDER", help="where the tables go")
    parser.add_argument("--reader", default=OFF, metavar="FILE|packaged",
                        help="for the answers; off by default: the packaged one was trained on XQuAD")  # fmt: skip
    parser.add_argument("--llm", metavar="MODEL", help="for the generated answers, which are left out without it")
    parser.add_argument("--memo", type=Path, metavar="FILE.npz", help="keep the vectors of texts for the next run")
    return parser


def _names(known: tuple[str, ...]) -> Callable[[str], tuple[str, ...]]:
    def parse(text: str) -> tuple[str, ...]:
        names = tuple(name.strip() for name in text.split(",") if name.strip())
        unknown = [name for name in names if name not in known]
        if unknown or not names:
            raise argparse.ArgumentTypeError(f"{', '.join(unknown) or 'nothing'} is not one of {', '.join(known)}")
        return names

    return parse


def _count(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"it must be a whole number of at least 0, not {text!r}")
    return int(text)


def run_parts(names: tuple[str, ...], corpus: Corpus | None, args: argparse.Namespace) -> None:
    """Run the parts in their order and write what each found as soon as it is there."""
    setup = None
    if args.llm is None and "generation" in names:
        say("generation needs a language model: --llm gguf:/path/model.gguf")
        names = tuple(name for name in names if name != "generation")
    if corpus is not None and any(name in _WITH_MODEL for name in names):
        setup = make_setup(corpus.head(args.articles), args, with_peers="retrieval" in names)
    for name in PARTS:
        if name not in names:
            continue
        say(f"== {name}")
        if name in _WITH_MODEL:
            assert setup is not None
            report = _WITH_MODEL[name](setup)
            if args.memo is not None:
                setup.embedder.write_memo(args.memo)
        elif name == "language":
            report = printed(
                "language", "Language identification: short and sloppy text", lambda: run_language(args.data)
            )
        elif name == "speed":
            report = speed.run()
        else:
            report = printed("sentences", "Sentence splitting: rows of hard cases right", sentences.print_table)
        report.write(args.results)
        if name == "retrieval":
            (args.results / "recall.svg").write_text(plot.draw(report.figures["layouts"]), encoding="utf-8")
    say(f"written to {args.results}")


def make_setup(corpus: Corpus, args: argparse.Namespace, *, with_peers: bool) -> Setup:
    """The model, the earlier vectors when there are any, and the systems to compare."""
    embedder = MemoEmbedder(Settings.read())
    if args.memo is not None:
        embedder.read_memo(args.memo)
    systems = retrieval.load_systems(embedder) if with_peers else ()
    return Setup(corpus, embedder, args.layouts, args.limit, systems, args.reader, args.llm)


def run_language(folder: Path) -> None:
    """Print the tables of :mod:`bench.language`; what loading took stays on the terminal."""
    with redirect_stdout(sys.stderr):
        candidates = dict(language.load_candidates(None))
    language.print_accuracy(candidates, language.make_variants(folder, None))
    language.print_foreign(candidates)


def printed(name: str, title: str, run: Callable[[], None]) -> Report:
    """A report of the tables that ``run`` prints."""
    with redirect_stdout(io.StringIO()) as output:
        run()
    report = Report(name, title)
    tables = [parse_table(block) for block in output.getvalue().split("\n\n") if block.strip()]
    for head, *rows in tables:
        report.add("\n".join(["| " + " | ".join(head) + " |", "|" + "---|" * len(head),
                              *("| " + " | ".join(row) + " |" for row in rows)]))  # fmt: skip
    report.figures = {"tables": [[dict(zip(head, row, strict=True)) for row in rows] for head, *rows in tables]}
    return report


def parse_table(block: str) -> list[list[str]]:
    """The cells of a table in Markdown, its head first, without the line under the head."""
    lines = [line.strip().strip("|") for line in block.strip().splitlines()]
    return [[cell.strip() for cell in line.split("|")] for line in lines if line.strip("-| ")]


if __name__ == "__main__":
    sys.exit(main())
