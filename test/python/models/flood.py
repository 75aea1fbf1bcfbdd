"""Prints without end, as debugging code does."""

import logging
import sys
import threading

import inferd


def flood():
    while True:
        print("flooded " + "x" * 60)
        sys.stderr.write("warned " + "y" * 60 + "\n")


threading.Thread(target=flood, daemon=True).start()


@inferd.generate
def write(request):
    act, *words = request.prompt.split()
    if act == "print":
        for n in range(int(words[0])):
            print("line", n)
        print("a line without end " + "z" * 1_000_000, end="")
        print("\ud800 no UTF-8", file=sys.stderr)
        sys.stdout.buffer.write(b"\xff\xfe no UTF-8\n")
    logging.getLogger("user").warning("a record of logging")
    yield "served"
