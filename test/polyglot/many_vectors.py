"""What the proto says of 4,096 vectors: too many for one message of a stock client, and the ways around it."""

import sys

import grpc
from inferd.v1.embedding_service_pb2 import VECTOR_ENCODING_FLOAT16, EmbedRequest
from inferd.v1.embedding_service_pb2_grpc import EmbeddingServiceStub

TEXTS = ["cat"] * 4096
TIMEOUT = 120

with grpc.insecure_channel(sys.argv[1]) as channel:
    stub = EmbeddingServiceStub(channel)
    try:
        stub.Embed(EmbedRequest(inputs=TEXTS), timeout=TIMEOUT)
    except grpc.RpcError as error:
        print(f"float32: {error.code().name}; {error.details()}")
    packed = stub.Embed(EmbedRequest(inputs=TEXTS, encoding=VECTOR_ENCODING_FLOAT16), timeout=TIMEOUT)
    print(f"float16: {len(packed.embeddings)}")
    events = stub.EmbedStream(EmbedRequest(inputs=TEXTS), timeout=TIMEOUT)
    print(f"stream: {sum(event.WhichOneof('event') == 'embedding' for event in events)}")

limit = [("grpc.max_receive_message_length", 8 * 1024 * 1024)]
with grpc.insecure_channel(sys.argv[2], limit) as channel:
    whole = EmbeddingServiceStub(channel).Embed(EmbedRequest(inputs=TEXTS), timeout=TIMEOUT)
    print(f"raised: {len(whole.embeddings)}")
