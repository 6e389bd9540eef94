"""Texts to vectors, with a sentence-transformers model that is loaded once, on first need."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np
import numpy.typing as npt

from index import packaged_model
from index.errors import ModelLoadError, ModelPrefixesMissingError
from index.settings import PACKAGED_MODEL

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

Vectors = npt.NDArray[np.float32]
Dtype = Literal["auto", "float32", "bfloat16"]

_WEIGHT_SUFFIXES = {".safetensors", ".bin", ".pt", ".pth", ".h5", ".onnx", ".msgpack"}
_SAMPLES, _SAMPLE_BYTES = 64, 1 << 16
_LONGEST_REASON = 200
_HUB_TIMEOUT_S = 15.0


@dataclass(frozen=True, slots=True)
class TokenVectors:
    """One text as the model reads it. ``vector``: of the whole text, float32, shape (dimension,), of length 1.
    ``tokens``: one for each token of the text itself, float32, shape (tokens, dimension). ``spans``: int64, shape
    (tokens, 2), the characters of the text that each token stands for. A model that does not show its tokens
    gives none."""

    vector: np.ndarray
    tokens: np.ndarray
    spans: np.ndarray


class Embedder:
    """Embeds queries and passages with one model, each kind with its own prefix. Safe to share among threads.

    ``model``: "packaged", a sentence-transformers folder, or a hub name. ``cache``: where the packaged model is
    unpacked. ``query_prefix`` and ``passage_prefix`` go before the model's own prompts "query" and "passage"
    (or "document"). ``dtype``: what the model computes in; "auto" is bfloat16 where the processor has it and
    float32 elsewhere. Vectors are float32 either way, and comparable (docs/model.md).

    Making an embedder loads nothing; the first thing asked of the model does. The packaged model and folders are
    loaded without the network.

    Loading raises :class:`~index.errors.ModelLoadError` or
    :class:`~index.errors.ModelPrefixesMissingError`; for the packaged model also what
    :func:`~index.packaged_model.packaged_model_folder` raises.
    """

    def __init__(
        self,
        model: str = PACKAGED_MODEL,
        *,
        cache: Path,
        query_prefix: str | None = None,
        passage_prefix: str | None = None,
        batch_size: int = 16,
        dtype: Dtype = "float32",
    ) -> None:
        if not isinstance(model, str) or not model.strip():
            raise ValueError(f"model must be 'packaged', a folder or a hub name, not {model!r}")
        if batch_size < 1:
            raise ValueError(f"batch_size must be at least 1, not {batch_size!r}")
        if dtype not in get_args(Dtype):
            raise ValueError(f"dtype must be one of {get_args(Dtype)}, not {dtype!r}")
        self.model = model
        self.cache = Path(cache)
        self.batch_size = batch_size
        self.dtype = dtype
        self._given_prefixes = (query_prefix, passage_prefix)
        self._loaded: SentenceTransformer | None = None
        self._prefixes: tuple[str, str] | None = None
        self._fingerprint: str | None = None
        self._load_lock = threading.RLock()
        # The tokenizer keeps its padding and truncation as state, so it serves one thread at a time. The forward
        # pass on a CPU only reads the weights: a question need not wait for a batch of passages.
        self._tokenizer_lock = threading.Lock()
        self._forward_guard: AbstractContextManager[Any] = nullcontext()

    # --- what the model is --------------------------------------------------------------------------

    @property
    def folder(self) -> Path | str:
        """The model's folder (the packaged model is unpacked when it is not yet), or its hub name."""
        if self.model == PACKAGED_MODEL:
            return packaged_model.packaged_model_folder(self.cache)
        path = Path(self.model).expanduser()
        if path.is_dir():
            return path
        if path.exists() or path.is_absolute() or self.model.startswith((".", "~")) or self.model.count("/") > 1:
            raise ModelLoadError(model=self.model, reason="there is no such folder")
        return self.model

    @property
    def is_loaded(self) -> bool:
        """Whether the model is in memory already."""
        return self._loaded is not None

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        dimension = self._transformer().get_embedding_dimension()
        if dimension is None:
            raise ModelLoadError(model=self.model, reason="it does not say how long its vectors are")
        return int(dimension)

    @property
    def max_tokens(self) -> int:
        """The most tokens the model reads, prefix and special tokens included; it cuts off what follows."""
        return int(self._transformer().max_seq_length or 512)

    @property
    def query_prefix(self) -> str:
        return self._resolved_prefixes()[0]

    @property
    def passage_prefix(self) -> str:
        return self._resolved_prefixes()[1]

    @property
    def fingerprint(self) -> str:
        """A name for what makes the vectors: model, revision of its weights, prefixes. Vectors of different
        fingerprints must not be compared. Needs no loading, except for a hub name."""
        with self._load_lock:
            if self._fingerprint is None:
                self._fingerprint = "|".join([self._revision(), *self._resolved_prefixes()])
            return self._fingerprint

    # --- what it does -------------------------------------------------------------------------------

    def load(self) -> None:
        """Load the model now (some seconds) rather than with the first text."""
        self._transformer()

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        """Vectors of questions: float32, shape (len(texts), dimension), each of length 1."""
        return self._encode(texts, self.query_prefix, None)

    def encode_passages(self, texts: Sequence[str], progress: Callable[[int], None] | None = None) -> Vectors:
        """Vectors of passages or sentences: float32, shape (len(texts), dimension), each of length 1.

        Texts of similar length share a batch, whatever their order. ``progress`` is called after each batch
        with the number of texts done so far.
        """
        return self._encode(texts, self.passage_prefix, progress)

    def encode_query_tokens(self, texts: Sequence[str]) -> list[TokenVectors]:
        """Questions with the vectors of their tokens, in one pass."""
        return self._encode_tokens(texts, self.query_prefix)

    def encode_passage_tokens(self, texts: Sequence[str]) -> list[TokenVectors]:
        """Passages with the vectors of their tokens, in one pass."""
        return self._encode_tokens(texts, self.passage_prefix)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """For each text, the tokens that the model would read of it as a passage if it read everything:
        the passage prefix and the special tokens count too, nothing is cut off."""
        _check_texts(texts)
        prefix, tokenizer = self.passage_prefix, self._transformer().tokenizer
        if not texts:
            return []
        with self._tokenizer_lock:
            encoded = tokenizer(
                [prefix + encodable(text) for text in texts],
                add_special_tokens=True,
                truncation=False,
                padding=False,
                return_attention_mask=False,
                verbose=False,
            )
        return [len(ids) for ids in encoded["input_ids"]]

    def piece_scores(self) -> dict[str, float]:
        """The tokenizer's pieces with their log-probabilities; empty for a tokenizer that is no unigram model."""
        backend = getattr(self._transformer().tokenizer, "backend_tokenizer", None)
        if backend is None or type(backend.model).__name__ != "Unigram":
            return {}
        with self._tokenizer_lock:
            model = json.loads(backend.to_str())["model"]
        return {piece: float(score) for piece, score in model["vocab"]}

    @contextmanager
    def tokenizer(self) -> Iterator[Any]:
        """The model's tokenizer, for the caller alone until it is given back."""
        found = self._transformer().tokenizer
        with self._tokenizer_lock:
            yield found

    def encoder(self) -> Any:
        """The transformer within the model (a torch module), whose weights must not be changed."""
        return self._transformer()[0].auto_model

    def _encode(self, texts: Sequence[str], prefix: str, progress: Callable[[int], None] | None) -> Vectors:
        _check_texts(texts)
        vectors = np.zeros((len(texts), self.dimension), dtype=np.float32)
        # Longest first: memory that does not suffice is found out at the start.
        order = sorted(range(len(texts)), key=lambda i: -len(texts[i]))
        for start in range(0, len(order), self.batch_size):
            batch = order[start : start + self.batch_size]
            vectors[batch] = self._forward([encodable(texts[i]) for i in batch], prefix)
            if progress is not None:
                progress(start + len(batch))
        return vectors

    def _encode_tokens(self, texts: Sequence[str], prefix: str) -> list[TokenVectors]:
        _check_texts(texts)
        found: dict[int, TokenVectors] = {}
        order = sorted(range(len(texts)), key=lambda i: -len(texts[i]))
        for start in range(0, len(order), self.batch_size):
            batch = order[start : start + self.batch_size]
            found.update(zip(batch, self._forward_tokens([encodable(texts[i]) for i in batch], prefix), strict=True))
        return [found[i] for i in range(len(texts))]

    def _forward_tokens(self, texts: list[str], prefix: str) -> list[TokenVectors]:
        import torch
        from sentence_transformers.util import batch_to_device

        model = self._transformer()
        with self._tokenizer_lock:
            features = model.preprocess(texts, prompt=prefix)
            spans = self._token_spans(texts, prefix)
        with self._forward_guard, torch.inference_mode():
            output = model(batch_to_device(features, model.device))
            whole = torch.nn.functional.normalize(output["sentence_embedding"].float(), p=2, dim=1).cpu().numpy()
            tokens = output["token_embeddings"].float().cpu().numpy() if "token_embeddings" in output else None
        if tokens is None or spans is None:
            no_tokens, no_spans = np.zeros((0, whole.shape[1]), np.float32), np.zeros((0, 2), np.int64)
            return [TokenVectors(vector, no_tokens, no_spans) for vector in whole]
        found = []
        for vector, rows, bounds in zip(whole, tokens, spans, strict=True):
            own = bounds[:, 1] > np.maximum(bounds[:, 0], 0)  # not the prefix, nor a special token
            found.append(TokenVectors(vector, rows[: len(bounds)][own], np.maximum(bounds[own], 0)))
        return found

    def _token_spans(self, texts: list[str], prefix: str) -> list[npt.NDArray[np.int64]] | None:
        """For each text, where each token stands in it, shape (tokens, 2); None when the tokenizer cannot tell."""
        tokenizer = self._transformer().tokenizer
        if not getattr(tokenizer, "is_fast", False):
            return None
        encoded = tokenizer(
            [prefix + text for text in texts], truncation=True, max_length=self.max_tokens, return_offsets_mapping=True
        )
        return [np.array(offsets, np.int64).reshape(-1, 2) - len(prefix) for offsets in encoded["offset_mapping"]]

    def _forward(self, texts: list[str], prefix: str) -> Vectors:
        import torch
        from sentence_transformers.util import batch_to_device

        model = self._transformer()
        with self._tokenizer_lock:
            features = model.preprocess(texts, prompt=prefix)
        with self._forward_guard, torch.inference_mode():
            output = model(batch_to_device(features, model.device))["sentence_embedding"]
            normalized = torch.nn.functional.normalize(output.float(), p=2, dim=1)
            vectors: Vectors = normalized.cpu().numpy()
        return vectors

    # --- loading ------------------------------------------------------------------------------------

    def _transformer(self) -> SentenceTransformer:
        if self._loaded is None:
            with self._load_lock:
                if self._loaded is None:
                    self._loaded = self._load()
        return self._loaded

    def _load(self) -> SentenceTransformer:
        source = self.folder
        # Read by the libraries when they are imported; a user's own setting stays.
        os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
        os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")  # else a later fork prints a warning
        try:
            with _quiet():
                model = _open_local(source) if isinstance(source, Path) else _open_hub_model(source)
        except Exception as error:  # a model's files can break in as many ways as there are libraries reading them
            raise ModelLoadError(model=self.model, reason=_short_reason(error, source)) from error
        model.eval()
        if self.dtype == "bfloat16" or (self.dtype == "auto" and has_native_bfloat16()):
            model.bfloat16()
        if self._prefixes is None:
            self._prefixes = self._choose_prefixes(model.prompts)
        if model.device.type != "cpu":
            self._forward_guard = threading.Lock()
        return model

    def _resolved_prefixes(self) -> tuple[str, str]:
        """(query prefix, passage prefix). A folder's are read from its own file, before anything is loaded."""
        with self._load_lock:
            if self._prefixes is None:
                if self.model == PACKAGED_MODEL:
                    prompts = {"query": packaged_model.QUERY_PREFIX, "passage": packaged_model.PASSAGE_PREFIX}
                    self._prefixes = self._choose_prefixes(prompts)
                elif None not in self._given_prefixes:
                    self._prefixes = self._choose_prefixes({})
                elif isinstance(source := self.folder, Path):
                    self._prefixes = self._choose_prefixes(_folder_prompts(source))
                else:
                    self._transformer()
            assert self._prefixes is not None
            return self._prefixes

    def _choose_prefixes(self, prompts: dict[str, Any]) -> tuple[str, str]:
        query, passage = self._given_prefixes
        own_query, own_passage = prompts.get("query"), prompts.get("passage") or prompts.get("document")
        # sentence-transformers gives every model empty prompts, so two empty ones say nothing.
        if (query is None or passage is None) and not own_query and not own_passage:
            raise ModelPrefixesMissingError(model=self.model)
        return (query if query is not None else own_query or "", passage if passage is not None else own_passage or "")

    def _revision(self) -> str:
        if self.model == PACKAGED_MODEL:
            return f"{packaged_model.MODEL_NAME}@{packaged_model.WEIGHTS_SHA256[:8]}"
        source = self.folder
        if isinstance(source, Path):
            return f"{source.resolve().name}@{_folder_hash(source)}"
        self._transformer()
        return f"{source}@{_hub_commit(source)}"


