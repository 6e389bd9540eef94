"""A language model's output, piece by piece, within a time limit, whatever the model does."""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Generator, Sequence

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import BaseMessage

MAX_CHARS = 4000
"""What is read of one answer; a model that does not stop is stopped."""

_log = logging.getLogger(__name__)


class GenerationError(Exception):
    """The model gave no (whole) answer. ``kind``: "late" or "failed"."""

    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        self.kind = kind


class _End:
    def __init__(self, error: BaseException | None = None) -> None:
        self.error = error


def generate(model: BaseChatModel, messages: Sequence[BaseMessage], timeout_s: float) -> Generator[str]:
    """The pieces of the model's answer to ``messages`` as they come.

    Closing the iterator stops the model. Raises :class:`GenerationError` when it fails, or has not ended after
    ``timeout_s`` seconds. What the model raised is logged by its class alone: its message may hold the prompt, an
    address or a key.
    """
    pieces: queue.Queue[str | _End] = queue.Queue()
    stopped = threading.Event()
    # A thread of its own, because a model that hangs cannot be interrupted; its client's timeout ends it later.
    threading.Thread(target=_run, args=(model, messages, pieces, stopped), name="haberci-llm", daemon=True).start()
    deadline = time.monotonic() + timeout_s
    read = 0
    try:
        while read < MAX_CHARS:
            try:
                piece = pieces.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                _log.warning("The language model was not done after %g s.", timeout_s)
                raise GenerationError("late") from None
            if isinstance(piece, _End):
                if piece.error is not None:
                    _log.warning("The language model failed: %s.", type(piece.error).__name__)
                    raise GenerationError("failed") from None
                return
            read += len(piece)
            yield piece
    finally:
        stopped.set()


def _run(
    model: BaseChatModel, messages: Sequence[BaseMessage], pieces: queue.Queue[str | _End], stopped: threading.Event
) -> None:
    error: BaseException | None = None
    try:
        stream = model.stream(list(messages))
        for chunk in stream:
            if stopped.is_set():
                break
            pieces.put(chunk.text)
    except BaseException as raised:  # noqa: BLE001 - whatever it is, the reader gets quotes
        error = raised
    pieces.put(_End(error))
