"""Check each skill of an exported model on wordings and names that the training text does not hold."""

import argparse
import json
import re
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from itertools import repeat
from multiprocessing import get_context
from pathlib import Path

import torch

import extract
import schema
import tools
import words
from facts import FACTS
from generate import chat, complete, load, templated
from grammar import seeded
from heldout import CHAT_QUESTIONS, EXTRACT_ASKS, FACT_QUESTIONS, NEWER_FACTS, STORY_ASKS
from tokens import BOS

# Sampling of the checks of stories; the other checks take the likeliest token.
STORY_SAMPLING = {"temperature": 0.7, "top_p": 0.95}
STORY_WORDS = (60, 260)
# A story of the corpus never names more people than its hero and a friend.
PEOPLE = 2
# How many stories of each kind, extractions, schemas to fill, requests for tools and answers from results are asked for.
STORIES, EXTRACTIONS, SCHEMAS, CALLS, RESULTS = 50, 200, 100, 100, 60
# How many schemas and conversations with tools are written for another program.
CASES = 30
# The share of requests that need none of the tools that are offered.
UNNEEDED_SHARE = 0.2


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


def fillings(count):
    """Yield requests to fill a schema from texts with unseen names and cities, the schemas, and the only right answers."""
    for index in range(count):
        turns, given = schema.turns(seeded("check schema", index), held_out=True)
        yield turns[0][1], given, turns[1][1]


def check_schemas(ask, count):
    """Fill a JSON Schema; nothing holds the answer to it."""
    for question, _, answer in fillings(count):
        text, ended = ask([("user", question)])
        yield question, text, [] if ended and text == answer else [f"expected {answer}"]


def conversations(count):
    """Yield conversations in unseen words about unseen cities in which tools are called: the offered tools, and all turns."""
    for index in range(count):
        rng = seeded("check tools", index)
        offered = tools.offered(rng, held_out=True)
        yield offered, [("system", tools.offer([tool.definition for tool in offered])), *tools.exchange(rng, offered, held_out=True)[0]]


def check_calls(ask, count):
    """Call tools where a request needs them: the names, the arguments and their order must be exact. Elsewhere, answer as without."""
    for _, turns in conversations(round(count * (1 - UNNEEDED_SHARE))):
        text, ended = ask(turns[:2])
        yield turns[1][1], text, [] if ended and text == turns[2][1] else [f"expected {turns[2][1]}"]
    others = [(question, pattern) for question, pattern in CHAT_QUESTIONS if not re.search("weather|times", question)]
    for index in range(round(count * UNNEEDED_SHARE)):
        rng = seeded("check no tools", index)
        question, pattern = rng.choice(others)
        text, ended = ask([("system", tools.offer([tool.definition for tool in tools.offered(rng, held_out=True)])), ("user", question)])
        yield question, text, [] if ended and re.search(pattern, text) else ["another answer"]


def check_results(ask, count):
    """Tell in a sentence what tools have returned."""
    for _, turns in conversations(count):
        text, ended = ask(turns[:4])
        yield turns[3][1], text, [] if ended and text == turns[4][1] else [f"expected {turns[4][1]}"]


def check_facts(ask, newer):
    """Ask about inferd, or about its newer parts; the answer must be one of the fact's answers, word for word."""
    for key, questions in FACT_QUESTIONS.items():
        if (key in NEWER_FACTS) != newer:
            continue
        patterns = [answer_pattern(template) for template in FACTS[key][1]]
        for question in questions:
            text, ended = ask([("user", question)])
            yield question, text, [] if ended and any(re.fullmatch(pattern, text) for pattern in patterns) else ["another answer"]


def check_chat(ask):
    """Greet, ask what the model is, and ask for what it cannot do."""
    for question, pattern in CHAT_QUESTIONS:
        text, ended = ask([("user", question)])
        yield question, text, [] if ended and re.search(pattern, text) else ["another answer"]


