"""Errors that callers see. Any other exception is logged with its traceback, and callers see INTERNAL without it."""

from __future__ import annotations

import math
from typing import Any

#: Characters of a message.
LONGEST = 2000

#: Why a field is wrong, as ``docs/reference/errors.md`` explains them.
FIELD_REASONS = frozenset(
    {"CONFLICT", "MALFORMED", "OUT_OF_RANGE", "REQUIRED", "TOO_LONG", "TOO_MANY", "UNKNOWN_VALUE", "UNSUPPORTED"}
)


class Error(Exception):
    """What :class:`InvalidArgument` and the others have in common: callers see their messages. Put no prompt, path or key in it."""

    def head(self) -> dict[str, Any]:
        """The error as the engine protocol writes it."""
        return {"reason": "INTERNAL", "message": str(self)[:LONGEST]}


class InvalidArgument(Error):
    """A field of the request is wrong. Callers get INVALID_ARGUMENT with a field violation.

    ``field`` is its path in the request, such as ``prompt``, ``sampling.temperature`` or ``inputs[3]``. ``reason`` is
    one of those of ``docs/reference/errors.md``.
    """

    def __init__(self, field: str, message: str, reason: str = "MALFORMED") -> None:
        if reason not in FIELD_REASONS:
            raise ValueError(f"reason must be one of {', '.join(sorted(FIELD_REASONS))}, not {reason!r}")
        super().__init__(f"{field}: {message}")
        self.field, self.message, self.reason = str(field), str(message), reason

    def head(self) -> dict[str, Any]:
        violation = {"field": self.field[:LONGEST], "reason": self.reason, "description": self.message[:LONGEST]}
        return {"reason": "FIELD_INVALID", "message": str(self)[:LONGEST], "violations": [violation]}


class ResourceExhausted(Error):
    """Too much is asked for now. Callers get RESOURCE_EXHAUSTED, and may try again after ``retry_after`` seconds."""

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        if retry_after is not None and not 0 <= retry_after < math.inf:
            raise ValueError(f"retry_after must be seconds, zero or more, not {retry_after!r}")
        super().__init__(message)
        self.retry_after = None if retry_after is None else float(retry_after)

    def head(self) -> dict[str, Any]:
        head: dict[str, Any] = {"reason": "QUEUE_FULL", "message": str(self)[:LONGEST]}
        return head if self.retry_after is None else {**head, "retry_after": self.retry_after}
