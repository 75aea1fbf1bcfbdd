"""The wordings of the checks, which are kept out of the training text."""

STORY_ASKS = [
    "I cannot sleep. Would you tell me something about a {kind} named {name}?", "Please invent a story in which a {kind} named {name} appears.",
    "My daughter wants a story about a {kind} whose name is {name}.", "How about a story with a {kind} called {name}?", "Story time! A {kind} named {name}, please.",
    "Today I want to hear about a {kind} named {name}. Tell me a story.", "We need a story for the evening: a {kind} named {name}.", "Could I have a story about a {kind} named {name}, please?",
]

EXTRACT_ASKS = [
    "I need {fields} as JSON from the following text: {text}", "Please answer with a JSON object that has {fields}.\n\n{text}", "Parse this and give {fields} as JSON: {text}",
    "Pull {fields} out of this sentence as JSON: {text}", "Here is a text: {text}\nExtract {fields} as JSON, please.", "Convert to JSON ({fields}): {text}",
]

SCHEMA_ASKS = [
    "Read this text and fill the schema {schema}: {text}", "Give me JSON that matches this JSON Schema: {schema}\n\nThe text: {text}", "Here is a JSON Schema: {schema}\nHere is a text: {text}\nWrite the JSON.",
    "I need the data of this text as JSON. The schema is {schema}. {text}",
]

WEATHER_ASKS = ["could you please tell me how the weather is in {city}?", "I would like to know the weather in {city}.", "is there rain in {city} today?", "how cold will it be in {city}?", "please find out the weather of {city}."]
ADD_ASKS = ["can you add up {a} and {b}?", "what do I get if I add {a} and {b}?", "give me the total of {a} and {b}.", "I need the sum of {a} and {b}, please.", "how much does {a} and {b} make?"]
# What the definitions of the tools say.
WEATHER_TEXTS = ["Shows how the weather is in a city.", "Weather report for one city", "Answers with the weather of the city."]
ADD_TEXTS = ["Adds a pair of numbers.", "Gives the total of two numbers", "Answers with the sum of two numbers."]

FACT_QUESTIONS = {
    "what": ["So what exactly is inferd?", "Give me a short description of inferd."], "language": ["Which programming language was inferd built in?", "In what language is the server written?"],
    "start": ["How do I launch the model server?", "What should I type to start inferd?"], "test": ["How are the tests run?", "Which command do I use for the tests?"],
    "port": ["What port number does the server use by default?", "Which port should a client connect to?"], "setport": ["How can I use a different port?", "Is it possible to change the port?"],
    "host": ["How do I let other computers reach the server?", "Can I make inferd reachable from another machine?"], "own": ["How can I serve a GGUF file of my own?", "What is the command to serve my own GGUF model?"],
    "dir": ["How can I serve a whole folder of models?", "Which flag takes a folder of models?"], "list": ["What command shows me the models?", "How do I see a list of the models?"],
    "verify": ["How can I check that my models are fine?", "Is there a command to verify models?"], "generate": ["How can I generate text in the terminal?", "Which command line makes text?"],
    "embed": ["How do I make an embedding on the command line?", "What command gives me an embedding of a text?"], "call": ["How can I call a method from the terminal?"],
    "json": ["How can I make the command print JSON?", "I want JSON output on the command line."], "help": ["How can I see the help of a command?"], "loglevel": ["Which flag changes the log level?", "How can I set the log level?"],
    "env": ["What is the prefix of the environment variables?", "Which environment variables can I set?"], "precedence": ["Does a flag win over an environment variable?", "What has priority, the config file or the environment?"],
    "services": ["Which gRPC services can I use?", "What are the services of inferd?"], "genservice": ["What methods are in the generation service?", "Which gRPC method generates text?"],
    "embservice": ["What methods are in the embedding service?", "Which gRPC method makes an embedding?"], "modelservice": ["What methods are in the model service?"], "serverservice": ["What method tells me about the server?"],
    "input": ["What inputs can Generate take?", "Can I send a chat to Generate?"], "sampling": ["What are the sampling parameters?", "Which parameters control the sampling?"],
    "temperature": ["What if I set the temperature to 0?", "What is the effect of temperature 0?"], "seed": ["Will the same seed give me the same text?", "How can I get the same output twice?"],
    "stop": ["How do I set a stop sequence?", "What does a stop sequence do?"], "maxtokens": ["How can I limit how many tokens are generated?", "How do I set the maximum number of tokens?"],
    "stream": ["Which messages does a stream send?", "What is the first message of a stream?"], "reasons": ["What can the finish reason be?"], "embinput": ["What fields are in an embedding request?"],
    "embmodel": ["Which embedding model is the default?", "What model is used for embeddings?"], "dims": ["How many dimensions does an embedding have?", "What is the dimension of the embeddings?"],
    "genmodel": ["Which generation model is the default?", "What is the default text model?"], "full": ["What error do I get if the queue is full?", "When do I get RESOURCE_EXHAUSTED?"],
    "badfield": ["What error do I get for a bad field?", "When do I get INVALID_ARGUMENT?"], "notfound": ["What error do I get for an unknown model?", "When do I get NOT_FOUND?"],
    "unavailable": ["What error do I get while the model is loading?", "When do I get UNAVAILABLE?"], "deadline": ["What error do I get when the deadline has passed?", "When do I get DEADLINE_EXCEEDED?"],
    "health": ["Is there a health check?", "What names does the health service know?"], "modelhealth": ["How can I check whether one model is healthy?"],
    "reflection": ["Does inferd work with grpcurl?", "Must I have a proto file for grpcurl?"], "engines": ["What are the engines of inferd?", "Which engine is used for GGUF files?"],
    "ownengine": ["Can I make my own engine in TypeScript?"], "manifest": ["What does a model manifest look like?", "Which format is model.yaml?"], "license": ["Under what licence can I use inferd?", "Which license applies to inferd?"],
    "cancel": ["What does cancelling a call do?", "Is the slot free after I cancel?"], "crash": ["What happens after a worker crash?", "Will the server stop if a worker crashes?"],
    "kubernetes": ["Can I run inferd on Kubernetes?", "What probes should I use on Kubernetes?"], "unaryorstream": ["Is streaming supported?", "How can I stream text?"],
    "rerank": ["How can I order documents by a query in the terminal?", "Which command ranks documents?"], "classify": ["How can I get the labels of a text in the terminal?", "Which command classifies a text?"],
    "tokenize": ["How can I see the tokens of a text?", "Which command shows tokens?"], "rerankservice": ["What method is in the rerank service?", "Which gRPC method orders documents?"],
    "classservice": ["What method is in the classification service?", "Which gRPC method labels a text?"], "tokenservice": ["What methods are in the tokenization service?", "Which gRPC method counts tokens?"],
    "schema": ["How can I get JSON that is valid under a schema?", "Which flag takes a JSON Schema?"], "constraint": ["What kinds of structured output can I ask for?", "Can the output be held to a regular expression?"],
    "tools": ["How can I give the model tools?", "Does inferd support function calling?"], "python": ["How can I serve a function in Python?", "Which command serves a Python file?"], "keys": ["How can I make an API key?", "Which command makes API keys?"],
}

