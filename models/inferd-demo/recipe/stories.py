"""Short stories from a grammar of plots.

A plot is a function that tells one story through a `Teller`: it picks phrasings at random, but its
people, things and places stay the same from the first sentence to the last.
"""

from dataclasses import dataclass, field

import words
from grammar import Person, fill

# The share of heroes whose names are made from random syllables.
MADE_NAME_SHARE = 0.45


@dataclass
class Wish:
    """What a reader asks a story to have; None leaves it to chance."""

    name: str = None
    kind: str = None
    gender: str = None
    plot: str = None


@dataclass
class Story:
    """A finished story, with what is needed to ask for it and to ask about it."""

    text: str
    title: str
    topic: str
    hero: Person
    friend: Person
    place: str
    plot: str
    thing: str = ""
    sentences: list = field(default_factory=list)


class Teller:
    """Collects the sentences of one story and keeps its slots."""

    def __init__(self, rng, wish):
        self.rng = rng
        self.paragraphs = [[]]
        self.topic = ""
        self.title = ""
        self.home, spots, creatures, sights = rng.choice(words.SETTINGS)
        spots = rng.sample(spots, 3)
        gender = wish.gender or rng.choice("fm")
        kind = wish.kind or self._kind(gender)
        hero = Person(wish.name or self._name(gender), kind, gender)
        other = "m" if gender == "f" else "f"
        friend_kind = self._kind(other, kind)
        friend = Person(self._name(other, hero.name), friend_kind, other)
        elder_kind = rng.choice(words.ADULTS[other])
        self.elder = f"the old {elder_kind}"
        creature = rng.choice([c for c in creatures if c not in (kind, friend_kind)])
        thing = rng.choice(words.THINGS)
        self.slots = {
            "h": hero, "f": friend, "home": self.home, "spot": spots[0], "spot2": spots[1], "spot3": spots[2],
            "creature": creature, "sight": rng.choice(sights), "thing": thing, "short": thing.split(" of ")[0].split()[-1],
            "food": rng.choice(words.FOODS), "trait": rng.choice(words.TRAITS), "elder": self.elder, "es": "she" if other == "f" else "he",
            "eo": "her" if other == "f" else "him", "ep": "her" if other == "f" else "his",
            "day": "[One [sunny|bright|cold|windy|quiet|warm|grey] [morning|day|afternoon]|One day|One morning|One afternoon|Early one morning]",
            "glad": "[happy|glad|proud|full of joy|very happy]", "sad": "[sad|unhappy|upset|close to tears|very sad]",
        }
        if " of " in thing:
            self.slots["short"] = thing.split(" of ")[0]
        if thing in ("pair of glasses", "bag of marbles", "box of paints"):
            self.slots["short"] = thing.split()[0]

    def _kind(self, gender, other=None):
        draw = self.rng.random()
        if draw < 0.55:
            return self.rng.choice([kind for kind in (words.ANIMALS if draw < 0.38 else words.FIGURES[gender]) if kind != other])
        return "girl" if gender == "f" else "boy"

    def _name(self, gender, other=None):
        while True:
            if self.rng.random() < MADE_NAME_SHARE:
                name = words.made_name(self.rng)
            else:
                name = self.rng.choice(words.GIRLS if gender == "f" else words.BOYS)
            if name != other:
                return name

    def set(self, **slots):
        """Add slots; a value may itself hold choices, which are drawn now."""
        for key, value in slots.items():
            self.slots[key] = fill(self.rng, value, self.slots, capitals=False) if isinstance(value, str) and "[" in value else value

    def say(self, *options):
        """Tell one of the options."""
        self.paragraphs[-1].append(fill(self.rng, self.rng.choice(options), self.slots))

    def maybe(self, share, *options):
        """Tell one of the options, or, otherwise, nothing."""
        if self.rng.random() < share:
            self.say(*options)

    def turn(self):
        """Begin a new paragraph, in some stories."""
        if self.rng.random() < 0.5 and self.paragraphs[-1]:
            self.paragraphs.append([])

    def about(self, topic, title):
        """Name the story's topic ("a fox who ...") and its title."""
        self.topic = fill(self.rng, topic, self.slots, capitals=False)
        self.title = fill(self.rng, title, self.slots)

    def intro(self):
        """Introduce the hero and where the story happens."""
        self.say(
            "Once upon a time, there was a [{trait}|little|young] {h.k} named {h.n} who lived {home}.",
            "Once upon a time, a [{trait}|little|young] {h.k} named {h.n} lived {home}.",
            "Once upon a time, {home}, there lived a [{trait}|little|young] {h.k} called {h.n}.",
            "Once upon a time there was a [{trait}|little|young] {h.k}. {h.p} name was {h.n}, and {h.s} lived {home}.",
            "[{trait}|little|young] {h.n} was a {h.k} who lived {home}.",
            "There once was a [{trait}|small|young] {h.k} named {h.n}, who lived {home}.",
            "{h.n} was a [{trait}|little|young] {h.k}. {h.s} lived {home}.",
            "[Long ago|A long time ago|Many years ago], a {trait} {h.k} called {h.n} lived {home}.",
        )
        self.maybe(0.5, "Every [morning|day], {h.s} [walked to {spot}|went to {spot} to play|ran to {spot} and back].",
                   "{h.s} [loved|liked] [to sing|to play games|to listen to stories|to look at the clouds|to climb things|to ask questions|to draw|to explore].",
                   "{h.s} knew every [stone|path|corner] near {spot}.", "{h.p} favourite place was {spot}.")

    def meet_friend(self):
        """Introduce the friend."""
        self.say("{h.p} best friend was a {f.k} named {f.n}.", "{h.s} had a good friend, a {f.k} called {f.n}.",
                 "{h.n} and a {f.k} named {f.n} were [best|good|close] friends.")

    def moral(self, *options):
        """End the story with one of the options, or a common ending."""
        self.say(*options)
        self.maybe(0.25, "And from that day on, {h.n} [was a little wiser|slept well every night|smiled a little more].",
                   "And they all lived happily [ever after|for a long time].", "It had been a [very good|long and happy|wonderful] day.",
                   "That night, {h.n} fell asleep with a smile.", "The end.")


PLOTS = {}

# What each plot is about in one or two words, for requests such as "a story about courage".
THEMES = {"lost": "losing something", "gift": "a present", "rescue": "kindness", "race": "a race", "fear": "courage", "sharing": "sharing", "confession": "the truth",
          "cure": "a long journey", "storm": "helping each other", "new_friend": "friendship", "seed": "patience", "night_sound": "the night", "skill": "learning",
          "treasure": "a treasure", "three_wishes": "wishes", "trade": "trading", "way_home": "finding home", "build": "building something", "greed": "being greedy",
          "lighthouse": "a storm", "surprise": "a birthday", "owner": "honesty", "monster": "a monster", "clock": "repairing things"}


def plot(function):
    """Register a plot under its function's name."""
    PLOTS[function.__name__] = function
    return function


