"""The decorators that say which function does which task."""

from __future__ import annotations

from collections.abc import Callable, Sequence
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
class Batching:
    """How the items of callers are put together."""

    max_batch: int
    max_batch_bytes: int
    concurrency: int


@dataclass(frozen=True)
class Embed:
    batching: Batching
    #: A number, the name of an attribute of the model or of the module, or a function of the model.
    dimensions: int | str | Callable[[Any], int]
    task = "embed"


@dataclass(frozen=True)
class Rerank:
    batching: Batching
    task = "rerank"


@dataclass(frozen=True)
class Classify:
    batching: Batching
    #: The labels, the name of an attribute, or a function of the model.
    labels: Sequence[str] | str | Callable[[Any], Sequence[str]]
    multi_label: bool
    pairs: bool
    task = "classify"


Task = Generate | Embed | Rerank | Classify


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
    return _mark(Embed(_batching(max_batch, max_batch_bytes, concurrency), dimensions))


@overload
def rerank(function: F, /) -> F: ...


@overload
def rerank(*, max_batch: int = 32, max_batch_bytes: int = 65_536, concurrency: int = 1) -> Callable[[F], F]: ...


def rerank(
    function: Any = None, /, *, max_batch: int = 32, max_batch_bytes: int = 65_536, concurrency: int = 1
) -> Any:
    """Serves a function that scores documents: it returns a number for each pair, higher is better.

    It is called with a list of (query, document), which may be of several callers: at most ``max_batch``, and
    ``max_batch_bytes`` bytes of UTF-8 unless one pair is longer. At most ``concurrency`` batches run at once.
    """
    task = Rerank(_batching(max_batch, max_batch_bytes, concurrency))
    return _mark(task) if function is None else _mark(task)(function)


def classify(
    *,
    labels: Sequence[str] | str | Callable[[Any], Sequence[str]],
    multi_label: bool = False,
    pairs: bool = False,
    max_batch: int = 32,
    max_batch_bytes: int = 65_536,
    concurrency: int = 1,
) -> Callable[[F], F]:
    """Serves a function that gives texts labels: it returns ``len(labels)`` numbers for each text.

    It is called with a list of str, as ``embed`` is. With ``pairs``, the list is of (text, pair), and the pair is empty
    where a call sends none; without, calls that send one are refused. ``multi_label`` says that each label has a score
    of its own, so that they do not sum to 1. ``labels`` may be the name of an attribute of the model, or a function
    of it.
    """
    if not isinstance(labels, str) and not callable(labels):
        labels = labels_of("labels", labels)
    return _mark(Classify(_batching(max_batch, max_batch_bytes, concurrency), labels, multi_label, pairs))


def labels_of(what: str, value: Any) -> list[str]:
    """Raises a ValueError for what are no labels."""
    labels = [] if isinstance(value, str) or not hasattr(value, "__iter__") else list(value)
    are_texts = all(isinstance(one, str) and 0 < len(one) <= _LONGEST_LABEL for one in labels)
    if labels and are_texts and len(set(labels)) == len(labels):
        return labels
    raise ValueError(f"{what} must be texts of 1 to {_LONGEST_LABEL} characters, at least one, and none twice")


_LONGEST_LABEL = 200


def _batching(max_batch: int, max_batch_bytes: int, concurrency: int) -> Batching:
    return Batching(
        _whole("max_batch", max_batch),
        _whole("max_batch_bytes", max_batch_bytes),
        _whole("concurrency", concurrency),
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
