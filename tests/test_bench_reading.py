"""What a reader learns from, how it is trained, and how it is measured."""

from __future__ import annotations

import json
import math
import os
import random
import shutil
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, replace
from itertools import pairwise
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.data import Corpus, DataError, Paragraph, Question
from bench.reading import examples as examples_module
from bench.reading.examples import (
    BilingualReport,
    Example,
    article_examples,
    load_articles,
    load_reports,
    load_tquad,
    report_examples,
    sloppy,
    wrong_paragraphs,
    xquad_examples,
)
from bench.reading.folds import held_out_topics, training_topics
from bench.reading.measure import DIRECTIONS, best_words, measure, read_all, show_figures
from bench.reading.words import auroc, token_f1, tokens
from bot.reader import MAX_TOKENS, Reader, Reading
from index import LANGUAGES, Language
from index.embedding import Embedder

REPORTS = load_reports()
ELSEWHERE = 1  # questions of a report, for each direction, that are asked on another
NEXT = [[(number + 1) % len(REPORTS)] for number in range(len(REPORTS))]

# Written for these tests: two reports on a ferry and one on bread.
ROWS: list[dict[str, Any]] = [
    {
        "topic": "ferry",
        "kind": "news",
        "tr": ["Vapur seferleri 12 Mart'ta başlıyor.", "Seferleri Kuzu Denizcilik yapacak."],
        "en": ["The ferry starts sailing on 12 March.", "Kuzu Denizcilik will run it."],
        "questions": [
            {"tr": "Gemi ne zaman işleyecek?", "en": "When will the boat run?", "sentence": 0, "answer_tr": "12 Mart",
             "answer_en": "12 March", "type": "when"},
            {"tr": "Gemiyi kim işletecek?", "en": "Who operates the boat?", "sentence": 1,
             "answer_tr": "Kuzu Denizcilik", "answer_en": "Kuzu Denizcilik", "type": "who"},
        ],
        "unanswered": [{"tr": "Bilet kaç lira?", "en": "What is the fare?"}],
    },
    {
        "topic": "ferry strike",
        "kind": "news",
        "tr": ["Vapur çalışanları salı günü greve gitti.", "Sendika yüzde 30 zam istiyor."],
        "en": ["Ferry workers went on strike on Tuesday.", "The union wants a rise of 30 per cent."],
        "questions": [
            {"tr": "Grev hangi gün başladı?", "en": "On which day did the walk-out begin?", "sentence": 0,
             "answer_tr": "salı", "answer_en": "Tuesday", "type": "when"},
            {"tr": "Ne kadar zam isteniyor?", "en": "How much more pay is sought?", "sentence": 1,
             "answer_tr": "yüzde 30", "answer_en": "30 per cent", "type": "how_many"},
        ],
        "unanswered": [{"tr": "Grev ne zaman bitecek?", "en": "When will the walk-out end?"}],
    },
    {
        "topic": "bread",
        "kind": "reference",
        "tr": ["Mavi ekmek Mor köyünde pişirilir.", "Hamuruna dört yumurta girer."],
        "en": ["Blue bread is baked in the village of Mor.", "Its dough takes four eggs."],
        "questions": [
            {"tr": "Mavi ekmek nerede yapılır?", "en": "Where does blue bread come from?", "sentence": 0,
             "answer_tr": "Mor", "answer_en": "Mor", "type": "where"},
            {"tr": "Kaç yumurta gerekir?", "en": "How many are needed of what hens lay?", "sentence": 1,
             "answer_tr": "dört", "answer_en": "four", "type": "how_many"},
        ],
        "unanswered": [{"tr": "Ekmek kaç gün dayanır?", "en": "How long does it keep?"}],
    },
]  # fmt: skip

# Topic: for each paragraph its text and answer in English and in Turkish.
PARAGRAPHS = {
    "lighthouse": [
        ("The lighthouse of Kuzu Bay was built in 1911.", "1911", "Kuzu Koyu feneri 1911'de yapıldı.", "1911"),
        ("Its lamp burns olive oil.", "olive oil", "Lambası zeytinyağı yakar.", "zeytinyağı"),
        ("The keeper is Elif Ada.", "Elif Ada", "Bekçisi Elif Ada'dır.", "Elif Ada"),
    ],
    "bread": [
        ("Blue bread is baked in Mor.", "Blue bread", "Mor köyünde mavi ekmek pişirilir.", "mavi ekmek"),
        ("The recipe needs four eggs.", "four eggs", "Tarif dört yumurta ister.", "dört yumurta"),
    ],
    "goat": [("A goat has no words for it.", "goat", "Keçinin buna sözü yok.", "Keçi")],
}


@pytest.fixture
def reports_folder(tmp_path: Path) -> Path:
    folder = tmp_path / "reports"
    folder.mkdir()
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in ROWS)
    (folder / "three.jsonl").write_text(text, encoding="utf-8")
    return folder


