from contextlib import asynccontextmanager

from fastapi import FastAPI, HTTPException, Request
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, Field

from summary import Summary


@asynccontextmanager
async def lifespan(app: FastAPI):
    app.state.summary = Summary()
    yield


app = FastAPI(lifespan=lifespan)


class Generate(BaseModel):
    prompt: str = Field(max_length=100_000)
    max_tokens: int = Field(256, ge=1)


@app.post("/generate")
def generate(body: Generate, request: Request):
    if body.prompt.isspace():
        raise HTTPException(422, "prompt: has no sentence")
    sentences = request.app.state.summary.sentences(body.prompt)
    pieces = (sentence + "\n" for sentence in sentences[: body.max_tokens])
    return StreamingResponse(pieces, media_type="text/plain")


@app.get("/health")
def health():
    return {"status": "ok"}
