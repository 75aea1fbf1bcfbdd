"""Counts, a number every tenth of a second, and cleans up when its caller leaves."""

import asyncio
import logging

import inferd

log = logging.getLogger("slow")


@inferd.generate(concurrency=100)
async def count(request):
    number = 0
    try:
        while True:
            number += 1
            yield f"{number} "
            await asyncio.sleep(0.1)
    finally:
        log.warning("ended after %d numbers", number)