@pytest.fixture
def corpus() -> Corpus:
    paragraphs: dict[Language, list[Paragraph]] = {"tr": [], "en": []}
    questions: dict[Language, list[Question]] = {"tr": [], "en": []}
    for topic, rows in PARAGRAPHS.items():
        for number, row in enumerate(rows):
            written: tuple[tuple[Language, str, str], ...] = (("en", row[0], row[1]), ("tr", row[2], row[3]))
            for language, text, answer in written:
                name = f"{topic}-{number}"
                paragraphs[language].append(Paragraph(name, topic, number, language, text))
                asked = f"{language} {name}?"
                questions[language].append(Question(asked, language, name, topic, answer, text.index(answer)))
    return Corpus(
        {language: tuple(rows) for language, rows in paragraphs.items()},
        {language: tuple(found) for language, found in questions.items()},
    )


@pytest.fixture
def training() -> ModuleType:
    from bench.reading import train

    return train


# --- the project's own reports ----------------------------------------------------------------------


def of_reports(seed: int) -> list[tuple[BilingualReport, dict[str, Any] | None, Example]]:
    """Each example with its report and, where that report is asked a question it answers, the question."""
    found = iter(report_examples(REPORTS, NEXT, random.Random(seed)))
    rows: list[tuple[BilingualReport, dict[str, Any] | None, Example]] = []
    for report in REPORTS:
        for _ in range(4):
            rows += [(report, question, next(found)) for question in report.questions]
            rows += [(report, None, next(found)) for _ in range(len(report.unanswered) + ELSEWHERE)]
    assert next(found, None) is None
    return rows


@pytest.mark.parametrize("seed", range(6))
def test_answers_of_reports_stand_where_they_are_said_to(seed: int) -> None:
    cropped = 0
    for report, question, example in of_reports(seed):
        if example.start is None or example.end is None:
            assert example.end is None
            assert example.answer is None
            continue
        assert question is not None
        answer = question[f"answer_{example.text_language}"]
        assert example.text[example.start : example.end] == example.answer == answer
        assert not example.text[: example.start][-1:].isalnum()
        assert not example.text[example.end :][:1].isalnum()
        whole = " ".join(report.sentences[example.text_language])
        sentence = report.sentences[example.text_language][question["sentence"]]
        assert example.text in whole
        assert example.text[: example.start].rfind(sentence[: sentence.index(answer)]) >= 0
        cropped += example.text != whole
    assert cropped > 500


@pytest.mark.parametrize("seed", range(6))
def test_what_is_cropped_away_is_not_in_the_text(seed: int) -> None:
    cropped_away = 0
    for report, question, example in of_reports(seed):
        if question is not None and example.start is None:
            cropped_away += 1
            assert question[f"answer_{example.text_language}"] not in example.text
            assert report.sentences[example.text_language][question["sentence"]] not in example.text
            assert example.text
    assert cropped_away > 100


def test_reports_are_asked_in_all_four_directions_equally_often() -> None:
    rows = of_reports(0)
    directions = Counter(example.direction for _, _, example in rows)
    assert set(directions) == set(DIRECTIONS)
    assert len(set(directions.values())) == 1
    for _, question, example in rows:
        if question is not None:
            assert example.question == question[example.question_language]


def test_unanswered_questions_are_asked_on_the_whole_report_and_others_on_another() -> None:
    rows = of_reports(0)
    for at, report in enumerate(REPORTS):
        of = [example for owner, question, example in rows if owner is report and question is None]
        for language in LANGUAGES:
            own = [example for example in of if example.text == " ".join(report.sentences[language])]
            other = " ".join(REPORTS[NEXT[at][0]].sentences[language])
            elsewhere = [example for example in of if example.text == other]
            assert {example.question for example in own} == {
                row[asked] for row in report.unanswered for asked in LANGUAGES
            }
            assert len(elsewhere) == ELSEWHERE * len(LANGUAGES)
            assert {example.question for example in elsewhere} <= {
                row[asked] for row in report.questions for asked in LANGUAGES
            }


def test_examples_of_a_report_are_one_group() -> None:
    assert all(example.group == report.topic for report, _, example in of_reports(1))


def test_the_same_seed_gives_the_same_examples() -> None:
    assert of_reports(3) == of_reports(3)
    assert of_reports(3) != of_reports(4)


def test_no_answer_is_called_missing_where_it_stands() -> None:
    """Two reports of one event: what one is asked, the other answers too."""
    row = ROWS[0]
    first = BilingualReport("a", "news", {"tr": row["tr"], "en": row["en"]}, row["questions"], row["unanswered"])
    twins = [first, replace(first, topic="b")]
    found = report_examples(twins, [[1], [0]], random.Random(1))
    answers = {q[asked]: q[f"answer_{asked}"] for q in first.questions for asked in LANGUAGES}
    for example in found:
        if example.answer is None and example.question in answers:
            assert answers[example.question] not in example.text


