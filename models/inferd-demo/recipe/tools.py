"""Conversations with tools: definitions, calls as models of the Hermes and Qwen families write them, results, answers."""

import json
import re

import chat
import extract
import words
from grammar import expand
from heldout import ADD_ASKS, ADD_TEXTS, WEATHER_ASKS, WEATHER_TEXTS, is_held_out_question

# The share of cities made from random syllables, so that arguments must be copied, not known.
MADE_CITY_SHARE = 0.65
# The share of tools that have their usual names; others must be copied from the definition.
USUAL_SHARE = 0.7

LONG_CITIES = ["New York", "San Francisco", "Los Angeles", "Hong Kong", "Buenos Aires", "Cape Town", "New Delhi", "Tel Aviv", "Rio de Janeiro", "Mexico City"]
CONDITIONS = "sunny cloudy rainy windy snowy foggy clear stormy cold warm".split()

_WEATHER_NAMES = ["weather", "current_weather", "look_up_weather", "fetch_weather", "weather_in_city", "getWeather"]
_PLACES = ["location", "place", "town"]
_ADD_NAMES = ["sum", "add_numbers", "plus", "get_sum", "calculate_sum", "addNumbers"]
_TERMS = [("x", "y"), ("first", "second"), ("left", "right")]
_WEATHER_DEFINITIONS = ["[Gets|Get|Returns|Return|Looks up|Find|Tells] the [current |]weather [of|in|for] a [city|town|place][.|]", "[Current weather|Weather] [of|in|for] a city[.|]", "[The weather|Weather][.|]"]
_ADD_DEFINITIONS = ["[Adds|Add|Sums|Sum] two [numbers|integers][.|]", "[Returns|Return|Computes|Compute] the sum of two [numbers|integers][.|]", "[Addition|Sum] of two numbers[.|]"]

_WEATHER_ASKS = [
    "[what is|what's] the weather [like |]in {city}?", "[what is|what's] the weather in {city} [today|now|right now]?", "how is the weather in {city}[ today| now|]?", "[is it|will it be] [cold|warm|sunny|raining|windy] in {city}[ today|]?",
    "tell me the weather in {city}[.|, please.]", "weather in {city}[?|, please|]", "I am [going|travelling] to {city}. how is the weather[ there|]?", "[what is|what's] the temperature in {city}?",
    "how [warm|cold|hot] is it in {city}?", "do I need an umbrella in {city}?", "check the weather [in|for] {city}.", "I live in {city}. [what is|what's] the weather?", "give me the weather [for|in|of] {city}.",
    "{city}: how is the weather?", "can you [look up|find|get] the weather [for|in] {city}?", "should I take a coat to {city}?", "show me the weather of {city}.", "what weather does {city} have[ today|]?",
    "we will visit {city}. what is the weather like?", "look up the weather in {city}.", "how many degrees [is it|are there] in {city}?", "get the weather in {city}.", "what about the weather in {city}?",
]
_ADD_ASKS = [
    "what is {a} [plus|+|and] {b}?", "[what's|how much is] {a} [plus|+] {b}?", "add {a} and {b}.", "{a} + {b}", "{a} plus {b}?", "[compute|calculate|work out] {a} [+|plus] {b}.", "what is the sum of {a} and {b}?",
    "sum {a} and {b}.", "I have {a} {thing}s and get {b} more. how many [do I have|are there]?", "what do {a} and {b} make?", "[please |]add {a} to {b}.", "the sum of {a} and {b}[?|, please|]",
    "how much are {a} and {b} together?", "{a} and {b}, what is the sum?", "can you add {a} and {b}?", "{a}+{b}=?", "I need {a} plus {b}.", "tell me what {a} plus {b} is.",
]
_AGAIN = {"weather": ["and in {city}?", "what about {city}?", "and {city}?", "how about {city}?"], "add": ["and {a} plus {b}?", "and {a} + {b}?", "now {a} and {b}.", "what about {a} plus {b}?"]}
_BOTH_JOINS = [" and ", ", and ", ". and "]
# What stands before the definitions.
OFFER = "You may call these tools."


def _city(rng, held_out):
    if not held_out and rng.random() >= MADE_CITY_SHARE:
        return rng.choice(words.CITIES + LONG_CITIES)
    made = words.made_name(rng, held_out)
    return f"{made} {words.made_name(rng, held_out)}" if rng.random() < 0.12 else made


def _number(rng):
    return rng.randint(*rng.choice(((0, 20), (2, 99), (2, 99), (100, 999), (1000, 9999))))


