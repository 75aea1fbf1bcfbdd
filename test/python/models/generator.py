"""A generator; a prompt's first word says what it does."""

import json
import sys
import time

import facts
import inferd


def say(request, *words):
    for word in words:
        yield word + " "


def forever(request, name):
    """Notes how it ends."""
    try:
        while True:
            facts.count(name + ".count")
            yield "on "
            time.sleep(0.005)
    except GeneratorExit:
        facts.note(name, "GeneratorExit")
        raise
    finally:
        facts.note(name, "finally")


def pour(request, name, pieces):
    """Large pieces, as fast as they are taken."""
    for _ in range(int(pieces)):
        facts.count(name)
        yield "x" * 4095 + "\n"


def clock(request, name):
    left = request.deadline - time.monotonic()
    facts.note(name, json.dumps([left, request.time_left]))
    yield from forever(request, name + ".end")


def tell(request, *_):
    messages = [[message.role, message.content] for message in request.messages]
    sampling = request.sampling
    yield json.dumps(
        {
            "prompt": request.prompt,
            "messages": messages,
            "max_tokens": sampling.max_tokens,
            # In letters: whole, it would end the answer.
            "stop": [list(stop) for stop in request.stop],
            "priority": request.priority,
            "request_id": request.request_id,
            "is_cancelled": request.is_cancelled,
        }
    )


def refuse(request):
    raise inferd.InvalidArgument("prompt", "must not ask to be refused")
    yield ""


def refuse_late(request):
    yield "some "
    raise inferd.InvalidArgument("prompt", "is wrong at its end")


def busy(request):
    raise inferd.ResourceExhausted("all is taken", retry_after=7)
    yield ""


def fail(request):
    yield "some "
    raise ValueError("the inner cause")


def give_number(request):
    yield "some "
    yield 7


def give_none(request):
    yield "some "
    yield None


def give_surrogate(request):
    yield "some "
    yield "\ud800"


def give_unusual(request):
    yield "ä€😀"
    yield ""
    yield "\x00e\u0301"


def leave(request):
    yield "some "
    sys.exit(3)


def interrupt(request):
    yield "some "
    raise KeyboardInterrupt


acts = {
    act.__name__: act
    for act in (say, forever, pour, clock, tell, refuse, refuse_late, busy, fail)
    + (give_number, give_none, give_surrogate, give_unusual, leave, interrupt)
}


@inferd.generate(concurrency=4)
def write(request):
    act, *words = request.prompt.split()
    yield from acts[act](request, *words)
