"""``embed``: what a function may return, and what is wrong."""

from __future__ import annotations

import struct
import unittest
from typing import Any

from tests.program import Program


def answer(body: str, texts: list[str], imports: str = "", dimensions: int = 2) -> tuple[dict[str, Any], bytes]:
    source = f"import inferd\n{imports}\n@inferd.embed(dimensions={dimensions})\ndef embed(texts):\n    {body}\n"
    with Program(source) as program:
        program.next_of("ready")
        program.embed(3, texts)
        return program.next_of("vectors", "error")


class Results(unittest.TestCase):
    def check(self, body: str, imports: str = "") -> None:
        head, values = answer(body, ["a", "bcd"], imports)
        self.assertEqual(head, {"type": "vectors", "id": 3})
        self.assertEqual(struct.unpack("<4f", values), (1.0, 0.5, 3.0, 0.5))

    def test_lists(self) -> None:
        self.check("return [[len(text), 0.5] for text in texts]")

    def test_generator_of_tuples(self) -> None:
        self.check("return ((len(text), 0.5) for text in texts)")

    def test_arrays(self) -> None:
        self.check("return [array('d', [len(text), 0.5]) for text in texts]", "from array import array")

    def test_one_block(self) -> None:
        self.check(
            "return memoryview(array('f', [1, 0.5, 3, 0.5])).cast('B').cast('f', (2, 2))", "from array import array"
        )


    def test_block_of_ctypes(self) -> None:
        self.check("return ((ctypes.c_float * 2) * 2)((1, 0.5), (3, 0.5))", "import ctypes")


class Faults(unittest.TestCase):
    def test_wrong_count(self) -> None:
        head, _ = answer("return [[1, 2]]", ["a", "b"])
        self.assertEqual(head["error"]["message"], "embed returned 1 vectors for 2 texts")

    def test_nothing(self) -> None:
        head, _ = answer("return None", ["a"])
        self.assertEqual(head["error"]["message"], "embed returned None, not a vector for each text")

    def test_single_texts(self) -> None:
        body = "return [[1, 2], None, [1], [1, float('nan')], ['a', 'b'], inferd.InvalidArgument('text', 'is odd')]"
        head, values = answer(body, list("abcdef"))
        self.assertEqual(struct.unpack_from("<2f", values), (1.0, 2.0))
        self.assertEqual(len(values), 6 * 2 * 4)
        errors = {one["index"]: one["error"]["message"] for one in head["errors"]}
        self.assertEqual(
            errors,
            {
                1: "embed returned None for text 1",
                2: "embed returned a vector of 1 numbers, not 2, for text 2",
                3: "embed returned a vector with a value that is not finite for text 3",
                4: "embed returned a value of type list, not a vector of numbers, for text 4",
                5: "text: is odd",
            },
        )

    def test_tracebacks_of_a_large_batch(self) -> None:
        head, _ = answer("return [ValueError('odd')] * len(texts)", ["a"] * 20)
        self.assertEqual(len(head["errors"]), 20)
        self.assertEqual(sum("traceback" in one["error"] for one in head["errors"]), 8)

    def test_not_finite_block(self) -> None:
        body = "return memoryview(array('f', [1, float('inf')])).cast('B').cast('f', (1, 2))"
        head, _ = answer(body, ["a"], "from array import array")
        self.assertIn("not finite", head["errors"][0]["error"]["message"])

    def test_transposed_block(self) -> None:
        # As many numbers as two vectors of three, but three vectors of two.
        body = "return memoryview(array('f', range(6))).cast('B').cast('f', (3, 2))"
        head, _ = answer(body, ["a", "b"], "from array import array", dimensions=3)
        self.assertEqual(head["error"]["message"], "embed returned 3 vectors for 2 texts")


if __name__ == "__main__":
    unittest.main()
