"""Runs the user's function for the items of a task, one batch after the other."""

from __future__ import annotations

import asyncio
import inspect
from typing import Any

from inferd.calls import Call, error_head, wrong_head
from inferd.frames import FrameWriter, frame
from inferd.loading import Function
from inferd.pool import cancel_with
from inferd.vectors import Shape, WrongVectors, encode


class Batches:
    def __init__(self, function: Function, shape: Shape, writer: FrameWriter) -> None:
        self._function, self._shape, self._writer = function, shape, writer

    def run(self, call: Call) -> None:
        """Computes a batch in this thread. Never raises."""
        try:
            items = self._items(call)
            self._send(call, len(items), self._function.call(items) if not call.cancelled else None)
        except BaseException as error:  # noqa: BLE001 - a function may also call sys.exit: that ends its batch
            self._fail(call, error)

    async def run_async(self, call: Call) -> None:
        """As :meth:`run`, in the event loop's thread."""
        cancel_with(call)
        try:
            items = self._items(call)
            result = self._function.call(items) if not call.cancelled else None
            self._send(call, len(items), await result if inspect.isawaitable(result) else result)
        except asyncio.CancelledError:
            self._fail(call, asyncio.CancelledError("it cancelled itself"))
        except BaseException as error:  # noqa: BLE001 - as above
            self._fail(call, error)

    def _send(self, call: Call, count: int, result: Any) -> None:
        if call.cancelled:
            self._writer.send_head({"type": "cancelled", "id": call.id})
            return
        body, errors = encode(result, count=count, shape=self._shape, name=self._function.name)
        head = {"type": self._shape.answer, "id": call.id, **({"errors": errors} if errors else {})}
        self._writer.send(frame(head, body))

    def _items(self, call: Call) -> list[Any]:
        texts = _texts(call)
        return list(zip(texts[::2], texts[1::2])) if self._shape.pairs else texts

    def _fail(self, call: Call, error: BaseException) -> None:
        if call.cancelled:
            self._writer.send_head({"type": "cancelled", "id": call.id})
            return
        is_wrong = isinstance(error, WrongVectors)
        head = wrong_head(str(error)) if is_wrong else error_head(error, self._function.name)
        self._writer.send_head({"type": "error", "id": call.id, "error": head})


def _texts(call: Call) -> list[str]:
    texts, start = [], 0
    for length in call.head["lengths"]:
        texts.append(call.body[start : start + length].decode())
        start += length
    return texts
