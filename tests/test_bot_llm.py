"""Opening a language model: what works, and the one sentence for each thing that does not. The server is a fake one,
because it has to misbehave on command; a real model is in test_llm_real.py."""

from __future__ import annotations

import json
import logging
import pickle
import socket
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from langchain_core.language_models import FakeListChatModel
from langchain_core.language_models.chat_models import BaseChatModel

from bot import llm as llm_module
from bot.errors import (
    GgufFileError,
    LlmError,
    LlmKeyMissingError,
    LlmKeyRefusedError,
    LlmModelUnknownError,
    LlmNameError,
    LlmPackageError,
    LlmTimeoutError,
    LlmUnreachableError,
    without_secrets,
)
from bot.gguf import GgufChatModel
from bot.llm import Llm, explained, open_llm
from index.errors import HaberciError, SettingsError
from index.settings import Settings

ROOT = Path(__file__).parent.parent
KEY = "sk-proj-Zq7X3vT9aLm2"


@dataclass
class FakeServer:
    """A server like OpenAI's and Ollama's that answers as it is told. ``bodies`` and ``keys`` are what it was sent."""

    url: str
    status: int = 200
    error: str = ""
    seconds: float = 0
    words: tuple[str, ...] = ("Merhaba", ".")
    refuses_temperature: bool = False
    bodies: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str | None] = field(default_factory=list)

    def answer(self, body: dict[str, Any]) -> tuple[int, str]:
        if self.refuses_temperature and "temperature" in body:
            return 400, json.dumps({"error": {"message": "Unsupported value: 'temperature' does not support 0.0"}})
        if self.status != 200:
            return self.status, json.dumps({"error": {"message": self.error}})
        if "options" in body:
            message = {"role": "assistant", "content": "".join(self.words)}
            return 200, json.dumps({"model": body["model"], "message": message, "done": True, "done_reason": "stop"})
        if body.get("stream"):
            pieces = [{"content": word} for word in self.words]
            events = [self._event(body["model"], piece, None) for piece in pieces]
            return 200, "".join([*events, self._event(body["model"], {}, "stop"), "data: [DONE]\n\n"])
        return 200, "{}"

    @staticmethod
    def _event(model: str, delta: dict[str, str], reason: str | None) -> str:
        choice = {"index": 0, "delta": delta, "finish_reason": reason}
        body = {"id": "1", "object": "chat.completion.chunk", "created": 0, "model": model, "choices": [choice]}
        return f"data: {json.dumps(body)}\n\n"


@pytest.fixture
def server() -> Iterator[FakeServer]:
    told: FakeServer

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            told.bodies.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            told.keys.append(self.headers["Authorization"])
            is_over.wait(told.seconds)
            status, text = told.answer(told.bodies[-1])
            self.send_response(status)
            self.send_header("Content-Type", "text/event-stream" if text.startswith("data") else "application/json")
            self.end_headers()
            self.wfile.write(text.encode())

        def do_GET(self) -> None:
            """The list of an Ollama server's models."""
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(json.dumps({"models": [{"model": "qwen2.5:3b"}]}).encode())

        def log_message(self, *_arguments: object) -> None:
            pass

    is_over = threading.Event()
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        told = FakeServer(f"http://127.0.0.1:{http.server_port}/v1")
        thread = threading.Thread(target=http.serve_forever, args=(0.05,))
        thread.start()
        yield told
        is_over.set()
        http.shutdown()
        thread.join()


@pytest.fixture(autouse=True)
def no_surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    """No key, address or proxy from where the tests run."""
    names = ["OPENAI_API_KEY", "OPENAI_API_BASE", "OPENAI_BASE_URL", "ANTHROPIC_API_KEY", "ANTHROPIC_BASE_URL"]
    names += ["ANTHROPIC_API_URL", "OLLAMA_HOST", "OLLAMA_API_KEY", "HABERCI_LLM", "HABERCI_LLM_URL"]
    names += ["HABERCI_LLM_TIMEOUT_S", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "LANGSMITH_GATEWAY"]
    for name in names:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


def settings_of(server: FakeServer | str | None = None, **given: Any) -> Settings:
    url = server.url if isinstance(server, FakeServer) else server
    return Settings.read(llm_url=url, **given)


