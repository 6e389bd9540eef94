"""What can go wrong in answering; part of the family of :class:`~index.errors.HaberciError`."""

from __future__ import annotations

import os
import re
from typing import ClassVar

from index.errors import HaberciError, SettingsError


class ReaderFileError(HaberciError):
    """The reader's file is not there, or not what it should be."""

    templates: ClassVar[dict[str, str]] = {
        "en": "The reader {path} cannot be used: {reason}. Install Haberci again, or set HABERCI_READER to a reader's "
        "file or to 'off'.",
        "tr": "{path} okuyucusu kullanılamıyor: {reason_tr}. Haberci'yi yeniden kurun ya da HABERCI_READER ayarına bir "
        "okuyucu dosyası veya 'off' yazın.",
    }

    def __init__(self, *, path: object, reason: str, reason_tr: str | None = None) -> None:
        super().__init__(path=path, reason=reason, reason_tr=reason_tr or reason)


# --- a language model -------------------------------------------------------------------------------


# A value shorter than this is no secret, but a stand-in such as "none", "EMPTY" or "ollama".
_SHORTEST_KEY = 8
_MAX_REASON = 200


def without_secrets(text: str) -> str:
    """``text`` without API keys and passwords: those in the environment, and what looks like one."""
    keys = (value for name, value in os.environ.items() if name.upper().endswith(("_API_KEY", "_TOKEN")))
    # The longest first: one may be the beginning of another.
    for key in sorted({key.strip() for key in keys}, key=len, reverse=True):
        if len(key) >= _SHORTEST_KEY:
            text = text.replace(key, "[key]")
    text = re.sub(r"\bsk-[\w*.\-]{3,}", "[key]", text)
    return re.sub(r"(?<=://)[^/\s@]*@", "", text)


def _one_line(reason: str) -> str:
    """Not too long, and without a full stop: the message goes on."""
    # Secrets go first: half of one is not recognised.
    line = " ".join(without_secrets(reason).split()).rstrip(". ")
    return line if len(line) <= _MAX_REASON else f"{line[: _MAX_REASON - 1]}…"


class LlmError(HaberciError):
    """A language model cannot be used, or gave no answer. API keys are taken out of all that its message says, and a
    reason is shortened to one line."""

    templates: ClassVar[dict[str, str]] = {
        "en": "The language model {name} failed: {reason}. Try again later, or set HABERCI_LLM to 'off' for answers "
        "made of quotes only.",
        "tr": "{name} dil modeli yanıt veremedi: {reason_tr}. Daha sonra yeniden deneyin ya da yalnız alıntılardan "
        "oluşan yanıtlar için HABERCI_LLM ayarına 'off' yazın.",
    }

    def __init__(self, *, reason: str, reason_tr: str | None = None, **values: object) -> None:
        safe = {name: without_secrets(value) if isinstance(value, str) else value for name, value in values.items()}
        super().__init__(reason=_one_line(reason), reason_tr=_one_line(reason_tr or reason), **safe)


class LlmNameError(LlmError, SettingsError):
    """What was given is no language model: neither a name that can be opened nor a LangChain chat model."""

    templates: ClassVar[dict[str, str]] = {
        "en": "The language model cannot be {value}: {reason}. Set HABERCI_LLM to 'gguf:/path/model.gguf', "
        "'ollama:MODEL', 'openai:MODEL', 'anthropic:MODEL', the same with another LangChain provider, or 'off'; "
        "in Python, a LangChain chat model will do as well.",
        "tr": "Dil modeli {value} olamaz: {reason_tr}. HABERCI_LLM ayarına 'gguf:/yol/model.gguf', 'ollama:MODEL', "
        "'openai:MODEL', 'anthropic:MODEL', başka bir LangChain sağlayıcısıyla aynısını ya da 'off' yazın; "
        "Python'da bir LangChain sohbet modeli de olur.",
    }


class LlmPackageError(LlmError):
    """The package that runs the model is not installed, or cannot be imported."""

    templates: ClassVar[dict[str, str]] = {
        "en": "The language model {name} needs the package {package}, which cannot be imported: {reason}. "
        "Install it with: {command}",
        "tr": "{name} dil modeli için {package} paketi gerekiyor, ama yüklenemiyor: {reason_tr}. "
        "Şu komutla kurun: {command}",
    }


class LlmKeyMissingError(LlmError):
    """The provider wants an API key and there is none."""

    templates: ClassVar[dict[str, str]] = {
        "en": "The language model {name} needs an API key: {reason}. Set the environment variable {variable} to it; "
        "to any text if the server needs none.",
        "tr": "{name} dil modeli için bir API anahtarı gerekiyor: {reason_tr}. Anahtarı {variable} ortam değişkenine "
        "yazın; sunucu anahtar istemiyorsa herhangi bir metin olur.",
    }


class LlmKeyRefusedError(LlmError):
    """The server refused the API key (401 or 403)."""

    templates: ClassVar[dict[str, str]] = {
        "en": "The server {url} refused the API key of the language model {name}: {reason}. Correct {variable}.",
        "tr": "{url} sunucusu {name} dil modelinin API anahtarını kabul etmedi: {reason_tr}. {variable} değerini "
        "düzeltin.",
    }


class LlmUnreachableError(LlmError):
    """No connection to the server."""

    templates: ClassVar[dict[str, str]] = {
        "en": "The server {url} of the language model {name} cannot be reached: {reason}. Start it, or correct its "
        "address in HABERCI_LLM_URL.",
        "tr": "{name} dil modelinin sunucusuna ({url}) ulaşılamıyor: {reason_tr}. Sunucuyu başlatın ya da "
        "HABERCI_LLM_URL ayarındaki adresini düzeltin.",
    }


class LlmTimeoutError(LlmError):
    """The model was silent for too long."""

    templates: ClassVar[dict[str, str]] = {
        "en": "The language model {name} ({url}) did not answer in time: {reason}. It may be busy or still loading: "
        "check the address, try again, or give it longer with HABERCI_LLM_TIMEOUT_S.",
        "tr": "{name} dil modeli ({url}) zamanında yanıt vermedi: {reason_tr}. Meşgul ya da hâlâ yükleniyor "
        "olabilir: adresine bakın, yeniden deneyin ya da HABERCI_LLM_TIMEOUT_S ile daha uzun süre tanıyın.",
    }


class LlmModelUnknownError(LlmError):
    """The server has no such model."""

    templates: ClassVar[dict[str, str]] = {
        "en": "The server {url} does not know the language model {name}: {reason}. Correct the name in HABERCI_LLM "
        "(of Ollama, pull the model first), or the address in HABERCI_LLM_URL (for 'openai:' it mostly ends in /v1).",
        "tr": "{url} sunucusu {name} dil modelini tanımıyor: {reason_tr}. HABERCI_LLM ayarındaki adı düzeltin "
        "(Ollama'da önce modeli indirin) ya da HABERCI_LLM_URL ayarındaki adresi ('openai:' için çoğunlukla /v1 ile "
        "biter).",
    }


class GgufFileError(LlmError):
    """The model's file is not there, or cannot be run."""

    templates: ClassVar[dict[str, str]] = {
        "en": "The language model file {path} cannot be used: {reason}. Set HABERCI_LLM to 'gguf:' and the path of "
        "another chat model in the GGUF format.",
        "tr": "{path} dil modeli dosyası kullanılamıyor: {reason_tr}. HABERCI_LLM ayarına 'gguf:' ve GGUF biçiminde "
        "başka bir sohbet modelinin yolunu yazın.",
    }
