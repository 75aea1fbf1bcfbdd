"""``generate``: the four kinds of functions, credit, cancellation and faults."""

from __future__ import annotations

import os
import tempfile
import unittest

from tests.program import Program


class Kinds(unittest.TestCase):
    def check(self, source: str) -> None:
        with Program("import inferd\n" + source) as program:
            ready, _ = program.next_of("ready")
            self.assertEqual(ready["tasks"]["generate"], {"concurrency": 16, "chat": True})
            program.generate(7, "one two")
            pieces, end = program.pieces(7)
            self.assertEqual("".join(pieces), "one two ")
            self.assertEqual(end, {"type": "done", "id": 7})

    def test_function(self) -> None:
        self.check("@inferd.generate\ndef write(request): return request.prompt + ' '")

    def test_generator(self) -> None:
        self.check("@inferd.generate\ndef write(request):\n for word in request.prompt.split(): yield word + ' '")

    def test_coroutine(self) -> None:
        self.check("@inferd.generate\nasync def write(request): return request.prompt + ' '")

    def test_async_generator(self) -> None:
        self.check("@inferd.generate\nasync def write(request):\n for w in request.prompt.split(): yield w + ' '")

    def test_list(self) -> None:
        self.check("@inferd.generate\ndef write(request): return [w + ' ' for w in request.prompt.split()]")


ENDLESS = """
    import inferd, sys, asyncio
    @inferd.generate
    {define} write(request):
        count = 0
        try:
            while True:
                count += 1
                yield str(count)
                {pause}
        except BaseException as error:
            open(request.prompt, "w").write(type(error).__name__ + " " + str(count))
            raise
    """


