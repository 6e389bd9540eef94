"""Searching: equal to brute force, the same scale in every language, and the LangChain retriever."""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
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
from index.search import WORD_CANDIDATES, check_question

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


def word_vectors(
    embedder: FakeEmbedder, text: str, mean: np.ndarray, space: LanguageSpace, heading: str = ""
) -> list[tuple[int, np.ndarray]]:
    """Where each word of ``text`` begins, and its vector, by the definition; ``heading`` is read before it."""
    (read,) = embedder.encode_passage_tokens([heading + text])
    words = []
    for match in re.finditer(r"\w+", text):
        start, end = (len(heading) + place for place in match.span())
        own = [t - mean for t, (_, last) in zip(read.tokens, read.spans, strict=True) if start < last <= end]
        if own:
            total = sum(vector / np.linalg.norm(vector) for vector in own)
            projected = total @ space.words.projection
            words.append((match.start(), projected / np.linalg.norm(projected)))
    return words


def mean_best(question: list[np.ndarray], words: list[np.ndarray]) -> float:
    return float(np.mean([max(float(asked @ word) for word in words) for asked in question]))


class Oracle:
    """Scores of passages and sentences for one question, from what the embedder says of every text."""

    def __init__(self, question: str, space: LanguageSpace) -> None:
        self.space, self.embedder = space, FakeEmbedder()
        raw = self.embedder.encode_queries([question])
        self.language = detect_question_language(question)
        asked = [self.language] if self.language else list(LANGUAGES)
        placed = sum(space.centre(raw, "question", each)[0] for each in asked)
        self.placed = placed / np.linalg.norm(placed)
        mean = np.mean([space.words.question_means[each] for each in asked], axis=0)
        self.words = [vector for _, vector in word_vectors(self.embedder, question, mean, space)]
        self.unrelated = {key: vectors @ self.placed for key, vectors in space.cohort.items()}
        self.unrelated_words: dict[tuple[str, str], np.ndarray] = {}
        for language in LANGUAGES:
            reports, sentences = [], []
            for report in cohort_reports():
                words = self.passage_words(" ".join(report[language]), language)
                reports.append(mean_best(self.words, [vector for _, vector in words]))
                start = 0
                for sentence in report[language]:
                    own = [vector for at, vector in words if start <= at < start + len(sentence)]
                    sentences.append(mean_best(self.words, own))
                    start += len(sentence) + 1
            self.unrelated_words["chunk", language] = np.array(reports)
            self.unrelated_words["sentence", language] = np.array(sentences)

    def passage_words(self, text: str, language: str, heading: str = "") -> list[tuple[int, np.ndarray]]:
        mean = self.space.words.passage_means[language]  # type: ignore[index]
        return word_vectors(self.embedder, text, mean, self.space, heading)

    def deviations(self, text: str, kind: str, language: str) -> float:
        key = (kind, language)
        vector = self.space.centre(self.embedder.encode_passages([text]), *key)[0]  # type: ignore[arg-type]
        return float((vector @ self.placed - self.unrelated[key].mean()) / self.unrelated[key].std())  # type: ignore[index]

    def word_deviations(self, words: list[np.ndarray], kind: str, language: str) -> float:
        unrelated = self.unrelated_words[kind, language]
        # Words are stored in one byte a number. The oracle rounds like the store, so that what remains is the
        # rounding of floats and scores can be compared as exactly as those of whole vectors.
        stored = [np.round(vector * 127) / 127 for vector in words]
        return float((mean_best(self.words, stored) - unrelated.mean()) / unrelated.std())

    def scores(self, article: Article, chunk: Chunk) -> tuple[float, list[float], float]:
        """Of the chunk, of each of its sentences, and of the chunk by whole vectors alone."""
        text, language, heading = article.text[chunk.start : chunk.end], article.language or "tr", ""
        pieces = [article.text[start:end] for start, end in chunk.sentences]
        each = [self.deviations(piece, "sentence", language) for piece in pieces]
        of_heading = []
        if chunk.heading is not None:
            title = article.text[slice(*chunk.heading)]
            of_heading = [self.deviations(title, "sentence", language)]
            if chunk.start > chunk.heading[0]:
                heading = f"{title}\n"
        words = self.passage_words(text, language, heading)
        chunk_score = self.deviations(heading + text, "chunk", language)
        whole = (chunk_score + max(each + of_heading)) / 2
        chunk_score = (chunk_score + self.word_deviations([vector for _, vector in words], "chunk", language)) / 2
        for n, (start, end) in enumerate(chunk.sentences):
            own = [vector for at, vector in words if start <= chunk.start + at < end]
            each[n] = (each[n] + self.word_deviations(own, "sentence", language)) / 2
        blended = (chunk_score + max(each + of_heading)) / 2
        gain = self.space.gains[self.language, language] if self.language else 1.0  # type: ignore[index]
        return gain * blended, [gain * score for score in each], gain * whole