def write_articles(folder: Path) -> None:
    """Two articles, of two paragraphs and of one."""
    paragraphs = [{key: row[key] for key in ("tr", "en", "questions", "unanswered")} for row in ROWS]
    rows = [
        {"title": {"tr": "vapur", "en": "ferries"}, "paragraphs": paragraphs[:2]},
        {"title": {"tr": "ekmek", "en": "bread"}, "paragraphs": paragraphs[2:]},
    ]
    lines = [json.dumps(row, ensure_ascii=False) + "\n" for row in rows]
    (folder / "two.jsonl").write_text("".join(lines), encoding="utf-8")


def test_articles_are_paragraphs_of_one_topic(tmp_path: Path) -> None:
    write_articles(tmp_path)
    articles = load_articles(tmp_path)
    assert [[paragraph.topic for paragraph in article] for article in articles] == [["ferries"] * 2, ["bread"]]
    assert [paragraph.sentences["tr"] for paragraph in articles[0]] == [row["tr"] for row in ROWS[:2]]


def test_questions_of_a_paragraph_are_asked_on_others_of_its_article_too(tmp_path: Path) -> None:
    write_articles(tmp_path)
    examples = article_examples(load_articles(tmp_path), random.Random(1))
    assert {example.group for example in examples} == {"ferries", "bread"}
    ferry, _, bread = ({question["en"] for question in row["questions"]} for row in ROWS)
    text = " ".join(ROWS[1]["en"])
    unanswered = {example.question for example in examples if example.text == text and example.start is None}
    assert unanswered & ferry
    assert not unanswered & bread
    # The only paragraph of its article is asked about itself alone.
    assert all(
        example.text in " ".join(ROWS[2][example.text_language]) for example in examples if example.group == "bread"
    )


def test_a_folder_without_texts_is_refused(tmp_path: Path) -> None:
    for load in (load_reports, load_articles):
        with pytest.raises(DataError, match=str(tmp_path)):
            load(tmp_path)


def test_an_answer_that_is_not_in_its_sentence_is_refused() -> None:
    sentences: dict[Language, list[str]] = {"tr": ["Vapur kalktı."], "en": ["The ferry has left."]}
    asked = {"tr": "?", "en": "?", "sentence": 0, "answer_tr": "Vapu", "answer_en": "ferr", "type": "what"}
    report = BilingualReport("ferry", "news", sentences, [asked, asked], [])
    with pytest.raises(DataError, match="Vapu"):
        report_examples([report], [[0]], random.Random(0))


# --- TQuAD ------------------------------------------------------------------------------------------

LONG = " ".join(f"Cümle {number} burada duruyor ve epeyce uzun sürüyor." for number in range(100))


Asked = tuple[str, str, str | int]  # question, answer, where it starts


def write_tquad(folder: Path, articles: dict[str, list[tuple[str, list[Asked]]]]) -> Path:
    """``articles``: title to paragraphs, each a text with what is asked."""
    data = [
        {
            "title": title,
            "paragraphs": [
                {
                    "context": text,
                    "qas": [
                        {"question": question, "answers": [{"text": answer, "answer_start": start}]}
                        for question, answer, start in asked
                    ],
                }
                for text, asked in paragraphs
            ],
        }
        for title, paragraphs in articles.items()
    ]
    file = folder / "tquad.json"
    file.write_text(json.dumps({"version": "1.1", "data": data}), encoding="utf-8")
    return file


def test_tquad_places_may_be_texts(tmp_path: Path) -> None:
    file = write_tquad(tmp_path, {"Fener": [("Fener 1911'de yapıldı.", [(" Ne zaman? ", "1911", "6")])]})
    (example,) = load_tquad(file, random.Random(0))
    assert example == Example("Ne zaman?", "Fener 1911'de yapıldı.", 6, 10, "Fener", "tr", "tr")
    assert example.answer == "1911"
    assert example.direction == "tr-tr"


def test_tquad_answers_that_stand_elsewhere_are_left_out(tmp_path: Path) -> None:
    asked: list[Asked] = [("a?", "1911", "5"), ("b?", "1911", 99), ("c?", " ", 5), ("d?", "1911", 6)]
    file = write_tquad(tmp_path, {"Fener": [("Fener 1911'de yapıldı.", asked)]})
    assert [example.question for example in load_tquad(file, random.Random(0))] == ["d?"]


@pytest.mark.parametrize("number", [0, 1, 50, 98, 99])
def test_a_long_paragraph_is_cut_to_a_window_of_sentences(tmp_path: Path, number: int) -> None:
    start = LONG.index(f"Cümle {number} ") + len("Cümle ")
    file = write_tquad(tmp_path, {"Uzun": [(LONG, [("Kaç?", str(number), str(start))])]})
    texts = set()
    for seed in range(20):
        (example,) = load_tquad(file, random.Random(seed))
        assert example.answer == str(number)
        assert example.start is not None
        assert example.text[example.start - len("Cümle ") :].startswith(f"Cümle {number} burada")
        assert example.text in LONG
        assert example.text.startswith("Cümle ")
        assert example.text.endswith("sürüyor.")
        assert 850 < len(example.text) < 1100
        texts.add(example.text)
    assert len(texts) > 1 or number not in (50, 98)


