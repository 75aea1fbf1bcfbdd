"""Calls servers without a pause until standard input ends, then says what it saw.

Arguments: the addresses, and a file with a service config.
"""

import json
import sys
import threading

import grpc
from inferd.v1.generation_service_pb2 import GenerateRequest
from inferd.v1.generation_service_pb2_grpc import GenerationServiceStub

# By default no retry policy: what a call survives, it survives by the protocol alone.
config = {"loadBalancingConfig": [{"round_robin": {}}], "healthCheckConfig": {"serviceName": ""}}
if len(sys.argv) > 2:
    with open(sys.argv[2], encoding="utf-8") as file:
        config = json.load(file)
channel = grpc.insecure_channel(
    f"ipv4:{sys.argv[1]}", options=[("grpc.service_config", json.dumps(config))]
)
stub = GenerationServiceStub(channel)
stopped = threading.Event()
lock = threading.Lock()
seen = {"unary": 0, "streams": 0, "failed": []}


def unary():
    stub.Generate(GenerateRequest(prompt="say one; say two"), timeout=30)


def streams():
    events = list(stub.GenerateStream(GenerateRequest(prompt="repeat 40 word"), timeout=30))
    if len(events) != 42:
        raise RuntimeError(f"{len(events)} events")


def repeat(call):
    while not stopped.is_set():
        try:
            call()
            with lock:
                seen[call.__name__] += 1
        except Exception as error:
            with lock:
                seen["failed"].append(str(error))


unary()
print("calling", flush=True)
threads = [threading.Thread(target=repeat, args=(call,)) for call in (unary, streams) * 2]
for thread in threads:
    thread.start()
sys.stdin.read()
stopped.set()
for thread in threads:
    thread.join()
channel.close()
print(json.dumps(seen))
