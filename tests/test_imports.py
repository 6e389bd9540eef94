"""Importing Haberci is quick and leaves no trace: no heavy library, no file, no connection, no output."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = [
    "torch",
    "sentence_transformers",
    "chromadb",
    "gradio",
    "transformers",
    "tantivy",
    "tokenizers",
    "yaml",
    "safetensors",
]
# LangChain imports requests, and urllib3 below it asks the system for IPv6 so; nothing is sent or listened for.
IPV6_PROBE = ["socket.__new__", "socket.bind"]
WATCH = """
import json, os, sys
seen = []
WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_TRUNC
CHANGES = ("os.mkdir", "os.remove", "os.rename", "os.rmdir", "os.link", "os.symlink", "os.truncate", "os.chmod",
           "subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.fork", "_thread.start_new_thread",
           "shutil.", "tempfile.", "sqlite3.", "webbrowser.")
def watch(event, arguments):
    if event == "open":
        path, mode, flags = arguments
        if (isinstance(mode, str) and set(mode) & set("wax+")) or (isinstance(flags, int) and flags & WRITES):
            seen.append(f"open {path} {mode} {flags}")
    elif event.startswith(("socket.", *CHANGES)):
        seen.append(f"{event} {arguments}")
sys.addaudithook(watch)
environment = dict(os.environ)
MODULES
modules = sorted({name.partition(".")[0] for name in sys.modules})
print(json.dumps([seen, modules, environment == dict(os.environ)]), file=sys.stderr)
"""


def watched_import(modules: str, folder: Path) -> tuple[list[str], set[str]]:
    """What a fresh interpreter did while importing, and the top-level modules it then held."""
    code = WATCH.replace("MODULES", f"import {modules}")
    command = [sys.executable, "-B", "-c", code]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1, f"importing printed something: {done.stderr}"
    seen, held, same_environment = json.loads(done.stderr)
    assert same_environment, "importing changed the environment"
    assert list(folder.iterdir()) == []
    return seen, set(held)


@pytest.mark.parametrize("modules", ["index", "bot", "ui", "index, bot, ui"])
def test_importing_has_no_side_effect_and_loads_nothing_heavy(modules: str, tmp_path: Path) -> None:
    seen, held = watched_import(modules, tmp_path)
    probe = [each for each in seen if each.startswith("socket.__new__") or each.endswith("('::1', 0))")]
    assert [each for each in seen if each not in probe] == []
    assert [each.split()[0] for each in probe] in ([], IPV6_PROBE)
    assert not probe or modules != "index"
    assert sorted(held & set(HEAVY)) == []


def test_the_watch_sees_what_it_should(tmp_path: Path) -> None:
    (tmp_path / "there").touch()
    code = "socket; socket.socket().close(); open('there', 'a').close(); os.mkdir('x'); os.rmdir('x'); import wave"
    command = [sys.executable, "-B", "-c", WATCH.replace("MODULES", f"import {code}")]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=True)
    seen, held, _ = json.loads(done.stderr)
    assert [each.split()[0] for each in seen] == ["socket.__new__", "open", "os.mkdir", "os.rmdir"]
    assert "wave" in held


def test_index_needs_neither_bot_nor_ui(tmp_path: Path) -> None:
    _, held = watched_import("index", tmp_path)
    assert not held & {"bot", "ui"}
    _, held = watched_import("bot", tmp_path)
    assert "ui" not in held
