"""A function that returns its whole text."""

import sys
import time

import facts
import inferd


@inferd.generate(concurrency=2)
def write(request):
    act, *words = request.prompt.split()
    if act == "say":
        return " ".join(words)
    if act == "none":
        return None
    if act == "number":
        return 7
    if act == "surrogate":
        return "\udfff"
    if act == "exit":
        sys.exit(3)
    if act == "fail":
        raise ValueError("the inner cause")
    if act == "wait":
        while not request.is_cancelled:
            facts.count(words[0] + ".count")
            time.sleep(0.01)
        facts.note(words[0], "is_cancelled")
        return "late"
    raise inferd.InvalidArgument("prompt", "has no such act")
