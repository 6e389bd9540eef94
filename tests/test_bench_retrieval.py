"""Ranks and recalls by hand; the variants and the peers on a small real library with a tiny model."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import index.search as search_module
from bench.ablations import RankFusion, Uncentred, fuse, load_variant, make_variants
from bench.data import Question, lay_out, load_corpus
from bench.memo import MemoEmbedder, shared_model
from bench.peers import Missing, Model, System, load_peers, unique
from bench.report import Report, Setup, show, table
from bench.retrieval import Haberci, load_systems, measure, rank, recalls, run
from index import LANGUAGES, Index, Settings
from tests.test_bench_data import write_squad


@pytest.fixture
def setup(tmp_path: Path, tiny_model: Path, monkeypatch: pytest.MonkeyPatch) -> Setup:
    monkeypatch.setenv("HABERCI_MODEL", str(tiny_model))
    monkeypatch.setenv("HABERCI_CACHE", str(tmp_path / "cache"))
    return Setup(load_corpus(write_squad(tmp_path)), MemoEmbedder(Settings.read()), ("mixed",))


QUESTION = Question("Which?", "en", "b", "t", "x", 0)


@pytest.mark.parametrize(("found", "place"), [(["b", "a"], 0), (["a", "b"], 1), (["a"], None), ([], None)])
def test_rank(found: list[str], place: int | None) -> None:
    assert rank(QUESTION, found) == place


def test_recalls_by_direction() -> None:
    figures = recalls("tr", [(0, True), (4, True), (5, False), (None, False)])
    assert figures == {
        "tr.all.r1": 0.25,
        "tr.all.r5": 0.5,
        "tr.same.r1": 0.5,
        "tr.same.r5": 1.0,
        "tr.cross.r1": 0.0,
        "tr.cross.r5": 0.0,
    }
    assert "tr.cross.r1" not in recalls("tr", [(0, True)])


def test_unique_keeps_the_order() -> None:
    assert unique(["b", "a", "b", "c", "a"]) == ["b", "a", "c"]


def test_rank_fusion_by_hand() -> None:
    # a: 1/61 + 1/62, b: 1/62 + 1/61, c: 1/63
    assert fuse([["a", "b", "c"], ["b", "a"]]) == ["a", "b", "c"]
    assert fuse([["a", "b"], ["c", "b"]])[0] == "b"


def test_the_memo_gives_what_the_model_gives_and_asks_it_once(setup: Setup, monkeypatch: pytest.MonkeyPatch) -> None:
    from index.embedding import Embedder

    memo, plain = setup.embedder, Embedder(setup.embedder.model, cache=setup.embedder.cache)
    texts = ["bir", "two", "bir"]
    np.testing.assert_allclose(memo.encode_queries(texts), plain.encode_queries(texts), atol=1e-6)
    assert memo.encode_passages([]).shape == (0, memo.dimension)
    passages = memo.encode_passages(texts)
    assert not np.allclose(passages, memo.encode_queries(texts))
    monkeypatch.setattr(Embedder, "_encode", lambda *_: pytest.fail("embedded twice"))
    np.testing.assert_array_equal(memo.encode_passages(texts), passages)


def test_the_memo_can_be_kept(setup: Setup, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from index.embedding import Embedder

    vectors = setup.embedder.encode_queries(["bir", "two"])
    setup.embedder.write_memo(tmp_path / "memo.npz")
    again = MemoEmbedder(Settings.read())
    again.read_memo(tmp_path / "memo.npz")
    monkeypatch.setattr(Embedder, "_encode", lambda *_: pytest.fail("embedded twice"))
    np.testing.assert_array_equal(again.encode_queries(["bir", "two"]), vectors)


def test_the_memo_gives_tokens_as_the_model_does_and_keeps_them(
    setup: Setup, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from index.embedding import Embedder

    memo, plain = setup.embedder, Embedder(setup.embedder.model, cache=setup.embedder.cache)
    assert memo.encode_query_tokens([]) == []
    texts = ["bir", "two three", "bir"]
    read = {"query": memo.encode_query_tokens(texts), "passage": memo.encode_passage_tokens(texts)}
    memo.write_memo(tmp_path / "memo.npz")
    again = MemoEmbedder(Settings.read())
    again.read_memo(tmp_path / "memo.npz")
    expected = {"query": plain.encode_query_tokens(texts), "passage": plain.encode_passage_tokens(texts)}
    monkeypatch.setattr(Embedder, "_encode", lambda *_: pytest.fail("embedded twice"))
    monkeypatch.setattr(Embedder, "_encode_tokens", lambda *_: pytest.fail("embedded twice"))
    recalled = {"query": again.encode_query_tokens(texts), "passage": again.encode_passage_tokens(texts)}
    for kind, vectors in expected.items():
        for one, other, model in zip(read[kind], recalled[kind], vectors, strict=True):
            assert one.tokens.dtype == other.tokens.dtype == np.float32
            assert len(one.spans) == len(one.tokens) > 0
            np.testing.assert_allclose(one.vector, model.vector, atol=1e-6)
            np.testing.assert_allclose(one.tokens, model.tokens, rtol=1e-3, atol=1e-3)
            np.testing.assert_array_equal(one.spans, model.spans)
            np.testing.assert_array_equal(one.tokens, other.tokens)
            np.testing.assert_array_equal(one.spans, other.spans)
    # What has been read word by word is known as a whole too.
    np.testing.assert_array_equal(again.encode_queries(["bir"])[0], read["query"][0].vector)


def test_the_shared_model_tells_prefixes_apart(setup: Setup, tiny_model: Path) -> None:
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(tiny_model), device="cpu")
    memo = setup.embedder
    with shared_model(memo):
        np.testing.assert_array_equal(model.encode(["bir"], prompt_name="query"), memo.encode_queries(["bir"]))
        np.testing.assert_array_equal(model.encode(["bir"], prompt="passage: "), memo.encode_passages(["bir"]))
        np.testing.assert_array_equal(model.encode("query: bir"), memo.encode_queries(["bir"])[0])
        with pytest.raises(ValueError, match="prefixes"):
            model.encode(["bir"])
    assert model.encode(["bir"]).shape == (1, 16)


@pytest.fixture
def built(setup: Setup) -> Iterator[list[Haberci | RankFusion]]:
    variants = make_variants(setup.embedder)
    for variant in variants:
        variant.build(lay_out(setup.corpus, "mixed"))
    yield variants
    for variant in variants:
        variant.close()


def test_every_variant_finds_every_article_and_leaves_the_search_as_it_was(
    built: list[Haberci | RankFusion], setup: Setup
) -> None:
    weight = search_module.LEXICAL_WEIGHT
    ids = {paragraph.id for paragraph in setup.corpus.paragraphs["en"]}
    for variant in built:
        assert set(variant.search("Where is blue bread baked?", 12)) == ids, variant.name
    assert weight > 0
    assert weight == search_module.LEXICAL_WEIGHT


def scores(index: Index, question: str) -> dict[str, tuple[float, float]]:
    """By article, what its passage and its best sentence score before the gain of the passage's language."""
    found = {}
    for passage in index.search(question, 12):
        gain = index.space.gains["en", passage.language]
        best = max(sentence.score for sentence in passage.sentences)
        found[passage.article_id] = (passage.score / gain, best / gain)
    return found