def _check_texts(texts: Sequence[str]) -> None:
    if isinstance(texts, str):
        raise ValueError(f"texts must be a list of texts, not one text: {texts[:60]!r}")


def encodable(text: str) -> str:
    """Lone surrogates, which no tokenizer takes, become U+FFFD."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def has_native_bfloat16() -> bool:
    """Whether the processor multiplies bfloat16 itself; where it does not, bfloat16 is slower than float32."""
    import torch

    return any(has for name, has in torch.cpu.get_capabilities().items() if name.endswith("bf16"))


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep progress bars and warnings of the loading libraries off the terminal, and put things back after."""
    from transformers.utils import logging as transformers_logging

    loggers = [logging.getLogger(name) for name in ("sentence_transformers", "transformers", "huggingface_hub")]
    levels = [logger.level for logger in loggers]
    had_bars = transformers_logging.is_progress_bar_enabled()
    for logger in loggers:
        logger.setLevel(logging.CRITICAL)
    transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
        if had_bars:
            transformers_logging.enable_progress_bar()  # type: ignore[no-untyped-call]


def _open_local(name: Path | str) -> SentenceTransformer:
    from sentence_transformers import SentenceTransformer

    return SentenceTransformer(str(name), local_files_only=True)


def _open_hub_model(name: str) -> SentenceTransformer:
    """From the local hub cache when it is there: no network, and the same revision as the last time."""
    from huggingface_hub import model_info
    from huggingface_hub.errors import HfHubHTTPError
    from sentence_transformers import SentenceTransformer

    try:
        return _open_local(_cached_folder(name))
    except (OSError, ValueError):  # not in the cache, or not all of it
        with suppress(HfHubHTTPError):  # an answer, be it a refusal; without one, loading would retry for a minute
            model_info(name, timeout=_HUB_TIMEOUT_S)
        return SentenceTransformer(name)


