"""What a library of so many articles costs: ``python -m bench.scale --sizes 100,1000,10000``.

Every measure is taken in a process of its own, so that its memory is its own. What has been measured stays in the JSON
file beside the table; run again, only sizes that are missing are measured.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from bench.hashing import HashingEmbedder
from bench.newsroom import generate, questions, write_folder
from bench.report import describe_versions, say
from bench.scale_report import CHANGED_SHARE, EMBEDDERS, QUESTIONS, TABLE_START, describe, fill, machine, report, table
from bench.scenes import Chance
from index import Article, Changes, Index, Settings

RESULTS = Path(__file__).parent / "results" / "scale.md"
SIZES = (100, 1_000, 10_000)
WARM_UP = 10
SEED = 1
COUNTS = ("added", "changed", "removed", "renamed", "unchanged", "failed")
# What a sync has to say of the articles that were altered before it.
WANTED = {"first": "added", "again": "unchanged", "changed": "changed", "renamed": "renamed", "deleted": "removed"}

Figures = dict[str, float]


@dataclass(frozen=True, slots=True)
class Step:
    """What a process of its own measures. ``questions``: a JSON file of questions with the text that answers."""

    name: str
    library: str
    articles: str
    questions: str
    embedder: str
    dtype: str

    def run(self) -> Figures:
        """Measure it in a fresh process."""
        command = [sys.executable, "-m", "bench.scale", "--step", json.dumps(asdict(self))]
        # What it has to say, also when it fails, goes to our stderr.
        done = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True, encoding="utf-8")
        figures: Figures = json.loads(done.stdout.splitlines()[-1])
        return figures

    def open(self) -> Index:
        if self.embedder == "packaged":
            return Index.open(self.library, settings=Settings.read(dtype=self.dtype))
        cache = Path(self.library).with_name("cache")
        return Index.open(self.library, settings=Settings.read(cache=cache), embedder=HashingEmbedder(cache))


def main(arguments: list[str] | None = None) -> int:
    args = make_parser().parse_args(arguments)
    if args.step is not None:
        step = Step(**json.loads(args.step))
        print(json.dumps(STEPS[step.name](step)))
        return 0
    figures_file = args.out.with_suffix(".json")
    known: dict[str, Any] = json.loads(figures_file.read_text(encoding="utf-8")) if figures_file.is_file() else {}
    name = f"{args.embedder}, {args.dtype}"
    run = known.setdefault(name, {"embedder": args.embedder, "dtype": args.dtype, "sizes": {}})
    for size in args.sizes:
        held = run["sizes"].get(str(size), {})
        if held and (not args.rebuild or "rebuild_s" in held):
            say(f"{size} articles: measured before")
            continue
        try:
            run["sizes"][str(size)] = measure(size, args)
        except (subprocess.CalledProcessError, ValueError) as error:
            say(f"{size} articles: not measured: {error}")
            return 1
        run |= {"machine": machine(), "versions": describe_versions()}
        args.out.parent.mkdir(parents=True, exist_ok=True)
        figures_file.write_text(json.dumps(known, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        args.out.write_text(report(known), encoding="utf-8")
    if args.docs is not None:
        text = args.docs.read_text(encoding="utf-8")
        args.docs.write_text(fill(text, f"{describe(run)}\n\n{table(run['sizes'])}"), encoding="utf-8")
    return 0


def make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench.scale", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--sizes", type=_sizes, default=SIZES, metavar="N,...", help="numbers of articles")
    parser.add_argument("--embedder", choices=EMBEDDERS, default="packaged", help="small: without a model")
    parser.add_argument("--dtype", choices=("auto", "float32"), default="float32", help="what the model computes in")
    parser.add_argument("--rebuild", action="store_true", help="measure a rebuild as well, as long as the first sync")
    parser.add_argument("--out", type=Path, default=RESULTS, metavar="FILE.md", help="the table; JSON goes beside it")
    parser.add_argument("--docs", type=Path, metavar="FILE.md", help=f"also put the table where it says {TABLE_START}")
    parser.add_argument(
        "--work", type=Path, metavar="FOLDER", help="where libraries are made; for temporary files else"
    )
    parser.add_argument("--step", help=argparse.SUPPRESS)
    return parser


def _sizes(text: str) -> tuple[int, ...]:
    sizes = [part.strip() for part in text.split(",")]
    if not all(size.isdecimal() and int(size) >= 10 for size in sizes):
        raise argparse.ArgumentTypeError(f"they must be whole numbers of at least 10, not {text!r}")
    return tuple(sorted({int(size) for size in sizes}))


# --- one size -------------------------------------------------------------------------------------------


def measure(size: int, args: argparse.Namespace) -> Figures:
    """All measures of one size, in a folder that is removed afterwards."""
    with TemporaryDirectory(prefix="haberci-scale-", dir=args.work, ignore_cleanup_errors=True) as name:
        folder = Path(name)
        say(f"{size} articles: writing them")
        paths = write_folder(folder / "articles", size, SEED)
        asked = write_questions(folder / "questions.json", list(generate(size, SEED)))
        figures: Figures = {"files_mb": _megabytes(path.stat().st_size for path in paths), "questions": asked}
        places = (str(folder / "library"), str(folder / "articles"), str(folder / "questions.json"))
        alter = {"changed": change, "renamed": rename, "deleted": delete}
        chosen = choose(paths, max(1, round(size * CHANGED_SHARE)), len(alter))
        some = dict(zip(alter, chosen, strict=True))
        for step in STEPS:
            if step == "rebuild" and not args.rebuild:
                continue
            if step in alter:
                for path in some[step]:
                    alter[step](path)
            found = Step(step, *places, args.embedder, args.dtype).run()
            check(step, found, size, len(some.get(step, ())))
            figures |= {key: value for key, value in found.items() if key not in COUNTS}
            say(f"{size} articles: {step}: " + ", ".join(f"{key} {value:g}" for key, value in found.items()))
    return figures


def write_questions(file: Path, articles: Sequence[Article]) -> int:
    """The questions with the texts that answer them; their number."""
    texts = {article.id: article.text for article in articles}
    asked = [(question, texts[i]) for question, i in questions(articles, QUESTIONS, SEED)]
    file.write_text(json.dumps(asked, ensure_ascii=False), encoding="utf-8")
    return len(asked)


def choose(paths: Sequence[Path], count: int, groups: int) -> list[list[Path]]:
    """``groups`` times ``count`` of the paths, none in two groups."""
    drawn = Chance(f"scale:{SEED}").shuffled(paths)
    return [drawn[at * count : (at + 1) * count] for at in range(groups)]


def change(path: Path) -> None:
    """Add a sentence."""
    text = path.read_text(encoding="utf-8")
    path.write_text(f"{text}\nThe figures were corrected, said the desk on page {len(text)}.\n", encoding="utf-8")


def rename(path: Path) -> None:
    path.rename(path.with_name(f"renamed-{path.name}"))


def delete(path: Path) -> None:
    path.unlink()


def check(step: str, found: Figures, size: int, altered: int) -> None:
    """Raise ValueError when a sync did something else than was to be done: its time would mean nothing."""
    if step not in WANTED:
        return
    wanted: Figures = dict.fromkeys(COUNTS, 0.0) | {WANTED[step]: size if step in ("first", "again") else altered}
    if step != "first":
        wanted["unchanged"] = found["unchanged"]
    got = {name: found[name] for name in COUNTS}
    if got != wanted:
        raise ValueError(f"{step}: the sync should have done {wanted}, and did {got}")


def count(changes: Changes) -> Figures:
    return {name: len(getattr(changes, name)) for name in COUNTS}


# --- what is measured in a process of its own -------------------------------------------------------------


def measure_first(step: Step) -> Figures:
    started = time.perf_counter()
    with step.open() as index:
        index.embedder.load()
        _ = index.space  # its cohort is embedded
        ready = time.perf_counter()
        changes = index.sync(Path(step.articles), progress=_say_progress("embedded"))
        seconds = time.perf_counter() - ready
        status = index.status()
    sizes = {f"disk_{part}_mb": size / 1e6 for part, size in status.bytes_on_disk.items()}
    return {
        "ready_s": ready - started,
        "first_s": seconds,
        "articles_a_second": len(changes.added) / seconds,
        "first_peak_mb": peak_memory_mb(),
        "chunks": status.chunks,
        "vectors": status.rows,
        "disk_mb": sum(sizes.values()),
        **sizes,
        **count(changes),
    }


def measure_sync(step: Step) -> Figures:
    """From opening the library to the end, the model's loading included where it is needed."""
    started = time.perf_counter()
    with step.open() as index:
        changes = index.sync(Path(step.articles))
        seconds = time.perf_counter() - started
    return {f"{step.name}_s": seconds, f"{step.name}_peak_mb": peak_memory_mb(), **count(changes)}


