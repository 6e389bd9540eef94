"""The embedder with real models: the packaged one, and a tiny one in the place of another."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import textwrap
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from index import embedding
from index.embedding import Embedder
from index.errors import ModelFileMissingError, ModelLoadError, ModelPrefixesMissingError
from tests.tiny_model import make_tiny_model

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

ROOT = Path(__file__).resolve().parent.parent
TEXTS = [
    "Toplantı Ankara'da yapıldı.",
    "The meeting took place in Ankara.",
    "Kar yağışı üç gün sürecek. " * 12,
    "Kısa.",
    "",
    "Snow will fall for three days, the weather service said on Monday. " * 9,
    "Maç berabere bitti.",
]


@pytest.fixture(scope="module")
def unprompted_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that does not say which prefixes it needs."""
    return make_tiny_model(tmp_path_factory.mktemp("models") / "unprompted")


# --- vectors ----------------------------------------------------------------------------------------


def test_shapes_and_lengths(embedder: Embedder) -> None:
    for encode in (embedder.encode_queries, embedder.encode_passages):
        vectors = encode(TEXTS)
        assert vectors.shape == (len(TEXTS), embedder.dimension) == (len(TEXTS), 384)
        assert vectors.dtype == np.float32
        assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
        nothing = encode([])
        assert nothing.shape == (0, 384)
        assert nothing.dtype == np.float32
    assert embedder.max_tokens == 512


def test_order_and_batches_change_nothing(embedder: Embedder, cache_folder: Path) -> None:
    one_by_one = np.vstack([embedder.encode_passages([text]) for text in TEXTS])
    in_batches = Embedder(cache=cache_folder, batch_size=3)
    in_batches._loaded = embedder._loaded  # the same weights: no need to load them twice
    assert np.allclose(in_batches.encode_passages(TEXTS), one_by_one, atol=1e-5)
    assert np.allclose(in_batches.encode_passages(TEXTS[::-1]), one_by_one[::-1], atol=1e-5)


def test_progress_says_how_many_are_done(tiny_model: Path, tmp_path: Path) -> None:
    done: list[int] = []
    Embedder(str(tiny_model), cache=tmp_path, batch_size=3).encode_passages(TEXTS, done.append)
    assert done == [3, 6, 7]


def test_queries_and_passages_differ(embedder: Embedder) -> None:
    queries, passages = embedder.encode_queries(TEXTS[:2]), embedder.encode_passages(TEXTS[:2])
    assert not np.allclose(queries, passages, atol=1e-2)


def test_the_same_sentence_in_the_other_language_is_nearest(embedder: Embedder) -> None:
    turkish = ["Deprem sabaha karşı oldu.", "Kupayı ev sahibi takım kazandı.", "Faiz oranı değişmedi."]
    english = ["The earthquake struck before dawn.", "The home team won the cup.", "The interest rate did not change."]
    similarity = embedder.encode_queries(english) @ embedder.encode_passages(turkish).T
    assert similarity.argmax(axis=1).tolist() == [0, 1, 2]


def test_long_text_is_cut_not_refused(embedder: Embedder) -> None:
    text = "Uzun bir haber metni. " * 400
    assert embedder.count_tokens([text])[0] > 1000
    assert np.isfinite(embedder.encode_passages([text])).all()


def test_lone_surrogates_are_read_as_unknown_letters(embedder: Embedder) -> None:
    broken, replaced = "a\ud83d b", "a\ufffd b"
    assert embedder.count_tokens([broken]) == embedder.count_tokens([replaced])
    assert np.array_equal(embedder.encode_passages([broken]), embedder.encode_passages([replaced]))


def test_half_precision_vectors_are_nearly_the_same(embedder: Embedder, cache_folder: Path) -> None:
    half = Embedder(cache=cache_folder, dtype="bfloat16")
    assert half.fingerprint == embedder.fingerprint
    vectors = half.encode_passages(TEXTS)
    assert vectors.dtype == np.float32
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert (vectors * embedder.encode_passages(TEXTS)).sum(axis=1).min() >= 0.999


def test_automatic_precision_follows_the_processor(tiny_model: Path, tmp_path: Path) -> None:
    import torch

    one = Embedder(str(tiny_model), cache=tmp_path, dtype="auto")
    expected = torch.bfloat16 if embedding.has_native_bfloat16() else torch.float32
    assert one._transformer().dtype == expected


