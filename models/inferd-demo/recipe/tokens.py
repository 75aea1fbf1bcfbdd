"""Train the byte-level BPE tokenizer and write the corpus as token files."""

import argparse
import json
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

from corpus import ASSISTANT, BOS, END, SYSTEM, USER
from grammar import seeded

# Control tokens, with the ids 0 to 4 in this order.
CONTROL = [BOS, END, USER, ASSISTANT, SYSTEM]
VOCABULARY = 4096
# How many documents the merges are learned from.
MERGE_DOCUMENTS = 30_000
# The share of documents that begin with the BOS token; the others follow the one before directly.
BOS_SHARE = 0.9
CHUNK = 2000
# Decides which documents of the third part begin with the BOS token.
NAMES_SEED = 7


def texts(path, count=None):
    """Yield the texts of a corpus file, at most `count`."""
    with open(path, encoding="utf-8") as lines:
        for index, line in enumerate(lines):
            if index == count:
                return
            yield json.loads(line)["text"].rstrip("\n")


def train_tokenizer(path):
    """Learn the merges. Each digit is a token of its own; the rest is split as GPT-2 does ("smollm" in GGUF)."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)])
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(vocab_size=VOCABULARY, special_tokens=CONTROL, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False)
    tokenizer.train_from_iterator(texts(path, MERGE_DOCUMENTS), trainer)
    return tokenizer


def encode(tokenizer, path, out, seed):
    """Write all documents, one after the other, as little-endian 16-bit ids; return how many ids."""
    rng, total, chunk = seeded("bos", seed), 0, []
    bos = tokenizer.token_to_id(BOS)

    def flush(file):
        nonlocal total
        ids = []
        for encoding in tokenizer.encode_batch(chunk):
            if rng.random() < BOS_SHARE:
                ids.append(bos)
            ids.extend(encoding.ids)
        np.asarray(ids, dtype="<u2").tofile(file)
        total += len(ids)
        chunk.clear()

    with open(out, "wb") as file:
        for text in texts(path):
            chunk.append(text)
            if len(chunk) == CHUNK:
                flush(file)
        flush(file)
    return total


def main():
    """Write tokenizer.json, train.bin and valid.bin."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--train", required=True, help="training corpus made by corpus.py")
    parser.add_argument("--copying", help="second part of the training corpus, made by corpus.py --copying")
    parser.add_argument("--names", help="third part of the training corpus, made by corpus.py --names")
    parser.add_argument("--valid", required=True, help="validation corpus made by corpus.py with another seed")
    parser.add_argument("--out", required=True, type=Path, help="folder for tokenizer.json, train.bin and valid.bin")
    parser.add_argument("--seed", type=int, default=1, help="seed that decides which documents begin with BOS")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    tokenizer = train_tokenizer(arguments.train)
    tokenizer.save(str(arguments.out / "tokenizer.json"))
    if arguments.copying:
        print("copying", encode(tokenizer, arguments.copying, arguments.out / "copying.bin", arguments.seed), "tokens", flush=True)
    if arguments.names:
        print("names", encode(tokenizer, arguments.names, arguments.out / "names.bin", NAMES_SEED), "tokens", flush=True)
    for name, path in (("train", arguments.train), ("valid", arguments.valid)):
        print(name, encode(tokenizer, path, arguments.out / f"{name}.bin", arguments.seed), "tokens", flush=True)


if __name__ == "__main__":
    main()
