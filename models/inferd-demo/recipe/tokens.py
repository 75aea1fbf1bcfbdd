"""Train the byte-level BPE tokenizer, and write the corpus as windows of token ids with the weight of each."""

import argparse
import json
from pathlib import Path

import numpy as np
from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

from corpus import ASSISTANT, BOS, END, SYSTEM, USER

# Control tokens, with the ids 0 to 4 in this order.
CONTROL = [BOS, END, USER, ASSISTANT, SYSTEM]
VOCABULARY = 4096
# How many documents the merges are learned from.
MERGE_DOCUMENTS = 40_000
# Tokens of one window; a document begins and ends in the same one, and the longest are cut.
WINDOW = 512
# How many windows are filled side by side, so that little of any stays empty.
OPEN = 64
CHUNK = 2000
# How much the prediction of a token counts, in eighths: of what others say, and of what the model says, by skill. Short
# answers count more, since each of their tokens is most of the answer.
HEARD = 1
SPOKEN = {"story": 8, "ask": 8, "talk": 10, "facts": 12, "extract": 20, "schema": 20, "tools": 16, "repeat": 6}


def documents(path, count=None):
    """Yield the skills and texts of a corpus file, at most `count`."""
    with open(path, encoding="utf-8") as lines:
        for index, line in enumerate(lines):
            if index == count:
                return
            found = json.loads(line)
            yield found["skill"], found["text"].rstrip("\n")


def train_tokenizer(path):
    """Learn the merges. Each digit is a token of its own; the rest is split as GPT-2 does ("smollm" in GGUF).

    While merges are learned, a space also stands apart from a capital. So none joins the two, and a name has the same
    tokens after a space, after a quotation mark and at the beginning: what is copied looks like what it is copied from.
    """
    tokenizer = Tokenizer(models.BPE())
    split = [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([*split, pre_tokenizers.Split(Regex("^Ġ(?=[A-Z])"), "isolated")])
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(vocab_size=VOCABULARY, special_tokens=CONTROL, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False)
    tokenizer.train_from_iterator((text for _, text in documents(path, MERGE_DOCUMENTS)), trainer)
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(split)
    return tokenizer


def weights(ids, skill, speakers, assistant):
    """Return the weight of each id: the model's own turns, with their ends, count more than what others say."""
    if skill == "story":
        return np.full(len(ids), SPOKEN[skill], dtype=np.uint8)
    marks = np.isin(ids, speakers)
    last = np.maximum.accumulate(np.where(marks, np.arange(len(ids)), 0))
    spoken = (ids[last] == assistant) & ~marks
    return np.where(spoken, SPOKEN[skill], HEARD).astype(np.uint8)


class Packer:
    """Puts whole documents into windows, each into the fullest one that has room."""

    def __init__(self, ids, weights):
        self.files, self.open, self.total, self.rng = (ids, weights), [], 0, np.random.default_rng(1)

    def add(self, ids, weights):
        """Put one document into a window."""
        fits = [window for window in self.open if window[2] + len(ids) <= WINDOW]
        if fits:
            window = max(fits, key=lambda window: window[2])
        else:
            if len(self.open) == OPEN:
                self.write(max(self.open, key=lambda window: window[2]))
            # What stays empty is BOS, whose prediction does not count.
            window = [np.zeros(WINDOW, dtype="<u2"), np.zeros(WINDOW, dtype=np.uint8), 0]
            self.open.append(window)
        at = window[2]
        window[0][at : at + len(ids)], window[1][at : at + len(ids)], window[2] = ids, weights, at + len(ids)

    def write(self, window):
        """Write one window."""
        self.open = [other for other in self.open if other is not window]
        window[0].tofile(self.files[0])
        window[1].tofile(self.files[1])
        self.total += WINDOW


def encode(tokenizer, path, out):
    """Write the windows of all documents: little-endian 16-bit ids, and a byte of weight each; return how many ids."""
    bos, assistant = tokenizer.token_to_id(BOS), tokenizer.token_to_id(ASSISTANT)
    speakers = [tokenizer.token_to_id(token) for token in (USER, ASSISTANT, SYSTEM)]
    with open(out.with_suffix(".ids"), "wb") as ids_file, open(out.with_suffix(".weights"), "wb") as weights_file:
        packer, chunk = Packer(ids_file, weights_file), []

        def flush():
            for (skill, _), encoding in zip(chunk, tokenizer.encode_batch([text for _, text in chunk])):
                ids = np.asarray(encoding.ids, dtype="<u2")[: WINDOW - 1]
                packer.add(np.concatenate(([bos], ids)), np.concatenate(([0], weights(ids, skill, speakers, assistant))))
            chunk.clear()

        for document in documents(path):
            chunk.append(document)
            if len(chunk) == CHUNK:
                flush()
        flush()
        while packer.open:
            packer.write(packer.open[0])
    return packer.total


def main():
    """Write tokenizer.json, and the ids and weights of both corpora."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--train", required=True, help="training corpus made by corpus.py")
    parser.add_argument("--valid", required=True, help="validation corpus made by corpus.py with another seed")
    parser.add_argument("--vocabulary", help="exported GGUF model whose vocabulary to keep, instead of learning one")
    parser.add_argument("--out", required=True, type=Path, help="folder for tokenizer.json, train and valid")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    if arguments.vocabulary:
        from generate import load

        tokenizer = load(arguments.vocabulary)[1]
    else:
        tokenizer = train_tokenizer(arguments.train)
    tokenizer.save(str(arguments.out / "tokenizer.json"))
    for name, path in (("valid", arguments.valid), ("train", arguments.train)):
        print(name, encode(tokenizer, path, arguments.out / name), "tokens", flush=True)


if __name__ == "__main__":
    main()
