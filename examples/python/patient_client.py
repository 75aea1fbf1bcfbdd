"""A client that an overloaded server cannot make fail: gRPC itself tries again, when the server says."""

import json
import sys
from concurrent.futures import ThreadPoolExecutor

import grpc
from inferd.v1.generation_service_pb2 import GenerateRequest
from inferd.v1.generation_service_pb2_grpc import GenerationServiceStub

# The server's grpc-retry-pushback-ms takes the place of the back-off.
RETRIES = {
    "maxAttempts": 5,
    "initialBackoff": "0.5s",
    "maxBackoff": "10s",
    "backoffMultiplier": 2,
    "retryableStatusCodes": ["RESOURCE_EXHAUSTED", "UNAVAILABLE"],
}
CONFIG = {"methodConfig": [{"name": [{"service": "inferd.v1.GenerationService"}], "retryPolicy": RETRIES}]}

if __name__ == "__main__":
    address = sys.argv[1] if len(sys.argv) > 1 else "localhost:50051"
    with grpc.insecure_channel(address, [("grpc.service_config", json.dumps(CONFIG))]) as channel:
        stub = GenerationServiceStub(channel)

        def ask(number: int) -> str:
            return stub.Generate(GenerateRequest(prompt=f"repeat 10 {number}"), timeout=60).text

        with ThreadPoolExecutor(8) as callers:
            print(f"served {sum(text != '' for text in callers.map(ask, range(8)))} of 8")
