"""What a ``generate`` function is asked."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Protocol


@dataclass(frozen=True)
class Message:
    """One message of a conversation."""

    #: ``system``, ``user`` or ``assistant``.
    role: str
    content: str


@dataclass(frozen=True)
class Sampling:
    """As the request, or the manifest, sets it. A function may ignore all of it: the server enforces ``max_tokens``."""

    #: The most pieces of the answer.
    max_tokens: int = 32_768
    min_tokens: int = 0
    #: From 0 to 2. Zero always takes the likeliest token.
    temperature: float = 1.0
    #: Zero keeps all tokens.
    top_k: int = 0
    top_p: float = 1.0
    min_p: float = 0.0
    typical_p: float = 1.0
    repetition_penalty: float = 1.0
    presence_penalty: float = 0.0
    frequency_penalty: float = 0.0
    penalty_last_n: int = 64
    #: From 0 to 4,294,967,294.
    seed: int = 0
    ignore_eos: bool = False
    #: What is added to the logits of tokens, by token id as text.
    logit_bias: Mapping[str, float] = field(default_factory=dict)


_SAMPLING = frozenset(one.name for one in fields(Sampling))


class Cancellable(Protocol):
    """What knows whether a call's answer is still wanted."""

    cancelled: bool


class Request:
    """One call of a ``generate`` function."""

    __slots__ = ("_call", "_head", "_sampling", "deadline", "prompt")

    def __init__(self, head: Mapping[str, Any], call: Cancellable) -> None:
        self._head, self._call = head, call
        self._sampling: Sampling | None = None
        #: The prompt; of a chat, the content of its last message.
        self.prompt: str = head.get("prompt", "")
        left = head.get("time_left")
        #: When the call ends, by ``time.monotonic()``; None where it has no deadline.
        self.deadline: float | None = None if left is None else time.monotonic() + left

    @property
    def messages(self) -> tuple[Message, ...]:
        """The whole conversation; a plain prompt is one message of the user."""
        messages = self._head.get("messages") or [{"role": "user", "content": self.prompt}]
        return tuple(Message(one["role"], one["content"]) for one in messages)

    @property
    def sampling(self) -> Sampling:
        if self._sampling is None:
            values = self._head.get("sampling") or {}
            self._sampling = Sampling(**{name: values[name] for name in values if name in _SAMPLING})
        return self._sampling

    @property
    def stop(self) -> tuple[str, ...]:
        """Stop sequences. The server applies them to the pieces; a function may use them too."""
        return tuple(self._head.get("stop") or ())

    @property
    def time_left(self) -> float | None:
        """Seconds until the deadline, 0 after it; None where there is none."""
        return None if self.deadline is None else max(0.0, self.deadline - time.monotonic())

    @property
    def is_cancelled(self) -> bool:
        """Whether the answer is not wanted any more: the caller left, the deadline passed, or a stop sequence came."""
        return self._call.cancelled

    @property
    def request_id(self) -> str:
        """The id that the caller was told, for log lines."""
        return str(self._head.get("request_id", ""))

    @property
    def priority(self) -> str:
        """``interactive`` or ``batch``."""
        return str(self._head.get("priority", "interactive"))

    @property
    def traceparent(self) -> str | None:
        """The caller's place in a trace, as W3C Trace Context writes it."""
        return self._head.get("traceparent")