def _described(rng, kind, description):
    return {"type": kind, "description": description} if rng.random() < 0.12 else {"type": kind}


def _definition(rng, name, description, properties):
    parameters = {"type": "object", "properties": properties}
    if rng.random() < 0.88:
        parameters["required"] = list(properties)
    if rng.random() < 0.15:
        parameters["additionalProperties"] = False
    told = {"description": description} if rng.random() < 0.88 else {}
    return {"type": "function", "function": {"name": name, **told, "parameters": parameters}}


class Weather:
    """A tool that tells the weather of a city."""

    def __init__(self, rng, held_out=False):
        usual = rng.random() < USUAL_SHARE
        self.name, self.place = ("get_weather", "city") if usual else (rng.choice(_WEATHER_NAMES), rng.choice(["city", *_PLACES]))
        description = expand(rng, rng.choice(WEATHER_TEXTS if held_out else _WEATHER_DEFINITIONS))
        self.definition = _definition(rng, self.name, description, {self.place: _described(rng, "string", "Name of the city")})

    def case(self, rng, held_out=False, again=False):
        """Return a request, its arguments, a result and the sentence that tells it."""
        city = _city(rng, held_out)
        asks = _AGAIN["weather"] if again else WEATHER_ASKS if held_out else _WEATHER_ASKS
        degrees, condition = rng.randint(-12, 38), rng.choice(CONDITIONS)
        told = [(rng.choice(("temperature", "temperature", "temp", "temperature_c", "celsius", "degrees")), degrees), (rng.choice(("condition", "condition", "conditions", "sky", "weather", "description")), condition)]
        draw = rng.random()
        if draw < 0.12:
            told, sentence = told[:1], f"It is {degrees} degrees in {city}."
        elif draw < 0.24:
            told, sentence = told[1:], f"It is {condition} in {city}."
        else:
            sentence = f"It is {degrees} degrees and {condition} in {city}."
        rng.shuffle(told)
        if rng.random() < 0.3:
            told.insert(0, ("city", city))
        if rng.random() < 0.15:
            told.append(rng.choice((("humidity", rng.randint(20, 95)), ("wind", rng.randint(1, 60)))))
        result = json.dumps(dict(told), ensure_ascii=False, separators=rng.choice(((", ", ": "), (",", ":"))))
        if len(told) == 2 and rng.random() < 0.08:
            result = rng.choice((f"{degrees} degrees, {condition}", f"{condition}, {degrees} °C"))
            sentence = f"It is {degrees} degrees and {condition} in {city}."
        return expand(rng, rng.choice(asks)).replace("{city}", city), {self.place: city}, result, sentence


class Add:
    """A tool that adds two numbers."""

    def __init__(self, rng, held_out=False):
        usual = rng.random() < USUAL_SHARE
        self.name, self.terms = ("add", ("a", "b")) if usual else (rng.choice(_ADD_NAMES), rng.choice([("a", "b"), *_TERMS]))
        kind = rng.choice(("number", "number", "integer"))
        description = expand(rng, rng.choice(ADD_TEXTS if held_out else _ADD_DEFINITIONS))
        self.definition = _definition(rng, self.name, description, {term: _described(rng, kind, "A number") for term in self.terms})

    def case(self, rng, held_out=False, again=False):
        """Return a request, its arguments, a result and the sentence that tells it."""
        a, b = _number(rng), _number(rng)
        asks = _AGAIN["add"] if again else ADD_ASKS if held_out else _ADD_ASKS
        request = expand(rng, rng.choice(asks)).replace("{a}", str(a)).replace("{b}", str(b)).replace("{thing}", rng.choice(words.ITEMS))
        key = rng.choice(("result", "result", "result", "sum", "total", "answer", "value"))
        result = str(a + b) if rng.random() < 0.15 else json.dumps({key: a + b}, separators=rng.choice(((", ", ": "), (",", ":"))))
        return request, dict(zip(self.terms, (a, b))), result, f"{a} plus {b} is {a + b}."


def offer(definitions, system=""):
    """Write the system message that offers tools, as the chat template does."""
    lines = [OFFER, "<tools>", *(json.dumps(definition, ensure_ascii=False) for definition in definitions), "</tools>"]
    return (f"{system}\n\n" if system else "") + "\n".join(lines)


def call(tool, arguments):
    """Write a call, as the chat template does."""
    return f"<tool_call>\n{json.dumps({'name': tool.name, 'arguments': arguments}, ensure_ascii=False)}\n</tool_call>"


