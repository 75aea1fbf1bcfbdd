/** What hostile callers send over HTTP/1.1, byte by byte. */
import { connect, type Socket } from "node:net";
import { setTimeout as wait } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { embeddingModel, fakeModels, generationModel } from "../grpc/fake-models.ts";
import { serverOptions } from "../grpc/support.ts";
import { type HttpRunning, json, startHttp } from "./support.ts";

let running: HttpRunning;
const limits = { ...serverOptions, stallMs: 300, maxMessageBytes: 1000, maxHeaderBytes: 2000 };

beforeEach(async () => {
  running = await startHttp(fakeModels([generationModel(), embeddingModel()]), {
    limits,
    uploads: { bytes: 100_000, connectionBytes: 100_000, uploadMs: 1200 },
  });
});
afterEach(() => running.stop());

interface Raw {
  readonly socket: Socket;
  readonly text: () => string;
  /** Resolves when the server has closed it. */
  readonly closed: Promise<void>;
}

function open(...parts: readonly string[]): Raw {
  const [host = "", port = ""] = running.address.split(":");
  const socket = connect(Number(port), host);
  const chunks: Buffer[] = [];
  socket.on("data", (chunk) => chunks.push(chunk)).on("error", () => undefined);
  for (const part of parts) socket.write(part);
  return {
    socket,
    text: () => Buffer.concat(chunks).toString("latin1"),
    closed: new Promise((resolve) => socket.once("close", () => resolve())),
  };
}

const head = (...lines: readonly string[]): string =>
  [`POST /v1/completions HTTP/1.1`, "host: x", ...lines, "", ""].join("\r\n");
const typed = "content-type: application/json";

describe("a request that two servers could read in two ways", () => {
  it.each([
    ["two lengths", head(typed, "content-length: 5", "content-length: 6")],
    ["a length and chunks", head(typed, "content-length: 5", "transfer-encoding: chunked")],
    ["chunks that are not last", head(typed, "transfer-encoding: chunked, identity")],
    ["an unknown coding", head(typed, "transfer-encoding: xchunked")],
    ["a negative length", head(typed, "content-length: -1")],
    ["a length in hexadecimal", head(typed, "content-length: 0x10")],
    ["a space before the colon", head(typed, "content-length : 5")],
    ["a folded header", head(typed, "x-a: b\r\n c: d", "content-length: 5")],
    ["a header without a name", head(typed, ": b")],
    ["a bare line feed", head(typed).replaceAll("\r\n", "\n")],
    ["no host", "GET /v1/models HTTP/1.1\r\n\r\n"],
    ["a nul in a header", head(typed, "x-a: \0b")],
  ])("is refused, and its connection ends: %s", async (_, text) => {
    const { closed, text: answer } = open(text);
    await closed;
    expect(answer()).toMatch(/^HTTP\/1\.1 400 /);
  });

  it("is refused where a chunk's size is none", async () => {
    const { closed, text } = open(head(typed, "transfer-encoding: chunked"), "zz\r\n{}\r\n");
    await closed;
    expect(text()).toMatch(/^HTTP\/1\.1 400 /);
  });
});

describe("a request without measure", () => {
  it.each([
    ["by its length", head(typed, "content-length: 100000000"), ""],
    ["by its chunks", head(typed, "transfer-encoding: chunked"), `800\r\n${" ".repeat(0x800)}\r\n`],
  ])("is refused before it is read: %s", async (_, first, more) => {
    const { closed, text } = open(first, more);
    await closed;
    expect(text()).toMatch(/^HTTP\/1\.1 413 /);
    expect(text()).toContain('"code":"message_too_large"');
  });

  it("is refused for its headers", async () => {
    const { closed, text } = open(head(`x-a: ${"a".repeat(4000)}`));
    await closed;
    expect(text()).toMatch(/^HTTP\/1\.1 431 /);
  });

  it("is refused for its nesting, as any JSON that is no body", async () => {
    const deep = "[".repeat(400) + "]".repeat(400);
    const answer = await fetch(`${running.url}/v1/completions`, {
      ...json({}),
      body: `{"model":"story","prompt":${deep}}`,
    });
    expect(answer.status).toBe(400);
  });
});

describe("a request that does not come to its end", () => {
  it("is refused after the time for requests", async () => {
    const { closed, text } = open(head(typed, "content-length: 50"), '{"model"');
    await closed;
    expect(text()).toMatch(/^(HTTP\/1\.1 408 .*)?$/s);
  });

  it("is refused where its headers do not end", async () => {
    const { closed, text } = open("POST /v1/completions HTTP/1.1\r\nhost: x\r\nx-a: ");
    await closed;
    expect(text()).toMatch(/^HTTP\/1\.1 408 /);
  });

  it("does not keep a connection by bytes that come now and then", async () => {
    const { closed, socket } = open(head(typed, "content-length: 900"));
    const drip = setInterval(() => socket.write(" "), 50);
    await closed;
    clearInterval(drip);
  });
});

it(
  "closes the connection of a caller who does not read a stream",
  { timeout: 20_000 },
  async () => {
    await running.stop();
    running = await startHttp(
      fakeModels([generationModel()], async function* () {
        yield { kind: "started" };
        for (;;) {
          yield { kind: "piece", text: "a".repeat(65_536) };
          await wait(1);
        }
      }),
      { limits },
    );
    const body = '{"model":"story","prompt":"a","stream":true}';
    const { socket, closed } = open();
    socket.pause();
    socket.write(head(typed, `content-length: ${body.length}`) + body);
    // What a socket that is paused has not read hides its end.
    setTimeout(() => socket.resume(), 5000);
    await closed;
  },
);

it("is not called by a page in a browser, whatever its address has become", async () => {
  const request = json({ model: "story", prompt: "a" });
  for (const origin of ["http://evil.example", running.url, "null"]) {
    const headers = { "content-type": "application/json", origin };
    const answer = await fetch(`${running.url}/v1/completions`, { ...request, headers });
    expect(answer.status).toBe(403);
    expect(await answer.json()).toMatchObject({ error: { code: "origin_not_allowed" } });
    expect(answer.headers.get("access-control-allow-origin")).toBeNull();
  }
});

describe("a request of another kind", () => {
  it.each([
    ["a form, as a page of another site sends it", "application/x-www-form-urlencoded", 415],
    ["plain text", "text/plain", 415],
    ["JSON in other words", "application/json; charset=utf-8", 400],
  ])("is answered by its type: %s", async (_, type, status) => {
    const request = { method: "POST", headers: { "content-type": type }, body: "{}" };
    expect((await fetch(`${running.url}/v1/completions`, request)).status).toBe(status);
  });

  it.each([
    ["GET", "/v1/completions", 405],
    ["POST", "/v1/models", 405],
    ["GET", "/", 404],
    ["GET", "/v1/models/%E0%A4%A", 404],
    ["GET", "/v1/models/../../etc/passwd", 404],
  ])("%s %s is %i", async (method, path, status) => {
    const { closed, text } = open(
      `${method} ${path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n`,
    );
    await closed;
    expect(text()).toContain(` ${status} `);
  });
});
