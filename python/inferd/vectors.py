"""What an ``embed`` function returns, as the protocol's float32 values. numpy is used where the model uses it."""

from __future__ import annotations

import math
import sys
from array import array
from collections.abc import Sequence
from typing import Any

from inferd.errors import LONGEST, Error
from inferd.faults import text_of, traceback_of

#: An index in the batch, and the error of that text.
ItemError = dict[str, Any]

#: One for each text of a large batch would be longer than a frame's head may be.
_MOST_TRACEBACKS = 8


class WrongVectors(Exception):
    """The whole result is wrong."""


def encode(result: Any, *, count: int, dimensions: int, name: str) -> tuple[bytes | memoryview, list[ItemError]]:
    """The body of a ``vectors`` frame, and the errors of single texts. Throws WrongVectors."""
    whole = _whole(result, count * dimensions)
    if whole is not None and _shape_fits(result, count, dimensions) and _is_finite(whole):
        return whole, []
    rows = _rows(result, name)
    if isinstance(result, (array, memoryview)) and len(rows) == count * dimensions:
        # One block that holds all vectors, of another type than float32.
        rows = [rows[start : start + dimensions] for start in range(0, len(rows), dimensions)]
    if len(rows) != count:
        raise WrongVectors(f"{name} returned {len(rows)} vectors for {count} texts")
    errors: list[ItemError] = []
    parts: list[bytes] = []
    for index, row in enumerate(rows):
        values, fault = _row(row, dimensions)
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


def _shape_fits(result: Any, count: int, dimensions: int) -> bool:
    shape = tuple(getattr(result, "shape", (count, dimensions)))
    return shape == (count, dimensions) or (count == 1 and shape == (dimensions,))


def _is_finite(block: memoryview) -> bool:
    numpy = sys.modules.get("numpy")
    values = block.cast("f")
    if numpy is not None:
        return bool(numpy.isfinite(numpy.frombuffer(values, dtype="<f4")).all())
    # A sum of float32 in double precision never overflows: only what is not finite makes it so.
    return math.isfinite(sum(values))


def _rows(result: Any, name: str) -> Sequence[Any]:
    result = _on_this_machine(result)
    if isinstance(result, (str, bytes, dict)) or result is None:
        raise WrongVectors(f"{name} returned {_kind(result)}, not a vector for each text")
    try:
        return list(result.tolist() if isinstance(result, (memoryview, array)) else result)
    except TypeError:
        raise WrongVectors(f"{name} returned {_kind(result)}, not a vector for each text") from None


def _row(row: Any, dimensions: int) -> tuple[bytes, str | ItemError | None]:
    """A vector's bytes; or what the function returned in place of one."""
    if isinstance(row, Error):
        return b"", row.head()
    if isinstance(row, BaseException):
        return b"", {"reason": "INTERNAL", "message": text_of(row)[:LONGEST], "traceback": traceback_of(row)}
    row = _on_this_machine(row)
    if row is None or isinstance(row, (str, bytes)):
        return b"", _kind(row)
    try:
        values = array("f", row)
    except (TypeError, OverflowError):
        return b"", f"{_kind(row)}, not a vector of numbers,"
    if len(values) != dimensions:
        return b"", f"a vector of {len(values)} numbers, not {dimensions},"
    if not math.isfinite(sum(values)):
        return b"", "a vector with a value that is not finite"
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
