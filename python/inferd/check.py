"""Runs a file's functions once, as the server would, and prints what they give."""

from __future__ import annotations

import asyncio
import json
import os
import struct
import sys
import time
from collections.abc import Callable
from typing import Any

from inferd.batches import Batches
from inferd.calls import Call
from inferd.faults import LoadFault, traceback_of
from inferd.frames import Head
from inferd.generation import Generation
from inferd.loading import Function, load
from inferd.source import Source
from inferd.tasks import TextTask, text_tasks

_MOST_PIECES = 64
_WIDTH = 76


class _Answers:
    """Stands in for the writer of frames, and keeps what was sent."""

    def __init__(self) -> None:
        self.pieces: list[str] = []
        self.error: Head | None = None
        self.numbers: tuple[Head, bytes] | None = None

    def piece(self, call: int, text: bytes) -> None:
        self.pieces.append(text.decode())

    def send_head(self, head: Head) -> None:
        self.error = head.get("error", self.error)

    def send(self, frame: bytes) -> None:
        head_length, _ = struct.unpack_from("<II", frame)
        head = json.loads(frame[8 : 8 + head_length])
        if head["type"] in ("vectors", "scores"):
            self.numbers = (head, frame[8 + head_length :])


def check(path: str, *, prompt: str, texts: list[str], options: dict[str, Any]) -> int:
    """The exit code: 1 where the server would report a fault."""
    started = time.perf_counter()
    try:
        model = load(path, Source({"name": _name(path), "options": options}, lambda fraction: None))
    except LoadFault as fault:
        if fault.__cause__ is not None and not isinstance(fault.__cause__, ModuleNotFoundError):
            print(traceback_of(fault.__cause__), file=sys.stderr, end="")
        print(fault, file=sys.stderr)
        return 1
    print(f"{_name(path)} loaded in {_ms(started)}")
    fine = True
    if model.generate is not None:
        task, function = model.generate
        print(f"generate  {function.name} ({function.place}), {task.concurrency} at once")
        fine = _generate(function, prompt)
    for one in text_tasks(model):
        size = f"batches of at most {one.batching.max_batch}"
        print(f"{one.name:<9} {one.function.name} ({one.function.place}), {_facts(one)}{size}")
        fine = _compute(one, texts[: one.batching.max_batch], prompt) and fine
    model.close()
    return 0 if fine else 1


def _generate(function: Function, prompt: str) -> bool:
    head = {"id": 1, "prompt": prompt, "sampling": {"max_tokens": _MOST_PIECES}}
    call = Call({**head, "credit": _MOST_PIECES}, b"")
    answers = _Answers()
    took = _run(lambda: Generation(function, _stopping(answers, call)), function, call)  # type: ignore[arg-type]
    if answers.error is not None:
        return _report(answers.error)
    text = "".join(answers.pieces)
    more = ", stopped there" if call.cancelled else ""
    print(f"          {len(answers.pieces)} pieces in {took}{more}: {_short(json.dumps(text, ensure_ascii=False))}")
    return True


def _stopping(answers: _Answers, call: Call) -> _Answers:
    """Cancels the call once it has sent all that it may, as the server does at ``max_tokens``."""
    keep = answers.piece

    def piece(number: int, text: bytes) -> None:
        keep(number, text)
        if len(answers.pieces) >= _MOST_PIECES:
            call.cancel()

    answers.piece = piece  # type: ignore[method-assign,assignment]
    return answers


def _facts(one: TextTask) -> str:
    """What there is to say of its numbers."""
    if one.name == "embed":
        return f"{one.shape.length} dimensions, "
    return f"labels {', '.join(one.facts['labels'])}, " if one.name == "classify" else ""


def _compute(one: TextTask, texts: list[str], prompt: str) -> bool:
    """The prompt is the query of documents, and what is read after a text."""
    function, length = one.function, one.shape.length
    pairs = [(prompt, text) if one.name == "rerank" else (text, prompt) for text in texts]
    parts = [part for pair in pairs for part in pair] if one.shape.pairs else texts
    encoded = [part.encode() for part in parts]
    call = Call({"id": 1, "lengths": [len(one) for one in encoded]}, b"".join(encoded))
    answers = _Answers()
    took = _run(lambda: Batches(function, one.shape, answers), function, call)  # type: ignore[arg-type]
    if answers.error is not None or answers.numbers is None:
        return _report(answers.error or {})
    head, body = answers.numbers
    failed = {each["index"]: each["error"].get("message") for each in head.get("errors", [])}
    for index, message in failed.items():
        print(f"          text {index} failed: {message}", file=sys.stderr)
    given = [index for index in range(len(texts)) if index not in failed]
    if given:
        start = 4 * length * given[0]
        first = ", ".join(f"{each:.4f}" for each in struct.unpack_from(f"<{min(4, length)}f", body, start))
        more = ", …" if length > 4 else ""
        print(f"          {len(given)} {one.shape.answer} in {took}: [{first}{more}]")
    return not failed


def _run(make: Callable[[], Any], function: Function, call: Call) -> str:
    started = time.perf_counter()
    if function.is_async:
        asyncio.run(make().run_async(call))
    else:
        make().run(call)
    return _ms(started)


def _report(error: Head) -> bool:
    if "traceback" in error:
        print(error["traceback"], file=sys.stderr, end="")
    print(f"          failed: {error.get('message')}", file=sys.stderr)
    return False


def _name(path: str) -> str:
    return os.path.basename(path)


def _ms(started: float) -> str:
    return f"{(time.perf_counter() - started) * 1000:.1f} ms"


def _short(text: str) -> str:
    return text if len(text) <= _WIDTH else text[: _WIDTH - 1] + "…"
