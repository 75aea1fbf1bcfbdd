"""Check each skill of an exported model on wordings and names that the training text does not hold."""

import argparse
import json
import re
from collections import Counter
from pathlib import Path

import torch

import extract
import words
from facts import FACTS
from generate import chat, complete, load
from grammar import seeded
from heldout import CHAT_QUESTIONS, EXTRACT_ASKS, FACT_QUESTIONS, STORY_ASKS

# Sampling of the checks of stories; the other checks take the likeliest token.
STORY_SAMPLING = {"temperature": 0.7, "top_p": 0.95}
STORY_WORDS = (60, 260)
# A story of the corpus never names more people than its hero and a friend.
PEOPLE = 2
# How many extractions are asked for.
EXTRACTIONS = 200


def answer_pattern(template):
    """Return the pattern of all answers that a template can give."""
    parts = re.split(r"(\[[^\]]*\])", template)
    return "".join("(" + "|".join(re.escape(option) for option in part[1:-1].split("|")) + ")" if part.startswith("[") and "|" in part else re.escape(part) for part in parts)


def people(text):
    """Return the names in a story: capitalised words inside sentences, without the title."""
    lines = [line for line in text.split("\n\n") if line.rstrip('"').endswith((".", "!", "?"))]
    return set(re.findall(r"(?<=[a-z,] )([A-Z][a-z]+)", " ".join(lines))) - {"I", "Sunday"}


def story_faults(text, ended, name, kind):
    """Return what is wrong with a story as a list of words; an empty list passes."""
    faults = []
    if not ended:
        faults.append("does not end")
    if not STORY_WORDS[0] <= len(text.split()) <= STORY_WORDS[1]:
        faults.append("length")
    if len(re.findall(rf"\b{re.escape(name)}\b", text)) < 1:
        faults.append("name is absent")
    if not re.search(rf"\b{kind}\b", text):
        faults.append("kind is absent")
    if len(people(text)) > PEOPLE:
        faults.append("strangers: " + ", ".join(sorted(people(text))))
    # A sentence that is told twice; short ones, such as a repeated sound, may be.
    if any(count > 1 and len(sentence) > 40 for sentence, count in Counter(re.split(r"(?<=[.!?]) ", text)).items()):
        faults.append("repeats itself")
    return faults


def check_stories(ask, count):
    """Ask for stories about heroes with unseen names."""
    kinds = ["girl", "boy"] + words.ANIMALS + words.FIGURES["f"][1:]
    for index in range(count):
        rng = seeded("check story", index)
        name, kind = words.made_name(rng, held_out=True), rng.choice(kinds)
        question = rng.choice(STORY_ASKS).format(kind=kind, name=name)
        text, ended = ask([("user", question)], seed=index, **STORY_SAMPLING)
        yield question, text, story_faults(text, ended, name, kind)


def check_plain(run, count):
    """Continue "Once upon a time" without a chat."""
    for index in range(count):
        text, ended = run("Once upon a time", seed=index, **STORY_SAMPLING)
        text = "Once upon a time" + text
        named = re.search(r"(?:named|called|name was) ([A-Z][a-z]+)", text)
        yield "Once upon a time", text, story_faults(text, ended, named.group(1), "") if named else ["nobody is named"]


def extractions(count):
    """Yield requests to extract fields from texts with unseen names and cities, and their only right answers."""
    for index in range(count):
        rng = seeded("check extract", index)
        turns, record = extract.turns(rng, held_out=True, ask=rng.choice(EXTRACT_ASKS))
        yield turns[0][1], extract.dump(record)


def check_extract(ask, count):
    """Extract fields from texts with unseen names and cities."""
    for question, answer in extractions(count):
        text, ended = ask([("user", question)])
        yield question, text, [] if ended and text == answer else [f"expected {answer}"]


def check_facts(ask):
    """Ask about inferd; the answer must be one of the fact's answers, word for word."""
    for key, questions in FACT_QUESTIONS.items():
        patterns = [answer_pattern(template) for template in FACTS[key][1]]
        for question in questions:
            text, ended = ask([("user", question)])
            yield question, text, [] if ended and any(re.fullmatch(pattern, text) for pattern in patterns) else ["another answer"]


def check_chat(ask):
    """Greet, ask what the model is, and ask for what it cannot do."""
    for question, pattern in CHAT_QUESTIONS:
        text, ended = ask([("user", question)])
        yield question, text, [] if ended and re.search(pattern, text) else ["another answer"]


def main():
    """Run the checks, print the failures and write the pass rates."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", required=True, help="the exported GGUF file")
    parser.add_argument("--out", type=Path, help="JSON file for the pass rates")
    parser.add_argument("--cases", type=Path, help="JSON file for the extractions and their answers, to check another program with")
    parser.add_argument("--scale", type=float, default=1.0, help="share of the stories and extractions to run, 0 to 1")
    parser.add_argument("--threads", type=int, default=1, help="CPU threads")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    if arguments.cases:
        arguments.cases.write_text(json.dumps([{"question": question, "answer": answer} for question, answer in extractions(EXTRACTIONS)], indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    model, tokenizer = load(arguments.model)

    def run(prompt, **sampling):
        return complete(model, tokenizer, prompt, **sampling)

    def ask(turns, **sampling):
        return run(chat(turns), **sampling)

    results = {}
    for skill, cases in (("story on request", check_stories(ask, int(50 * arguments.scale))), ("story from a plain prompt", check_plain(run, int(50 * arguments.scale))),
                         ("extraction as JSON", check_extract(ask, int(EXTRACTIONS * arguments.scale))), ("questions about inferd", check_facts(ask)), ("chat and refusals", check_chat(ask))):
        passed = total = 0
        for question, text, faults in cases:
            total += 1
            passed += not faults
            if faults:
                print(f"[{skill}] {question!r}\n    {text!r}\n    {'; '.join(faults)}", flush=True)
        results[skill] = {"passed": passed, "of": total, "rate": round(passed / total, 3)}
        print(skill, results[skill], flush=True)
    if arguments.out:
        arguments.out.write_text(json.dumps(results, indent=2) + "\n")


if __name__ == "__main__":
    main()
