"""What a client does beyond the happy path: health, rich errors, deadlines, cancellation."""

import sys

import grpc
from google.rpc import error_details_pb2
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_status import rpc_status
from inferd.v1.embedding_service_pb2 import EmbedRequest
from inferd.v1.embedding_service_pb2_grpc import EmbeddingServiceStub
from inferd.v1.generation_service_pb2 import GenerateRequest
from inferd.v1.generation_service_pb2_grpc import GenerationServiceStub
from inferd.v1.types_pb2 import Sampling


def details(error: grpc.RpcError) -> str:
    """One line an error: its code, its reason, and every wrong field."""
    parts = [error.code().name]
    status = rpc_status.from_call(error)
    for packed in status.details if status else ():
        info, bad = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest()
        if packed.Unpack(info):
            parts.append(info.reason)
        elif packed.Unpack(bad):
            parts += [f"{wrong.field}: {wrong.description}" for wrong in bad.field_violations]
    return "; ".join(parts)


def health(channel: grpc.Channel) -> None:
    """Health is per server (""), per service and per model ("model:<name>")."""
    stub = health_pb2_grpc.HealthStub(channel)
    for name in ("", "inferd.v1.GenerationService", "inferd.v1.EmbeddingService"):
        answer = stub.Check(health_pb2.HealthCheckRequest(service=name), timeout=5)
        status = health_pb2.HealthCheckResponse.ServingStatus.Name(answer.status)
        print(f"health {name or '(server)'}: {status}")


def rich_errors(channel: grpc.Channel) -> None:
    """A refused request names all of its wrong fields at once."""
    wrong = GenerateRequest(prompt="Hello", sampling=Sampling(temperature=-1, top_p=3))
    try:
        GenerationServiceStub(channel).Generate(wrong, timeout=60)
    except grpc.RpcError as error:
        print(f"error {details(error)}")


def deadline(channel: grpc.Channel) -> None:
    """A deadline bounds the whole call, however much text is asked for."""
    endless = GenerateRequest(prompt="Hello", sampling=Sampling(max_tokens=1500, ignore_eos=True))
    try:
        GenerationServiceStub(channel).Generate(endless, timeout=0.05)
    except grpc.RpcError as error:
        print(f"deadline {error.code().name}")


def cancel(channel: grpc.Channel) -> None:
    """Cancelling frees the model after the step under way; what has arrived stays valid."""
    endless = GenerateRequest(
        prompt="Hello", sampling=Sampling(max_tokens=1500, ignore_eos=True)
    )
    call = GenerationServiceStub(channel).GenerateStream(endless, timeout=60)
    try:
        for event in call:
            if event.WhichOneof("event") == "piece":
                call.cancel()
    except grpc.RpcError as error:
        print(f"cancel {error.code().name}")


def vectors(channel: grpc.Channel) -> None:
    """Vectors of a batch arrive as they are computed; where allowed, one text that fails fails alone."""
    texts = ["one", "two " * 4000, "three"]
    stub = EmbeddingServiceStub(channel)
    for event in stub.EmbedStream(EmbedRequest(inputs=texts, allow_item_errors=True), timeout=60):
        if event.WhichOneof("event") == "embedding":
            item = event.embedding
            print(f"vector {item.index}: {item.error.reason or len(item.float32.values)}")
        else:
            print(f"vectors finish: {event.finish.usage.prompt_tokens} tokens")
    whole = stub.Embed(EmbedRequest(inputs=["one"], dimensions=64), timeout=60)
    print(f"vector of {len(whole.embeddings[0].float32.values)} dimensions")


if __name__ == "__main__":
    address = sys.argv[1] if len(sys.argv) > 1 else "localhost:50051"
    with grpc.insecure_channel(address) as shared:
        for show in (health, rich_errors, deadline, cancel, vectors):
            show(shared)