def measure_search(step: Step) -> Figures:
    asked: list[tuple[str, str]] = json.loads(Path(step.questions).read_text(encoding="utf-8"))
    started = time.perf_counter()
    with step.open() as index:
        len(index)
        opened = time.perf_counter()
        index.search(asked[0][0])
        searched = time.perf_counter()
        for question, _ in asked[:WARM_UP]:
            index.search(question)
        times, ranks = [], []
        for question, text in asked:
            before = time.perf_counter()
            found = index.search(question, 5)
            times.append(time.perf_counter() - before)
            ranks.append(next((n for n, p in enumerate(found) if text[p.start : p.end] == p.text), None))
    return {
        "open_s": opened - started,
        "cold_s": searched - opened,
        "search_p50_ms": 1e3 * statistics.median(times),
        "search_p95_ms": 1e3 * float(np.quantile(times, 0.95)),
        "search_peak_mb": peak_memory_mb(),
        **{f"recall_{k}": recall(ranks, k) for k in (1, 5)},
    }


def measure_rebuild(step: Step) -> Figures:
    with step.open() as index:
        index.embedder.load()
        started = time.perf_counter()
        index.rebuild(_say_progress("rebuilt"))
        return {"rebuild_s": time.perf_counter() - started, "rebuild_peak_mb": peak_memory_mb()}


