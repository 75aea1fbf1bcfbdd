"""The calls that are being computed, and what ends them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from inferd.errors import LONGEST, Error
from inferd.faults import text_of, traceback_of
from inferd.frames import Head


class Call:
    """One ``generate`` of the worker, or one batch. The reader's thread grants and cancels, one other computes."""

    __slots__ = ("_event", "body", "cancelled", "granted", "head", "id", "on_cancel", "on_credit", "sent")

    def __init__(self, head: Head, body: bytes) -> None:
        self.id: int = head["id"]
        self.head, self.body = head, body
        self.cancelled = False
        #: Pieces that may be sent in all. Only the reader's thread writes it.
        self.granted: int = head.get("credit", 0)
        #: Pieces that were sent. Only the thread that computes writes it.
        self.sent = 0
        self._event: threading.Event | None = None
        #: Called by the reader's thread; what runs in an event loop sets them.
        self.on_credit: Callable[[], Any] | None = None
        self.on_cancel: Callable[[], Any] | None = None

    def grant(self, credit: int) -> None:
        self.granted += credit
        self._changed(self.on_credit)

    def cancel(self) -> None:
        self.cancelled = True
        self._changed(self.on_cancel)

    def wait_for_credit(self) -> bool:
        """Blocks until a piece may be sent; False once the call is cancelled."""
        while self.sent >= self.granted and not self.cancelled:
            event = self._event = threading.Event()
            # What changed before the event stood there did not set it.
            if self.sent >= self.granted and not self.cancelled:
                event.wait()
        return not self.cancelled

    def _changed(self, tell: Callable[[], Any] | None) -> None:
        if self._event is not None:
            self._event.set()
        if tell is not None:
            tell()


def error_head(error: BaseException, name: str) -> Head:
    """An exception of the user's function, as the protocol writes it."""
    if isinstance(error, Error):
        return error.head()
    return {"reason": "INTERNAL", "message": f"{name}: {text_of(error)}"[:LONGEST], "traceback": traceback_of(error)}


def wrong_head(message: str) -> Head:
    """A mistake of the user's function that raised nothing."""
    return {"reason": "INTERNAL", "message": message}
