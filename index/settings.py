"""Settings, from arguments first, then from the environment (``HABERCI_...``), then the defaults."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import platformdirs
from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from index.errors import SettingsError

PACKAGED_MODEL = "packaged"


class Settings(BaseSettings):
    """What the index needs to know. Reading settings touches no disk.

    ``home``: the folder of the library (``HABERCI_HOME``). ``cache``: where the packaged model is unpacked
    (``HABERCI_CACHE``). ``model``: "packaged", a sentence-transformers folder or a hub name
    (``HABERCI_MODEL``). ``query_prefix`` and ``passage_prefix``: needed only by a model that does not
    declare its own. ``dtype``: "float32", or "bfloat16" ("auto": where the processor has it), which embeds
    about twice as fast and differs in the fourth digit. ``reader``: "packaged", "off" or the file of another
    one (``HABERCI_READER``). ``max_chunk_tokens``: a longer section is cut into
    several passages, between sentences. ``lock_timeout_s``: how long a write waits for another process's.
    ``chroma``: the address of a Chroma server that keeps the vectors (``HABERCI_CHROMA``), such as
    "http://localhost:8000"; None or "folder" for the library's own folder. ``chroma_token`` is sent to it
    (``HABERCI_CHROMA_TOKEN``). ``allowed_hosts``: hosts and networks that articles may be fetched from although they
    are private, with commas between them (``HABERCI_ALLOWED_HOSTS``).
    ``llm``: the language model that words the answers, such as "gguf:/path/model.gguf" or "ollama:qwen2.5:3b"
    (``HABERCI_LLM``); None or "off" for quotes only. ``llm_url``: the address of its server, when it is not the
    provider's own (``HABERCI_LLM_URL``). ``llm_timeout_s``: seconds the model has for a whole answer
    (``HABERCI_LLM_TIMEOUT_S``).
    """

    model_config = SettingsConfigDict(env_prefix="HABERCI_", frozen=True, extra="ignore")

    home: Path = Field(default_factory=lambda: platformdirs.user_data_path("haberci", appauthor=False))
    cache: Path = Field(default_factory=lambda: platformdirs.user_cache_path("haberci", appauthor=False))
    model: str = PACKAGED_MODEL
    query_prefix: str | None = None
    passage_prefix: str | None = None
    dtype: Literal["auto", "float32", "bfloat16"] = "float32"
    reader: str = "packaged"
    max_chunk_tokens: int = Field(default=320, ge=32)
    lock_timeout_s: float = Field(default=60.0, gt=0)
    chroma: str | None = Field(default=None, repr=False)  # may hold a password, which is refused later
    chroma_token: SecretStr | None = None
    allowed_hosts: str = ""
    llm: str | None = None
    llm_url: str | None = Field(default=None, repr=False)  # may hold a password
    llm_timeout_s: float = Field(default=60.0, gt=0, allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _without_blanks(cls, values: dict[str, Any]) -> dict[str, Any]:
        # A variable that is set to nothing is as good as unset; an empty path would mean the current folder.
        names = ("home", "cache", "model", "reader", "llm", "llm_url", "llm_timeout_s", "chroma",
                 "chroma_token")  # fmt: skip
        blank = {name for name in names if str(values.get(name, "-")).strip() == ""}
        return {name: value for name, value in values.items() if name not in blank}

    @field_validator("home", "cache")
    @classmethod
    def _at_home(cls, value: Path) -> Path:
        return value.expanduser()

    @classmethod
    def read(cls, **given: object) -> Settings:
        """Settings with the arguments that are not None put over the environment.

        Raises :class:`~index.errors.SettingsError` that names the setting and its value.
        """
        try:
            return cls(**{name: value for name, value in given.items() if value is not None})  # type: ignore[arg-type]
        except ValidationError as error:
            first = error.errors()[0]
            name = str(first["loc"][0]) if first["loc"] else "?"
            raise SettingsError(
                name=f"HABERCI_{name.upper()}", value=first.get("input"), reason=first["msg"]
            ) from error
