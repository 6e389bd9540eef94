"""The reader: its best answer, its tokens, its adapter merged into the embedding model, its file. The adapters are made
here, of random numbers; how well the packaged one reads is measured elsewhere."""

from __future__ import annotations

import hashlib
import json
import logging
import math
import re
import threading
import unicodedata
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.reading.examples import load_reports
from bot import reader as reader_module
from bot.errors import ReaderFileError
from bot.reader import (
    MAX_ANSWER_TOKENS,
    MAX_QUESTION_TOKENS,
    MAX_TOKENS,
    Pairs,
    Reader,
    Reading,
    encode_pairs,
    merge,
    open_reader,
    pad,
    read_adapter,
    whole_words,
    write_adapter,
)
from index import LANGUAGES, Settings
from index.embedding import Embedder
from index.packaged_model import WEIGHTS_SHA256
from tests.article_texts import article_texts

if TYPE_CHECKING:
    import torch

RANK = 2
QUESTION = "Toplantı nerede yapıldı?"
TEXTS = [
    "Toplantı salı günü Ankara'da yapıldı.",
    "The meeting took place in Ankara on Tuesday, and went on for three days. " * 4,
    "Kısa.",
]


def random_adapter(encoder: Any, spread: float, seed: int = 0) -> dict[str, torch.Tensor]:
    """For every linear layer of the encoder. ``spread``: of B; with 0 the adapter changes nothing."""
    import torch

    chance = torch.Generator().manual_seed(seed)
    tensors = {
        "answer.weight": torch.randn(2, encoder.config.hidden_size, generator=chance),
        "answer.bias": torch.randn(2, generator=chance),
    }
    for name, layer in encoder.named_modules():
        if isinstance(layer, torch.nn.Linear) and "pooler" not in name:
            tensors[f"{name}.A"] = torch.randn(RANK, layer.in_features, generator=chance)
            tensors[f"{name}.B"] = torch.randn(layer.out_features, RANK, generator=chance) * spread
    return tensors


