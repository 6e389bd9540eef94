"""Outcomes and thresholds, on figures that can be checked by hand, and once against the real chatbot."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from bench.answers import Outcome, ask_all, judge, judge_all, measure
from bench.data import Paragraph, Question, lay_out, load_corpus
from bench.memo import MemoEmbedder
from bench.report import Setup
from bench.retrieval import Haberci
from bench.thresholds import answers_enough, balances, halves, rates, threshold_tables
from bot import Chatbot
from bot.evidence import MATCHED, Evidence
from index import Passage, Settings
from tests.test_bench_data import write_squad

TEXT = "One sentence. Another one."


def evidence(start: int, end: int, article_id: str = "a-1", score: float = 5.0) -> Evidence:
    passage = Passage(article_id, TEXT, 0, len(TEXT), score, "en")
    return Evidence(passage, TEXT[start:end], start, end, score)


def question(language: str = "en", start: int = 20) -> Question:
    return Question("Which?", language, "a-1", "a", "one", start)  # type: ignore[arg-type]


ARTICLE = Paragraph("a-1", "a", 1, "en", TEXT)


def test_a_quote_hits_when_the_answer_stands_in_it() -> None:
    found = [evidence(0, 13), evidence(14, 26), evidence(14, 26, "b-1")]
    outcome = judge(question(), ARTICLE, question(), found, is_near=True)
    assert (outcome.kind, outcome.score, outcome.hits) == ("same", 5.0, (False, True, False))


def test_the_answer_is_sought_where_it_stands_in_the_articles_language() -> None:
    outcome = judge(question("tr", start=3), ARTICLE, question("en", start=20), [evidence(14, 26)], is_near=True)
    assert (outcome.direction, outcome.hits) == ("tr.cross", (True,))


@pytest.mark.parametrize(("is_near", "kind"), [(True, "near"), (False, "absent")])
def test_without_the_article_there_is_nothing_to_hit(is_near: bool, kind: str) -> None:
    outcome = judge(question(), None, None, [], is_near=is_near)
    assert (outcome.kind, outcome.score, outcome.hits) == (kind, None, ())
    assert not outcome.is_found(float("-inf"))


OUTCOMES = [
    *(Outcome("en", f"t{i % 4}", "same", float(i), (True,)) for i in range(1, 21)),
    *(Outcome("en", f"t{i % 4}", "absent", i / 10) for i in range(20)),
    Outcome("tr", "t0", "same", 9.0, (False, True)),
    Outcome("tr", "t1", "absent", None),
]


def test_measure_counts_evidence_only_of_what_is_answered() -> None:
    figures = measure(OUTCOMES, 10.5)
    assert figures["en.same.answered"] == figures["en.same.evidence1"] == 0.5
    assert figures["tr.same.evidence3"] == 0.0
    assert measure(OUTCOMES, 2.0)["tr.same.evidence3"] == 1.0
    assert measure(OUTCOMES, 2.0)["tr.same.evidence1"] == 0.0
    assert measure(OUTCOMES, 1.0)["en.refused"] == 0.5


def test_rates_agree_with_measure() -> None:
    assert rates(OUTCOMES, 3.0).items() <= measure(OUTCOMES, 3.0).items()


def test_the_first_rule_takes_the_highest_value_that_answers_enough() -> None:
    value = answers_enough(OUTCOMES)
    assert value == 2.0  # 19 of 20 score 2 or more
    assert rates(OUTCOMES, value)["en.same.answered"] == 0.95


def test_the_second_rule_takes_the_highest_sum() -> None:
    value = balances(OUTCOMES)
    found = rates(OUTCOMES, value)
    assert (found["en.same.answered"], found["en.refused"]) == (0.95, 1.0)


def test_halves_share_indexed_and_absent_topics_alike() -> None:
    topics = [str(i) for i in range(24)]
    first, second = halves(topics)
    assert not first & second
    assert len(first & set(topics[::2])) == len(second & set(topics[::2])) == 6


def test_the_choice_is_measured_on_the_other_half() -> None:
    topics = ["t0", "t1", "t2", "t3"]
    figures, blocks = threshold_tables(OUTCOMES, topics)
    chosen = figures["chosen"]["95% answered in the worst direction"]
    assert len(chosen["halves"]) == 2
    assert "held out" in blocks[-1]
    assert 0 <= chosen["held_out"]["en.same.answered"] <= 1


def test_without_any_evidence_there_is_no_table() -> None:
    assert threshold_tables([Outcome("en", "t", "absent", None)], ["t"]) == ({}, [])


def test_thresholds_applied_afterwards_are_what_the_chatbot_does(
    tmp_path: Path, tiny_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HABERCI_MODEL", str(tiny_model))
    monkeypatch.setenv("HABERCI_CACHE", str(tmp_path / "cache"))
    scale = replace(MATCHED, lowest=1.0)
    monkeypatch.setattr("bot.evidence.MATCHED", scale)
    corpus = load_corpus(write_squad(tmp_path))
    setup = Setup(corpus, MemoEmbedder(Settings.read()))
    outcomes = judge_all(ask_all(setup, None), scale)
    assert {outcome.kind for outcome in outcomes} == {"same", "cross", "near", "absent"}
    haberci = Haberci(setup.embedder)
    haberci.build([p for p in lay_out(corpus, "mixed") if p.topic == corpus.topics[0] and p.number])
    assert haberci.index is not None
    chatbot = Chatbot(haberci.index)
    asked = [row for language in ("tr", "en") for row in corpus.questions[language]]
    answers = [chatbot.ask(row.text) for row in asked]
    assert [a.found for a in answers] == [o.is_found(1.0) for o in outcomes]
    assert [a.citations[0].score for a in answers if a.found] == [o.score for o in outcomes if o.is_found(1.0)]
    haberci.close()