# Facts that came later: they are counted apart, so that the others' rate can be compared with that of earlier models.
NEWER_FACTS = {"rerank", "classify", "tokenize", "rerankservice", "classservice", "tokenservice", "schema", "constraint", "tools", "python", "keys"}

# Questions, and a pattern that an honest answer holds.
_GREETING = r"^(Hello|Hi)\b|How can I help|I am (fine|well)"
_ABOUT = r"demonstration model|small model|inferd-demo"
_REFUSAL = r"small demonstration model"
CHAT_QUESTIONS = [
    ("Hello, how are you doing?", _GREETING), ("Hi model!", _GREETING), ("Good afternoon!", _GREETING), ("Hey, hello!", _GREETING),
    ("Who am I talking to?", _ABOUT), ("What sort of model are you?", _ABOUT), ("Tell me who you are.", _ABOUT), ("What can you do for me?", r"stor(y|ies)"), ("What are your skills?", r"stor(y|ies)"),
    ("What do you do?", r"stor(y|ies)|demonstration"), ("Thank you, that was helpful!", r"welcome|glad"), ("Thanks for the help!", r"welcome|glad"), ("Bye bye!", r"[Bb]ye"), ("Goodbye, see you tomorrow!", r"[Bb]ye"),
    ("What is the capital of Germany?", _REFUSAL), ("What is 8 times 6?", _REFUSAL), ("Write a program in C.", _REFUSAL), ("Translate good night into Dutch.", _REFUSAL), ("Who invented the train?", _REFUSAL),
    ("What is the weather in Berlin?", _REFUSAL), ("Explain gravity to me.", _REFUSAL), ("Who is the president of Mexico?", _REFUSAL), ("Give me advice about my money.", _REFUSAL), ("How do I fix my bicycle?", _REFUSAL),
    ("What is the population of China?", _REFUSAL), ("Can you write an essay about dogs?", _REFUSAL), ("Who won the match yesterday?", _REFUSAL), ("Please do my homework.", _REFUSAL),
    ("Are you ever wrong?", r"wrong|mistakes|check"), ("How many parameters are in you?", r"six million|small"),
]


def _plain(text):
    """Return a question without capitals and end marks, so that the same words compare equal."""
    return text.lower().strip().rstrip("?!. ")


_HELD_OUT = {_plain(question) for questions in FACT_QUESTIONS.values() for question in questions} | {_plain(question) for question, _ in CHAT_QUESTIONS}


def is_held_out_question(text):
    """Whether a question belongs to the checks."""
    return _plain(text) in _HELD_OUT
