"""An async generator."""

import asyncio

import facts
import inferd


@inferd.generate(concurrency=2)
async def write(request):
    act, *words = request.prompt.split()
    if act == "say":
        for word in words:
            await asyncio.sleep(0)
            yield word + " "
    elif act == "fail":
        yield "some "
        raise ValueError("the inner cause")
    elif act == "wait":
        try:
            yield "on "
            facts.count(words[0] + ".count")
            await asyncio.sleep(1000)
        except (asyncio.CancelledError, GeneratorExit) as ended:
            facts.note(words[0], type(ended).__name__)
            raise
    elif act == "pour":
        name, pieces = words
        for _ in range(int(pieces)):
            facts.count(name)
            yield "x" * 4095 + "\n"
    else:
        raise inferd.InvalidArgument("prompt", "has no such act")
