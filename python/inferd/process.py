"""This process: its descriptors, and its end when the worker is gone."""

from __future__ import annotations

import ctypes
import faulthandler
import fcntl
import os
import signal
import sys
import traceback

#: ``PR_SET_PDEATHSIG`` of ``prctl(2)``.
_SET_DEATH_SIGNAL = 1


def take_descriptors() -> tuple[int, int]:
    """Descriptors 3 and 4, moved where no subprocess and no forked child keeps them open."""
    moved = []
    for descriptor in (3, 4):
        moved.append(fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, 64))
        os.close(descriptor)

    def close() -> None:
        for one in moved:
            os.close(one)

    os.register_at_fork(after_in_child=close)
    return moved[0], moved[1]


def prepare() -> None:
    """Prints by lines, tracebacks for native crashes, and an end with the worker's, where the system offers one."""
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(line_buffering=True, encoding="utf-8", errors="backslashreplace")  # type: ignore[union-attr]
    faulthandler.enable()
    # Ctrl-C and a service manager's signals are the server's business.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if sys.platform == "linux":
        try:
            _end_after_worker()
        except (OSError, AttributeError):
            pass


def _end_after_worker() -> None:
    """Has the kernel end this process a second after its worker. The thread that reads from the worker ends it sooner,
    with all that was started; it cannot where native code holds the interpreter's lock, and no handler in Python runs
    then. So the handler is `alarm` of the C library: with the signal's number, 1, as its seconds."""
    library = ctypes.CDLL(None)
    library.signal.argtypes = [ctypes.c_int, ctypes.c_void_p]
    library.signal.restype = ctypes.c_void_p
    library.signal(signal.SIGHUP, ctypes.cast(library.alarm, ctypes.c_void_p))
    library.prctl(_SET_DEATH_SIGNAL, signal.SIGHUP)


def kill_all() -> None:
    """Ends this process and what it has started at once: the worker started it as the leader of a group."""
    if os.getpgrp() == os.getpid():
        os.killpg(0, signal.SIGKILL)
    os._exit(1)


def report_and_leave(code: int) -> None:
    """Prints the exception that is being handled, and ends this process, even if no process reads what is printed."""
    try:
        traceback.print_exc()
    finally:
        leave(code)


def leave(code: int) -> None:
    """Ends this process without waiting for threads of the user's that still run."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            pass
    os._exit(code)