def whole_text(error: HaberciError) -> str:
    """All that could end up on a screen or in a log."""
    lines = traceback.format_exception(error)
    return "".join([*lines, repr(error), error.message("tr"), repr(error.values), repr(error.__context__)])


def closed_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


# --- no language model, or one that is there already ------------------------------------------------


@pytest.mark.parametrize("llm", [None, "", "  ", "off", "OFF"])
@pytest.mark.parametrize("setting", ["", "  ", "off"])
def test_off(monkeypatch: pytest.MonkeyPatch, llm: str | None, setting: str) -> None:
    monkeypatch.setenv("HABERCI_LLM", setting)
    monkeypatch.setenv("HABERCI_LLM_URL", setting.strip("of"))
    monkeypatch.setenv("HABERCI_LLM_TIMEOUT_S", setting.strip("of"))
    settings = Settings.read()
    assert (settings.llm_url, settings.llm_timeout_s) == (None, 60)
    assert open_llm(llm, settings) is None


def test_the_argument_goes_before_the_setting(server: FakeServer) -> None:
    assert open_llm("off", settings_of(server, llm="openai:of-the-setting")) is None
    opened = open_llm(None, settings_of(server, llm="openai:of-the-setting"))
    assert opened is not None
    assert opened.name == "openai:of-the-setting"


def test_a_model_is_taken_as_it_is() -> None:
    model = FakeListChatModel(responses=[])
    opened = open_llm(model, settings_of(llm="openai:another"))
    assert opened is not None
    assert opened.model is model
    assert opened.name == "FakeListChatModel"
    assert opened.url is None


def test_a_model_is_not_tried(server: FakeServer) -> None:
    from langchain_openai import ChatOpenAI

    password = server.url.replace("//", "//me:secret@")
    opened = open_llm(ChatOpenAI(model="its-name", base_url=password, api_key=KEY), settings_of())
    assert server.bodies == []
    assert opened is not None
    assert (opened.name, opened.url) == ("ChatOpenAI its-name", server.url)
    assert "secret" not in repr(opened)
    assert KEY not in repr(opened)


@pytest.mark.parametrize(
    "llm",
    [
        *(7, 0, False, ["openai:x"], {"api_key": KEY}, object, Path("gguf:x"), BaseChatModel),
        *("gpt", "openai", ":x", "openai:", "gguf:", " : ", "C", "/models/model.gguf"),
    ],
)
def test_what_is_no_language_model(llm: object) -> None:
    with pytest.raises(SettingsError, match=r"gguf:/path/model\.gguf") as raised:
        open_llm(llm, settings_of())
    assert isinstance(raised.value, ValueError)
    assert isinstance(raised.value, LlmNameError)
    assert KEY not in whole_text(raised.value)
    if isinstance(llm, str | int):
        assert repr(llm) in str(raised.value)


@pytest.mark.parametrize("llm", ["olama:qwen2.5:3b", "C:\\model.gguf", "http://127.0.0.1:8080/v1"])
def test_an_unknown_provider(llm: str) -> None:
    with pytest.raises(LlmNameError, match="no such provider") as raised:
        open_llm(llm, settings_of())
    assert "'ollama:MODEL'" in str(raised.value)


# --- a server that works ----------------------------------------------------------------------------


