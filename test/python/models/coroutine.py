"""A coroutine that returns its whole text."""

import asyncio

import facts
import inferd


@inferd.generate(concurrency=2)
async def write(request):
    act, *words = request.prompt.split()
    await asyncio.sleep(0)
    if act == "say":
        return " ".join(words)
    if act == "fail":
        raise ValueError("the inner cause")
    if act == "wait":
        facts.count(words[0] + ".count")
        try:
            await asyncio.sleep(1000)
        except asyncio.CancelledError:
            facts.note(words[0], "CancelledError")
            raise
    raise inferd.InvalidArgument("prompt", "has no such act")
