"""What every test may use: the real packaged model, unpacked once, and no network but loopback."""

from __future__ import annotations

import os
import socket
import tempfile
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest

from index.embedding import Embedder
from index.packaged_model import packaged_model_folder


@pytest.fixture(scope="session")
def cache_folder() -> Iterator[Path]:
    """A cache that holds the packaged model. HABERCI_TEST_CACHE names one to keep between runs; else it is
    removed at the end (pytest would keep three of them, half a gigabyte each)."""
    kept = os.environ.get("HABERCI_TEST_CACHE")
    with nullcontext(kept) if kept else tempfile.TemporaryDirectory(prefix="haberci-test-") as folder:
        packaged_model_folder(Path(folder))
        yield Path(folder)


@pytest.fixture(scope="session")
def embedder(cache_folder: Path) -> Embedder:
    """The real packaged model; loaded when a test first asks something of it."""
    return Embedder(cache=cache_folder)


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of another, very small model (16 dimensions, random weights), with E5's prompts."""
    from tests.tiny_model import make_tiny_model

    prompts = {"query": "query: ", "document": "passage: "}
    return make_tiny_model(tmp_path_factory.mktemp("models") / "tiny-model", prompts=prompts)


@pytest.fixture(scope="session", autouse=True)
def only_loopback() -> Iterator[list[object]]:
    """Tests open no connection but to this computer. Yields the addresses that were refused."""
    refused: list[object] = []
    connect, connect_ex, resolve = socket.socket.connect, socket.socket.connect_ex, socket.getaddrinfo

    def is_local(host: object) -> bool:
        return host in (None, "", b"", "localhost", b"localhost", "0.0.0.0", "::1") or str(host).startswith("127.")

    def check(host: object, address: object) -> None:
        if not is_local(host):
            refused.append(address)
            raise OSError(f"tests may not connect to {address!r}")

    def guarded_connect(self: socket.socket, address: Any) -> None:
        if self.family != getattr(socket, "AF_UNIX", None):
            check(address[0], address)
        return connect(self, address)

    def guarded_connect_ex(self: socket.socket, address: Any) -> int:
        if self.family != getattr(socket, "AF_UNIX", None):
            check(address[0], address)
        return connect_ex(self, address)

    def guarded_resolve(host: Any, *args: Any, **kwargs: Any) -> Any:
        check(host, host)
        return resolve(host, *args, **kwargs)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", guarded_connect)
        patch.setattr(socket.socket, "connect_ex", guarded_connect_ex)
        patch.setattr(socket, "getaddrinfo", guarded_resolve)
        yield refused
