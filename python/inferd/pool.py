"""Threads that run the user's plain functions, and one thread with the event loop of the others."""

from __future__ import annotations

import asyncio
import threading
import traceback
from collections.abc import Callable, Coroutine
from queue import SimpleQueue
from typing import Any

from inferd import process
from inferd.calls import Call

#: What the exit code says of a fault of this package.
BROKEN = 70


def start(act: Callable[[], None], name: str) -> threading.Thread:
    """A thread without which the process would live and answer nothing: an exception in it ends the process."""

    def run() -> None:
        try:
            act()
        except BaseException:  # noqa: BLE001 - it ends here
            process.report_and_leave(BROKEN)

    thread = threading.Thread(target=run, name=name, daemon=True)
    thread.start()
    return thread


class Threads:
    """Runs at most ``most`` of the given things at once; the others wait in order."""

    def __init__(self, most: int, name: str) -> None:
        self._most, self._name = most, name
        self._waiting: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._lock = threading.Lock()
        self._started = 0
        #: What waits or runs.
        self._unfinished = 0

    def run(self, act: Callable[[], None]) -> None:
        """Call it from one thread only."""
        self._waiting.put(act)
        with self._lock:
            self._unfinished += 1
            is_short = self._unfinished > self._started
        if is_short and self._started < self._most:
            self._started += 1
            start(self._loop, f"{self._name}-{self._started}")

    def _loop(self) -> None:
        while True:
            act = self._waiting.get()
            act()
            with self._lock:
                self._unfinished -= 1


class Loop:
    """An event loop in a thread of its own, which starts with the first use."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self, make: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Runs a coroutine. Call it from one thread only."""
        if self._loop is None:
            self._loop = asyncio.new_event_loop()
            start(self._run, "inferd-loop")
        loop = self._loop
        loop.call_soon_threadsafe(lambda: self._keep(loop.create_task(make())))

    def _run(self) -> None:
        loop = self._loop
        assert loop is not None
        while True:
            try:
                loop.run_forever()
            except (SystemExit, KeyboardInterrupt):
                # A task that the user's function started has called sys.exit: the loop serves the others on.
                traceback.print_exc()

    def _keep(self, task: asyncio.Task[None]) -> None:
        # The loop itself holds its tasks weakly.
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def cancel_with(call: Call) -> None:
    """Lets a cancellation of the call cancel the task that this runs in."""
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    assert task is not None
    call.on_cancel = lambda: loop.call_soon_threadsafe(task.cancel)
