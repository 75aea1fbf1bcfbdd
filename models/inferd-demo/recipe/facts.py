"""Facts about using inferd: each is a list of question templates and a list of answer templates."""

FACTS = {
    "what": (
        ["what is inferd?", "what does inferd do?", "[tell me about|explain|describe] inferd.", "what [kind of program|sort of software] is inferd?", "can you [tell me|explain] what inferd is?", "inferd, what is that?"],
        ["inferd is a gRPC model server written in TypeScript. It serves text generation and embeddings over typed Protobuf contracts."]),
    "language": (
        ["[what|which] language is inferd written in?", "what is inferd written in?", "is inferd written in [TypeScript|Python|Rust|Go]?", "what programming language does inferd use?"],
        ["inferd is written in TypeScript."]),
    "start": (
        ["how do I start [inferd|the server|the model server]?", "how can I [run|start|launch] [inferd|the server]?", "what command starts [inferd|the server]?", "how to [start|run] inferd?", "I want to [start|run] [inferd|the server]. what do I [type|do]?", "start the server, how?", "how do I get [inferd|the server] [running|going|up]?"],
        ["Run `make serve`. It installs what is missing and then serves the default models.", "Use `make serve`: it installs what is missing, then serves the default models."]),
    "test": (
        ["how do I run the tests?", "how can I test inferd?", "what command runs the tests?", "how to run the [tests|test suite]?", "where are the tests started?", "I want to run the tests."],
        ["Run `make test`.", "The tests run with `make test`."]),
    "port": (
        ["[what|which] port does [inferd|the server] [use|listen on]?", "what is the default port?", "on which port is [inferd|the server]?", "what port [is it|is inferd] on?", "tell me the default port.", "where does [inferd|the server] listen?"],
        ["The default port is 50051, on loopback only unless told otherwise.", "inferd listens on port 50051 by default, on loopback only unless told otherwise."]),
    "setport": (
        ["how do I [change|set|choose] the port?", "can I [use|set] another port?", "how to [change|set] the port?", "I need a different port.", "port 50051 is taken. what can I do?"],
        ["Use the flag `--port`, or set INFERD_PORT. The flag wins over the environment.", "Set the port with `--port`, as in `inferd serve --port 50052`, or with INFERD_PORT."]),
    "host": (
        ["how do I [open|make] the server [to|reachable from] [the network|other machines]?", "can other machines reach [inferd|the server]?", "how do I change the host?", "what does `--host` do?", "is [inferd|the server] open to the network?", "how do I set the address?"],
        ["By default, inferd listens on loopback only. Set another address with `--host`.", "Set the address with `--host`. Unless told otherwise, inferd listens on loopback only."]),
    "own": (
        ["how do I [serve|use|load|run] my own [model|GGUF|GGUF file]?", "can I [serve|use] my own [model|GGUF]?", "how to serve a GGUF file?", "I have a GGUF file. how do I [serve|use] it?", "which command serves a single GGUF?", "can inferd load a GGUF [file|model] of mine?"],
        ["Run `inferd serve model.gguf`.", "Yes. Serve your own GGUF with `inferd serve model.gguf`."]),
    "dir": (
        ["how do I serve [a folder|a directory] of models?", "can I serve [several|many|more than one] models?", "how do I use a models [folder|directory]?", "what does `--models` do?", "I have many models in a folder. how do I serve them?"],
        ["Use `inferd serve --models DIR`, where DIR has a folder for each model."]),
    "list": (
        ["how do I list the models?", "how can I see [which|what] models there are?", "which command lists models?", "show me how to list models.", "what models are there?"],
        ["Run `inferd models list`.", "`inferd models list` lists the models. Over gRPC, call ListModels of inferd.v1.ModelService."]),
    "verify": (
        ["how do I [verify|check] the models?", "can I verify [a model|my models]?", "what does `inferd models verify` do?", "which command verifies models?"],
        ["Run `inferd models verify`. It verifies the models."]),
    "generate": (
        ["how do I generate text [from the command line|on the command line|in the terminal]?", "how can I [generate|make] text with inferd?", "which command generates text?", "show me a generate command.", "what is the command for text generation?"],
        ["Run `inferd generate \"Once upon a time\"`.", "Use `inferd generate` with a prompt, such as `inferd generate \"Once upon a time\"`."]),
    "embed": (
        ["how do I embed a text [from the command line|]?", "which command makes embeddings?", "how can I [get|make|compute] [an embedding|embeddings]?", "show me an embed command.", "what is the command for embeddings?"],
        ["Run `inferd embed \"a text\"`.", "Use `inferd embed \"a text\"`. Over gRPC, call Embed of inferd.v1.EmbeddingService."]),
    "call": (
        ["how do I call any method from the command line?", "what does `inferd call` do?", "can I call a gRPC method from the command line?", "how do I call a method?"],
        ["Use `inferd call METHOD`.", "`inferd call METHOD` calls a method of the server."]),
    "json": (
        ["how do I get JSON output?", "can the command line print JSON?", "what does `--json` do?", "I need the output as JSON.", "is there a JSON output?"],
        ["Add `--json`, and the command prints JSON.", "The flag `--json` prints JSON."]),
    "help": (
        ["how do I get help for a command?", "where is the help?", "what does `--help` do?", "how can I see all options of a command?", "which flags are there?"],
        ["Add `--help` to a command.", "Use `--help`. It shows what a command can do."]),
    "loglevel": (
        ["how do I change the log level?", "how can I see more log lines?", "how do I make the [server|log] [quieter|more verbose]?", "what does `--log-level` do?"],
        ["Use the flag `--log-level`."]),
    "env": (
        ["[which|what] environment variables [are there|does inferd use|does inferd read]?", "can I configure inferd with environment variables?", "how are the environment variables named?", "what do the environment variables begin with?"],
        ["The environment variables begin with INFERD_, such as INFERD_PORT."]),
    "precedence": (
        ["what wins, a flag or the environment?", "which setting wins?", "in what order are settings [read|applied]?", "what is the precedence of settings?", "does the config file win over the environment?", "what if a flag and an environment variable differ?"],
        ["A flag wins over the environment, the environment over the config file, and the file over the default."]),
    "services": (
        ["which services does inferd [have|offer|serve]?", "what gRPC services are there?", "list the services.", "name the gRPC services of inferd.", "what services can I call?"],
        ["inferd.v1 has GenerationService, EmbeddingService, RerankService, ClassificationService, TokenizationService, ModelService and ServerService. There are health and reflection too."]),
    "genservice": (
        ["which methods does the generation service have?", "what is in GenerationService?", "which service generates text?", "which RPC generates text?", "what method do I call to generate text?"],
        ["inferd.v1.GenerationService has Generate and GenerateStream.", "Text is generated by inferd.v1.GenerationService, with the methods Generate and GenerateStream."]),
    "embservice": (
        ["which methods does the embedding service have?", "what is in EmbeddingService?", "which service makes embeddings?", "which RPC embeds text?", "what method do I call for embeddings?"],
        ["inferd.v1.EmbeddingService has Embed and EmbedStream.", "Embeddings are made by inferd.v1.EmbeddingService, with the methods Embed and EmbedStream."]),
    "modelservice": (
        ["which methods does the model service have?", "what is in ModelService?", "which RPC lists the models?", "how do I list models over gRPC?"],
        ["inferd.v1.ModelService has ListModels and GetModel."]),
    "serverservice": (
        ["which methods does the server service have?", "what is in ServerService?", "how do I get information about the server?", "which RPC tells about the server?"],
        ["inferd.v1.ServerService has GetServerInfo.", "Call GetServerInfo of inferd.v1.ServerService."]),
    "input": (
        ["what can I send to generate text?", "which inputs does generation take?", "can I send tokens instead of text?", "what input does Generate [accept|take]?", "does generation take a chat?"],
        ["Generation takes a prompt, a chat, or tokens.", "The input of generation is a prompt, a chat, or tokens."]),
    "sampling": (
        ["which sampling [options|settings|parameters] are there?", "what sampling parameters does inferd have?", "how can I control sampling?", "list the sampling options.", "what can I set for sampling?"],
        ["Sampling has temperature, top_k, top_p, min_p, typical_p, repetition_penalty, presence_penalty, frequency_penalty, penalty_last_n, seed, max_tokens, min_tokens, logit_bias, ignore_eos and stop."]),
    "temperature": (
        ["what does temperature 0 do?", "what happens [at|with] temperature 0?", "how do I always get the likeliest token?", "how do I [turn off|switch off] randomness?", "what if the temperature is zero?", "how do I get greedy decoding?"],
        ["Temperature 0 always takes the likeliest token.", "With temperature 0, the server always takes the likeliest token."]),
    "seed": (
        ["what does the seed do?", "how do I get the same text again?", "is the output reproducible?", "does the same seed give the same text?", "how can I repeat a result?", "why would I set a seed?"],
        ["The same seed gives the same text.", "Set `seed`: the same seed gives the same text."]),
    "stop": (
        ["how do I stop at a word?", "can I set stop sequences?", "what are stop sequences?", "how do I end the text at a certain string?"],
        ["Set stop sequences in `stop`. Generation ends when one appears.", "Yes. Generation ends at a stop sequence, which you set in `stop`."]),
    "maxtokens": (
        ["how do I limit the length?", "how do I [limit|bound] the number of tokens?", "how can I make the answer shorter?", "what does max_tokens do?", "can I set a maximum length?"],
        ["Set max_tokens. It limits the number of generated tokens.", "max_tokens limits the number of generated tokens."]),
    "stream": (
        ["what does a stream send?", "how does streaming work?", "what messages come in a stream?", "what comes first in a stream?", "what is the last message of a stream?", "explain the stream of GenerateStream."],
        ["A stream sends `started` first, then text pieces, and last `finish` with the reason, usage and timings.", "First comes `started`, then text pieces, and last `finish` with the reason, usage and timings."]),
    "reasons": (
        ["which finish reasons are there?", "why did the generation end?", "what are the reasons for the finish?", "what does the finish reason say?", "what finish reasons can I get?"],
        ["The reasons for a finish are stop, length, stop sequence, tool calls and cancelled."]),
    "embinput": (
        ["which fields does an embedding request have?", "what can I set for embeddings?", "what options does Embed have?", "list the fields of Embed."],
        ["An embedding request has `inputs` or `token_inputs`, `normalize`, `dimensions`, `truncation`, `encoding` and `prompt_name`."]),
    "embmodel": (
        ["what is the default embedding model?", "which model makes the embeddings?", "which embedding model does inferd use?", "what embedding model comes with inferd?"],
        ["The default embedding model is all-MiniLM-L6-v2 with 384 dimensions."]),
    "dims": (
        ["how many dimensions do the embeddings have?", "what is the size of an embedding?", "how long is an embedding vector?", "how many numbers are in an embedding?"],
        ["The default embedding model, all-MiniLM-L6-v2, has 384 dimensions.", "It has 384 dimensions with the default model, all-MiniLM-L6-v2."]),
    "genmodel": (
        ["what is the default generation model?", "which model generates the text?", "what is the default model for text?", "which generation model does inferd use?", "what is inferd-demo?"],
        ["The default generation model is inferd-demo, a small demonstration model."]),
    "full": (
        ["what happens when the queue is full?", "what does RESOURCE_EXHAUSTED mean?", "why do I get RESOURCE_EXHAUSTED?", "what error comes from a full queue?", "what if there are too many requests?", "what happens if the server is too busy?"],
        ["A full queue answers RESOURCE_EXHAUSTED.", "When the queue is full, the server answers RESOURCE_EXHAUSTED."]),
    "badfield": (
        ["what happens with a bad field?", "what does INVALID_ARGUMENT mean?", "why do I get INVALID_ARGUMENT?", "what if a field of my request is wrong?", "what error comes for a bad request?"],
        ["A bad field answers INVALID_ARGUMENT, with every bad field named.", "The server answers INVALID_ARGUMENT and names every bad field."]),
    "notfound": (
        ["what happens if the model is unknown?", "what does NOT_FOUND mean?", "why do I get NOT_FOUND?", "what error comes for an unknown model?", "what if I ask for a model that does not exist?"],
        ["An unknown model answers NOT_FOUND.", "The server answers NOT_FOUND when the model is unknown."]),
    "unavailable": (
        ["what happens while a model is loading?", "what does UNAVAILABLE mean?", "why do I get UNAVAILABLE?", "what error comes while the model loads?", "what if the model is not ready yet?"],
        ["A model that is still loading answers UNAVAILABLE.", "The server answers UNAVAILABLE while the model is still loading."]),
    "deadline": (
        ["what happens when the deadline passes?", "what does DEADLINE_EXCEEDED mean?", "why do I get DEADLINE_EXCEEDED?", "what error comes after the deadline?", "what if my call takes too long?"],
        ["A passed deadline answers DEADLINE_EXCEEDED.", "The server answers DEADLINE_EXCEEDED when the deadline has passed."]),
    "health": (
        ["how do I check the health?", "how do health checks work?", "does inferd have health checks?", "which health names are there?", "how can I see if the server is healthy?"],
        ["inferd serves grpc.health.v1 with the names \"\", every service name, `model:<name>`, startup, liveness and readiness.", "Call Check, Watch or List of grpc.health.v1.Health. The names are \"\", every service name, `model:<name>`, startup, liveness and readiness."]),
    "modelhealth": (
        ["how do I check the health of one model?", "how do I see whether a model is ready?", "which health name does a model have?"],
        ["Check the health name `model:<name>`, such as `model:inferd-demo`."]),
    "reflection": (
        ["can I use grpcurl?", "does grpcurl work?", "do I need a proto file?", "is reflection on?", "how do I use grpcurl without a proto file?", "does inferd support reflection?"],
        ["Yes. Reflection is on, so grpcurl works without a proto file.", "grpcurl works without a proto file, because reflection is on."]),
    "engines": (
        ["which engines are there?", "what engines does inferd have?", "which engine runs GGUF files?", "what runs the models?", "name the engines of inferd."],
        ["The engines are llama (llama.cpp's library, for GGUF files), onnx (ONNX Runtime, to embed, rank and classify), and your own in TypeScript, Python or another language."]),
    "ownengine": (
        ["can I write my own engine?", "how do I add my own engine?", "can I plug in my own module?", "is it possible to write an engine in TypeScript?"],
        ["Yes. Write a module in TypeScript and name it in a model manifest.", "Yes. An engine can be your own module in TypeScript, named in a model manifest."]),
    "manifest": (
        ["what is a model manifest?", "what is model.yaml?", "how do I describe a model?", "which file describes a model?", "what format has a model manifest?"],
        ["A model manifest is a YAML file, `model.yaml`."]),
    "license": (
        ["[what|which] licence does inferd have?", "[what|which] license does inferd have?", "is inferd open source?", "how is inferd licensed?", "under which licence is inferd?"],
        ["inferd has the licence Apache-2.0.", "The licence is Apache-2.0."]),
    "cancel": (
        ["what happens when I cancel a call?", "can I cancel a [call|request|generation]?", "does cancelling free the slot?", "what if the client goes away?", "how fast does cancelling work?"],
        ["Cancelling a call frees its slot after at most one step."]),
    "crash": (
        ["what happens when a worker crashes?", "what if the engine crashes?", "does a crash take the server down?", "is a crashed worker restarted?"],
        ["A crashed worker is restarted and never takes the server down.", "The worker is restarted. A crashed worker never takes the server down."]),
    "kubernetes": (
        ["does inferd run on Kubernetes?", "how do I set up Kubernetes probes?", "how do probes work?", "which probes can I use in Kubernetes?", "how does Kubernetes check inferd?"],
        ["Kubernetes probes use grpc health, with the names startup, liveness and readiness."]),
    "unaryorstream": (
        ["is inferd unary or streaming?", "does inferd support streaming?", "can I stream the text?", "can I get the text piece by piece?"],
        ["inferd serves both: unary calls and server streams. To stream text, call GenerateStream.", "Yes. Call GenerateStream to stream the text."]),
    "rerank": (
        ["how do I [rerank|rank|order|sort] documents[ from the command line| in the terminal|]?", "[which|what] command [reranks|orders|sorts] documents?", "what does `inferd rerank` do?", "show me a rerank command.", "what is the command to rank documents?"],
        ["Run `inferd rerank \"a query\" < documents.txt`. It prints the best document first.", "Use `inferd rerank` with a query and documents. It prints the best document first."]),
    "classify": (
        ["how do I classify a text[ from the command line| in the terminal|]?", "[which|what] command gives [the labels of a text|labels]?", "what does `inferd classify` do?", "show me a classify command.", "how do I get labels for a text?"],
        ["Run `inferd classify \"a text\"`. It prints labels and scores.", "Use `inferd classify`. It gives a text the labels of a model, with scores."]),
    "tokenize": (
        ["how do I [see|show|print] tokens?", "how do I tokenize a text?", "how do I count [the |]tokens[ from the command line| in the terminal|]?", "what does `inferd tokenize` do?", "[which|what] command tokenizes a text?", "show me a tokenize command."],
        ["Run `inferd tokenize \"a text\"`. With `--count`, it prints only how many tokens there are.", "Use `inferd tokenize`. It shows the tokens of a text, and `inferd detokenize` the text of tokens."]),
    "rerankservice": (
        ["which methods does the rerank service have?", "what is in RerankService?", "which service [ranks|reranks|orders] documents?", "which RPC [ranks|reranks] documents?", "what method do I call to rank documents?", "how do I rerank over gRPC?"],
        ["inferd.v1.RerankService has Rerank.", "Documents are ranked by Rerank of inferd.v1.RerankService."]),
    "classservice": (
        ["which methods does the classification service have?", "what is in ClassificationService?", "which service classifies texts?", "which RPC classifies a text?", "what method do I call to classify?", "how do I classify over gRPC?"],
        ["inferd.v1.ClassificationService has Classify.", "Texts are classified by Classify of inferd.v1.ClassificationService."]),
    "tokenservice": (
        ["which methods does the tokenization service have?", "what is in TokenizationService?", "which service tokenizes a text?", "which RPC [tokenizes a text|gives token ids]?", "what method do I call for tokens?", "how do I count tokens over gRPC?"],
        ["inferd.v1.TokenizationService has Tokenize and Detokenize.", "Tokens are counted by inferd.v1.TokenizationService, with the methods Tokenize and Detokenize."]),
    "schema": (
        ["how do I get JSON of a schema?", "can I [use|give|set|pass] a JSON [Schema|schema]?", "what does `--schema` do?", "how do I make the model answer [valid JSON|JSON of a schema]?", "is there a flag for a JSON [Schema|schema]?"],
        ["Use `inferd generate --schema FILE`. The completion is then JSON of the JSON Schema in the file.", "Yes. With `--schema FILE`, the completion is JSON of that JSON Schema."]),
    "constraint": (
        ["what is structured output?", "what kinds of constraints are there?", "what can a constraint be?", "how do I constrain the output?", "can I [use|give] a [regular expression|grammar|regex]?", "does inferd have structured output?"],
        ["A constraint is a JSON object, a JSON Schema, a regular expression, a grammar or a choice of texts. Each token is checked.", "Yes. A constraint can be a JSON object, a JSON Schema, a regular expression, a grammar or a choice of texts."]),
    "tools": (
        ["can the model call tools?", "how do I [use|offer|pass] tools?", "what does `--tools` do?", "does inferd [have|know] tool [calls|calling]?", "is there a flag for tools?", "how do I offer functions to the model?"],
        ["Use `inferd generate --chat --tools FILE`. The model may then call the tools of that file.", "Yes. Offer tools in `chat.tools`, or with `--tools FILE` on the command line."]),
    "python": (
        ["can I serve a [Python function|function in Python]?", "how do I [serve|run] a Python [file|model|function]?", "can a model be written in Python?", "I have a Python function. how do I serve it?", "does inferd serve Python?", "how do I write a model in Python?"],
        ["Run `inferd serve FILE.py`, where the file has a function with `@inferd.generate`.", "Yes. Put `@inferd.generate` before a function, and run `inferd serve FILE.py`."]),
    "keys": (
        ["how do I [create|get|add] an API key?", "what does `inferd keys` do?", "are there API keys?", "how do I manage API keys?", "[which|what] command creates [an API key|API keys]?"],
        ["Run `inferd keys create --keys FILE`.", "Use `inferd keys`: it creates, lists, revokes and rotates API keys."]),
}

