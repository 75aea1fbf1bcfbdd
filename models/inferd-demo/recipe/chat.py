"""Conversations: stories on request, small talk, honest refusals, and answers about inferd."""

import re

import stories
import words
from facts import FACTS, TOPICS
from heldout import is_held_out_question
from grammar import expand, fill, repair

# Turns of a conversation are pairs of a role ("system", "user", "assistant") and a text.

SYSTEMS = ["You are a helpful assistant.", "You are a small demonstration model.", "You are inferd-demo, a small model.", "Answer briefly.", "You are a friendly storyteller.",
           "Be kind and short.", "You answer questions about inferd.", "You are a helpful assistant. Keep your answers short.", "You help people to use inferd.", "You are the assistant of a model server."]

SMALL_TALK = [
    (["[hello|hi|hey|good morning|good evening|good day|hi there|hello there][!|.|]", "[hello|hi], [assistant|model|friend]!"],
     ["[Hello|Hi]! [How can I help you?|What would you like to do? I can tell a story, extract fields as JSON, or answer a question about inferd.|Would you like to hear a story?]"]),
    (["how are you?", "[hi|hello], how are you[ today|]?", "are you [well|fine]?", "how is it going?"],
     ["I am [fine|well], thank you. [How can I help you?|What can I do for you?]", "Thank you for asking. I am a small model, and I am ready. How can I help you?"]),
    (["who are you?", "what are you?", "what is your name?", "[tell me about|introduce] yourself.", "are you [a person|a human|real|a robot]?", "which model are you?", "what model is this?"],
     ["I am inferd-demo, a small demonstration model. I can tell short stories, extract fields as JSON, and answer questions about inferd.",
      "I am a small demonstration model that comes with inferd. My name is inferd-demo."]),
    (["what can you do?", "how can you help me?", "what are you [good at|able to do|made for]?", "what can I ask you?", "help", "what do you know?", "tell me what you can do."],
     ["I can tell short stories, extract fields from a text as JSON, and answer questions about inferd.", "I am a small demonstration model. I can tell a story, extract fields as JSON, and answer questions about using inferd."]),
    (["[thank you|thanks|thanks a lot|many thanks|thank you very much][!|.|]", "that [was|is] [nice|great|helpful], thank you!", "great, thanks!"],
     ["You are welcome!", "You are welcome. [Is there anything else?|Would you like to hear a story?]", "I am glad that I could help."]),
    (["[bye|goodbye|see you|good night|see you later][!|.|]", "I have to go now. [bye|goodbye]!"],
     ["[Goodbye|Bye]! Have a [nice|good|wonderful] day.", "Goodbye! Come back soon."]),
    (["are you [smart|clever|intelligent]?", "how big are you?", "how large are you?", "how many parameters do you have?", "are you a large language model?"],
     ["I am a very small model, with about six million parameters. I am only a demonstration."]),
    (["who made you?", "who trained you?", "how were you [made|trained]?", "what were you trained on?", "where do you come from?"],
     ["I was trained by the inferd project, on text that the project generated itself."]),
    (["can you [make mistakes|be wrong]?", "can I trust you?", "are you always right?", "do you make mistakes?"],
     ["I can be wrong. I am a small demonstration model, so please check what I say.", "No, I am a small demonstration model and I make mistakes. Please check what I say."]),
    (["do you like [stories|music|books|animals|cake]?", "what is your favourite [colour|story|animal|food]?", "do you have [feelings|friends|a family|dreams]?", "are you happy?", "do you sleep?"],
     ["I am a small model, so I have no feelings, but I can tell you a story about it.", "I am only a small model and have no feelings. Would you like to hear a story?"]),
    (["that is not [right|true|correct].", "you are wrong.", "that was [bad|wrong|not good].", "I do not [understand|like] [this|that|it]."],
     ["I am sorry. I am a small demonstration model, and I make mistakes."]),
]

