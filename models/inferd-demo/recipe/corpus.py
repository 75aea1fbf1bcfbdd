"""Generate the training text: one JSON document a line, from a seed, with nothing downloaded."""

import argparse
import json

import chat
import extract
import schema
import stories
import tools
from grammar import seeded

END, USER, ASSISTANT, SYSTEM, BOS = "<|end|>", "<|user|>", "<|assistant|>", "<|system|>", "<|bos|>"

# The share of documents of each skill; a story is longer than the others, so its share of the tokens is larger.
SHARES = {"story": 0.09, "ask": 0.24, "talk": 0.07, "facts": 0.22, "extract": 0.18, "schema": 0.10, "tools": 0.09, "repeat": 0.01}


def render(turns):
    """Write turns as the chat template does: a role token, a newline, the text and the end token."""
    return "".join(f"<|{role}|>\n{text}{END}\n" for role, text in turns)


def document(seed, index, shares=SHARES):
    """Return the skill and the text of one document; the text depends only on the seed and the index."""
    rng = seeded(seed, index)
    draw = rng.random()
    for skill, share in shares.items():
        draw -= share
        if draw < 0:
            break
    if skill == "story":
        story = stories.tell(rng)
        title = f"{story.title}\n\n" if rng.random() < 0.08 else ""
        return skill, f"{title}{story.text}{END}\n"
    turns = {"ask": chat.story_document, "talk": chat.talk_document, "facts": chat.facts_document, "extract": extract.document, "schema": schema.document, "tools": tools.document, "repeat": chat.repeat_document}[skill](rng)
    return skill, render(turns)


def main():
    """Write the corpus."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", required=True, help="file to write, one JSON object a line")
    parser.add_argument("--documents", type=int, default=300_000, help="how many documents")
    parser.add_argument("--shares", type=json.loads, help="JSON object of the share of each skill, instead of the usual ones")
    parser.add_argument("--seed", type=int, default=1, help="seed of the corpus")
    arguments = parser.parse_args()
    with open(arguments.out, "w", encoding="utf-8") as out:
        for index in range(arguments.documents):
            skill, text = document(arguments.seed, index, arguments.shares or SHARES)
            out.write(json.dumps({"skill": skill, "text": text}, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