@plot
def lost(t):
    t.about("a {h.k} who loses a {thing}", "The Lost {short}")
    t.intro()
    t.set(wrong="[under the bed|behind the door|in the kitchen|in the garden]", right="[under a pile of leaves|behind a big stone|between two roots|under an old bench|in a bird's nest]")
    t.say("{h.s} had a {thing} that {h.s} [loved very much|took everywhere|had got from {h.p} grandmother].")
    t.turn()
    t.say("{day}, the {short} was gone.", "{day}, {h} reached for the {short}, but it was not there.", "{day}, {h} woke up and could not find the {short}.")
    t.say("{h} was {sad}.", '"Where is my {short}?" {h.s} cried.', '"oh no, my {short} is gone!" said {h}.')
    t.say("{h.s} looked {wrong}, but found only [dust|an old sock|a sleepy spider|a few crumbs].", "First {h.s} searched {wrong}. It was not there.")
    t.say("Then {h.s} went to {spot} and [looked|searched] everywhere, but the {short} was not there either.", "Next, {h.s} ran to {spot}, but there was no {short} there.")
    t.turn()
    t.say("On the way, {h.s} met a {f.k} named {f.n}. \"Why do you look so [sad|worried]?\" {f.s} asked.", "A {f.k} named {f.n} saw {h.o} and asked, \"[What is wrong|What are you looking for|Can I help you]?\"")
    t.say('"I have lost my {thing}," {h} [said|answered|replied].', '"my {thing} is gone," said {h}.')
    t.say('"[Think back|Try to remember]," said {f.n}. "where did you play [yesterday|last]?"', '"let us look together," said {f.n}. "where were you [yesterday|last]?"')
    t.say('"at {spot2}!" said {h}.', "{h} thought hard. \"I was at {spot2},\" {h.s} said.")
    t.say("They [ran|hurried|walked] to {spot2} together, and there, {right}, lay the {short}.", "So they went to {spot2}. {f.n} looked {right}, and there it was.")
    t.say("{h} [hugged {f.n}|jumped for joy|laughed out loud]. \"Thank you, {f.n}!\" {h.s} said.", '"you found it! thank you!" {h} [cried|shouted] and [danced with joy|hugged {f.o}].')
    t.moral("From then on, {h} always put the {short} [back in its place|in a safe box] before going to bed.", "{h} learned that two pairs of eyes see more than one.",
            "The {short} was [lovely|nice], but a good friend was even better.")


@plot
def gift(t):
    made = t.rng.choice(list(words.MATERIALS))
    t.set(made=made, stuff=words.MATERIALS[made])
    t.about("a {h.k} who makes a {made} for a friend", "The {made}")
    t.intro()
    t.meet_friend()
    t.say("{f.n}'s birthday was [near|coming soon|only three days away], but {h} had no [gift|present] for {f.o}.", "Tomorrow was {f.n}'s birthday, and {h} wanted to give {f.o} something [special|nice].")
    t.turn()
    t.say('"I have no [money|coins]," {h} said, "but I have two [good hands|busy hands]. I will make a {made}!"', '"I know!" said {h}. "I will make a {made} for {f.o}."')
    t.say("{h.s} [found|gathered|collected] {stuff}, and began to work.", "For that, {h.s} needed {stuff}. {h.s} asked {elder} for help, and {es} gave {h.o} everything.")
    t.say("It was not easy. The first {made} [fell apart|broke in two|looked crooked and strange].", "{h.s} worked all [day|afternoon], but then the {made} [broke|fell to the floor and broke|fell apart].")
    t.say("{h} [sighed|was {sad}], but {h.s} did not give up.", '"never mind," {h.s} said. "I will try again."', "{h} wanted to stop. Then {h.s} thought of {f.n} and tried again.")
    t.say("The second time, {h.s} worked [slowly|more slowly|with great care], and [at last|in the end] the {made} was [ready|done|finished].")
    t.turn()
    t.say("On the birthday, {h} gave {f.n} the {made}.", "The next day, {h.s} took the {made} to {f.n}'s home.")
    t.say("{f.n}'s eyes [grew wide|shone]. \"[Did you make this yourself|Is this for me]?\" {f.s} asked.", '"it is [beautiful|wonderful|the best gift of all]!" said {f.n}.')
    t.maybe(0.6, "{h} nodded and [smiled|blushed].", '"yes," said {h}. "[It took me two tries|it was not easy]."')
    t.moral("{f.n} kept the {made} for [many years|a very long time].", "{h} learned that a gift made with love is worth more than gold.", "{f.n} said that it was the best birthday ever, and they ate cake together.")


@plot
def rescue(t):
    t.set(stuck="[stuck in a [net|thorny bush|muddy hole|hollow log]|caught between two [rocks|roots|stones]]", tool="[a long stick|a strong rope|a pair of scissors|a small spade]")
    t.about("a {h.k} who helps a {creature}", "{h.n} and the {creature}")
    t.intro()
    t.say("{day}, {h} [was walking|was on the way] to {spot} when {h.s} heard a [small|sad|strange|thin] [cry|sound|voice].")
    t.say("{h.s} looked around and saw a [baby|young|little] {creature}. It was {stuck}.", "There, near the path, was a little {creature}. It was {stuck} and could not get out.")
    t.turn()
    t.say('"do not be afraid," said {h} softly. "I will help you."', '"[poor thing|you poor little {creature}]!" said {h}. "I will get you out."')
    t.say("{h.s} pulled [gently|as hard as {h.s} could], but the {creature} did not move.", "{h.s} tried all alone, but it did not work.")
    t.say("So {h.s} ran [home|to {spot2}] to get {tool} and asked {f.n}, a [strong|clever|friendly] {f.k}, to come along.", "{h.s} needed help. Luckily, a {f.k} named {f.n} was nearby, and {f.s} had {tool}.")
    t.say("Together they worked [slowly and carefully|for a long time|until the sun was low], and at last the {creature} was free.", '"one, two, three!" they counted, and then the {creature} was free.')
    t.say("The {creature} looked at them [with bright eyes|for a moment] and then [ran off|disappeared] [toward {spot3}|into the distance].", "The {creature} was [tired|weak], so {h} gave it some water and stayed with it [until evening|until it felt better].")
    t.turn()
    t.say("[A few days later|Some days later|The next week], {h} got lost [in the fog|in the dark] near {spot3}.", "One [week|month] later, {h} was alone near {spot3} and could not find the way home.")
    t.say("{h.s} was [afraid|cold and tired], but then the {creature} appeared.", "Then {h.s} heard a familiar sound. It was the {creature}!")
    t.say("It [walked in front of {h.o}|showed {h.o} the way], step by step, until {h.s} saw the lights of home.", "It led {h.o} all the way back to {h.p} own door.")
    t.moral("A kind deed is never lost, thought {h}.", "{h} understood that kindness comes back.", '"now you have helped me," said {h}. "thank you, little {creature}."')


