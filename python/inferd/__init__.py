"""Serve a model in Python behind inferd: typed gRPC, streaming, batches across callers, deadlines and cancellation.

    import inferd

    @inferd.generate
    def write(request):
        for word in request.prompt.split():
            yield word + " "

Run it with ``inferd serve my_model.py``, or try it without a server: ``python -m inferd check my_model.py``.
"""

from pkgutil import extend_path

# The client package of PyPI, inferd-client, puts inferd.v1 next to this one.
__path__ = extend_path(__path__, __name__)

from inferd.decorators import classify, embed, generate, rerank
from inferd.errors import Error, InvalidArgument, ResourceExhausted
from inferd.request import Message, Request, Sampling
from inferd.source import Source

__all__ = [
    "Error",
    "InvalidArgument",
    "Message",
    "Request",
    "ResourceExhausted",
    "Sampling",
    "Source",
    "classify",
    "embed",
    "generate",
    "rerank",
]

__version__ = "0.1.0"
