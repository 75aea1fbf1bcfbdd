"""Cancels many calls of one connection at once, while another stream of it goes on."""

import sys

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

with grpc.insecure_channel(sys.argv[1]) as channel:
    health = health_pb2_grpc.HealthStub(channel)
    liveness = health_pb2.HealthCheckRequest(service="liveness")
    other = health.Watch(liveness)
    next(other)
    for count in 2000, 5000:
        calls = [health.Watch(liveness) for _ in range(count)]
        for call in calls:
            call.cancel()
        # Served once the server has read the cancellations before it.
        while True:
            try:
                health.Check(liveness, timeout=60)
                break
            except grpc.RpcError as error:
                if error.code() != grpc.StatusCode.RESOURCE_EXHAUSTED:
                    raise
        print(f"{count}: {'kept' if other.is_active() else other.details()}", flush=True)
    other.cancel()