def test_a_model_by_name(server: FakeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    opened = open_llm(" OpenAI:some-model ", settings_of(server, llm_timeout_s=7))
    assert opened is not None
    assert (opened.name, opened.url) == ("openai:some-model", server.url)
    assert KEY not in repr(opened)
    assert KEY not in repr(opened.model)
    (probe,) = server.bodies
    assert (probe["model"], probe["max_completion_tokens"]) == ("some-model", 1)
    assert server.keys == [f"Bearer {KEY}"]
    assert [chunk.text for chunk in opened.model.stream("?") if chunk.text] == ["Merhaba", "."]
    asked = server.bodies[1]
    assert (asked["temperature"], asked["max_completion_tokens"], asked["stream"]) == (0, 400, True)
    assert (opened.model.request_timeout, opened.model.max_retries) == (7, 1)  # type: ignore[attr-defined]


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_a_local_server_needs_no_key(server: FakeServer, host: str) -> None:
    assert open_llm("openai:x", settings_of(server.url.replace("127.0.0.1", host))) is not None
    assert server.keys == ["Bearer not-needed"]


def test_the_address_may_stand_in_the_providers_own_variable(
    server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", server.url)
    opened = open_llm("openai:x", settings_of())
    assert opened is not None
    assert opened.url == server.url
    assert len(server.bodies) == 1


def test_a_model_that_takes_no_temperature(server: FakeServer) -> None:
    server.refuses_temperature = True
    opened = open_llm("openai:x", settings_of(server))
    assert opened is not None
    assert opened.model.invoke("?").text == "Merhaba."
    assert ["temperature" in body for body in server.bodies] == [True, False, False]


def test_a_model_that_thinks_is_asked_to_think_little(server: FakeServer) -> None:
    assert open_llm("openai:gpt-5-mini", settings_of(server)) is not None
    (probe,) = server.bodies
    assert probe["reasoning_effort"] == "minimal"
    assert "temperature" not in probe


@pytest.mark.parametrize(
    "error",
    [
        "Could not finish the message because max_tokens or model output limit was reached.",
        "Invalid 'max_output_tokens': integer below minimum value. Expected a value >= 16, but got 1 instead.",
    ],
)
def test_a_model_for_which_one_token_is_too_few(server: FakeServer, error: str) -> None:
    server.status, server.error = 400, error
    assert open_llm("openai:x", settings_of(server)) is not None


def test_a_busy_server_is_there_all_the_same(server: FakeServer, caplog: pytest.LogCaptureFixture) -> None:
    server.status, server.error = 429, f"Rate limit reached for {KEY}"
    with caplog.at_level(logging.DEBUG, "bot.llm"):
        assert open_llm("openai:x", settings_of(server)) is not None
    assert "openai:x is busy (429): Rate limit reached for [key]" in caplog.text
    assert len(server.bodies) == 1


def test_ollama(server: FakeServer) -> None:
    address = server.url.removesuffix("/v1")
    opened = open_llm("ollama:qwen2.5:3b", settings_of(address, llm_timeout_s=5))
    assert opened is not None
    assert (opened.name, opened.url) == ("ollama:qwen2.5:3b", address)
    options = server.bodies[0]["options"]
    assert (options["num_predict"], options["temperature"], options["num_ctx"]) == (1, 0, 4096)


def test_ollama_that_is_still_loading_is_there(server: FakeServer) -> None:
    server.seconds = 30
    assert open_llm("ollama:qwen2.5:3b", settings_of(server.url.removesuffix("/v1"), llm_timeout_s=1)) is not None


# --- a server that does not -------------------------------------------------------------------------


def refused(server: FakeServer | str, kind: type[LlmError], name: str = "openai:x", **given: Any) -> str:
    """The message, which must name the model, and keep the key to itself."""
    with pytest.raises(kind) as raised:
        open_llm(name, settings_of(server, **given))
    assert type(raised.value) is kind
    assert name in str(raised.value)
    assert name in raised.value.message("tr")
    assert raised.value.__context__ is None
    assert KEY not in whole_text(raised.value)
    assert KEY[:12] not in whole_text(raised.value)
    assert len(raised.value.values["reason"]) <= 200  # type: ignore[arg-type]
    assert "\n" not in str(raised.value)
    assert str(pickle.loads(pickle.dumps(raised.value))) == str(raised.value)
    return str(raised.value)


@pytest.mark.parametrize("status", [401, 403])
def test_a_wrong_key(server: FakeServer, monkeypatch: pytest.MonkeyPatch, status: int) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    server.status, server.error = status, f"Incorrect API key provided: {KEY}.\nSee the account page. {'Long. ' * 99}"
    message = refused(server, LlmKeyRefusedError)
    assert "Incorrect API key provided: [key]" in message
    assert server.url in message
    assert "OPENAI_API_KEY" in message


def test_a_key_that_looks_like_none(server: FakeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "hunter2hunter2")
    monkeypatch.setenv("ANOTHER_TOKEN", "hunter2hunter2-longer")
    server.status, server.error = 500, "hunter2hunter2 hunter2hunter2-longer sk-proj-*****abcd"
    message = refused(server, LlmError)
    assert "the server answered 500: [key] [key] [key]" in message


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (404, "The model `x` does not exist or you do not have access to it."),
        (404, "Not Found"),
        (403, "Project `p` does not have access to model `x` (model_not_found)"),
        (400, "Invalid model: x"),
    ],
)
def test_an_unknown_model(server: FakeServer, status: int, error: str) -> None:
    server.status, server.error = status, error
    message = refused(server, LlmModelUnknownError)
    assert server.url in message
    assert error.rstrip(".") in message


