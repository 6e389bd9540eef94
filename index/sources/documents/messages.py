"""What the reader and its child process say to each other: a JSON object, then bytes, each behind its length."""

from __future__ import annotations

import json
import struct
from typing import Any, BinaryIO

_LENGTHS = struct.Struct(">IQ")


def send(stream: BinaryIO, message: dict[str, Any], data: bytes = b"") -> None:
    """Raises OSError when nobody listens any more."""
    head = json.dumps(message).encode("ascii")
    stream.write(_LENGTHS.pack(len(head), len(data)) + head)
    stream.write(data)
    stream.flush()


def receive(stream: BinaryIO) -> tuple[dict[str, Any], bytes]:
    """The next message. Raises EOFError when the stream has ended, also in the middle of a message."""
    head_bytes, data_bytes = _LENGTHS.unpack(_exactly(stream, _LENGTHS.size))
    head = json.loads(_exactly(stream, head_bytes))
    return head, _exactly(stream, data_bytes)


def _exactly(stream: BinaryIO, size: int) -> bytes:
    data = stream.read(size)
    if len(data) != size:
        raise EOFError
    return data
