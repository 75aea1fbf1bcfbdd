"""Ranks and classifies by what each text asks for."""

import inferd


class Scores:
    def __init__(self, source):
        self.labels = ["first", "second", "third"]

    @inferd.rerank(max_batch=16)
    def rank(self, pairs):
        if any(document == "fail" for _, document in pairs):
            raise ValueError("the inner cause")
        return [score(query, document) for query, document in pairs]

    @inferd.classify(labels="labels", multi_label=True, pairs=True)
    def classify(self, pairs):
        return [[len(text), len(pair), 0.5] if text != "short" else [1] for text, pair in pairs]


def score(query, document):
    if document == "refused":
        return inferd.InvalidArgument("documents", "must have a meaning")
    return float("nan") if document == "nan" else len(document) + len(query) / 8
