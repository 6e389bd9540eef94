"""The library through its public face: what adding, removing and rebuilding do, and what cannot be asked."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from datetime import date
from pathlib import Path
from typing import Any

import chromadb
import pytest
from article_texts import article_texts, check_span
from fakes_index import FakeEmbedder, make_article, open_index, run_process
from hypothesis import given, settings
from hypothesis import strategies as st

from index import Article, Changes, Index, QuestionError, Settings, seed_articles
from index.blocks import split_blocks
from index.embedding import Embedder, TokenVectors
from index.errors import EmptyQuestionError, IndexMismatchError, LongQuestionError, QuestionTypeError
from index.storage.chroma import connect_folder
from index.storage.manifest import Recipe

QUESTION = "Who voted on the budget in Ankara?"


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Index]:
    with open_index(tmp_path / "library") as opened:
        yield opened


def texts_of(index: Index) -> dict[str, str]:
    return {article.id: article.text for article in index.articles()}


def check_passages(index: Index, question: str, k: int = 100) -> None:
    """Every passage and sentence stands where it says, in an article that the library holds."""
    for passage in index.search(question, k=k):
        article = index.article(passage.article_id)
        assert article is not None
        check_span(article.text, passage.start, passage.end)
        assert article.text[passage.start : passage.end] == passage.text
        assert (passage.language, passage.title, passage.published, passage.url) == (
            article.language, article.title, article.published, article.url,
        )  # fmt: skip
        end = passage.start
        assert passage.sentences
        for sentence in passage.sentences:
            check_span(article.text, sentence.start, sentence.end)
            assert article.text[sentence.start : sentence.end] == sentence.text
            assert end <= sentence.start < sentence.end <= passage.end
            end = sentence.end


# --- adding -----------------------------------------------------------------------------------------


def test_adding_tells_what_is_new_changed_and_unchanged(index: Index) -> None:
    first = index.add([make_article(1), make_article(2)])
    assert (first.added, first.changed, first.removed, first.unchanged) == (("a1", "a2"), (), (), ())
    encoded = index.embedder.encoded_passages  # type: ignore[attr-defined]
    again = index.add([make_article(2), make_article(1)])
    assert (again.added, again.changed, set(again.unchanged)) == ((), (), {"a1", "a2"})
    assert index.embedder.encoded_passages == encoded, "what is unchanged costs nothing"  # type: ignore[attr-defined]
    assert again.revision == first.revision == index.revision
    mixed = index.add([make_article(1, 1), make_article(2), make_article(3)])
    assert (mixed.added, mixed.changed, mixed.unchanged) == (("a3",), ("a1",), ("a2",))
    assert mixed.revision == index.revision > first.revision
    assert texts_of(index) == {"a1": make_article(1, 1).text, "a2": make_article(2).text, "a3": make_article(3).text}


@pytest.mark.parametrize(
    "change", [{"title": "New"}, {"language": "tr"}, {"published": "2024-05-05"}, {"url": "u"}, {"source": "s"}]
)
def test_a_change_of_any_field_is_a_change(index: Index, change: dict[str, str]) -> None:
    article = make_article(1)
    index.add([article])
    values = {name: getattr(article, name) for name in ("id", "text", "title", "language")} | change
    assert index.add([Article(**values)]).changed == ("a1",)
    got = index.article("a1")
    assert got is not None
    ((name, value),) = change.items()
    assert str(getattr(got, name)) == value
    assert len(index.search(QUESTION)) == 1


def test_of_several_articles_with_one_id_the_last_counts(index: Index) -> None:
    changes = index.add([make_article(1, 1), make_article(2), make_article(1, 2)])
    assert sorted(changes.added) == ["a1", "a2"]
    assert texts_of(index)["a1"] == make_article(1, 2).text
    assert index.add([make_article(1, 1), make_article(1, 2)]).unchanged == ("a1",)


def test_articles_may_come_from_a_generator(index: Index) -> None:
    assert len(index.add(make_article(n) for n in range(3)).added) == 3
    assert index.remove(f"a{n}" for n in range(2)).removed == ("a0", "a1")


def test_nothing_to_add_is_nothing_done(index: Index) -> None:
    assert index.add([]) == index.add(iter(())) == Changes()
    assert list(index.folder.iterdir()) == [], "not even a file"


@pytest.mark.parametrize(
    "articles", [["text"], [None], [{"id": "a"}], [make_article(1), "text"], "text", make_article(1)]
)
def test_what_is_no_article_is_refused_and_nothing_is_written(index: Index, articles: object) -> None:
    with pytest.raises(ValueError, match="articles must be"):
        index.add(articles)  # type: ignore[arg-type]
    assert (len(index), index.revision) == (0, 0)


def test_progress_counts_articles_that_had_to_be_embedded(index: Index) -> None:
    index.add([make_article(0)])
    told: list[tuple[int, int]] = []
    index.add((make_article(n) for n in range(70)), progress=lambda done, total: told.append((done, total)))
    assert {total for _, total in told} == {69}
    assert [done for done, _ in told] == sorted({done for done, _ in told})
    assert told[-1] == (69, 69)


def test_an_add_that_is_broken_off_keeps_what_was_written_and_the_next_completes_it(index: Index) -> None:
    class Stop(BaseException):
        """As Ctrl-C."""

    def stop(done: int, total: int) -> None:
        raise Stop

    articles = [make_article(n, sentences=1) for n in range(70)]
    index.add([make_article(3, 9)])
    with pytest.raises(Stop):
        index.add(articles, progress=stop)
    kept = texts_of(index)
    assert 0 < len(kept) < 70
    assert all(kept[a.id] == a.text for a in articles if a.id in kept)
    check_passages(index, QUESTION)
    changes = index.add(articles)
    assert set(changes.added) == {a.id for a in articles} - set(kept)
    assert set(changes.unchanged) == set(kept)
    assert texts_of(index) == {a.id: a.text for a in articles}


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError("mine"),
        pytest.param(
            PermissionError(13, "mine"),
        ),
    ],
)
def test_an_error_of_the_callers_progress_comes_out_as_it_is(index: Index, error: Exception) -> None:
    def fail(done: int, total: int) -> None:
        raise error

    with pytest.raises(type(error), match="mine") as caught:
        index.add([make_article(1)], progress=fail)
    assert caught.value is error
    assert len(index) == 1


@pytest.mark.parametrize(
    "text", ["date 2025-12-23", "🙂", "?", "\u200b", "x\x00y.", "\x01\x02", "A\ud7ff\ue000\uffff.", "1 " * 9000]
)
def test_articles_with_odd_texts_are_held_as_they_are(index: Index, text: str) -> None:
    index.add([Article("İ/ı: 1\n", text)])
    assert texts_of(index) == {"İ/ı: 1\n": text}
    assert index.search(QUESTION)
    check_passages(index, QUESTION)
    assert index.remove(["İ/ı: 1\n"]).removed == ("İ/ı: 1\n",)


@settings(max_examples=15, deadline=None)
@given(texts=st.lists(article_texts(), min_size=1, max_size=4), language=st.sampled_from(["tr", "en", None]))
def test_passages_and_their_sentences_stand_where_they_say(
    texts: list[str], language: str | None, tmp_path_factory: pytest.TempPathFactory
) -> None:
    articles = [Article(f"h{n}", text, language=language) for n, text in enumerate(texts)]  # type: ignore[arg-type]
    with open_index(tmp_path_factory.getbasetemp() / "hypothesis", max_chunk_tokens=64) as index:
        index.remove([article.id for article in index.articles()])
        index.add(articles)
        assert texts_of(index) == {article.id: article.text for article in articles}
        found = {passage.article_id for passage in index.search("Toplantı nerede olacak, İstanbul'da mı?", k=100)}
        assert found == set(texts_of(index)), "every article is found when everything is asked for"
        check_passages(index, "Toplantı nerede olacak, İstanbul'da mı?")
        for passage in index.search("Who said what?", k=100):
            text = texts[int(passage.article_id[1:])]
            for block in split_blocks(text):
                if block.kind == "heading":
                    assert not any(s.start < block.end and block.start < s.end for s in passage.sentences)


# --- reading ----------------------------------------------------------------------------------------


def test_articles_come_newest_first_and_those_without_a_date_last(index: Index) -> None:
    days = {"b": "2024-01-01", "a": "2024-01-01", "c": "2025-01-01", "e": None, "d": None, "f": "0001-01-01"}
    index.add([Article(i, "Ankara haber verdi.", published=day) for i, day in days.items()])  # type: ignore[arg-type]
    assert [article.id for article in index.articles()] == ["c", "a", "b", "f", "d", "e"]


def test_an_article_comes_back_with_all_its_fields(index: Index) -> None:
    article = Article("a", "Metin.\r\n ", "Başlık", "tr", date(2025, 12, 23), "https://example.org", "AA")
    index.add([article, Article("b", "date 2024-02-03 Ankara'da kar yağdı.")])
    assert index.article("a") == article
    found = index.article("b")
    assert found is not None
    assert (found.language, found.published, found.title) == ("tr", date(2024, 2, 3), "Ankara'da kar yağdı.")
    assert index.article("none") is None


def test_an_untouched_library_is_empty(index: Index) -> None:
    assert (len(index), index.articles(), index.article("a"), index.search(QUESTION), index.revision) == (
        0,
        [],
        None,
        [],
        0,
    )
    assert index.remove(["a"]) == index.rebuild() == Changes()


@pytest.mark.parametrize("k", [0, -1, 101, 1.0, True, "5", None])
def test_k_must_be_a_whole_number_in_range(index: Index, k: object) -> None:
    with pytest.raises(ValueError, match=r"1 to 100, not"):
        index.search(QUESTION, k=k)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("question", "error"),
    [("", EmptyQuestionError), (" \n\t\u00a0", EmptyQuestionError), ("?!.. «»", EmptyQuestionError),
     ("🙂", EmptyQuestionError), ("kim " * 2500, LongQuestionError), (None, QuestionTypeError), (5, QuestionTypeError),
     (b"kim?", QuestionTypeError), (["kim?"], QuestionTypeError)],
)  # fmt: skip
@pytest.mark.parametrize("full", [False, True])
def test_questions_that_cannot_be_asked(index: Index, question: object, error: type[QuestionError], full: bool) -> None:
    if full:
        index.add([make_article(1)])
    with pytest.raises(error) as caught:
        index.search(question)  # type: ignore[arg-type]
    assert isinstance(caught.value, QuestionError)
    assert isinstance(caught.value, ValueError)
    assert len(caught.value.message("tr")) < 300


@pytest.mark.parametrize(
    "question",
    [
        "a",
        "7",
        "İ",
        "\x00kim",
        "kim\ud800",
        "谁？",
        'AND OR NOT (title:"x',
        "+a -b ~c^2 [1 TO 2] *",
        "kim " * 500,
        "a\u0301" * 900,
    ],
)
def test_odd_questions_are_answered(index: Index, question: str) -> None:
    index.add([make_article(1), make_article(2)])
    assert {passage.article_id for passage in index.search(question)} == {"a1", "a2"}


# --- removing ---------------------------------------------------------------------------------------


def test_removing_takes_articles_out_and_passes_over_unknown_ones(index: Index) -> None:
    index.add([make_article(n) for n in range(3)])
    revision = index.revision
    changes = index.remove(["a1", "none", "a1"])
    assert changes == Changes(removed=("a1",), revision=index.revision)
    assert index.revision > revision
    assert set(texts_of(index)) == {"a0", "a2"} == {passage.article_id for passage in index.search(QUESTION)}
    assert index.remove(["a1"]) == Changes(revision=index.revision)
    assert index.remove([]) == Changes(revision=index.revision)
    assert index.add([make_article(1)]).added == ("a1",)


def test_a_library_can_be_emptied_and_filled_again(index: Index) -> None:
    index.add([make_article(1)])
    index.remove(["a1"])
    assert (len(index), index.search(QUESTION), index.articles()) == (0, [], [])
    index.rebuild()
    index.add([make_article(2)])
    assert [passage.article_id for passage in index.search(QUESTION)] == ["a2"]


def test_removing_one_text_is_refused(index: Index) -> None:
    with pytest.raises(ValueError, match=r"\['a1'\]"):
        index.remove("a1")


# --- rebuilding -------------------------------------------------------------------------------------


def test_a_rebuild_finds_the_same(index: Index) -> None:
    index.add([make_article(n) for n in range(40)])
    index.add([make_article(3, 1)])
    index.remove(["a5"])
    before, texts = {question: index.search(question, k=50) for question in (QUESTION, "Zebra?")}, texts_of(index)
    told: list[tuple[int, int]] = []
    changes = index.rebuild(progress=lambda done, total: told.append((done, total)))
    assert set(changes.changed) == set(texts)
    assert (changes.added, changes.removed) == ((), ())
    assert changes.revision == index.revision
    assert told[-1] == (39, 39)
    assert texts_of(index) == texts
    assert index.search("Zebra?", k=50) == before["Zebra?"]
    assert index.search(QUESTION, k=50) == before[QUESTION], "BM25 does not count what was deleted"


def test_incremental_writes_end_where_one_add_does(index: Index, tmp_path: Path) -> None:
    for version in (2, 1, 0):
        index.add([make_article(n, version) for n in range(6)])
    index.remove(["a0"])
    with open_index(tmp_path / "other") as other:
        other.add([make_article(n) for n in range(1, 6)])
        assert index.search(QUESTION, k=50) == other.search(QUESTION, k=50)


def test_a_rebuild_that_is_broken_off_keeps_the_old_index_answering(index: Index) -> None:
    def stop(done: int, total: int) -> None:
        assert index.search(QUESTION, k=50) == before, "it answers meanwhile"
        raise KeyboardInterrupt

    index.add([make_article(n) for n in range(3)])
    before, revision = index.search(QUESTION, k=50), index.revision
    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            index.rebuild(progress=stop)
        assert index.search(QUESTION, k=50) == before
        assert index.revision == revision
    index.add([make_article(3)])
    index.rebuild()
    assert len(index.search(QUESTION, k=50)) == 4


@pytest.mark.parametrize("other", [{"name": "other"}, {"name": "other", "dimension": 12}, {"max_chunk_tokens": 64}])
def test_another_model_or_chunking_must_be_rebuilt_and_then_works(tmp_path: Path, other: dict[str, object]) -> None:
    with open_index(tmp_path / "library") as index:
        index.add([make_article(n, sentences=8) for n in range(3)])
        old = index.search(QUESTION, k=50)
    with pytest.raises(IndexMismatchError, match="haberci rebuild"):
        open_index(tmp_path / "library", **other)  # type: ignore[arg-type]
    with open_index(tmp_path / "library", for_rebuild=True, **other) as mended:  # type: ignore[arg-type]
        for use in (lambda: mended.search(QUESTION), lambda: mended.add([make_article(9)])):
            with pytest.raises(IndexMismatchError, match="haberci rebuild"):
                use()
        mended.rebuild()
        found = mended.search(QUESTION, k=50)
        assert {passage.article_id for passage in found} == {"a0", "a1", "a2"}
        assert found != old
        check_passages(mended, QUESTION)
        mended.add([make_article(9)])
    with open_index(tmp_path / "library", **other) as again:  # type: ignore[arg-type]
        assert len(again) == 4
    with pytest.raises(IndexMismatchError):
        open_index(tmp_path / "library")


def test_another_dimension_of_one_name_is_refused(tmp_path: Path) -> None:
    open_index(tmp_path / "library").add([make_article(1)])
    other = open_index(tmp_path / "library", dimension=12)
    for use in (lambda: other.search(QUESTION), lambda: other.add([make_article(2)])):
        with pytest.raises(IndexMismatchError, match="dimension"):
            use()


def test_a_search_that_is_overtaken_by_a_rebuild_still_answers(tmp_path: Path) -> None:
    embedder = FakeEmbedder()
    with open_index(tmp_path / "library", embedder=embedder) as index:
        index.add([make_article(n) for n in range(3)])
        before = index.search(QUESTION)
        embedder.before_query = index.rebuild
        assert index.search(QUESTION) == before
        embedder.before_query = lambda: run_process("index.rebuild()", index.folder)
        assert index.search(QUESTION) == before


def test_a_search_that_is_overtaken_by_other_writes_finds_whole_articles(tmp_path: Path) -> None:
    embedder = FakeEmbedder()
    with open_index(tmp_path / "library", embedder=embedder) as index:
        index.add([make_article(n) for n in range(4)])
        embedder.before_query = lambda: (index.add([make_article(1, 1), make_article(4)]), index.remove(["a2"]))
        texts = {make_article(n, version).text for n in range(5) for version in (0, 1)}
        found = index.search(QUESTION)
        assert {"a0", "a3"} <= {passage.article_id for passage in found}
        assert {passage.text for passage in found} <= texts
        embedder.before_query = None
        assert {passage.article_id for passage in index.search(QUESTION)} == {"a0", "a1", "a3", "a4"}


def test_many_threads_search_while_one_writes(index: Index) -> None:
    index.add([make_article(n) for n in range(6)])
    whole = {make_article(n, version).text for n in range(6) for version in range(8)}
    done = threading.Event()

    def search() -> int:
        searches = 0
        while not done.is_set():
            found = index.search(QUESTION, k=10)
            assert {passage.text for passage in found} <= whole
            assert len({passage.article_id for passage in found}) == len(found)
            article = index.article("a1")
            assert article is not None
            assert article.text in whole
            assert len(index) == 6
            searches += 1
        return searches

    with ThreadPoolExecutor() as threads:
        running = [threads.submit(search) for _ in range(4)]
        try:
            for version in range(1, 8):
                index.add([make_article(version % 6, version)])
        finally:
            done.set()
        assert sum(each.result() for each in running) >= 4


def test_a_reader_that_is_overtaken_by_a_rebuild_while_it_opens_sees_the_library(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer, reader = open_index(tmp_path / "library"), open_index(tmp_path / "library")
    writer.add([make_article(1), make_article(2)])
    connect, rebuilt = chromadb.PersistentClient, threading.Event()

    def connect_late(*arguments: Any, **values: Any) -> Any:
        if not rebuilt.is_set():
            rebuilt.set()
            writer.rebuild()
        return connect(*arguments, **values)

    monkeypatch.setattr(chromadb, "PersistentClient", connect_late)
    assert len(reader) == 2
    assert len(reader.search(QUESTION)) == 2
    reader.close()
    writer.close()
    assert len(list((tmp_path / "library").glob("generation-*/lexical-*"))) == 1


@pytest.mark.parametrize("damage", ["deleted", "emptied", "overwritten"])
def test_a_lost_lexical_index_is_done_without_and_mended_by_the_next_write(tmp_path: Path, damage: str) -> None:
    with open_index(tmp_path / "library") as index:
        index.add([make_article(n) for n in range(12)])
        before = index.search(QUESTION, k=50)
    (folder,) = (tmp_path / "library").glob("generation-*/lexical-*")
    for file in folder.iterdir():
        if damage == "overwritten":
            file.write_bytes(b"damaged")
        else:
            file.unlink()
    if damage == "deleted":
        folder.rmdir()
    with open_index(tmp_path / "library") as index:
        assert {passage.article_id for passage in index.search(QUESTION, k=50)} == {f"a{n}" for n in range(12)}
        index.remove(["none"])
        assert index.search(QUESTION, k=50) == before
    with open_index(tmp_path / "library") as index:
        assert index.search(QUESTION, k=50) == before


# --- seeds ------------------------------------------------------------------------------------------


def test_seeds_are_put_once_into_a_library_that_was_never_written_to(index: Index, tmp_path: Path) -> None:
    assert index.seed(seed_articles).added == tuple(article.id for article in seed_articles())
    index.remove([article.id for article in seed_articles()])
    assert index.seed(seed_articles).added == ()
    assert len(index) == 0, "what was removed does not come back"
    with open_index(tmp_path / "other") as other:
        other.add([make_article(1)])
        assert other.seed(seed_articles).added == ()


def test_the_seed_article_is_found_in_both_languages_by_the_real_model(
    embedder: Embedder, cache_folder: Path, tmp_path: Path
) -> None:
    with Index.open(tmp_path, settings=Settings.read(home=tmp_path, cache=cache_folder), embedder=embedder) as index:
        index.seed(seed_articles)
        for question in ("Where might Putin and Zelenskyy meet?", "Putin ile Zelenskyy nerede görüşebilir?"):
            best = index.search(question)[0]
            assert best.heading == "Putin ve Zelenskyy: Toplantı nerede olacak?"
            assert best.heading not in [sentence.text for sentence in best.sentences]
            check_passages(index, question)
        encoded = index.add(seed_articles())
        assert encoded.unchanged == tuple(article.id for article in seed_articles())


# --- opening ----------------------------------------------------------------------------------------


def test_opening_makes_the_folder_and_closing_can_be_undone(tmp_path: Path) -> None:
    index = open_index(tmp_path / "deep" / "below")
    assert index.folder.is_dir()
    index.add([make_article(1)])
    index.close()
    index.close()
    assert len(index.search(QUESTION)) == 1
    index.add([make_article(2)])
    index.close()
    assert len(index) == 2
    index.close()


def test_a_folder_may_be_a_text_with_a_tilde(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    index = Index.open("~/kitaplık", settings=Settings.read(cache=tmp_path), embedder=FakeEmbedder())  # type: ignore[arg-type]
    assert index.folder == tmp_path / "kitaplık"


def test_the_home_of_the_settings_may_have_a_tilde_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    settings = Settings.read(home="~/kitaplık", cache=tmp_path)
    index = Index.open(settings=settings, embedder=FakeEmbedder())  # type: ignore[arg-type]
    assert index.folder == tmp_path / "kitaplık"


def test_opening_loads_no_model(tmp_path: Path) -> None:
    class Unloadable(FakeEmbedder):
        def load(self) -> None:
            raise AssertionError

        encode_queries = encode_passages = count_tokens = load  # type: ignore[assignment]
        dimension = property(load)  # type: ignore[assignment]

        def __init__(self) -> None:
            self.fingerprint = "fake@1"

    open_index(tmp_path / "library").add([make_article(1)])
    with open_index(tmp_path / "library", embedder=Unloadable()) as index:
        assert len(index) == 1
        assert [article.id for article in index.articles()] == ["a1"]


# --- libraries of earlier formats -------------------------------------------------------------------


def write_format_1(folder: Path, articles: list[Article], recipe: Recipe) -> None:
    """A library as it was when Chroma held the articles' texts, in the parts that are read of it."""
    folder.mkdir()
    with connect_folder(folder / "chroma") as client:
        collection = client.create_collection("articles-3", embedding_function=None)
        for article in articles:
            fields = {"key": "k", "language": article.language, "title": article.title, "url": article.url,
                      "published": article.published.isoformat() if article.published else None,
                      "source": article.source}  # fmt: skip
            collection.add(
                ids=[article.id],
                embeddings=[[1.0, 0.0]],
                documents=[article.text],
                metadatas=[{name: value for name, value in fields.items() if value is not None}],  # type: ignore[dict-item]
            )
    (folder / "lexical-3").mkdir()
    values = {name: value for name, value in asdict(recipe).items() if name != "chroma"}
    manifest = {"recipe": values, "library": "ab" * 8, "revision": 7, "generation": 3, "pending": [], "seeded": True,
                "format": 1}  # fmt: skip
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")


