"""The child process that reads pages, PDFs and Word files; :mod:`index.sources.documents.reader` starts and ends it.

Run as ``python -m index.sources.documents.worker MEMORY_BYTES``: requests come on standard input, answers go to
standard output. It ends with its input, that is with its parent, and by itself when a request takes longer than its
limit.
What it reads may be hostile: it opens no connection, starts no process and writes no file.
"""

from __future__ import annotations

import contextlib
import logging
import os
import queue
import signal
import sys
import threading
from dataclasses import asdict
from pathlib import Path
from typing import Any, BinaryIO, NoReturn

from index.sources.documents.document import Document, DocumentError, limited
from index.sources.documents.messages import receive, send

# The parent kills earlier; this is for a parent that was killed itself.
GRACE_S = 5.0
_FORBIDDEN = ("socket.", "subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.fork", "urllib.Request")
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_TRUNC


def main() -> None:
    # What a library prints must not get between the answers.
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent
    logging.disable(logging.CRITICAL)
    _limit_memory(int(sys.argv[1]))
    sys.addaudithook(_forbid)
    requests: queue.SimpleQueue[tuple[dict[str, Any], bytes]] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(sys.stdin.buffer, requests), daemon=True).start()
    with contextlib.suppress(OSError):  # nobody listens any more
        send(answers, {"ready": True})
        while True:
            request, data = requests.get()
            _limit_time(request["timeout_s"] + GRACE_S)
            send(answers, _answer(request, data))
            _limit_time(0)


def _listen(stream: BinaryIO, requests: queue.SimpleQueue[tuple[dict[str, Any], bytes]]) -> NoReturn:
    """Requests, as they come; with the end of the stream the process ends, whatever it is doing."""
    with contextlib.suppress(EOFError, MemoryError):
        while True:
            requests.put(receive(stream))
    os._exit(0)


def _answer(request: dict[str, Any], data: bytes) -> dict[str, Any]:
    try:
        document = limited(_read(request["kind"], data, request["url"]))
    except DocumentError as error:
        return {"reason": error.reason, "reason_tr": error.reason_tr}
    except RecursionError:
        return {"reason": "its parts are nested too deep", "reason_tr": "bölümleri çok derin iç içe geçmiş"}
    except MemoryError:
        return {"out_of_memory": True}
    except Exception as error:  # noqa: BLE001 - hostile files make libraries raise anything
        name = type(error).__name__
        return {"reason": f"it is damaged ({name})", "reason_tr": f"bozuk ({name})"}
    values = asdict(document)
    values["published"] = document.published.isoformat() if document.published else None
    return {"document": values}


def _read(kind: str, data: bytes, url: str | None) -> Document:
    # Each library is loaded when it is first needed.
    if kind == "html":
        from index.sources.documents.html import read_html

        return read_html(data, url)
    if kind == "pdf":
        from index.sources.documents.pdf import read_pdf

        return read_pdf(data)
    from index.sources.documents.docx import read_docx

    return read_docx(data)


# --- limits -----------------------------------------------------------------------------------------


def _limit_memory(more_bytes: int) -> None:
    """At most so much more address space than now, where the system can say and limit it (Linux)."""
    try:
        import resource
    except ImportError:
        return
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        pages = int(Path("/proc/self/statm").read_text().split()[0])
        limit = pages * resource.getpagesize() + more_bytes
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


def _limit_time(seconds: float) -> None:
    """The process ends after so many seconds, even inside a library; 0 takes the limit back."""
    if hasattr(signal, "setitimer"):
        signal.setitimer(signal.ITIMER_REAL, seconds)


def _forbid(event: str, arguments: tuple[object, ...]) -> None:
    writes = event == "open" and isinstance(arguments[2], int) and arguments[2] & _WRITING
    if writes or event.startswith(_FORBIDDEN):
        raise PermissionError(f"{event} in a process that only reads documents")


if __name__ == "__main__":
    main()