def tool_case(path, offered, turns, upto):
    """Return the turns before one of the model's as messages and as a prompt; the model's template must write the same."""
    definitions, messages, prompt = [tool.definition for tool in offered], tools.messages(turns[1:upto]), BOS + chat(turns[:upto])
    if templated(path, messages, definitions) != prompt:
        raise ValueError(f"the chat template writes another prompt for {messages}")
    return {"tools": definitions, "messages": messages, "prompt": prompt, "answer": turns[upto][1]}


def write_cases(path, cases):
    """Write cases as JSON."""
    path.write_text(json.dumps(cases, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


# Each skill and how it is checked: with `ask` for chats, `run` for prompts, and a share of the stories and other requests.
SKILLS = {
    "story on request": lambda ask, run, scale: check_stories(ask, int(STORIES * scale)),
    "story from a plain prompt": lambda ask, run, scale: check_plain(run, int(STORIES * scale)),
    "extraction as JSON": lambda ask, run, scale: check_extract(ask, int(EXTRACTIONS * scale)),
    "JSON of a schema": lambda ask, run, scale: check_schemas(ask, int(SCHEMAS * scale)),
    "tool call": lambda ask, run, scale: check_calls(ask, int(CALLS * scale)),
    "answer from a tool's result": lambda ask, run, scale: check_results(ask, int(RESULTS * scale)),
    "questions about inferd": lambda ask, run, scale: check_facts(ask, newer=False),
    "questions about its newer parts": lambda ask, run, scale: check_facts(ask, newer=True),
    "chat and refusals": lambda ask, run, scale: check_chat(ask),
}


def check(path, skill, scale):
    """Check one skill of an exported model, and print the failures; return how many passed of how many."""
    torch.set_num_threads(1)
    model, tokenizer = load(path)

    def run(prompt, **sampling):
        return complete(model, tokenizer, prompt, **sampling)

    def ask(turns, **sampling):
        return run(chat(turns), **sampling)

    passed = total = 0
    for question, text, faults in SKILLS[skill](ask, run, scale):
        total += 1
        passed += not faults
        if faults:
            print(f"[{skill}] {question!r}\n    {text!r}\n    {'; '.join(faults)}", flush=True)
    result = {"passed": passed, "of": total, "rate": round(passed / total, 3)}
    print(skill, result, flush=True)
    return result


def main():
    """Run the checks, print the failures and write the pass rates."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", required=True, help="the exported GGUF file")
    parser.add_argument("--out", type=Path, help="JSON file for the pass rates")
    parser.add_argument("--cases", type=Path, help="JSON file for the extractions and their answers, to check another program with")
    parser.add_argument("--schema-cases", type=Path, help="the same for schemas to fill")
    parser.add_argument("--tool-cases", type=Path, help="the same for tool calls and answers from results")
    parser.add_argument("--scale", type=float, default=1.0, help="share of the stories, extractions, schemas and tools to run, 0 to 1")
    parser.add_argument("--workers", type=int, default=2, help="processes, each of which checks a skill at a time")
    arguments = parser.parse_args()
    if arguments.cases:
        write_cases(arguments.cases, [{"question": question, "answer": answer} for question, answer in extractions(EXTRACTIONS)])
    if arguments.schema_cases:
        write_cases(arguments.schema_cases, [{"question": question, "schema": given, "answer": answer} for question, given, answer in fillings(CASES)])
    if arguments.tool_cases:
        write_cases(arguments.tool_cases, [tool_case(arguments.model, offered, turns, upto) for offered, turns in conversations(CASES) for upto in (2, 4)])
    with ProcessPoolExecutor(arguments.workers, get_context("spawn")) as pool:
        results = dict(zip(SKILLS, pool.map(check, repeat(arguments.model), SKILLS, repeat(arguments.scale))))
    if arguments.out:
        arguments.out.write_text(json.dumps(results, indent=2) + "\n")


if __name__ == "__main__":
    main()
