"""``rerank`` and ``classify``: what functions are given, what they may return, and what is wrong."""

from __future__ import annotations

import struct
import unittest
from typing import Any

from tests.program import Program
from tests.test_load import failure


def answer(
    task: str, body: str, texts: list[str], *, arguments: str = "", imports: str = ""
) -> tuple[dict[str, Any], bytes]:
    source = f"import inferd\n{imports}\n@inferd.{task}({arguments})\ndef score(items):\n    {body}\n"
    with Program(source) as program:
        program.next_of("ready")
        program.batch(task, 3, texts)
        return program.next_of("scores", "error")


def message(task: str, body: str, texts: list[str], *, arguments: str = "") -> str:
    head, _ = answer(task, body, texts, arguments=arguments)
    error = head["error"] if "error" in head else head["errors"][0]["error"]
    return str(error["message"])


LABELS = 'labels=["a", "b"]'


class Ranking(unittest.TestCase):
    def check(self, body: str, imports: str = "") -> None:
        head, values = answer("rerank", body, ["q", "ab", "qq", "c"], imports=imports)
        self.assertEqual(head, {"type": "scores", "id": 3})
        self.assertEqual(struct.unpack("<2f", values), (12.0, 21.0))

    def test_pairs(self) -> None:
        self.check("return [10 * len(query) + len(document) for query, document in items]")

    def test_generator(self) -> None:
        self.check("return (10.0 * len(query) + len(document) for query, document in items)")

    def test_array(self) -> None:
        self.check("return array('d', [12, 21])", "from array import array")

    def test_one_block(self) -> None:
        self.check("return array('f', [12, 21])", "from array import array")

    def test_column(self) -> None:
        self.check("return [[12], [21]]")

    def test_without_arguments(self) -> None:
        source = "import inferd\n@inferd.rerank\ndef score(pairs): return [1] * len(pairs)\n"
        with Program(source) as program:
            rerank = {"max_batch": 32, "max_batch_bytes": 65536, "concurrency": 1}
            self.assertEqual(program.next_of("ready")[0]["tasks"], {"rerank": rerank})
            program.batch("rerank", 1, ["q", "d"])
            self.assertEqual(program.next_of("scores")[1], struct.pack("<f", 1))

    def test_coroutine(self) -> None:
        source = "import inferd\n@inferd.rerank\nasync def score(pairs): return [2] * len(pairs)\n"
        with Program(source) as program:
            program.next_of("ready")
            program.batch("rerank", 1, ["q", "d"])
            self.assertEqual(program.next_of("scores")[1], struct.pack("<f", 2))

    def test_faults(self) -> None:
        pair = ["q", "d"]
        self.assertEqual(message("rerank", "return [1, 2]", pair), "score returned 2 scores for 1 texts")
        self.assertEqual(message("rerank", "return None", pair), "score returned None, not a number for each text")
        self.assertEqual(message("rerank", "return [None]", pair), "score returned None for text 0")
        self.assertEqual(
            message("rerank", "return [float('nan')]", pair), "score returned a number that is not finite for text 0"
        )
        self.assertEqual(
            message("rerank", "return [[1, 2]]", pair), "score returned a list of 2 numbers, not 1, for text 0"
        )
        self.assertEqual(
            message("rerank", "return [object()]", pair),
            "score returned a value of type object, not a number, for text 0",
        )
        refused = "return [inferd.InvalidArgument('documents', 'is odd')]"
        self.assertEqual(message("rerank", refused, pair), "documents: is odd")


class Classifying(unittest.TestCase):
    def test_texts(self) -> None:
        head, values = answer("classify", "return [[len(one), 1] for one in items]", ["x", "yz"], arguments=LABELS)
        self.assertEqual(head, {"type": "scores", "id": 3})
        self.assertEqual(struct.unpack("<4f", values), (1.0, 1.0, 2.0, 1.0))

    def test_pairs(self) -> None:
        body = "return [[len(text), len(pair)] for text, pair in items]"
        _, values = answer("classify", body, ["x", "yz", "x", ""], arguments=f"{LABELS}, pairs=True")
        self.assertEqual(struct.unpack("<4f", values), (1.0, 2.0, 1.0, 0.0))

    def test_labels_of_the_model(self) -> None:
        source = """
            import inferd
            class Model:
                def __init__(self, source): self.names = ("no", "yes")
                @inferd.classify(labels="names", multi_label=True, max_batch=4)
                def classify(self, texts): return [[0, 1]] * len(texts)
                @inferd.rerank(concurrency=2)
                def rank(self, pairs): return [1] * len(pairs)
            """
        with Program(source) as program:
            batches = {"max_batch": 4, "max_batch_bytes": 65536, "concurrency": 1}
            facts = {"labels": ["no", "yes"], "multi_label": True, "pairs": False}
            rerank = {"max_batch": 32, "max_batch_bytes": 65536, "concurrency": 2}
            tasks = program.next_of("ready")[0]["tasks"]
            self.assertEqual(tasks, {"rerank": rerank, "classify": {**facts, **batches}})

    def test_faults(self) -> None:
        self.assertEqual(
            message("classify", "return [[1]]", ["a"], arguments=LABELS),
            "score returned a list of 1 numbers, not 2, for text 0",
        )
        self.assertEqual(
            message("classify", "return ['ab']", ["a"], arguments=LABELS),
            "score returned a value of type str for text 0",
        )

    def test_labels_that_are_none(self) -> None:
        expected = "must be texts of 1 to 200 characters, at least one, and none twice"
        for labels in ("[]", "['a', 'a']", "['a', 1]", "['']", "['a' * 201]"):
            source = f"import inferd\n@inferd.classify(labels={labels})\ndef classify(texts): return []\n"
            self.assertIn(f"labels {expected}", failure(source))
        source = "import inferd\n@inferd.classify(labels='names')\ndef classify(texts): return []\n"
        self.assertEqual(failure(source), f"my_model.py:2: the attribute names {expected}")

    def test_signature(self) -> None:
        source = f"import inferd\n@inferd.classify({LABELS}, pairs=True)\ndef classify(): return []\n"
        self.assertIn("classify must take (pairs)", failure(source))


if __name__ == "__main__":
    unittest.main()
