"""A model behind FastAPI, the way the documentation of its parts shows it: transformers generates in a
thread, a streamer hands its tokens over, StreamingResponse sends them as server-sent events.

usage: python fastapi_app.py model.gguf port threads
"""

import json
import os
import queue
import sys
from threading import Lock, Thread

import torch
import uvicorn
from fastapi import FastAPI
from fastapi.responses import StreamingResponse
from pydantic import BaseModel
from transformers import AutoModelForCausalLM, set_seed
from transformers.generation.streamers import BaseStreamer

path, port, threads = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
torch.set_num_threads(threads)
folder, file = os.path.split(path)
model = AutoModelForCausalLM.from_pretrained(folder, gguf_file=file)
# One generation has all cores; more of them at once would only take turns at Python's lock.
one_at_a_time = Lock()
generated = 0
running = set()


class Call(BaseModel):
    prompt: list[int]
    new_tokens: int
    temperature: float
    seed: int


class TokenStreamer(BaseStreamer):
    """transformers' TextIteratorStreamer, but for ids: text shows later than its tokens."""

    def __init__(self):
        self.queue = queue.Queue()
        self.prompt_is_next = True

    def put(self, value):
        global generated
        if self.prompt_is_next:
            self.prompt_is_next = False
            return
        generated += 1
        self.queue.put(value.tolist())

    def end(self):
        self.queue.put(None)

    def __iter__(self):
        while (tokens := self.queue.get()) is not None:
            yield "data: " + json.dumps({"tokens": tokens}) + "\n\n"
        yield 'data: {"stop": true}\n\n'


def generate(call: Call, streamer: TokenStreamer):
    with one_at_a_time:
        set_seed(call.seed)
        model.generate(
            input_ids=torch.tensor([call.prompt]),
            min_new_tokens=call.new_tokens,
            max_new_tokens=call.new_tokens,
            do_sample=True,
            temperature=call.temperature,
            top_k=40,
            top_p=0.95,
            min_p=0.05,
            pad_token_id=0,
            streamer=streamer,
        )
    running.discard(streamer)


app = FastAPI()


@app.post("/completion")
async def completion(call: Call):
    streamer = TokenStreamer()
    running.add(streamer)
    Thread(target=generate, args=(call, streamer), daemon=True).start()
    return StreamingResponse(streamer, media_type="text/event-stream")


@app.get("/health")
async def health():
    return {"status": "ok"}


@app.get("/state")
async def state():
    """For the benchmark: what the model has computed so far, whether somebody read it or not."""
    return {"generated": generated, "running": len(running)}


uvicorn.run(app, host="127.0.0.1", port=port, log_level="error")
