"""The transformer: the llama architecture, with the rotation of positions as GGUF's "llama" has it."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import nn


@dataclass(frozen=True)
class Shape:
    """Sizes of the model; all are counts, except `epsilon` and `rope_base`."""

    vocabulary: int = 4096
    width: int = 256
    layers: int = 6
    heads: int = 4
    hidden: int = 704
    context: int = 2048
    rope_base: float = 100000.0
    epsilon: float = 1e-5


class RMSNorm(nn.Module):
    """Scales each vector to a root mean square of one, times a learned gain."""

    def __init__(self, width, epsilon):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))
        self.epsilon = epsilon

    def forward(self, x):
        wide = x.float()
        return (wide * torch.rsqrt(wide.square().mean(-1, keepdim=True) + self.epsilon) * self.weight).to(x.dtype)


def rotate(x, cos, sin):
    """Rotate neighbouring pairs of each head by their position: the order that GGUF's "llama" expects."""
    even, odd = x.float().unflatten(-1, (-1, 2)).unbind(-1)
    return torch.stack((even * cos - odd * sin, even * sin + odd * cos), -1).flatten(-2).to(x.dtype)


class Block(nn.Module):
    """One layer: attention and a gated feed-forward network, each after a norm."""

    def __init__(self, shape):
        super().__init__()
        self.heads = shape.heads
        self.attn_norm = RMSNorm(shape.width, shape.epsilon)
        self.attn_q = nn.Linear(shape.width, shape.width, bias=False)
        self.attn_k = nn.Linear(shape.width, shape.width, bias=False)
        self.attn_v = nn.Linear(shape.width, shape.width, bias=False)
        self.attn_output = nn.Linear(shape.width, shape.width, bias=False)
        self.ffn_norm = RMSNorm(shape.width, shape.epsilon)
        self.ffn_gate = nn.Linear(shape.width, shape.hidden, bias=False)
        self.ffn_up = nn.Linear(shape.width, shape.hidden, bias=False)
        self.ffn_down = nn.Linear(shape.hidden, shape.width, bias=False)

    def forward(self, x, cos, sin):
        normed = self.attn_norm(x)
        q, k, v = (layer(normed).unflatten(-1, (self.heads, -1)).transpose(1, 2) for layer in (self.attn_q, self.attn_k, self.attn_v))
        mixed = F.scaled_dot_product_attention(rotate(q, cos, sin), rotate(k, cos, sin), v, is_causal=True)
        x = x + self.attn_output(mixed.transpose(1, 2).flatten(-2))
        normed = self.ffn_norm(x)
        return x + self.ffn_down(F.silu(self.ffn_gate(normed)) * self.ffn_up(normed))


class Model(nn.Module):
    """Token ids in, logits or the mean loss out; input and output embeddings are tied."""

    def __init__(self, shape):
        super().__init__()
        self.shape = shape
        self.token_embd = nn.Embedding(shape.vocabulary, shape.width)
        self.blk = nn.ModuleList(Block(shape) for _ in range(shape.layers))
        self.output_norm = RMSNorm(shape.width, shape.epsilon)
        half = shape.width // shape.heads // 2
        angles = torch.outer(torch.arange(shape.context).float(), shape.rope_base ** (-torch.arange(half).float() / half))
        self.register_buffer("cos", angles.cos(), persistent=False)
        self.register_buffer("sin", angles.sin(), persistent=False)
        for name, parameter in self.named_parameters():
            if parameter.dim() == 2:
                residual = name.endswith(("attn_output.weight", "ffn_down.weight"))
                nn.init.normal_(parameter, std=0.02 / ((2 * shape.layers) ** 0.5 if residual else 1))
        copying_heads(self)

    def forward(self, ids, targets=None, weights=None):
        x = self.token_embd(ids)
        cos, sin = self.cos[: ids.shape[1]], self.sin[: ids.shape[1]]
        for block in self.blk:
            x = block(x, cos, sin)
        logits = F.linear(self.output_norm(x), self.token_embd.weight)
        if targets is None:
            return logits
        losses = F.cross_entropy(logits.flatten(0, 1).float(), targets.flatten(), reduction="none")
        return (losses * weights.flatten()).sum() / weights.sum()