@plot
def race(t):
    t.set(race="[a race to {spot} and back|the big race around {spot}]")
    t.about("a {h.k} who runs a race", "The Great Race")
    t.intro()
    t.say("Every [summer|spring|autumn], there was {race}, and this year {h} wanted to [win|run] too.", "{day}, everyone was talking about {race}. {h} wanted to take part.")
    t.say("But {h} was [small|not very fast|the smallest of all], and the others laughed. \"[You will never win|You are too slow]!\" they said.", 'A {f.k} named {f.n} was the fastest of all. "I will win," {f.s} [said|boasted]. "I always win."')
    t.say("{h} did not [listen|answer]. {h.s} practised every day, in the sun and in the rain.", "So {h} got up early every day and ran until {h.p} legs were tired.")
    t.turn()
    t.say("On the day of the race, {f.n} the {f.k} shot ahead like an arrow. {h} ran at {h.p} own steady pace.", "The day of the race came. {f.n} the {f.k} was soon far ahead, and {h} was last.")
    t.say("Near {spot2}, {f.n} [tripped over a root|slipped on a wet stone|fell into a ditch] and hurt {f.p} foot.", "But at {spot2}, {f.n} stepped into a hole and could not go on.")
    t.say("The others ran past. Only {h} stopped. \"[Are you hurt|Can you stand]?\" {h.s} asked.", "{h} could have run past and won. But {h.s} stopped to help {f.o}.")
    t.say('"why do you stop?" asked {f.n}. "you could win!" "[a friend is more important|winning is not everything]," said {h}.', '"lean on me," said {h}. "we will go together."')
    t.say("Side by side, the two of them walked to the finish. They were the last, but everyone [cheered|clapped] for them.", "They came in last, arm in arm, and the crowd cheered louder than ever.")
    t.moral("{f.n} never boasted again, and the two became [good|the best of] friends.", "{h} did not get the cup, but {h.s} got a friend, and that was the better prize.", "From that day on, {h} and {f.n} always ran together.")


@plot
def fear(t):
    t.set(fear="[the dark|thunder|deep water|high places]")
    what = t.slots["fear"]
    t.about("a {h.k} who is afraid of {fear}", "{h.n} Is Not Afraid")
    t.intro()
    t.say("{h.s} was [good at many things|strong and quick|happy most of the time], but {h.s} had one secret: {h.s} was afraid of {fear}.", "But there was one thing that {h.n} did not like at all. {h.s} was afraid of {fear}.")
    t.maybe(0.6, "{h.s} had never told anyone about it.", "When the others noticed, {h.s} always found an excuse.", "It made {h.p} heart beat [fast|like a drum].")
    t.turn()
    t.meet_friend()
    if what == "the dark":
        t.say("One evening, {f.n} did not come home from {spot}, and the sun was already down.", "One night, a storm blew out every lamp, and {f.n} called for help from {spot}.")
        t.say("{h} looked into the black night and [shivered|swallowed]. Then {h.s} took a [small lantern|candle] and went out.")
        t.say("Every shadow looked like a monster, but when {h.s} held up the light, it was only a [bush|fence|old tree].", "Something moved! But it was only a [sleepy bird|little mouse|branch in the wind].")
        t.say("At last {h.s} found {f.n}, who had hurt {f.p} leg, and led {f.o} home.")
    elif what == "thunder":
        t.say("One night, a great storm came. Thunder rolled over the roof, and {h} hid under the blanket.", "{day}, dark clouds came, and the thunder began. {h} covered {h.p} ears.")
        t.say("Then {h.s} heard a small voice. It was {f.n}, and {f.s} was trembling, too.", "Suddenly there was a knock. {f.n} stood at the door, wet and afraid.")
        t.say('"come in," said {h}. "we will count together. when we see the light, we count until the thunder comes."', '"let us sing," said {h}, "louder than the thunder!"')
        t.say("So they [counted|sang], and each time the thunder was a little farther away.", "They did so, and soon the thunder sounded [like a drum|like a song] and not like a monster.")
    elif what == "deep water":
        t.say("{day}, {f.n} was playing near the water [when {f.s} slipped|when the bank broke] and fell in.", "{day}, {f.n} fell out of a small boat and could not swim well.")
        t.say("There was no one else near. {h.s} heard {h.p} own heart, but {h.s} [took a deep breath|closed {h.p} eyes for a moment] and jumped in.")
        t.say("The water was cold, but {h.s} kicked {h.p} legs [as {h.s} had once been taught|again and again] and reached {f.o}.", "{h.s} swam and swam until {h.s} could take {f.n} by the arm.")
        t.say("Slowly, {h.s} pulled {f.o} back to the land. Both were wet and cold, and both were safe.")
    else:
        t.say("{day}, {f.n} climbed a very tall tree and could not get down.", "{day}, {f.n} was stuck on a high wall and did not dare to move.")
        t.say("{h} looked up, and {h.p} knees felt weak. But {h.s} put one foot up, and then the other.", '"I am coming," called {h}, though {h.p} hands were shaking.')
        t.say('"do not look down," {h.s} told {h.r}, "only look at the next step."', "{h.s} looked only at {h.p} hands, and never down.")
        t.say("Soon {h.s} sat beside {f.n}, and together they climbed down, step by step.")
    t.turn()
    t.say('"you are so brave!" said {f.n}. "I was afraid the whole time," said {h}.', '"were you not afraid?" asked {f.n}. "yes, I was," said {h}, "but you needed me."')
    t.moral("{h} learned that being brave means being afraid and doing the right thing anyway.", "After that, {fear} did not seem so bad any more to {h}.", "{h} was still a little afraid sometimes, but now {h.s} knew that {h.s} could do it.")


@plot
def sharing(t):
    t.about("two friends who learn to share a {thing}", "One {short} for Two")
    t.intro()
    t.meet_friend()
    t.say("{day}, the two friends found a {thing} near {spot}.", "{day}, they were playing at {spot} when they saw a {thing} on the ground.")
    t.say('"it is mine!" said {h}. "I saw it first." "no, it is mine!" said {f.n}. "I picked it up."', '"I want it!" cried {h}. "no, I want it!" cried {f.n}.')
    t.say("They pulled and pulled, until the {short} fell into the mud.", "They argued all afternoon, and in the end they went home without a word.")
    t.turn()
    t.say("That night, {h} could not sleep. The house was quiet, and {h.s} missed {f.n}.", "At home, {h} felt {sad}. Having the {short} was no fun without {f.n}.")
    t.say("In the morning, {h} went to {f.n}. \"I am sorry,\" {h.s} said. \"[you can have it|a friend is better than a {short}].\"", '"I am sorry," said {h} the next day. "I do not want to fight with you."')
    t.say('"I am sorry, too," said {f.n}. "let us share it. [you take it today, and I take it tomorrow|one day it is yours, the next day it is mine]."', "{f.n} smiled. \"Then let us share it,\" {f.s} said.")
    t.say("And so they did. They [took turns|played with it together] all day.", "They shook hands, and then they played together until [sunset|it was dark].")
    t.moral("The {short} was twice as nice, because now it belonged to both of them.", "They learned that sharing makes everything better.", "And they never fought about a {short} again.")


