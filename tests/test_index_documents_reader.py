"""The child process that reads documents: its limits, its deaths, its end; and nothing of it for plain text."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from index.articles import read_article, read_articles
from index.errors import ArticleFileError
from index.sources.documents import MAX_FILE_BYTES, MAX_TEXT_CHARS, Document, DocumentError, DocumentReader, messages
from index.sources.documents.worker import GRACE_S
from index.types import Article
from tests.document_files import column, drawn, packed, page, raw_word, typeset

ROOT = Path(__file__).parent.parent
MORE = "Valilik, okulların iki gün boyunca kapalı kalacağını ve yolların açık tutulacağını duyurdu."
PAGE = page(f"<p>{MORE}</p>")
RUN = "<w:p><w:r><w:t>{}</w:t></w:r></w:p>"
FONT = b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>"
# Takes a minute to read, for a reason that is no error: very many words on each of its pages.
WORDS = packed(b"BT /F 12 Tf 50 700 Td " + b"(a) Tj " * 600_000)
LONG = drawn(WORDS, resources=b"/Font<</F 5 0 R>>", more=[FONT], pages=50)

needs_posix = pytest.mark.skipif(os.name != "posix", reason="signals and /proc")


@pytest.fixture
def reader() -> Iterator[DocumentReader]:
    with DocumentReader() as opened:
        yield opened


@pytest.fixture(scope="module")
def shared() -> Iterator[DocumentReader]:
    """For documents that do the child no harm."""
    with DocumentReader() as opened:
        yield opened


def why(reader: DocumentReader, data: bytes, name: str) -> str:
    with pytest.raises(DocumentError) as caught:
        reader.read_bytes(data, name=name)
    assert caught.value.reason_tr
    return caught.value.reason


def child_of(reader: DocumentReader) -> int | None:
    """The id of the child process."""
    return reader._child._process.pid if reader._child else None


def is_there(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def wait_until(condition: Callable[[], bool], timeout_s: float = 10.0) -> bool:
    end = time.monotonic() + timeout_s
    while not condition() and time.monotonic() < end:
        time.sleep(0.02)
    return condition()


# --- one child for all ------------------------------------------------------------------------------


def test_text_needs_no_process_and_the_rest_share_one(reader: DocumentReader) -> None:
    reader.read_bytes(MORE.encode(), name="a.txt")
    assert child_of(reader) is None
    reader.read_bytes(PAGE, name="a.html")
    first = child_of(reader)
    assert first is not None
    for data in (typeset([column([MORE])]), raw_word(RUN.format(MORE)), PAGE):
        assert reader.read_bytes(data, name="a").text == MORE
    assert child_of(reader) == first
    reader.close()
    assert child_of(reader) is None
    assert reader.read_bytes(PAGE, name="a.html").text == MORE, "a closed reader can be used again"


def test_eight_threads_get_each_their_own_document(shared: DocumentReader) -> None:
    def read(number: int) -> tuple[str, str]:
        text = f"{number}. haber: {MORE}"
        kinds = [page(f"<p>{text}</p>"), typeset([column([text])]), raw_word(RUN.format(text))]
        return shared.read_bytes(kinds[number % 3], name="a").text, text

    with ThreadPoolExecutor(8) as threads:
        for got, expected in threads.map(read, range(80)):
            assert got == expected


def test_the_child_loads_no_model_and_no_database_and_may_not_reach_out(tmp_path: Path) -> None:
    code = f"""
import sys
from index.sources.documents import worker
for kind, data in (("html", {PAGE!r}), ("pdf", {typeset([column([MORE])])!r})):
    print(worker._read(kind, data, None).text == {MORE!r})
print(sorted({{"torch", "chromadb", "transformers", "gradio", "tantivy"}} & set(sys.modules)))
sys.addaudithook(worker._forbid)
import socket, subprocess
for forbidden in (lambda: socket.create_connection(("127.0.0.1", 9)), lambda: subprocess.run(["true"]),
                  lambda: open("new", "w"), lambda: open("new", "ab"), lambda: socket.getaddrinfo("localhost", 1)):
    try:
        forbidden()
    except PermissionError as error:
        print(type(error).__name__)
