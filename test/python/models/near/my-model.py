"""Lies next to files that are named as modules of Python and of ours are."""

import dataclasses

import helper
import inferd


@dataclasses.dataclass
class Word:
    text: str


@inferd.generate
def write(request):
    for text in request.prompt.split():
        yield helper.loud(Word(text).text)
