"""The project's own bilingual reports (bench/reports): a wrong label hurts a reader more than a missing one."""

from __future__ import annotations

import json
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

import pytest

from bench.reading.examples import REPORTS, load_reports
from index import LANGUAGES, Language
from index.text import fold

KINDS = {"news", "reference"}
TYPES = {"who", "where", "when", "how_many", "what", "which", "why", "how"}
KEYS = {"topic", "kind", "tr", "en", "questions", "unanswered"}
QUESTION_KEYS = {"tr", "en", "sentence", "answer_tr", "answer_en", "type"}
MOST_ANSWER_WORDS = 12
MOST_COPIED = 0.75

# What the reader is measured on (XQuAD's topics, and those of the seeds).
MEASURED = (
    "Super Bowl", "Warsaw", "Varşova", "Tesla", "Martin Luther", "Los Angeles", "Huguenot", "Fresno", "Harvard",
    "Jacksonville", "Doctor Who", "University of Chicago", "Genghis", "Cengiz", "Mongol", "Moğol", "Kenya", "IPCC",
    "chloroplast", "kloroplast", "Scottish Parliament", "İskoçya Parlamentosu", "Newcastle", "Putin", "Zelensk",
    "Ukraine", "Ukrayna", "Russia", "Rusya", "Kazakhstan", "Kazakistan", "Donald Trump",
)  # fmt: skip


@dataclass(frozen=True)
class Line:
    """One line of a file, and where it is."""

    file: str
    number: int
    text: str

    @cached_property
    def row(self) -> dict[str, Any]:
        """Empty when the line is no JSON."""
        try:
            row = json.loads(self.text)
        except ValueError:
            return {}
        return row if isinstance(row, dict) else {}

    def __str__(self) -> str:
        topic = re.search(r'"topic": "(.*?)"', self.text)
        return f"{self.file}:{self.number} ({topic[1] if topic else 'no topic'})"


@cache
def lines() -> list[Line]:
    return [
        Line(path.name, number, text)
        for path in sorted(REPORTS.glob("*.jsonl"))
        for number, text in enumerate(path.read_text(encoding="utf-8").removesuffix("\n").split("\n"), 1)
    ]


def answered() -> Iterator[tuple[str, dict[str, Any], Language, str]]:
    """Every answered question in each language: where it is, its row, the language, the sentence that answers."""
    for line in lines():
        row = line.row
        for number, question in enumerate(row["questions"]):
            for language in LANGUAGES:
                sentence = row[language][question["sentence"]]
                yield f"{line}: question {number} {language}", question, language, sentence


def assert_none(problems: Iterable[str]) -> None:
    found = list(problems)
    assert not found, f"{len(found)} problems:\n" + "\n".join(found)


def long_words(text: str) -> list[str]:
    return [word for word in re.findall(r"\w+", text.lower()) if len(word) > 3]


# --- files ------------------------------------------------------------------------------------------


def test_each_line_is_a_report() -> None:
    assert_none(str(line) for line in lines() if not line.row)
    assert len(lines()) == len(load_reports()) > 200


def test_files_end_with_a_line_break_and_hold_no_blank_line() -> None:
    assert_none(path.name for path in REPORTS.glob("*.jsonl") if not path.read_bytes().endswith(b"}\n"))
    assert_none(str(line) for line in lines() if not line.text.strip())


def test_text_is_composed_and_has_no_odd_separators() -> None:
    assert_none(str(line) for line in lines() if not unicodedata.is_normalized("NFC", line.text))
    assert_none(str(line) for line in lines() if re.search("[\x0b\x0c\x85\xa0\u200b\u2028\u2029]", line.text))


# --- reports ----------------------------------------------------------------------------------------


def test_keys_are_those_of_a_report() -> None:
    assert_none(f"{line}: {sorted(set(line.row) ^ KEYS)}" for line in lines() if set(line.row) != KEYS)
    assert_none(
        f"{line}: question {number}: {sorted(set(question) ^ QUESTION_KEYS)}"
        for line in lines()
        for number, question in enumerate(line.row["questions"])
        if set(question) != QUESTION_KEYS
    )
    assert_none(
        f"{line}: unanswered {number}: {sorted(question)}"
        for line in lines()
        for number, question in enumerate(line.row["unanswered"])
        if set(question) != {"tr", "en"}
    )


def test_no_topic_is_written_of_twice() -> None:
    places: dict[str, list[Line]] = {}
    for line in lines():
        places.setdefault(line.row["topic"].strip().casefold().removeprefix("the "), []).append(line)
    assert_none(" and ".join(map(str, found)) for found in places.values() if len(found) > 1)


