"""Searching: equal to brute force, the same scale in every language, and the LangChain retriever."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from fakes_index import FakeEmbedder, make_article, open_index
from langchain_core.retrievers import BaseRetriever

from index import LANGUAGES, Article, Index
from index.articles import complete
from index.chunking import Chunk, chunk_article
from index.embedding import Embedder
from index.language import detect_question_language
from index.scoring import PASSAGE_KINDS, LanguageSpace, cohort_digest, cohort_reports, cohort_texts, load_space
from index.search import check_question

# No word of these questions stands in an article: only the vectors decide, and brute force knows all of them.
WORDLESS = [
    "Which quixotic walrus yodelled?",
    "Hangi zürafa göçtü?",
    "Zebra?",
    "Welche Giraffen haben wann und wo gegähnt?",
]
HEADED = (
    "Giriş paragrafı burada durur. İkinci cümle de burada.\n\nEkonomi haberleri\n\n{}\n\n"
    "Spor haberleri\n\nMaç {} berabere bitti. Hakem çok eleştirildi."
)


@pytest.fixture(scope="module")
def space(tmp_path_factory: pytest.TempPathFactory) -> LanguageSpace:
    return load_space(FakeEmbedder(), tmp_path_factory.mktemp("cohort"))  # type: ignore[arg-type]


def library_of(count: int) -> list[Article]:
    """Articles in both languages, with and without headings, some long enough for several chunks."""
    articles = [make_article(n, sentences=1 + n % 6) for n in range(count)]
    for n in range(count // 2):
        body = " ".join(f"Bütçe maddesi {n * 31 + m} mecliste uzun uzun görüşülüp oylandı." for m in range(2 + n % 9))
        articles.append(Article(f"t{n}", HEADED.format(body, n), language="tr"))
    return articles


def brute_force(
    articles: list[Article], question: str, space: LanguageSpace, limit: int
) -> dict[tuple[str, int, int], float]:
    """The score of every chunk, from its vectors alone; every word must be missing from the articles."""
    embedder = FakeEmbedder()
    raw = embedder.encode_queries([question])
    language = detect_question_language(question)
    placed = sum(space.centre(raw, "question", each)[0] for each in ([language] if language else LANGUAGES))
    placed = placed / np.linalg.norm(placed)
    unrelated = {key: vectors @ placed for key, vectors in space.cohort.items()}

    def deviations(text: str, kind: str, language: str) -> float:
        key = (kind, language)
        vector = space.centre(embedder.encode_passages([text]), *key)[0]  # type: ignore[arg-type]
        return float((vector @ placed - unrelated[key].mean()) / unrelated[key].std())  # type: ignore[index]

    def score(article: Article, chunk: Chunk) -> float:
        context = article.text[chunk.start : chunk.end]
        pieces = [article.text[start:end] for start, end in chunk.sentences]
        if chunk.heading is not None:
            pieces.append(article.text[slice(*chunk.heading)])
            if chunk.start > chunk.heading[0]:
                context = f"{pieces[-1]}\n{context}"
        language = article.language or "tr"
        best = max(deviations(piece, "sentence", language) for piece in pieces)
        return (deviations(context, "chunk", language) + best) / 2

    return {
        (article.id, chunk.start, chunk.end): score(article, chunk)
        for article in map(complete, articles)
        for chunk in chunk_article(article, embedder.count_tokens, limit)
    }


# --- the oracle -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Index:
    index = open_index(tmp_path_factory.mktemp("small") / "library", max_chunk_tokens=64)
    index.add(library_of(12))
    return index


@pytest.mark.parametrize("question", WORDLESS)
def test_search_equals_brute_force(small: Index, space: LanguageSpace, question: str) -> None:
    expected = brute_force(library_of(12), question, space, 64)
    found = small.search(question, k=100)
    assert {(p.article_id, p.start, p.end) for p in found} == set(expected)
    assert [p.score for p in found] == pytest.approx([expected[p.article_id, p.start, p.end] for p in found], abs=1e-3)
    assert [p.score for p in found] == pytest.approx(sorted(expected.values(), reverse=True), abs=1e-3)


@pytest.mark.parametrize("question", WORDLESS)
def test_in_a_larger_library_the_best_are_still_those_of_brute_force(
    space: LanguageSpace, question: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.getbasetemp() / "large" / "library"
    articles = library_of(160)
    with open_index(folder, max_chunk_tokens=64) as index:
        index.add(articles)
        found = index.search(question, k=10)
    expected = brute_force(articles, question, space, 64)
    assert len(expected) > 400
    best = sorted(expected.values(), reverse=True)[:10]
    assert [p.score for p in found] == pytest.approx([expected[p.article_id, p.start, p.end] for p in found], abs=1e-3)
    assert [p.score for p in found] == pytest.approx(best, abs=1e-3)


def test_fewer_passages_are_the_first_of_more(small: Index) -> None:
    for question in (*WORDLESS, "Who opened a bridge in Ankara?", "Bütçe maddesi nerede oylandı?"):
        many = small.search(question, k=100)
        scores = [passage.score for passage in many]
        assert scores == sorted(scores, reverse=True)
        assert all(type(score) is float for score in scores)
        for k in (1, 5, 30):
            assert small.search(question, k=k) == many[:k]
    assert len(small.search(WORDLESS[0])) == 5


def test_all_passages_come_when_no_more_than_a_hundred_are_asked_for(tmp_path: Path) -> None:
    with open_index(tmp_path / "library") as index:
        index.add([make_article(n, sentences=12) for n in range(130)])
        assert len(index.search(WORDLESS[0], k=100)) == 100


def test_the_words_of_a_question_lift_the_passage_that_has_them(tmp_path: Path) -> None:
    texts = {f"a{n}": f"The mayor of town number {n} spoke about roads and schools on Monday." for n in range(30)}
    texts["b"] = "The mayor of Zonguldak spoke about roads and schools on Monday."
    with open_index(tmp_path / "library") as index:
        index.add([Article(i, text, language="en") for i, text in texts.items()])
        for question in ("What about Zonguldak?", "ZONGULDAK'ta ne oldu?", "zonguldak"):
            assert index.search(question)[0].article_id == "b"


def test_scores_of_sentences_are_on_the_scale_of_brute_force(small: Index, space: LanguageSpace) -> None:
    embedder, question = FakeEmbedder(), WORDLESS[0]
    placed = space.centre(embedder.encode_queries([question]), "question", "en")[0]
    for passage in small.search(question, k=20):
        key = ("sentence", passage.language)
        unrelated = space.cohort[key] @ placed  # type: ignore[index]
        for sentence in passage.sentences:
            similarity = float(space.centre(embedder.encode_passages([sentence.text]), *key)[0] @ placed)  # type: ignore[arg-type]
            assert sentence.score == pytest.approx((similarity - unrelated.mean()) / unrelated.std(), abs=1e-3)


# --- questions --------------------------------------------------------------------------------------


def test_a_question_that_can_be_asked_comes_back_unchanged() -> None:
    for question in ("kim?", "İ", "x" * 2000, " 7 \n"):
        assert check_question(question) == question


def test_messages_about_questions_stay_short() -> None:
    for question in ("x" * 100_000, "?" * 2000, ["x"] * 10_000):
        with pytest.raises(ValueError) as caught:
            check_question(question)
        assert len(str(caught.value)) < 250


# --- scoring ----------------------------------------------------------------------------------------


def test_the_cohort_is_balanced_and_holds_nothing_twice() -> None:
    reports = cohort_reports()
    assert len(reports) >= 50
    for kind in ("question", *PASSAGE_KINDS):
        turkish, english = (cohort_texts(kind, language) for language in LANGUAGES)  # type: ignore[arg-type]
        assert len(turkish) == len(english) >= len(reports)
        for texts in (turkish, english):
            assert [text for text, count in Counter(texts).items() if count > 1] == []
            assert all(text == text.strip() != "" for text in texts)
        assert not set(turkish) & set(english)
    assert len({report["topic"] for report in reports}) == len(reports)
    for report in reports:
        assert len(report["tr"]) == len(report["en"])
        assert len(report["questions"]["tr"]) == len(report["questions"]["en"])
    assert len(cohort_digest()) == 12


def test_centring_makes_the_means_of_languages_equal(space: LanguageSpace) -> None:
    embedder = FakeEmbedder()
    for language in LANGUAGES:
        for kind in PASSAGE_KINDS:
            vectors = embedder.encode_passages(cohort_texts(kind, language))
            centred = vectors - space.means[kind, language]
            assert np.abs(centred.mean(axis=0)).max() < 1e-6
            # Brought to length 1 again, the mean moves a little.
            assert (
                np.linalg.norm(space.cohort[kind, language].mean(axis=0)) < 0.1 < np.linalg.norm(vectors.mean(axis=0))
            )
            assert np.linalg.norm(space.cohort[kind, language], axis=1) == pytest.approx(1.0, abs=1e-5)
            assert space.cohort[kind, language].dtype == np.float32


def test_unrelated_text_scores_zero_with_deviation_one(space: LanguageSpace) -> None:
    for question in WORDLESS[:2]:
        language = detect_question_language(question)
        assert language is not None
        placed = space.centre(FakeEmbedder().encode_queries([question]), "question", language)[0]
        baselines = space.baselines(placed)
        assert set(baselines) == {(kind, each) for kind in PASSAGE_KINDS for each in LANGUAGES}
        for key, baseline in baselines.items():
            scores = baseline.normalize(space.cohort[key] @ placed)
            assert scores.mean() == pytest.approx(0, abs=1e-4)
            assert scores.std() == pytest.approx(1, abs=1e-4)


def test_a_question_that_all_texts_are_equally_far_from_has_finite_scores(space: LanguageSpace) -> None:
    nowhere = np.zeros(FakeEmbedder().dimension, dtype=np.float32)
    for baseline in space.baselines(nowhere).values():
        assert np.isfinite(baseline.normalize(np.float32(0.5)))  # type: ignore[arg-type]
    mean = space.means["question", "tr"]
    assert np.isfinite(space.centre(mean[None, :], "question", "tr")).all()


def test_the_space_is_kept_in_the_cache_and_made_again_when_that_is_damaged(tmp_path: Path) -> None:
    embedder = FakeEmbedder()

    def load() -> LanguageSpace:
        return load_space(embedder, tmp_path / "cache")  # type: ignore[arg-type]

    first, encoded = load(), embedder.encoded_passages
    (file,) = (tmp_path / "cache").iterdir()
    second = load()
    assert embedder.encoded_passages == encoded, "read from the cache"
    whole = file.read_bytes()
    changed = bytearray(whole)
    changed[len(whole) // 2] ^= 0xFF
    for damage in (b"", whole[:100], whole[: len(whole) // 2], whole[:-1], b"no zip at all", bytes(changed)):
        file.write_bytes(damage)
        embedder.encoded_passages = 0
        again = load()
        assert embedder.encoded_passages == encoded, "computed again"
        assert file.read_bytes() == whole, "and kept"
        for key, vectors in first.cohort.items():
            assert np.array_equal(again.cohort[key], vectors)
            assert np.array_equal(second.cohort[key], vectors)
    assert [each.name for each in (tmp_path / "cache").iterdir()] == [file.name]


def test_another_model_has_another_space(tmp_path: Path) -> None:
    spaces = [load_space(FakeEmbedder(name, dimension), tmp_path) for name, dimension in (("a", 24), ("b", 12))]  # type: ignore[arg-type]
    assert [space.means["chunk", "tr"].shape for space in spaces] == [(24,), (12,)]
    assert len(list(tmp_path.iterdir())) == 2


def test_a_cache_that_cannot_be_written_is_done_without(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for folder in (tmp_path / "file", tmp_path / "file" / "below"):
        space = load_space(FakeEmbedder(), folder)  # type: ignore[arg-type]
        assert space.means["chunk", "tr"].shape == (FakeEmbedder().dimension,)


def test_the_real_model_is_centred_too(embedder: Embedder, cache_folder: Path) -> None:
    space = load_space(embedder, cache_folder)
    for kind in PASSAGE_KINDS:
        turkish, english = (space.cohort[kind, language].mean(axis=0) for language in LANGUAGES)
        assert np.linalg.norm(turkish - english) < 0.1
        assert np.linalg.norm(space.means[kind, "tr"] - space.means[kind, "en"]) > 0.1, "languages differ before"
    digest = hashlib.sha256(np.concatenate(list(space.cohort.values())).tobytes()).hexdigest()
    again = load_space(embedder, cache_folder)
    assert hashlib.sha256(np.concatenate(list(again.cohort.values())).tobytes()).hexdigest() == digest


# --- the retriever ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def dated(tmp_path_factory: pytest.TempPathFactory) -> Index:
    index = open_index(tmp_path_factory.mktemp("dated") / "library")
    index.add([
        Article("a", "Ekonomi\n\nBütçe oylandı. Sonuç belli.", published="2025-12-23", url="https://example.org"),  # type: ignore[arg-type]
        make_article(1),
    ])  # fmt: skip
    return index


def test_the_retriever_gives_the_passages_as_documents(dated: Index) -> None:
    retriever = dated.as_retriever(k=2)
    assert isinstance(retriever, BaseRetriever)
    question = "Bütçe oylandı mı?"
    documents, passages = retriever.invoke(question), dated.search(question, k=2)
    assert [document.page_content for document in documents] == [passage.text for passage in passages]
    assert len(documents) == 2
    for document, passage in zip(documents, passages, strict=True):
        assert json.loads(json.dumps(document.metadata)) == document.metadata
        article = dated.article(document.metadata["article_id"])
        assert article is not None
        assert article.text[document.metadata["start"] : document.metadata["end"]] == document.page_content
        for name in ("score", "language", "title", "url", "heading"):
            assert document.metadata[name] == getattr(passage, name)
    by_id = {document.metadata["article_id"]: document.metadata for document in documents}
    assert (by_id["a"]["published"], by_id["a"]["heading"]) == ("2025-12-23", "Ekonomi")
    assert by_id["a1"]["published"] is None


def test_the_retriever_works_in_async_code_and_in_batches(dated: Index) -> None:
    retriever, questions = dated.as_retriever(k=1), ["Bütçe oylandı mı?", "Who voted on the budget?"]
    expected = [retriever.invoke(question) for question in questions]
    assert [asyncio.run(retriever.ainvoke(question)) for question in questions] == expected
    assert retriever.batch(questions) == expected
    assert [len(documents) for documents in expected] == [1, 1]


@pytest.mark.parametrize("k", [0, 101, 2.5])
def test_a_retriever_of_an_impossible_size_is_refused(dated: Index, k: object) -> None:
    with pytest.raises(ValueError):
        dated.as_retriever(k=k).invoke("Bütçe oylandı mı?")  # type: ignore[arg-type]
