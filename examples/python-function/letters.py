"""Counts letters: a class loads what it needs once, and can have a function for each task."""

import inferd


class Letters:
    def __init__(self, source: inferd.Source):
        self.alphabet = source.options.get("alphabet", "abcdefghijklmnopqrstuvwxyz")
        self.size = len(self.alphabet)

    @inferd.embed(dimensions="size", max_batch=64)
    def embed(self, texts: list[str]):
        return [self.count(text.lower()) for text in texts]

    def count(self, text: str):
        if text.isspace():
            return inferd.InvalidArgument("inputs", "has no letters")
        return [text.count(letter) for letter in self.alphabet]
