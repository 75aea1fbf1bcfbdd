"""A small template language for generating English text.

A template holds choices, `[red|blue|green]`, which may nest, and slots, `{h}` or `{h.s}`, which are
filled from a dictionary of strings and `Person`s. `fill` expands one, and then repairs capitals and
the articles "a" and "an".
"""

import random
import re
from dataclasses import dataclass

_CHOICE = re.compile(r"\[([^\[\]]*)\]")
_SLOT = re.compile(r"\{(\w+)(?:\.(\w))?\}")
_ARTICLE = re.compile(r"\b([Aa])n?(?= ([A-Za-z]+))")
_VOWEL_SOUND = re.compile(r"(?!uni|use|one\b|eu|usu)[aeiou]|hour|honest", re.IGNORECASE)
_SENTENCE_START = re.compile(r"(^|[.!?] |\.\" |, \"|: \"|[.!?]\"? \"|^\")([a-z])")
# A quotation that goes on after `," she said, `: its second part keeps its small letter.
_QUOTE_GOES_ON = re.compile(r',"[^".!?]*$')

# The share of mentions by `{h}` that say "the fox" instead of the name.
_KIND_SHARE = 0.12


@dataclass(frozen=True)
class Person:
    """Someone in a story: a name, a kind ("girl", "fox") and a gender ("f" or "m")."""

    name: str
    kind: str
    gender: str

    def form(self, letter, rng):
        """Return one form: n name, k kind, d "the kind", s he, S He, o him, p his, r himself."""
        female = self.gender == "f"
        if letter is None:
            return f"the {self.kind}" if rng.random() < _KIND_SHARE else self.name
        return {
            "n": self.name,
            "k": self.kind,
            "d": f"the {self.kind}",
            "s": "she" if female else "he",
            "S": "She" if female else "He",
            "o": "her" if female else "him",
            "p": "her" if female else "his",
            "r": "herself" if female else "himself",
        }[letter]


def expand(rng, template):
    """Replace every `[a|b]` in the template by one of its alternatives, the innermost first."""
    while True:
        expanded = _CHOICE.sub(lambda match: rng.choice(match.group(1).split("|")), template)
        if expanded == template:
            return expanded
        template = expanded


def repair(text):
    """Put "an" before vowel sounds, one space between words, and a capital at every sentence start."""
    text = re.sub(r" {2,}", " ", text).strip()
    text = re.sub(r" ([.,!?])", r"\1", text)

    def article(match):
        return match.group(1) + ("n" if _VOWEL_SOUND.match(match.group(2)) else "")

    text = _ARTICLE.sub(article, text)

    def capital(match):
        if match.group(1) == ', "' and _QUOTE_GOES_ON.search(text, 0, match.start(1)):
            return match.group(0)
        return match.group(1) + match.group(2).upper()

    return _SENTENCE_START.sub(capital, text)


def fill(rng, template, slots, capitals=True):
    """Expand a template, fill its slots and repair the result; without capitals for a part of a sentence."""
    def slot(match):
        value = slots[match.group(1)]
        return value.form(match.group(2), rng) if isinstance(value, Person) else str(value)

    text = expand(rng, template)
    while "{" in text:
        text = expand(rng, _SLOT.sub(slot, text))
    return repair(text) if capitals else repair("_" + text)[1:]


def seeded(*parts):
    """Return a random source that depends only on the parts."""
    return random.Random("/".join(str(part) for part in parts))