"""
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-B", "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.split("\n") == ["True", "True", "[]", *["PermissionError"] * 5, ""]
    assert list(tmp_path.iterdir()) == []


def test_a_module_in_the_current_folder_is_not_mistaken_for_a_library(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reader: DocumentReader
) -> None:
    for name in ("lxml", "trafilatura", "pypdf", "index", "json"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit(1)")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OPENAI_API_KEY", "gizli")
    assert reader.read_bytes(PAGE, name="a.html").text == MORE
    if sys.platform == "linux":
        assert b"gizli" not in Path(f"/proc/{child_of(reader)}/environ").read_bytes()


def test_a_child_that_cannot_start_is_an_error_with_a_mend(
    reader: DocumentReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", "/no/such/python")
    assert "does not start" in why(reader, PAGE, "a.html")
    monkeypatch.setattr(sys, "executable", "/bin/true")
    assert "exit code 0" in why(reader, PAGE, "a.html")
    monkeypatch.undo()
    assert reader.read_bytes(PAGE, name="a.html").text == MORE


@pytest.mark.parametrize("wrong", [{"timeout_s": 0}, {"timeout_s": -1}, {"memory_bytes": 0}])
def test_limits_must_be_above_zero(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="above 0"):
        DocumentReader(**wrong)  # type: ignore[arg-type]


# --- time, memory, death ----------------------------------------------------------------------------


def test_a_document_that_takes_too_long_is_given_up_and_the_next_is_read() -> None:
    with DocumentReader(timeout_s=3) as reader:
        reader.read_bytes(PAGE, name="a.html")
        first, start = child_of(reader), time.monotonic()
        assert why(reader, LONG, "a.pdf") == "reading it took longer than 3 s"
        assert time.monotonic() - start < 10
        assert child_of(reader) is None
        assert reader.read_bytes(PAGE, name="a.html").text == MORE
        assert child_of(reader) != first
    assert first is not None
    assert not is_there(first)


@pytest.mark.skipif(sys.platform != "linux", reason="the limit is Linux's")
def test_a_document_that_takes_too_much_memory_is_given_up_and_the_next_is_read() -> None:
    with DocumentReader(memory_bytes=150_000_000) as reader:
        many = b"<html><body>" + b"<p>a</p>" * 2_000_000
        assert why(reader, many, "a.html") == "reading it takes more than 150 MB of memory"
        assert reader.read_bytes(PAGE, name="a.html").text == MORE


@needs_posix
@pytest.mark.parametrize("blow", [signal.SIGKILL, signal.SIGSEGV])
def test_a_child_that_dies_between_documents_is_not_missed(reader: DocumentReader, blow: signal.Signals) -> None:
    for _ in range(3):
        reader.read_bytes(PAGE, name="a.html")
        child = child_of(reader)
        assert child is not None
        os.kill(child, blow)
        assert reader.read_bytes(PAGE, name="a.html").text == MORE
        assert child_of(reader) != child


@needs_posix
def test_a_document_that_kills_the_child_each_time_is_refused(reader: DocumentReader) -> None:
    killed: set[int] = set()
    done = threading.Event()

    def kill() -> None:
        while not done.is_set():
            child = child_of(reader)
            if child is not None and child not in killed:
                time.sleep(0.2)
                killed.add(child)
                os.kill(child, signal.SIGSEGV)
            time.sleep(0.01)

    reader.read_bytes(PAGE, name="a.html")
    killer = threading.Thread(target=kill)
    killer.start()
    try:
        assert "crashed; the file may be damaged" in why(reader, LONG, "a.pdf")
    finally:
        done.set()
        killer.join()
    assert len(killed) == 2, "an older child may have been to blame, a new one was not"
    assert reader.read_bytes(PAGE, name="a.html").text == MORE


@needs_posix
@pytest.mark.parametrize("at_work", [False, True])
def test_the_child_ends_with_its_parent(at_work: bool) -> None:
    code = f"""
import os, threading, time
from index.sources.documents import DocumentReader
from tests import test_index_documents_reader as here
reader = DocumentReader()
reader.read_bytes(here.PAGE, name="a.html")
print(here.child_of(reader), flush=True)
if {at_work}:
    threading.Thread(target=reader.read_bytes, args=(here.LONG,), kwargs={{"name": "a.pdf"}}).start()
    time.sleep(0.5)
os.kill(os.getpid(), 9)
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr
    child = int(done.stdout)
    assert wait_until(lambda: not is_there(child)), "it is still there"


@needs_posix
def test_the_child_ends_by_itself_when_nobody_ends_it() -> None:
    command = [sys.executable, "-m", "index.sources.documents.worker", "1000000000"]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        assert messages.receive(child.stdout) == ({"ready": True}, b"")
        request = {"kind": "pdf", "url": None, "timeout_s": 0.5 - GRACE_S}
        messages.send(child.stdin, request, LONG)
        assert child.wait(timeout=10) == -signal.SIGALRM


@needs_posix
def test_an_interrupted_question_does_not_answer_the_next(reader: DocumentReader) -> None:
    reader.read_bytes(PAGE, name="a.html")
    threading.Timer(0.3, lambda: signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)).start()
    with pytest.raises(KeyboardInterrupt):
        reader.read_bytes(LONG, name="a.pdf")
    assert child_of(reader) is None
    assert reader.read_bytes(PAGE, name="a.html").text == MORE


# --- bombs ------------------------------------------------------------------------------------------