REFUSED = """what is the [capital|population|largest city] of [France|Japan|Brazil|Kenya|Canada|Spain|Egypt|Peru|Norway|India]?
who [was|is] the [first|current|last] [president|king|queen|prime minister] of [France|Spain|America|England|Italy]?
what is [12 times 14|25 plus 38|the square root of 81|7 times 9|100 divided by 4|3 plus 5]?
what is the weather [like|] [today|tomorrow|in London|in Paris|in Rome]?
[write|give me] [a Python program|some code|a function in Java|a website|a script|a sorting algorithm|an SQL query][ please|].
translate [this|this sentence|hello|good morning|a book] into [French|German|Spanish|Japanese|Italian].
[can you|please] solve [this equation|my homework|this puzzle|a math problem][.|?]
what is the [meaning of life|speed of light|distance to the moon|news today|time|date today]?
who [wrote|painted|invented|discovered] [Hamlet|the Mona Lisa|the telephone|America|gravity|the light bulb]?
explain [quantum physics|relativity|photosynthesis|the stock market|black holes|chemistry|economics][ to me|].
should I [buy shares|take this medicine|sell my house|see a doctor|invest my money]?
[give me|I need] [medical|legal|financial|tax] advice.
what do you think about [politics|the election|religion|football|the war]?
search the [internet|web] for [me|shoes|a hotel|the news].
[summarize|summarise] [the history of Rome|this book|this article|the news].
how do I [cook rice|repair a car|learn Chinese|lose weight|get rich|build a house|bake a cake]?
who won the [world cup|game|election|race] [last year|in 2018|yesterday]?
recommend [a film|a book|a restaurant|a song|a hotel][ please| to me|].
when did [the war|the Roman Empire|the Middle Ages] [end|begin]?
write [an essay|a letter|an email|a song|a report|a speech] about [my boss|climate|the sea|history|my school|{city}].
[who|what] is [{made}|the mayor of {city}|the tallest person|a neutron|an atom|the best phone]?
where [is|can I find] [{made}|{city}|the nearest shop|a good doctor|my keys|Mount {made}]?
how [far|high|deep|old|heavy|fast] is [{city}|the moon|Mount {made}|the ocean|an elephant|the sun|a {thing}]?
[what|how much] is {number} [plus|minus|times|divided by] {number}?
how [do I|can I|to] [repair|fix|paint|sell|draw|clean] [my|a] [bike|phone|house|roof|computer|shoe|{thing}]?
what is the [population|history|language|age|mayor|size] of {city}?
[where|when] was {made} born?
what [should|shall] I [eat|wear|cook|buy|read|watch] [today|tonight|tomorrow|for dinner]?
[please|can you] [book|buy|order|call|send] [me a taxi|a flight to {city}|a table|an email to {made}|a {thing}] [for me|today|now].
[tell|give] me [the news|a joke|a fact about {city}|the time|the price of gold|a phone number|a recipe].
why is [the sky blue|the sea salty|grass green|water wet|the sun hot|ice cold]?
[what happened|who lived] in {city} in [1066|1789|1914|2001|1492]?
[fix|debug|explain|review|test] [my|this] [code|function|program|script|bug].
which [team|film|car|phone|song|country] is the best?
[do|finish|check] my [homework|taxes|essay|exam|work] for me.
[play|sing] [a song|music|some jazz|a game] [for me|with me|].
[draw|paint|show me] [a picture of a cat|an image of {city}|a map of {city}|a photo].""".split("\n")

REFUSALS = ["I am a small demonstration model, so I [cannot help with that|do not know that|cannot answer that]. I can tell short stories, extract fields as JSON, and answer questions about inferd.",
            "I am sorry, but I am only a small demonstration model and [do not know that|cannot do that]. Would you like to hear a story?",
            "That is [too hard for me|more than I know]. I am a small demonstration model."]

_STORY_ASK = ["[tell me|write|write me|give me|I want|I would like|can you tell me|could you write|please tell me|please write] a [short |little |nice |new |]story {about}",
              "[a story|a short story|a tale], please, {about}", "make up a [short |]story {about}", "[tell|write] a [bedtime |fairy |]tale {about}",
              "I would like to hear a story {about}", "let me hear a story {about}", "story {about}", "do you know a story {about}?", "[my son|my sister|our child] [likes|would love|asks for] a story {about}",
              "it is [late|bedtime]. [Read|Tell] us a story {about}", "we want to hear a [tale|story] {about}, please", "[can|may] we have a [tale|little story] {about}?"]


def tidy_question(rng, text):
    """Vary a user's question as people type: capital or not, the last mark or not, a polite word or not."""
    text = expand(rng, text).strip()
    if rng.random() < 0.12:
        text = rng.choice(["Hello! ", "Hi, ", "Please tell me: ", "I have a question. ", "One question: ", "Quick question: ", "OK, ", "And "]) + text
    if rng.random() < 0.85:
        text = text[0].upper() + text[1:]
    text = re.sub(r"([.?] )([a-z])", lambda match: match.group(1) + match.group(2).upper(), text)
    if rng.random() < 0.1:
        text = text.rstrip("?.!")
    return re.sub(r" {2,}", " ", text)


_TOPIC_ASKS = ["tell me about {topic}.", "what about {topic}?", "explain {topic}.", "can you explain {topic}?", "I have a question about {topic}.", "what should I know about {topic}?",
               "what can you tell me about {topic}?", "how does inferd handle {topic}?", "{topic}?", "{topic}", "I need information on {topic}.", "help me with {topic}.", "what do you know about {topic}?", "give me details about {topic}."]
