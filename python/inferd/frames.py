"""The engine protocol's frames, as ``docs/engine-protocol.md`` describes them: two lengths, a JSON head and a body."""

from __future__ import annotations

import json
import os
import struct
from collections.abc import Callable, Iterator
from queue import Empty, SimpleQueue
from typing import Any

_LENGTHS = struct.Struct("<II")
_MOST_HEAD = 16 * 1024 * 1024
_MOST_BODY = 256 * 1024 * 1024
_READ_BYTES = 256 * 1024
#: Frames and pieces of one write: one that is never alone would never be written.
_MOST_JOINED = 1024

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), check_circular=False).encode

Head = dict[str, Any]


class ProtocolError(Exception):
    """The worker sent what is no frame."""


def frame(head: Head, body: bytes | memoryview = b"") -> bytes:
    # A lone surrogate has no UTF-8: what quotes one must not break the connection.
    return raw_frame(_encode(head).encode("utf-8", "backslashreplace"), body)


def raw_frame(head: bytes, body: bytes | memoryview = b"") -> bytes:
    return b"".join((_LENGTHS.pack(len(head), len(body)), head, body))


class FrameReader:
    """Cuts what is read into frames."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._rest = b""

    def read(self) -> Iterator[tuple[Head, bytes]] | None:
        """The frames that have come whole, after waiting for more to come; None once the other end is closed."""
        chunk = os.read(self._descriptor, _READ_BYTES)
        if not chunk:
            return None
        return self._cut(self._rest + chunk if self._rest else chunk)

    def _cut(self, data: bytes) -> Iterator[tuple[Head, bytes]]:
        start, size = 0, len(data)
        while size - start >= 8:
            head_length, body_length = _LENGTHS.unpack_from(data, start)
            if head_length > _MOST_HEAD or body_length > _MOST_BODY:
                raise ProtocolError("a frame is too long")
            body_start = start + 8 + head_length
            end = body_start + body_length
            if size < end:
                if end - size <= _READ_BYTES:
                    break
                data, start = self._joined(data[start:], end - size), 0
                size = len(data)
                continue
            head = json.loads(data[start + 8 : body_start])
            yield head, data[body_start:end]
            start = end
        self._rest = data[start:]

    def _joined(self, beginning: bytes, missing: int) -> bytes:
        """Reads most of a long frame at once, so that its beginning is not copied again for each part."""
        parts = [beginning]
        while missing > _READ_BYTES:
            part = os.read(self._descriptor, min(missing, 4 * _READ_BYTES))
            if not part:
                raise ProtocolError("the worker has ended within a frame")
            parts.append(part)
            missing -= len(part)
        return b"".join(parts)


class FrameWriter:
    """Sends frames from any thread, in the order in which each thread gives them. One thread runs :meth:`run`.

    What waits leaves in one write: pieces of one call that are there together become one frame.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._waiting: SimpleQueue[bytes | tuple[int, bytes] | None] = SimpleQueue()
        self.send: Callable[[bytes], None] = self._waiting.put
        """Sends a frame."""

    def send_head(self, head: Head) -> None:
        self._waiting.put(frame(head))

    def piece(self, call: int, text: bytes) -> None:
        self._waiting.put((call, text))

    def is_behind(self) -> bool:
        """Whether the worker reads more slowly than is sent: what can be left out is to be left out."""
        return self._waiting.qsize() > 4 * _MOST_JOINED

    def end(self) -> None:
        """Lets :meth:`run` return once all that was sent before is written."""
        self._waiting.put(None)

    def run(self) -> None:
        waiting = self._waiting
        while True:
            parts: list[bytes] = []
            pieces: dict[int, list[bytes]] = {}
            one = waiting.get()
            taken = 1
            try:
                while one is not None:
                    if isinstance(one, tuple):
                        pieces.setdefault(one[0], []).append(one[1])
                    else:
                        if pieces:
                            parts.extend(map(_piece_frame, pieces.items()))
                            pieces.clear()
                        parts.append(one)
                    if taken == _MOST_JOINED:
                        break
                    one = waiting.get_nowait()
                    taken += 1
            except Empty:
                pass
            parts.extend(map(_piece_frame, pieces.items()))
            self._write(b"".join(parts))
            if one is None:
                return

    def _write(self, data: bytes) -> None:
        written = 0
        while written < len(data):
            written += os.write(self._descriptor, data[written:] if written else data)


def _piece_frame(pieces: tuple[int, list[bytes]]) -> bytes:
    call, texts = pieces
    if len(texts) == 1:
        return raw_frame(b'{"type":"piece","id":%d}' % call, texts[0])
    lengths = ",".join(map(str, map(len, texts)))
    return raw_frame(b'{"type":"pieces","id":%d,"lengths":[%b]}' % (call, lengths.encode()), b"".join(texts))