@given(
    words=st.lists(
        st.sampled_from(["a", "ve", "haber. ", "1.5", "kısa?", "Çok!  ", "uzunca", "\n", "."]), max_size=600
    ),
    begin=st.floats(0, 1),
    length=st.integers(1, 1200),
    seed=st.integers(0, 9),
)
def test_a_window_holds_its_answer(words: list[str], begin: float, length: int, seed: int) -> None:
    text = f"Baş {' '.join(words)} son"
    start = int(begin * (len(text) - 1))
    answer = text[start : start + length].rstrip()
    if answer.strip():
        window, at = examples_module._window(text, start, len(answer), random.Random(seed))
        assert window[at : at + len(answer)] == answer
        assert window in text


def test_some_questions_are_asked_on_another_paragraph_of_the_same_article(tmp_path: Path) -> None:
    first: tuple[str, list[Asked]] = ("Fener 1911'de yapıldı.", [("Ne zaman?", "1911", 6)])
    second: tuple[str, list[Asked]] = ("Bekçi 1950'de doğdu.", [("Bekçi ne zaman?", "1950", 6)])
    third: tuple[str, list[Asked]] = ("Ekmek mavidir.", [("Ne renk?", "mavi", 6)])
    file = write_tquad(tmp_path, {"Fener": [first, second], "Ekmek": [third]})
    everywhere = load_tquad(file, random.Random(0), other_share=1.0)
    assert [(e.text, e.answer, e.group) for e in everywhere] == [
        (second[0], None, "Fener"),
        (first[0], None, "Fener"),
        (third[0], "mavi", "Ekmek"),  # it has no other paragraph
    ]
    assert all(example.answer for example in load_tquad(file, random.Random(0), other_share=0.0))


def test_another_paragraph_that_holds_the_answer_is_not_taken(tmp_path: Path) -> None:
    same: list[tuple[str, list[Asked]]] = [
        ("Fener 1911'de yapıldı.", [("Ne zaman?", "1911", 6)]),
        ("Yıl 1911 idi.", [("Hangi yıl?", "1911", 4)]),
    ]
    file = write_tquad(tmp_path, {"Fener": same})
    assert [e.text for e in load_tquad(file, random.Random(0), other_share=1.0)] == [text for text, _ in same]


def test_a_long_other_paragraph_is_cut_too(tmp_path: Path) -> None:
    file = write_tquad(tmp_path, {"Fener": [("Fener 1911'de yapıldı.", [("Ne zaman?", "1911", 6)]), (LONG, [])]})
    for seed in range(20):
        (example,) = load_tquad(file, random.Random(seed), other_share=1.0)
        assert example.start is None
        assert example.text in LONG
        assert len(example.text) < 1100


def test_the_same_seed_gives_the_same_of_tquad(tmp_path: Path) -> None:
    asked: list[Asked] = [("Kaç?", str(n), LONG.index(f" {n} ") + 1) for n in range(100)]
    file = write_tquad(tmp_path, {"Uzun": [(LONG, asked), ("Fener kulesi.", [])]})
    assert load_tquad(file, random.Random(1)) == load_tquad(file, random.Random(1))
    elsewhere = [example for example in load_tquad(file, random.Random(1)) if example.start is None]
    assert 15 < len(elsewhere) < 45


# --- XQuAD ------------------------------------------------------------------------------------------


def test_xquad_is_asked_in_all_four_directions(corpus: Corpus) -> None:
    found = xquad_examples(corpus, ["lighthouse", "goat"])
    assert Counter(example.direction for example in found) == dict.fromkeys(DIRECTIONS, 4)
    assert {example.group for example in found} == {"lighthouse", "goat"}
    answers = {language: {q.answer for q in corpus.questions[language]} for language in LANGUAGES}
    for example in found:
        assert example.answer in answers[example.text_language]
        name = example.question.split()[1].rstrip("?")
        (paragraph,) = (p for p in corpus.paragraphs[example.text_language] if p.id == name)
        assert example.text == paragraph.text
        assert example.question.startswith(example.question_language)
    assert xquad_examples(corpus, []) == []


def test_wrong_paragraphs_are_others_of_the_same_topic_and_language(corpus: Corpus) -> None:
    own = xquad_examples(corpus, corpus.topics)
    wrong = wrong_paragraphs(own, corpus, 1.0, random.Random(0))
    assert [example.question for example in wrong] == [e.question for e in own if e.group != "goat"]
    of = {(p.topic, p.language, p.text) for language in LANGUAGES for p in corpus.paragraphs[language]}
    texts = {(example.question, example.text) for example in own}
    for example in wrong:
        assert example.answer is None
        assert (example.group, example.text_language, example.text) in of
        assert (example.question, example.text) not in texts


