"""What a model's class is given when it is loaded."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any


class Source:
    """The model as its manifest describes it."""

    def __init__(self, head: Mapping[str, Any], report: Callable[[float], None]) -> None:
        self._report = report
        self.name: str = head.get("name", "")
        #: Absolute paths by role.
        self.files: dict[str, str] = dict(head.get("files") or {})
        #: The manifest's ``options``.
        self.options: dict[str, Any] = dict(head.get("options") or {})
        #: The share of the cores that the model may use now; it changes while other models are busy.
        self.threads: int = head.get("threads") or 1
        self.context_length: int | None = head.get("context_length")
        self.max_sequences: int | None = head.get("max_sequences")

    def progress(self, fraction: float) -> None:
        """Reports how much is loaded, from 0 to 1."""
        self._report(min(1.0, max(0.0, float(fraction))))
