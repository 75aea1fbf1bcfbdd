"""Serves a file to the worker that has started this process: hands what it asks to the user's functions."""

from __future__ import annotations

import platform
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any

from inferd import logs, process
from inferd.batches import Batches
from inferd.calls import Call
from inferd.faults import LoadFault, traceback_of
from inferd.frames import FrameReader, FrameWriter, Head
from inferd.generation import Generation
from inferd.loading import Model, load
from inferd.pool import Loop, Threads, start
from inferd.source import Source
from inferd.tasks import text_tasks

PROTOCOL = 1


def serve(path: str) -> int:
    """Ends with the process."""
    reading, writing = process.take_descriptors()
    process.prepare()
    writer = FrameWriter(writing)
    logs.take_over(writer)
    server = _Server(writer)
    writing_thread = start(lambda: _write(writer), "inferd-writer")
    start(lambda: server.read(FrameReader(reading)), "inferd-reader")
    source = Source(
        server.first.get()["source"], lambda fraction: writer.send_head({"type": "progress", "fraction": fraction})
    )
    try:
        model = load(path, source)
    except LoadFault as fault:
        if fault.__cause__ is not None:
            logs.send_log(writer, "error", f"loading failed:\n{traceback_of(fault.__cause__)}")
        writer.send_head({"type": "failed", "message": str(fault)})
        writer.end()
        writing_thread.join()
        process.leave(1)
        return 1
    server.serve(model, source)
    writer.send_head(_ready(model))
    server.closed.get()
    code = _close(model, writer)
    writer.end()
    writing_thread.join(1)
    process.leave(code)
    return code


def _write(writer: FrameWriter) -> None:
    try:
        writer.run()
    except BrokenPipeError:
        # The worker has gone, and the thread that reads has not seen it yet.
        process.kill_all()


def _ready(model: Model) -> Head:
    tasks: Head = {}
    if model.generate is not None:
        tasks["generate"] = {"concurrency": model.generate[0].concurrency, "chat": True}
    for one in text_tasks(model):
        tasks[one.name] = one.ready
    libraries = [{"name": "python", "version": platform.python_version()}]
    return {"type": "ready", "protocol": PROTOCOL, "tasks": tasks, "libraries": libraries}


def _close(model: Model, writer: FrameWriter) -> int:
    try:
        model.close()
    except Exception as error:  # noqa: BLE001 - it must not keep the process
        logs.send_log(writer, "error", f"close failed:\n{traceback_of(error)}")
        return 1
    return 0


class _Server:
    """Owns the calls that have not ended."""

    def __init__(self, writer: FrameWriter) -> None:
        self._writer = writer
        self._calls: dict[int, Call] = {}
        self._source: Source | None = None
        self._run: dict[str, Callable[[Call], None]] = {}
        #: Gets the ``load`` frame.
        self.first: SimpleQueue[Head] = SimpleQueue()
        self.closed: SimpleQueue[None] = SimpleQueue()
        self._handlers: dict[str, Callable[[Head, bytes], Any]] = {
            "generate": self._begin,
            "embed": self._begin,
            "rerank": self._begin,
            "classify": self._begin,
            "credit": lambda head, _: self._with(head, lambda call: call.grant(head["credit"])),
            "cancel": lambda head, _: self._with(head, Call.cancel),
            "ping": lambda head, _: writer.send_head({"type": "pong"}),
            "threads": lambda head, _: self._set_threads(head["threads"]),
            "load": lambda head, _: self.first.put(head),
            "close": lambda head, _: self.closed.put(None),
        }

    def serve(self, model: Model, source: Source) -> None:
        self._source = source
        loop = Loop()
        if model.generate is not None:
            generate, function = model.generate
            self._run["generate"] = self._runner(
                Generation(function, self._writer), function.is_async, generate.concurrency, loop
            )
        for one in text_tasks(model):
            batches = Batches(one.function, one.shape, self._writer)
            most = one.batching.concurrency
            self._run[one.name] = self._runner(batches, one.function.is_async, most, loop)

    def read(self, frames: FrameReader) -> None:
        """Until the worker has gone: then everything ends."""
        handlers = self._handlers
        while (some := frames.read()) is not None:
            for head, body in some:
                handler = handlers.get(head["type"])
                if handler is not None:
                    handler(head, body)
        process.kill_all()

    def _runner(
        self, work: Generation | Batches, is_async: bool, most: int, loop: Loop
    ) -> Callable[[Call], None]:
        calls = self._calls

        def run(call: Call) -> None:
            work.run(call)
            calls.pop(call.id, None)

        async def run_async(call: Call) -> None:
            await work.run_async(call)
            calls.pop(call.id, None)

        if is_async:
            return lambda call: loop.start(lambda: run_async(call))
        threads = Threads(most, "inferd-worker")
        return lambda call: threads.run(lambda: run(call))

    def _begin(self, head: Head, body: bytes) -> None:
        call = self._calls[head["id"]] = Call(head, body)
        self._run[head["type"]](call)

    def _with(self, head: Head, act: Callable[[Call], None]) -> None:
        call = self._calls.get(head["id"])
        if call is not None:
            act(call)

    def _set_threads(self, threads: int) -> None:
        if self._source is not None:
            self._source.threads = threads

