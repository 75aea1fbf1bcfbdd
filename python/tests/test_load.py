"""Loading: a class, its source, and every fault in one line."""

from __future__ import annotations

import os
import signal
import unittest

from tests.program import Program


def failure(source: str, file: str = "my_model.py") -> str:
    with Program(source, file=file) as program:
        return str(program.next_of("failed")[0]["message"])


class Classes(unittest.TestCase):
    def test_class(self) -> None:
        source = """
            import inferd
            class Model:
                def __init__(self, source):
                    source.progress(0.5)
                    self.size = source.options["size"]
                    self.threads = source.threads
                @inferd.generate(concurrency=2)
                def write(self, request): return f"{self.size} {self.threads}"
                @inferd.embed(dimensions="size", max_batch=4, concurrency=3)
                def embed(self, texts): return [[1] * self.size] * len(texts)
            """
        with Program(source, options={"size": 5}) as program:
            self.assertEqual(program.next()[0], {"type": "progress", "fraction": 0.5})
            ready, _ = program.next_of("ready", "failed")
            embed = {"dimensions": 5, "max_batch": 4, "max_batch_bytes": 65536, "concurrency": 3}
            self.assertEqual(ready["tasks"], {"generate": {"concurrency": 2, "chat": True}, "embed": embed})
            program.generate(1)
            self.assertEqual(program.pieces(1)[0], ["5 2"])

    def test_logging_is_the_server_s(self) -> None:
        source = """
            import inferd, logging
            logging.getLogger("mine").warning("careful")
            @inferd.generate
            def write(request): return ""
            """
        with Program(source) as program:
            line = {"type": "log", "level": "warn", "message": "mine: careful"}
            self.assertEqual(program.next()[0], line)


class Faults(unittest.TestCase):
    def test_syntax(self) -> None:
        self.assertRegex(failure("import inferd\ndef f(:\n"), r"^my_model\.py:2: SyntaxError: ")

    def test_missing_module(self) -> None:
        message = failure("import inferd\n\nimport sklearn_that_is_missing\n")
        expected = "my_model.py:3: no module named sklearn_that_is_missing; try: pip install sklearn-that-is-missing"
        self.assertEqual(message, expected)

    def test_missing_part_of_a_package(self) -> None:
        message = failure("import inferd\nimport json.nothing\n")
        self.assertEqual(message, "my_model.py:2: ModuleNotFoundError: No module named 'json.nothing'")

    def test_name_of_the_package(self) -> None:
        message = failure("raise ModuleNotFoundError('x', name='sklearn.svm')")
        self.assertEqual(message, "my_model.py:1: no module named sklearn.svm; try: pip install scikit-learn")

    def test_nothing_decorated(self) -> None:
        message = failure("import inferd\ndef write(request): pass")
        self.assertEqual(message, "my_model.py has no function with @inferd.generate, @inferd.embed, @inferd.rerank or @inferd.classify")

    def test_signature(self) -> None:
        message = failure("import inferd\n@inferd.generate\ndef write(): pass")
        self.assertEqual(message, "my_model.py:2: write must take (request)")

    def test_method_s_signature(self) -> None:
        methods = " def __init__(self, source): pass\n @inferd.embed(dimensions=1)\n def e(self): 0"
        source = f"import inferd\nclass M:\n{methods}"
        self.assertEqual(failure(source), "my_model.py:4: e must take (self, texts)")

    def test_init_that_raises(self) -> None:
        source = """
            import inferd
            class Model:
                def __init__(self, source):
                    raise OSError(f"{__file__} is broken")
                @inferd.generate
                def write(self, request): pass
            """
        self.assertEqual(failure(source), "my_model.py:5: OSError: my_model.py is broken")

    def test_exit(self) -> None:
        self.assertEqual(failure("raise SystemExit('no')"), "my_model.py:1: SystemExit: no")

    def test_two_functions(self) -> None:
        source = "import inferd\n@inferd.generate\ndef a(r): 0\n@inferd.generate\ndef b(r): 0\n"
        message = "my_model.py:4: b is a second function for generate, after a (my_model.py:2)"
        self.assertEqual(failure(source), message)

    def test_dimensions(self) -> None:
        self.assertRegex(
            failure("import inferd\n@inferd.embed(dimensions=0)\ndef e(texts): 0"),
            r"^my_model\.py:2: ValueError: dimensions must be a whole number above zero, not 0",
        )
        message = failure("import inferd\n@inferd.embed(dimensions='size')\ndef e(texts): 0")
        expected = "my_model.py:2: the attribute size must be a whole number above zero, not None"
        self.assertEqual(message, expected)


class Names(unittest.TestCase):
    def test_names_that_are_taken(self) -> None:
        for file in ("types.py", "inferd.py", "my-model.py", "json.py"):
            with self.subTest(file), Program("import inferd\n@inferd.generate\ndef w(r): return 'x'", file=file) as one:
                one.next_of("ready")
                one.generate(1)
                self.assertEqual(one.pieces(1)[0], ["x"])


class End(unittest.TestCase):
    SOURCE = """
        import inferd, subprocess, threading, time
        child = subprocess.Popen(["sleep", "1000"])
        print(child.pid, flush=True)
        threading.Thread(target=time.sleep, args=(1000,)).start()
        class Model:
            def __init__(self, source): pass
            def close(self): print("closed")
            @inferd.generate
            def write(self, request): return ""
        """

    def test_closed(self) -> None:
        with Program(self.SOURCE) as program:
            program.next_of("ready")
            program.send({"type": "close"})
            self.assertEqual(program.process.wait(60), 0)
            assert program.process.stdout is not None
            child = int(program.process.stdout.readline())
            self.assertEqual(program.process.stdout.readline(), b"closed\n")
            # The worker ends what is left of the group; here the test does.
            os.kill(child, signal.SIGKILL)

    def test_worker_is_gone(self) -> None:
        with Program(self.SOURCE) as program:
            program.next_of("ready")
            assert program.process.stdout is not None
            child = int(program.process.stdout.readline())
            program.hang_up()
            self.assertEqual(program.process.wait(60), -signal.SIGKILL)
            # It had the same group, and its end of the pipe is closed once it is dead.
            self.assertEqual(program.process.stdout.read(), b"")
            self.assertFalse(os.path.exists(f"/proc/{child}/exe") and os.readlink(f"/proc/{child}/exe") == "")


if __name__ == "__main__":
    unittest.main()
