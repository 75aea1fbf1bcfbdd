"""What both servers of `python-peers` serve: each function once, so that only what stands around it differs."""

import time
from collections.abc import Iterator


def nothing(prompt: str) -> str:
    return prompt


def sleep(prompt: str) -> str:
    """Waits for 5 ms, as a function does that asks a GPU or another server."""
    time.sleep(0.005)
    return prompt


def busy(prompt: str) -> str:
    """Computes for 5 ms of CPU time in Python: the interpreter's lock lets one call compute at a time."""
    end = time.thread_time() + 0.005
    while time.thread_time() < end:
        pass
    return prompt


def count(prompt: str) -> Iterator[str]:
    for index in range(int(prompt)):
        yield f"{index}\n"


def hold(prompt: str) -> str:
    """Holds the interpreter's lock for the given seconds: sum() of a range runs in C and gives it to no other thread."""
    sum(range(int(float(prompt) * numbers_per_second())))
    return prompt


def numbers_per_second() -> float:
    numbers = 2_000_000
    start = time.thread_time()
    sum(range(numbers))
    return numbers / (time.thread_time() - start)
