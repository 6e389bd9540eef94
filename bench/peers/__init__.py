"""Haberci's peers: what the frameworks' documentation builds, on the same model and the same articles."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import version
from typing import Protocol

from bench.data import Paragraph

# Passages that are asked for, so that five different articles can be among them.
PASSAGES = 12
INSTALL = "pip install 'haberci[bench]'"


class System(Protocol):
    """Something that finds articles. ``version`` names the packages it consists of."""

    name: str
    version: str

    def build(self, articles: Sequence[Paragraph]) -> None:
        """Make a library of exactly these articles."""

    def search(self, question: str, k: int) -> list[str]:
        """Ids of the articles found in ``k`` passages, best first, each once."""


@dataclass(frozen=True, slots=True)
class Model:
    """The embedding model that every system uses: its folder and the prefixes it was trained with."""

    folder: str
    query_prefix: str
    passage_prefix: str


@dataclass(frozen=True, slots=True)
class Missing:
    """A peer that cannot run because ``package`` is not installed."""

    name: str
    package: str

    @property
    def hint(self) -> str:
        return f"not installed ({self.package}; {INSTALL})"


# name, module in this package, class in it
_PEERS = (
    ("LangChain", "langchain", "ChromaRetriever"),
    ("LangChain hybrid", "langchain_ensemble", "EnsembleRetriever"),
    ("LlamaIndex", "llama_index", "VectorRetriever"),
    ("Haystack", "haystack", "EmbeddingRetriever"),
    ("Haystack hybrid", "haystack", "HybridRetriever"),
)


def load_peers(model: Model) -> Iterator[System | Missing]:
    """Every peer, or why it is missing."""
    # Read by the packages when they are imported: a benchmark reports to nobody.
    os.environ.setdefault("HAYSTACK_TELEMETRY_ENABLED", "False")
    os.environ.setdefault("ANONYMIZED_TELEMETRY", "False")
    for name, module, class_name in _PEERS:
        try:
            peer: System = getattr(import_module(f"bench.peers.{module}"), class_name)(model)
        except ImportError as error:
            yield Missing(name, error.name or str(error))
        else:
            yield peer


def versions(*packages: str) -> str:
    """``name 1.2, other 3.4`` of installed packages."""
    return ", ".join(f"{package} {version(package)}" for package in packages)


def unique(ids: Iterable[str]) -> list[str]:
    """The ids in order, each once."""
    return list(dict.fromkeys(ids))
