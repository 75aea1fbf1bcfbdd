"""Text by transformers: generate() runs in a thread, and a TextIteratorStreamer hands over its pieces."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path
from typing import Any

import inferd
import torch
from transformers import (
    AutoModelForCausalLM,
    AutoTokenizer,
    StoppingCriteria,
    StoppingCriteriaList,
    TextIteratorStreamer,
    set_seed,
)


class Cancelled(StoppingCriteria):
    """Ends generate() after the token under way, once nothing more is wanted."""

    def __init__(self, request: inferd.Request) -> None:
        self.request = request

    def __call__(self, input_ids: torch.Tensor, scores: Any, **_: Any) -> torch.Tensor:
        return torch.full((len(input_ids),), self.request.is_cancelled, device=input_ids.device)


class Writer:
    def __init__(self, source: inferd.Source) -> None:
        torch.set_num_threads(source.threads)
        name, gguf_file = source.options["model"], source.options.get("gguf_file")
        folder = Path(__file__).parent / name
        where = str(folder) if folder.is_dir() else name
        self.tokenizer = AutoTokenizer.from_pretrained(where, gguf_file=gguf_file)
        self.model = AutoModelForCausalLM.from_pretrained(where, gguf_file=gguf_file)
        self.thread = ThreadPoolExecutor(1)

    # One call at a time: several would share the cores, and one random generator.
    @inferd.generate(concurrency=1)
    def write(self, request: inferd.Request) -> Iterator[str]:
        streamer = TextIteratorStreamer(self.tokenizer, skip_prompt=True, skip_special_tokens=True)
        generation = self.thread.submit(
            self.model.generate,
            **self.arguments(request),
            streamer=streamer,
            stopping_criteria=StoppingCriteriaList([Cancelled(request)]),
        )
        # The streamer waits for pieces until it is told that none will come.
        generation.add_done_callback(lambda done: done.exception() and streamer.end())
        try:
            yield from streamer
        finally:
            wait([generation])
        generation.result()

    def arguments(self, request: inferd.Request) -> dict[str, Any]:
        sampling, prompt = request.sampling, self.tokens(request)
        room = self.model.config.max_position_embeddings - prompt["input_ids"].shape[1]
        if room < 1:
            raise inferd.InvalidArgument("prompt", "is longer than the model's context", "TOO_LONG")
        most = min(sampling.max_tokens, room)
        set_seed(sampling.seed)
        chosen = {"temperature": sampling.temperature, "top_k": sampling.top_k, "top_p": sampling.top_p}
        return {
            **prompt,
            "max_new_tokens": most,
            "min_new_tokens": most if sampling.ignore_eos else min(sampling.min_tokens, most),
            "repetition_penalty": sampling.repetition_penalty,
            **({"do_sample": True, **chosen} if sampling.temperature > 0 else {"do_sample": False}),
        }

    def tokens(self, request: inferd.Request) -> Any:
        if self.tokenizer.chat_template is None:
            return self.tokenizer(request.prompt, return_tensors="pt")
        messages = [{"role": one.role, "content": one.content} for one in request.messages]
        return self.tokenizer.apply_chat_template(
            messages, add_generation_prompt=True, return_dict=True, return_tensors="pt"
        )
