"""The decorators that say which function does which task."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar, overload

F = TypeVar("F", bound=Callable[..., Any])

#: The attribute by which a decorated function is found.
MARK = "__inferd__"


@dataclass(frozen=True)
class Generate:
    concurrency: int
    task = "generate"


@dataclass(frozen=True)
class Embed:
    #: A number, the name of an attribute of the model or of the module, or a function of the model.
    dimensions: int | str | Callable[[Any], int]
    max_batch: int
    max_batch_bytes: int
    concurrency: int
    task = "embed"


Task = Generate | Embed


@overload
def generate(function: F, /) -> F: ...


@overload
def generate(*, concurrency: int = 16) -> Callable[[F], F]: ...


def generate(function: Any = None, /, *, concurrency: int = 16) -> Any:
    """Serves a function that writes text: it returns a str, or yields pieces of it.

    It is called with a :class:`Request`. A plain function or a generator runs in a thread of its own, up to
    ``concurrency`` at once; coroutines and async generators share one event loop, up to as many at once.
    """
    task = Generate(_whole("concurrency", concurrency))
    return _mark(task) if function is None else _mark(task)(function)


def embed(
    *,
    dimensions: int | str | Callable[[Any], int],
    max_batch: int = 32,
    max_batch_bytes: int = 65_536,
    concurrency: int = 1,
) -> Callable[[F], F]:
    """Serves a function that turns texts into vectors, ``len(texts)`` × ``dimensions`` numbers.

    It is called with a list of str, which may be of several callers: at most ``max_batch``, and ``max_batch_bytes``
    bytes of UTF-8 unless one text is longer. At most ``concurrency`` batches run at once. ``dimensions`` may be the
    name of an attribute of the model, or a function of it.
    """
    if not isinstance(dimensions, str) and not callable(dimensions):
        _whole("dimensions", dimensions)
    return _mark(
        Embed(
            dimensions,
            _whole("max_batch", max_batch),
            _whole("max_batch_bytes", max_batch_bytes),
            _whole("concurrency", concurrency),
        )
    )


def _mark(task: Task) -> Callable[[F], F]:
    def mark(function: F) -> F:
        if not callable(function):
            raise TypeError(f"@inferd.{task.task} is for functions, not {type(function).__name__}")
        setattr(function, MARK, task)
        return function

    return mark


def _whole(name: str, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ValueError(f"{name} must be a whole number above zero, not {value!r}")
    return value
