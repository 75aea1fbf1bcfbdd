import sys
import grpc
from inferd.v1.embedding_service_pb2 import EmbedRequest
from inferd.v1.embedding_service_pb2_grpc import EmbeddingServiceStub
from inferd.v1.generation_service_pb2 import GenerateRequest
from inferd.v1.generation_service_pb2_grpc import GenerationServiceStub

with grpc.insecure_channel(sys.argv[1] if len(sys.argv) > 1 else "localhost:50051") as channel:
    request = GenerateRequest(prompt="Once upon a time", sampling={"max_tokens": 64})
    for event in GenerationServiceStub(channel).GenerateStream(request, timeout=60):
        print(event.piece.text, end="", flush=True)
    cat, kitten = EmbeddingServiceStub(channel).Embed(
        EmbedRequest(inputs=["a cat on the mat", "a kitten on a rug"]), timeout=60
    ).embeddings
    print("\nsimilarity:", round(sum(a * b for a, b in zip(cat.float32.values, kitten.float32.values)), 3))
