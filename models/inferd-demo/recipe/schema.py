"""Requests to fill a JSON Schema from a short text."""

import json

import extract
from grammar import expand
from heldout import SCHEMA_ASKS

TYPES = {"age": "integer", "price": "number"}
# What is true or false of a record: of which it can be, the property, and how a text says it.
_BOOLEANS = [
    ("animal", "vaccinated", ("[It|The animal] is vaccinated.", "[It|The animal] is not vaccinated[ yet|].")),
    ("item", "paid", ("[It is paid|The bill is paid][ already|].", "[It is not paid|The bill is not paid][ yet|].")),
    ("job", "member", ("Member: yes.", "Member: no.")),
    ("age", "member", ("Member: yes.", "Member: no.")),
    ("date", "outdoors", ("It is outdoors.", "It is [indoors|not outdoors].")),
]

_ASKS = [
    "Extract JSON of this schema: {schema}\n\n{text}", "Extract as JSON with the schema {schema}: {text}", "{text}\n\n[Answer as|Give me] JSON of this schema: {schema}", "Schema: {schema}\nText: {text}",
    "Text: {text}\nSchema: {schema}\nJSON:", "Fill this [JSON schema|schema] from the text.\n{schema}\n{text}", "[JSON schema|JSON Schema]:\n{schema}\n\n{text}", "Return JSON that is valid under {schema}. {text}", "{schema}\n{text}",
    "{schema}\n\n{text}", "Use the schema {schema} and extract the data: {text}", "[Extract|Find] the data for this JSON [schema|Schema]: {schema}\n[Text: |]{text}", "Extract the [data|fields] of this text as JSON of the schema {schema}\n{text}",
    "{text}\n{schema}", "JSON for {schema} from: {text}", "Write JSON with this schema: {schema}. {text}", "[Please extract|Extract] {schema} from this text: {text}", "The schema is {schema}. Extract JSON from this text: {text}",
]
_SYSTEMS = ["Answer with JSON of this schema: {schema}", "Answer only with JSON. The schema is {schema}", "{schema}", "You extract data as JSON of this schema:\n{schema}"]
# Without a schema or a list, all that is known is asked for.
_PLAIN = ["Extract the data as JSON: {text}", "Extract as JSON: {text}", "{text}\n\nExtract the data as JSON.", "[Turn|Make] this into JSON: {text}", "[Give me|Return|Write] this as JSON: {text}", "JSON of this text: {text}"]


def of(rng, record):
    """Write a schema of a record's properties, as compact as people write it."""
    properties = {key: {"type": "boolean" if isinstance(value, bool) else TYPES.get(key, "string")} for key, value in record.items()}
    schema = {"type": "object", "properties": properties}
    if rng.random() < 0.75:
        schema["required"] = list(record)
    if rng.random() < 0.4:
        schema["additionalProperties"] = False
    draw = rng.random()
    if draw < 0.5:
        return json.dumps(schema, separators=(",", ":"))
    return json.dumps(schema) if draw < 0.85 else json.dumps(schema, indent=2)


def sample(rng, held_out=False):
    """Return a text, and a record of two to four properties that it has."""
    while True:
        text, _, record = extract.sample(rng, held_out)
        record = {key: value for key, value in record.items() if value is not None}
        possible = [(name, said) for key, name, said in _BOOLEANS if key in record]
        if possible and rng.random() < 0.35:
            name, said = possible[0]
            value = rng.random() < 0.5
            text = f"{text} {expand(rng, said[not value])}"
            pairs = list(record.items())
            pairs.insert(rng.randint(0, len(pairs)), (name, value))
            record = dict(pairs)
        if 2 <= len(record) <= 4:
            return text, record


def dump(record):
    """Write a record as extract.dump does, with truth values."""
    return "{" + ",".join(f'"{key}":{json.dumps(value)}' if isinstance(value, bool) else extract.dump({key: value})[1:-1] for key, value in record.items()) + "}"


def turns(rng, held_out=False):
    """Return one request and its answer as turns, and the schema."""
    text, record = sample(rng, held_out)
    schema = of(rng, record)
    if held_out:
        question = expand(rng, rng.choice(SCHEMA_ASKS))
    else:
        question = expand(rng, rng.choice(_ASKS))
    return [("user", question.replace("{schema}", schema).replace("{text}", text)), ("assistant", dump(record))], schema


def document(rng):
    """Return a conversation of one to three such requests."""
    draw = rng.random()
    if draw < 0.15:
        # One schema for all texts, in the system message.
        text, record = sample(rng)
        return [("system", rng.choice(_SYSTEMS).replace("{schema}", of(rng, record))), ("user", text), ("assistant", dump(record))]
    if draw < 0.25:
        text, _, record = extract.sample(rng, every=True)
        return [("user", expand(rng, rng.choice(_PLAIN)).replace("{text}", text)), ("assistant", extract.dump(record))]
    found = turns(rng)[0]
    while rng.random() < 0.35:
        found += turns(rng)[0]
    return found
