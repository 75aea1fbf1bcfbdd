"""What a function over texts returns, as the protocol's float32 values. numpy is used where the model uses it."""

from __future__ import annotations

import math
import sys
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from inferd.errors import LONGEST, Error
from inferd.faults import text_of, traceback_of

#: An index in the batch, and the error of that text.
ItemError = dict[str, Any]

#: One for each text of a large batch would be longer than a frame's head may be.
_MOST_TRACEBACKS = 8


@dataclass(frozen=True)
class Shape:
    """What a task's function is given, and what it returns for each item."""

    #: How many numbers; None for one that is in no list.
    numbers: int | None
    pairs: bool = False
    #: The type of the frame that answers, and what messages call the results.
    answer: str = "vectors"

    @property
    def length(self) -> int:
        return 1 if self.numbers is None else self.numbers

    @property
    def one(self) -> str:
        """One result, for messages."""
        if self.numbers is None:
            return "a number"
        return "a vector" if self.answer == "vectors" else "a list"


class WrongVectors(Exception):
    """The whole result is wrong."""


def encode(result: Any, *, count: int, shape: Shape, name: str) -> tuple[bytes | memoryview, list[ItemError]]:
    """The body of the answer's frame, and the errors of single texts. Throws WrongVectors."""
    dimensions = shape.length
    whole = _whole(result, count * dimensions)
    if whole is not None and _shape_fits(result, count, shape) and _is_finite(whole):
        return whole, []
    rows = _rows(result, name, shape)
    if isinstance(result, (array, memoryview)) and len(rows) == count * dimensions:
        # One block that holds all vectors, of another type than float32.
        rows = [rows[start : start + dimensions] for start in range(0, len(rows), dimensions)]
    if len(rows) != count:
        raise WrongVectors(f"{name} returned {len(rows)} {shape.answer} for {count} texts")
    errors: list[ItemError] = []
    parts: list[bytes] = []
    for index, row in enumerate(rows):
        values, fault = _row(row, shape)
        if fault is not None:
            head = fault if isinstance(fault, dict) else _wrong(f"{name} returned {fault} for text {index}")
            if len(errors) >= _MOST_TRACEBACKS:
                head.pop("traceback", None)
            errors.append({"index": index, "error": head})
        parts.append(values if fault is None else bytes(4 * dimensions))
    return b"".join(parts), errors


def _whole(result: Any, numbers: int) -> memoryview | None:
    """All values at once, where the result holds them as numbers in one block of memory."""
    numpy = sys.modules.get("numpy")
    result = _on_this_machine(result)
    if numpy is not None and isinstance(result, numpy.ndarray):
        if result.dtype.kind not in "fiu":
            return None
        result = numpy.ascontiguousarray(result, dtype="<f4")
    try:
        view = memoryview(result)
    except TypeError:
        return None
    is_block = view.c_contiguous and view.format in ("f", "<f") and view.nbytes == 4 * numbers
    return view.cast("B") if is_block and sys.byteorder == "little" and numbers > 0 else None


def _shape_fits(result: Any, count: int, wanted: Shape) -> bool:
    dimensions = wanted.length
    shape = tuple(getattr(result, "shape", (count, dimensions)))
    if wanted.numbers is None and shape == (count,):
        return True
    return shape == (count, dimensions) or (count == 1 and shape == (dimensions,))


def _is_finite(block: memoryview) -> bool:
    numpy = sys.modules.get("numpy")
    values = block.cast("f")
    if numpy is not None:
        return bool(numpy.isfinite(numpy.frombuffer(values, dtype="<f4")).all())
    # A sum of float32 in double precision never overflows: only what is not finite makes it so.
    return math.isfinite(sum(values))


def _rows(result: Any, name: str, shape: Shape) -> Sequence[Any]:
    result = _on_this_machine(result)
    if isinstance(result, (str, bytes, dict)) or result is None:
        raise WrongVectors(f"{name} returned {_kind(result)}, not {shape.one} for each text")
    try:
        return list(result.tolist() if isinstance(result, (memoryview, array)) else result)
    except TypeError:
        raise WrongVectors(f"{name} returned {_kind(result)}, not {shape.one} for each text") from None


def _row(row: Any, shape: Shape) -> tuple[bytes, str | ItemError | None]:
    """A vector's bytes; or what the function returned in place of one."""
    if isinstance(row, Error):
        return b"", row.head()
    if isinstance(row, BaseException):
        return b"", {"reason": "INTERNAL", "message": text_of(row)[:LONGEST], "traceback": traceback_of(row)}
    row = _on_this_machine(row)
    if row is None or isinstance(row, (str, bytes)):
        return b"", _kind(row)
    try:
        values = array("f", [row] if shape.numbers is None and not hasattr(row, "__len__") else row)
    except (TypeError, OverflowError):
        return b"", f"{_kind(row)}, not {shape.one}{'' if shape.numbers is None else ' of numbers'},"
    if len(values) != shape.length:
        return b"", f"{'a list' if shape.numbers is None else shape.one} of {len(values)} numbers, not {shape.length},"
    if not math.isfinite(sum(values)):
        is_one = shape.numbers is None
        return b"", "a number that is not finite" if is_one else f"{shape.one} with a value that is not finite"
    if sys.byteorder == "big":
        values.byteswap()
    return values.tobytes(), None


def _wrong(message: str) -> ItemError:
    return {"reason": "INTERNAL", "message": message}


def _on_this_machine(value: Any) -> Any:
    """A tensor of torch, or what else turns itself into an array, as one of numpy."""
    if hasattr(value, "detach"):
        value = value.detach().cpu().float().numpy()
    elif hasattr(value, "__array__") and "numpy" in sys.modules:
        value = sys.modules["numpy"].asarray(value)
    return value


def _kind(value: Any) -> str:
    return "None" if value is None else f"a value of type {type(value).__name__}"