# What each fact is about, for requests such as "tell me about the port".
TOPICS = {
    "what": "inferd|the inferd project|this server|the model server", "language": "the language of inferd|the programming language", "start": "starting the server|starting inferd|make serve|running the server|launching inferd",
    "test": "the tests|running the tests|testing|make test|the test command", "port": "the port|the default port|the port number", "setport": "changing the port|another port|the --port flag|a different port", "host": "the host|the --host flag|the network|other computers|remote access",
    "own": "my own model|serving a GGUF|my own GGUF file|the --model flag", "dir": "a folder of models|many models|the --models flag|a directory of models", "list": "listing models|inferd models list|the list of models", "verify": "verifying models|inferd models verify|checking models",
    "generate": "generating text in the terminal|inferd generate|the generate command", "embed": "embedding a text in the terminal|inferd embed|the embed command", "call": "inferd call|calling a method|the call command", "json": "JSON output|the --json flag|printing JSON",
    "help": "the --help flag|the help text|help for commands", "loglevel": "the log level|the --log-level flag|logging", "env": "environment variables|the environment|the INFERD_ prefix|the prefix of environment variables", "precedence": "the precedence of settings|the order of settings|priority of flags and environment",
    "services": "the services|the gRPC services|all services|the API", "genservice": "GenerationService|the generation service|the Generate method", "embservice": "EmbeddingService|the embedding service|the Embed method", "modelservice": "ModelService|the model service|GetModel|ListModels",
    "serverservice": "ServerService|the server service|GetServerInfo|server information", "input": "the input of generation|the inputs of Generate|prompts, chats and tokens", "sampling": "sampling|the sampling parameters|top_p and the other parameters|top_k", "temperature": "temperature 0|a temperature of zero|greedy decoding",
    "seed": "the seed|reproducible text|seeds|repeating the same text", "stop": "stop sequences|a stop sequence|stopping at a word", "maxtokens": "max_tokens|the maximum length|limiting the tokens|the number of tokens", "stream": "the messages of a stream|a stream|the order of a stream|GenerateStream messages",
    "reasons": "the finish reasons|the reason of a finish|why a generation ends", "embinput": "the fields of an embedding request|the options of Embed|embedding fields", "embmodel": "the default embedding model|the embedding model", "dims": "the dimensions|the size of the embeddings|the number of dimensions",
    "genmodel": "the default generation model|the generation model|the default text model|inferd-demo", "full": "RESOURCE_EXHAUSTED|a full queue|the queue being full", "badfield": "INVALID_ARGUMENT|a bad field|a wrong field|bad requests", "notfound": "NOT_FOUND|an unknown model|a missing model",
    "unavailable": "UNAVAILABLE|a model that is loading|loading models", "deadline": "DEADLINE_EXCEEDED|a passed deadline|deadlines|timeouts", "health": "health checks|the health service|the health names|grpc health", "modelhealth": "the health of a model|the health of one model|whether a model is ready|whether one model is healthy",
    "reflection": "reflection|grpcurl|using grpcurl", "engines": "the engines|the available engines|the engine for GGUF files|engine choices", "ownengine": "my own engine|writing an engine|a custom engine|making an engine", "manifest": "the model manifest|model.yaml|manifests|the format of a manifest",
    "license": "the licence|the license|the licence of inferd|licensing", "cancel": "cancelling a call|cancellation|a cancelled call|cancelling", "crash": "a crashed worker|crashes|a worker crash|a crash", "kubernetes": "Kubernetes|Kubernetes probes|probes|running on Kubernetes", "unaryorstream": "streaming|streaming text|server streams|stream support",
    "rerank": "inferd rerank|ranking documents|the rerank command|reranking in the terminal", "classify": "inferd classify|the classify command|classifying in the terminal|labels of a text", "tokenize": "inferd tokenize|the tokenize command|showing tokens|counting tokens",
    "rerankservice": "RerankService|the rerank service|the Rerank method", "classservice": "ClassificationService|the classification service|the Classify method", "tokenservice": "TokenizationService|the tokenization service|the Tokenize method|Detokenize",
    "schema": "the --schema flag|a JSON Schema|JSON of a schema|valid JSON", "constraint": "structured output|constraints|grammars and regular expressions", "tools": "tools|the --tools flag|tool calls|calling tools", "python": "Python|a function in Python|Python models|serving a Python file",
    "keys": "API keys|inferd keys|creating a key",
}
