"""Requests to extract named fields from a short text as JSON."""

import json
import re

import words
from grammar import expand

# The share of people named from random syllables, so that names must be copied, not known.
MADE_SHARE = 0.75
MADE_CITY_SHARE = 0.4
# The share of requested fields that the text does not hold.
MISSING_SHARE = 0.15


def _name(rng, held_out):
    name = words.made_name(rng, held_out) if held_out or rng.random() < MADE_SHARE else rng.choice(words.GIRLS + words.BOYS)
    if rng.random() < 0.2:
        name += " " + words.made_name(rng, held_out)
    return name


def _city(rng, held_out):
    return words.made_name(rng, held_out) if held_out or rng.random() < MADE_CITY_SHARE else rng.choice(words.CITIES)


def _date(rng):
    day, month, year = rng.randint(1, 28), rng.choice(words.MONTHS), rng.randint(1990, 2035)
    return rng.choice([f"{day} {month} {year}", f"{month} {day}, {year}", f"{year}-{rng.randint(1, 12):02d}-{day:02d}", f"{day} {month}", f"{month} {day}"])


def _price(rng):
    return rng.choice([str(rng.randint(2, 999)), str(rng.randint(2, 99)), f"{rng.randint(1, 99)}.{rng.choice(('50', '99', '25', '75', '95', '20', '80'))}"])


def _person(rng, held_out):
    values = {"name": _name(rng, held_out), "age": str(rng.randint(3, 97)), "city": _city(rng, held_out), "job": rng.choice(words.JOBS)}
    parts = {
        "age": ["is {age} years old", "is {age}", "turned {age} this year"],
        "city": ["lives in {city}", "comes from {city}", "[moved|has moved] to {city}", "grew up in {city}"],
        "job": ["works as a {job}", "is a {job}", "wants to become a {job}", "[found work|has a job] as a {job}"],
    }
    openers = {
        "age": ["{name} is {age} years old", "{name} ({age})", "At {age}, {name}", "{name}, {age},", "{name}, aged {age},", "My name is {name} and I am {age} years old"],
        "city": ["{name} lives in {city}", "{name} from {city}", "In {city} lives {name}", "My friend {name} lives in {city}", "I met {name} in {city}"],
        "job": ["{name} is a {job}", "{name} works as a {job}", "The {job} {name}", "{name}, a {job},", "My neighbour {name} is a {job}"],
    }
    return values, openers, parts


def _order(rng, held_out):
    values = {"name": _name(rng, held_out), "item": rng.choice(words.ITEMS), "color": rng.choice(words.COLORS), "price": _price(rng), "date": _date(rng), "city": _city(rng, held_out)}
    return values, None, None


def _pet(rng, held_out):
    values = {"name": _name(rng, held_out), "animal": rng.choice(words.PETS), "color": rng.choice(words.COLORS), "age": str(rng.randint(1, 20))}
    return values, None, None


def _event(rng, held_out):
    values = {"name": _name(rng, held_out), "date": _date(rng), "city": _city(rng, held_out), "price": _price(rng)}
    return values, None, None


