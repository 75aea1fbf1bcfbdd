/**
 * Calls whose deadline would pass before their end, to the whole server. Their client keeps no time of its own:
 * what ends them is the server's.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import type { ClientHttp2Session, ClientHttp2Stream } from "node:http2";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { status } from "@grpc/grpc-js";
import { afterEach, describe, expect, it, vi } from "vitest";
import {
  GenerateRequest,
  GenerateResponse,
  GenerationServiceService,
} from "../../gen/inferd/v1/generation_service.ts";
import type { App } from "../../src/app/app.ts";
import { startMeasured } from "../fixtures/app.ts";
import { ending, frame, rawClient, rawRequest } from "./raw.ts";

const model = "scripted";
const { generate, generateStream } = GenerationServiceService;
const timeouts = { timeout: 10_000 };

let closing: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closing.reverse()) await close();
  closing = [];
});

/** Starts a server of one model that computes a job at a time, a step each 5 ms. */
async function open(flags: Readonly<Record<string, string>> = {}) {
  const folder = mkdtempSync(join(tmpdir(), "inferd-"));
  closing.push(() => rmSync(folder, { recursive: true }));
  const path = join(folder, model);
  mkdirSync(path);
  const options = "options: { slots: 1, step_ms: 5 }";
  writeFileSync(
    join(path, "model.yaml"),
    `name: ${model}\ntask: generate\nengine: scripted\n${options}\n`,
  );
  const { app } = await startMeasured(path, model, flags);
  closing.push(() => app.drain(0));
  const session = rawClient(`127.0.0.1:${app.port}`);
  closing.push(() => session.destroy());
  return { app, session };
}

function begin(
  session: ClientHttp2Session,
  script: string,
  path: string = generate.path,
  headers = {},
) {
  const request = GenerateRequest.fromPartial({ input: { $case: "prompt", value: script } });
  const stream = rawRequest(session, path, headers);
  stream.end(frame(GenerateRequest.encode(request).finish()));
  return stream;
}

const waiting = 20;
/** Half of what so many take at half a second each, and far more than hearing of a call does. */
const late = { "grpc-timeout": "5S" };

/**
 * Has the server learn that a job takes half a second at least, and has jobs wait for one that never ends, which
 * it gives: nothing begins until that is cancelled.
 */
async function fill(app: App, session: ClientHttp2Session): Promise<ClientHttp2Stream> {
  await ending(begin(session, "repeat 100 x"));
  const endless = begin(session, "wait never");
  await vi.waitFor(() => expect(app.models.queueOf(model)?.running).toBe(1), timeouts);
  for (let job = 0; job < waiting; job += 1) begin(session, "say x").resume();
  await haveToWait(app, waiting);
  return endless;
}

function haveToWait(app: App, jobs: number): Promise<void> {
  return vi.waitFor(() => expect(app.models.queueOf(model)?.waiting).toBe(jobs), timeouts);
}

describe("a call whose deadline cannot be kept", () => {
  it.each([generate.path, generateStream.path])("is refused at once: %s", async (path) => {
    const { app, session } = await open();
    await fill(app, session);
    const { code, details } = await ending(begin(session, "say late", path, late));
    expect([code, details?.reason]).toEqual([status.DEADLINE_EXCEEDED, "WOULD_EXPIRE"]);
    const { neededMs, leftMs } = details?.facts ?? {};
    expect(Number(neededMs)).toBeGreaterThan(Number(leftMs));
    // Nothing that it would have waited for has happened meanwhile.
    const refused = { WOULD_EXPIRE: 1, QUEUE_FULL: 0 };
    expect(app.models.queueOf(model)).toMatchObject({ running: 1, waiting, refused });
  });

  it("waits where late calls are not to be refused, and is served if its turn comes in time", async () => {
    const { app, session } = await open({ refuseLate: "off" });
    const endless = await fill(app, session);
    const call = ending(begin(session, "say late", generate.path, late));
    await haveToWait(app, waiting + 1);
    endless.close();
    const { code, body } = await call;
    expect(code).toBe(status.OK);
    expect(GenerateResponse.decode(body.subarray(5)).text).toBe("late");
    expect(app.models.queueOf(model)).toMatchObject({ refused: { WOULD_EXPIRE: 0 } });
  });
});
