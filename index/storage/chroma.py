"""Where Chroma keeps the vectors: in the library's folder, or on a server."""

from __future__ import annotations

import itertools
import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from index.errors import ChromaServerError, SettingsError

if TYPE_CHECKING:
    from chromadb.api import ClientAPI
    from chromadb.api.models.Collection import Collection

MAX_NEIGHBOURS = 300
# With fewer than are asked for, HNSW may return fewer; with twice as many, what it returns hardly depends on the order
# in which the vectors came.
EF_SEARCH = 2 * MAX_NEIGHBOURS

# SQLite, behind Chroma, takes 32,766 values in one statement.
MAX_FILTER_VALUES = 30_000

_serial = itertools.count(1)


@dataclass(frozen=True, slots=True)
class ChromaServer:
    """A Chroma server. ``url``: "http://host:port", or "https://api.trychroma.com/TENANT/DATABASE" for Chroma Cloud;
    never with a password in it. ``token`` is sent with every request and shown nowhere.

    Raises :class:`~index.errors.SettingsError` for an address that cannot be one.
    """

    url: str
    token: str | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        parts, problem = urlsplit(self.url), ""
        try:
            _ = parts.port
        except ValueError:
            problem = "its port is no number"
        if parts.scheme not in ("http", "https") or not parts.hostname:
            problem = "it must be an address such as http://localhost:8000"
        elif parts.username or parts.password:
            problem = "put the token in HABERCI_CHROMA_TOKEN, not in the address"
        elif len(self._path()) not in (0, 2):
            problem = "its path must be /TENANT/DATABASE, or nothing"
        if problem:
            shown = self.url.rpartition("@")[2]
            raise SettingsError(name="HABERCI_CHROMA", value=shown, reason=problem)

    def _path(self) -> list[str]:
        return [part for part in urlsplit(self.url).path.split("/") if part]

    @contextmanager
    def connect(self) -> Iterator[ClientAPI]:
        """A client for the server, closed with the block.

        Raises :class:`~index.errors.ChromaServerError` when the server does not answer, or not to us.
        """
        import chromadb
        from chromadb.config import Settings

        parts = urlsplit(self.url)
        assert parts.hostname is not None
        is_tls = parts.scheme == "https"
        tenant, database = self._path() or ("default_tenant", "default_database")
        # Servers differ in the header that they read.
        headers = {"Authorization": f"Bearer {self.token}", "X-Chroma-Token": self.token} if self.token else {}
        try:
            client = chromadb.HttpClient(
                host=parts.hostname,
                port=parts.port or (443 if is_tls else 8000),
                ssl=is_tls,
                headers=headers,
                settings=Settings(anonymized_telemetry=False),
                tenant=tenant,
                database=database,
            )
        except Exception as error:  # noqa: BLE001  # Chroma's, httpx's and ValueError for the same fault
            raise ChromaServerError(url=self.url, reason=self._without_token(error)) from None
        with closing(client):  # type: ignore[type-var]
            yield client

    def _without_token(self, error: BaseException) -> str:
        reason = " ".join(str(error).split())[:300]
        return reason.replace(self.token, "…") if self.token else reason


@contextmanager
def connect_folder(folder: Path) -> Iterator[ClientAPI]:
    """A client of its own for the Chroma files in ``folder``, which sees what they hold now; closed with the block.

    Chroma hands out one shared system for each spelling of a path, with whatever that system saw when it started. A
    spelling of its own gives every client a fresh one, and closing it disturbs nobody else. Chroma cannot open files
    that it may not write, so those are copied first.
    """
    import chromadb
    from chromadb.config import Settings

    with ExitStack() as stack:
        if folder.is_dir() and not _may_write(folder):
            copy = Path(stack.enter_context(TemporaryDirectory(prefix="haberci-"))) / folder.name
            shutil.copytree(folder, copy, copy_function=shutil.copyfile)
            folder = copy
        spelling = format(next(_serial), "b").replace("1", "/.").replace("0", "/")
        client = chromadb.PersistentClient(f"{folder}{spelling}", settings=Settings(anonymized_telemetry=False))
        stack.callback(client.close)  # type: ignore[attr-defined]
        yield client


def _may_write(folder: Path) -> bool:
    return os.access(folder, os.W_OK) and all(os.access(file, os.W_OK) for file in folder.glob("*.sqlite3"))


def open_collection(client: ClientAPI, name: str, *, create: bool) -> Collection:
    """``create``: for writers; a reader may come late to a generation that has just been dropped."""
    if not create:
        return client.get_collection(name, embedding_function=None)
    return client.get_or_create_collection(
        name, embedding_function=None, configuration={"hnsw": {"space": "cosine", "ef_search": EF_SEARCH}}
    )