def test_many_threads(embedder: Embedder) -> None:
    expected = {text: embedder.encode_queries([text]) for text in TEXTS}
    counts = embedder.count_tokens(TEXTS)
    passages = embedder.encode_passages(TEXTS)

    def work(i: int) -> bool:
        if i % 3 == 0:
            return np.allclose(embedder.encode_passages(TEXTS), passages, atol=1e-5)
        if i % 3 == 1:
            return embedder.count_tokens(TEXTS) == counts
        text = TEXTS[i % len(TEXTS)]
        return np.allclose(embedder.encode_queries([text]), expected[text], atol=1e-5)

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(work, range(48)))


def test_threads_load_once(tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    loads: list[Path | str] = []
    open_local = embedding._open_local

    def counted(name: Path | str) -> SentenceTransformer:
        loads.append(name)
        return open_local(name)

    monkeypatch.setattr(embedding, "_open_local", counted)
    shared = Embedder(str(tiny_model), cache=tmp_path)
    assert loads == []
    barrier = threading.Barrier(6)

    def work(_: int) -> int:
        barrier.wait()
        return len(shared.encode_queries(["a"])[0])

    with ThreadPoolExecutor(6) as pool:
        assert set(pool.map(work, range(6))) == {16}
    assert loads == [tiny_model]


# --- prefixes ---------------------------------------------------------------------------------------


def test_prefixes_of_the_model(embedder: Embedder, tiny_model: Path, tmp_path: Path) -> None:
    for one in (embedder, Embedder(str(tiny_model), cache=tmp_path)):
        assert (one.query_prefix, one.passage_prefix) == ("query: ", "passage: ")


def test_arguments_go_before_the_models_prefixes(tiny_model: Path, tmp_path: Path) -> None:
    one = Embedder(str(tiny_model), cache=tmp_path, query_prefix="soru: ")
    assert (one.query_prefix, one.passage_prefix) == ("soru: ", "passage: ")
    bare = Embedder(str(tiny_model), cache=tmp_path, query_prefix="", passage_prefix="")
    assert np.allclose(
        bare.encode_queries(["query: a"]), Embedder(str(tiny_model), cache=tmp_path).encode_queries(["a"])
    )
    assert bare.count_tokens(["abc"]) == [5]


@pytest.mark.parametrize("given", [{}, {"query_prefix": "q: "}, {"passage_prefix": "p: "}])
def test_a_model_without_prefixes(unprompted_model: Path, tmp_path: Path, given: dict[str, Any]) -> None:
    one = Embedder(str(unprompted_model), cache=tmp_path, **given)
    for use in (lambda: one.encode_queries(["a"]), lambda: one.fingerprint, one.load):
        with pytest.raises(ModelPrefixesMissingError, match="HABERCI_QUERY_PREFIX"):
            use()


def test_a_model_that_needs_no_prefixes(unprompted_model: Path, tmp_path: Path) -> None:
    one = Embedder(str(unprompted_model), cache=tmp_path, query_prefix="", passage_prefix="")
    assert np.allclose(one.encode_queries(["haber"]), one.encode_passages(["haber"]))


# --- fingerprints -----------------------------------------------------------------------------------


def test_fingerprints(cache_folder: Path, tiny_model: Path, tmp_path: Path) -> None:
    assert Embedder(cache=cache_folder).fingerprint == "multilingual-e5-small-q4@1571fc98|query: |passage: "
    tiny = Embedder(str(tiny_model), cache=tmp_path)
    assert tiny.fingerprint.startswith("tiny-model@")
    assert tiny.fingerprint.endswith("|query: |passage: ")
    assert tiny._loaded is None
    assert tiny.fingerprint != Embedder(str(tiny_model), cache=tmp_path, query_prefix="").fingerprint


def change_config(folder: Path) -> None:
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"hidden_act": "relu"}))


def change_weights(folder: Path) -> None:
    other = make_tiny_model(folder.with_name("other"), prompts={"query": "query: ", "document": "passage: "}, seed=1)
    shutil.copy(other / "model.safetensors", folder / "model.safetensors")


@pytest.mark.parametrize("change", [change_config, change_weights])
def test_a_changed_model_has_another_fingerprint(
    tiny_model: Path, tmp_path: Path, change: Callable[[Path], None]
) -> None:
    copied = tmp_path / "tiny-model"
    shutil.copytree(tiny_model, copied)
    (copied / "README.md").write_text("other words")
    before = Embedder(str(copied), cache=tmp_path).fingerprint
    assert before == Embedder(str(tiny_model), cache=tmp_path).fingerprint
    change(copied)
    assert before != Embedder(str(copied), cache=tmp_path).fingerprint


# --- what can go wrong ------------------------------------------------------------------------------


@pytest.mark.parametrize("model", ["", "  ", None])
def test_a_model_must_have_a_name(tmp_path: Path, model: object) -> None:
    with pytest.raises(ValueError, match="model must be"):
        Embedder(model, cache=tmp_path)  # type: ignore[arg-type]