@plot
def confession(t):
    t.set(broken="[vase|window|clay pot|blue plate|tea cup|lamp|mirror]")
    t.about("a {h.k} who breaks a {broken} and tells the truth", "The Broken {broken}")
    t.intro()
    t.say("{day}, {h} was [playing with a ball|dancing|running] in the house of {elder}, though {es} had asked {h.o} not to.")
    t.say("Crash! The {broken} fell down and broke into [a hundred|many|three] pieces.", "Suddenly there was a loud crash. The {broken} was broken.")
    t.say("{h.p} heart beat fast. {h.s} [hid the pieces under the rug|pushed the pieces behind the curtain|put the pieces in a box] and ran away.", "Nobody had seen it. {h.s} swept the pieces under the carpet and ran outside.")
    t.turn()
    t.say('In the evening, {elder} asked, "who broke my {broken}?"', "When {elder} came home, {es} saw that the {broken} was gone.")
    t.say('"maybe it was the [wind|cat]," said {h}, and {h.s} looked at the floor.', '"I do not know," said {h} in a small voice.')
    t.say("But {h} felt a stone in {h.p} stomach. {h.s} could not eat, and {h.s} could not sleep.", "All night long, {h} thought about the lie. It felt heavy, like a [stone|bag of rocks].")
    t.say("In the morning, {h.s} went back. \"It was me,\" {h.s} said. \"I broke the {broken}, and then I lied. I am sorry.\"", 'At last {h.s} told the truth. "I broke it," {h.s} said with tears in {h.p} eyes. "I am so sorry."')
    t.turn()
    t.say("{elder} was quiet for a moment. Then {es} [smiled|nodded]. \"Things can break,\" {es} said, \"[but the truth can mend a lot|but trust is worth more than a {broken}].\"", '"I am not angry about the {broken}," said {elder}. "I am glad that you told me the truth."')
    t.say("Together they picked up the pieces and [worked until it looked almost new|put them together again].", "To make it good again, {h} helped {eo} in the [garden|kitchen] for a week.")
    t.moral("The stone in {h.n}'s stomach was gone.", "{h} learned that the truth may be hard, but a lie is harder.", "That night, {h} slept very well.")


@plot
def cure(t):
    t.set(plant="[silver flower|blue moon flower|golden herb|white mountain rose]", sick="[mother|father|grandmother|grandfather|little sister|little brother]")
    sick_female = t.slots["sick"] in ("mother", "grandmother", "little sister")
    t.set(ks="she" if sick_female else "he", ko="her" if sick_female else "him", kp="her" if sick_female else "his")
    t.about("a {h.k} who looks for a {plant}", "The {plant}")
    t.intro()
    t.say("One winter, {h.p} {sick} became very [ill|sick]. No [soup|tea|medicine] could help.", "One day, {h.p} {sick} fell ill and could not get out of bed.")
    t.say('"only the {plant} can help," said {elder}. "it grows [behind|near|not far from] {spot3}, but the way is [long|hard]."', "{elder} said that only a {plant} could help, and that it grew near {spot3}.")
    t.say('"then I will find it," said {h}, and {h.s} packed some bread and set off.', "{h} did not wait. {h.s} put on {h.p} warm [coat|boots] and started at once.")
    t.turn()
    t.say("At {spot}, a hungry {creature} was sitting beside the path. {h} gave it half of {h.p} bread.", "On the way, {h.s} met a {creature} that was cold and hungry, so {h.s} shared {h.p} bread with it.")
    t.say('"thank you," said the {creature}. "I will show you [a secret path|the best way]."', "The {creature} was so thankful that it walked along with {h.o}.")
    t.say("They crossed {spot2}, though the wind was strong, and [climbed|walked] [all day|until the stars came out].", "The path was [steep|narrow|dark], and more than once {h} wanted to turn back, but {h.s} thought of {h.p} {sick}.")
    t.say("And there, [in the moonlight|in the first light of day], stood the {plant}. {h.s} [picked|took] only one and left the others.", "At last {h.s} saw it: a single {plant}, shining [like a star|in the dark].")
    t.turn()
    t.say("{h} hurried home and made a tea from it. {h.p} {sick} drank it, [and slept all night|slowly, sip by sip].", "Back home, {elder} made a warm drink from the {plant}.")
    t.say("The next morning, {h.p} {sick} [opened {kp} eyes and smiled|sat up and asked for breakfast|was well again].")
    t.moral('"you went so far for me," said {h.p} {sick}. "I would go twice as far," said {h}.', "And the {creature} got the biggest piece of cake.", "{h} never forgot the {creature} that had shown {h.o} the way.")


@plot
def storm(t):
    t.set(thing2="[bridge|roof of the school|old mill|fence]")
    t.about("a {h.k} who helps to repair the {thing2} after a storm", "After the Storm")
    t.intro()
    t.say("One night, a [terrible|great|wild] storm came. The wind howled, and the rain beat on the windows.", "One autumn night, a storm shook every house, and nobody could sleep.")
    t.say("In the morning, the {thing2} was broken.", "When the sun came up, everyone saw that the storm had broken the {thing2}.")
    t.say('"it will take us a year to repair it," said {elder}.', '"what shall we do now?" asked {elder}. "it is too much work for one."')
    t.turn()
    t.say('"[not if we all help|many hands can do it]," said {h}. The others [laughed|shook their heads], because {h} was so [small|young].', "Nobody moved. Then {h} picked up a [board|stone|hammer] and began to work all alone.")
    t.say("A {f.k} named {f.n} watched {h.o} for a while. Then {f.s} brought [nails|a rope|more wood] and helped.", 'After an hour, a {f.k} named {f.n} came. "I will help you," {f.s} said.')
    t.say("Soon others came, too: first two, then five, then the whole neighbourhood.", "One after the other, the neighbours came out of their houses and joined in.")
    t.say("Some carried wood, some [cooked soup|brought bread], and the little ones [sang songs|carried water].", "They worked and sang, and even the {creature} seemed to watch.")
    t.turn()
    t.say("After only [three days|a week|four days], the {thing2} was stronger than before.", "When the moon rose on the [third|second|fifth] day, the work was done.")
    t.say('"who started this?" asked {elder}. Everyone pointed at {h}.', 'And {elder} said, "today a small {h.k} has taught us something big."')
    t.moral("{h} smiled and said, \"It was all of us.\"", "They had a big feast with soup and cake, and {h} got the first piece.", "Since then, nobody there has ever worked alone.")


@plot
def new_friend(t):
    t.about("a {h.k} who meets a shy new neighbour", "The New Neighbour")
    t.intro()
    t.say("{day}, a new family moved into the empty house near {spot}.", "{day}, someone new came to live near {spot}.")
    t.say("{h} saw a {f.k} at the window, but when {h.s} waved, {f.s} hid behind the curtain.", "It was a {f.k} named {f.n}, who never came out to play and never said a word.")
    t.say('"{f.s} is [rude|strange]," said the others. "maybe {f.s} is only shy," said {h}.', "The others thought that {f.s} was proud. But {h} thought that {f.s} was only shy.")
    t.turn()
    t.say("The next day, {h} put a {food} in front of the door, with a little note: \"Welcome!\"", "So {h} drew a picture of {spot2} and pushed it under the door.")
    t.say("The day after, there was something in front of {h.p} own door: a {thing}, and a note that said, \"Thank you.\"", "In the evening, {h.s} found an answer at {h.p} own door. It was a {thing} with a note: \"Thank you. My name is {f.n}.\"")
    t.say("{h} [laughed|smiled] and ran over. \"Will you come with me to {spot2}?\" {h.s} asked through the door.", '{h} knocked. "I am {h.n}," {h.s} said. "[would you like to see {spot2}|shall I show you {spot2}]?"')
    t.say("Slowly the door opened. \"[I would like that|Yes, please],\" {f.n} said [softly|very quietly].", "It was quiet for a while. Then the door opened, and {f.n} came out.")
    t.say("They [talked and laughed|played] all afternoon, and it turned out that {f.n} knew the [funniest jokes|best games|most wonderful songs].", "At {spot2}, {f.n} showed {h.o} how to [whistle with a blade of grass|skip stones|fold a paper bird].")
    t.moral("A shy heart only needs a little time.", "Soon {f.n} was not shy any more, and everyone was glad to know {f.o}.", "From then on, the two of them met every day.")


