"""A reader: which words of a passage answer a question, and whether any do.

The reader is the embedding model once more, with an adapter (of low rank, as in LoRA: Hu et al., 2021) merged into its
linear layers and two numbers for every token: how well an answer would begin there, and how well it would end there.
The first token, which stands for no text, stands for "no answer" (as in SQuAD 2.0: Rajpurkar et al., 2018). The word
embeddings, four fifths of the model, are the embedding model's own. How it was trained: docs/reader.md.
"""

from __future__ import annotations

import copy
import hashlib
import json
import logging
import threading
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from bot.errors import ReaderFileError
from index.embedding import Embedder, encodable, has_native_bfloat16
from index.packaged_model import WEIGHTS_SHA256
from index.settings import PACKAGED_MODEL

if TYPE_CHECKING:
    import torch

READER_FILE = "reader.safetensors"
READER_SHA256 = "40992471bbafda2742098a834e447983855d426ed9a832f869bccd2b9aebd437"
OFF, PACKAGED = "off", "packaged"

MAX_TOKENS = 512
# A question's rest is cut off, so that there is room for the text.
MAX_QUESTION_TOKENS = 128
# An answer is seldom longer, and one that is makes a poor highlight.
MAX_ANSWER_TOKENS = 40

# What may end an answer beside letters and digits.
_CLOSING = "%)°₺€$£²³+"
# What belongs to the figure after it.
_OPENING = "%₺€$£+-−"

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Reading:
    """What the reader makes of one question and one text, of ``n`` tokens.

    ``spans``: int64, shape (n, 2), the characters of the text that each token stands for. ``starts`` and ``ends``:
    float32, shape (n,), how well an answer begins or ends with it. ``none``: the same sum for "no answer".
    """

    spans: np.ndarray
    starts: np.ndarray
    ends: np.ndarray
    none: float

    def best(self, start: int, end: int) -> tuple[float, int, int] | None:
        """The best answer within ``text[start:end]``: its margin over "no answer", in natural logarithms of their
        odds, and its characters. None when the text was cut off before, or has no words there."""
        inside = np.flatnonzero((self.spans[:, 0] >= start) & (self.spans[:, 1] <= end))
        if not len(inside):
            return None
        sums = self.starts[inside][:, None] + self.ends[inside][None, :]
        reach = np.arange(len(inside))[None, :] - np.arange(len(inside))[:, None]
        sums = np.where((reach >= 0) & (reach < MAX_ANSWER_TOKENS), sums, -np.inf)
        first, last = np.unravel_index(int(sums.argmax()), sums.shape)
        margin = float(sums[first, last]) - self.none
        return margin, int(self.spans[inside[first], 0]), int(self.spans[inside[last], 1])


def whole_words(text: str, start: int, end: int) -> tuple[int, int]:
    """``text[start:end]`` without blanks and punctuation around it, and with the whole of the words that it cuts. An
    apostrophe ends a word: the suffix of a name is not the name."""
    while start < end and not _is_letter(text[start]):
        start += 1
    while end > start and not (_is_letter(text[end - 1]) or text[end - 1] in _CLOSING):
        end -= 1
    if start == end:
        return start, end
    while start > 0 and _is_letter(text[start - 1]):
        start -= 1
    while end < len(text) and _is_letter(text[end - 1]) and _is_letter(text[end]):
        end += 1
    if start > 0 and text[start - 1] in _OPENING and text[start].isdigit():
        start -= 1
    if text[end - 1] == ")" and "(" not in text[start:end]:
        end -= 1
    return start, end


def _is_letter(character: str) -> bool:
    """Or a digit, or a mark that belongs to a letter before it."""
    return character.isalnum() or bool(unicodedata.combining(character))


