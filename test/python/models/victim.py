"""Ends or hangs its interpreter, each way that there is."""

import ctypes
import os
import re
import signal
import threading
import time

import inferd


def end(how):
    if how == "sleep":
        time.sleep(100_000)
    elif how == "hold":
        # Holds the lock of the interpreter: it backtracks for ages in C.
        re.match(r"(a+)+$", "a" * 64 + "b")
    elif how == "exit":
        os._exit(3)
    elif how == "zero":
        os._exit(0)
    elif how == "fault":
        ctypes.string_at(0)
    elif how == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    elif how == "terminate":
        os.kill(os.getpid(), signal.SIGTERM)
    elif how == "descriptors":
        os.closerange(3, 64)
        time.sleep(100_000)


# What user code does to signals must not keep it alive.
signal.signal(signal.SIGTERM, signal.SIG_IGN)
threading.Thread(target=time.sleep, args=[100_000]).start()


@inferd.generate(concurrency=4)
def write(request):
    act, *words = request.prompt.split()
    if act == "pid":
        yield str(os.getpid())
    elif act == "say":
        yield from words
    else:
        if act != "silent":
            yield "begun"
            time.sleep(0.1)
        end(words[0])