def test_a_share_of_wrong_paragraphs(corpus: Corpus) -> None:
    own = xquad_examples(corpus, corpus.topics) * 50
    assert wrong_paragraphs(own, corpus, 0.0, random.Random(0)) == []
    some = wrong_paragraphs(own, corpus, 0.4, random.Random(0))
    assert 0.35 < len(some) / sum(example.group != "goat" for example in own) < 0.45
    assert some == wrong_paragraphs(own, corpus, 0.4, random.Random(0))


# --- sloppy questions -------------------------------------------------------------------------------


def test_sloppiness_changes_questions_only() -> None:
    own = [example for _, _, example in of_reports(0)]
    rewritten = sloppy(own, random.Random(0))
    assert [replace(example, question="") for example in rewritten] == [replace(e, question="") for e in own]
    assert all(example.question.strip() for example in rewritten)
    for language, low, high in (("tr", 0.25, 0.42), ("en", 0.15, 0.32)):
        pairs = [(a, b) for a, b in zip(own, rewritten, strict=True) if a.question_language == language]
        assert low < sum(a.question != b.question for a, b in pairs) / len(pairs) < high
    assert rewritten == sloppy(own, random.Random(0))
    assert sloppy([], random.Random(0)) == []


# --- folds ------------------------------------------------------------------------------------------


@given(topics=st.lists(st.text(max_size=4), unique=True, max_size=40), of=st.integers(1, 7))
def test_folds_are_disjoint_and_complete(topics: list[str], of: int) -> None:
    folds = [held_out_topics(topics, f"{number}/{of}") for number in range(of)]
    assert sorted(topic for fold in folds for topic in fold) == sorted(topics)
    assert max(map(len, folds)) - min(map(len, folds)) <= 1
    for number, fold in enumerate(folds):
        rest = training_topics(topics, f"{number}/{of}")
        assert not set(rest) & set(fold)
        assert sorted([*rest, *fold]) == sorted(topics)
        assert rest == [topic for topic in topics if topic in set(rest)]


def test_the_empty_fold_holds_nothing_out() -> None:
    assert held_out_topics(["a", "b"], "") == []
    assert training_topics(["a", "b"], "") == ["a", "b"]


def test_a_fold_is_every_nth_topic() -> None:
    assert held_out_topics("abcdefg", "1/3") == ["b", "e"]
    assert training_topics("abcdefg", "1/3") == ["a", "c", "d", "f", "g"]


# --- measuring --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "answer", "expected"),
    [
        ("mavi ekmek", "mavi ekmek", 1.0),
        ("MAVİ Ekmek.", "mavi ekmek", 1.0),
        ("istanbul", "İSTANBUL", 1.0),
        ("ekmek", "mavi ekmek", 2 / 3),
        ("mavi ekmek mavi", "mavi", 0.5),
        ("yeşil çay", "mavi ekmek", 0.0),
        ("", "mavi ekmek", 0.0),
        ("", "", 0.0),
    ],
)
def test_f1_of_words(words: str, answer: str, expected: float) -> None:
    assert token_f1(words, answer) == pytest.approx(expected)
    assert token_f1(answer, words) == pytest.approx(expected)


def test_words_are_folded() -> None:
    assert tokens("“Göz”, ÇAĞ; 12 Mart'ta") == ["goz", "cag", "12", "mart", "ta"]


@pytest.mark.parametrize(
    ("positive", "negative", "expected"),
    [
        ([3.0, 1.0], [2.0, 0.0], 0.75),
        ([2.0, 3.0], [0.0, 1.0], 1.0),
        ([0.0], [1.0, 2.0], 0.0),
        ([1.0], [1.0], 0.5),
        ([1.0, 2.0], [1.0], 0.75),
        ([-math.inf, 1.0], [-math.inf], 0.75),
    ],
)
def test_the_area_is_the_share_of_pairs_in_order(positive: list[float], negative: list[float], expected: float) -> None:
    assert auroc(positive, negative) == expected


class KnowingReader(Reader):
    """Knows the answer to every question, but only on its own text."""

    def __init__(self, examples: Sequence[Example], embedder: Embedder) -> None:
        super().__init__(embedder, Path("nowhere"))
        self.known = {(e.question, e.text): (e.start, e.end) for e in examples if e.start is not None}
        self.batches: list[int] = []

    def read_pairs(self, questions: Sequence[str], texts: Sequence[str]) -> list[Reading]:
        self.batches.append(len(texts))
        return [self.reading(question, text) for question, text in zip(questions, texts, strict=True)]

    def reading(self, question: str, text: str) -> Reading:
        spans = np.array([(at, at + 1) for at, letter in enumerate(text) if not letter.isspace()], np.int64)
        start, end = self.known.get((question, text), (None, None))
        return Reading(
            spans, np.float32(5) * (spans[:, 0] == start), np.float32(5) * (spans[:, 1] == end), 5.0 + len(text) % 3
        )


class FirstWordReader(KnowingReader):
    """Answers everything with the first letter, equally sure."""

    def reading(self, question: str, text: str) -> Reading:
        one = np.array([1.0], np.float32)
        return Reading(np.array([[0, 1]], np.int64), one, one, 0.0)