class Reader:
    """Reads passages for the answer to a question. Safe to share among threads.

    ``file``: the adapter; its SHA-256 must be ``sha256`` when that is given. Making a reader loads nothing; the first
    text does, and raises :class:`~bot.errors.ReaderFileError` when the file is not what it should be.
    """

    def __init__(self, embedder: Embedder, file: Path, sha256: str | None = None) -> None:
        self._embedder = embedder
        self._file = file
        self._sha256 = sha256
        self._lock = threading.Lock()
        self._made: _Model | None = None

    @property
    def is_loaded(self) -> bool:
        """Whether the adapter is in memory already."""
        return self._made is not None

    def load(self) -> None:
        """Load the embedding model and the adapter now rather than with the first text."""
        self._model()

    def read(self, question: str, texts: Sequence[str]) -> list[Reading]:
        """What the reader makes of the question with each text, all in one pass."""
        return self.read_pairs([question] * len(texts), texts)

    def read_pairs(self, questions: Sequence[str], texts: Sequence[str]) -> list[Reading]:
        """The same for as many questions as texts, each with its own."""
        if not texts:
            return []
        model = self._model()
        with self._embedder.tokenizer() as tokenizer:
            pairs = encode_pairs(tokenizer, self._embedder.query_prefix, questions, texts)
            ids, mask = pad(pairs.ids, tokenizer.pad_token_id)
        readings = []
        for row, spans, first in zip(model.scores(ids, mask), pairs.spans, pairs.first, strict=True):
            own = row[first : first + len(spans)]
            readings.append(Reading(spans, own[:, 0], own[:, 1], float(row[0].sum())))
        return readings

    def _model(self) -> _Model:
        with self._lock:
            if self._made is None:
                tensors, scale = read_adapter(self._file, self._sha256)
                try:
                    self._made = _Model(merge(self._embedder.encoder(), tensors, scale), tensors)
                except (AttributeError, KeyError, RuntimeError) as error:
                    # A layer that the model does not have, or in another size.
                    raise _no_reader(self._file, error) from error
            return self._made


def open_reader(embedder: Embedder, name: str = PACKAGED) -> Reader | None:
    """The reader of this name: the packaged one, one from a file, or None when it is "off".

    The packaged reader belongs to the packaged model: with another one there is none, which is logged once.
    """
    if name == OFF:
        return None
    if embedder.model != PACKAGED_MODEL:
        _log.warning("The reader belongs to the packaged model; with the model %r it is off.", embedder.model)
        return None
    if name != PACKAGED:
        return Reader(embedder, Path(name).expanduser())
    with resources.as_file(resources.files("bot").joinpath("data", READER_FILE)) as file:
        return Reader(embedder, file, READER_SHA256)


# --- the model --------------------------------------------------------------------------------------


class _Model:
    """The encoder with the adapter in it, and the layer that scores its tokens."""

    def __init__(self, encoder: Any, tensors: Mapping[str, torch.Tensor]) -> None:
        self._encoder = encoder
        self._weight = tensors["answer.weight"].float().to(encoder.device)
        self._bias = tensors["answer.bias"].float().to(encoder.device)
        self._is_halved = _reads_in_bfloat16(encoder)

    def scores(self, ids: torch.Tensor, mask: torch.Tensor) -> np.ndarray:
        """Float32, shape (texts, tokens, 2)."""
        import torch

        device = self._encoder.device
        with torch.inference_mode(), torch.autocast(device.type, torch.bfloat16, enabled=self._is_halved):
            hidden = self._encoder(input_ids=ids.to(device), attention_mask=mask.to(device)).last_hidden_state
        with torch.inference_mode():
            scores: np.ndarray = (hidden.float() @ self._weight.T + self._bias).cpu().numpy()
        return scores


def merge(encoder: Any, tensors: Mapping[str, torch.Tensor], scale: float) -> Any:
    """A copy of ``encoder`` with the adapter in it, which shares every weight that the adapter does not change."""
    import torch

    # What deepcopy finds in the memo it takes as it is.
    copied = copy.deepcopy(encoder, {id(weight): weight for weight in encoder.parameters()})
    dtype = torch.bfloat16 if _reads_in_bfloat16(encoder) else None
    with torch.no_grad():
        for name, factor in tensors.items():
            if name.endswith(".A"):
                layer = copied.get_submodule(name.removesuffix(".A"))
                change = tensors[name.removesuffix("A") + "B"].float() @ factor.float() * scale
                merged = layer.weight.float() + change.to(layer.weight.device)
                layer.weight = torch.nn.Parameter(merged.to(dtype or layer.weight.dtype), requires_grad=False)
    return copied


def _reads_in_bfloat16(encoder: Any) -> bool:
    """Reading several passages must not take longer than all the rest; bfloat16 halves it. Embeddings keep the
    precision of the setting because they are stored and compared; a reading is used at once."""
    return encoder.device.type != "cpu" or has_native_bfloat16()


@dataclass(frozen=True, slots=True)
class Pairs:
    """Questions, each with a text, as the model takes them. ``ids[i]``: token ids, int64; ``spans[i]``: what each
    token of the text stands for, int64, shape (n, 2); ``first[i]``: the place of its first token in ``ids[i]``."""

    ids: list[np.ndarray]
    spans: list[np.ndarray]
    first: list[int]