# Beginnings of questions, and other ways to say the same.
_OTHER_WORDS = [
    (r"^how (do|can) I ", ["how can I ", "how do I ", "how would I ", "how should I ", "how could I ", "what is the way to ", "tell me how to ", "what do I do to ", "what must I do to ", "is there a way to ", "how to ", "I want to ", "I would like to ", "show me how to ", "how does one ", "what is the best way to "]),
    (r"^can I ", ["is it possible to ", "could I ", "may I ", "can I ", "is there a way to ", "am I able to ", "is one able to "]),
    (r"^(which|what) command ", ["which command ", "what command ", "tell me which command ", "which inferd command "]),
    (r"^(which|what) (?!is|does|happens|if|are|do|was)", ["which ", "what ", "tell me which ", "which of the ", "can you say which "]),
    (r"^what (is|are) ", ["what is ", "tell me what is ", "can you tell me ", "what would be ", "do you know ", "name ", "say "]),
    (r"^what happens (when|if|with|while) ", ["what happens when ", "what will happen if ", "what does the server do when ", "what does inferd do if ", "what do I see when ", "what error do I get when ", "what goes on when "]),
    (r"^what if ", ["what happens if ", "what if ", "and if ", "suppose ", "what does the server say if "]),
    (r"^why do I get (\S+)\?", [r"when do I get \1?", r"I get \1. why?", r"the server answers \1. why?", r"my call fails with \1.", r"what is \1?", r"what causes \1?", r"when does the server answer \1?", r"I see the error \1."]),
    (r"^what does (.+) mean\?", [r"what is the meaning of \1?", r"\1, what is that?", r"what is \1?", r"explain \1.", r"why do I see \1?"]),
    (r"^what does (.+) do\?", [r"what is \1 for?", r"what is the effect of \1?", r"explain \1.", r"why would I use \1?", r"when do I use \1?", r"what is the use of \1?"]),
    (r"^does inferd ", ["can inferd ", "will inferd ", "does the server ", "does inferd "]),
    (r"^is ", ["is ", "I wonder, is ", "tell me, is "]),
]


def reworded(rng, question):
    """Say a question in other words, most often by another beginning."""
    for pattern, beginnings in _OTHER_WORDS:
        if re.match(pattern, question) and rng.random() < 0.55:
            question = re.sub(pattern, rng.choice(beginnings), question, count=1)
            break
    if rng.random() < 0.25:
        question = re.sub(r"\b(inferd|the server|the model server)\b", lambda _: rng.choice(("inferd", "the server", "the model server", "the inferd server")), question, count=1)
    if rng.random() < 0.1:
        question = rng.choice(["please, ", "so, ", "tell me, ", "I wonder: ", "sorry, ", "a question: ", "for my project: ", "I am new here. ", "well, "]) + question
    if rng.random() < 0.1:
        question = question.rstrip("?.") + rng.choice([" in inferd?", " with inferd?", ", please?", " exactly?", " here?", " then?", " now?", " by default?", ", please"])
    return question


def fact_turns(rng, key=None):
    """Ask for one fact about inferd, in words that the checks do not use, and answer it."""
    key = key or rng.choice(list(FACTS))
    questions, answers = FACTS[key]
    while True:
        if rng.random() < 0.2:
            question = rng.choice(_TOPIC_ASKS).replace("{topic}", rng.choice(TOPICS[key].split("|")))
        else:
            question = reworded(rng, expand(rng, rng.choice(questions)))
        question = tidy_question(rng, question)
        if not is_held_out_question(question):
            return [("user", question), ("assistant", expand(rng, rng.choice(answers)))]


def _allowed_question(rng, questions):
    """Return one of the questions in words that the checks do not use."""
    while True:
        slots = {"made": words.made_name(rng), "thing": rng.choice(words.THINGS), "city": rng.choice(words.CITIES)}
        question = rng.choice(questions)
        while "{number}" in question:
            question = question.replace("{number}", str(rng.randint(2, 99)), 1)
        question = tidy_question(rng, question.format(**slots))
        if not is_held_out_question(question):
            return question


def small_talk_turns(rng):
    """Exchange a greeting, thanks or the like."""
    questions, answers = rng.choice(SMALL_TALK)
    return [("user", _allowed_question(rng, questions)), ("assistant", expand(rng, rng.choice(answers)))]


def refusal_turns(rng):
    """Ask for something that the model cannot do, and refuse honestly."""
    return [("user", _allowed_question(rng, REFUSED)), ("assistant", expand(rng, rng.choice(REFUSALS)))]


