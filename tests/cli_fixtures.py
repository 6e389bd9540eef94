"""What the tests of the terminal share: a library of their own, and the command in this process."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from index.embedding import Embedder
from ui import cli

Run = Callable[..., Any]


@pytest.fixture
def home(tmp_path: Path, cache_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A library that nobody has written to, and an environment that says nothing else."""
    for name in [*os.environ]:
        if name.startswith("HABERCI_") or name in ("NO_COLOR", "FORCE_COLOR", "LC_MESSAGES", "LANGUAGE"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HABERCI_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("HABERCI_CACHE", str(cache_folder))
    monkeypatch.setenv("LC_ALL", "en_US.UTF-8")
    return tmp_path / "home"


@pytest.fixture
def run(home: Path, embedder: Embedder, monkeypatch: pytest.MonkeyPatch) -> Run:
    """A command in this process, where the model is loaded once for all of them."""
    monkeypatch.setattr("index.library.make_embedder", lambda settings: embedder)

    def invoke(*arguments: str, **more: Any) -> Any:
        return CliRunner().invoke(cli.app, arguments, prog_name="haberci", **more)

    return invoke