class Credit(unittest.TestCase):
    def check(self, define: str, pause: str, error: str) -> None:
        with tempfile.TemporaryDirectory() as folder:
            note = os.path.join(folder, "note")
            with Program(ENDLESS.format(define=define, pause=pause)) as program:
                program.next_of("ready")
                program.generate(1, note, credit=5)
                given: list[str] = []
                while len(given) < 5:
                    head, body = program.next()
                    given += [body.decode()] * len(head.get("lengths", [0]))
                self.assertTrue(program.is_quiet(0.3))
                program.send({"type": "credit", "id": 1, "credit": 2})
                while len(given) < 7:
                    head, body = program.next()
                    given += [body.decode()] * len(head.get("lengths", [0]))
                self.assertTrue(program.is_quiet(0.3))
                program.send({"type": "cancel", "id": 1})
                self.assertEqual(program.pieces(1), ([], {"type": "cancelled", "id": 1}))
                with open(note, encoding="utf-8") as read:
                    name, count = read.read().split()
                self.assertEqual(name, error)
                self.assertIn(int(count), (7, 8))

    def test_generator(self) -> None:
        self.check("def", "pass", "GeneratorExit")

    def test_async_generator(self) -> None:
        # It waits for credit outside of the generator, which is then closed.
        self.check("async def", "await asyncio.sleep(0)", "GeneratorExit")

    def test_coroutine_is_cancelled_where_it_waits(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            note = os.path.join(folder, "note")
            source = """
                import inferd, asyncio
                @inferd.generate
                async def write(request):
                    yield "began"
                    try:
                        await asyncio.sleep(1000)
                    except BaseException as error:
                        open(request.prompt, "w").write(type(error).__name__)
                        raise
                """
            with Program(source) as program:
                program.next_of("ready")
                program.generate(1, note)
                program.next_of("piece")
                program.send({"type": "cancel", "id": 1})
                self.assertEqual(program.pieces(1)[1], {"type": "cancelled", "id": 1})
                with open(note, encoding="utf-8") as read:
                    self.assertEqual(read.read(), "CancelledError")

    def test_function_sees_it(self) -> None:
        source = """
            import inferd, time
            @inferd.generate
            def write(request):
                while not request.is_cancelled:
                    time.sleep(0.01)
                return "seen"
            """
        with Program(source) as program:
            program.next_of("ready")
            program.generate(1)
            program.send({"type": "cancel", "id": 1})
            self.assertEqual(program.pieces(1)[1]["type"], "cancelled")


class Together(unittest.TestCase):
    def test_async_generator_that_awaits_nothing(self) -> None:
        source = """
            import inferd
            @inferd.generate
            async def write(request):
                while request.prompt == "endless":
                    yield ""
                yield "other"
            """
        with Program(source) as program:
            program.next_of("ready")
            program.generate(1, "endless")
            program.generate(2)
            self.assertEqual(program.pieces(2)[0], ["other"])
            program.send({"type": "cancel", "id": 1})
            self.assertEqual(program.pieces(1)[1]["type"], "cancelled")

    def test_task_that_exits_leaves_the_loop(self) -> None:
        source = """
            import inferd, asyncio, sys
            async def leave(): sys.exit(3)
            @inferd.generate
            async def write(request):
                if request.prompt == "leave":
                    asyncio.create_task(leave())
                await asyncio.sleep(0.01)
                return "here"
            """
        with Program(source) as program:
            program.next_of("ready")
            program.generate(1, "leave")
            self.assertEqual(program.pieces(1)[0], ["here"])
            program.generate(2)
            self.assertEqual(program.pieces(2)[0], ["here"])

    def test_as_many_run_as_are_asked(self) -> None:
        source = """
            import inferd, threading
            all = threading.Barrier(8)
            @inferd.generate(concurrency=8)
            def write(request):
                all.wait(30)
                return "met"
            """
        with Program(source) as program:
            program.next_of("ready")
            for turn in range(20):
                for id in range(8):
                    program.generate(turn * 8 + id)
                for _ in range(8):
                    self.assertEqual(program.next_of("done", "error")[0]["type"], "done")

    def test_flood_of_records_leaves_some_out(self) -> None:
        source = """
            import inferd, logging
            @inferd.generate
            def write(request):
                for number in range(50_000):
                    logging.warning("record %d", number)
                print("through")
                return ""
            """
        with Program(source) as program:
            program.next_of("ready")
            program.generate(1)
            # It gets there though its frames are not read.
            assert program.process.stdout is not None
            self.assertEqual(program.process.stdout.readline(), b"through\n")
            records = 0
            while (head := program.next()[0])["type"] != "done":
                records += head["type"] == "log"
            self.assertLess(records, 20_000)


class Faults(unittest.TestCase):
    def error_of(self, body: str) -> dict[str, object]:
        with Program(f"import inferd\n@inferd.generate\ndef write(request):\n    {body}\n") as program:
            program.next_of("ready")
            program.generate(1)
            _, end = program.pieces(1)
            self.assertEqual(end["type"], "error")
            # It ended that call alone.
            program.send({"type": "ping"})
            program.next_of("pong")
            error = end["error"]
            assert isinstance(error, dict)
            return error

    def test_invalid_argument(self) -> None:
        error = self.error_of('raise inferd.InvalidArgument("prompt", "is empty", reason="REQUIRED")')
        violation = {"field": "prompt", "reason": "REQUIRED", "description": "is empty"}
        self.assertEqual(
            error, {"reason": "FIELD_INVALID", "message": "prompt: is empty", "violations": [violation]}
        )

    def test_resource_exhausted(self) -> None:
        error = self.error_of('raise inferd.ResourceExhausted("busy", retry_after=2)')
        self.assertEqual(error, {"reason": "QUEUE_FULL", "message": "busy", "retry_after": 2})

    def test_any_other(self) -> None:
        error = self.error_of("[][1]")
        self.assertEqual(error["message"], "write: IndexError: list index out of range")
        self.assertIn("my_model.py", str(error["traceback"]))
        self.assertNotIn("generation.py", str(error["traceback"]))

    def test_exit(self) -> None:
        self.assertEqual(self.error_of("raise SystemExit(3)")["message"], "write: SystemExit: 3")

    def test_no_text(self) -> None:
        self.assertEqual(self.error_of("pass")["message"], "write returned None, not a str")
        self.assertEqual(self.error_of("yield 7")["message"], "write yielded a value of type int, not a str")
        self.assertEqual(self.error_of("return b'x'")["message"], "write returned a value of type bytes, not a str")

    def test_message_that_cannot_be_read(self) -> None:
        source = """
            import inferd
            class Odd(Exception):
                def __str__(self): raise RuntimeError
            @inferd.generate
            def write(request): raise Odd
            """
        with Program(source) as program:
            program.next_of("ready")
            program.generate(1)
            self.assertEqual(program.pieces(1)[1]["error"]["message"], "write: Odd: its message cannot be read")

    def test_base_class(self) -> None:
        error = self.error_of("raise inferd.Error('odd')")
        self.assertEqual((error["reason"], error["message"]), ("INTERNAL", "odd"))

    def test_retry_after_that_is_no_number(self) -> None:
        error = self.error_of("raise inferd.ResourceExhausted('busy', float('nan'))")
        self.assertIn("retry_after must be seconds", str(error["message"]))

    def test_long_message(self) -> None:
        error = self.error_of("raise ValueError('x' * 20_000_000)")
        self.assertEqual(len(str(error["message"])), 2000)
        self.assertLess(len(str(error["traceback"])), 17_000)

    def test_text_that_the_function_cannot_encode(self) -> None:
        error = self.error_of("'\\xe9'.encode('ascii')")
        self.assertIn("UnicodeEncodeError", str(error["message"]))

    def test_surrogate(self) -> None:
        self.assertIn("write gave a text with a lone surrogate", str(self.error_of("yield '\\ud800'")["message"]))


if __name__ == "__main__":
    unittest.main()
