"""Errors that callers see. Any other exception is logged with its traceback, and callers see INTERNAL without it."""

from __future__ import annotations

from typing import Any

#: Why a field is wrong, as ``docs/reference/errors.md`` explains them.
FIELD_REASONS = frozenset(
    {"CONFLICT", "MALFORMED", "OUT_OF_RANGE", "REQUIRED", "TOO_LONG", "TOO_MANY", "UNKNOWN_VALUE", "UNSUPPORTED"}
)


class Error(Exception):
    """An error whose message callers see: raise one of its subclasses. Put no prompt, path or key in it."""

    def head(self) -> dict[str, Any]:
        """The error as the engine protocol writes it."""
        raise NotImplementedError


class InvalidArgument(Error):
    """A field of the request is wrong. Callers get INVALID_ARGUMENT with a field violation.

    ``field`` is its path in the request, such as ``prompt``, ``sampling.temperature`` or ``inputs[3]``. ``reason`` is
    one of those of ``docs/reference/errors.md``.
    """

    def __init__(self, field: str, message: str, reason: str = "MALFORMED") -> None:
        if reason not in FIELD_REASONS:
            raise ValueError(f"reason must be one of {', '.join(sorted(FIELD_REASONS))}, not {reason!r}")
        super().__init__(f"{field}: {message}")
        self.field, self.message, self.reason = field, message, reason

    def head(self) -> dict[str, Any]:
        violation = {"field": self.field, "reason": self.reason, "description": self.message}
        return {"reason": "FIELD_INVALID", "message": str(self), "violations": [violation]}


class ResourceExhausted(Error):
    """Too much is asked for now. Callers get RESOURCE_EXHAUSTED, and may try again after ``retry_after`` seconds."""

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after

    def head(self) -> dict[str, Any]:
        head: dict[str, Any] = {"reason": "QUEUE_FULL", "message": str(self)}
        return head if self.retry_after is None else {**head, "retry_after": self.retry_after}