ENTITIES = "<!DOCTYPE x [<!ENTITY a 'aaaaaaaaaa'>" + "".join(
    f"<!ENTITY {chr(98 + n)} '{f'&{chr(97 + n)};' * 10}'>" for n in range(9)) + "]>"  # fmt: skip
SECRET = f"<!DOCTYPE x [<!ENTITY x SYSTEM '{Path(__file__).as_uri()}'>]>"
BOMBS: dict[str, Callable[[], bytes]] = {
    "it unpacks to far more than a text needs": lambda: drawn(
        packed(b" " * 300_000_000, times=2), resources=b"/Font<</F 5 0 R>>", more=[FONT]
    ),
    "unpacks to 70 MB, which no text has": lambda: raw_word(RUN.format("a" * 70_000_000)),
    "damaged Word file": lambda: raw_word(RUN.format("&j;"), before=ENTITIES),
    "it is no file that Word has written": lambda: raw_word(RUN.format("&x;"), before=SECRET),
    "nested too deep": lambda: b"<html><body>" + b"<div>" * 100_000 + b"a",
    "damaged Word": lambda: raw_word("<w:sdt>" * 100_000 + "</w:sdt>" * 100_000),
}


@pytest.mark.parametrize("reason", BOMBS)
def test_bombs_are_refused_by_the_same_child(shared: DocumentReader, reason: str) -> None:
    shared.read_bytes(PAGE, name="a.html")
    child, start = child_of(shared), time.monotonic()
    data = BOMBS[reason]()
    assert len(data) < 3_000_000
    assert reason in why(shared, data, "a")
    assert time.monotonic() - start < 20
    assert child_of(shared) == child


def test_entities_of_a_page_are_neither_built_nor_read(shared: DocumentReader) -> None:
    for before in (ENTITIES, SECRET):
        text = shared.read_bytes(f"{before}<html><body><p>{MORE} &x;&j;</p></body></html>".encode(), name="a.html").text
        assert text == f"{MORE} &x;&j;"


# --- sizes ------------------------------------------------------------------------------------------


def test_large_files_are_not_even_read(tmp_path: Path, shared: DocumentReader) -> None:
    path = tmp_path / "a.txt"
    with path.open("wb") as file:
        file.truncate(50 * MAX_FILE_BYTES)  # takes no room on the disk
    with pytest.raises(DocumentError, match="it has 5,000 MB; at most 100 MB can be read") as caught:
        shared.read_file(path)
    assert "5.000 MB" in caught.value.reason_tr
    with pytest.raises(ArticleFileError, match="5,000 MB"):
        shared.load(path)
    assert "101 MB" in why(shared, bytes(MAX_FILE_BYTES + 1), "a.txt")


def test_long_texts_are_refused_with_their_length(shared: DocumentReader) -> None:
    reason = why(shared, b"a" * (MAX_TEXT_CHARS + 1), "a.txt")
    assert reason == "it holds 2,000,001 characters of text; at most 2,000,000 can be read, so split it"
    assert len(shared.read_bytes(b"a" * MAX_TEXT_CHARS, name="a.txt").text) == MAX_TEXT_CHARS
    long = raw_word(RUN.format(f"{MORE} " * 100) * 300)
    assert "characters of text; at most" in why(shared, long, "a.docx")


def test_loading_tells_what_has_gone_from_what_cannot_be_read(tmp_path: Path, shared: DocumentReader) -> None:
    (tmp_path / "a.txt").write_bytes(b"abc")
    assert shared.load(tmp_path / "a.txt") == b"abc"
    with pytest.raises(FileNotFoundError):
        shared.load(tmp_path / "b.txt")
    with pytest.raises(ArticleFileError) as caught:
        shared.load(tmp_path)
    assert "bu bir klasör" in caught.value.message("tr")


# --- articles ---------------------------------------------------------------------------------------


def test_a_folder_of_all_kinds_is_read_by_one_child(tmp_path: Path) -> None:
    (tmp_path / "a.html").write_bytes(PAGE)
    (tmp_path / "b.pdf").write_bytes(b"%PDF-1.7 bozuk")
    (tmp_path / "c.docx").write_bytes(raw_word(RUN.format(MORE)))
    (tmp_path / "d.txt").write_text(MORE, encoding="utf-8")
    got = list(read_articles(tmp_path))
    assert [type(each) for each in got] == [Article, ArticleFileError, Article, Article]
    assert [each.text for each in got if isinstance(each, Article)] == [MORE] * 3
    assert "b.pdf haber olarak okunamıyor: bozuk bir PDF." in str(got[1].message("tr"))  # type: ignore[union-attr]
    assert read_article(tmp_path / "a.html").text == MORE


def test_a_text_has_the_address_that_it_came_from(shared: DocumentReader) -> None:
    assert shared.read_bytes(MORE.encode(), name="a.txt", url="https://example.org/a") == Document(
        MORE, url="https://example.org/a"
    )
