"""The benchmark's data: both file formats, layouts, and what is said when nothing is there."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from bench.data import LAYOUTS, Corpus, DataError, lay_out, load_corpus, spread

# Written for this test: two topics, three and two paragraphs, one question each, in XQuAD's form.
TEXTS = {
    "en": [
        ["The lighthouse of Kuzu Bay was built in 1911.", "Its lamp burns olive oil.", "The keeper is Elif Ada."],
        ["Blue bread is baked in the village of Mor.", "The recipe needs four eggs."],
    ],
    "tr": [
        ["Kuzu Koyu feneri 1911'de yapıldı.", "Lambası zeytinyağı yakar.", "Bekçisi Elif Ada'dır."],
        ["Mor köyünde mavi ekmek pişirilir.", "Tarif dört yumurta ister."],
    ],
}
ANSWERS = {
    "en": ["1911", "olive oil", "Elif Ada", "Blue bread", "four eggs"],
    "tr": ["1911", "zeytinyağı", "Elif Ada", "mavi ekmek", "dört yumurta"],
}
TITLES = {"en": ["Kuzu Bay", "Mor"], "tr": ["Kuzu Koyu", "Mor"]}


def squad(language: str) -> dict[str, Any]:
    """The texts as a file of XQuAD."""
    answers = iter(ANSWERS[language])
    data = []
    for title, texts in zip(TITLES[language], TEXTS[language], strict=True):
        paragraphs = []
        for text in texts:
            answer = next(answers)
            asked = {
                "question": f"{answer}?",
                "id": answer,
                "answers": [{"text": answer, "answer_start": text.index(answer)}],
            }
            paragraphs.append({"context": text, "qas": [asked]})
        data.append({"title": title, "paragraphs": paragraphs})
    return {"version": "1.1", "data": data}


def write_squad(folder: Path) -> Path:
    for language in ("tr", "en"):
        (folder / f"xquad.{language}.json").write_text(json.dumps(squad(language)), encoding="utf-8")
    return folder


def write_jsonl(folder: Path) -> Path:
    for language in ("tr", "en"):
        articles, questions = [], []
        for topic, entry in enumerate(squad(language)["data"]):
            for number, paragraph in enumerate(entry["paragraphs"]):
                name = {"article_id": f"t-{topic:02}-{number}", "topic": topic}
                articles.append(
                    {"id": name["article_id"], "topic": topic, "language": language, "text": paragraph["context"]}
                )
                questions += [
                    {**name, "q": qa["question"], "lang": language, "answer": qa["answers"][0]["text"],
                     "start": qa["answers"][0]["answer_start"]}
                    for qa in paragraph["qas"]
                ]  # fmt: skip
        for kind, rows in (("articles", articles), ("questions", questions)):
            text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
            (folder / f"{kind}.{language}.jsonl").write_text(text, encoding="utf-8")
    return folder


@pytest.fixture(params=[write_squad, write_jsonl], ids=["xquad", "jsonl"])
def corpus(request: pytest.FixtureRequest, tmp_path: Path) -> Corpus:
    return load_corpus(request.param(tmp_path))


def test_paragraphs_become_articles(corpus: Corpus) -> None:
    assert [p.text for p in corpus.paragraphs["tr"]] == [text for texts in TEXTS["tr"] for text in texts]
    assert [p.number for p in corpus.paragraphs["en"]] == [0, 1, 2, 0, 1]
    assert len(corpus.topics) == 2
    article = corpus.paragraphs["tr"][1].to_article()
    assert (article.text, article.language) == ("Lambası zeytinyağı yakar.", "tr")


def test_answers_stand_where_they_are_said_to(corpus: Corpus) -> None:
    for language in ("tr", "en"):
        texts = {p.id: p.text for p in corpus.paragraphs[language]}
        for question, answer in zip(corpus.questions[language], ANSWERS[language], strict=True):
            assert question.answer == answer
            assert texts[question.article_id][question.start :].startswith(answer)


def test_ids_are_the_same_in_both_languages_and_named_after_the_english_title(tmp_path: Path) -> None:
    corpus = load_corpus(write_squad(tmp_path))
    ids = ["Kuzu_Bay-0", "Kuzu_Bay-1", "Kuzu_Bay-2", "Mor-0", "Mor-1"]
    assert [p.id for p in corpus.paragraphs["tr"]] == [p.id for p in corpus.paragraphs["en"]] == ids


def test_two_topics_of_one_title_stay_two(tmp_path: Path) -> None:
    for language in ("tr", "en"):
        data = squad(language)
        for entry in data["data"]:
            entry["title"] = "Mor"
        (tmp_path / f"xquad.{language}.json").write_text(json.dumps(data), encoding="utf-8")
    assert load_corpus(tmp_path).topics == ["Mor", "Mor_1"]


def test_a_place_may_be_a_text(tmp_path: Path) -> None:
    write_squad(tmp_path)
    file = tmp_path / "xquad.tr.json"
    data = json.loads(file.read_text(encoding="utf-8"))
    data["data"][0]["paragraphs"][0]["qas"][0]["answers"][0]["answer_start"] = "17"
    file.write_text(json.dumps(data), encoding="utf-8")
    assert load_corpus(tmp_path).questions["tr"][0].start == 17


def test_line_separators_within_a_text_do_not_end_a_line(tmp_path: Path) -> None:
    write_jsonl(tmp_path)
    for language in ("tr", "en"):
        file = tmp_path / f"articles.{language}.jsonl"
        text = file.read_text(encoding="utf-8").replace('"text": "', '"text": "a\u2028b ')
        file.write_text(text, encoding="utf-8")
    assert load_corpus(tmp_path).paragraphs["tr"][0].text.startswith("a\u2028b ")


@pytest.mark.parametrize(
    ("layout", "turkish"),
    [("tr", 100), ("en", 0), ("mixed", 50), ("mixed-10-tr", 10), ("mixed-90-tr", 90)],
)
def test_layouts_hold_their_share_of_each_language(layout: str, turkish: int, tmp_path: Path) -> None:
    corpus = load_corpus(write_squad(tmp_path))
    many = Corpus({language: rows * 20 for language, rows in corpus.paragraphs.items()}, corpus.questions)
    articles = lay_out(many, layout)
    assert len(articles) == 100
    assert sum(article.language == "tr" for article in articles) == turkish
    assert [a.id for a in articles] == [a.id for a in many.paragraphs["tr"]]


def test_the_tenth_of_a_language_is_not_always_the_same_paragraph_of_a_topic() -> None:
    from bench.data import Paragraph

    rows = {
        language: tuple(Paragraph(f"t{i // 5}-{i % 5}", f"t{i // 5}", i % 5, language, "x") for i in range(100))
        for language in ("tr", "en")
    }
    numbers = {p.number for p in lay_out(Corpus(rows, {}), "mixed-10-tr") if p.language == "tr"}  # type: ignore[arg-type]
    assert numbers == {0, 1, 2, 3, 4}


def test_an_unknown_layout_is_refused_with_those_that_are_known(corpus: Corpus) -> None:
    with pytest.raises(ValueError, match="mixed-10-tr"):
        lay_out(corpus, "half")
    assert LAYOUTS[:3] == ("tr", "en", "mixed")


def test_the_head_keeps_questions_and_articles_together(corpus: Corpus) -> None:
    head = corpus.head(2)
    assert len(head.paragraphs["tr"]) == len(head.questions["en"]) == 2
    assert corpus.head(0) is corpus


@pytest.mark.parametrize(("limit", "expected"), [(0, 10), (3, 3), (5, 5), (7, 7), (10, 10), (99, 10)])
def test_spread_takes_at_most_the_limit(limit: int, expected: int) -> None:
    rows = list(range(10))
    taken = spread(rows, limit)
    assert len(taken) == expected
    assert taken[0] == 0


def test_missing_files_are_named_with_the_folder_and_the_source(tmp_path: Path) -> None:
    with pytest.raises(DataError) as caught:
        load_corpus(tmp_path)
    message = str(caught.value)
    for part in (
        str(tmp_path),
        "xquad.tr.json",
        "questions.en.jsonl",
        "github.com/google-deepmind/xquad",
        "CC BY-SA 4.0",
    ):
        assert part in message


def test_one_language_alone_is_not_enough(tmp_path: Path) -> None:
    write_squad(tmp_path)
    (tmp_path / "xquad.tr.json").unlink()
    with pytest.raises(DataError, match=r"xquad\.tr\.json"):
        load_corpus(tmp_path)


@pytest.mark.parametrize("content", ["[]", "{", '{"data": [{}]}', '{"data": []}'])
def test_files_of_another_form_are_refused(content: str, tmp_path: Path) -> None:
    for language in ("tr", "en"):
        (tmp_path / f"xquad.{language}.json").write_text(content, encoding="utf-8")
    with pytest.raises(DataError, match=str(tmp_path)):
        load_corpus(tmp_path)


def test_languages_that_do_not_belong_together_are_refused(tmp_path: Path) -> None:
    write_jsonl(tmp_path)
    file = tmp_path / "questions.tr.jsonl"
    lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
    file.write_text("".join(lines[1:]), encoding="utf-8")
    with pytest.raises(DataError, match="same paragraphs"):
        load_corpus(tmp_path)