def test_precision_must_be_known(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="not 'int8'"):
        Embedder(cache=tmp_path, dtype="int8")  # type: ignore[arg-type]


def test_batch_size_must_be_positive(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="not 0"):
        Embedder(cache=tmp_path, batch_size=0)


def test_one_text_is_not_a_list_of_texts(embedder: Embedder) -> None:
    for use in (embedder.encode_queries, embedder.encode_passages, embedder.count_tokens):
        with pytest.raises(ValueError, match="not one text"):
            use("Merhaba")


def test_making_an_embedder_does_no_work(tmp_path: Path) -> None:
    Embedder(cache=tmp_path / "cache")
    Embedder("/nowhere", cache=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_missing_weight_file_is_reported_as_such(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("index.packaged_model._installed_weights", lambda: tmp_path / "gone.bin")
    with pytest.raises(ModelFileMissingError, match=r"gone\.bin"):
        Embedder(cache=tmp_path).load()


@pytest.mark.parametrize("model", ["/nowhere/model", "./nowhere", "~/no/such/model", "a/b/c"])
def test_a_folder_that_is_not_there(tmp_path: Path, model: str) -> None:
    with pytest.raises(ModelLoadError, match="no such folder"):
        Embedder(model, cache=tmp_path).encode_queries(["a"])


def test_a_folder_that_is_no_model(tmp_path: Path) -> None:
    with pytest.raises(ModelLoadError) as raised:
        Embedder(str(tmp_path), cache=tmp_path, query_prefix="", passage_prefix="").load()
    assert "\n" not in str(raised.value)
    assert len(str(raised.value)) < 500


def test_a_model_whose_weights_are_damaged(tiny_model: Path, tmp_path: Path) -> None:
    copied = tmp_path / "tiny-model"
    shutil.copytree(tiny_model, copied)
    (copied / "model.safetensors").write_bytes(b"\x08\0\0\0\0\0\0\0nonsense")
    with pytest.raises(ModelLoadError) as raised:
        Embedder(str(copied), cache=tmp_path).load()
    assert "\n" not in str(raised.value)


def test_a_hub_that_cannot_be_reached(tmp_path: Path) -> None:
    with pytest.raises(ModelLoadError) as raised:
        Embedder("someone/no-such-model", cache=tmp_path).encode_queries(["a"])
    assert "neither in the local hub cache nor" in str(raised.value)
    assert "huggingface.co" not in str(raised.value)


# --- other processes: what is fixed when the libraries are imported -----------------------------------


def run_without_network(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run code in a process where opening any socket ends it."""
    blocked = """
        import socket, os
        def refuse(*args, **kwargs):
            os._exit(99)
        socket.socket.connect = socket.socket.connect_ex = socket.getaddrinfo = socket.create_connection = refuse
        from index.embedding import Embedder
    """
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(blocked) + textwrap.dedent(code)],
        cwd=ROOT,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=120,
    )


def test_no_network_and_nothing_printed(cache_folder: Path, tiny_model: Path) -> None:
    done = run_without_network(f"""
        from pathlib import Path
        cache = Path({str(cache_folder)!r})
        for model in ("packaged", {str(tiny_model)!r}):
            embedder = Embedder(model, cache=cache)
            embedder.encode_passages(["a " * 3000, "b"])
            embedder.count_tokens(["a " * 3000])
        if os.fork() == 0:
            embedder.count_tokens(["a"])
            os._exit(0)
        os.wait()
    """)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_a_hub_model_in_the_local_cache_needs_no_network(tiny_model: Path, tmp_path: Path) -> None:
    commit = "0123456789abcdef0123456789abcdef01234567"
    repository = tmp_path / "models--someone--tiny"
    shutil.copytree(tiny_model, repository / "snapshots" / commit)
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text(commit)
    code = """
        from pathlib import Path
        embedder = Embedder("someone/tiny", cache=Path("unused"))
        print(embedder.encode_queries(["a"]).shape, embedder.fingerprint)
    """
    done = run_without_network(code, HF_HUB_CACHE=str(tmp_path))
    assert done.stdout == f"(1, 16) someone/tiny@{commit}|query: |passage: \n", done.stderr


def test_libraries_are_left_as_they_were(tiny_model: Path, tmp_path: Path) -> None:
    import logging

    from transformers.utils import logging as transformers_logging

    before = logging.getLogger("transformers").level, transformers_logging.is_progress_bar_enabled()
    Embedder(str(tiny_model), cache=tmp_path).load()
    assert before == (logging.getLogger("transformers").level, transformers_logging.is_progress_bar_enabled())
