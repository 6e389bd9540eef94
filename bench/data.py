"""XQuAD as a library of articles: reading it from a folder, and laying it out in one language or two.

Every paragraph becomes one article. The paragraphs and questions of XQuAD are the same in every language and in
the same order, so that a library can hold each article in either language, and a question can be asked in both.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from index import LANGUAGES, Article, Language

SOURCE = "github.com/google-deepmind/xquad"
LICENCE = "CC BY-SA 4.0"

T = TypeVar("T")


class DataError(Exception):
    """The data is not there, or not what it should be; the message says where to get it."""


@dataclass(frozen=True, slots=True)
class Paragraph:
    """One article of the library. ``number`` counts the paragraphs of its topic from 0."""

    id: str
    topic: str
    number: int
    language: Language
    text: str

    def to_article(self) -> Article:
        return Article(id=self.id, text=self.text, language=self.language)


@dataclass(frozen=True, slots=True)
class Question:
    """``answer`` stands at ``start`` of the paragraph ``article_id`` in the question's language."""

    text: str
    language: Language
    article_id: str
    topic: str
    answer: str
    start: int


@dataclass(frozen=True, slots=True)
class Corpus:
    """Parallel paragraphs and questions: the n-th is the same one in every language."""

    paragraphs: Mapping[Language, tuple[Paragraph, ...]]
    questions: Mapping[Language, tuple[Question, ...]]

    @property
    def topics(self) -> list[str]:
        """The topics in their order in the data."""
        return list(dict.fromkeys(paragraph.topic for paragraph in self.paragraphs["en"]))

    def head(self, n_articles: int) -> Corpus:
        """The first ``n_articles`` paragraphs and their questions; everything when 0."""
        if not n_articles:
            return self
        paragraphs = {language: rows[:n_articles] for language, rows in self.paragraphs.items()}
        ids = {paragraph.id for paragraph in paragraphs["en"]}
        questions = {
            language: tuple(row for row in rows if row.article_id in ids) for language, rows in self.questions.items()
        }
        return Corpus(paragraphs, questions)

    def describe(self) -> str:
        """One phrase with the counts."""
        articles, questions = len(self.paragraphs["en"]), len(self.questions["en"])
        return f"{articles} articles on {len(self.topics)} topics, {questions} questions a language"


# --- layouts ----------------------------------------------------------------------------------------

# Which articles are Turkish, by their place. The tenth that differs moves on by one from ten to ten: a topic's
# paragraphs stand together, and always the same one of them would be another sample.
_IS_TURKISH: dict[str, Callable[[int], bool]] = {
    "tr": lambda _: True,
    "en": lambda _: False,
    "mixed": lambda place: place % 2 == 0,
    "mixed-10-tr": lambda place: place % 10 == place // 10 % 10,
    "mixed-90-tr": lambda place: place % 10 != place // 10 % 10,
}
LAYOUTS = tuple(_IS_TURKISH)
LAYOUT_TITLES = {
    "tr": "All articles Turkish",
    "en": "All articles English",
    "mixed": "Half Turkish, half English",
    "mixed-10-tr": "10 % Turkish, 90 % English",
    "mixed-90-tr": "90 % Turkish, 10 % English",
}


def lay_out(corpus: Corpus, layout: str) -> list[Paragraph]:
    """Every article in one language only: all in one, or divided as the layout's name says.

    Raises ValueError for a layout that is not in :data:`LAYOUTS`.
    """
    if layout not in _IS_TURKISH:
        raise ValueError(f"layout must be one of {', '.join(LAYOUTS)}, not {layout!r}")
    is_turkish = _IS_TURKISH[layout]
    return [
        turkish if is_turkish(place) else english
        for place, (turkish, english) in enumerate(
            zip(corpus.paragraphs["tr"], corpus.paragraphs["en"], strict=True),
        )
    ]


