"""A language model from a GGUF file, run in this process by llama.cpp (package ``xllamacpp``).

A file is loaded once per process, whoever asks for it, and stays loaded. It answers one request at a time; others
wait. A request always runs as a stream in a thread of its own, because only a stream can be stopped.
"""

from __future__ import annotations

import atexit
import importlib
import os
import secrets
import socket
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models.chat_models import BaseChatModel, generate_from_stream
from langchain_core.messages import AIMessageChunk, BaseMessage, convert_to_openai_messages
from langchain_core.messages.ai import UsageMetadata
from langchain_core.outputs import ChatGenerationChunk, ChatResult
from pydantic import Field, PrivateAttr

from bot.errors import GgufFileError, LlmError, LlmPackageError, LlmTimeoutError

PREFIX = "gguf:"
MAX_TOKENS = 400
# Room for the prompt and the answer; the keys and values of a small model take 0.1 GB for it.
CONTEXT_TOKENS = 4096
# A request can be stopped between two parts of the prompt, and after every token.
_PROMPT_PART_TOKENS = 256
_MAGIC = b"GGUF"
# The name of a Unix socket may have so many bytes on every system.
_MAX_SOCKET_NAME_BYTES = 100
_SILENT = -1
# At exit, the longest that one part of a prompt should take.
_EXIT_TIMEOUT_S = 30.0


class GgufChatModel(BaseChatModel):
    """A LangChain chat model from a GGUF file. Safe to share among threads.

    ``path``: the file. ``max_tokens``: the longest answer. ``timeout_s``: how long the model may be silent. Making one
    does no work; the first question loads the file, or :meth:`load`. The likeliest token is taken each time, so that
    the same words get the same answer, but for close calls: what was asked before decides how much of the prompt is
    computed again, and rounding is not the same then. What is given to ``invoke`` or ``stream`` beside goes to
    llama.cpp as part of the request, such as ``max_tokens``, ``grammar`` or ``cache_prompt``.

    Raises :class:`~bot.errors.LlmError`, of the kind :class:`~bot.errors.GgufFileError` when the file is at fault.
    """

    path: Path
    max_tokens: int = Field(default=MAX_TOKENS, gt=0)
    timeout_s: float = Field(default=60.0, gt=0, allow_inf_nan=False)
    _file: _GgufFile | None = PrivateAttr(default=None)

    @property
    def is_loaded(self) -> bool:
        """Whether this model has found its file in memory, or loaded it."""
        return self._file is not None

    def load(self) -> None:
        """Load the file now rather than with the first question."""
        self._file = _open(self.path)

    @property
    def _llm_type(self) -> str:
        return "gguf"

    @property
    def _identifying_params(self) -> dict[str, Any]:
        return {"path": str(self.path), "max_tokens": self.max_tokens, "temperature": 0}

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        return generate_from_stream(self._stream(messages, stop, run_manager, **kwargs))

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        if self._file is None:
            self.load()
        assert self._file is not None
        request = {
            "messages": convert_to_openai_messages(messages, text_format="string"),
            "max_tokens": self.max_tokens,
            "stop": stop or [],
            **kwargs,
        }
        for piece in self._file.pieces(request, self.timeout_s):
            chunk = ChatGenerationChunk(message=_chunk_message(piece))
            if run_manager is not None and chunk.text:
                run_manager.on_llm_new_token(chunk.text, chunk=chunk)
            yield chunk


def _chunk_message(piece: dict[str, Any]) -> AIMessageChunk:
    """A piece of the answer, its end, or the count of its tokens."""
    if not piece["choices"]:
        usage = piece["usage"]
        counts = UsageMetadata(
            input_tokens=usage["prompt_tokens"],
            output_tokens=usage["completion_tokens"],
            total_tokens=usage["total_tokens"],
            input_token_details={"cache_read": usage.get("prompt_tokens_details", {}).get("cached_tokens", 0)},
        )
        return AIMessageChunk(content="", usage_metadata=counts, chunk_position="last")
    choice = piece["choices"][0]
    reason = choice.get("finish_reason")
    return AIMessageChunk(
        content=choice["delta"].get("content") or "",
        response_metadata={"finish_reason": reason, "model_name": piece["model"]} if reason else {},
    )