@plot
def seed(t):
    t.set(plant="[sunflower|pumpkin|apple tree|bean plant|rose bush]")
    t.about("a {h.k} who plants a seed", "The Little Seed")
    t.intro()
    t.say("{day}, {elder} gave {h.o} a tiny seed. \"[Take good care of it|Be patient with it],\" {es} said.", "{day}, {h} found a tiny seed near {spot}.")
    t.say("{h} put it into the ground, gave it water, and sat down to wait.", "{h.s} dug a small hole, put the seed inside, and covered it with earth.")
    t.say("{h.s} waited one day, and then two days, but nothing happened.", "The next morning {h.s} ran out to look, but there was nothing to see.")
    t.turn()
    t.say('"it is a bad seed," said a {f.k} named {f.n}. "forget about it."', 'A {f.k} named {f.n} laughed at {h.o}. "you are watering [dirt|nothing]!" {f.s} said.')
    t.say("But {h} gave it water every day. {h.s} pulled out the weeds and [sang to it|told it stories].", "{h} did not listen. Every morning {h.s} brought water from {spot2}, and every evening {h.s} said good night to the seed.")
    t.maybe(0.5, "When the nights grew cold, {h.s} covered the spot with leaves.", "Once, a {creature} wanted to dig there, but {h} led it away.")
    t.say("Then, one morning after the rain, there was a tiny green leaf.", "After two weeks, something small and green looked out of the earth.")
    t.say("It grew and grew, and by the end of the summer it was a big, beautiful {plant}.", "Week by week it grew taller, until it was a fine {plant}.")
    t.turn()
    t.say('"how did you do that?" asked {f.n}. "I only waited," said {h}, "and I did not forget it."', "{f.n} could not believe {f.p} eyes. \"I was wrong,\" {f.s} said.")
    t.moral("{h} gave {f.n} one of the new seeds, and the next spring they waited together.", "Good things need time, and now they both knew it.", "Every year after that, {h} planted one more seed.")


@plot
def night_sound(t):
    t.set(sound="[Tap, tap, tap|Scratch, scratch|Creak, creak|Hoo, hoo|Rattle, rattle]", place="[the attic|the cellar|the cupboard|the old shed]")
    t.about("a {h.k} who hears a strange sound at night", "The Sound in the Night")
    t.intro()
    t.say("One night, {h} woke up. {sound}! There was a strange sound in {place}.", "It was late, and {h} could not sleep. {sound}! Something was moving in {place}.")
    t.say('"is it a ghost?" {h.s} [whispered|wondered].', "{h.s} pulled the blanket up to {h.p} nose and listened.")
    t.say("{sound}! There it was again.", "The sound came again, a little louder this time.")
    t.turn()
    t.say("{h.s} woke {f.n}, a {f.k} who was staying for the night. \"Do you hear that?\" {h.s} asked.", "In the bed beside {h.o} slept {h.p} friend {f.n}, a {f.k}. {h} shook {f.o} awake.")
    t.say('"maybe it is only the wind," said {f.n}, but {f.p} voice was shaking.', '"I hear it," whispered {f.n}. "let us look together."')
    t.say("With a small candle, they went to {place}. The door opened with a long creak.", "They took a lantern and went to {place}, step by step.")
    t.say("And there, in the corner, sat a little {creature}. It had come in from the cold.", "Two bright eyes looked at them. It was a little {creature} that had lost its way.")
    t.say("{h} laughed. \"So you are our ghost!\" {h.s} said.", '"it is more afraid than we are," said {f.n}.')
    t.turn()
    t.say("They gave the {creature} [some milk and a warm blanket|a bit of bread and a soft place to sleep].", "They made a soft bed for the {creature} in a basket.")
    t.say("In the morning, they took it [back to {spot}|to {spot}, where its mother was waiting].", "When the sun came up, they carried it to {spot} and let it go.")
    t.moral("Since that night, {h} has not been afraid of strange sounds.", "Many things look smaller when you hold a light to them.", "And whenever something creaked at night, {h} only smiled.")


@plot
def skill(t):
    t.set(skill="[play the flute|swim|bake bread|ride a bicycle|skate|whistle|paint|dance|fly a kite|juggle]")
    t.about("a {h.k} who learns to {skill}", "{h.n} Learns to {skill}")
    t.intro()
    t.say("More than anything, {h} wanted to {skill}.", "{h.p} biggest wish was to {skill}.")
    t.say("{day}, {h.s} tried it for the first time. It went [terribly wrong|very badly], and everyone [laughed|giggled].", "The first time {h.s} tried, it was a disaster.")
    t.say('"I will never learn it," said {h}, and {h.s} sat down near {spot}.', "{h} was {sad} and wanted to give up.")
    t.turn()
    t.say("There {elder} found {h.o}. \"I could not {skill} at first, either,\" {es} said.", "But {elder} had seen everything. \"[Nobody begins as a master|Every master was once a beginner],\" {es} said.")
    t.say('"what did you do?" asked {h}. "I tried again," said {elder}, "a little every day."', '"come to me every morning," said {elder}, "and I will show you how."')
    t.say("So {h} practised every morning. On the first day, it was bad. On the second day, it was a little better.", "Day after day, {h} practised. Sometimes it went well, and sometimes it did not.")
    t.maybe(0.6, "When {h.s} got tired, {elder} told {h.o} a funny story, and then they went on.", "{f.n}, a friendly {f.k}, came to watch and clapped after every try.")
    t.say("After [a month|many weeks|a whole summer], {h.s} could {skill} almost without thinking.", "And then, one day, it worked. {h} could {skill}!")
    t.turn()
    t.say("At the [summer|spring|harvest] festival, {h} showed everyone what {h.s} had learned.", "Soon everybody came to {spot2} to see {h.o}.")
    t.say("This time nobody laughed. They clapped, and {elder} clapped the loudest.", '"bravo!" they called, and {h} took a bow.')
    t.moral("{h} was {glad}. A little every day had been enough.", "Later, {h} taught the little ones to {skill}, too.", "{h} never again said the word \"never\".")