def test_a_reader_that_knows_everything_has_the_best_figures(corpus: Corpus, embedder: Embedder) -> None:
    topics = ["lighthouse", "bread"]
    reader = KnowingReader(xquad_examples(corpus, topics), embedder)
    figures = measure(reader, corpus, topics)
    assert set(figures) == set(DIRECTIONS)
    for figure in figures.values():
        assert figure == {"f1": 1.0, "exact": 1.0, "auroc": 1.0, "questions": 5}
    assert sum(reader.batches) == 2 * 4 * 5
    table = show_figures(figures)
    assert all(f"| {direction} | 1.000 |" in table for direction in DIRECTIONS)


def test_a_reader_that_knows_nothing_has_the_worst(corpus: Corpus, embedder: Embedder) -> None:
    figures = measure(FirstWordReader([], embedder), corpus, ["lighthouse"])
    for figure in figures.values():
        assert figure == {"f1": 0.0, "exact": 0.0, "auroc": 0.5, "questions": 3}


def test_readings_come_back_in_the_order_of_the_examples(embedder: Embedder) -> None:
    texts = [f"{'x ' * (37 * number % 50)}{number} y" for number in range(30)]
    asked = [
        Example("?", text, (at := text.index(str(number))), at + len(str(number)), "", "tr", "tr")
        for number, text in enumerate(texts)
    ]
    reader = KnowingReader(asked, embedder)
    assert [words for _, words in read_all(reader, asked)] == [str(number) for number in range(30)]
    assert max(reader.batches) == 8


def test_a_text_without_words_is_surely_not_answered() -> None:
    nothing = Reading(np.zeros((0, 2), np.int64), np.zeros(0, np.float32), np.zeros(0, np.float32), 1.0)
    assert best_words("", nothing) == (-math.inf, "")


# --- what is trained on -----------------------------------------------------------------------------


def test_features_point_at_the_answers(training: ModuleType, embedder: Embedder) -> None:
    asked = [example for _, _, example in of_reports(0)][:120]
    features = training.features_of(asked, embedder)
    with embedder.tokenizer() as tokenizer:
        for example, feature in zip(asked, features, strict=True):
            words = tokenizer.decode(feature.ids[feature.start : feature.end + 1])
            if example.answer is None:
                assert (feature.start, feature.end) == (0, 0)
            else:
                assert feature.first <= feature.start <= feature.end < len(feature.ids) - 1
                # A token may hold more than the answer, as punctuation behind it.
                assert example.answer.replace(" ", "") in words.replace(" ", "")
                assert len(words) <= len(example.answer) + 4


def test_an_answer_that_is_cut_off_is_none(training: ModuleType, embedder: Embedder) -> None:
    text = f"{'haber ' * 600}1911"
    cut, kept = training.features_of(
        [
            Example("Ne zaman?", text, len(text) - 4, len(text), "", "tr", "tr"),
            Example("Ne?", text, 6, 11, "", "tr", "tr"),
        ],
        embedder,
    )
    assert (cut.start, cut.end) == (0, 0)
    assert kept.start == kept.end == kept.first + 1
    assert len(cut.ids) == len(kept.ids) == MAX_TOKENS


@pytest.mark.parametrize("size", [1, 3, 16])
@pytest.mark.parametrize("count", [0, 1, 50, 700])
def test_batches_hold_each_feature_once(training: ModuleType, size: int, count: int) -> None:
    chance = random.Random(1)
    features = [training.Feature(np.zeros(chance.randrange(9, 500), np.int64), 5, 0, 0) for _ in range(count)]
    once, again = (training.batches_of(features, size, chance) for _ in range(2))
    for batches in (once, again):
        assert sorted(number for batch in batches for number in batch) == list(range(count))
        assert all(0 < len(batch) <= size for batch in batches)
    assert once != again or count < 2
    assert training.batches_of(features, size, random.Random(2)) == training.batches_of(
        features, size, random.Random(2)
    )


def test_a_batch_holds_features_of_similar_length(training: ModuleType) -> None:
    chance = random.Random(1)
    features = [training.Feature(np.zeros(chance.randrange(9, 500), np.int64), 5, 0, 0) for _ in range(100)]
    ranges = sorted(
        (min(lengths), max(lengths))
        for batch in training.batches_of(features, 8, chance)
        for lengths in [[len(features[number].ids) for number in batch]]
    )
    assert all(last[1] <= following[0] for last, following in pairwise(ranges))


def test_nearest_reports_are_the_most_alike(training: ModuleType, embedder: Embedder, reports_folder: Path) -> None:
    nearest = training.nearest_reports(load_reports(reports_folder), embedder)
    assert [row[0] for row in nearest[:2]] == [1, 0]


def test_no_report_is_its_own_neighbour(training: ModuleType, embedder: Embedder, reports_folder: Path) -> None:
    nearest = training.nearest_reports(load_reports(reports_folder), embedder)
    assert [sorted(row) for row in nearest] == [[1, 2], [0, 2], [0, 1]]


