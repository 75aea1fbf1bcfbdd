"""What a client does, a line for each thing; or `restart`, where that is the second argument."""

import json
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc
from google.rpc import error_details_pb2
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_status import rpc_status
from inferd.v1.embedding_service_pb2 import EmbedRequest
from inferd.v1.embedding_service_pb2_grpc import EmbeddingServiceStub
from inferd.v1.generation_service_pb2 import Chat, FunctionTool, GenerateRequest
from inferd.v1.generation_service_pb2_grpc import GenerationServiceStub

MINUTE = 60
MODEL = "inferd-demo"
STORY = GenerateRequest(
    model=MODEL,
    prompt="Once upon a time",
    include_prompt=True,
    sampling={"temperature": 0, "max_tokens": 16},
)
LONG_STORY = GenerateRequest(
    model=MODEL, prompt="Once upon a time", sampling={"max_tokens": 1500, "ignore_eos": True}
)

# gRPC itself waits until the server is healthy, and tries refused calls again when the server says.
CONFIG = (Path(__file__).parent.parent / "service-config.json").read_text()
# What a person in JSON is.
SCHEMA = (Path(__file__).parent.parent / "person.schema.json").read_text()
# What a tool for the weather is called with.
WEATHER = (Path(__file__).parent.parent / "weather.schema.json").read_text()


def unary(generation: GenerationServiceStub) -> None:
    response = generation.Generate(STORY, timeout=MINUTE)
    print("unary:", response.text)


def stream(generation: GenerationServiceStub) -> None:
    print("stream: ", end="")
    for response in generation.GenerateStream(STORY, timeout=MINUTE):
        match response.WhichOneof("event"):
            case "piece":
                print(response.piece.text, end="", flush=True)
            case "finish":
                print(f" ({response.finish.usage.completion_tokens} tokens)")


def chat(generation: GenerationServiceStub) -> None:
    messages = [
        {"role": "ROLE_SYSTEM", "content": "Answer briefly."},
        {"role": "ROLE_USER", "content": "What can you do?"},
    ]
    request = GenerateRequest(
        model=MODEL,
        chat=Chat(messages=messages),
        sampling={"temperature": 0, "max_tokens": 32},
    )
    print("chat:", generation.Generate(request, timeout=MINUTE).text)


def schema(generation: GenerationServiceStub) -> None:
    messages = [{"role": "ROLE_USER", "content": "Extract name and age as JSON: Ada is 36 years old."}]
    request = GenerateRequest(
        model=MODEL,
        chat=Chat(messages=messages),
        constraint={"json_schema": SCHEMA},
        sampling={"temperature": 0, "max_tokens": 64},
    )
    response = generation.Generate(request, timeout=MINUTE)
    person = json.loads(response.text)
    print(f"schema: {person['name']} is {person['age']}")


def tool(generation: GenerationServiceStub) -> None:
    weather = FunctionTool(
        name="get_weather",
        description="Tells the weather of a city.",
        parameters_schema=WEATHER,
    )
    chat = Chat(
        messages=[{"role": "ROLE_USER", "content": "What is the weather in Oslo?"}],
        tools=[{"function": weather}],
        # A model may also decide: leave this out.
        tool_choice={"function_name": weather.name},
    )
    request = GenerateRequest(
        model=MODEL, chat=chat, sampling={"temperature": 0, "max_tokens": 128}
    )
    response = generation.Generate(request, timeout=MINUTE)
    for call in response.tool_calls:
        print(f"tool: {call.name} of {json.loads(call.arguments_json)['city']}")


def embed(channel: grpc.Channel) -> None:
    request = EmbedRequest(
        model="all-minilm-l6-v2", inputs=["a cat on the mat", "a kitten on a rug"]
    )
    response = EmbeddingServiceStub(channel).Embed(request, timeout=MINUTE)
    cat, kitten = (embedding.float32.values for embedding in response.embeddings)
    # The vectors have length 1, so that their dot product is the cosine between them.
    similarity = sum(a * b for a, b in zip(cat, kitten))
    print(f"embed: {len(cat)} dimensions, similarity {similarity:.2f}")


def deadline(generation: GenerationServiceStub) -> None:
    try:
        generation.Generate(LONG_STORY, timeout=0.05)
    except grpc.RpcError as error:
        print("deadline:", error.code().name)


def cancel(generation: GenerationServiceStub) -> None:
    call = generation.GenerateStream(LONG_STORY, timeout=MINUTE)
    pieces = 0
    for response in call:
        pieces += response.HasField("piece")
        if pieces == 3:
            call.cancel()
            break
    print(f"cancel: after {pieces} pieces")


def errors(generation: GenerationServiceStub) -> None:
    wrong = GenerateRequest(
        model=MODEL, prompt="Once upon a time", sampling={"temperature": -1, "top_p": 3}
    )
    try:
        generation.Generate(wrong, timeout=MINUTE)
    except grpc.RpcError as error:
        print("errors:", explain(error))


def explain(error: grpc.RpcError) -> str:
    """Says in one line what an error's details say."""
    status = rpc_status.from_call(error)
    info = error_details_pb2.ErrorInfo()
    bad = error_details_pb2.BadRequest()
    retry = error_details_pb2.RetryInfo()
    request = error_details_pb2.RequestInfo()
    for detail in status.details if status else ():
        for known in (info, bad, retry, request):
            detail.Unpack(known)
    parts = [f"{error.code().name} {info.reason or error.details()}"]
    parts += [f"{wrong.field} {wrong.description}" for wrong in bad.field_violations]
    if retry.HasField("retry_delay"):
        parts.append(f"retry after {retry.retry_delay.ToTimedelta().total_seconds():.1f} s")
    if request.request_id:
        parts.append(f"request {request.request_id}")
    return "; ".join(parts)


def health(channel: grpc.Channel) -> None:
    """Health has a name for the server (empty), for each service, and for each model."""
    request = health_pb2.HealthCheckRequest(service=f"model:{MODEL}")
    watch = health_pb2_grpc.HealthStub(channel).Watch(request, timeout=MINUTE)
    print("health:", health_pb2.HealthCheckResponse.ServingStatus.Name(next(watch).status))
    watch.cancel()


def retry(patient: GenerationServiceStub) -> None:
    with ThreadPoolExecutor(8) as callers:
        calls = [callers.submit(patient.Generate, STORY, timeout=MINUTE) for _ in range(8)]
    print(f"retry: {sum(call.exception() is None for call in calls)} of 8 served")


def restart(patient: GenerationServiceStub) -> None:
    """Calls until standard input ends or has a line."""
    stopped = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.readline(), stopped.set()), daemon=True).start()
    calls = failed = 0
    while not stopped.wait(0.2):
        calls += 1
        try:
            patient.Generate(STORY, timeout=MINUTE)
        except grpc.RpcError as error:
            failed += 1
            print(explain(error), file=sys.stderr)
    print(f"restart: {calls} calls, {failed} failed")


def main(address: str, thing: str = "") -> None:
    options = [("grpc.service_config", CONFIG)]
    with (
        grpc.insecure_channel(address) as channel,
        grpc.insecure_channel(address, options) as patient,
    ):
        if thing == "restart":
            restart(GenerationServiceStub(patient))
            return
        generation = GenerationServiceStub(channel)
        unary(generation)
        stream(generation)
        chat(generation)
        schema(generation)
        tool(generation)
        embed(channel)
        deadline(generation)
        cancel(generation)
        errors(generation)
        health(channel)
        retry(GenerationServiceStub(patient))


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except grpc.RpcError as error:
        sys.exit(f"error: {explain(error)}")