@plot
def treasure(t):
    t.set(found="[a box full of old letters|a chest full of seeds|a book with a hundred stories|a box of old photographs|a small bell and a letter]")
    t.about("a {h.k} who finds a treasure map", "The Treasure Map")
    t.intro()
    t.say("{day}, {h} found an old map [inside a book|in a bottle|behind a loose brick|in the pocket of an old coat].", "{day}, the wind blew an old map right in front of {h.p} feet.")
    t.say("A red cross was marked near {spot}. \"A treasure!\" {h.s} [whispered|shouted].", "It showed the way to a treasure near {spot}.")
    t.say("{h.s} showed it to {h.p} friend {f.n}, a [brave|clever|funny] {f.k}. \"Let us go at once!\" {f.s} said.", "{h} ran to {f.n}, a {f.k} who lived next door. \"Look what I have found!\" {h.s} said.")
    t.turn()
    t.say("First they had to pass {spot2}. The path was [muddy|slippery|full of thorns], but they held on to each other.", "They followed the map past {spot2}, where a {creature} watched them.")
    t.say("Then they counted: [twenty steps to the north and ten to the east|thirty steps to the left and five to the right|forty steps toward the sun].", "At a stone that looked like a [sleeping giant|hat|big nose], they turned left.")
    t.say('"here it is!" said {f.n}, and they began to dig.', "At the red cross, they dug and dug until their arms hurt.")
    t.say("Clunk! They hit something hard. It was an old chest.", "At last they felt something hard in the ground.")
    t.turn()
    t.say("But there was no gold inside. There was only {found}.", "They opened it with shaking hands. Inside was {found}.")
    t.say('"no gold," said {f.n}, and {f.p} face fell. But {h} looked closer. "this is better than gold," {h.s} said.', '"is that all?" asked {f.n}. "wait," said {h}, "look how beautiful it is."')
    t.say("They took it to {elder}, who [laughed and cried at once|had tears in {ep} eyes]. \"I hid this when I was as young as you are,\" {es} said.", "All evening long, they sat by the fire and looked at what they had found.")
    t.moral("And that was a treasure that nobody could ever spend.", "{h} and {f.n} drew a new map and hid it for somebody else.", "The best part of the treasure, they said, had been the way.")


@plot
def three_wishes(t):
    t.set(magic="[golden fish|tiny fairy|old oak tree|silver bird|talking lamp]")
    t.about("a {h.k} who gets three wishes", "Three Wishes")
    t.intro()
    t.say("{day}, near {spot}, {h} [helped|saved] a {magic} that was in trouble.", "{day}, {h} met a {magic} near {spot} and was kind to it.")
    t.say('"you have been good to me," said the {magic}. "I will give you three wishes."', 'The {magic} began to speak. "make three wishes," it said, "but choose well."')
    t.turn()
    t.say("{h} did not think for long. \"I wish for a mountain of cake!\" {h.s} said. And there it was, and {h.s} ate until {h.p} stomach hurt.", 'First, {h} said, "I wish I could fly!" {h.S} flew so high that {h.s} felt dizzy and cold.')
    t.say("For the second wish, {h.s} said, \"I wish for all the toys in the world!\" But soon there was no room left to play.", 'Then {h.s} said, "I wish to be in charge of everything!" But soon everyone wanted something, and nobody wanted to play.')
    t.say("{h.s} sat down and thought for a long time. Now only one wish was left.", '"only one wish is left," said the {magic}. {h} thought about it all night.')
    t.turn()
    t.say("Then {h.s} saw {f.n}, a poor {f.k} who had [no home|no warm coat|nothing to eat].", "Nearby lived a {f.k} named {f.n}, who was always alone and hungry.")
    t.say('"I wish that {f.n} may have a warm home and enough to eat," {h} said.', '"my last wish is for {f.n}," {h} said. "I wish that {f.s} may be happy."')
    t.say("The {magic} [smiled|shone brightly]. \"That was the best wish of all,\" it said.", "At that moment, warm light filled the air, and {f.n} laughed for the first time.")
    t.moral("{h} had nothing left of the wishes but a friend, and that was plenty.", "Since then, {h} and {f.n} have been friends, and that needed no magic at all.", "{h} went home with empty hands and a full heart.")


@plot
def trade(t):
    t.set(a="[shiny button|smooth stone|feather|pine cone]", b="[red apple|ball of string|candle|slice of bread]", c="[little bell|wooden cup|warm hat|tin whistle]", d="[goat|kite|bicycle|rowing boat|fiddle]")
    t.about("a {h.k} who trades a {a} for a {d}", "From a {a} to a {d}")
    t.intro()
    t.say("{h} wanted to have a {d}, but {h.s} had nothing except a {a}.", "All that {h} had was a {a}, but {h.p} dream was to have a {d}.")
    t.say("{day}, {h.s} took the {a} and walked to {spot}.", "So, one day, {h.s} put the {a} into a bag and set off.")
    t.turn()
    t.say('There {h.s} met a {f.k} named {f.n}. "what a fine {a}!" {f.s} said. "I will give you a {b} for it."', "A {f.k} named {f.n} liked the {a} so much that {f.s} gave {h} a {b} for it.")
    t.say("With the {b}, {h} went on to {spot2}. A [hungry|tired|busy] [sailor|miller|traveller] needed a {b} and gave {h.o} a {c}.", "At {spot2}, a traveller was looking for a {b}. \"Take this {c} for it,\" he said.")
    t.say("The {c} was nice, and {h} almost kept it.", "{h} looked at the {c}. It was pretty, but it was not a {d}.")
    t.say("Near {spot3}, {elder} was sitting, and {es} was {sad}. \"I have lost my {c},\" {es} said.", "Then {h.s} met {elder}. \"I have always wanted a {c},\" {es} said.")
    t.turn()
    t.say('"take mine," said {h}. "I do not want anything for it."', "{h} did not think twice and gave {eo} the {c} as a present.")
    t.say("{elder} was so {glad} that {es} said, \"In my yard is a {d} that I no longer need. It is yours.\"", '"you are kind," said {elder}. "then take my {d}. I am too old for it."')
    t.moral("So {h} got a {d} for a {a}, and because {h.s} had a good heart.", "{h} walked home with the {d}, and {h.s} could not stop smiling.", "And whenever {h.s} saw a {a} on the ground, {h} [laughed|smiled].")


@plot
def way_home(t):
    t.about("a {h.k} who brings a lost {creature} home", "The Lost {creature}")
    t.intro()
    t.say("{day}, {h} found a baby {creature} near {spot}. It was all alone.", "{day}, something small was sitting near {spot}. It was a baby {creature}, and it was crying.")
    t.say('"where is your mother?" asked {h}. The little {creature} did not know.', "The little {creature} had lost its mother.")
    t.say("{h} wanted to keep it. But {h.s} knew that a mother was waiting somewhere.", '"do not cry," said {h}. "I will take you home."')
    t.turn()
    t.say("First they asked a {f.k} named {f.n}. \"I have seen a big {creature} near {spot2},\" {f.s} said.", "They met a {f.k} named {f.n}, who said, \"Try {spot2}. I heard somebody calling there.\"")
    t.say("But at {spot2} there was nobody, only [footprints|a few tracks] in the ground.", "When they came to {spot2}, the mother was gone, but there were fresh tracks.")
    t.say("They followed the tracks, and when the little {creature} got tired, {h} carried it.", "The sun was going down, and the wind grew cold. {h} kept the little one warm.")
    t.say("To make it less afraid, {h} sang a song.", "The little {creature} was hungry, so {h} gave it the last bit of {h.p} lunch.")
    t.say("Near {spot3}, they heard a call. The little {creature} lifted its head and called back.", "Then, near {spot3}, a big {creature} came running toward them.")
    t.turn()
    t.say("It was the mother! She [pressed her nose against|danced around|would not leave the side of] her little one.", "Mother and child were together again.")
    t.moral("{h} walked home alone, but {h.s} did not feel alone.", "Sometimes, in the evening, the two of them came to visit {h}.", "{h} missed the little {creature}, but {h.s} knew that {h.s} had done the right thing.")