def encode_pairs(tokenizer: Any, prefix: str, questions: Sequence[str], texts: Sequence[str]) -> Pairs:
    """``<s> PREFIX QUESTION </s></s> TEXT </s>``; a text too long for the model is cut off."""
    asked = [prefix + encodable(question) for question in questions]
    ends = tokenizer(asked, truncation=True, max_length=MAX_QUESTION_TOKENS, return_offsets_mapping=True,
                     add_special_tokens=False, verbose=False)["offset_mapping"]  # fmt: skip
    encoded = tokenizer(
        [question[: offsets[-1][1]] for question, offsets in zip(asked, ends, strict=True)],
        list(texts),
        truncation="only_second",
        max_length=MAX_TOKENS,
        padding=False,
        return_offsets_mapping=True,
        return_attention_mask=False,
    )
    pairs = Pairs([], [], [])
    for number, text in enumerate(texts):
        ids = encoded["input_ids"][number]
        places = [place for place, part in enumerate(encoded.sequence_ids(number)) if part == 1]
        first = places[0] if places else len(ids)
        offsets = encoded["offset_mapping"][number][first : first + len(places)]
        pairs.ids.append(np.array(ids, np.int64))
        pairs.spans.append(np.array([_without_space(text, *span) for span in offsets], np.int64).reshape(-1, 2))
        pairs.first.append(first)
    return pairs


def _without_space(text: str, start: int, end: int) -> tuple[int, int]:
    """A token may begin with the space before its word."""
    while start < end and text[start].isspace():
        start += 1
    return start, end


def pad(ids: Sequence[np.ndarray], padding: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Token ids and attention mask, int64, both of shape (texts, longest)."""
    import torch

    longest = max(len(each) for each in ids)
    tokens = torch.full((len(ids), longest), padding, dtype=torch.int64)
    mask = torch.zeros((len(ids), longest), dtype=torch.int64)
    for row, each in enumerate(ids):
        tokens[row, : len(each)] = torch.from_numpy(each)
        mask[row, : len(each)] = 1
    return tokens, mask


# --- the adapter's file -----------------------------------------------------------------------------


def write_adapter(file: Path, tensors: Mapping[str, torch.Tensor], scale: float) -> str:
    """Write an adapter in half precision; its SHA-256. ``tensors``: ``LAYER.A`` (rank, in) and ``LAYER.B`` (out, rank)
    for every layer that it changes, ``answer.weight`` (2, hidden), ``answer.bias`` (2). A layer's weight grows by
    ``scale * B @ A``."""
    import torch
    from safetensors.torch import save_file

    held = {name: tensor.detach().to(torch.float16).contiguous() for name, tensor in tensors.items()}
    # One entry: safetensors writes several in an order of its own, and the file would have another SHA-256 each time.
    save_file(held, file, {"haberci": json.dumps({"base": WEIGHTS_SHA256, "scale": scale})})
    file.chmod(0o644)
    return hashlib.sha256(file.read_bytes()).hexdigest()


def _no_reader(file: Path, error: Exception) -> ReaderFileError:
    what = str(error) or type(error).__name__
    return ReaderFileError(
        path=file, reason=f"it is no reader of this model ({what})", reason_tr=f"bu modelin okuyucusu değil ({what})"
    )


def read_adapter(file: Path, sha256: str | None = None) -> tuple[dict[str, torch.Tensor], float]:
    """Tensors and scale of an adapter. Raises :class:`~bot.errors.ReaderFileError` when it is not there, damaged, or
    made for other weights."""
    from safetensors import SafetensorError
    from safetensors.torch import load

    try:
        data = file.read_bytes()
    except OSError as error:
        raise ReaderFileError(path=file, reason=error.strerror or str(error)) from error
    found = hashlib.sha256(data).hexdigest()
    if sha256 is not None and found != sha256:
        raise ReaderFileError(
            path=file,
            reason=f"its SHA-256 begins with {found[:12]}, not with {sha256[:12]}",
            reason_tr=f"SHA-256 özeti {sha256[:12]} ile değil {found[:12]} ile başlıyor",
        )
    try:
        tensors = load(data)
        header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])["__metadata__"]
        about = json.loads(header["haberci"])
        base, scale = about["base"], float(about["scale"])
        shape = (2, tensors["answer.weight"].shape[1])
        if tensors["answer.weight"].shape != shape or tensors["answer.bias"].shape != shape[:1]:
            raise ValueError("it does not score two numbers a token")
    except (SafetensorError, ValueError, KeyError) as error:
        raise _no_reader(file, error) from error
    if base != WEIGHTS_SHA256:
        raise ReaderFileError(
            path=file,
            reason="it was made for another embedding model",
            reason_tr="başka bir gömme modeli için yapılmış",
        )
    return tensors, scale
