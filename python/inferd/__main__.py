"""``python -m inferd check FILE``: runs a file's functions once, without a server."""

from __future__ import annotations

import argparse
import json
import os
import sys

from inferd.check import check


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m inferd", description="Tries a model in Python without a server.")
    commands = parser.add_subparsers(required=True, metavar="check")
    one = commands.add_parser("check", help="load a file, and call its functions once")
    one.add_argument("file", help="the Python file")
    one.add_argument("--prompt", default="Once upon a time", help="for generate, and the query for rerank (%(default)r)")
    one.add_argument("--text", action="append", help="for embed, rerank and classify; repeatable")
    one.add_argument("--options", type=_options, default={}, help="the manifest's options, as a JSON object")
    values = parser.parse_args(arguments)
    path = os.path.abspath(values.file)
    # Modules next to the file are found as when it is served.
    sys.path.insert(0, os.path.dirname(path))
    return check(path, prompt=values.prompt, texts=values.text or ["a cat", "a dog"], options=values.options)


def _options(text: str) -> dict[str, object]:
    value = json.loads(text)
    if not isinstance(value, dict):
        raise argparse.ArgumentTypeError("must be a JSON object")
    return value


if __name__ == "__main__":
    sys.exit(main())