def all_scores(
    articles: list[Article], question: str, space: LanguageSpace, limit: int
) -> dict[tuple[str, int, int], tuple[float, list[float], float]]:
    """The scores of every chunk and its sentences; every word of the question must be missing from the articles."""
    oracle = Oracle(question, space)
    return {
        (article.id, chunk.start, chunk.end): oracle.scores(article, chunk)
        for article in map(complete, articles)
        for chunk in chunk_article(article, oracle.embedder.count_tokens, limit)
    }


def brute_force(
    articles: list[Article], question: str, space: LanguageSpace, limit: int
) -> dict[tuple[str, int, int], float]:
    return {key: blended for key, (blended, _, _) in all_scores(articles, question, space, limit).items()}


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
    expected = all_scores(articles, question, space, 64)
    assert len(expected) > 400
    # Words are matched only in the chunks that are the best by whole vectors.
    nearest = sorted(expected.values(), key=lambda each: -each[2])[:WORD_CANDIDATES]
    best = sorted((blended for blended, _, _ in nearest), reverse=True)[:10]
    assert [p.score for p in found] == pytest.approx(
        [expected[p.article_id, p.start, p.end][0] for p in found], abs=1e-3
    )
    # A chunk that no neighbour led to makes room for another one, so that the best may be better than these.
    assert found[0].score >= best[0] - 1e-3


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


@pytest.mark.parametrize("question", WORDLESS)
def test_scores_of_sentences_are_on_the_scale_of_brute_force(small: Index, space: LanguageSpace, question: str) -> None:
    expected = all_scores(library_of(12), question, space, 64)
    for passage in small.search(question, k=100):
        _, sentences, _ = expected[passage.article_id, passage.start, passage.end]
        assert [sentence.score for sentence in passage.sentences] == pytest.approx(sentences, abs=1e-3)


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


def test_gains_are_what_reports_that_answer_lose_across_languages(space: LanguageSpace) -> None:
    scores: dict[tuple[str, str], list[float]] = {(a, b): [] for a in LANGUAGES for b in LANGUAGES}
    embedder = FakeEmbedder()
    for asked in LANGUAGES:
        for number, report in enumerate(cohort_reports()):
            for question in report["questions"][asked]:
                placed = space.place(question, embedder.encode_query_tokens([question])[0], asked)
                for written in LANGUAGES:
                    chunk = placed.baselines["chunk", written].normalize(
                        space.cohort["chunk", written][number] @ placed.vector
                    )
                    sentences = [
                        placed.baselines["sentence", written].normalize(vector @ placed.vector)
                        for vector in space.cohort["sentence", written][4 * number : 4 * number + 4]
                    ]
                    cohort = space.cohort_words[written]
                    similarity = placed.words @ cohort.vectors[cohort.reports == number].T
                    words = placed.word_baselines["chunk", written].normalize(similarity.max(axis=1).mean())
                    scores[asked, written].append((chunk + max(sentences)) / 4 + words / 2)
    means = {key: float(np.mean(values)) for key, values in scores.items()}
    for (asked, written), mean in means.items():
        ratio = means[asked, asked] / max(mean, 1e-4)
        assert space.gains[asked, written] == pytest.approx(min(max(ratio, 1.0), 2.0), abs=1e-4)


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
