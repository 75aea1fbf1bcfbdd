"""Sends the records of ``logging`` to the server's log, where the user has configured nothing else."""

from __future__ import annotations

import logging

from inferd.frames import FrameWriter

_LONGEST = 16_000


class ServerLog(logging.Handler):
    def __init__(self, writer: FrameWriter) -> None:
        super().__init__()
        self._writer = writer
        self.setFormatter(logging.Formatter("%(name)s: %(message)s"))

    def emit(self, record: logging.LogRecord) -> None:
        try:
            send_log(self._writer, _level(record.levelno), self.format(record))
        except Exception:  # noqa: BLE001 - as every handler does
            self.handleError(record)


def send_log(writer: FrameWriter, level: str, message: str) -> None:
    writer.send_head({"type": "log", "level": level, "message": message[:_LONGEST]})


def take_over(writer: FrameWriter) -> None:
    """It comes last, so that a handler of the user's, or ``logging.basicConfig``, takes its place."""
    logging.lastResort = ServerLog(writer)


def _level(number: int) -> str:
    if number >= logging.ERROR:
        return "error"
    if number >= logging.WARNING:
        return "warn"
    return "info" if number >= logging.INFO else "debug"