_ORDER_TEXTS = [
    (["name", "item", "color", "price", "date"], ["On {date}, {name} [bought|ordered|paid for] a {color} {item} for {money}.", "{name} [bought|ordered] a {color} {item} on {date}. It cost {money}.", "Order: {color} {item}, {money}. Customer: {name}. Date: {date}."]),
    (["name", "item", "price"], ["{name} [bought|ordered|sold] a {item} for {money}.", "The {item} cost {name} {money}.", "A {item} was sold to {name} for {money}."]),
    (["item", "color", "price"], ["[The|A] {color} {item} costs {money}.", "For sale: a {color} {item} for {money}.", "I [found|saw] a {color} {item}. It was only {money}."]),
    (["name", "item", "color"], ["{name} [has|wants|lost|found] a {color} {item}.", "The {item} of {name} is {color}.", "{name} is looking for a {color} {item}."]),
    (["name", "item", "date", "city"], ["{name} from {city} ordered a {item} on {date}.", "On {date}, a {item} was sent to {name} in {city}."]),
    (["item", "price", "city"], ["In {city}, a {item} costs {money}.", "The {item} was sold in {city} for {money}."]),
    (["name", "item", "color", "price", "city"], ["{name} lives in {city} and [bought|sold] a {color} {item} for {money}.", "In {city}, {name} paid {money} for a {color} {item}."]),
]
_PET_TEXTS = [
    (["name", "animal", "color", "age"], ["{name} is a {color} {animal} and is {age} years old.", "Our {animal} {name} is {age} years old and {color}.", "We have a {color} {animal}. Its name is {name}, and it is {age} years old."]),
    (["name", "animal", "color"], ["My {animal} is {color}. Its name is {name}.", "{name} is a {color} {animal}.", "The {color} {animal} is called {name}."]),
    (["name", "animal", "age"], ["{name} the {animal} is {age} years old.", "My {animal} {name} turned {age}."]),
]
_EVENT_TEXTS = [
    (["name", "date", "city"], ["{name} will [visit|travel to|arrive in] {city} on {date}.", "On {date}, {name} will be in {city}.", "{name} was born in {city} on {date}.", "The concert of {name} is in {city} on {date}."]),
    (["name", "date", "city", "price"], ["The concert of {name} in {city} is on {date}. A ticket costs {money}.", "{name} travels to {city} on {date}. The ticket costs {money}."]),
    (["date", "city", "price"], ["The fair in {city} opens on {date}. Entry is {money}.", "On {date}, there is a market in {city}. Entry costs {money}."]),
    (["name", "date"], ["{name} has a birthday on {date}.", "The appointment with {name} is on {date}.", "{name} called on {date}."]),
]
_EXTRA = ["The weather was nice.", "Everyone was happy.", "It was a long day.", "Please call back soon.", "That is all we know.", "The shop was full.", "It went well."]


def _money(rng, price):
    return rng.choice([f"${price}", f"{price} dollars", f"{price} euros", f"{price} pounds", f"€{price}", f"£{price}"])


def sample(rng, held_out=False, every=False):
    """Return a text, the fields to extract and the record they make; missing fields are None. With `every`, all that the text tells."""
    maker = rng.choice((_person, _person, _order, _pet, _event))
    values, openers, parts = maker(rng, held_out)
    if maker is _person:
        told = rng.sample(["age", "city", "job"], rng.choice((1, 2, 2, 3, 3, 3)))
        first, rest = told[0], told[1:]
        opener = expand(rng, rng.choice(openers[first]))
        first_person = opener.startswith("My name")
        open_ended = not opener.endswith(tuple("dsb}")) or opener.startswith("At ") or opener in ("{name} from {city}", "The {job} {name}", "{name} ({age})")
        clauses = [expand(rng, rng.choice(parts[key])) for key in rest]
        subject = "I" if first_person else rng.choice(("She", "He"))
        if first_person:
            clauses = [{"city": "I live in {city}", "job": "I work as a {job}"}[key] for key in rest]
            text = ". ".join([opener] + clauses) + "."
        elif open_ended:
            clauses = clauses or ["is well known"]
            text = f"{opener} " + " and ".join(clauses) + "."
        elif opener.startswith("In "):
            text = opener + "." + "".join(f" {subject} {clause}." for clause in clauses)
        elif rng.random() < 0.5 or not clauses:
            text = opener + "".join(f". {subject} {clause}" for clause in clauses) + "."
        elif opener.startswith("I met"):
            text = f"{opener}, who " + " and ".join(clauses) + "."
        else:
            text = opener + " and " + " and ".join(clauses) + "."
        told = ["name"] + told
    else:
        texts = {_order: _ORDER_TEXTS, _pet: _PET_TEXTS, _event: _EVENT_TEXTS}[maker]
        told, forms = rng.choice(texts)
        text = expand(rng, rng.choice(forms))
    money = _money(rng, values["price"]) if "price" in values else ""
    for key, value in {**values, "money": money}.items():
        text = text.replace("{" + key + "}", value)
    text = re.sub(r"\b([Aa])(?= [aeiou])", r"\1n", text)
    text = text[0].upper() + text[1:]
    if rng.random() < 0.15:
        text = f"{text} {rng.choice(_EXTRA)}" if rng.random() < 0.6 else f"{rng.choice(_EXTRA)} {text}"
    if every:
        return text, told, {key: value for key, value in values.items() if key in told}
    fields = rng.sample(told, rng.randint(1, len(told)) if rng.random() < 0.4 else len(told))
    if rng.random() < 0.5:
        fields.sort(key=list(values).index)
    absent = [key for key in ("name", "age", "city", "job", "date", "price", "color", "item") if key not in told and not (key == "item" and "animal" in told)]
    if rng.random() < MISSING_SHARE * 2:
        fields.insert(rng.randint(0, len(fields)), rng.choice(absent))
    record = {}
    for key in fields:
        value = values[key] if key in told else None
        record[key] = value
    return text, fields, record


