"""The same functions behind FastAPI, each as `def`, in its pool of threads, and as `async def`, in its event loop.

usage: python app.py port
"""

import sys
from collections.abc import AsyncIterator

import uvicorn
from fastapi import FastAPI
from fastapi.responses import StreamingResponse
from functions import busy, count, hold, nothing, sleep
from pydantic import BaseModel


class Call(BaseModel):
    prompt: str


class Text(BaseModel):
    text: str


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


@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}


port = int(sys.argv[1])
uvicorn.run(
    app,
    host="127.0.0.1",
    port=port,
    log_level="error",
    loop="uvloop",
    http="httptools",
    # While a function holds the lock, nothing reads: an idle connection must not end as its next call comes.
    timeout_keep_alive=60,
)