# --- the file in memory -----------------------------------------------------------------------------


class _GgufFile:
    """A loaded file and the requests that it is working on."""

    def __init__(self, path: Path) -> None:
        self._name = f"{PREFIX}{path}"
        self._server: Any = _start_server(path)
        self._running: dict[threading.Thread, threading.Event] = {}
        self._is_closed = False

    def pieces(self, request: dict[str, Any], timeout_s: float) -> Iterator[dict[str, Any]]:
        """What the server says to the request, as it comes. When nobody takes the rest, it stops."""
        said: SimpleQueue[dict[str, Any] | Exception | None] = SimpleQueue()
        is_unwanted = threading.Event()
        request = {
            "temperature": 0,
            "seed": 0,
            # The prompt's beginning that it shares with the last one need not be read again.
            "cache_prompt": True,
            **request,
            "stream": True,
            "stream_options": {"include_usage": True},
            "return_progress": True,
        }

        def take(piece: dict[str, Any]) -> bool:
            said.put(piece)
            return is_unwanted.is_set()

        def work() -> None:
            end: Exception | None
            try:
                self._server.handle_chat_completions(request, take)
                end = None
            except Exception as error:  # noqa: BLE001 - it is raised in the caller's thread
                end = error
            self._running.pop(thread, None)
            # At exit the caller is a thread that nobody waits for; it need not hear that there is no answer.
            if not self._is_closed:
                said.put(end)

        thread = threading.Thread(target=work, name="haberci-gguf", daemon=True)
        self._running[thread] = is_unwanted
        thread.start()
        try:
            yield from self._wanted(said, timeout_s)
        finally:
            is_unwanted.set()

    def _wanted(
        self, said: SimpleQueue[dict[str, Any] | Exception | None], timeout_s: float
    ) -> Iterator[dict[str, Any]]:
        is_finished = False
        while (piece := self._next(said, timeout_s)) is not None:
            if isinstance(piece, Exception):
                raise LlmError(name=self._name, reason=str(piece)) from piece
            if "error" in piece or "choices" not in piece:
                error = piece.get("error", piece)
                reason = error.get("message", error) if isinstance(error, dict) else error
                raise LlmError(name=self._name, reason=str(reason))
            choice = (piece["choices"] or [{}])[0]
            is_finished = is_finished or bool(choice.get("finish_reason"))
            # What else comes is how far the prompt has been read.
            if not piece["choices"] or choice.get("finish_reason") or choice["delta"].get("content"):
                yield piece
        if not is_finished:
            raise LlmError(name=self._name, reason="its answer broke off", reason_tr="yanıtı yarıda kesildi")

    def _next(
        self, said: SimpleQueue[dict[str, Any] | Exception | None], timeout_s: float
    ) -> dict[str, Any] | Exception | None:
        try:
            return said.get(timeout=timeout_s)
        except Empty:
            pass
        raise LlmTimeoutError(
            name=self._name,
            url="llama.cpp",
            reason=f"{timeout_s:g} s without a word",
            reason_tr=f"{timeout_s:g} saniye sessiz kaldı",
        )

    def close(self) -> None:
        """Stop all requests, and the server."""
        self._is_closed = True
        running = dict(self._running)
        for is_unwanted in running.values():
            is_unwanted.set()
        for thread in running:
            thread.join(_EXIT_TIMEOUT_S)
        if not any(thread.is_alive() for thread in running):
            self._server = None


_files: dict[Path, _GgufFile] = {}
_files_lock = threading.Lock()


def _open(path: Path) -> _GgufFile:
    path = _checked(path)
    with _files_lock:
        if path not in _files:
            if not _files:
                # A thread that still runs C++ while the interpreter goes away would bring the process down.
                atexit.register(_close_all)
            _files[path] = _GgufFile(path)
        return _files[path]


def _close_all() -> None:
    with _files_lock:
        for file in _files.values():
            file.close()
        _files.clear()


