"""How long a search takes beside the embedding of its question, in a library of thousands of passages.

The articles are sentences of the project's own reports in an order drawn by chance. Their vectors are drawn by chance
as well (embedding them would take an hour, and how long a search takes does not depend on what they mean); questions
are embedded by the real model.
"""

from __future__ import annotations

import random
import re
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from tempfile import TemporaryDirectory

import numpy as np

from bench.reading.examples import BilingualReport, load_reports
from bench.report import Cell, Report, describe_machine, describe_versions, say, steps, table
from index import LANGUAGES, Article, Index, Language, Settings
from index.embedding import Embedder, TokenVectors, Vectors
from index.words import unit

SIZES = (100, 1_000, 10_000)
QUESTIONS = 200
_SENTENCES = 6
_AT_ONCE = 1_000


class DrawnVectors(Embedder):
    """The packaged model for questions; for passages vectors drawn by chance, the same for the same text."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings.model, cache=settings.cache, dtype=settings.dtype)
        self.is_drawing = False

    def encode_passages(self, texts: Sequence[str], progress: Callable[[int], None] | None = None) -> Vectors:
        if not self.is_drawing:
            return super().encode_passages(texts, progress)
        return np.stack([_drawn(text, 1, self.dimension)[0] for text in texts])

    def encode_passage_tokens(self, texts: Sequence[str]) -> list[TokenVectors]:
        if not self.is_drawing:
            return super().encode_passage_tokens(texts)
        found = []
        for text in texts:
            spans = np.array([word.span() for word in re.finditer(r"\w+", text)], np.int64).reshape(-1, 2)
            vectors = _drawn(text, len(spans) + 1, self.dimension)
            found.append(TokenVectors(vectors[0], vectors[1:], spans))
        return found


def _drawn(text: str, count: int, dimension: int) -> Vectors:
    chance = np.random.default_rng(random.Random(text).getrandbits(64))
    vectors: Vectors = unit(chance.standard_normal((count, dimension), dtype=np.float32))
    return vectors


def make_articles(reports: Sequence[BilingualReport], count: int) -> Iterator[Article]:
    """``count`` articles of one passage each, every second one Turkish."""
    chance = random.Random("speed")
    sentences: dict[Language, list[str]] = {
        language: [sentence for report in reports for sentence in report.sentences[language]] for language in LANGUAGES
    }
    for number in range(count):
        language = LANGUAGES[number % len(LANGUAGES)]
        text = " ".join(chance.sample(sentences[language], _SENTENCES))
        yield Article(id=f"a{number}", text=text, language=language)


def run() -> Report:
    """Measure libraries of :data:`SIZES` passages, questions in turn embedded alone and searched for."""
    reports = load_reports()
    questions = [question[language] for report in reports for question in report.questions for language in LANGUAGES]
    asked = random.Random("questions").sample(questions, QUESTIONS)
    rows: list[list[Cell]] = []
    report = Report("speed", "Speed: a search beside the embedding of its question")
    for size in SIZES:
        figures = measure(reports, asked, size)
        report.figures[str(size)] = figures
        ratio = f"{figures['ratio']:.2f}"
        rows.append([size, *(f"{figures[name]:.1f}" for name in ("embedding_ms", "search_ms", "p95_ms")), ratio])
    report.add(
        f"Median (p50) of {QUESTIONS} questions, embedded alone and searched for in turn. {describe_machine()}. "
        f"{describe_versions()}.",
        table(["passages", "embedding p50, ms", "search p50, ms", "search p95, ms", "search / embedding"], rows),
    )
    return report


def measure(reports: Sequence[BilingualReport], questions: Sequence[str], size: int) -> dict[str, float]:
    """``embedding_ms``, ``search_ms`` (p50, the embedding included), ``p95_ms``, ``ratio``: the median of search time
    over embedding time, question by question."""
    embedder = DrawnVectors(Settings.read())
    with TemporaryDirectory(prefix="haberci-bench-", ignore_cleanup_errors=True) as folder:
        index = Index.open(folder, settings=Settings.read(), embedder=embedder)
        _ = index.space  # its cohort is embedded by the model
        embedder.is_drawing = True
        articles = list(make_articles(reports, size))
        say(f"{size} passages")
        for at in steps(range(0, size, _AT_ONCE), f"Indexing {size} passages"):
            index.add(articles[at : at + _AT_ONCE])
        times = []
        for number, question in enumerate(steps(questions, "Asking")):
            started = time.perf_counter()
            embedder.encode_query_tokens([question])
            between = time.perf_counter()
            index.search(question)
            if number >= 20:  # the first ones warm up
                times.append((between - started, time.perf_counter() - between))
        index.close()
    embedding, search = ([1e3 * pair[part] for pair in times] for part in (0, 1))
    return {
        "embedding_ms": round(statistics.median(embedding), 2),
        "search_ms": round(statistics.median(search), 2),
        "p95_ms": round(float(np.quantile(search, 0.95)), 2),
        "ratio": round(statistics.median(s / e for e, s in zip(embedding, search, strict=True)), 3),
    }
