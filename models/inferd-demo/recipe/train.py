"""Train the model on 2 CPU cores: Muon for the matrices, AdamW for the rest, a warm-up, stable, decay schedule.

The schedule runs by the clock (`--minutes`, or a control file that may be changed while the training
runs) or by steps (`--steps`, which repeats a run up to rounding). A run that was interrupted resumes from its
last checkpoint. With `--start`, a run goes on from the weights of an exported model.
"""

import argparse
import csv
import json
import os
import threading
import time
from pathlib import Path

import numpy as np
import torch

from generate import load
from model import Model, Shape

# Peak learning rates: of Muon for matrices, and of AdamW for the embeddings and the gains.
MUON_RATE, EMBEDDING_RATE, GAIN_RATE = 0.015, 0.003, 0.004
MUON_MOMENTUM = 0.95
# Shares of the whole run after which the decay and the phase with long windows begin.
DECAY_AT, LONG_AT = 0.35, 0.93
SHORT_WINDOW, LONG_WINDOW = 512, 2048
CHECKPOINT_SECONDS = 150
VALID_EVERY, VALID_TOKENS = 100, 32768


def orthogonal(update):
    """Bring the singular values of a stack of matrices near one by five Newton-Schulz steps."""
    x = update.bfloat16()
    tall = x.shape[-2] > x.shape[-1]
    x = x.mT if tall else x
    x = x / (x.norm(dim=(-2, -1), keepdim=True) + 1e-7)
    for _ in range(5):
        gram = x @ x.mT
        x = 3.4445 * x + (-4.7750 * gram + 2.0315 * gram @ gram) @ x
    return (x.mT if tall else x).float()


class Muon:
    """Momentum whose updates are made orthogonal, in units of a few matrices of one shape that can be worked on apart."""

    UNIT = 6

    def __init__(self, named):
        shapes = {}
        for name, parameter in named:
            shapes.setdefault(parameter.shape, []).append(name)
        self.units = [names[at : at + self.UNIT] for names in shapes.values() for at in range(0, len(names), self.UNIT)]
        parameters = dict(named)
        self.momenta = [torch.zeros(len(names), *parameters[names[0]].shape).share_memory_() for names in self.units]

    @torch.no_grad()
    def step(self, unit, parameters, gradients, rate):
        """Update one unit; `gradients` holds one dictionary by name for each worker, and their sum counts."""
        names, momentum = self.units[unit], self.momenta[unit]
        gradient = torch.stack([sum(part[name] for part in gradients) for name in names])
        momentum.lerp_(gradient, 1 - MUON_MOMENTUM)
        update = orthogonal(gradient.lerp_(momentum, MUON_MOMENTUM))
        scale = rate * max(1.0, update.shape[1] / update.shape[2]) ** 0.5
        for name, change in zip(names, update):
            parameters[name].add_(change, alpha=-scale)