def test_held_out_topics_are_not_trained_on(
    training: ModuleType, corpus: Corpus, embedder: Embedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(training, "load_corpus", lambda folder: corpus)
    for number in range(2):
        found = training.collect(training.Recipe(xquad="somewhere", fold=f"{number}/2", xquad_passes=3), embedder)
        held_out = held_out_topics(corpus.topics, f"{number}/2")
        assert {example.group for example in found} == set(corpus.topics) - set(held_out)
        assert sum(example.start is not None for example in found) == 3 * len(
            xquad_examples(corpus, training_topics(corpus.topics, f"{number}/2"))
        )


def test_articles_come_from_several_folders(training: ModuleType, embedder: Embedder, tmp_path: Path) -> None:
    folders = [tmp_path / name for name in ("one", "other")]
    for folder in folders:
        folder.mkdir()
        write_articles(folder)
    once = training.collect(training.Recipe(articles=str(folders[0])), embedder)
    assert len(training.collect(training.Recipe(articles=os.pathsep.join(map(str, folders))), embedder)) == 2 * len(
        once
    )


# --- training ---------------------------------------------------------------------------------------


def test_the_rate_goes_up_and_then_down(training: ModuleType) -> None:
    rates = [training._rate(step, 4, 10) for step in range(11)]
    assert rates == pytest.approx([0.25, 0.5, 0.75, 1, 1, 5 / 6, 4 / 6, 3 / 6, 2 / 6, 1 / 6, 0])
    assert training._rate(0, 0, 10) == 1
    short = [training._rate(step, 100, 5) for step in range(5)]
    assert short == pytest.approx([0.01, 0.02, 0.03, 0.04, 0.05])


def test_the_loss_looks_at_no_answer_and_at_the_text_only(training: ModuleType) -> None:
    import torch

    # <s> q q </s> t t t </s> and <s> q </s> t </s>, padded.
    features = [
        training.Feature(np.arange(8), 4, 5, 6),
        training.Feature(np.arange(5), 3, 0, 0),
    ]
    allowed = [[0, 4, 5, 6], [0, 3]]
    scores = torch.randn(2, 8, 2, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    for row, places in enumerate(allowed):
        scores[row, [place for place in range(8) if place not in places]] = 50.0
    scores.requires_grad_()
    seen: list[Any] = []

    def model(ids: Any, mask: Any) -> Any:
        seen.extend((ids.tolist(), mask.tolist()))
        return scores

    loss = training.loss_of(model, features, 1, torch.device("cpu"))
    expected = 0.0
    for row, (feature, places) in enumerate(zip(features, allowed, strict=True)):
        for part, chosen in enumerate((feature.start, feature.end)):
            column = scores[row, :, part].tolist()
            total = math.log(sum(math.exp(column[place]) for place in places))
            expected += (total - column[chosen]) / 4
    assert loss.item() == pytest.approx(expected, abs=1e-6)
    loss.backward()
    assert scores.grad is not None
    for row, places in enumerate(allowed):
        moved = scores.grad[row].abs().sum(dim=1) > 0
        assert np.flatnonzero(moved.numpy()).tolist() == places
    assert seen == [
        [[0, 1, 2, 3, 4, 5, 6, 7], [0, 1, 2, 3, 4, 1, 1, 1]],
        [[1] * 8, [1] * 5 + [0] * 3],
    ]


def test_options_are_those_of_a_recipe(training: ModuleType) -> None:
    given = vars(training.make_parser().parse_args(["--out", "x", "--rank", "4", "--tquad-share", ".5"]))
    assert given.pop("out") == Path("x")
    assert Path(given["reports"]) == examples_module.REPORTS
    assert Path(given["articles"]) == examples_module.ARTICLES
    own = {name: given[name] for name in ("reports", "articles")}
    assert training.Recipe(**given) == training.Recipe(rank=4, tquad_share=0.5, **own)


def test_a_checkpoint_of_another_run_is_refused(training: ModuleType, tmp_path: Path) -> None:
    import torch

    file = tmp_path / "checkpoint.pt"
    torch.save({"recipe": asdict(training.Recipe(seed=2))}, file)
    with pytest.raises(SystemExit, match="another run"):
        training._resume(file, training.Recipe(seed=3), None, None, None)


def test_a_run_that_was_stopped_ends_as_one_that_was_not(
    training: ModuleType, embedder: Embedder, reports_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    from bot.reader import read_adapter

    recipe = training.Recipe(
        seed=3, rank=2, alpha=4, dropout=0.1, warm_up=2, batch=2, most_steps=4, reports=str(reports_folder)
    )
    once, twice = tmp_path / "once", tmp_path / "twice"
    save = training._save

    def save_and_keep(file: Path, *args: Any) -> None:
        save(file, *args)
        if not twice.exists():
            twice.mkdir()
            shutil.copy(file, twice)

    with monkeypatch.context() as patch:
        patch.setattr(training, "_save", save_and_keep)
        training.train(recipe, once, embedder, every=2)
    assert torch.load(twice / "checkpoint.pt", weights_only=True)["done"]["step"] == 2
    training.train(recipe, twice, embedder, every=2)
    for folder in (once, twice):
        assert sorted(path.name for path in folder.iterdir()) == ["reader.safetensors", "training.json"]

    reports = [json.loads((folder / "training.json").read_text()) for folder in (once, twice)]
    assert reports[0] == reports[1] | {"seconds": reports[0]["seconds"]}
    assert reports[0]["recipe"] == asdict(recipe)
    assert reports[0]["steps"] == 4
    tensors, scale = read_adapter(once / "reader.safetensors")
    others, _ = read_adapter(twice / "reader.safetensors")
    assert scale == 2.0
    assert tensors.keys() == others.keys()
    for name, tensor in tensors.items():
        assert torch.allclose(tensor, others[name], rtol=0, atol=2e-5), name
    assert all(tensor.any() for name, tensor in tensors.items() if name.endswith(".B"))

    training.train(replace(recipe, stop_after=2), tmp_path / "half", embedder)
    half, _ = read_adapter(tmp_path / "half" / "reader.safetensors")
    assert json.loads((tmp_path / "half" / "training.json").read_text())["steps"] == 2
    assert any(not torch.equal(tensor, half[name]) for name, tensor in tensors.items())

    # What was trained is what is read, be it beside the weights or merged into them.
    model = training.make_model(Path(embedder.folder), replace(recipe, start=str(once / "reader.safetensors"))).eval()
    for name, tensor in training.adapter_of(model, Path(embedder.folder), recipe)[0].items():
        assert torch.equal(tensor.half(), tensors[name]), name
    monkeypatch.setattr("bot.reader.has_native_bfloat16", lambda: False)
    question, text = "Gemiyi kim işletecek?", ROWS[0]["tr"][1]
    (feature,) = training.features_of([Example(question, text, None, None, "", "tr", "tr")], embedder)
    ids = torch.from_numpy(feature.ids)[None]
    with torch.inference_mode():
        scores = model(ids, torch.ones_like(ids))[0].numpy()
    (reading,) = Reader(embedder, once / "reader.safetensors").read(question, [text])
    own = scores[feature.first : feature.first + len(reading.spans)]
    assert np.allclose(reading.starts, own[:, 0], atol=1e-4)
    assert np.allclose(reading.ends, own[:, 1], atol=1e-4)
    assert reading.none == pytest.approx(scores[0].sum(), abs=1e-4)


def test_layers_that_are_trained_themselves_are_written_as_an_adapter(
    training: ModuleType, embedder: Embedder, reports_folder: Path, tmp_path: Path
) -> None:
    import torch

    from bot.reader import read_adapter

    folder = Path(embedder.folder)
    first, second = tmp_path / "first" / "reader.safetensors", tmp_path / "second" / "reader.safetensors"
    few = training.Recipe(seed=3, rank=2, alpha=4, warm_up=2, batch=2, most_steps=2, reports=str(reports_folder))
    training.train(few, first.parent, embedder)
    # An adapter of full rank loses nothing; one of another scale goes on from where the first one was.
    whole = replace(few, whole=1, rank=384, start=str(first))
    training.train(whole, second.parent, embedder)
    tensors, scale = read_adapter(second)
    assert scale == 1.0
    before, base = training.make_model(folder, whole), dict(training.load_encoder(folder).named_parameters())
    after = training.make_model(folder, replace(whole, start=str(second)))
    by_lora = training.make_model(folder, replace(few, rank=384, alpha=384, start=str(second)))
    name = "encoder.layer.3.intermediate.dense"
    moved = tensors[f"{name}.B"].float() @ tensors[f"{name}.A"].float()
    weights = {each: dict(each.encoder.named_parameters()) for each in (before, after)}
    assert torch.allclose(weights[after][f"{name}.weight"] - base[f"{name}.weight"], moved, atol=1e-6)
    assert not torch.equal(weights[after][f"{name}.weight"], weights[before][f"{name}.weight"])
    ids = torch.arange(5, 25)[None]
    with torch.inference_mode():
        read, read_by_lora = (each.eval()(ids, torch.ones_like(ids)) for each in (after, by_lora))
    assert torch.allclose(read, read_by_lora, atol=1e-4)


def test_the_nearest_adapter_keeps_what_is_of_its_rank(training: ModuleType) -> None:
    import torch

    torch.manual_seed(1)
    moved = torch.randn(12, 3) @ torch.randn(3, 20)
    a, b = training.nearest_adapter(moved, 3)
    assert (a.shape, b.shape) == ((3, 20), (12, 3))
    assert torch.allclose(b @ a, moved, atol=1e-4)
    a, b = training.nearest_adapter(moved, 2)
    sizes = torch.linalg.svdvals(moved)
    assert torch.linalg.norm(b @ a - moved).item() == pytest.approx(sizes[2].item(), rel=1e-3)
