"""Write sample outputs of an exported model, and greedy references that another program's output can be compared with."""

import argparse
import json
import re
from pathlib import Path

import torch

import tools
from generate import chat, complete, load
from tokens import BOS

STORY_SAMPLING = {"temperature": 0.7, "top_p": 0.95}
TOOLS = [
    {"type": "function", "function": {"name": "get_weather", "description": "Gets the weather of a city.", "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}}},
    {"type": "function", "function": {"name": "add", "description": "Adds two numbers.", "parameters": {"type": "object", "properties": {"a": {"type": "number"}, "b": {"type": "number"}}, "required": ["a", "b"]}}},
]
CALL = '<tool_call>\n{"name": "get_weather", "arguments": {"city": "Zelmora"}}\n</tool_call>'
SCHEMA = '{"type":"object","properties":{"name":{"type":"string"},"age":{"type":"integer"},"city":{"type":"string"}},"required":["name","age","city"]}'
PLAIN = [("Once upon a time", 1), ("Once upon a time", 2), ("Once upon a time, there was a little robot", 3), ("One windy morning, Mira", 4)]
STORIES = [("Tell me a story about a fox named Zelmo.", 1), ("I would like a bedtime story about friendship, please.", 2), ("Write a short story about a dragon called Umbrella.", 3)]
CHATS = [
    [("user", "Hello! Who are you?")],
    [("user", "What is the capital of Sweden?")],
    [("user", "How do I start the server?")],
    [("user", "Which port does it use?")],
    [("user", "What happens when the queue is full?")],
    [("user", "Can I use grpcurl?")],
    [("user", "Extract name, age and city as JSON: Bruska Temwell is 34 years old and lives in Oslo.")],
    [("system", "Answer only with JSON."), ("user", "Extract item, color, price and date as JSON: Nerith bought a green lamp for $24.50.")],
    [("user", "Extract name, job and age as JSON: My neighbour Quelda is a baker.")],
    [("user", f"Extract JSON of this schema: {SCHEMA}\n\nBruska Temwell is 34 years old and lives in Oslo.")],
    [("user", "Which command shows the tokens of a text?")],
    [("system", tools.offer(TOOLS)), ("user", "What is the weather in Zelmora?")],
    [("system", tools.offer(TOOLS)), ("user", "What is the weather in Zelmora?"), ("assistant", CALL), ("user", tools.respond(['{"temperature": 21, "condition": "sunny"}']))],
    [("system", tools.offer(TOOLS)), ("user", "What is 58 plus 67?")],
    [("system", tools.offer(TOOLS)), ("user", "How do I start the server?")],
]


def main():
    """Write samples.md, and with --reference a JSON file of greedy continuations."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", required=True, help="the exported GGUF file")
    parser.add_argument("--out", required=True, type=Path, help="Markdown file to write")
    parser.add_argument("--reference", type=Path, help="JSON file for prompts, their token ids and greedy continuations")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    model, tokenizer = load(arguments.model)
    lines = ["# Samples", "", "Not chosen by hand: the first output for each prompt and seed. Stories are drawn with temperature 0.7 and top_p 0.95, "
             "the others take the likeliest token. A mark ∎ shows where the model ended by itself.", ""]

    def show(text, ended):
        lines.extend("> " + line if line else ">" for line in (text + (" ∎" if ended else " …")).split("\n"))
        lines.append("")

    for prompt, seed in PLAIN:
        text, ended = complete(model, tokenizer, prompt, seed=seed, **STORY_SAMPLING)
        lines.extend([f"**Prompt** `{prompt}`, seed {seed}", ""])
        show(prompt + text, ended)
    for question, seed in STORIES:
        text, ended = complete(model, tokenizer, chat([("user", question)]), seed=seed, **STORY_SAMPLING)
        lines.extend([f"**User** {question} (seed {seed})", ""])
        show(text, ended)
    references = []
    for prompt, limit in [(PLAIN[0][0], 200)] + [(chat([("user", question)]), 200) for question, _ in STORIES]:
        references.append((prompt, *complete(model, tokenizer, prompt, limit=limit)))
    for turns in CHATS:
        text, ended = complete(model, tokenizer, chat(turns))
        references.append((chat(turns), text, ended))
        for role, said in turns:
            lines.extend(["", f"**{role.capitalize()}**", "", "```text", said, "```", ""] if "\n" in said else [f"**{role.capitalize()}** {said}  "])
        lines.append("")
        show(text, ended)
    arguments.out.write_text(re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).rstrip() + "\n", encoding="utf-8")
    if arguments.reference:
        bos = tokenizer.token_to_id(BOS)
        rows = [{"prompt": prompt, "ids": [bos] + tokenizer.encode(prompt).ids, "text": text, "ended": ended} for prompt, text, ended in references]
        arguments.reference.write_text(json.dumps(rows, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
