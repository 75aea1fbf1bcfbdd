"""The words that the corpus is made of: names, things, places and their creatures."""

import zlib

GIRLS = """Mira Lily Anna Nora Ella Ruby Ada Ines Clara Maya Zoe Hana Leila Rosa Tess Freya Iris Wren Greta Paula
Sofia Yara Nina Olive Hazel Willa Dora Edith Fern Gwen Holly Ivy June Kira Lena Mabel Petra Rita Stella Tara Una Vera Zara
Amina Bella Celia Daisy Elsa Fiona Gemma Heidi Isla Jana Keiko Lucia Marta Nadia Penny""".split()
BOYS = """Tom Ben Sam Leo Max Finn Hugo Omar Jack Eli Noah Oscar Felix Theo Ivan Luca Milo Otis Emil Arlo Bruno Caleb
Dario Edgar Frank Gus Henry Ian Jonas Karl Louis Marco Nils Owen Pablo Quinn Ravi Simon Tariq Victor Walter Yusuf Aldo Basil
Cyrus Dylan Ezra Gideon Hector Jasper Kofi Lars Martin Otto Peter Robin Stefan Tobias""".split()

_ONSETS = """b c d f g h j k l m n p r s t v w y z br ch cl cr dr fl fr gl gr kh kr l m n pr sh st t th tr v wh z""".split()
_VOWELS = "a a a e e e i i i o o o u u y ai ea ee ia io oa ou".split()
_CODAS = "b d f g k l l l m m n n n n p r r r s s t v x z ck ll nd ng nn rd rk rn rt ss st th".split()

# One name in this many is kept out of the training text, by its checksum, for the checks.
HELD_OUT_EVERY = 8


def is_held_out(name):
    """Whether a name made from syllables is kept out of the training text."""
    return zlib.crc32(name.lower().encode()) % HELD_OUT_EVERY == 0


def made_name(rng, held_out=False):
    """Make a capitalised name of one to four random syllables, from the training or the held-out share."""
    while True:
        parts = []
        for _ in range(rng.choice((1, 2, 2, 2, 2, 3, 3, 4))):
            onset = rng.choice(_ONSETS) if parts or rng.random() < 0.8 else ""
            coda = rng.choice(_CODAS) if rng.random() < 0.4 else ""
            parts.append(onset + rng.choice(_VOWELS) + coda)
        name = "".join(parts).capitalize()
        if 3 <= len(name) <= 10 and is_held_out(name) == held_out:
            return name


THINGS = """red kite|silver whistle|wooden boat|blue scarf|brass key|toy train|glass marble|music box|straw hat|paper lantern
little drum|green umbrella|old storybook|golden button|small lantern|wooden flute|brass compass|brown teddy bear|spinning top
silver ring|woven basket|copper bell|red mitten|yellow ball|tin soldier|leather bag|clay cup|magnifying glass|feather pen
striped sock|pocket watch|wool blanket|bag of marbles|purple ribbon|toy rabbit|sea shell|pair of glasses|carved horse|jump rope
paper plane|pocket mirror|snow globe|knitted cap|blue notebook|box of paints|wooden spoon|shiny coin""".replace("\n", "|").split("|")

FOODS = """apple pie|loaf of bread|pot of soup|honey cake|plate of pancakes|bowl of berries|cherry tart|carrot cake|basket of plums
pot of jam|nut cake|lemon cake|bag of cookies|pumpkin pie|bowl of rice pudding|pear cake|cheese pie|plate of dumplings""".replace("\n", "|").split("|")

MATERIALS = {
    "wooden boat": "some wood, a rope and an old sheet",
    "kite": "paper, string and two thin sticks",
    "birdhouse": "four boards, a hammer and a box of nails",
    "paper lantern": "paper, glue and a bit of wire",
    "scarf": "three balls of wool and two needles",
    "necklace": "a thin thread and a handful of beads",
    "picture": "a big sheet of paper and a box of paints",
    "cake": "flour, eggs and honey",
    "chair": "some wood, a saw and a pot of glue",
    "drum": "an old barrel and a piece of leather",
    "crown of flowers": "daisies, grass and patience",
    "puppet": "a sock, two buttons and some thread",
    "wooden horse": "a block of wood and a small knife",
    "quilt": "many pieces of cloth and a needle",
}

