import { once } from "node:events";
import { constants } from "node:http2";
import { status } from "@grpc/grpc-js";
import { afterEach, describe, expect, it } from "vitest";
import { GenerateRequest } from "../../gen/inferd/v1/generation_service.ts";
import type { ServeError } from "../../src/base/errors.ts";
import { openScripted, reached, scriptedManifest } from "../fixtures/scripted-registry.ts";
import { addAll } from "./fake-models.ts";
import { callHeaders, flags, http2Frame, number32, openWire, types } from "./frames.ts";
import { ending, frame, rawClient, rawRequest } from "./raw.ts";
import { deferred, kinds, start, startKinds } from "./support.ts";

let closing: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closing.reverse()) await close();
  closing = [];
});

/** A caller that gives the server no room to write, and opens one stream. */
function silentCaller(address: string, path: string, message: Uint8Array) {
  const session = rawClient(address, { initialWindowSize: 1 });
  closing.push(() => session.destroy());
  const stream = rawRequest(session, path);
  stream.pause();
  stream.end(frame(message));
  return stream;
}

/** A server of texts without end, which tells why the first stream ended. */
async function openEndless(stallMs: number) {
  const ended = deferred<ServeError>();
  const running = await startKinds(
    {
      serverStream: async function* (_, { signal }) {
        try {
          for (;;) {
            await Promise.resolve();
            yield "x".repeat(1000);
          }
        } finally {
          ended.resolve(signal.reason as ServeError);
        }
      },
    },
    { stallMs },
  );
  closing.push(running.stop);
  return { address: running.address, ended: ended.promise };
}

describe("a stream that its caller does not read", () => {
  it("ends with SLOW_READER once it has stalled too long, which the caller reads at last", async () => {
    const { address, ended } = await openEndless(500);
    const stream = silentCaller(address, kinds.serverStream.path, Buffer.from("x"));
    await once(stream, "response");
    expect((await ended).reason).toBe("SLOW_READER");
    const end = ending(stream);
    stream.resume();
    const { code, details } = await end;
    expect([code, details?.reason]).toEqual([status.DEADLINE_EXCEEDED, "SLOW_READER"]);
  });

  it("is thrown away where its caller never reads: what it would have read is held no longer", async () => {
    const { address, ended } = await openEndless(100);
    const noWindow = Buffer.concat([Buffer.from([0, 4]), number32(0)]);
    const wire = await openWire(address, noWindow);
    closing.push(() => void wire.socket.destroy());
    wire.send(
      http2Frame({
        type: types.headers,
        flags: flags.endHeaders,
        stream: 1,
        payload: callHeaders(kinds.serverStream.path),
      }),
      http2Frame({
        type: types.data,
        flags: flags.endStream,
        stream: 1,
        payload: frame(Buffer.from("x")),
      }),
    );
    expect((await ended).reason).toBe("SLOW_READER");
    while (wire.heard.resets.length === 0) await once(wire.socket, "data");
    expect(wire.heard.resets).toEqual([[1, constants.NGHTTP2_CANCEL]]);
  });
});

describe("a generation that its caller does not read", () => {
  const path = "/inferd.v1.GenerationService/GenerateStream";
  const request = (prompt: string): Uint8Array =>
    GenerateRequest.encode(
      GenerateRequest.fromPartial({
        input: { $case: "prompt", value: prompt },
        sampling: { maxTokens: 1000 },
      }),
    ).finish();

  it("leaves the others alone, and frees its place in the engine when it ends", async () => {
    const registry = openScripted();
    registry.load(scriptedManifest({ options: { slots: 2 } }));
    await reached(registry, "scripted", "ready");
    const running = await start((server) => addAll(server, registry), { stallMs: 1000 });
    closing.push(() => registry.close(0), running.stop);
    const silent = silentCaller(running.address, path, request(`repeat 1000 ${"x".repeat(2000)}`));
    await once(silent, "response");
    const session = rawClient(running.address);
    closing.push(() => session.destroy());
    const ask = (prompt: string) => {
      const stream = rawRequest(session, path);
      stream.end(frame(request(prompt)));
      return ending(stream);
    };
    // One place is the silent caller's; the others go through the second, one after the other.
    expect((await ask("repeat 500 on")).code).toBe(status.OK);
    // This one holds the second until the next has run: so that one had the silent caller's place.
    const [holds, opens] = await Promise.all([ask("say a; wait freed; say b"), ask("open freed")]);
    expect([holds.code, opens.code]).toEqual([status.OK, status.OK]);
    const end = ending(silent);
    silent.resume();
    expect((await end).details?.reason).toBe("SLOW_READER");
  }, 60_000);
});