def _cached_folder(name: str) -> str:
    """Where the local hub cache holds the model; the name itself when it does not. By its name, transformers would ask
    the hub for adapters as soon as peft is installed."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError

    for repository in (name, f"sentence-transformers/{name}"):
        with suppress(LocalEntryNotFoundError, HFValidationError):
            return snapshot_download(repository, local_files_only=True)
    return name


def _short_reason(error: Exception, source: Path | str) -> str:
    """One line. The libraries' own texts run to a page and name hosts the user never asked for."""
    if isinstance(source, str) and _is_hub_error(error):
        return "it is neither in the local hub cache nor can it be downloaded from the hub"
    lines = [line.strip() for line in str(error).splitlines() if line.strip()] or [type(error).__name__]
    line = lines[0].rstrip(".:")
    return line if len(line) <= _LONGEST_REASON else line[: _LONGEST_REASON - 1] + "…"


def _is_hub_error(error: BaseException | None) -> bool:
    """Whether the network, or what the hub answered, is behind the error."""
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError, OfflineModeIsEnabled

    hub_errors = (HfHubHTTPError, LocalEntryNotFoundError, OfflineModeIsEnabled, ConnectionError, TimeoutError)
    while error is not None:
        if isinstance(error, hub_errors) or type(error).__module__.partition(".")[0] in ("httpx", "requests"):
            return True
        error = error.__cause__ or error.__context__
    return False


