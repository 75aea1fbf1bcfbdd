"""A client that neither an overloaded server nor a restart makes fail: gRPC itself waits, and tries again."""

import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc
from inferd.v1.generation_service_pb2 import GenerateRequest
from inferd.v1.generation_service_pb2_grpc import GenerationServiceStub

# Waits for the server to be ready, and tries again; the server's grpc-retry-pushback-ms takes the place of the back-off.
CONFIG = (Path(__file__).parent.parent / "service-config.json").read_text()

if __name__ == "__main__":
    address = sys.argv[1] if len(sys.argv) > 1 else "localhost:50051"
    with grpc.insecure_channel(address, [("grpc.service_config", CONFIG)]) as channel:
        stub = GenerationServiceStub(channel)

        def ask(number: int) -> str:
            return stub.Generate(GenerateRequest(prompt=f"repeat 10 {number}"), timeout=60).text

        with ThreadPoolExecutor(8) as callers:
            print(f"served {sum(text != '' for text in callers.map(ask, range(8)))} of 8")
