"""The project's own bilingual texts (bench/reports, bench/articles): a wrong label hurts a reader more than a missing
one."""

from __future__ import annotations

import json
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from bench.reading.examples import ARTICLES, REPORTS, load_articles, load_reports
from index import LANGUAGES, Language
from index.text import fold

KINDS = {"news", "reference"}
TYPES = {"who", "where", "when", "how_many", "what", "which", "why", "how"}
KEYS = {"topic", "kind", "tr", "en", "questions", "unanswered"}
QUESTION_KEYS = {"tr", "en", "sentence", "answer_tr", "answer_en", "type"}
ARTICLE_KEYS = {"title", "paragraphs"}
MOST_ANSWER_WORDS = 12


@dataclass(frozen=True)
class Limits:
    """What a report, or a paragraph of an article, must hold; ``copied``: the most of a question's long words that may
    stand in the sentence that answers it (encyclopedias are asked more literally) where it has more than ``few``."""

    keys: set[str]
    sentences: range
    questions: int
    unanswered: int
    copied: float
    few: int


OF_A_REPORT = Limits(KEYS, range(5, 11), questions=5, unanswered=3, copied=0.75, few=0)
OF_A_PARAGRAPH = Limits(KEYS - {"topic", "kind"}, range(4, 10), questions=5, unanswered=2, copied=0.8, few=3)

# What the reader is measured on (XQuAD's topics, and those of the seeds).
MEASURED = (
    "Super Bowl", "Warsaw", "Varşova", "Tesla", "Martin Luther", "Los Angeles", "Huguenot", "Fresno", "Harvard",
    "Jacksonville", "Doctor Who", "University of Chicago", "Genghis", "Cengiz", "Mongol", "Moğol", "Kenya", "IPCC",
    "chloroplast", "kloroplast", "Scottish Parliament", "İskoçya Parlamentosu", "Newcastle", "Putin", "Zelensk",
    "Ukraine", "Ukrayna", "Russia", "Rusya", "Kazakhstan", "Kazakistan", "Donald Trump",
)  # fmt: skip


@dataclass(frozen=True)
class Text:
    """A report or a paragraph, and where it is."""

    place: str
    row: dict[str, Any]
    limits: Limits

    @property
    def written(self) -> str:
        return json.dumps(self.row, ensure_ascii=False)

    def __str__(self) -> str:
        return self.place


def lines(folder: Path) -> list[tuple[str, dict[str, Any]]]:
    """Each line's place and what it holds; a line that is no JSON is an error."""
    return [
        (f"{path.name}:{number}", json.loads(line))
        for path in sorted(folder.rglob("*.jsonl"))
        for number, line in enumerate(path.read_text(encoding="utf-8").removesuffix("\n").split("\n"), 1)
    ]


@cache
def articles() -> list[tuple[str, dict[str, Any]]]:
    return lines(ARTICLES)


@cache
def texts() -> list[Text]:
    reports = [Text(f"{place} ({row.get('topic')})", row, OF_A_REPORT) for place, row in lines(REPORTS)]
    return reports + [
        Text(f"{place} ({row['title']['en']}), paragraph {number}", paragraph, OF_A_PARAGRAPH)
        for place, row in articles()
        for number, paragraph in enumerate(row["paragraphs"])
    ]


def answered() -> Iterator[tuple[str, dict[str, Any], Language, str]]:
    """Every answered question in each language: where it is, its row, the language, the sentence that answers."""
    for text in texts():
        row = text.row
        for number, question in enumerate(row["questions"]):
            for language in LANGUAGES:
                sentence = row[language][question["sentence"]]
                yield f"{text}: question {number} {language}", question, language, sentence


def assert_none(problems: Iterable[str]) -> None:
    found = list(problems)
    assert not found, f"{len(found)} problems:\n" + "\n".join(found)


def long_words(text: str) -> list[str]:
    return [word for word in re.findall(r"\w+", text.lower()) if len(word) > 3]