# In this order: searches see the library as it was first synced.
STEPS: dict[str, Callable[[Step], Figures]] = {
    "first": measure_first,
    "again": measure_sync,
    "search": measure_search,
    "changed": measure_sync,
    "renamed": measure_sync,
    "deleted": measure_sync,
    "rebuild": measure_rebuild,
}


def recall(ranks: Sequence[int | None], k: int) -> float:
    """The share of questions whose article is among the first ``k`` passages; ranks count from 0."""
    return sum(rank is not None and rank < k for rank in ranks) / max(1, len(ranks))


def peak_memory_mb() -> float:
    """The most memory that this process has held."""
    status = Path("/proc/self/status")
    if status.is_file():
        # The resource module's figure would start from the parent's: it outlives exec.
        line = next(line for line in status.read_text(encoding="ascii").splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) * 1024 / 1e6
    import resource

    bytes_a_unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * bytes_a_unit / 1e6


def _say_progress(what: str) -> Callable[[int, int], None]:
    last = [time.monotonic()]

    def progress(done: int, total: int) -> None:
        if time.monotonic() - last[0] > 30:
            last[0] = time.monotonic()
            say(f"  {done} of {total} {what}")

    return progress


def _megabytes(sizes: Iterable[int]) -> float:
    return sum(sizes) / 1e6


if __name__ == "__main__":
    sys.exit(main())