@plot
def build(t):
    t.set(project="[tree house|raft|little bridge|sled|boat|snow castle]")
    t.about("two friends who build a {project}", "The {project}")
    t.intro()
    t.meet_friend()
    t.say("{day}, {h} said, \"Let us build a {project}!\" \"[Good idea|Oh, yes]!\" said {f.n}.", "{day}, they decided to build a {project} near {spot}.")
    t.say("{h} wanted to start at once. {f.n} wanted to make a plan first.", "{f.n} drew a plan, but {h} did not want to wait.")
    t.say('"plans are boring," said {h}, and {h.s} began alone. But soon everything fell down.', "{h} began without a plan, and after an hour everything fell apart.")
    t.turn()
    t.say('"maybe a plan is not so bad," said {h}. {f.n} smiled and showed {h.o} the drawing.', "{h} looked at the mess and laughed. \"[Show me your plan|You were right],\" {h.s} said.")
    t.say("Now they worked together. {h} was quick and strong, and {f.n} was careful and exact.", "{f.n} measured everything twice, and {h} did the heavy work.")
    t.say("On the [second|third] day it rained, and they had to wait.", "They ran out of rope, so they [asked {elder} for more|used an old belt].")
    t.say("Then, at last, the {project} was [finished|ready], and it was [stronger|finer] than they had dreamed.", "After three days, they put the last piece in place. The {project} was done!")
    t.turn()
    t.say("They invited everyone to see it, and even the {creature} came.", "They sat down in front of it and shared a {food}.")
    t.say('"who built it, you or {f.n}?" somebody asked. "we did," they both said.', '"alone I would have been faster," said {h}, "but it would not stand."')
    t.moral("And that is how a plan and two quick hands became a {project}.", "They spent the whole season there.", "After that, {h} always made a plan first.")


@plot
def greed(t):
    t.set(treat="[berries|nuts|apples|cherries|honey cookies|plums]")
    t.about("a greedy {h.k} and too many {treat}", "Too Many {treat}")
    t.intro()
    t.say("{h.s} loved {treat} more than anything.", "There was nothing that {h} liked better than {treat}.")
    t.say("{day}, {h.s} found a place full of {treat} near {spot}. There were enough for everyone.", "{day}, {h} found a great heap of {treat} near {spot}.")
    t.say('"may I have some?" asked a {f.k} named {f.n}. "no," said {h}. "they are all mine."', "A hungry {f.k} named {f.n} asked for a few. But {h} did not want to share.")
    t.say("{h.s} filled [a big bag|two baskets|a whole sack] until it was so heavy that {h.s} could hardly walk.", "{h.s} took more and more, until {h.s} could not carry any more.")
    t.turn()
    t.say("On the way home, {h.s} had to cross {spot2}. Then the bag tore, and all the {treat} rolled away.", "But near {spot2}, {h.s} tripped, and the {treat} rolled down the hill and into the water.")
    t.say("{h} sat on the ground with nothing left. {h.s} was hungry and {sad}.", '"all gone!" cried {h}. Not a single one was left.')
    t.say("Then {f.n} came along. {f.s} had found a few {treat} of {f.p} own, and {f.s} held them out. \"Half for you,\" {f.s} said.", "{f.n} had seen everything. {f.s} opened {f.p} bag and gave {h.o} some of {f.p} own lunch.")
    t.turn()
    t.say('"why are you so kind to me?" asked {h}. "because you are hungry," said {f.n}.', '{h} grew red. "I gave you nothing," {h.s} said, "and you share with me."')
    t.moral("From then on, {h} always shared, and everything tasted better.", "{h} learned that enough is as good as plenty.", "The next day, {h} took {f.n} to the good place, and they picked {treat} together.")


@plot
def lighthouse(t):
    t.set(light="[lighthouse lamp|great lantern on the tower|signal fire]")
    t.about("a {h.k} who keeps a light burning through a storm", "The Light in the Storm")
    t.intro()
    t.say("Every evening, {elder} lit the {light}, so that the boats could find the way.", "{h} often helped {elder}, who looked after the {light}.")
    t.say("{day}, {elder} hurt {ep} leg and had to stay in bed.", "{day}, {elder} was ill, and dark clouds were coming.")
    t.say("Then a storm rose. Far away, {h} saw a small boat in the waves.", "In the evening a storm came up, and somebody was still out on the water.")
    t.turn()
    t.say('"the {light} is out!" cried {h}. "they will hit the rocks!"', "But there was no light. Without it, the boat would hit the rocks.")
    t.say("{h.s} ran through the rain [as fast as {h.s} could|without stopping] and climbed the [steep|slippery] steps.", "{h} took a box of matches and ran out into the rain.")
    t.say("The first match went out. The second match went out. {h.s} had only one left.", "The wind blew out one match after the other, until only one was left.")
    t.say("{h.s} turned {h.p} back to the wind, held {h.p} breath, and struck it. The light was on!", "{h.s} made a roof with {h.p} coat, and this time the flame stayed alive.")
    t.say("All night long, {h.s} kept it burning.", "Slowly the boat turned and came toward the light.")
    t.turn()
    t.say("In the morning, a {f.k} named {f.n} climbed out of the boat. \"[Who made the light|Who saved me]?\" {f.s} asked.", "The boat came in safely. In it sat {f.n}, a {f.k}, wet and tired, but alive.")
    t.say("{elder} put a hand on {h.n}'s shoulder. \"It was this {h.k},\" {es} said.", '"I followed your light," {f.s} said to {h}. "thank you."')
    t.moral("From that day on, {h} was the keeper of the light.", "A small light can be enough, if somebody keeps it burning.", "{h} slept the whole next day, and {h.p} dreams were bright.")


@plot
def surprise(t):
    t.about("a {h.k} who thinks that everyone forgot a birthday", "The Forgotten Birthday")
    t.intro()
    t.say("{day}, {h} woke up [early|with a smile]. It was {h.p} birthday!", "It was a special day for {h}. It was {h.p} birthday.")
    t.say("But nobody said a word about it. {elder} only said, \"Good morning,\" and walked on.", "{h.s} waited for somebody to say \"Happy birthday\", but nobody did.")
    t.say("{h.s} went to {spot} and met {h.p} friend {f.n}, a {f.k}. \"Do you know what day it is?\" {h.s} asked. \"[It is washing day|A day like any other],\" said {f.n}, and {f.s} hurried away.", "{h.p} friend {f.n}, a {f.k}, ran past. \"I have no time today!\" {f.s} called.")
    t.say("{h} was {sad}. \"They have all forgotten me,\" {h.s} thought.", "{h} sat down alone, and a tear rolled down {h.p} cheek.")
    t.turn()
    t.say("In the evening, {h.s} walked home slowly. The house was dark.", "When it got dark, {h.s} went home. No lamp was burning.")
    t.say("{h.s} opened the door, and suddenly there was light everywhere. \"Surprise!\" everyone shouted.", 'Then the door flew open. "happy birthday, {h.n}!" called a dozen voices.')
    t.say("There was {f.n} with a {food}, and there was {elder} with a {thing}.", "On the table stood a {food}, and beside it lay a {thing} with a bow.")
    t.say('"we did not forget you," said {f.n}. "we were busy all day!"', '"I am sorry that I ran away," said {f.n}. "I had to hide the presents."')
    t.turn()
    t.say("{h} laughed and cried at the same time.", "{h.p} heart was so full that {h.s} could not say a word.")
    t.moral("It was the best birthday that {h} had ever had.", "They sang and danced until late at night.", "And {h} never again thought that {h.s} was forgotten.")


