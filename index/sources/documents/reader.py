"""Reading documents safely: text here, everything else in a child process that may hang, crash or run out of memory."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self, cast

from index.errors import ArticleFileError
from index.sources.documents import messages
from index.sources.documents.decoding import decode
from index.sources.documents.document import MAX_FILE_BYTES, Document, DocumentError, limited, too_large
from index.sources.documents.sniffing import binary_kind, expected_kind, text_kind
from index.sources.documents.text import read_text

DEFAULT_TIMEOUT_S = 60.0
DEFAULT_MEMORY_BYTES = 1 << 30
# Importing the package takes half a second, on a busy machine with cold disks many times that.
START_TIMEOUT_S = 60.0
# What Python may need to start. Passwords and keys that stand in the environment are nothing for the child.
_PASSED_ON = {"PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "SYSTEMROOT", "TEMP", "TMP", "TMPDIR", "LANG", "LC_ALL",
              "PYTHONHOME", "VIRTUAL_ENV"}  # fmt: skip

_REASONS_TR = {
    errno.ENOENT: "böyle bir dosya yok",
    errno.EACCES: "okuma izni yok",
    errno.EPERM: "okuma izni yok",
    errno.EISDIR: "bu bir klasör",
    errno.ENAMETOOLONG: "adı çok uzun",
    errno.ELOOP: "bağlantılar birbirini gösteriyor",
}


def file_error(error: OSError) -> DocumentError:
    """Why the system does not give a file or a folder, in both languages."""
    reason = error.strerror or str(error)
    return DocumentError(reason, _REASONS_TR.get(error.errno or 0, reason))


def _load(path: Path) -> bytes:
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        if size > MAX_FILE_BYTES:
            raise too_large(size)
        return file.read(MAX_FILE_BYTES + 1)  # a pipe or a file that grows says no size


class DocumentReader:
    """Reads documents of every kind. Starts a child process with the first page, PDF or Word file, and keeps it.

    A document that takes longer than ``timeout_s`` seconds, or more than ``memory_bytes`` of memory, is refused.
    May be used by several threads, which wait for each other; call :meth:`close`, or use it in a ``with`` statement.
    """

    def __init__(self, *, timeout_s: float = DEFAULT_TIMEOUT_S, memory_bytes: int = DEFAULT_MEMORY_BYTES) -> None:
        if timeout_s <= 0 or memory_bytes <= 0:
            raise ValueError(f"timeout_s and memory_bytes must be above 0, not {timeout_s!r} and {memory_bytes!r}")
        self.timeout_s = timeout_s
        self.memory_bytes = memory_bytes
        self._lock = threading.Lock()
        self._child: _Child | None = None

    def read_file(self, path: Path) -> Document:
        """The document in a file. Raises :class:`~index.sources.documents.DocumentError`."""
        try:
            data = _load(path)
        except OSError as error:
            raise file_error(error) from error
        return self.read_bytes(data, name=path.name)

    def load(self, path: Path) -> bytes:
        """A file's bytes, for :meth:`read_bytes`.

        Raises FileNotFoundError when it has gone, :class:`~index.errors.ArticleFileError` when it is too large or
        cannot be read for another reason.
        """
        try:
            return _load(path)
        except FileNotFoundError:
            raise
        except (OSError, DocumentError) as error:
            reason = file_error(error) if isinstance(error, OSError) else error
            raise ArticleFileError(path=path, reason=reason.reason, reason_tr=reason.reason_tr) from error

    def read_bytes(
        self,
        data: bytes,
        *,
        name: str,
        content_type: str | None = None,
        charset: str | None = None,
        url: str | None = None,
    ) -> Document:
        """The document that ``data`` is.

        ``name`` is a file's name or an address. ``content_type`` and ``charset`` are what a server
        says of it, ``url`` where it came from. All are hints: the content decides. ``Document.url`` is ``url``, or
        the address that a page gives for itself (on the same host, when ``url`` is given).
        Raises :class:`~index.sources.documents.DocumentError`.
        """
        if not data:
            raise DocumentError("it is empty, it holds no text", "boş, içinde metin yok")
        if len(data) > MAX_FILE_BYTES:
            raise too_large(len(data))
        expected = expected_kind(name, content_type)
        package = binary_kind(data, expected)
        if package:
            return _at(url, self._ask(package, data, url))
        text = decode(data, charset or _charset(content_type), markup=expected == "html" or b"<html" in data[:1024])
        if text_kind(text, expected, content_type) == "html":
            return self._ask("html", text.encode("utf-8"), url)
        return limited(_at(url, read_text(text)))

    def close(self) -> None:
        """Ends the child process. A closed reader can be used again; it starts another."""
        with self._lock:
            self._discard()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _ask(self, kind: str, data: bytes, url: str | None) -> Document:
        request = {"kind": kind, "url": url, "timeout_s": self.timeout_s}
        with self._lock:
            is_fresh = self._child is None
            answer = self._exchange(request, data)
            if not is_fresh and (answer is None or "out_of_memory" in answer):
                answer = self._exchange(request, data)  # what came before it may be to blame
        if answer is None:
            raise DocumentError(
                "the library that reads it has crashed; the file may be damaged",
                "dosyayı okuyan kitaplık çöktü; dosya bozuk olabilir",
            )
        if "out_of_memory" in answer:
            megabytes = self.memory_bytes // 1_000_000
            raise DocumentError(
                f"reading it takes more than {megabytes} MB of memory",
                f"okumak için {megabytes} MB'den çok bellek gerekiyor",
            )
        return _document(answer)

    def _exchange(self, request: dict[str, Any], data: bytes) -> dict[str, Any] | None:
        """The child's answer; None when it died. A child that failed is gone afterwards."""
        if self._child is not None and not self._child.is_alive:
            self._discard()
        if self._child is None:
            self._child = _Child(self.memory_bytes)
        is_usable = False
        try:
            answer = self._child.exchange(request, data, self.timeout_s)
            is_usable = answer is not None and "out_of_memory" not in answer
        except _TimeoutError as error:
            raise DocumentError(
                f"reading it took longer than {self.timeout_s:g} s",
                f"okunması {self.timeout_s:g} saniyeden uzun sürdü",
            ) from error
        finally:  # also when Ctrl-C comes between question and answer
            if not is_usable:
                self._discard()
        return answer

    def _discard(self) -> None:
        child, self._child = self._child, None
        if child is not None:
            child.end()