def test_variants_score_as_their_names_say(built: list[Haberci | RankFusion], monkeypatch: pytest.MonkeyPatch) -> None:
    by_name = {variant.name: variant.index for variant in built if isinstance(variant, Haberci) and variant.index}
    question = "Where is blue bread baked?"
    handicapped = {passage.article_id: passage for passage in by_name["Haberci"].search(question, 12)}
    bonus = {passage.article_id: passage for passage in by_name["lexical part as a bonus"].search(question, 12)}
    for passage in by_name["no lexical part"].search(question, 12):
        handicap = passage.score - handicapped[passage.article_id].score
        assert handicap >= -1e-6
        # A bonus is a handicap plus something that all passages of a language share.
        assert bonus[passage.article_id].score == pytest.approx(passage.score - handicap, abs=1e-4)

    monkeypatch.setattr(search_module, "LEXICAL_WEIGHT", 0.0)
    found = {name: scores(index, question) for name, index in by_name.items()}
    for article_id, (whole, best) in found["Haberci"].items():
        # The mean of the passage's own score and its best sentence's, words in both.
        dense, sentence = found["no word vectors"][article_id]
        of_chunk, _ = found["passages only"][article_id]
        of_sentence, _ = found["sentences only"][article_id]
        assert of_sentence == pytest.approx(best, abs=1e-4)
        assert (of_chunk + of_sentence) / 2 == pytest.approx(whole, abs=1e-4)
        assert abs(whole - dense) > 1e-3
        assert best != pytest.approx(sentence, abs=1e-3)

    without = {p.article_id: p for p in by_name["no gain across languages"].search(question, 12)}
    for passage in by_name["Haberci"].search(question, 12):
        gain = by_name["Haberci"].space.gains["en", passage.language]
        assert passage.score == pytest.approx(gain * without[passage.article_id].score, abs=1e-4)


