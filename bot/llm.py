"""Opens a language model by its name, and says in one sentence what keeps it from working.

A model that a server runs is tried once at start, with a request for one token: a wrong key, address or name should
not wait for the first question. The exceptions of the providers' packages are told apart by what they have in common
(HTTP status, class names), so that no package need be there but the one that is used.
"""

from __future__ import annotations

import importlib
import ipaddress
import logging
import os
import re
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from langchain_core.language_models.chat_models import BaseChatModel
from pydantic import ValidationError

from bot.errors import (
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
from bot.gguf import CONTEXT_TOKENS, MAX_TOKENS, PREFIX, GgufChatModel
from index.errors import SettingsError
from index.settings import Settings

OFF = "off"
MAX_PROBE_S = 10.0

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Llm:
    """An opened language model. ``name`` and ``url`` are for messages: neither holds a key, a password or a query.
    ``url`` is None where no server is known of."""

    # The model's own repr shows the address with its password.
    model: BaseChatModel = field(repr=False)
    name: str
    url: str | None = None


@dataclass(frozen=True, slots=True)
class _Provider:
    """What has to be known beside what LangChain knows."""

    package: str
    key: str | None
    url_variables: tuple[str, ...]
    url: str


_PROVIDERS = {
    "anthropic": _Provider(
        "langchain_anthropic",
        "ANTHROPIC_API_KEY",
        ("ANTHROPIC_API_URL", "ANTHROPIC_BASE_URL"),
        "https://api.anthropic.com",
    ),
    "ollama": _Provider("langchain_ollama", None, ("OLLAMA_HOST",), "http://127.0.0.1:11434"),
    "openai": _Provider(
        "langchain_openai", "OPENAI_API_KEY", ("OPENAI_API_BASE", "OPENAI_BASE_URL"), "https://api.openai.com/v1"
    ),
}


def open_llm(llm: object, settings: Settings) -> Llm | None:
    """The language model that ``llm`` stands for: a LangChain chat model, which is taken as it is, or a name such as
    "gguf:/path/model.gguf", "ollama:qwen2.5:3b" or "openai:gpt-5-mini", which is loaded or tried at once. None takes
    the setting ``llm``; where that is None or "off" as well, there is no language model.

    Raises :class:`~bot.errors.LlmError` when the model cannot be used; :class:`~index.errors.SettingsError` (a
    ValueError) when ``llm`` is something else, or the address in the settings is none.
    """
    if llm is None:
        llm = settings.llm
    if llm is None:
        return None
    if isinstance(llm, BaseChatModel):
        return Llm(llm, _name_of(llm), _url_of(llm))
    if not isinstance(llm, str):
        reason, reason_tr = "it is neither text nor a chat model", "ne metin ne de sohbet modeli"
        raise LlmNameError(value=_shown(llm), reason=reason, reason_tr=reason_tr)
    name = llm.strip()
    if name.lower() in ("", OFF):
        return None
    provider, _, model = (part.strip() for part in name.partition(":"))
    provider = provider.lower().replace("-", "_")
    if not provider or not model:
        reason, reason_tr = "it lacks a provider, a colon and a model", "sağlayıcı, iki nokta ve model gerekiyor"
        raise LlmNameError(value=_shown(llm), reason=reason, reason_tr=reason_tr)
    if f"{provider}:" == PREFIX:
        return _open_file(Path(model), settings)
    return _open_by_name(provider, model, settings)


def explained(error: BaseException, llm: Llm, timeout_s: float | None = None) -> LlmError:
    """What a model's exception means, in one sentence without a key. ``timeout_s``: what the model had, if known.

    Raise it outside the ``except`` block: the exception's own text, which a traceback would show, may hold a key.
    """
    return _explained(error, llm.name, llm.url, timeout_s)


# --- opening ----------------------------------------------------------------------------------------


def _open_file(path: Path, settings: Settings) -> Llm:
    model = GgufChatModel(path=path, timeout_s=settings.llm_timeout_s)
    model.load()
    return Llm(model, f"{PREFIX}{path}")


def _open_by_name(provider: str, model: str, settings: Settings) -> Llm:
    url = _checked_url(settings.llm_url) or _default_url(provider)
    options = _Options(
        provider,
        model,
        url if settings.llm_url else None,
        name=without_secrets(f"{provider}:{model}"),
        shown_url=_shown_url(url),
    )
    known = _PROVIDERS.get(provider)
    _import(known.package if known else "langchain", options)
    if known and known.key and not os.environ.get(known.key, "").strip():
        if provider != "openai" or not _is_local(url):
            reason, reason_tr = "there is none", "anahtar yok"
            raise LlmKeyMissingError(name=options.name, reason=reason, reason_tr=reason_tr, variable=known.key)
        # Local servers need no key, but the client does.
        options.extra["api_key"] = "not-needed"
    efforts = (_build(options, settings).model.profile or {}).get("reasoning_effort_levels")
    if provider == "openai" and efforts:
        # Of 400 tokens, a model that thinks long would leave none for the answer.
        options.extra["reasoning_effort"] = efforts[0]
    timeout_s = min(MAX_PROBE_S, settings.llm_timeout_s)
    problem = _probe(options, timeout_s)
    if problem is not None and _refuses_temperature(problem):
        options.temperature = None
        problem = _probe(options, timeout_s)
    llm = _build(options, settings)
    if problem is not None and not _is_harmless(problem, llm):
        raise explained(problem, llm, timeout_s)
    return llm


@dataclass(slots=True)
class _Options:
    """How to open a model. ``url``: only when it is not the provider's own."""

    provider: str
    model: str
    url: str | None
    name: str
    shown_url: str | None
    temperature: float | None = 0.0
    extra: dict[str, Any] = field(default_factory=dict)

    def client(self, timeout_s: float, max_tokens: int, max_retries: int) -> dict[str, Any]:
        """The same options under the names that the provider's package gives them."""
        options = dict(self.extra)
        if self.url is not None:
            options["base_url"] = self.url
        if self.temperature is not None:
            options["temperature"] = self.temperature
        if self.provider == "ollama":
            # Ollama cuts off silently what is too long for its context, and unloads a model after five minutes.
            options |= {"num_ctx": CONTEXT_TOKENS, "keep_alive": "30m", "reasoning": False}
            return options | {"num_predict": max_tokens, "client_kwargs": {"timeout": timeout_s}}
        if self.provider in _PROVIDERS:
            options["streaming"] = True
        return options | {"max_tokens": max_tokens, "timeout": timeout_s, "max_retries": max_retries}


def _import(package: str, options: _Options) -> None:
    problem = _raised(lambda: (importlib.import_module("langchain.chat_models"), importlib.import_module(package)))
    if problem is not None:
        raise _package_error(problem, package, options)


def _build(options: _Options, settings: Settings) -> Llm:
    """The model with the options that it is used with. This opens no connection."""
    made: list[BaseChatModel] = []
    client = options.client(settings.llm_timeout_s, MAX_TOKENS, max_retries=1)
    problem = _raised(lambda: made.append(_made(options, client)))
    if problem is None:
        return Llm(made[0], options.name, options.shown_url)
    if isinstance(problem, ImportError):
        raise _package_error(problem, options.provider, options)
    if str(problem).startswith(("Unsupported provider", "Unable to infer")):
        reason, reason_tr = "LangChain knows no such provider", "LangChain böyle bir sağlayıcı tanımıyor"
        raise LlmNameError(value=_shown(options.name), reason=reason, reason_tr=reason_tr)
    raise _explained(problem, options.name, options.shown_url)


def _made(options: _Options, client: dict[str, Any]) -> BaseChatModel:
    chat_models = importlib.import_module("langchain.chat_models")
    model = chat_models.init_chat_model(options.model, model_provider=options.provider, **client)
    assert isinstance(model, BaseChatModel)
    return model


def _package_error(problem: BaseException, package: str, options: _Options) -> LlmPackageError:
    # LangChain says itself what a provider that we know nothing of needs.
    other = re.search(r"pip install ([\w.-]+)", str(problem))
    return LlmPackageError(
        name=options.name,
        package=other[1] if other else package.replace("_", "-"),
        reason=str(problem),
        command=f"pip install {other[1]}" if other else "pip install 'haberci[llm]'",
    )


# --- trying -----------------------------------------------------------------------------------------


def _probe(options: _Options, timeout_s: float) -> BaseException | None:
    """What goes wrong with a request for one token. It takes no longer than ``timeout_s``; the client's own time limit
    leaves out the search for the host, and begins anew with every byte."""
    client = options.client(timeout_s, max_tokens=1, max_retries=0)
    is_there = threading.Event()
    problems: list[BaseException | None] = []

    def probe() -> None:
        # Ollama lists its models without loading one.
        extra = {"validate_model_on_init": True} if options.provider == "ollama" else {}
        model = _made(options, client | extra)
        is_there.set()
        model.invoke("Hi")

    thread = threading.Thread(target=lambda: problems.append(_raised(probe)), name="haberci-llm-probe", daemon=True)
    thread.start()
    thread.join(timeout_s)
    problem = problems[0] if problems else TimeoutError("timed out")
    if options.provider == "ollama" and is_there.is_set() and problem and _is_timeout(list(_causes(problem))):
        _log.info("%s is still being loaded by Ollama.", options.name)
        return None
    return problem


def _raised(action: Callable[[], object]) -> BaseException | None:
    """What ``action`` raised. Handled outside of an ``except`` block, it becomes no context of another exception."""
    try:
        action()
    except Exception as error:  # noqa: BLE001 - any package may raise anything; it is explained
        return error
    return None


def _refuses_temperature(problem: BaseException) -> bool:
    """Some newer models take no temperature at all."""
    causes = list(_causes(problem))
    return _status(causes) in (None, 400, 422) and "temperature" in _said(causes).lower()


def _is_harmless(problem: BaseException, llm: Llm) -> bool:
    """Whether the address, the key and the name are right all the same."""
    causes = list(_causes(problem))
    status, said = _status(causes), _said(causes)
    if status == 400 and _ONE_TOKEN_IS_TOO_FEW.search(said):
        return True
    if status in (429, 529) and not _NO_CREDIT.search(said):
        _log.warning("%s is busy (%s): %s", llm.name, status, without_secrets(said)[:200])
        return True
    return False


# --- what exceptions say ----------------------------------------------------------------------------

_UNKNOWN_MODEL = re.compile(
    r"model_not_found|\b(unknown|invalid|no such) model\b|"
    r"\bmodel\b.{0,100}\b(not found|not exist|not available|unknown|is not a valid)",
    re.IGNORECASE | re.DOTALL,
)
_NAMED_KEY = re.compile(r"\b[A-Z][A-Z0-9_]*_(API_KEY|API_TOKEN|TOKEN|ACCESS_KEY_ID)\b")
_ONE_TOKEN_IS_TOO_FEW = re.compile(r"below minimum|output limit was reached|higher max_tokens", re.IGNORECASE)
_NO_CREDIT = re.compile(r"quota|billing|credit|balance", re.IGNORECASE)
_NETWORK = ("ConnectError", "ConnectionError", "ProtocolError", "ReadError", "ProxyError", "UnsupportedProtocol")


def _explained(error: BaseException, name: str, url: str | None, timeout_s: float | None = None) -> LlmError:
    if isinstance(error, LlmError):
        return error
    causes = list(_causes(error))
    status, said = _status(causes), _said(causes)
    values = {"name": name, "url": url or "–"}
    if status == 404 or (status in (None, 400, 403, 422) and _UNKNOWN_MODEL.search(said)):
        return LlmModelUnknownError(reason=said, **values)
    if status in (401, 403):
        return LlmKeyRefusedError(reason=said, variable=_key_variable(name) or "API key", **values)
    if status is not None:
        reason, reason_tr = f"the server answered {status}: {said}", f"sunucu {status} yanıtını verdi: {said}"
        return LlmError(reason=reason, reason_tr=reason_tr, **values)
    if variable := _NAMED_KEY.search(said):
        return LlmKeyMissingError(reason=said, variable=variable[0], **values)
    if _is_timeout(causes) and timeout_s is not None:
        reason, reason_tr = f"nothing came for {timeout_s:g} s", f"{timeout_s:g} saniye bir şey gelmedi"
        return LlmTimeoutError(reason=reason, reason_tr=reason_tr, **values)
    if _is_timeout(causes):
        return LlmTimeoutError(reason=said, **values)
    if _is_of_the_network(causes):
        return LlmUnreachableError(reason=said, **values)
    return LlmError(reason=said, **values)


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The exception, what it came from, and so on."""
    seen: set[int] = set()
    waiting = [error]
    while waiting:
        error = waiting.pop(0)
        if id(error) in seen:
            continue
        seen.add(id(error))
        yield error
        if isinstance(error, ValidationError):
            # What a validator raised, pydantic keeps apart.
            inner = (each.get("ctx", {}).get("error") for each in error.errors())
            waiting += [each for each in inner if isinstance(each, BaseException)]
        if following := error.__cause__ or error.__context__:
            waiting.append(following)


def _status(causes: Sequence[BaseException]) -> int | None:
    """The HTTP status, if a server answered at all."""
    holders = (holder for cause in causes for holder in (cause, getattr(cause, "response", None)))
    statuses = (getattr(holder, name, None) for holder in holders for name in ("status_code", "code"))
    return next((status for status in statuses if isinstance(status, int) and 400 <= status < 600), None)


def _said(causes: Sequence[BaseException]) -> str:
    """The server's own words; or the exception's; of the network, the first cause's, which says what it was."""
    for cause in causes:
        body = getattr(cause, "body", None)
        for part in (body, body.get("error") if isinstance(body, dict) else None):
            if isinstance(part, dict) and isinstance(part.get("message"), str) and part["message"].strip():
                return str(part["message"])
    # A pydantic message has many lines, and the values that it was about.
    order = [cause for cause in causes if not isinstance(cause, ValidationError)] or list(causes)
    if _status(causes) is None and (_is_of_the_network(causes) or _is_timeout(causes)):
        order.reverse()
    # Ollama puts the status behind the words, but not in this attribute.
    words = (text if isinstance(text := getattr(cause, "error", None), str) else str(cause) for cause in order)
    return next((said for said in words if said.strip()), type(causes[0]).__name__)


def _is_timeout(causes: Sequence[BaseException]) -> bool:
    return any("Timeout" in type(cause).__name__ for cause in causes)


def _is_of_the_network(causes: Sequence[BaseException]) -> bool:
    return any(
        isinstance(cause, ConnectionError | socket.gaierror) or type(cause).__name__.endswith(_NETWORK)
        for cause in causes
    )


# --- names and addresses ----------------------------------------------------------------------------


def _shown(value: object) -> str:
    text = without_secrets(repr(value))
    return text if len(text) <= 100 else f"{text[:99]}…"


def _name_of(model: BaseChatModel) -> str:
    name = getattr(model, "model_name", None) or getattr(model, "model", None)
    return without_secrets(f"{type(model).__name__} {name}" if isinstance(name, str) else type(model).__name__)


def _url_of(model: BaseChatModel) -> str | None:
    urls = (getattr(model, name, None) for name in ("openai_api_base", "anthropic_api_url", "base_url"))
    return next((_shown_url(url) for url in urls if isinstance(url, str) and url), None)


def _key_variable(name: str) -> str | None:
    provider = name.partition(":")[0]
    return "OLLAMA_API_KEY" if provider == "ollama" else getattr(_PROVIDERS.get(provider), "key", None)


def _default_url(provider: str) -> str | None:
    known = _PROVIDERS.get(provider)
    if known is None:
        return None
    return next((os.environ[name] for name in known.url_variables if os.environ.get(name, "").strip()), known.url)


def _checked_url(url: str | None) -> str | None:
    if url is None:
        return None
    url = url.strip()
    try:
        parts = urlsplit(url)
        is_right = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_right = False
    if not is_right:
        reason = "an address begins with http:// or https:// and a host, such as http://127.0.0.1:8080/v1."
        raise SettingsError(name="HABERCI_LLM_URL", value=without_secrets(url), reason=reason)
    return url


def _shown_url(url: str | None) -> str | None:
    """Without credentials, query and fragment."""
    if url is None:
        return None
    url = url if "://" in url else f"http://{url}"
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    return without_secrets(f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}")


def _is_local(url: str | None) -> bool:
    """Whether the address is of this computer."""
    try:
        host = urlsplit(url or "").hostname or ""
        return host == "localhost" or host.endswith(".localhost") or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