def spread(rows: Sequence[T], limit: int) -> Sequence[T]:
    """At most ``limit`` rows, evenly spread; all of them when ``limit`` is 0."""
    return rows[:: max(1, len(rows) // limit)][:limit] if limit else rows


# --- reading ----------------------------------------------------------------------------------------


def load_corpus(folder: Path) -> Corpus:
    """XQuAD from ``folder``: its original JSON files, or the same as lines of JSON.

    Raises :class:`DataError` when neither is there, or the languages do not belong together.
    """
    for names, read in ((_squad_names, _read_squad), (_jsonl_names, _read_jsonl)):
        if all((folder / name).is_file() for language in LANGUAGES for name in names(language)):
            try:
                return _checked(folder, read(folder))
            except (KeyError, TypeError, ValueError, AttributeError) as error:
                raise DataError(f"{folder}: the files are not XQuAD as {SOURCE} has it ({error!r})") from error
    raise DataError(missing_data(folder))


def missing_data(folder: Path | None) -> str:
    """What is looked for, and where to get it."""
    looked_for = [" and ".join(name for language in LANGUAGES for name in names(language))
                  for names in (_squad_names, _jsonl_names)]  # fmt: skip
    where = "no folder was given with --data" if folder is None else f"{folder} does not hold the data"
    return (
        f"{where}: looked for {looked_for[0]}, or for {looked_for[1]}. "
        f"The data is XQuAD ({LICENCE}): get xquad.tr.json and xquad.en.json from {SOURCE} and name their folder."
    )


def _squad_names(language: Language) -> tuple[str, ...]:
    return (f"xquad.{language}.json",)


def _jsonl_names(language: Language) -> tuple[str, ...]:
    return (f"articles.{language}.jsonl", f"questions.{language}.jsonl")


def _read_squad(folder: Path) -> Corpus:
    data = {
        language: json.loads((folder / _squad_names(language)[0]).read_text(encoding="utf-8"))["data"]
        for language in LANGUAGES
    }
    # Titles may be translated; ids must not be, so the English ones serve for every language.
    titles = _unique([str(entry["title"]).strip().replace(" ", "_") for entry in data["en"]])
    paragraphs: dict[Language, tuple[Paragraph, ...]] = {}
    questions: dict[Language, tuple[Question, ...]] = {}
    for language in LANGUAGES:
        rows = [
            (title, number, paragraph)
            for title, entry in zip(titles, data[language], strict=True)
            for number, paragraph in enumerate(entry["paragraphs"])
        ]
        paragraphs[language] = tuple(Paragraph(f"{t}-{n}", t, n, language, p["context"]) for t, n, p in rows)
        questions[language] = tuple(_squad_question(qa, language, t, n) for t, n, p in rows for qa in p["qas"])
    return Corpus(paragraphs, questions)


def _squad_question(qa: Mapping[str, Any], language: Language, topic: str, number: int) -> Question:
    answer = qa["answers"][0]
    # Some files in this format hold the place as a text.
    start = int(answer["answer_start"])
    return Question(qa["question"], language, f"{topic}-{number}", topic, answer["text"], start)


def _unique(titles: Sequence[str]) -> list[str]:
    return [title if title not in titles[:at] else f"{title}_{at}" for at, title in enumerate(titles)]


def _read_jsonl(folder: Path) -> Corpus:
    paragraphs: dict[Language, tuple[Paragraph, ...]] = {}
    questions: dict[Language, tuple[Question, ...]] = {}
    for language in LANGUAGES:
        articles, asked = (_read_lines(folder / name) for name in _jsonl_names(language))
        paragraphs[language] = tuple(
            Paragraph(row["id"], str(row["topic"]), int(row["id"].rpartition("-")[2]), language, row["text"])
            for row in articles
        )
        questions[language] = tuple(
            Question(row["q"], language, row["article_id"], str(row["topic"]), row["answer"], int(row["start"]))
            for row in asked
        )
    return Corpus(paragraphs, questions)


def _read_lines(path: Path) -> list[dict[str, Any]]:
    # Not splitlines: a paragraph may hold U+2028.
    return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line.strip()]


def _checked(folder: Path, corpus: Corpus) -> Corpus:
    turkish, english = (
        ([p.id for p in corpus.paragraphs[language]], [q.article_id for q in corpus.questions[language]])
        for language in LANGUAGES
    )
    if turkish != english:
        raise DataError(f"{folder}: the Turkish and the English files do not hold the same paragraphs and questions")
    if not english[0] or not english[1]:
        raise DataError(f"{folder}: the files hold no paragraphs or no questions")
    return corpus