def test_an_uncentred_space_leaves_vectors_as_they_are(setup: Setup) -> None:
    space = load_variant(Uncentred, setup.embedder, setup.embedder.cache)
    vectors = np.eye(3, dtype=np.float32)[:2]
    np.testing.assert_array_equal(space.centre(2 * vectors, "sentence", "tr"), vectors)
    (read,) = setup.embedder.encode_query_tokens(["bir"])
    placed = space.place("bir", read, "tr")
    np.testing.assert_allclose(placed.vector, read.vector, atol=1e-5)
    word = (read.tokens / np.linalg.norm(read.tokens, axis=1, keepdims=True)).sum(axis=0) @ space.words.projection
    np.testing.assert_allclose(placed.words[0], word / np.linalg.norm(word), atol=1e-3)


def test_a_variant_leaves_the_usual_space_as_it_was(setup: Setup) -> None:
    from index.scoring import LanguageSpace, load_space

    usual = load_space(setup.embedder, setup.embedder.cache)
    kept = sorted(path.name for path in setup.embedder.cache.iterdir())
    load_variant(Uncentred, setup.embedder, setup.embedder.cache)
    again = load_space(setup.embedder, setup.embedder.cache)
    assert type(again) is LanguageSpace
    assert again.gains == usual.gains
    assert {question for question, _ in again.gains} == set(LANGUAGES)
    assert sorted(path.name for path in setup.embedder.cache.iterdir()) == kept


def test_peers_find_or_say_what_to_install(setup: Setup) -> None:
    model = Model(str(setup.embedder.folder), setup.embedder.query_prefix, setup.embedder.passage_prefix)
    ids = {paragraph.id for paragraph in setup.corpus.paragraphs["en"]}
    with shared_model(setup.embedder):
        peers = list(load_peers(model))
        for peer in peers:
            if isinstance(peer, Missing):
                assert "haberci[bench]" in peer.hint
                continue
            for layout in ("tr", "mixed"):
                peer.build(lay_out(setup.corpus, layout))
                found = peer.search("Where is blue bread baked?", 12)
                assert found, peer.name
                assert set(found) <= ids, peer.name
    assert len({peer.name for peer in peers}) == 5


def test_measure_and_report_with_a_missing_peer(setup: Setup, tmp_path: Path) -> None:
    haberci = Haberci(setup.embedder)
    systems: tuple[System | Missing, ...] = (haberci, Missing("Other", "other-package"))
    report = run(Setup(setup.corpus, setup.embedder, ("tr", "mixed"), 0, systems))
    haberci.close()
    report.write(tmp_path / "results")
    text = (tmp_path / "results" / "retrieval.md").read_text(encoding="utf-8")
    assert "not installed (other-package; pip install 'haberci[bench]')" in text
    assert str(tmp_path) not in text
    assert {"tr.same.r1", "en.cross.r5", "search_p50_ms"} <= set(report.figures["layouts"]["tr"]["Haberci"])


def test_haberci_stands_first_among_the_systems(setup: Setup) -> None:
    systems = load_systems(setup.embedder)
    assert systems[0].name == "Haberci"
    haberci = systems[0]
    assert isinstance(haberci, Haberci)
    figures = measure(haberci, setup, "mixed")
    assert 0 <= figures["tr.all.r1"] <= figures["tr.all.r5"] <= 1
    haberci.close()


def test_cells() -> None:
    assert [show(cell) for cell in (0.5, 1.0, 0.0, None, 7, "x")] == [".500", "1.000", ".000", "–", "7", "x"]
    assert table(["a", "b"], [[0.5, None]]) == "| a | b |\n|---|---|\n| .500 | – |"


def test_a_report_is_written_as_text_and_as_figures(tmp_path: Path) -> None:
    report = Report("name", "Title", {"r1": 0.5})
    report.add("One.", "Two.")
    report.write(tmp_path)
    assert (tmp_path / "name.md").read_text(encoding="utf-8") == "# Title\n\nOne.\n\nTwo.\n"
    assert '"r1": 0.5' in (tmp_path / "name.json").read_text(encoding="utf-8")
