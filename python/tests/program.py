"""Plays the worker: starts ``run.py`` with a file, and talks with it over descriptors 3 and 4."""

from __future__ import annotations

import json
import os
import select
import struct
import subprocess
import sys
import tempfile
import textwrap
from types import TracebackType
from typing import Any

_RUN = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "run.py")
_SECONDS = 60


class Program:
    """A file's source in a folder of its own, served until the block ends."""

    def __init__(self, source: str, *, file: str = "my_model.py", options: dict[str, Any] | None = None) -> None:
        self._folder = tempfile.TemporaryDirectory()
        self.path = os.path.join(self._folder.name, file)
        with open(self.path, "w", encoding="utf-8") as out:
            out.write(textwrap.dedent(source))
        self._options = options or {}
        self._rest = b""

    def __enter__(self) -> Program:
        read_in, self._to = os.pipe()
        self._from, write_out = os.pipe()
        self.process = _start(self.path, read_in, write_out)
        os.close(read_in)
        os.close(write_out)
        source = {"name": "m", "files": {"model": "/m"}, "options": self._options, "threads": 2}
        self.send({"type": "load", "protocol": 1, "source": source})
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        for descriptor in (self._to, self._from):
            try:
                os.close(descriptor)
            except OSError:
                pass
        self.process.wait(_SECONDS)
        self.process.stdout.close()  # type: ignore[union-attr]
        self._folder.cleanup()

    def send(self, head: dict[str, Any], body: bytes = b"") -> None:
        data = json.dumps(head).encode()
        os.write(self._to, struct.pack("<II", len(data), len(body)) + data + body)

    def hang_up(self) -> None:
        os.close(self._to)

    def generate(self, id: int, prompt: str = "", *, credit: int = 64, **fields: Any) -> None:
        self.send({"type": "generate", "id": id, "prompt": prompt, "credit": credit, **fields})

    def embed(self, id: int, texts: list[str]) -> None:
        self.batch("embed", id, texts)

    def batch(self, task: str, id: int, texts: list[str]) -> None:
        """Two texts for each item of a task that reads pairs."""
        encoded = [text.encode() for text in texts]
        self.send({"type": task, "id": id, "lengths": [len(one) for one in encoded]}, b"".join(encoded))

    def next(self) -> tuple[dict[str, Any], bytes]:
        """The next frame; fails where none comes."""
        while True:
            if len(self._rest) >= 8:
                head_length, body_length = struct.unpack_from("<II", self._rest)
                end = 8 + head_length + body_length
                if len(self._rest) >= end:
                    head = json.loads(self._rest[8 : 8 + head_length])
                    body = self._rest[8 + head_length : end]
                    self._rest = self._rest[end:]
                    return head, body
            ready, _, _ = select.select([self._from], [], [], _SECONDS)
            chunk = os.read(self._from, 65_536) if ready else b""
            if not chunk:
                raise AssertionError("no frame came")
            self._rest += chunk

    def next_of(self, *types: str) -> tuple[dict[str, Any], bytes]:
        """The next frame of one of these types; others are skipped."""
        while True:
            head, body = self.next()
            if head["type"] in types:
                return head, body

    def is_quiet(self, seconds: float) -> bool:
        """Whether no frame comes for so long."""
        return not self._rest and not select.select([self._from], [], [], seconds)[0]

    def pieces(self, id: int) -> tuple[list[str], dict[str, Any]]:
        """What a call gives until it ends, and the frame that ends it."""
        pieces: list[str] = []
        while True:
            head, body = self.next()
            if head.get("id") != id:
                continue
            if head["type"] == "piece":
                pieces.append(body.decode())
            elif head["type"] == "pieces":
                start = 0
                for length in head["lengths"]:
                    pieces.append(body[start : start + length].decode())
                    start += length
            else:
                return pieces, head


def _start(path: str, read_in: int, write_out: int) -> subprocess.Popen[bytes]:
    """The descriptors become 3 and 4 of the program, as the worker's spawn makes them."""
    code = (
        "import os,sys;r,w=int(sys.argv[1]),int(sys.argv[2]);a,b=os.dup(r),os.dup(w);"
        "r,w=os.dup2(a,20),os.dup2(b,21);os.dup2(r,3);os.dup2(w,4);os.set_inheritable(3,True);"
        "os.set_inheritable(4,True);os.execv(sys.executable,[sys.executable,*sys.argv[3:]])"
    )
    return subprocess.Popen(
        [sys.executable, "-c", code, str(read_in), str(write_out), _RUN, path],
        pass_fds=(read_in, write_out),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
