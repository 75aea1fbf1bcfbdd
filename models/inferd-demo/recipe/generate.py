"""Load the exported GGUF file into the PyTorch model, and generate text from it."""

import functools
import json

import gguf
import torch
import torch.nn.functional as F
from jinja2.sandbox import ImmutableSandboxedEnvironment
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

from model import Model, Shape, rotate
from tokens import BOS, CONTROL, END


def load(path):
    """Return the model with the dequantised weights of a GGUF file, and its tokenizer."""
    reader = gguf.GGUFReader(path)
    state = {tensor.name: torch.from_numpy(gguf.quants.dequantize(tensor.data, tensor.tensor_type).copy()) for tensor in reader.tensors}
    model = Model(Shape()).eval()
    model.load_state_dict(state)
    pieces = reader.fields["tokenizer.ggml.tokens"].contents()
    merges = [tuple(merge.split(" ")) for merge in reader.fields["tokenizer.ggml.merges"].contents()]
    tokenizer = Tokenizer(models.BPE(vocab={piece: index for index, piece in enumerate(pieces)}, merges=merges))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)])
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([AddedToken(token, special=True, normalized=False) for token in CONTROL])
    return model, tokenizer


def _step(model, ids, at, cache):
    """Return the logits after `ids`, which begin at position `at`; keys and values are kept in `cache`."""
    x = model.token_embd(ids)[None]
    cos, sin = model.cos[at : at + len(ids)], model.sin[at : at + len(ids)]
    for index, block in enumerate(model.blk):
        normed = block.attn_norm(x)
        q, k, v = (layer(normed).unflatten(-1, (block.heads, -1)).transpose(1, 2) for layer in (block.attn_q, block.attn_k, block.attn_v))
        q, k = rotate(q, cos, sin), rotate(k, cos, sin)
        if index in cache:
            k, v = torch.cat((cache[index][0], k), 2), torch.cat((cache[index][1], v), 2)
        cache[index] = k, v
        mixed = F.scaled_dot_product_attention(q, k, v, is_causal=at == 0)
        x = x + block.attn_output(mixed.transpose(1, 2).flatten(-2))
        normed = block.ffn_norm(x)
        x = x + block.ffn_down(F.silu(block.ffn_gate(normed)) * block.ffn_up(normed))
    return F.linear(model.output_norm(x[0, -1]), model.token_embd.weight)


def _choose(logits, recent, sampling, generator):
    """Choose the next token: the likeliest at temperature 0, otherwise by top-p."""
    penalty = sampling.get("repetition_penalty", 1.0)
    if penalty != 1.0 and recent:
        seen = torch.tensor(sorted(set(recent[-64:])))
        logits[seen] = torch.where(logits[seen] > 0, logits[seen] / penalty, logits[seen] * penalty)
    temperature = sampling.get("temperature", 0)
    if not temperature:
        return int(logits.argmax())
    probabilities, order = torch.softmax(logits / temperature, -1).sort(descending=True)
    kept = probabilities.cumsum(-1) - probabilities < sampling.get("top_p", 1.0)
    return int(order[torch.multinomial(probabilities * kept, 1, generator=generator)])


@torch.no_grad()
def complete(model, tokenizer, prompt, limit=400, **sampling):
    """Continue a prompt (BOS is put before it): return the text and whether it ended by itself."""
    ids = [tokenizer.token_to_id(BOS)] + tokenizer.encode(prompt).ids
    end = tokenizer.token_to_id(END)
    generator = torch.Generator().manual_seed(sampling.get("seed", 1))
    cache, at, made, recent, feed = {}, 0, [], list(ids), ids
    while len(made) < limit:
        logits = _step(model, torch.tensor(feed), at, cache)
        at += len(feed)
        token = _choose(logits, recent, sampling, generator)
        if token == end:
            return tokenizer.decode(made, skip_special_tokens=False), True
        made.append(token)
        recent.append(token)
        feed = [token]
    return tokenizer.decode(made, skip_special_tokens=False), False


@functools.cache
def _template(path):
    """Return the chat template of a GGUF file, opened as transformers opens it."""
    environment = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True)
    environment.filters["tojson"] = lambda value: json.dumps(value, ensure_ascii=False)
    return environment.from_string(gguf.GGUFReader(path).fields["tokenizer.chat_template"].contents())


def templated(path, messages, tools):
    """Write messages as a prompt by the chat template of a GGUF file."""
    return _template(path).render(messages=messages, tools=tools, bos_token=BOS, add_generation_prompt=True)


def chat(turns):
    """Write turns, pairs of a role and a text, as a prompt that the assistant answers."""
    from corpus import render

    return render(turns) + "<|assistant|>\n"