def dump(record):
    """Write a record as compact JSON; ages and prices are numbers as they stand in the text."""
    return "{" + ",".join(f'"{key}":' + ("null" if value is None else value if key in ("age", "price") else json.dumps(value, ensure_ascii=False)) for key, value in record.items()) + "}"


_ASKS = [
    "Extract {fields} as JSON: {text}", "Extract {fields} as JSON.\n\n{text}", "Extract the [fields|keys|values] {fields} as JSON: {text}", "Extract {fields} from this text as JSON: {text}",
    "Return {fields} as JSON: {text}", "Give me {fields} as JSON.\nText: {text}", "Read the text and [return|write] JSON with the [keys|fields] {fields}.\n\n{text}",
    "{text}\n\nExtract {fields} as JSON.", "{text} Extract {fields} as JSON.", "[Please extract|Find|Please find] {fields} in this text and answer [as|in|with] JSON: {text}",
    "JSON with {fields}: {text}", "Turn this into JSON with {fields}: {text}", "What [are|is] {fields}? Answer as JSON. {text}", "extract {fields} as json: {text}",
    "[Write|Make|Build|Create] a JSON object with {fields} from: {text}", "Fields: {fields}\nText: {text}\nJSON:", "Text: {text}\nFields: {fields}", "{text} -> JSON with {fields}", "json, {fields}: {text}",
    "From the text, take {fields} and answer in JSON. {text}", "I have a text: {text}\n[Give|Show] me {fields} as JSON.", "Can you extract {fields} as JSON? {text}", "Get {fields} from \"{text}\" as JSON.",
    "Put {fields} into JSON.\n\n{text}", "Extract as JSON: {fields}.\n{text}", "Only JSON, please. Fields: {fields}. {text}", "Find {fields}: {text}", "Extract {fields}. {text}",
    "JSON ({fields}): {text}", "[Extract|Find|Return] ({fields}) as JSON. {text}", "Make JSON of this ({fields}): {text}", "Take {fields} from the text below as JSON. {text}", "I want {fields} as JSON: {text}",
    "A JSON object with {fields}, please. {text}", "The JSON [should have|has] {fields}.\n\n{text}", "Look at this and [return|write] {fields} as JSON: {text}", "Get {fields} out of this text as JSON: {text}",
]


def turns(rng, held_out=False, ask=None):
    """Return one request and its answer as turns, and the record."""
    text, fields, record = sample(rng, held_out)
    if len(fields) == 1:
        listed = fields[0]
    else:
        listed = ", ".join(fields[:-1]) + rng.choice((" and ", " and ", ", ", ", and " if len(fields) > 2 else " and ")) + fields[-1]
    if rng.random() < 0.1:
        listed = listed.replace("name", "the name", 1)
    question = expand(rng, ask or rng.choice(_ASKS)).replace("{fields}", listed).replace("{text}", text)
    return [("user", question), ("assistant", dump(record))], record


def document(rng):
    """Return a conversation of one to four extractions."""
    found = []
    if rng.random() < 0.2:
        found.append(("system", rng.choice(["You extract data. Answer only with JSON.", "Answer only with JSON.", "You are a helpful assistant.", "You extract fields from text as JSON. Use null for missing fields."])))
    found += turns(rng)[0]
    while rng.random() < 0.5:
        found += turns(rng)[0]
    return found
