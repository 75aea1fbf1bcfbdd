"""Prints a little, and uses logging."""

import logging

import inferd

print("printed while it was loaded")


@inferd.generate
def write(request):
    print("printed in a call")
    logging.getLogger("user").warning("a warning of %s", "logging")
    logging.getLogger("user").debug("a detail of logging")
    yield "served"
