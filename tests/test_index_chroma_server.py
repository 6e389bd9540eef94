"""A Chroma server in the place of the folder: a real one, on loopback."""

from __future__ import annotations

import http.client
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import chromadb
import pytest
from fakes_index import make_article, open_index, run_process

from index import Index, Settings
from index.errors import ChromaServerError, IndexMismatchError, SettingsError
from index.storage.chroma import ChromaServer
from index.storage.manifest import read_manifest

QUESTION = "Who voted on the budget in Ankara?"
TOKEN = "gizli-anahtar"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running_chroma(folder: Path) -> Iterator[str]:
    port = free_port()
    command = [str(Path(sys.executable).with_name("chroma")), "run", "--host", "127.0.0.1", "--port", str(port),
               "--path", str(folder)]  # fmt: skip
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            deadline = time.monotonic() + 60
            while process.poll() is None and time.monotonic() < deadline:
                with socket.socket() as probe:
                    if probe.connect_ex(("127.0.0.1", port)) == 0:
                        break
                time.sleep(0.05)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(30)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running_chroma(tmp_path_factory.mktemp("server")) as url:
        yield url


def collections(url: str) -> set[str]:
    with ChromaServer(url).connect() as client:
        return {collection.name for collection in client.list_collections()}


def own_collections(index: Index, url: str) -> set[str]:
    manifest = read_manifest(index.folder)
    assert manifest is not None
    return {name for name in collections(url) if manifest.library in name}


def test_it_finds_what_the_folder_finds(server: str, tmp_path: Path) -> None:
    articles = [make_article(n) for n in range(12)]
    with open_index(tmp_path / "a", chroma=server) as remote, open_index(tmp_path / "b") as local:
        for index in (remote, local):
            index.add(articles)
            index.add([make_article(3, 1)])
            index.remove(["a5"])
        for question in (QUESTION, "Zebra?"):
            assert remote.search(question, k=50) == local.search(question, k=50)
        assert not list(remote.folder.glob("generation-*/chroma"))
        assert remote.check().is_well
        assert remote.status().chroma == server
        before = remote.search(QUESTION, k=50)
        remote.rebuild()
        assert remote.search(QUESTION, k=50) == before
        assert len(own_collections(remote, server)) == 2, "the old generation's are gone"


def test_two_libraries_on_one_server_do_not_mix(server: str, tmp_path: Path) -> None:
    with open_index(tmp_path / "a", chroma=server) as one, open_index(tmp_path / "b", chroma=server) as two:
        one.add([make_article(1)])
        two.add([make_article(2)])
        one.rebuild()
        assert [p.article_id for p in one.search(QUESTION)] == ["a1"]
        assert [p.article_id for p in two.search(QUESTION)] == ["a2"]


def test_other_processes_are_followed(server: str, tmp_path: Path) -> None:
    more = f"""
        import functools, fakes_index
        open_index = functools.partial(fakes_index.open_index, chroma={server!r})
    """
    with open_index(tmp_path / "a", chroma=server) as index:
        index.add([make_article(1), make_article(2)])
        assert {p.article_id for p in index.search(QUESTION)} == {"a1", "a2"}
        run_process("index.add([make_article(1, 5), make_article(3)]); index.remove(['a2'])", index.folder, more)
        found = {p.article_id: p.text for p in index.search(QUESTION)}
        assert set(found) == {"a1", "a3"}
        assert "version5x" in found["a1"]
        run_process("index.rebuild()", index.folder, more)
        assert {p.article_id for p in index.search(QUESTION)} == {"a1", "a3"}
        assert index.check().is_well


def test_a_writer_that_is_killed_is_cleaned_up_after(server: str, tmp_path: Path) -> None:
    more = f"""
        import functools, fakes_index
        open_index = functools.partial(fakes_index.open_index, chroma={server!r})
    """
    with open_index(tmp_path / "a", chroma=server) as index:
        index.add([make_article(1)])
        before = index.search(QUESTION)
        kill = "store.write_manifest = lambda *_: os.kill(os.getpid(), signal.SIGKILL)"
        code = f"from index.storage import store\n{kill}\nindex.add([make_article(n, 2) for n in range(10, 40)])"
        run_process(code, index.folder, more, returncode=-9)
        assert index.search(QUESTION) == before
        index.add([make_article(2)])
        assert index.check().is_well
        assert len(index) == 2


def test_moving_between_folder_and_server_is_a_rebuild(server: str, tmp_path: Path) -> None:
    with open_index(tmp_path / "a") as index:
        index.add([make_article(1), make_article(2)])
        before = index.search(QUESTION)
    with pytest.raises(IndexMismatchError, match="haberci rebuild"):
        open_index(tmp_path / "a", chroma=server)
    with open_index(tmp_path / "a", chroma=server, for_rebuild=True) as index:
        index.rebuild()
        assert index.search(QUESTION) == before
        assert not list(index.folder.glob("generation-*/chroma"))
    with open_index(tmp_path / "a", for_rebuild=True) as index:
        index.rebuild()
        assert index.search(QUESTION) == before