@plot
def owner(t):
    t.about("a {h.k} who finds a {thing} and gives it back", "The {short} That Was Not Mine")
    t.intro()
    t.say("{day}, {h} found a {thing} near {spot}.", "{day}, something was lying on the path near {spot}. It was a {thing}.")
    t.say("It was just what {h.s} had always wanted.", "{h.s} looked around, but there was nobody there.")
    t.say('"I could keep it," thought {h}. "nobody would know."', "{h.s} put the {short} away and wanted to run home.")
    t.say("But then {h.s} thought, \"Somebody may be looking for it.\"", "But a small voice inside {h.o} said that the {short} belonged to somebody else.")
    t.turn()
    t.say("So {h.s} asked {elder}. \"It is not mine,\" {es} said, \"but ask at {spot2}.\"", "{h} went from door to door. \"Is this {short} yours?\" {h.s} asked, but everyone said no.")
    t.say("Near {spot2}, {h.s} saw a {f.k} who was {sad}. {f.p} name was {f.n}.", "At {spot2} sat a {f.k} named {f.n} with tears in {f.p} eyes.")
    t.say('"what is the matter?" asked {h}. "I have lost my {thing}," said {f.n}. "it was from my grandfather."', '"I have looked for my {thing} all day," said {f.n}. "now it is gone for ever."')
    t.say("{h} held out the {short}. \"Here it is,\" {h.s} said.", "Without a word, {h} gave {f.o} the {short}.")
    t.turn()
    t.say("{f.n}'s whole face [lit up|was shining]. \"You are honest,\" {f.s} said. \"Do you want to be my friend?\"", "{f.n} jumped up and hugged {h.o}. \"Thank you!\" {f.s} cried. \"[Come and play with me|Let us play with it together]!\"")
    t.moral("{h} had lost a {short} and won a friend.", "{h} went home with nothing in {h.p} hands, and {h.s} had never felt richer.", "And after that, they often played with the {short} together.")


@plot
def monster(t):
    t.set(beast="[giant|troll|sea monster|ogre|yeti]", b="[cave|dark wood|old tower|deep valley]")
    t.about("a {h.k} who meets a lonely {beast}", "The Lonely {beast}")
    t.intro()
    t.say("Everyone was afraid of the {beast} that lived in the {b}. \"It eats everything,\" they said.", "In the {b}, people said, lived a terrible {beast}, and nobody ever went there.")
    t.say("{day}, {h} [lost {h.p} way|followed a butterfly|chased a ball] and came to the {b}.", "{day}, a strong wind blew {h.p} hat right into the {b}, and {h} went after it.")
    t.say("Suddenly the {beast} stood before {h.o}. It was as big as a [house|tree], and its voice was like thunder.", "There it was. The {beast} had big teeth and eyes as large as plates.")
    t.turn()
    t.say("{h} wanted to run, but {h.p} legs did not move. \"Good day,\" {h.s} said in a small voice.", '"please do not eat me," said {h}.')
    t.say('"eat you?" said the {beast}. "I only eat [soup|mushrooms|apples|grass]. why does everybody run away from me?"', 'The {beast} looked surprised. "nobody has ever talked to me before," it said.')
    t.say("Then {h} saw that the {beast} was not angry. It was only lonely.", "A big tear rolled down its nose. It was the loneliest {beast} in the world.")
    t.say('"would you like to come to my home?" asked {h}. "I have a {food}."', "So {h} sat down beside it, and they talked until the sun went down.")
    t.turn()
    t.say("When they came home, everyone screamed and ran. {f.n}, a brave {f.k}, was the only one who stayed.", "The next day, {h} told {f.n}, a {f.k}, all about it, and {f.s} wanted to see the {beast}, too.")
    t.say('"it is my friend," said {h}. {f.n} came closer and said hello.', "{f.n} was afraid at first, but then the {beast} told a joke, and {f.s} laughed.")
    t.moral("Soon the {beast} carried the little ones on its back, and nobody was afraid any more.", "Never judge a {beast} by its teeth, {h} always said.", "Since then, the {beast} has come to dinner every Sunday.")


@plot
def clock(t):
    t.set(machine="[clock in the tower|old music box|water wheel|old train|fountain]", cause="[a feather|a small pebble|a button|an acorn|a bit of wool]")
    t.about("a {h.k} who repairs the {machine}", "Why the {machine} Stopped")
    t.intro()
    t.say("{day}, the {machine} stopped, and nobody knew why.", "{day}, it was strangely quiet. The {machine} had stopped.")
    t.say("{elder} looked at it and shook {ep} head. \"[It is too old|It is broken for ever],\" {es} said.", "Three clever men came from far away, but they could not repair it.")
    t.say('"may I try?" asked {h}. The others smiled, because {h} was so [young|small].', "{h} wanted to know how it worked. {h.s} asked if {h.s} might look inside.")
    t.turn()
    t.say("{h} did not touch anything at first. {h.s} only looked and listened.", "{h.s} crawled inside with a small lamp, where the others did not fit.")
    t.say("{h.p} friend {f.n}, a patient {f.k}, held the light. \"Do you see anything?\" {f.s} asked.", "\"Start at the beginning,\" said {f.n}, a {f.k} who had come along, and they looked at one wheel after the other.")
    t.say("First {h.s} cleaned the big wheel. It did not help. Then {h.s} oiled the small wheel. That did not help, either.", "The big wheel was fine. The small wheel was fine, too. But there was one tiny wheel left.")
    t.say("And then {h.s} saw it: between two teeth of the tiniest wheel was {cause}.", 'Behind the last wheel, something was stuck. "it is only {cause}!" said {h}.')
    t.say("{h.s} pulled it out with two fingers, and everything began to move.", "Carefully, {h.s} took it out. Click! The wheels began to turn.")
    t.turn()
    t.say("The {machine} was working again, and everyone cheered.", '"it works!" called {elder}, and everybody came running.')
    t.moral("A big trouble may have a very small cause, {h} said.", "Since then, {h} has looked after the {machine}.", '"how did you know?" they asked. "I did not know," said {h}. "I looked."')


def tell(rng, wish=None):
    """Tell one story that has what the wish asks for."""
    wish = wish or Wish()
    name = wish.plot or rng.choice(list(PLOTS))
    teller = Teller(rng, wish)
    PLOTS[name](teller)
    paragraphs = [" ".join(sentences) for sentences in teller.paragraphs if sentences]
    title = " ".join(word if word in ("a", "of", "the", "for", "to", "in", "and") and place else word[0].upper() + word[1:]
                     for place, word in enumerate(teller.title.split()))
    return Story("\n\n".join(paragraphs), title, teller.topic, teller.slots["h"], teller.slots["f"], teller.home, name, teller.slots["thing"],
                 [sentence for paragraph in teller.paragraphs for sentence in paragraph])