def test_both_languages_have_the_same_number_of_sentences() -> None:
    assert_none(
        f"{line}: {len(line.row['tr'])} Turkish, {len(line.row['en'])} English"
        for line in lines()
        if len(line.row["tr"]) != len(line.row["en"]) or not 5 <= len(line.row["tr"]) <= 10
    )


def test_sentences_end_with_punctuation_and_have_no_outer_blanks() -> None:
    assert_none(
        f"{line}: {language}[{number}]: {sentence!r}"
        for line in lines()
        for language in LANGUAGES
        for number, sentence in enumerate(line.row[language])
        if sentence != sentence.strip() or not re.search(r"[.!?…\"”']$", sentence)
    )


def test_turkish_is_written_in_turkish_letters_and_is_not_the_english() -> None:
    assert_none(str(line) for line in lines() if not set("çğıöşüÇĞİÖŞÜ") & set("".join(line.row["tr"])))
    assert_none(
        f"{line}: {turkish!r}"
        for line in lines()
        for turkish, english in zip(line.row["tr"], line.row["en"], strict=True)
        if turkish == english
    )


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_each_kind_is_at_least_three_tenths(kind: str) -> None:
    kinds = Counter(line.row["kind"] for line in lines())
    assert set(kinds) == KINDS
    assert kinds[kind] >= 0.3 * kinds.total(), kinds


@pytest.mark.parametrize("topic", MEASURED)
def test_nothing_is_said_of_what_the_reader_is_measured_on(topic: str) -> None:
    # Whole words, or a word with a Turkish suffix: "Kenya'da", "Ukraynalı".
    name = re.compile(rf"(?<!\w){re.escape(topic)}", re.IGNORECASE)
    assert_none(f"{line}: {line.text[max(0, m.start() - 40) : m.end() + 40]}" for line in lines()
                for m in name.finditer(line.text))  # fmt: skip


# --- questions --------------------------------------------------------------------------------------


def test_reports_have_enough_questions() -> None:
    assert_none(
        f"{line}: {len(line.row['questions'])} answered, {len(line.row['unanswered'])} not"
        for line in lines()
        if len(line.row["questions"]) < 5 or len(line.row["unanswered"]) < 3
    )


def test_questions_end_with_a_question_mark_and_have_no_outer_blanks() -> None:
    assert_none(
        f"{line}: {question[language]!r}"
        for line in lines()
        for question in [*line.row["questions"], *line.row["unanswered"]]
        for language in LANGUAGES
        if not question[language].endswith("?") or question[language] != question[language].strip()
    )


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_report_asks_nothing_twice(language: Language) -> None:
    assert_none(
        f"{line}: {question!r}"
        for line in lines()
        for question, times in Counter(
            asked[language] for asked in [*line.row["questions"], *line.row["unanswered"]]
        ).items()
        if times > 1
    )


def test_every_type_of_question_is_at_least_three_hundredths() -> None:
    types = Counter(question["type"] for line in lines() for question in line.row["questions"])
    assert set(types) == TYPES
    assert_none(f"{name}: {count} of {types.total()}" for name, count in types.items() if count < 0.03 * types.total())


def test_each_report_mixes_types() -> None:
    for line in lines():
        types = {question["type"] for question in line.row["questions"]}
        assert len(types) >= 4, f"{line}: {types}"
        assert types & {"why", "how"}, f"{line}: {types}"
        assert types & {"when", "how_many"}, f"{line}: {types}"


def test_sentence_numbers_are_those_of_sentences() -> None:
    assert_none(
        f"{line}: question {number}: sentence {question['sentence']!r}"
        for line in lines()
        for number, question in enumerate(line.row["questions"])
        if type(question["sentence"]) is not int or not 0 <= question["sentence"] < len(line.row["tr"])
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
    assert_none(
        f"{where}: {answer!r} in {question[language]!r}"
        for where, question, language, _ in answered()
        if (answer := question[f"answer_{language}"]).lower() in question[language].lower()
        or re.search(rf"(?<!\w){re.escape(fold(answer))}(?!\w)", fold(question[language]))
    )


def test_questions_do_not_copy_the_wording_of_their_sentence() -> None:
    for where, question, language, sentence in answered():
        asked, told = long_words(question[language]), set(long_words(sentence))
        copied = sum(word in told for word in asked)
        assert copied <= MOST_COPIED * len(asked), f"{where}: {question[language]!r} copies {sentence!r}"