# Residual dimensions that the first weights set apart: one that is the same for every token, those that
# describe the token, and those in which the first layer notes the two tokens before.
CONSTANT, OWN, BEFORE = slice(0, 1), slice(1, 192), (slice(192, 224), slice(224, 256))
EMBEDDING_SCALE, CONSTANT_SCALE = 0.05, 0.15


@torch.no_grad()
def copying_heads(model):
    """Set first weights with which the model copies: four heads that a long training finds by itself.

    Two heads of the first layer look one and two tokens back, and note what they find. Two of the second look for places
    whose notes are the tokens here, after which the text may go on as it did there, and bring the token of that place:
    induction heads (Olsson et al., "In-context Learning and Induction Heads", 2022). The training may change all of it.
    """
    shape = model.shape
    size = shape.width // shape.heads
    generator = torch.Generator().manual_seed(0)

    def directions(rows):
        found = torch.zeros(rows, shape.width)
        found[:, OWN] = torch.linalg.qr(torch.randn(OWN.stop - OWN.start, rows, generator=generator))[0].T
        return found

    embedding = model.token_embd.weight
    embedding.normal_(std=EMBEDDING_SCALE, generator=generator)
    embedding[:, CONSTANT] = CONSTANT_SCALE
    embedding[:, BEFORE[0].start :] = 0
    # A normed residual is about one in each of the token's dimensions, and this in the constant one.
    constant = CONSTANT_SCALE / EMBEDDING_SCALE
    notes = directions(BEFORE[0].stop - BEFORE[0].start)

    first, second = model.blk[0], model.blk[1]
    half = size // 2
    angles = shape.rope_base ** (-torch.arange(half).float() / half)
    for head, (back, place) in enumerate(zip((1, 2), BEFORE)):
        rows = slice(head * size, (head + 1) * size)
        # With quick rotations only, a query that meets a key which is turned by `back` places peaks there.
        turned = torch.stack(((angles * back).cos(), (angles * back).sin()), -1) * (torch.arange(half) < 12)[:, None]
        plain = torch.stack((torch.ones(half), torch.zeros(half)), -1) * (torch.arange(half) < 12)[:, None]
        for layer, values in ((first.attn_q, plain), (first.attn_k, turned)):
            layer.weight[rows] = 0
            layer.weight[rows, CONSTANT] = values.flatten()[:, None] * (10 / constant)
        first.attn_v.weight[rows] = 0
        first.attn_v.weight[rows][: len(notes)] = notes
        first.attn_output.weight[:, rows] = 0
        first.attn_output.weight[place, rows.start : rows.start + len(notes)] = EMBEDDING_SCALE * torch.eye(len(notes))
    # Contents are compared in slow rotations only, which hardly turn within a document.
    slow = slice(half, size)
    for head in range(2):
        rows = slice(head * size, (head + 1) * size)
        query, key = torch.zeros(half, shape.width), torch.zeros(half, shape.width)
        if head == 0:
            query[:, :], key[:, BEFORE[0]] = notes, torch.eye(half)
        else:
            count = half // 2
            query[:count], key[:count, BEFORE[0]] = notes[:count], torch.eye(half)[:count]
            query[count:, BEFORE[0]], key[count:, BEFORE[1]] = torch.eye(half)[:count], torch.eye(half)[:count]
        for layer, values in ((second.attn_q, query), (second.attn_k, key)):
            layer.weight[rows] = 0
            layer.weight[rows][slow] = values * 1.8
        brought = directions(size)
        second.attn_v.weight[rows] = brought
        second.attn_output.weight[:, rows] = EMBEDDING_SCALE * brought.T
