"""Records what other libraries compute with the models that fetch.py brings: oracle.json, for the tests beside it.

    python3 -m venv venv && venv/bin/pip install -r record.txt
    venv/bin/python record.py ../../.cache/real-models

Vectors: onnxruntime for Python with the tokenizers library, each text alone, pooled and normalised here in float64.
Text: transformers in float32 at temperature zero. The gap is how far ahead the likeliest token was at each step, in
logits: where it is near zero another library may rightly choose the other token.
"""

import base64
import json
import sys
from pathlib import Path

import numpy
import onnxruntime
import tokenizers
import torch
import transformers

here = Path(__file__).parent
folder = Path(sys.argv[1]).resolve()
longest = 512

texts = [
    "a cat on the mat",
    "",
    "A cat is on THE mat!!!",
    "[CLS] in the text [SEP] and [MASK] too",
    "Привет, мир. Как дела сегодня?",
    "猫在垫子上。𠀀𠮷 天気がいいですね。 안녕하세요",
    "القطة على السجادة",
    "ΑΘΗΝΑΣ και Ὀδυσσεύς",
    "cafe\u0301 naïve Ångström ﬁne ½ İstanbul",
    "👩‍👩‍👧‍👦 🙂🏽 ☃ 🇫🇷 tab\there\u00a0and\u200bthere",
    "नमस्ते दुनिया ไทย ภาษา שלום",
    "def f(x):\n    return x ** 2  # 3.14e-10 == π?",
    "The quick brown fox jumps over the lazy dog. " * 70,
]

prompts = [
    "Once upon a time",
    "The capital of France is",
    "def fibonacci(n):",
    "1, 2, 3, 4,",
    "naïve café 🙂 — über 猫",
]
chats = [
    [{"role": "user", "content": "What is the capital of France?"}],
    [
        {"role": "system", "content": "Answer in one word."},
        {"role": "user", "content": "Which colour has the sky?"},
    ],
    [
        {"role": "user", "content": "My name is Ann."},
        {"role": "assistant", "content": "Hello Ann!"},
        {"role": "user", "content": "  What is my name?  "},
    ],
]
new_tokens = 32


def pooled(hidden: numpy.ndarray, pooling: str) -> numpy.ndarray:
    rows = hidden[0].astype(numpy.float64)
    vector = rows[0] if pooling == "cls" else rows.mean(axis=0)
    return (vector / numpy.linalg.norm(vector)).astype(numpy.float32)


def vectors(model: dict) -> dict:
    at = folder / model["name"]
    tokenizer = tokenizers.Tokenizer.from_file(str(at / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(longest)
    session = onnxruntime.InferenceSession(str(at / "model.onnx"))
    output = model.get("output") or session.get_outputs()[0].name
    recorded = []
    for text in texts:
        encoding = tokenizer.encode(text)
        ids = numpy.array([encoding.ids], numpy.int64)
        every = {"input_ids": ids, "attention_mask": numpy.ones_like(ids), "token_type_ids": numpy.zeros_like(ids)}
        given = {port.name: every[port.name] for port in session.get_inputs()}
        [hidden] = session.run([output], given)
        vector = pooled(hidden, model["pooling"])
        recorded.append({"tokens": len(encoding.ids), "vector": base64.b64encode(vector.tobytes()).decode()})
    return {"name": model["name"], "vectors": recorded}


def completion(model, tokenizer, ids: list[int]) -> dict:
    answer = model.generate(
        torch.tensor([ids]),
        attention_mask=torch.ones(1, len(ids), dtype=torch.long),
        max_new_tokens=new_tokens,
        do_sample=False,
        output_logits=True,
        return_dict_in_generate=True,
    )
    tokens = answer.sequences[0, len(ids) :].tolist()
    gaps = []
    for logits in answer.logits:
        first, second = logits[0].topk(2).values.tolist()
        gaps.append(round(first - second, 3))
    return {"prompt_tokens": len(ids), "tokens": tokens, "gaps": gaps, "text": tokenizer.decode(tokens, skip_special_tokens=True)}


def text(model: dict) -> dict:
    at = folder / model["name"]
    file = model["float32"]["to"]
    tokenizer = transformers.AutoTokenizer.from_pretrained(at, gguf_file=file)
    weights = transformers.AutoModelForCausalLM.from_pretrained(at, gguf_file=file, dtype=torch.float32).eval()
    completions = [{"prompt": p, **completion(weights, tokenizer, tokenizer(p)["input_ids"])} for p in prompts]
    answers = []
    for messages in chats:
        ids = tokenizer.apply_chat_template(messages, add_generation_prompt=True, return_dict=True)["input_ids"]
        answers.append({"messages": messages, **completion(weights, tokenizer, ids)})
    return {"name": model["name"], "completions": completions, "chats": answers}


models = json.loads((here / "models.json").read_text())
oracle = {
    "versions": {m.__name__: m.__version__ for m in (onnxruntime, tokenizers, torch, transformers)},
    "texts": texts,
    "longest": longest,
    "vectors": [vectors(m) for m in models if "pooling" in m],
    "generation": [text(m) for m in models if "float32" in m],
}
(here / "oracle.json").write_text(json.dumps(oracle, ensure_ascii=False, indent=1) + "\n")
