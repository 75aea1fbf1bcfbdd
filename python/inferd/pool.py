"""Threads that run the user's plain functions, and one thread with the event loop of the others."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from queue import SimpleQueue
from typing import Any

from inferd.calls import Call


class Threads:
    """Runs at most ``most`` of the given things at once; the others wait in order."""

    def __init__(self, most: int, name: str) -> None:
        self._most, self._name = most, name
        self._waiting: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._started = 0
        self._idle = 0

    def run(self, act: Callable[[], None]) -> None:
        """Call it from one thread only."""
        self._waiting.put(act)
        if self._waiting.qsize() > self._idle and self._started < self._most:
            self._started += 1
            threading.Thread(target=self._loop, name=f"{self._name}-{self._started}", daemon=True).start()

    def _loop(self) -> None:
        while True:
            # Not exact, as several threads write it: too many threads are harmless, and bounded.
            self._idle += 1
            act = self._waiting.get()
            self._idle -= 1
            act()


class Loop:
    """An event loop in a thread of its own, which starts with the first use."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self, make: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Runs a coroutine. Call it from one thread only."""
        if self._loop is None:
            self._loop = asyncio.new_event_loop()
            threading.Thread(target=self._loop.run_forever, name="inferd-loop", daemon=True).start()
        loop = self._loop
        loop.call_soon_threadsafe(lambda: self._keep(loop.create_task(make())))

    def _keep(self, task: asyncio.Task[None]) -> None:
        # The loop itself holds its tasks weakly.
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def cancel_with(call: Call) -> None:
    """Lets a cancellation of the call cancel the task that this runs in."""
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    assert task is not None
    call.on_cancel = lambda: loop.call_soon_threadsafe(task.cancel)
