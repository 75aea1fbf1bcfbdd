"""Begins calls when its plan says, and no more at a time than it says, and tells how each ended."""

import asyncio
import base64
import json
import math
import sys
import time

import grpc
from inferd.v1.generation_service_pb2 import GenerateRequest
from inferd.v1.generation_service_pb2_grpc import GenerationServiceStub


def say(what):
    print(json.dumps(what), flush=True)


async def main():
    plan = json.loads(sys.stdin.readline())
    requests = [
        GenerateRequest.FromString(base64.b64decode(call["request"]))
        for call in plan["calls"]
    ]
    options = [("grpc.service_config", plan["serviceConfig"])]
    async with grpc.aio.insecure_channel(plan["address"], options) as channel:
        await channel.channel_ready()
        stub = GenerationServiceStub(channel)
        say({"version": grpc.__version__})
        sys.stdin.readline()
        begun = time.perf_counter()

        def now():
            return (time.perf_counter() - begun) * 1000

        async def call(request):
            told = {"sentMs": now(), "code": "OK"}
            try:
                async for event in stub.GenerateStream(request, timeout=plan["deadlineMs"] / 1000):
                    if event.HasField("finish"):
                        first = event.finish.timings.time_to_first_token
                        told["firstTokenMs"] = first.ToNanoseconds() / 1e6
            except grpc.aio.AioRpcError as error:
                told["code"] = error.code().name
            return {**told, "endMs": now()}

        running = []
        places = asyncio.Semaphore(plan.get("streams", len(requests)))
        for planned, request in zip(plan["calls"], requests):
            await asyncio.sleep((planned["atMs"] - now()) / 1000)
            await places.acquire()
            if now() > plan.get("untilMs", math.inf):
                break
            running.append(asyncio.create_task(call(request)))
            running[-1].add_done_callback(lambda _: places.release())
        say(await asyncio.gather(*running))
    # Somebody may still want to know what this process used.
    sys.stdin.read()


asyncio.run(main())