def test_no_credit(server: FakeServer) -> None:
    server.status, server.error = 429, "You exceeded your current quota, please check your plan and billing details."
    assert "exceeded your current quota" in refused(server, LlmError)


def test_a_server_that_hangs(server: FakeServer) -> None:
    server.seconds = 30
    begun = time.monotonic()
    message = refused(server, LlmTimeoutError, llm_timeout_s=1)
    assert time.monotonic() - begun < 5
    assert "nothing came for 1 s" in message
    assert server.url in message


def test_a_host_that_is_never_found(server: FakeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    is_over = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_: is_over.wait(30) and [])
    begun = time.monotonic()
    refused("http://nowhere.example/v1", LlmKeyMissingError)
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    refused("http://nowhere.example/v1", LlmTimeoutError, llm_timeout_s=1)
    is_over.set()
    assert time.monotonic() - begun < 5


@pytest.mark.parametrize("name", ["openai:x", "ollama:x", "anthropic:x"])
def test_a_refused_connection(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
    url = f"http://me:secret@127.0.0.1:{closed_port()}/v1?key=hidden"
    message = refused(url, LlmUnreachableError, name)
    assert url.replace("me:secret@", "").partition("?")[0] in message
    assert "refused" in message
    assert "secret" not in message
    assert "hidden" not in message


def test_an_unknown_host(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_arguments: object, **_named: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    message = refused("http://nowhere.example/v1", LlmUnreachableError)
    assert "http://nowhere.example/v1" in message
    assert "Name or service not known" in message


def test_ollama_without_the_model(server: FakeServer) -> None:
    message = refused(server.url.removesuffix("/v1"), LlmModelUnknownError, "ollama:qwen9")
    assert "ollama pull qwen9" in message
    assert server.bodies == []


@pytest.mark.parametrize(("provider", "variable"), [("openai", "OPENAI_API_KEY"), ("anthropic", "ANTHROPIC_API_KEY")])
def test_a_missing_key(monkeypatch: pytest.MonkeyPatch, provider: str, variable: str) -> None:
    for blank in (None, "", " "):
        if blank is not None:
            monkeypatch.setenv(variable, blank)
        with pytest.raises(LlmKeyMissingError, match=f"environment variable {variable}"):
            open_llm(f"{provider}:x", settings_of())


@pytest.mark.parametrize("url", ["127.0.0.1:8080", "localhost", "ftp://host/", "http://", "http://[::1", "http://h:x/"])
def test_an_address_that_is_none(url: str) -> None:
    with pytest.raises(SettingsError, match="HABERCI_LLM_URL"):
        open_llm("openai:x", settings_of(url))


@pytest.mark.parametrize("name", ["openai:x", "ollama:x", "anthropic:x"])
@pytest.mark.parametrize("missing", ["langchain", "langchain.chat_models", "the provider's"])
def test_a_package_that_is_not_installed(monkeypatch: pytest.MonkeyPatch, name: str, missing: str) -> None:
    package = missing.replace("the provider's", f"langchain_{name.partition(':')[0]}")
    # With None in its place, an import fails as that of a package which is not there.
    monkeypatch.setitem(sys.modules, package, None)
    if missing == "langchain":
        monkeypatch.delitem(sys.modules, "langchain.chat_models", raising=False)
    with pytest.raises(LlmPackageError, match=r"pip install 'haberci\[llm\]'") as raised:
        open_llm(name, settings_of())
    assert package in str(raised.value)


def test_the_package_of_another_provider() -> None:
    pytest.importorskip("langchain")
    with pytest.raises(LlmPackageError, match=r"pip install langchain-upstage$"):
        open_llm("upstage:x", settings_of())


def test_an_error_of_a_later_question(server: FakeServer) -> None:
    opened = open_llm("openai:x", settings_of(server))
    assert opened is not None
    server.status, server.error = 503, "Loading model"
    with pytest.raises(Exception, match="Loading") as raised:
        opened.model.invoke("?")
    error = explained(raised.value, opened)
    assert type(error) is LlmError
    assert "openai:x failed: the server answered 503: Loading model." in str(error)
    assert explained(error, opened) is error


def test_an_exception_of_whatever_kind() -> None:
    llm = Llm(FakeListChatModel(responses=[]), "FakeListChatModel")
    assert "failed: KeyError." in str(explained(KeyError(), llm))
    assert "failed: no luck." in str(explained(ValueError("no\n  luck."), llm))
    assert isinstance(explained(TimeoutError("timed out"), llm), LlmTimeoutError)
    assert isinstance(explained(ConnectionResetError("reset"), llm), LlmUnreachableError)
    one, other = ValueError("one"), ValueError("other")
    one.__cause__, other.__cause__ = other, one
    assert "failed: one." in str(explained(one, llm))


def test_settings_hide_the_address(server: FakeServer) -> None:
    assert "secret" not in repr(settings_of("http://me:secret@host/"))
    assert without_secrets("see http://me:secret@host/ and sk-ant-api03-abc.") == "see http://host/ and [key]"


@pytest.mark.parametrize("value", ["0", "-1", "inf", "nan", "soon"])
def test_a_time_that_is_none(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("HABERCI_LLM_TIMEOUT_S", value)
    with pytest.raises(SettingsError, match="HABERCI_LLM_TIMEOUT_S"):
        Settings.read()


# --- a file -----------------------------------------------------------------------------------------


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(GgufFileError, match="there is no such file") as raised:
        open_llm(f"gguf:{tmp_path / 'yok.gguf'}", settings_of())
    assert str(tmp_path / "yok.gguf") in str(raised.value)
    assert str(tmp_path / "yok.gguf") in raised.value.message("tr")


def test_a_folder_in_place_of_a_file(tmp_path: Path) -> None:
    with pytest.raises(GgufFileError):
        open_llm(f"gguf:{tmp_path}", settings_of())


@pytest.mark.parametrize("content", [b"", b"GGU", b"PK\x03\x04 and so on", b"gguf"])
def test_a_file_of_another_kind(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "model.gguf"
    file.write_bytes(content)
    with pytest.raises(GgufFileError, match="does not begin as a GGUF file does"):
        open_llm(f"gguf:{file}", settings_of())


@pytest.mark.parametrize("content", [b"GGUF", b"GGUF\x03\x00\x00\x00" + bytes(range(256)) * 40])
def test_a_damaged_file(tmp_path: Path, content: bytes, capfd: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("xllamacpp")
    file = tmp_path / "model.gguf"
    file.write_bytes(content)
    with pytest.raises(GgufFileError, match="cannot load it"):
        open_llm(f"gguf:{file}", settings_of())
    assert capfd.readouterr() == ("", "")


def test_the_package_for_files_is_not_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "model.gguf"
    file.write_bytes(b"GGUF and so on")
    monkeypatch.setitem(sys.modules, "xllamacpp", None)
    with pytest.raises(LlmPackageError, match=r"pip install 'haberci\[local-llm\]'$"):
        open_llm(f"gguf:{file}", settings_of())


def test_making_a_model_of_a_file_loads_nothing(tmp_path: Path) -> None:
    model = GgufChatModel(path=tmp_path / "yok.gguf")
    assert not model.is_loaded
    with pytest.raises(GgufFileError):
        model.invoke("?")


def test_importing_is_cheap() -> None:
    code = "import sys, bot.llm; print({'langchain', 'openai', 'ollama', 'anthropic', 'xllamacpp'} & set(sys.modules))"
    command = [sys.executable, "-c", code]
    printed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert printed.stdout.strip() == "set()"
    assert llm_module.MAX_PROBE_S == 10