class Windows:
    """Windows of a corpus in a fixed order, again from the first after the last."""

    def __init__(self, path):
        self.ids = np.memmap(path.with_suffix(".ids"), dtype="<u2", mode="r")
        self.weights = np.memmap(path.with_suffix(".weights"), dtype=np.uint8, mode="r")

    def take(self, at, count, length):
        """Return `count` windows of `length` ids from the place `at` on, their targets, the ids one further, and the weights of these."""
        starts = [(at + row * length) % (len(self.ids) - LONG_WINDOW - 1) // SHORT_WINDOW * SHORT_WINDOW for row in range(count)]
        ids = torch.from_numpy(np.stack([self.ids[start : start + length + 1].astype(np.int64) for start in starts]))
        weights = torch.from_numpy(np.stack([self.weights[start + 1 : start + length + 1].astype(np.float32) for start in starts]))
        return ids[:, :-1], ids[:, 1:], weights


class Plan:
    """Says how far the run is: by the control file, by the clock, or by steps."""

    def __init__(self, arguments, started):
        self.control, self.peak, self.warmup = arguments.control, arguments.peak, arguments.warmup
        self.steps = arguments.steps
        self.times = {"start": started, "decay": started + 60 * arguments.minutes * DECAY_AT,
                      "long": started + 60 * arguments.minutes * LONG_AT, "end": started + 60 * arguments.minutes}
        if self.steps:
            self.times = {"start": 0, "decay": arguments.decay_step or int(self.steps * DECAY_AT),
                          "long": arguments.long_step or int(self.steps * LONG_AT), "end": self.steps}

    def at(self, step):
        """Return the factor of the learning rate (0 to 1), whether windows are long, and whether the run is over."""
        if self.control and self.control.exists():
            try:
                self.times.update(json.loads(self.control.read_text()))
            except json.JSONDecodeError:
                pass  # half written: the next step reads it again
        now, times = (step if self.steps else time.time()), self.times
        decay = 1.0 if now < times["decay"] else max(0.0, (times["end"] - now) / (times["end"] - times["decay"]))
        return self.peak * min(1.0, (step + 1) / self.warmup) * decay, now >= times["long"], now >= times["end"]


class Worker:
    """One of the processes that share the weights. Work of a step is taken piece by piece from a common
    counter, so that a core that others keep busy slows the run only by what it does not do."""

    def __init__(self, rank, shared, arguments):
        torch.set_num_threads(1)
        self.rank, self.shared, self.arguments = rank, shared, arguments
        self.model = shared["model"]
        self.parameters = dict(self.model.named_parameters())
        for name, parameter in self.parameters.items():
            parameter.grad = shared["gradients"][rank][name]
        self.windows = Windows(arguments.tokens / "train")
        self.run = self.model if arguments.no_compile else torch.compile(self.model, dynamic=False)

    def loss(self, ids, targets, weights):
        """Return the weighted mean of the losses of a batch of windows."""
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=not self.arguments.no_bf16):
            return self.run(ids, targets, weights)

    def pieces(self, count):
        """Yield the numbers below `count` that this worker gets."""
        while True:
            with self.shared["next"].get_lock():
                piece = self.shared["next"].value
                self.shared["next"].value += 1
            if piece >= count:
                return
            yield piece

    def step(self, at, window, factor, also=None):
        """Do this worker's part of one step; `also` is done before the last barrier. Return the part of the loss."""
        shared, micro = self.shared, max(self.arguments.micro, window)
        passes = self.arguments.batch // micro
        total = 0.0
        for gradient in shared["gradients"][self.rank].values():
            gradient.zero_()
        for piece in self.pieces(passes):
            loss = self.loss(*self.windows.take(at + piece * micro, micro // window, window)) / passes
            loss.backward()
            total += loss.item()
        shared["losses"][self.rank] = total
        if shared["barrier"].wait() == 0:
            shared["next"].value = 0
        shared["barrier"].wait()
        if also:
            also()
        for unit in self.pieces(len(shared["muon"].units)):
            shared["muon"].step(unit, self.parameters, shared["gradients"], MUON_RATE * factor)
        shared["barrier"].wait()


def assist(rank, shared, arguments):
    """Work as a further process: wait for a step, do a part of it; end when the first process is gone."""
    parent = os.getppid()

    def watch():
        while os.getppid() == parent:
            time.sleep(2)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
    worker = Worker(rank, shared, arguments)
    while True:
        shared["barrier"].wait()
        at, window, factor = shared["order"]
        if window == 0:
            return
        worker.step(int(at), int(window), factor)


def main():
    """Train until the plan is over."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tokens", required=True, type=Path, help="folder written by tokens.py")
    parser.add_argument("--out", required=True, type=Path, help="folder for the checkpoint and loss.csv")
    parser.add_argument("--minutes", type=float, default=75, help="how long to train, by the clock")
    parser.add_argument("--steps", type=int, help="how many steps to train, instead of --minutes")
    parser.add_argument("--decay-step", type=int, help="with --steps: where the decay begins")
    parser.add_argument("--long-step", type=int, help="with --steps: where the long windows begin")
    parser.add_argument("--start", type=Path, help="exported GGUF model whose weights are the first, instead of new ones; of the same vocabulary as --tokens")
    parser.add_argument("--peak", type=float, default=1.0, help="factor of the peak learning rates, below 1 to go on from a trained model")
    parser.add_argument("--warmup", type=int, default=60, help="steps of the warm-up")
    parser.add_argument("--control", type=Path, help='JSON file with the times "decay", "long" and "end" in seconds since 1970; read at every step')
    parser.add_argument("--batch", type=int, default=8192, help="tokens per step")
    parser.add_argument("--micro", type=int, default=1024, help="tokens per forward pass")
    parser.add_argument("--workers", type=int, default=2, help="processes, of one thread each, that share a step")
    parser.add_argument("--seed", type=int, default=1, help="seed of the first weights")
    parser.add_argument("--no-compile", action="store_true", help="run without torch.compile")
    parser.add_argument("--no-bf16", action="store_true", help="compute in 32-bit floats")
    arguments = parser.parse_args()

    torch.manual_seed(arguments.seed)
    arguments.out.mkdir(parents=True, exist_ok=True)
    model = Model(Shape())
    if arguments.start:
        model.load_state_dict(load(arguments.start)[0].state_dict())
    model.share_memory()
    named = list(model.named_parameters())
    muon = Muon([(name, p) for name, p in named if p.dim() == 2 and "token_embd" not in name])
    others = [(name, p) for name, p in named if p.dim() == 1 or "token_embd" in name]
    adam = torch.optim.AdamW([{"params": [p], "peak": EMBEDDING_RATE if p.dim() == 2 else GAIN_RATE} for _, p in others],
                             lr=0.0, betas=(0.9, 0.95), weight_decay=0.0, fused=True)
    valid = Windows(arguments.tokens / "valid")
    step, seen, started, active = 0, 0, time.time(), 0.0
    checkpoint, losses = arguments.out / "checkpoint.pt", arguments.out / "loss.csv"
    if checkpoint.exists():
        state = torch.load(checkpoint, weights_only=True)
        model.load_state_dict(state["model"])
        adam.load_state_dict(state["adam"])
        for momentum, kept in zip(muon.momenta, state["muon"]):
            momentum.copy_(kept)
        step, seen, started, active = state["step"], state["seen"], state["started"], state["active"]
        rows = losses.read_text().splitlines(keepends=True)
        losses.write_text("".join(row for row in rows if not row[0].isdigit() or int(row.split(",")[0]) <= step))
        print(f"resumed at step {step}", flush=True)
    plan = Plan(arguments, started)
    context = torch.multiprocessing.get_context("spawn")
    shared = {"model": model, "muon": muon, "gradients": [{name: torch.zeros_like(p).share_memory_() for name, p in named} for _ in range(arguments.workers)],
              "losses": torch.zeros(arguments.workers).share_memory_(), "order": context.Array("d", 3, lock=False), "next": context.Value("i", 0),
              "barrier": context.Barrier(arguments.workers)}
    for rank in range(1, arguments.workers):
        context.Process(target=assist, args=(rank, shared, arguments), daemon=True).start()
    worker = Worker(0, shared, arguments)

    def save():
        state = {"model": model.state_dict(), "adam": adam.state_dict(), "muon": muon.momenta,
                 "step": step, "seen": seen, "started": started, "active": active}
        torch.save(state, checkpoint.with_suffix(".new"))
        os.replace(checkpoint.with_suffix(".new"), checkpoint)

    def validate():
        windows = arguments.micro // SHORT_WINDOW
        with torch.no_grad():
            return float(np.mean([worker.loss(*valid.take(at, windows, SHORT_WINDOW)) for at in range(0, VALID_TOKENS, arguments.micro)]))

    def rest(factor):
        for name, parameter in others:
            for gradients in shared["gradients"][1:]:
                parameter.grad.add_(gradients[name])
        for group in adam.param_groups:
            group["lr"] = group["peak"] * factor
        adam.step()

    saved, smooth = time.time(), None
    with open(losses, "a", newline="") as file:
        writer = csv.writer(file)
        if step == 0:
            writer.writerow(["step", "tokens", "window", "rate", "loss", "valid", "seconds"])
        while True:
            factor, long, over = plan.at(step)
            if over:
                break
            began = time.time()
            window = LONG_WINDOW if long else SHORT_WINDOW
            shared["order"][:] = (seen, window, factor)
            shared["next"].value = 0
            shared["barrier"].wait()
            worker.step(seen, window, factor, also=lambda: rest(factor))
            total = float(shared["losses"].sum())
            step += 1
            seen += arguments.batch
            spent = time.time() - began
            active += spent
            smooth = total if smooth is None else 0.95 * smooth + 0.05 * total
            if step % 10 == 0:
                held = f"{validate():.4f}" if step % VALID_EVERY == 0 else ""
                writer.writerow([step, seen, window, f"{factor:.4f}", f"{total:.4f}", held, f"{active:.0f}"])
                file.flush()
                print(f"step {step} tokens {seen} window {window} rate {factor:.3f} loss {total:.4f} smooth {smooth:.4f} valid {held} {arguments.batch / spent:.0f} tokens/s", flush=True)
            if time.time() - saved > CHECKPOINT_SECONDS:
                save()
                saved = time.time()
        save()
        shared["order"][:] = (0, 0, 0)
        shared["barrier"].wait()
        held = validate()
        writer.writerow([step, seen, window, "0", f"{smooth:.4f}", f"{held:.4f}", f"{active:.0f}"])
        print(f"over: step {step} tokens {seen} smooth {smooth:.4f} valid {held:.4f} active {active:.0f} s", flush=True)


if __name__ == "__main__":
    main()