def _checked(path: Path) -> Path:
    """The file's own path, whichever way was taken to it. llama.cpp would only say that it failed."""
    try:
        path = path.expanduser().resolve()
        with path.open("rb") as file:
            begin = file.read(len(_MAGIC))
    except FileNotFoundError as error:
        raise GgufFileError(path=path, reason="there is no such file", reason_tr="böyle bir dosya yok") from error
    except (OSError, RuntimeError, ValueError) as error:
        # RuntimeError: there is no such home folder; ValueError: the path has a null in it.
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise GgufFileError(path=path, reason=reason) from error
    if begin != _MAGIC:
        raise GgufFileError(
            path=path, reason="it does not begin as a GGUF file does", reason_tr="GGUF dosyası gibi başlamıyor"
        )
    return path


# --- llama.cpp --------------------------------------------------------------------------------------


def _start_server(path: Path) -> Any:
    xllamacpp = _import_xllamacpp(path)
    params = xllamacpp.CommonParams()
    params.model.path = str(path)
    params.n_ctx = CONTEXT_TOKENS
    # Two at a time would halve the context of each, or take twice the memory, and be no faster together.
    params.n_parallel = 1
    params.n_batch = _PROMPT_PART_TOKENS
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = _physical_cores()
    # Else prompts of the past are kept in up to 8 GB of memory. The last one is kept in any case.
    params.cache_ram_mib = 0
    # A model that thinks aloud first would have no token left for the answer.
    params.enable_reasoning = 0
    # Tried with 2026.10: at this level llama.cpp writes nothing to stdout or stderr, not even when it fails.
    params.verbosity = _SILENT
    try:
        with _unreachable(params):
            return xllamacpp.Server(params)
    except Exception as error:
        raise GgufFileError(
            path=path,
            reason="llama.cpp cannot load it; it is damaged, of an unknown kind, or too large for the memory",
            reason_tr="llama.cpp yükleyemiyor; bozuk, bilinmeyen türden ya da belleğe sığmayacak kadar büyük",
        ) from error


@contextmanager
def _unreachable(params: Any) -> Iterator[None]:
    """Keep others from the server.

    The server cannot do without a listener: with the defaults it is 127.0.0.1 and a free port, with no host at all it
    crashes. So it listens on a Unix socket in a folder of ours, which is gone as soon as it has started: nobody can
    connect any more, and no port is open. Where there are no such sockets (Windows), it is a free port of 127.0.0.1
    and a key that nobody knows.
    """
    params.ui = params.endpoint_slots = False
    params.api_keys = [secrets.token_urlsafe(32)]
    with tempfile.TemporaryDirectory(prefix="haberci-") as folder:
        name = str(Path(folder, "llm.sock"))
        if hasattr(socket, "AF_UNIX") and len(os.fsencode(name)) <= _MAX_SOCKET_NAME_BYTES:
            params.hostnames = [name]
        else:
            params.hostnames, params.port = ["127.0.0.1"], 0
        yield


def _import_xllamacpp(path: Path) -> Any:
    try:
        with _short_spins():
            return importlib.import_module("xllamacpp")
    except ImportError as error:
        raise LlmPackageError(
            name=f"{PREFIX}{path}",
            package="xllamacpp",
            reason=str(error),
            command="pip install 'haberci[local-llm]'",
        ) from error


@contextmanager
def _short_spins() -> Iterator[None]:
    """Let OpenMP's threads wait for each other in short loops only; by default they are long.

    Where other work keeps a core busy, the long loops are most of what gets done: on two cores, one or both of them
    busy, a token took 200 to 4,800 ms, with short loops 70 to 250 ms; with nothing else to do it is 29 ms either way.
    OpenMP (libgomp, on Linux) reads this variable once, when it is loaded. It is torch's as well: where torch was
    imported first, this has no effect.
    """
    names = ("GOMP_SPINCOUNT", "OMP_WAIT_POLICY")
    if not sys.platform.startswith("linux") or any(name in os.environ for name in names):
        yield
        return
    os.environ[names[0]] = "1000"
    try:
        yield
    finally:
        os.environ.pop(names[0], None)


def _physical_cores() -> int:
    """How many cores this process may use; two threads on one core get in each other's way."""
    try:
        processors: Sequence[int] = sorted(os.sched_getaffinity(0))
    except AttributeError:
        return os.cpu_count() or 1
    siblings = "/sys/devices/system/cpu/cpu{}/topology/thread_siblings_list"
    try:
        return len({Path(siblings.format(number)).read_text(encoding="ascii") for number in processors})
    except OSError:
        return len(processors)