# --- files ------------------------------------------------------------------------------------------


def test_each_line_is_read() -> None:
    assert len(lines(REPORTS)) == len(load_reports()) > 200
    assert len(articles()) == len(load_articles()) > 50


def test_files_end_with_a_line_break() -> None:
    files = [*REPORTS.glob("*.jsonl"), *ARTICLES.rglob("*.jsonl")]
    assert_none(path.name for path in files if not path.read_bytes().endswith(b"}\n"))


def test_text_is_composed_and_has_no_odd_separators() -> None:
    assert_none(str(text) for text in texts() if not unicodedata.is_normalized("NFC", text.written))
    assert_none(str(text) for text in texts() if re.search("[\x0b\x0c\x85\xa0\u200b\u2028\u2029]", text.written))


# --- texts ----------------------------------------------------------------------------------------


def test_keys_are_those_of_a_text() -> None:
    assert_none(place for place, row in articles() if set(row) != ARTICLE_KEYS or set(row["title"]) != set(LANGUAGES))
    assert_none(f"{text}: {sorted(text.row)}" for text in texts() if set(text.row) != text.limits.keys)
    assert_none(
        f"{text}: question {number}: {sorted(set(question) ^ QUESTION_KEYS)}"
        for text in texts()
        for number, question in enumerate(text.row["questions"])
        if set(question) != QUESTION_KEYS
    )
    assert_none(
        f"{text}: unanswered {number}: {sorted(question)}"
        for text in texts()
        for number, question in enumerate(text.row["unanswered"])
        if set(question) != {"tr", "en"}
    )


def test_no_topic_is_written_of_twice() -> None:
    reports = [(row["topic"], place) for place, row in lines(REPORTS)]
    for topics in (reports, [(row["title"]["en"], place) for place, row in articles()]):
        places: dict[str, list[str]] = {}
        for topic, place in topics:
            places.setdefault(topic.strip().casefold().removeprefix("the "), []).append(place)
        assert_none(f"{topic}: {' and '.join(found)}" for topic, found in places.items() if len(found) > 1)


def test_articles_have_several_paragraphs() -> None:
    assert_none(f"{place}: {len(row['paragraphs'])}" for place, row in articles() if len(row["paragraphs"]) < 4)


def test_both_languages_have_the_same_number_of_sentences() -> None:
    assert_none(
        f"{text}: {len(text.row['tr'])} Turkish, {len(text.row['en'])} English"
        for text in texts()
        if len(text.row["tr"]) != len(text.row["en"]) or len(text.row["tr"]) not in text.limits.sentences
    )


def test_sentences_end_with_punctuation_and_have_no_outer_blanks() -> None:
    assert_none(
        f"{text}: {language}[{number}]: {sentence!r}"
        for text in texts()
        for language in LANGUAGES
        for number, sentence in enumerate(text.row[language])
        if sentence != sentence.strip() or not re.search(r"[.!?…\"”']$", sentence)
    )


def test_turkish_is_written_in_turkish_letters_and_is_not_the_english() -> None:
    assert_none(str(text) for text in texts() if not set("çğıöşüÇĞİÖŞÜ") & set("".join(text.row["tr"])))
    assert_none(
        f"{text}: {turkish!r}"
        for text in texts()
        for turkish, english in zip(text.row["tr"], text.row["en"], strict=True)
        if turkish == english
    )


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_each_kind_is_at_least_three_tenths(kind: str) -> None:
    kinds = Counter(row["kind"] for _, row in lines(REPORTS))
    assert set(kinds) == KINDS
    assert kinds[kind] >= 0.3 * kinds.total(), kinds


@pytest.mark.parametrize("topic", MEASURED)
def test_nothing_is_said_of_what_the_reader_is_measured_on(topic: str) -> None:
    # Whole words, or a word with a Turkish suffix: "Kenya'da", "Ukraynalı".
    name = re.compile(rf"(?<!\w){re.escape(topic)}", re.IGNORECASE)
    assert_none(f"{text}: {text.written[max(0, m.start() - 40) : m.end() + 40]}" for text in texts()
                for m in name.finditer(text.written))  # fmt: skip


