"""The tasks of a model whose items are computed in batches, each as the protocol states it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from inferd.decorators import Batching
from inferd.loading import Function, Model
from inferd.vectors import Shape


@dataclass(frozen=True)
class TextTask:
    name: str
    function: Function
    batching: Batching
    shape: Shape
    #: What ``ready`` says of it, but for its batches.
    facts: dict[str, Any]

    @property
    def ready(self) -> dict[str, Any]:
        """What ``ready`` says of it."""
        batching = self.batching
        return {
            **self.facts,
            "max_batch": batching.max_batch,
            "max_batch_bytes": batching.max_batch_bytes,
            "concurrency": batching.concurrency,
        }


def text_tasks(model: Model) -> list[TextTask]:
    tasks: list[TextTask] = []
    if model.embed is not None:
        embed, function = model.embed
        facts: dict[str, Any] = {"dimensions": model.dimensions}
        tasks.append(TextTask("embed", function, embed.batching, Shape(model.dimensions), facts))
    if model.rerank is not None:
        rerank, function = model.rerank
        tasks.append(TextTask("rerank", function, rerank.batching, Shape(None, True, "scores"), {}))
    if model.classify is not None:
        classify, function = model.classify
        facts = {"labels": model.labels, "multi_label": classify.multi_label, "pairs": classify.pairs}
        shape = Shape(len(model.labels), classify.pairs, "scores")
        tasks.append(TextTask("classify", function, classify.batching, shape, facts))
    return tasks
