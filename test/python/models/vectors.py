"""Vectors of each form that a function may return; each text says what becomes of it."""

import array

import inferd

dimensions = 3


def row(text):
    act, *_ = text.split()
    rows = {
        "fine": [1.0, 2.0, 3.0],
        "tuple": (1, 2, 3),
        "array": array.array("d", [1, 2, 3]),
        "bytes": memoryview(array.array("f", [1, 2, 3])),
        "short": [1.0],
        "long": [1.0, 2.0, 3.0, 4.0],
        "nan": [1.0, float("nan"), 3.0],
        "infinite": array.array("f", [1.0, float("inf"), 3.0]),
        "huge": [1e300, 0.0, 0.0],
        "none": None,
        "inner": [1.0, None, 3.0],
        "text": "abc",
        "refused": inferd.InvalidArgument("text", "must have a meaning"),
        "hidden": ValueError("the inner cause"),
    }
    return rows[act]


class Vectors:
    def __init__(self, source):
        self.size = dimensions
        assert source.threads >= 1, source.threads
        assert source.name == "vectors", source.name
        source.progress(0.5)

    @inferd.embed(dimensions="size", max_batch=8)
    def embed(self, texts):
        act = texts[0].split()[0]
        if act == "flat":
            return array.array("f", [1, 2, 3] * len(texts))
        if act == "flat64":
            return array.array("d", [1, 2, 3] * len(texts))
        if act == "nothing":
            return None
        if act == "fewer":
            return []
        if act == "more":
            return [[1.0, 2.0, 3.0]] * (len(texts) + 1)
        if act == "fail":
            raise ValueError("the inner cause")
        if act == "refuse":
            raise inferd.InvalidArgument("inputs", "must not ask to be refused")
        return [row(text) for text in texts]
