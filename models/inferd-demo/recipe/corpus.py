"""Generate the training text: one JSON document a line, from a seed, with nothing downloaded."""

import argparse
import json

import chat
import extract
import stories
from grammar import seeded

END, USER, ASSISTANT, SYSTEM, BOS = "<|end|>", "<|user|>", "<|assistant|>", "<|system|>", "<|bos|>"

# The share of documents of each skill; a story is longer than the others, so its share of the tokens is larger.
SHARES = {"story": 0.33, "chat": 0.17, "facts": 0.24, "extract": 0.26}

# The second part of the training exercises copying: more extraction, names to repeat, and more unknown names.
COPY_SHARES = {"story": 0.27, "chat": 0.08, "facts": 0.15, "extract": 0.35, "repeat": 0.15}


# The third part has known names only in its stories, so that people keep theirs.
NAME_SHARES = {"story": 0.50, "chat": 0.12, "facts": 0.15, "extract": 0.19, "repeat": 0.04}


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
    turns = {"chat": chat.chat_document, "facts": chat.facts_document, "extract": extract.document, "repeat": chat.repeat_document}[skill](rng)
    return skill, render(turns)


def main():
    """Write the corpus."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", required=True, help="file to write, one JSON object a line")
    parser.add_argument("--documents", type=int, default=130_000, help="how many documents")
    parser.add_argument("--seed", type=int, default=1, help="seed of the corpus")
    parser.add_argument("--copying", action="store_true", help="write the second part, which exercises copying")
    parser.add_argument("--names", action="store_true", help="write the third part, whose stories have known names only")
    arguments = parser.parse_args()
    shares = COPY_SHARES if arguments.copying else NAME_SHARES if arguments.names else SHARES
    if arguments.names:
        stories.MADE_NAME_SHARE = 0.0
    if arguments.copying:
        stories.MADE_NAME_SHARE, extract.MADE_SHARE, extract.MADE_CITY_SHARE = 0.6, 0.9, 0.8
    with open(arguments.out, "w", encoding="utf-8") as out:
        for index in range(arguments.documents):
            skill, text = document(arguments.seed, index, shares)
            out.write(json.dumps({"skill": skill, "text": text}, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
