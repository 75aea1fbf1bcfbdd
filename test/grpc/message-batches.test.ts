import { once } from "node:events";
import { status } from "@grpc/grpc-js";
import { afterEach, expect, it } from "vitest";
import type { Handler } from "../../src/calls/call.ts";
import { ending, frame, rawClient, rawRequest } from "./raw.ts";
import { deferred, kinds, startKinds } from "./support.ts";

let closing: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closing.reverse()) await close();
  closing = [];
});

async function ask(serverStream: Handler<string, string>, settings = {}) {
  const running = await startKinds({ serverStream });
  const session = rawClient(running.address, settings);
  closing.push(running.stop, () => session.destroy());
  const stream = rawRequest(session, kinds.serverStream.path);
  stream.end(frame(Buffer.from("x")));
  return stream;
}

it("sends a stream's messages that are there together in one frame, in order", async () => {
  const texts = Array.from({ length: 12 }, (_, index) => `message ${index}`);
  const stream = await ask(async function* () {
    for (const text of texts) {
      await Promise.resolve();
      yield text;
    }
  });
  // Node gives each frame of data as a chunk.
  const chunks: Buffer[] = [];
  stream.on("data", (chunk: Buffer) => chunks.push(chunk));
  const { code, body } = await ending(stream);
  expect(code).toBe(status.OK);
  expect(body).toEqual(Buffer.concat(texts.map((text) => frame(Buffer.from(text)))));
  expect(chunks).toHaveLength(1);
});

it("sends a lone message though no other comes", async () => {
  const read = deferred();
  const stream = await ask(async function* () {
    yield "alone";
    await read.promise;
    yield "last";
  });
  const [chunk] = (await once(stream, "data")) as [Buffer];
  expect(chunk).toEqual(frame(Buffer.from("alone")));
  read.resolve();
  expect((await ending(stream)).code).toBe(status.OK);
});

it("takes few messages from a handler whose caller does not read", async () => {
  let taken = 0;
  const stopped = deferred();
  const stream = await ask(
    async function* (_, { signal }) {
      signal.addEventListener("abort", () => stopped.resolve());
      for (; !signal.aborted; taken += 1) {
        await new Promise(setImmediate);
        yield "x".repeat(95);
      }
    },
    { initialWindowSize: 1 },
  );
  stream.pause();
  await once(stream, "response");
  let before = -1;
  while (taken !== before) {
    before = taken;
    for (let turn = 0; turn < 50; turn += 1) await new Promise(setImmediate);
  }
  // Half a kilobyte of messages of 100 bytes, the 16 that grpc-js holds, and one that waits.
  expect(taken).toBeLessThanOrEqual(6 + 16 + 1);
  stream.destroy();
  await stopped.promise;
});