class _TimeoutError(Exception):
    """The child has not answered in time, and is gone."""


class _Child:
    """One worker process. Not safe among threads. Raises DocumentError when it cannot be started."""

    def __init__(self, memory_bytes: int) -> None:
        # -P: a folder that the user happens to be in may hold a docx.py; -B: it writes nothing.
        command = [sys.executable, "-P", "-B", "-m", "index.sources.documents.worker", str(memory_bytes)]
        package_folder = str(Path(__file__).parents[2])
        environment = {name: value for name, value in os.environ.items() if name.upper() in _PASSED_ON} | {
            "PYTHONPATH": os.pathsep.join([*filter(None, sys.path), package_folder]),
            "OMP_NUM_THREADS": "1",
            "OPENBLAS_NUM_THREADS": "1",
        }
        try:
            self._process = subprocess.Popen(  # noqa: S603 - this interpreter and a module of this package
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment,
                creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
            )  # fmt: skip
        except OSError as error:
            raise _not_started(error.strerror or str(error)) from error
        self._input = cast("BinaryIO", self._process.stdin)
        self._output = cast("BinaryIO", self._process.stdout)
        is_ready = False
        try:
            is_ready = self._within(START_TIMEOUT_S, lambda: messages.receive(self._output)[0]) is not None
            if not is_ready:
                raise _not_started(f"exit code {self._process.wait()}")
        except _TimeoutError as error:
            raise _not_started(f"no answer within {START_TIMEOUT_S:g} s") from error
        finally:
            if not is_ready:
                self.end()

    @property
    def is_alive(self) -> bool:
        return self._process.poll() is None

    def exchange(self, request: dict[str, Any], data: bytes, timeout_s: float) -> dict[str, Any] | None:
        """The answer; None when the process ended instead. Raises :class:`_TimeoutError`."""

        def ask() -> dict[str, Any]:
            messages.send(self._input, request, data)
            return messages.receive(self._output)[0]

        return self._within(timeout_s, ask)

    def _within(self, timeout_s: float, talk: Callable[[], dict[str, Any]]) -> dict[str, Any] | None:
        """Pipes know no timeout on every system: the process is killed in time, which ends the talk."""
        expired = threading.Event()

        def expire() -> None:
            expired.set()
            self._process.kill()

        timer = threading.Timer(timeout_s, expire)
        timer.daemon = True
        timer.start()
        try:
            return talk()
        except (OSError, EOFError) as error:
            if expired.is_set():
                raise _TimeoutError from error
            return None
        finally:
            timer.cancel()
            timer.join()

    def end(self) -> None:
        """Ends the process, at once when it is at work."""
        self._process.kill()
        self._process.wait()
        for stream in (self._input, self._output):
            with contextlib.suppress(OSError):  # what could not be sent is still in the buffer
                stream.close()


def _not_started(reason: str) -> DocumentError:
    return DocumentError(
        f"the process that reads documents does not start ({reason}); see: python -m index.sources.documents.worker 1",
        f"belgeleri okuyan süreç başlamıyor ({reason}); bakın: python -m index.sources.documents.worker 1",
    )


def _document(answer: dict[str, Any]) -> Document:
    if "document" not in answer:
        raise DocumentError(answer["reason"], answer["reason_tr"])
    values = answer["document"]
    published = values.pop("published")
    return Document(**values, published=date.fromisoformat(published) if published else None)


def _at(url: str | None, document: Document) -> Document:
    return replace(document, url=url) if url else document


def _charset(content_type: str | None) -> str | None:
    """The charset in a content type such as ``text/html; charset=iso-8859-9``."""
    found = re.search(r"""charset\s*=\s*["']?([\w.:-]+)""", content_type or "", re.IGNORECASE)
    return found[1] if found else None
