"""The model of both apps: the sentences of a text with its most frequent words first. It knows nothing of servers."""

import re
from collections import Counter


class Summary:
    def __init__(self, short: int = 2):
        self.short = short

    def sentences(self, text: str) -> list[str]:
        counts = Counter(self.words(text))
        sentences = re.split(r"(?<=[.!?])\s+", text.strip())
        return sorted(sentences, key=lambda each: -sum(counts[word] for word in self.words(each)))

    def words(self, text: str) -> list[str]:
        return [word for word in re.findall(r"\w+", text.lower()) if len(word) > self.short]