@pytest.fixture(scope="module")
def adapter_file(embedder: Embedder, tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("readers") / "reader.safetensors"
    write_adapter(file, random_adapter(embedder.encoder(), 0.01), 0.5)
    return file


@pytest.fixture(scope="module")
def reader(embedder: Embedder, adapter_file: Path) -> Reader:
    return Reader(embedder, adapter_file)


@pytest.fixture
def in_full_precision(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a processor without bfloat16."""
    monkeypatch.setattr(reader_module, "has_native_bfloat16", lambda: False)


# --- the best answer --------------------------------------------------------------------------------


def reading_of(
    spans: Sequence[tuple[int, int]], starts: Sequence[float], ends: Sequence[float], none: float
) -> Reading:
    return Reading(
        np.array(spans, np.int64).reshape(-1, 2), np.array(starts, np.float32), np.array(ends, np.float32), none
    )


@st.composite
def readings(draw: st.DrawFn) -> Reading:
    # Whole numbers, so that sums are exact whatever their order.
    score = st.integers(-50, 50).map(float)
    spans, at = [], 0
    for _ in range(draw(st.integers(0, 70))):
        at += draw(st.integers(0, 2))
        spans.append((at, at := at + draw(st.integers(0, 4))))
    starts, ends = (draw(st.lists(score, min_size=len(spans), max_size=len(spans))) for _ in range(2))
    return reading_of(spans, starts, ends, draw(score))


def brute_force(reading: Reading, start: int, end: int) -> dict[tuple[int, int], float]:
    """The margin of every answer there is."""
    inside = [n for n, (begin, stop) in enumerate(reading.spans.tolist()) if begin >= start and stop <= end]
    found: dict[tuple[int, int], float] = {}
    for at, first in enumerate(inside):
        for last in inside[at : at + MAX_ANSWER_TOKENS]:
            margin = float(reading.starts[first] + reading.ends[last]) - reading.none
            place = int(reading.spans[first, 0]), int(reading.spans[last, 1])
            found[place] = max(margin, found.get(place, -math.inf))
    return found


@given(reading=readings(), start=st.integers(-2, 60), length=st.integers(0, 400))
def test_the_best_answer_is_the_best_of_all(reading: Reading, start: int, length: int) -> None:
    every = brute_force(reading, start, start + length)
    best = reading.best(start, start + length)
    if not every:
        assert best is None
        return
    assert best is not None
    margin, begin, end = best
    assert margin == max(every.values()) == every[begin, end]
    assert start <= begin <= end <= start + length


def test_no_tokens_in_the_range_is_no_answer() -> None:
    reading = reading_of([(0, 4), (5, 9)], [1, 2], [3, 4], 0)
    for start, end in ((4, 5), (9, 99), (1, 4), (5, 8), (0, 0)):
        assert reading.best(start, end) is None
    assert reading_of([], [], [], 0).best(0, 9) is None


def test_tokens_must_lie_in_the_range_entirely() -> None:
    reading = reading_of([(0, 4), (5, 9), (10, 14)], [9, 1, 9], [9, 1, 9], 0.5)
    assert reading.best(0, 14) == (17.5, 0, 4)
    assert reading.best(1, 13) == (1.5, 5, 9)
    assert reading.best(5, 14) == (17.5, 10, 14)


def test_an_answer_does_not_end_before_it_begins() -> None:
    assert reading_of([(0, 1), (2, 3)], [0, 9], [9, 0], 0).best(0, 3) == (9, 0, 1)
    assert reading_of([(0, 1), (2, 3), (4, 5)], [0, 9, 0], [9, 0, 1], 0).best(0, 5) == (10, 2, 5)


@pytest.mark.parametrize(("tokens", "is_one"), [(MAX_ANSWER_TOKENS, True), (MAX_ANSWER_TOKENS + 1, False)])
def test_an_answer_has_not_too_many_tokens(tokens: int, is_one: bool) -> None:
    spans = [(at, at + 1) for at in range(60)]
    starts, ends = np.zeros(60), np.zeros(60)
    starts[5] = ends[5 + tokens - 1] = 7
    best = reading_of(spans, starts.tolist(), ends.tolist(), 1).best(0, 60)
    assert best is not None
    assert best[0] == (13 if is_one else 6)
    assert (best[1:] == (5, 5 + tokens)) == is_one


def test_the_margin_is_over_no_answer() -> None:
    assert reading_of([(0, 1)], [2], [3], 9).best(0, 1) == (-4, 0, 1)


# --- whole words ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "cut", "whole"),
    [
        ("Bu Ankara'da oldu.", "nkar", "Ankara"),
        ("Bu Ankara'da oldu.", "Ankara'", "Ankara"),
        ("Bu Ankara'da oldu.", "Ankara'd", "Ankara'da"),
        ("Bu Ankara'da oldu.", " Ankara", "Ankara"),
        ("dedi: “Yağmur yağıyor”.", "“Yağmur yağıyor”.", "Yağmur yağıyor"),
        ("about 4,000 people", "4,000", "4,000"),
        ("12 % of them", "12 %", "12 %"),
        ("İstanbul'un ılık ğ harfi", "lı", "ılık"),
        ("— ; —", "; ", ""),
        ("tek", "", ""),
        ("son", "son", "son"),
    ],
)
def test_whole_words(text: str, cut: str, whole: str) -> None:
    start = text.index(cut)
    begin, end = whole_words(text, start, start + len(cut))
    assert text[begin:end] == whole


def test_the_answers_of_the_reports_are_whole_words() -> None:
    for report in load_reports():
        for question in report.questions:
            for language in LANGUAGES:
                text, answer = report.sentences[language][question["sentence"]], question[f"answer_{language}"]
                start = re.search(rf"(?<!\w){re.escape(answer)}(?!\w)", text).start()  # type: ignore[union-attr]
                end = start + len(answer.rstrip("”."))
                assert whole_words(text, start, end) == (start, end), f"{report.topic}: {answer!r}"


@given(text=article_texts(), place=st.tuples(st.integers(0, 400), st.integers(0, 60)))
def test_whole_words_stay_in_the_text(text: str, place: tuple[int, int]) -> None:
    start = min(place[0], len(text))
    end = min(start + place[1], len(text))
    begin, stop = whole_words(text, start, end)
    assert 0 <= begin <= stop <= len(text)
    if begin < stop:
        assert any(character.isalnum() or unicodedata.combining(character) for character in text[begin:stop])
        assert whole_words(text, begin, stop) == (begin, stop)


def test_a_combining_mark_belongs_to_its_word() -> None:
    text = "ko\u0308yu\u0308 var"
    assert whole_words(text, 0, 6) == whole_words(text, 0, 5) == whole_words(text, 3, 4) == (0, 6)


# --- tokens -----------------------------------------------------------------------------------------


def encode(embedder: Embedder, question: str, *texts: str) -> Pairs:
    with embedder.tokenizer() as tokenizer:
        return encode_pairs(tokenizer, embedder.query_prefix, [question] * len(texts), texts)


def words(text: str, spans: np.ndarray) -> list[str]:
    return [text[start:end] for start, end in spans.tolist()]


@pytest.mark.parametrize(
    "text", ["The house is new and the dog is old", "Bu ev yeni ve o çok iyi bir yer", "the  new\n house\tis here"]
)
def test_tokens_of_simple_words_are_the_words(embedder: Embedder, text: str) -> None:
    (spans,) = encode(embedder, "?", text).spans
    assert [tuple(span) for span in spans.tolist()] == [word.span() for word in re.finditer(r"\w+", text)]


@pytest.mark.parametrize(
    "text",
    [
        "Cumhurbaşkanlığı sözcüsü, İstanbul'daki görüşmelerin ılımlı geçtiğini söyledi: “Iğdır'a 12.450 ton gitti.”",
        "The intergovernmental hydrologists' “unmistakable” findings cost 12,450 dollars – or so they said…",
    ],
)
def test_tokens_cover_every_word_and_begin_with_no_space(embedder: Embedder, text: str) -> None:
    (spans,) = encode(embedder, "?", text).spans
    covered = {at for start, end in spans.tolist() for at in range(start, end)}
    assert covered == {at for at, letter in enumerate(text) if not letter.isspace()}
    for word in re.finditer(r"[^\W\d]+", text):
        assert word.start() in spans[:, 0]
        assert word.end() in spans[:, 1]
    assert len(spans) > len(re.findall(r"\w+", text))


@settings(max_examples=60, deadline=None)
@given(text=article_texts())
def test_tokens_stand_in_their_order(embedder: Embedder, text: str) -> None:
    (spans,) = encode(embedder, QUESTION, text).spans
    assert spans.dtype == np.int64
    assert (spans[:, 0] <= spans[:, 1]).all()
    assert (np.diff(spans[:, 0]) >= 0).all()
    assert (spans >= 0).all()
    assert (spans <= len(text)).all()
    assert not any(word[:1].isspace() for word in words(text, spans))


def test_question_and_text_stand_as_the_model_was_trained(embedder: Embedder) -> None:
    pairs = encode(embedder, "Nerede?", "Ankara'da.")
    with embedder.tokenizer() as tokenizer:
        assert tokenizer.decode(pairs.ids[0]) == "<s> query: Nerede?</s></s> Ankara'da.</s>"
        assert tokenizer.decode(pairs.ids[0][pairs.first[0] :]) == "Ankara'da.</s>"
    assert pairs.first[0] + len(pairs.spans[0]) + 1 == len(pairs.ids[0])


def test_each_text_has_its_own_question(embedder: Embedder) -> None:
    asked, texts = ["Ne?", "Where did they meet in the end?"], ["Ankara'da toplandılar.", "In Ankara."]
    with embedder.tokenizer() as tokenizer:
        both = encode_pairs(tokenizer, embedder.query_prefix, asked, texts)
    for number, (question, text) in enumerate(zip(asked, texts, strict=True)):
        alone = encode(embedder, question, text)
        assert both.ids[number].tolist() == alone.ids[0].tolist()
        assert both.spans[number].tolist() == alone.spans[0].tolist()
        assert both.first[number] == alone.first[0]


def test_a_long_text_is_cut_off(embedder: Embedder) -> None:
    text = "Uzun bir haber metni. " * 300
    pairs = encode(embedder, QUESTION, text, "Kısa.")
    assert [len(ids) for ids in pairs.ids] == [MAX_TOKENS, len(pairs.ids[1])]
    with embedder.tokenizer() as tokenizer:
        assert pairs.ids[0][-1] == tokenizer.eos_token_id
    (last,) = pairs.spans[0][-1:]
    assert 0 < last[1] < len(text) / 2
    assert len(pairs.ids[1]) < 20


@pytest.mark.parametrize("text", ["", " ", "\n\n"])
def test_a_text_without_words_has_no_answer(reader: Reader, embedder: Embedder, text: str) -> None:
    (spans,) = encode(embedder, QUESTION, text).spans
    assert not "".join(words(text, spans)).strip()
    (reading,) = reader.read(QUESTION, [text])
    best = reading.best(0, len(text))
    assert best is None or not text[best[1] : best[2]].strip()


@pytest.mark.parametrize(
    "question",
    [
        pytest.param("Toplantı nerede ve ne zaman yapıldı? " * 55, id="words"),
        pytest.param("x" * 2000, id="letters"),
        pytest.param("🙂" * 2000, id="emoji"),
        pytest.param("½" * 2000, id="three letters each"),
        pytest.param("ﷺ" * 2000, id="eighteen letters each"),
        pytest.param("", id="nothing"),
        pytest.param("ne\ud83drede?", id="half a character"),
    ],
)
def test_any_question_can_be_read(reader: Reader, question: str) -> None:
    (reading,) = reader.read(question, [TEXTS[0]])
    assert reading.best(0, len(TEXTS[0])) is not None
    assert words(TEXTS[0], reading.spans)[0] == "Toplantı"


def test_only_the_beginning_of_a_long_question_counts(embedder: Embedder) -> None:
    question = "Toplantı nerede ve ne zaman yapıldı? " * 55
    long, longer = (encode(embedder, asked, TEXTS[0]) for asked in (question, question * 3))
    assert long.ids[0].tolist() == longer.ids[0].tolist()
    assert MAX_QUESTION_TOKENS - 2 < long.first[0] <= MAX_QUESTION_TOKENS + 3


def test_padding() -> None:
    ids, mask = pad([np.array([4, 5, 6]), np.array([7])], 1)
    assert ids.tolist() == [[4, 5, 6], [7, 1, 1]]
    assert mask.tolist() == [[1, 1, 1], [1, 0, 0]]


# --- merging ----------------------------------------------------------------------------------------


def hidden_states(encoder: Any, embedder: Embedder, is_halved: bool = False) -> np.ndarray:
    """Of the tokens of all texts, as the reader computes them."""
    import torch

    pairs = encode(embedder, QUESTION, *TEXTS)
    ids, mask = pad(pairs.ids, 1)
    with torch.inference_mode(), torch.autocast(encoder.device.type, torch.bfloat16, enabled=is_halved):
        output = encoder(input_ids=ids.to(encoder.device), attention_mask=mask.to(encoder.device))
    found: np.ndarray = output.last_hidden_state.float().cpu().numpy()[mask.numpy() == 1]
    return found


def prints_of(encoder: Any) -> dict[str, tuple[int, str]]:
    """Of every weight its place in memory and a hash of its values."""
    return {
        name: (weight.data_ptr(), hashlib.blake2b(weight.detach().float().cpu().numpy()).hexdigest())
        for name, weight in encoder.named_parameters()
    }


@pytest.mark.parametrize("is_halved", [False, True])
def test_an_untrained_adapter_changes_nothing_but_the_precision(
    embedder: Embedder, monkeypatch: pytest.MonkeyPatch, is_halved: bool
) -> None:
    import torch

    encoder = embedder.encoder()
    monkeypatch.setattr(reader_module, "has_native_bfloat16", lambda: is_halved)
    merged = merge(encoder, random_adapter(encoder, 0.0), 2.0)
    assert merged.encoder.layer[0].output.dense.weight.dtype == (torch.bfloat16 if is_halved else torch.float32)
    states, expected = hidden_states(merged, embedder, is_halved), hidden_states(encoder, embedder)
    lengths = np.linalg.norm(states, axis=1) * np.linalg.norm(expected, axis=1)
    assert ((states * expected).sum(axis=1) / lengths).min() > 0.99
    assert is_halved or np.allclose(states, expected, atol=1e-5)


def test_merging_shares_all_but_the_linear_layers_and_leaves_the_model_alone(
    embedder: Embedder, adapter_file: Path
) -> None:
    encoder = embedder.encoder()
    before = prints_of(encoder)
    tensors, scale = read_adapter(adapter_file)
    merged = merge(encoder, tensors, scale)
    reader = Reader(embedder, adapter_file)
    reader.read(QUESTION, TEXTS)
    assert prints_of(encoder) == before

    after = prints_of(merged)
    assert after.keys() == before.keys()
    changed = {f"{name.removesuffix('.A')}.weight" for name in tensors if name.endswith(".A")}
    assert len(changed) == 12 * 6
    for name in before:
        if name in changed:
            assert after[name][0] != before[name][0]
            assert after[name][1] != before[name][1]
        else:
            assert after[name] == before[name]
    words = encoder.get_input_embeddings().weight
    assert merged.get_input_embeddings().weight.data_ptr() == words.data_ptr()


def test_a_layer_grows_by_the_product_times_the_scale(embedder: Embedder, in_full_precision: None) -> None:
    import torch

    encoder = embedder.encoder()
    tensors = random_adapter(encoder, 0.1)
    merged = merge(encoder, tensors, 1.5)
    for name in ("encoder.layer.0.attention.self.query", "encoder.layer.11.output.dense"):
        expected = encoder.get_submodule(name).weight + 1.5 * tensors[f"{name}.B"] @ tensors[f"{name}.A"]
        assert torch.allclose(merged.get_submodule(name).weight, expected, atol=1e-5)
        assert torch.equal(merged.get_submodule(name).bias, encoder.get_submodule(name).bias)
    assert not np.allclose(hidden_states(merged, embedder), hidden_states(encoder, embedder), atol=0.1)


# --- reading ----------------------------------------------------------------------------------------


def assert_same(found: Sequence[Reading], expected: Sequence[Reading], atol: float = 0.0) -> None:
    for one, other in zip(found, expected, strict=True):
        assert np.array_equal(one.spans, other.spans)
        assert np.allclose(one.starts, other.starts, rtol=0, atol=atol)
        assert np.allclose(one.ends, other.ends, rtol=0, atol=atol)
        assert one.none == pytest.approx(other.none, rel=0, abs=2 * atol)


def test_a_reading_has_two_scores_a_token(reader: Reader, embedder: Embedder) -> None:
    found = reader.read(QUESTION, TEXTS)
    for reading, spans in zip(found, encode(embedder, QUESTION, *TEXTS).spans, strict=True):
        assert np.array_equal(reading.spans, spans)
        assert reading.starts.shape == reading.ends.shape == (len(spans),)
        assert reading.starts.dtype == reading.ends.dtype == np.float32
        assert np.isfinite([*reading.starts, *reading.ends, reading.none]).all()
    assert_same(reader.read_pairs([QUESTION] * len(TEXTS), TEXTS), found)
    assert reader.read(QUESTION, []) == reader.read_pairs([], []) == []


def test_scores_are_those_of_the_hidden_states(embedder: Embedder, adapter_file: Path, in_full_precision: None) -> None:
    tensors, scale = read_adapter(adapter_file)
    states = hidden_states(merge(embedder.encoder(), tensors, scale), embedder)
    scores = states @ tensors["answer.weight"].float().numpy().T + tensors["answer.bias"].float().numpy()
    pairs, at = encode(embedder, QUESTION, *TEXTS), 0
    for number, reading in enumerate(Reader(embedder, adapter_file).read(QUESTION, TEXTS)):
        first = at + pairs.first[number]
        assert np.allclose(reading.starts, scores[first : first + len(reading.spans), 0], atol=1e-3)
        assert np.allclose(reading.ends, scores[first : first + len(reading.spans), 1], atol=1e-3)
        assert reading.none == pytest.approx(scores[at].sum(), abs=1e-3)
        at += len(pairs.ids[number])


def test_company_changes_no_reading(embedder: Embedder, adapter_file: Path, in_full_precision: None) -> None:
    reader = Reader(embedder, adapter_file)
    alone = [reading for text in TEXTS for reading in reader.read(QUESTION, [text])]
    assert_same(reader.read(QUESTION, TEXTS), alone, atol=1e-3)
    assert_same(reader.read(QUESTION, TEXTS[::-1]), alone[::-1], atol=1e-3)


def test_making_a_reader_loads_nothing(cache_folder: Path, tmp_path: Path) -> None:
    embedder = Embedder(cache=cache_folder)
    reader = Reader(embedder, tmp_path / "gone")
    assert reader.read(QUESTION, []) == []
    assert not reader.is_loaded
    for use in (reader.load, lambda: reader.read(QUESTION, TEXTS)):
        with pytest.raises(ReaderFileError, match="gone"):
            use()
    assert not reader.is_loaded
    assert not embedder.is_loaded


def test_threads_load_once_and_read_the_same(
    embedder: Embedder, adapter_file: Path, reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    loads: list[Path] = []

    def counted(file: Path, sha256: str | None = None) -> Any:
        loads.append(file)
        return read_adapter(file, sha256)

    monkeypatch.setattr(reader_module, "read_adapter", counted)
    shared, expected = Reader(embedder, adapter_file), reader.read(QUESTION, TEXTS)
    assert not shared.is_loaded
    barrier = threading.Barrier(4)

    def work(_: int) -> list[Reading]:
        barrier.wait()
        return shared.read(QUESTION, TEXTS)

    with ThreadPoolExecutor(4) as pool:
        for found in pool.map(work, range(4)):
            assert_same(found, expected, atol=1e-3)
    assert len([file for file in loads if file == adapter_file]) == 1
    assert shared.is_loaded


def test_reading_changes_no_embedding(embedder: Embedder, adapter_file: Path) -> None:
    before = embedder.encode_passages(TEXTS)
    queries = embedder.encode_queries([QUESTION])
    reader = Reader(embedder, adapter_file)
    is_over, has_begun = threading.Event(), threading.Event()

    def read() -> int:
        times = 0
        while not is_over.is_set():
            has_begun.set()
            reader.read(QUESTION, TEXTS)  # the first time it loads, too
            times += 1
        return times

    with ThreadPoolExecutor(1) as pool:
        reading = pool.submit(read)
        has_begun.wait()
        try:
            during = [embedder.encode_passages(TEXTS) for _ in range(6)]
            while not reader.is_loaded and not reading.done():
                during.append(embedder.encode_passages(TEXTS))
            during += [embedder.encode_passages(TEXTS) for _ in range(6)]
        finally:
            is_over.set()
        assert reading.result() >= 1
    assert all(np.array_equal(vectors, before) for vectors in during)
    assert np.array_equal(embedder.encode_passages(TEXTS), before)
    assert np.array_equal(embedder.encode_queries([QUESTION]), queries)


# --- the adapter's file -----------------------------------------------------------------------------


def small_adapter() -> dict[str, torch.Tensor]:
    import torch

    chance = torch.Generator().manual_seed(1)
    shapes = {"answer.weight": (2, 8), "answer.bias": (2,), "layer.A": (RANK, 8), "layer.B": (4, RANK)}
    return {name: torch.randn(*shape, generator=chance) for name, shape in shapes.items()}


@pytest.mark.parametrize("scale", [2.0, 0.5, 1 / 3])
def test_what_is_written_is_read(tmp_path: Path, scale: float) -> None:
    import torch

    tensors, file = small_adapter(), tmp_path / "reader.safetensors"
    tensors["layer.A"] = tensors["layer.A"].T.contiguous().T.requires_grad_()  # as training may hand it over
    sha256 = write_adapter(file, tensors, scale)
    assert sha256 == hashlib.sha256(file.read_bytes()).hexdigest()
    assert file.stat().st_mode & 0o777 == 0o644
    for found, found_scale in (read_adapter(file), read_adapter(file, sha256)):
        assert found_scale == scale
        assert found.keys() == tensors.keys()
        for name, tensor in found.items():
            assert tensor.dtype == torch.float16
            assert torch.equal(tensor, tensors[name].half())


def write_other(file: Path, about: dict[str, object] | None, *, without: str = "") -> None:
    from safetensors.torch import save_file

    metadata = None if about is None else {"haberci": json.dumps(about)}
    save_file({name: tensor for name, tensor in small_adapter().items() if name != without}, file, metadata)


def make_folder(file: Path) -> None:
    file.unlink()
    file.mkdir()


OWN: dict[str, object] = {"base": WEIGHTS_SHA256, "scale": 2.0}
DAMAGES: dict[str, tuple[Callable[[Path], object], str]] = {
    "missing": (Path.unlink, "No such file"),
    "directory": (make_folder, "directory"),
    "truncated": (lambda file: file.write_bytes(file.read_bytes()[:-10]), "no reader"),
    "truncated header": (lambda file: file.write_bytes(file.read_bytes()[:50]), "no reader"),
    "empty": (lambda file: file.write_bytes(b""), "no reader"),
    "text": (lambda file: file.write_text("<html>404: not found</html>" * 9), "no reader"),
    "zeros": (lambda file: file.write_bytes(bytes(999)), "no reader"),
    "other base": (lambda file: write_other(file, OWN | {"base": "0" * 64}), "another embedding model"),
    "no base": (lambda file: write_other(file, {"scale": 2.0}), "no reader"),
    "no scale": (lambda file: write_other(file, {"base": WEIGHTS_SHA256}), "no reader"),
    "odd scale": (lambda file: write_other(file, OWN | {"scale": "two"}), "no reader"),
    "nothing about it": (lambda file: write_other(file, None), "no reader"),
    "no answers": (lambda file: write_other(file, OWN, without="answer.weight"), "no reader"),
    "no bias": (lambda file: write_other(file, OWN, without="answer.bias"), "no reader"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_file_that_is_no_reader_is_refused(damage: str, tmp_path: Path) -> None:
    file = tmp_path / "reader.safetensors"
    write_adapter(file, small_adapter(), 2.0)
    change, reason = DAMAGES[damage]
    change(file)
    with pytest.raises(ReaderFileError) as caught:
        read_adapter(file)
    assert_mendable(caught.value, file, reason)


def test_a_file_with_another_hash_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "reader.safetensors"
    found = write_adapter(file, small_adapter(), 2.0)
    with pytest.raises(ReaderFileError) as caught:
        read_adapter(file, "0" * 64)
    assert_mendable(caught.value, file, found[:12])
    assert "0" * 12 in str(caught.value)
    # Checked before anything is parsed: whoever changed the file may have meant harm.
    file.write_text("no reader at all")
    with pytest.raises(ReaderFileError, match="SHA-256"):
        read_adapter(file, found)


def assert_mendable(error: ReaderFileError, file: Path, reason: str) -> None:
    """Both messages name the file, why it cannot be used, and the setting."""
    assert str(error) == error.message("en")
    assert error.message("en") != error.message("tr")
    assert reason in error.message("en")
    for language, said in (("en", "cannot be used"), ("tr", "kullanılamıyor")):
        message = error.message(language)
        assert said in message
        assert str(file) in message
        assert "HABERCI_READER" in message
        assert "'off'" in message
        assert "\n" not in message


# --- settings ---------------------------------------------------------------------------------------


def test_off_is_no_reader(embedder: Embedder, tiny_model: Path, tmp_path: Path, caplog: Any) -> None:
    with caplog.at_level(logging.DEBUG):
        assert open_reader(embedder, Settings.read(reader="off").reader) is None
        assert open_reader(Embedder(str(tiny_model), cache=tmp_path), "off") is None
    assert caplog.records == []


@pytest.mark.parametrize("name", ["packaged", "/some/reader.safetensors"])
def test_another_model_has_no_reader_and_that_is_said_once(
    tiny_model: Path, tmp_path: Path, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    embedder = Embedder(str(tiny_model), cache=tmp_path)
    with caplog.at_level(logging.DEBUG):
        assert open_reader(embedder, Settings.read(reader=name).reader) is None
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert str(tiny_model) in record.getMessage()
    assert not embedder.is_loaded


def test_the_packaged_reader_is_the_usual_one(cache_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HABERCI_READER", raising=False)
    embedder = Embedder(cache=cache_folder)
    assert Settings.read().reader == "packaged"
    for found in (open_reader(embedder, Settings.read().reader), open_reader(embedder)):
        assert isinstance(found, Reader)
        assert found._file.name == "reader.safetensors"
        assert found._sha256 == reader_module.READER_SHA256
        assert not found.is_loaded
    assert not embedder.is_loaded


def test_a_path_is_a_reader_of_ones_own(
    embedder: Embedder, adapter_file: Path, reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(adapter_file.parent))
    monkeypatch.setenv("HABERCI_READER", f"~/{adapter_file.name}")
    for name in (Settings.read(reader=str(adapter_file)).reader, Settings.read().reader):
        found = open_reader(embedder, name)
        assert found is not None
        assert_same(found.read(QUESTION, TEXTS), reader.read(QUESTION, TEXTS))


def test_a_path_that_leads_nowhere_is_said_when_reading(embedder: Embedder, tmp_path: Path) -> None:
    found = open_reader(embedder, Settings.read(reader=str(tmp_path / "gone")).reader)
    assert found is not None
    with pytest.raises(ReaderFileError, match="gone"):
        found.load()