def _folder_prompts(folder: Path) -> dict[str, Any]:
    try:
        config = json.loads((folder / "config_sentence_transformers.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    prompts = config.get("prompts") if isinstance(config, dict) else None
    return prompts if isinstance(prompts, dict) else {}


def _folder_hash(folder: Path) -> str:
    """12 hexadecimal digits. Of weights, the size and samples spread over the file: training moves them all, and
    reading gigabytes at each start would be slow. Of the other files (configuration, tokenizer), everything."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder)
        if path.suffix.lower() == ".md" or any(part.startswith(".") for part in name.parts) or not path.is_file():
            continue
        size = path.stat().st_size
        digest.update(f"{name.as_posix()}\0{size}\0".encode())
        step = max(size // _SAMPLES, _SAMPLE_BYTES) if path.suffix.lower() in _WEIGHT_SUFFIXES else _SAMPLE_BYTES
        with path.open("rb") as file:
            for start in range(0, size, step):
                file.seek(start)
                digest.update(file.read(_SAMPLE_BYTES))
    return digest.hexdigest()[:12]


def _hub_commit(name: str) -> str:
    """The commit of the hub model in the local hub cache."""
    from huggingface_hub import try_to_load_from_cache

    for repository in (name, f"sentence-transformers/{name}"):
        for file in ("modules.json", "config.json"):
            found = try_to_load_from_cache(repository, file)
            if isinstance(found, str):
                return Path(found).parent.name
    return "unknown"