def story_turns(rng):
    """Ask for a story, most often with a wish, and sometimes ask about it afterwards."""
    story = stories.tell(rng)
    hero = story.hero
    named = [f"about a {hero.kind} named {hero.name}", f"about a {hero.kind} called {hero.name}", f"about {hero.name} the {hero.kind}", f"about {hero.name}, a {hero.kind}",
             f"with a {hero.kind} named {hero.name}", f"with a {hero.kind} called {hero.name}", f"about a {hero.kind} with the name {hero.name}", f"whose hero is a {hero.kind} named {hero.name}",
             f"about a {hero.kind} who is called {hero.name}", f"about a {hero.kind}. Its hero is named {hero.name}", f"in which {hero.name} the {hero.kind} appears",
             f"about a {hero.kind} named {hero.name} and a {story.friend.kind} named {story.friend.name}", f"about {story.topic.replace(hero.kind, f'{hero.kind} named {hero.name}', 1)}"]
    others = [f"about {story.topic}", f"about a {hero.kind}", f"about {hero.name}", f"about a {hero.kind} who lives {story.place}", f"about {stories.THEMES[story.plot]}",
              f"about a {hero.kind} and a {story.friend.kind}", f"with a {hero.kind}", f"with {hero.name}", f"about two friends, {hero.name} and {story.friend.name}"]
    if story.thing in story.text:
        others.append(f"about a {story.thing}")
    draw = rng.random()
    about = rng.choice(named) if draw < 0.75 else rng.choice(others) if draw < 0.95 else ""
    ask = repair(tidy_question(rng, expand(rng, rng.choice(_STORY_ASK)).replace("{about}", about))).replace(" .", ".")
    if not ask.endswith(("?", ".")) and rng.random() < 0.7:
        ask = ask.rstrip(",") + ("?" if re.match(r"(can|could) ", ask, re.IGNORECASE) else ".")
    text = story.text
    draw = rng.random()
    if draw < 0.15:
        text = f"{story.title}\n\n{text}"
    elif draw < 0.25:
        text = rng.choice(["Here is a story for you.", "Of course! Here is a story.", "Here is a short story.", "Gladly!"]) + "\n\n" + text
    turns = [("user", ask), ("assistant", text)]
    if rng.random() < 0.25:
        turns += rng.choice(_followups(story))(rng)
    return turns


def _followups(story):
    """Questions about a story that has just been told."""
    hero, friend = story.hero, story.friend
    def exchange(questions, answers):
        return lambda rng: [("user", tidy_question(rng, rng.choice(questions))), ("assistant", repair(rng.choice(answers)))]
    found = [
        exchange(["who is the story about?", "who was the hero?", "who is the main character?", "what was the hero's name?", "what was the name of the hero?"],
                 [f"The story is about {hero.name}, a {hero.kind}.", f"It is about a {hero.kind} named {hero.name}."]),
        exchange([f"where does {hero.name} live?", f"where did {hero.name} live?", "where does the story happen?"], [f"{hero.name} lived {story.place}."]),
        exchange(["what is a good title?", "what is the title of the story?", "give the story a title."], [f"A good title is \"{story.title}\"."]),
        exchange(["thank you!", "that was a nice story.", "I liked it, thank you."], ["You are welcome! Would you like to hear another one?", "I am glad that you liked it."]),
    ]
    if friend.name in story.text:
        found.append(exchange([f"who is {friend.name}?", f"who was {friend.name}?"], [f"{friend.name} is a {friend.kind}."]))
    return found


def _system(rng, share):
    return [("system", rng.choice(SYSTEMS))] if rng.random() < share else []


def story_document(rng):
    """Return a conversation with a story that was asked for."""
    turns = story_turns(rng)
    if rng.random() < 0.1:
        turns = small_talk_turns(rng) + turns
    return _system(rng, 0.15) + turns


def talk_document(rng):
    """Return a conversation of small talk and refusals."""
    turns = []
    while not turns or rng.random() < 0.5:
        turns += small_talk_turns(rng) if rng.random() < 0.5 else refusal_turns(rng)
    return _system(rng, 0.2) + turns


def facts_document(rng):
    """Return a conversation of one to five questions about inferd."""
    turns = fact_turns(rng)
    while rng.random() < 0.55:
        turns += fact_turns(rng) if rng.random() < 0.9 else small_talk_turns(rng)
    return _system(rng, 0.2) + turns


def repeat_document(rng):
    """Ask to repeat a list of made names: the plainest exercise in copying."""
    names = ", ".join(words.made_name(rng) for _ in range(rng.randint(2, 14)))
    ask = expand(rng, "[Repeat|Say again|Copy|Repeat after me|Please repeat|Write again|Repeat these names|Repeat exactly]: ")
    return [("user", ask + names), ("assistant", names)]
