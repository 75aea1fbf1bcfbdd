"""Runs the user's ``generate`` function for one call after the other, and sends what it gives."""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import AsyncIterator, Iterator
from functools import partial
from typing import Any

from inferd.calls import Call, error_head, wrong_head
from inferd.frames import FrameWriter, raw_frame
from inferd.loading import Function
from inferd.pool import cancel_with
from inferd.request import Request

_log = logging.getLogger("inferd")


#: Steps of an async generator after which the event loop has a turn.
_TURN = 32


class _LoneSurrogate(Exception):
    """A text of the user's has no UTF-8."""


class Generation:
    def __init__(self, function: Function, writer: FrameWriter) -> None:
        self._function, self._writer = function, writer

    def run(self, call: Call) -> None:
        """Computes a call in this thread to its end. Never raises."""
        try:
            if not call.cancelled:
                self._answer(call)
            else:
                self._end(call)
        except BaseException as error:  # noqa: BLE001 - a function may also call sys.exit: that ends its call
            self._fail(call, error)

    async def run_async(self, call: Call) -> None:
        """As :meth:`run`, in the event loop's thread."""
        cancel_with(call)
        try:
            if call.cancelled:
                self._end(call)
                return
            answer = self._function.call(Request(call.head, call))
            if inspect.isawaitable(answer):
                answer = await answer
            if isinstance(answer, AsyncIterator):
                await self._iterate_async(call, answer)
            elif self._is_text(call, answer, "returned"):
                self._piece(call, answer)
                self._end(call)
        except asyncio.CancelledError:
            # Ours, or one that the function raised itself.
            self._end(call) if call.cancelled else self._fail(call, asyncio.CancelledError("it cancelled itself"))
        except BaseException as error:  # noqa: BLE001 - as above
            self._fail(call, error)

    def _answer(self, call: Call) -> None:
        answer = self._function.call(Request(call.head, call))
        if type(answer) is str:
            self._piece(call, answer)
            self._end(call)
        elif isinstance(answer, Iterator):
            self._iterate(call, answer)
        elif hasattr(answer, "__iter__") and not isinstance(answer, (str, bytes)):
            self._iterate(call, iter(answer))
        elif self._is_text(call, answer, "returned"):
            self._piece(call, answer)
            self._end(call)

    def _iterate(self, call: Call, pieces: Iterator[Any]) -> None:
        """A call that ends early closes the generator, which sees GeneratorExit at its ``yield``."""
        try:
            while call.sent < call.granted or call.wait_for_credit():
                if call.cancelled:
                    break
                try:
                    piece = next(pieces)
                except StopIteration:
                    break
                if type(piece) is str:
                    if piece:
                        self._writer.piece(call.id, _utf8(piece))
                        call.sent += 1
                elif not self._is_text(call, piece, "yielded"):
                    return
        finally:
            close = getattr(pieces, "close", None)
            if close is not None:
                self._close(close)
        self._end(call)

    def _close(self, close: Any) -> None:
        try:
            close()
        except BaseException as error:  # noqa: BLE001 - the call has ended: only the log can hear of it
            _log.error("%s failed while it was closed: %s", self._function.name, error, exc_info=error)

    async def _iterate_async(self, call: Call, pieces: AsyncIterator[Any]) -> None:
        steps = 0
        try:
            while True:
                steps += 1
                if call.sent >= call.granted:
                    await _credit(call)
                elif steps % _TURN == 0:
                    # One that awaits nothing itself would keep the loop from all others, and from its cancellation.
                    await asyncio.sleep(0)
                if call.cancelled:
                    break
                try:
                    piece = await anext(pieces)
                except StopAsyncIteration:
                    break
                if not self._is_text(call, piece, "yielded"):
                    return
                if piece:
                    self._piece(call, piece)
        finally:
            close = getattr(pieces, "aclose", None)
            if close is not None:
                await self._close_async(close)
        self._end(call)

    async def _close_async(self, close: Any) -> None:
        try:
            await close()
        except Exception as error:  # noqa: BLE001 - as above
            _log.error("%s failed while it was closed: %s", self._function.name, error, exc_info=error)

    def _piece(self, call: Call, text: str) -> None:
        if text:
            self._writer.piece(call.id, _utf8(text))
            call.sent += 1

    def _is_text(self, call: Call, value: Any, did: str) -> bool:
        """Fails the call where a value is none."""
        if isinstance(value, str):
            return True
        kind = "None" if value is None else f"a value of type {type(value).__name__}"
        self._send_error(call, wrong_head(f"{self._function.name} {did} {kind}, not a str"))
        return False

    def _fail(self, call: Call, error: BaseException) -> None:
        if isinstance(error, _LoneSurrogate):
            name = self._function.name
            self._send_error(call, wrong_head(f"{name} gave a text with a lone surrogate, which UTF-8 does not have"))
        elif call.cancelled and isinstance(error, GeneratorExit):
            self._end(call)
        else:
            self._send_error(call, error_head(error, self._function.name))

    def _send_error(self, call: Call, head: dict[str, Any]) -> None:
        self._writer.send_head({"type": "error", "id": call.id, "error": head})

    def _end(self, call: Call) -> None:
        what = b"cancelled" if call.cancelled else b"done"
        self._writer.send(raw_frame(b'{"type":"%b","id":%d}' % (what, call.id)))


def _utf8(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError:
        raise _LoneSurrogate from None


async def _credit(call: Call) -> None:
    """Waits until a piece may be sent. A cancellation ends the wait as it ends any."""
    loop = asyncio.get_running_loop()
    while call.sent >= call.granted:
        changed = asyncio.Event()
        call.on_credit = partial(loop.call_soon_threadsafe, changed.set)
        # What was granted before this stood there told nothing.
        if call.sent < call.granted:
            break
        await changed.wait()
    call.on_credit = None