# --- questions --------------------------------------------------------------------------------------


def test_texts_have_enough_questions() -> None:
    assert_none(
        f"{text}: {len(text.row['questions'])} answered, {len(text.row['unanswered'])} not"
        for text in texts()
        if len(text.row["questions"]) < text.limits.questions or len(text.row["unanswered"]) < text.limits.unanswered
    )


def test_questions_end_with_a_question_mark_and_have_no_outer_blanks() -> None:
    assert_none(
        f"{text}: {question[language]!r}"
        for text in texts()
        for question in [*text.row["questions"], *text.row["unanswered"]]
        for language in LANGUAGES
        if not question[language].endswith("?") or question[language] != question[language].strip()
    )


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_is_asked_twice_of_a_text(language: Language) -> None:
    assert_none(
        f"{text}: {question!r}"
        for text in texts()
        for question, times in Counter(
            asked[language] for asked in [*text.row["questions"], *text.row["unanswered"]]
        ).items()
        if times > 1
    )


def test_every_type_of_question_is_at_least_three_hundredths() -> None:
    types = Counter(question["type"] for text in texts() for question in text.row["questions"])
    assert set(types) == TYPES
    assert_none(f"{name}: {count} of {types.total()}" for name, count in types.items() if count < 0.03 * types.total())


def test_each_report_mixes_types() -> None:
    for place, row in lines(REPORTS):
        types = {question["type"] for question in row["questions"]}
        assert len(types) >= 4, f"{place}: {types}"
        assert types & {"why", "how"}, f"{place}: {types}"
        assert types & {"when", "how_many"}, f"{place}: {types}"


def test_sentence_numbers_are_those_of_sentences() -> None:
    assert_none(
        f"{text}: question {number}: sentence {question['sentence']!r}"
        for text in texts()
        for number, question in enumerate(text.row["questions"])
        if type(question["sentence"]) is not int or not 0 <= question["sentence"] < len(text.row["tr"])
    )


def test_answers_stand_once_in_their_sentence_between_word_boundaries() -> None:
    for where, question, language, sentence in answered():
        answer = question[f"answer_{language}"]
        found = re.findall(rf"(?<!\w){re.escape(answer)}(?!\w)", sentence)
        assert len(found) == 1, f"{where}: {answer!r} stands {len(found)} times in {sentence!r}"


def test_answers_are_short_and_bare() -> None:
    assert_none(
        f"{where}: {answer!r}"
        for where, question, language, _ in answered()
        if (answer := question[f"answer_{language}"]) != answer.strip()
        or not answer
        or len(answer.split()) > MOST_ANSWER_WORDS
        or (re.search(r"[.,;:]$", answer) and not re.search(r"\b\w\.$", answer))
    )


def test_no_question_holds_its_answer() -> None:
    """A word of four letters and more with a suffix is the word as well."""
    assert_none(
        f"{where}: {answer!r} in {question[language]!r}"
        for where, question, language, _ in answered()
        if (answer := fold(question[f"answer_{language}"]))
        and re.search(rf"(?<!\w){re.escape(answer)}" + ("" if len(answer) > 3 else r"(?!\w)"), fold(question[language]))
    )


def test_questions_do_not_copy_the_wording_of_their_sentence() -> None:
    for text in texts():
        for question in text.row["questions"]:
            for language in LANGUAGES:
                sentence = text.row[language][question["sentence"]]
                asked, told = long_words(question[language]), set(long_words(sentence))
                copied = sum(word in told for word in asked)
                assert copied <= text.limits.copied * len(asked) or len(asked) <= text.limits.few, (
                    f"{text}: {question[language]!r} copies {sentence!r}"
                )
