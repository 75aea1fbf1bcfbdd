"""Sends the records of ``logging`` to the server's log, where the user has configured nothing else."""

from __future__ import annotations

import logging
from typing import Any

from inferd.frames import FrameWriter

_LONGEST = 16_000


class ServerLog(logging.Handler):
    def __init__(self, writer: FrameWriter) -> None:
        super().__init__()
        self._writer = writer
        self._left_out = 0
        self.setFormatter(logging.Formatter("%(name)s: %(message)s"))

    def emit(self, record: logging.LogRecord) -> None:
        # A flood of records must not fill the memory. Handlers are called one at a time.
        if self._writer.is_behind():
            self._left_out += 1
            return
        try:
            if self._left_out > 0:
                send_log(self._writer, "warn", f"{self._left_out} log records were left out")
                self._left_out = 0
            send_log(self._writer, _level(record.levelno), self.format(record))
        except Exception:  # noqa: BLE001 - as every handler does
            self.handleError(record)


def send_log(writer: FrameWriter, level: str, message: str) -> None:
    writer.send_head({"type": "log", "level": level, "message": message[:_LONGEST]})


def take_over(writer: FrameWriter) -> None:
    """It comes last, so that a handler of the user's, or ``logging.basicConfig`` with arguments, takes its place."""
    log = logging.lastResort = ServerLog(writer)
    configure = logging.basicConfig

    def basic_config(**given: Any) -> None:
        # `logging.warning` and its like call it so, where nothing is configured.
        if not given and not logging.root.handlers:
            logging.root.addHandler(log)
        else:
            configure(**given)

    logging.basicConfig = basic_config


def _level(number: int) -> str:
    if number >= logging.ERROR:
        return "error"
    if number >= logging.WARNING:
        return "warn"
    return "info" if number >= logging.INFO else "debug"