def test_a_library_of_format_1_is_made_new_by_a_rebuild(tmp_path: Path) -> None:
    articles = [
        Article(
            "İ/1", "Ankara'da kar yağdı. Okullar tatil.", "Kar", "tr", date(2024, 1, 2), "https://a.example", "a.txt"
        ),
        Article("b", make_article(1).text, "Report 1", "en"),
    ]
    with open_index(tmp_path / "scratch") as index:
        index.add(articles)
        expected = index.search(QUESTION, k=10)
        recipe = replace(index._recipe(), dimension=index.embedder.dimension)
    write_format_1(tmp_path / "library", articles, recipe)
    with pytest.raises(IndexMismatchError, match="haberci rebuild"):
        open_index(tmp_path / "library")
    with open_index(tmp_path / "library", for_rebuild=True) as index:
        for use in (lambda: index.search(QUESTION), lambda: index.add([make_article(9)]), lambda: len(index)):
            with pytest.raises(IndexMismatchError, match="haberci rebuild"):
                use()
        assert set(index.rebuild().changed) == {"İ/1", "b"}
        assert index.revision == 8
        assert sorted(index.articles(), key=lambda a: a.id) == sorted(articles, key=lambda a: a.id)
        assert index.search(QUESTION, k=10) == expected
        assert not (index.folder / "chroma").exists()
        assert index.check().is_well
    assert open_index(tmp_path / "library").seed(seed_articles).added == (), "what was seeded stays seeded"


def test_the_words_of_a_long_article_are_made_part_by_part(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a model gives for every token of a book is gigabytes."""
    article = Article(
        "book", "\n\n".join(f"# Chapter {n}\n\nCouncil {n} met in Ankara." for n in range(7)), language="en"
    )
    with open_index(tmp_path / "whole") as whole:
        whole.add([article])
        expected = whole.search("Which council met in Ankara?", k=20)
    sizes: list[int] = []
    encode = FakeEmbedder.encode_passage_tokens

    def encode_and_count(self: FakeEmbedder, texts: Sequence[str]) -> list[TokenVectors]:
        sizes.append(len(texts))
        return encode(self, texts)

    monkeypatch.setattr(FakeEmbedder, "encode_passage_tokens", encode_and_count)
    monkeypatch.setattr("index.encoding._CHUNKS_AT_ONCE", 3)
    with open_index(tmp_path / "parts") as parts:
        parts.add([article])
        assert sizes[-3:] == [3, 3, 1]
        assert parts.search("Which council met in Ankara?", k=20) == expected