# Where a story happens: (where the hero lives, spots nearby, creatures, a sight in the air or on the ground).
SETTINGS = [
    ("in a small village by the sea", ["the beach", "the old pier", "the harbour", "the rock pools", "the sand dunes"],
     ["crab", "seagull", "seal", "turtle"], ["The waves were calm", "The air smelled of salt", "Gulls were calling over the water"]),
    ("at the edge of a green forest", ["the big oak", "the mossy clearing", "the stream", "the hollow tree", "the berry bushes"],
     ["squirrel", "hedgehog", "deer", "rabbit", "owl"], ["The leaves were rustling", "The air smelled of pine", "Sunlight fell between the trees"]),
    ("on a farm", ["the barn", "the pond", "the apple orchard", "the hay field", "the hen house"],
     ["lamb", "duckling", "goat", "piglet", "calf"], ["The hens were busy in the yard", "The hay smelled sweet", "The fields were golden"]),
    ("in a little town in the hills", ["the market square", "the bakery", "the stone bridge", "the clock tower", "the town library"],
     ["kitten", "puppy", "pigeon", "mouse"], ["The streets were quiet", "The bakery smelled of fresh bread", "Bells were ringing in the tower"]),
    ("in a village high in the mountains", ["the steep path", "the waterfall", "the cave", "the meadow", "the wooden hut"],
     ["goat", "eagle", "fox", "marmot"], ["The snow on the peaks was shining", "The wind was cool and clean", "Clouds rolled over the valley"]),
    ("beside a wide river", ["the river bank", "the old mill", "the willow tree", "the wooden bridge", "the reeds"],
     ["otter", "frog", "duck", "beaver"], ["The water was slow and brown", "Dragonflies danced over the water", "The reeds were whispering"]),
    ("on a tiny island", ["the lighthouse", "the palm trees", "the lagoon", "the cliff", "the hidden bay"],
     ["parrot", "turtle", "dolphin", "crab"], ["The sea was bright and blue", "The palms were swaying", "The sand was warm"]),
    ("in a snowy land in the far north", ["the frozen lake", "the ice cave", "the pine wood", "the snowy hill", "the sled track"],
     ["reindeer", "hare", "bear cub", "penguin"], ["The snow was soft and deep", "The air was cold and clear", "Green lights moved in the sky"]),
    ("in a big busy city", ["the park", "the train station", "the museum", "the toy shop", "the fountain"],
     ["pigeon", "cat", "dog", "sparrow"], ["Cars and bikes were passing by", "The windows were shining", "The street lamps were bright"]),
    ("near an old castle", ["the gate", "the rose garden", "the high tower", "the stables", "the moat"],
     ["pony", "swan", "raven", "peacock"], ["Flags were waving on the towers", "The roses were in bloom", "The stone walls were warm in the sun"]),
]

# Heroes that are neither a girl, a boy nor a small animal; the first two have one gender.
FIGURES = {"f": "princess knight pirate robot dragon lion elephant monkey horse wolf sheep giraffe tiger bee".split(),
           "m": "prince knight pirate robot dragon lion elephant monkey horse wolf sheep giraffe tiger bee".split()}
ANIMALS = "fox rabbit bear mouse owl hedgehog squirrel badger otter frog duck turtle cat dog goat beaver raccoon deer mole penguin".split()
ADULTS = {"f": "baker aunt fisherwoman painter queen witch teacher shepherdess gardener doctor".split(),
          "m": "baker uncle fisherman painter king wizard teacher shepherd gardener clockmaker sailor miller".split()}
TRAITS = "curious kind brave shy clever quiet cheerful patient stubborn gentle lively dreamy careful lonely playful helpful".split()

# Words for the extraction of fields.
CITIES = """Paris London Berlin Madrid Rome Vienna Oslo Lisbon Prague Dublin Cairo Tokyo Boston Chicago Toronto Sydney Nairobi
Lima Athens Warsaw Zurich Hamburg Milan Seoul Delhi Quito Riga Porto Lyon Bergen Denver Austin Geneva Bruges Kyoto""".split()
JOBS = """baker|teacher|nurse|pilot|farmer|doctor|painter|carpenter|cook|gardener|engineer|writer|singer|driver|lawyer|dentist
plumber|tailor|sailor|librarian|mechanic|waiter|photographer|journalist|architect|electrician|firefighter|scientist
musician|shopkeeper|translator|programmer""".replace("\n", "|").split("|")
COLORS = "red blue green yellow black white brown purple orange pink grey silver golden violet".split()
ITEMS = """chair|table|lamp|bicycle|coat|jacket|hat|sofa|teapot|backpack|umbrella|camera|guitar|phone|clock|mug|carpet|desk|tent
scarf|mirror|helmet|kettle|vase|blanket|suitcase|skateboard|notebook|sweater|bowl|bookshelf|pillow|piano|drum""".replace("\n", "|").split("|")
MONTHS = "January February March April May June July August September October November December".split()
PETS = "dog cat rabbit parrot hamster pony turtle goldfish goat duck".split()