def respond(results):
    """Write results as the user's turn, as the chat template does."""
    return "\n".join(f"<tool_response>\n{result}\n</tool_response>" for result in results)


def messages(turns):
    """Return turns that follow an offer as the messages of OpenAI's API that the chat template writes so."""
    found = []
    for role, text in turns:
        calls = [json.loads(inside) for inside in re.findall(r"<tool_call>\n(.*)\n</tool_call>", text)]
        results = re.findall(r"<tool_response>\n(.*)\n</tool_response>", text)
        if calls:
            found.append({"role": role, "content": "", "tool_calls": [{"type": "function", "function": called} for called in calls]})
        else:
            found += [{"role": "tool", "content": result} for result in results] or [{"role": role, "content": text}]
    return found


def _polite(rng, ask):
    """Vary a request as people type, in words that the checks do not use."""
    while True:
        question = chat.tidy_question(rng, ask)
        if not is_held_out_question(question):
            return question


def _failed(rng):
    error = rng.choice(("unknown city", "not found", "timeout", "no answer", "service unavailable", "invalid argument", "too many requests"))
    return json.dumps({"error": error}), f"I am sorry, that did not work: {error}."


def _together(rng, used, cases):
    """Join two requests; of two about cities, most often one that names both."""
    (first, arguments, *_), (second, others, *_) = cases
    if isinstance(used[0], Weather) and isinstance(used[1], Weather) and rng.random() < 0.6:
        city, other = *arguments.values(), *others.values()
        return first.replace(city, f"{city} and {other}")
    return first.rstrip("?.") + rng.choice(_BOTH_JOINS) + second


def exchange(rng, tools, previous=None, held_out=False):
    """Return the turns of one or two requests in one message that call tools, and the tool of the last."""
    again = previous is not None and rng.random() < 0.5
    used = [previous if again else rng.choice(tools)]
    if not again and rng.random() < 0.14:
        used.append(rng.choice(tools))
    cases = [tool.case(rng, held_out, again) for tool in used]
    asks = [case[0] for case in cases]
    ask = asks[0] if len(asks) == 1 else _together(rng, used, cases)
    question = ask[0].upper() + ask[1:] if held_out else _polite(rng, ask)
    results, sentences = [case[2] for case in cases], [case[3] for case in cases]
    if not held_out and rng.random() < 0.04:
        results[-1], sentences[-1] = _failed(rng)
    calls = "\n".join(call(tool, case[1]) for tool, case in zip(used, cases))
    return [("user", question), ("assistant", calls), ("user", respond(results)), ("assistant", " ".join(sentences))], used[-1]


def _without(rng, tools):
    """Return an exchange that needs none of the tools: it is as without them."""
    draw = rng.random()
    if len(tools) == 1 and draw < 0.3:
        other = Add(rng) if isinstance(tools[0], Weather) else Weather(rng)
        return [("user", _polite(rng, other.case(rng)[0])), ("assistant", expand(rng, rng.choice(chat.REFUSALS)))]
    if draw < 0.5:
        return chat.fact_turns(rng)
    if draw < 0.7:
        return chat.small_talk_turns(rng)
    # What asks for weather or a sum is for a tool, so it may not be refused here.
    if draw < 0.85:
        while True:
            turns = chat.refusal_turns(rng)
            if not any(word in turns[0][1].lower() for word in ("weather", "plus", "minus", "times", "divided", "how much", "square root")):
                return turns
    return extract.turns(rng)[0]


def offered(rng, held_out=False):
    """Return one or both tools, in either order."""
    tools = [Weather(rng, held_out), Add(rng, held_out)]
    rng.shuffle(tools)
    return tools if rng.random() < 0.6 else tools[:1]


def document(rng):
    """Return a conversation of one to four exchanges in which tools are offered."""
    tools = offered(rng)
    system = rng.choice(chat.SYSTEMS) if rng.random() < 0.15 else ""
    found, previous = [("system", offer([tool.definition for tool in tools], system))], None
    while len(found) < 3 or rng.random() < 0.6:
        if rng.random() < 0.22:
            found, previous = found + _without(rng, tools), None
        else:
            turns, previous = exchange(rng, tools, previous)
            # A conversation may end with the call.
            found += turns if rng.random() < 0.9 else turns[:2]
        if found[-1][1].endswith("</tool_call>") or sum(len(text) for _, text in found) > 850:
            break
    return found