def test_a_server_that_is_not_there_or_goes_away_is_told(tmp_path: Path) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    with open_index(tmp_path / "a", chroma=url) as index:
        assert len(index) == 0, "opening asks nobody"
        for language, mend in (("en", "unset HABERCI_CHROMA"), ("tr", "ayarını kaldırın")):
            with pytest.raises(ChromaServerError) as caught:
                index.add([make_article(1)])
            assert url in caught.value.message(language)
            assert mend in caught.value.message(language)
    with running_chroma(tmp_path / "server") as running, open_index(tmp_path / "b", chroma=running) as index:
        index.add([make_article(1)])
        index.close()
    with pytest.raises(ChromaServerError):
        index.search(QUESTION)
    index.close()


@contextmanager
def asking_for_a_token(upstream: str) -> Iterator[tuple[str, list[str]]]:
    """A gate before a Chroma server that lets only those in who send the token."""
    host, port = upstream.removeprefix("http://").split(":")
    seen: list[str] = []

    class Gate(BaseHTTPRequestHandler):
        def forward(self) -> None:
            seen.append(self.headers.get("Authorization", ""))
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            if self.headers.get("Authorization") != f"Bearer {TOKEN}":
                self.send_response(401)
                self.end_headers()
                self.wfile.write(b'{"error": "Unauthorized", "message": "no token"}')
                return
            connection = http.client.HTTPConnection(host, int(port), timeout=30)
            connection.request(self.command, self.path, body, dict(self.headers))
            answer = connection.getresponse()
            content = answer.read()
            self.send_response(answer.status)
            self.send_header("Content-Type", answer.getheader("Content-Type") or "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)
            connection.close()

        do_GET = do_POST = do_PUT = do_DELETE = forward  # noqa: N815

        def log_message(self, *_: Any) -> None:
            return

    gate = ThreadingHTTPServer(("127.0.0.1", 0), Gate)
    thread = Thread(target=gate.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{gate.server_address[1]}", seen
    finally:
        gate.shutdown()
        gate.server_close()
        thread.join()


def test_the_token_is_passed_on_and_shown_nowhere(
    server: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with asking_for_a_token(server) as (url, seen):
        with open_index(tmp_path / "a", chroma=url, chroma_token=TOKEN) as index:
            index.add([make_article(1)])
            assert [p.article_id for p in index.search(QUESTION)] == ["a1"]
            assert set(seen) == {f"Bearer {TOKEN}"}
            assert TOKEN not in repr(index.settings)
            assert TOKEN not in (index.folder / "manifest.json").read_text(encoding="utf-8")
        with open_index(tmp_path / "b", chroma=url, chroma_token="falsch") as index:
            with pytest.raises(ChromaServerError) as caught:
                index.add([make_article(1)])
            assert "falsch" not in str(caught.value)
    assert TOKEN not in caplog.text


@pytest.mark.parametrize(
    "url",
    ["localhost:8000", "ftp://localhost", "http://", "http://u:geheim@localhost:8000", "http://localhost:99999",
     "http://localhost/only-one"],
)  # fmt: skip
def test_addresses_that_cannot_be_one(url: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as caught:
        open_index(tmp_path, chroma=url)
    assert "HABERCI_CHROMA" in str(caught.value)
    assert "geheim" not in str(caught.value)


def test_the_settings_come_from_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HABERCI_CHROMA", "https://api.trychroma.com/kiracı/haberler")
    monkeypatch.setenv("HABERCI_CHROMA_TOKEN", TOKEN)
    asked: list[dict[str, Any]] = []
    monkeypatch.setattr(
        chromadb, "HttpClient", lambda **values: asked.append(values) or (_ for _ in ()).throw(OSError("no"))
    )
    index = Index.open(tmp_path, settings=Settings.read(cache=tmp_path))
    server = index._store.server
    assert server is not None
    with pytest.raises(ChromaServerError), server.connect():
        pass
    (values,) = asked
    assert (values["host"], values["port"], values["ssl"]) == ("api.trychroma.com", 443, True)
    assert (values["tenant"], values["database"]) == ("kiracı", "haberler")
    assert values["headers"]["X-Chroma-Token"] == TOKEN
    for blank in ("", "folder"):
        monkeypatch.setenv("HABERCI_CHROMA", blank)
        assert Index.open(tmp_path, settings=Settings.read(cache=tmp_path))._store.server is None
