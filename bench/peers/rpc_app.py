"""Text behind FastAPI, as fast as its parts go: the same answers that the other servers of `rpc-peers` give.

usage: python rpc_app.py port
"""

import sys

import uvicorn
from fastapi import FastAPI
from fastapi.responses import StreamingResponse
from pydantic import BaseModel


class Call(BaseModel):
    prompt: str


app = FastAPI()


@app.get("/health")
async def health():
    return {"status": "ok"}


@app.post("/generate")
async def generate(call: Call):
    return {"text": "".join(f"{index}\n" for index in range(int(call.prompt)))}


@app.post("/stream")
async def stream(call: Call):
    async def pieces():
        for index in range(int(call.prompt)):
            yield f"{index}\n"

    return StreamingResponse(pieces(), media_type="text/plain")


port = int(sys.argv[1])
uvicorn.run(app, host="127.0.0.1", port=port, log_level="error", loop="uvloop", http="httptools")
