/**
 * Sends calls that no library would. `INFERD_FUZZ_SEED` and `INFERD_FUZZ_FROM` make one again:
 * a failure names both. `INFERD_FUZZ_CALLS` says how many; `make fuzz` sends a million.
 */
import type { ClientHttp2Session } from "node:http2";
import { afterAll, beforeAll, expect, it } from "vitest";
import { heapBytes } from "../fixtures/memory.ts";
import {
  addAll,
  embeddingModel,
  fakeModels,
  generationModel,
  result,
  story,
  vector,
} from "../grpc/fake-models.ts";
import { type Ending, ending, frame, rawClient, rawRequest } from "../grpc/raw.ts";
import { type Running, start } from "../grpc/support.ts";
import type { Submission } from "../../src/models/model.ts";
import type { WorkerEvent } from "../../src/workers/messages.ts";
import { type Case, caseOf } from "./cases.ts";
import { faultsOf } from "./verdict.ts";

const seed = Number(process.env["INFERD_FUZZ_SEED"] ?? 20_261_125);
const from = Number(process.env["INFERD_FUZZ_FROM"] ?? 0);
const calls = Number(process.env["INFERD_FUZZ_CALLS"] ?? 10_000);

// Far above what any of these calls takes, far below the server's own limit on a call's time.
const longestMs = 30_000;
const atOnce = 32;

let running: Running;
beforeAll(async () => {
  const models = fakeModels([generationModel(), embeddingModel()], answer);
  running = await start((server) => addAll(server, models), { maxMessageBytes: 1_000_000 });
});
afterAll(() => running.stop());

async function* answer(submission: Submission): AsyncGenerator<WorkerEvent> {
  const { job } = submission;
  if (job.kind === "embed") {
    const vectors = job.texts.map((_, index) => vector(index));
    yield* [{ kind: "started" }, { kind: "vectors", vectors }, { kind: "finish", ...result }];
  } else yield* story()(submission);
}

/** Sends the calls of these indices, and gives what was wrong with each. */
async function send(first: number, count: number): Promise<readonly string[]> {
  const faults: string[] = [];
  let next = first;
  const client = async (): Promise<void> => {
    let session = rawClient(running.address);
    while (next < first + count) {
      const index = next++;
      // A call can cost its connection; the next one has its own.
      if (session.destroyed || session.closed) session = rawClient(running.address);
      const call = caseOf(seed, index);
      const end = await within(longestMs, sendOne(session, call));
      const found = end === undefined ? ["does not end"] : faultsOf(call, end);
      for (const fault of found) faults.push(`seed ${seed}, call ${index}, ${call.path}: ${fault}`);
    }
    session.destroy();
  };
  await Promise.all(Array.from({ length: atOnce }, client));
  return faults;
}

function sendOne(session: ClientHttp2Session, call: Case): Promise<Ending> {
  const stream = rawRequest(session, call.path, call.headers);
  const end = ending(stream);
  if (call.ends) stream.end(call.body);
  else stream.write(call.body);
  if (call.cancels) stream.close(8);
  return end.finally(() => stream.destroy());
}

async function within<T>(ms: number, promise: Promise<T>): Promise<T | undefined> {
  const late = Promise.withResolvers<undefined>();
  const timer = setTimeout(() => late.resolve(undefined), ms);
  return Promise.race([promise, late.promise]).finally(() => clearTimeout(timer));
}

it(
  `answers ${calls} hostile calls in time, each with a reason of its own, and tells nothing`,
  async () => {
    // Code and caches are warm after some; what grows from then on, leaks.
    const warm = Math.min(2000, Math.ceil(calls / 4));
    const faults = [...(await send(from, warm))];
    const before = await heapBytes();
    const handles = process.getActiveResourcesInfo().length;
    for (let sent = warm; sent < calls && faults.length === 0; sent += 10_000) {
      faults.push(...(await send(from + sent, Math.min(10_000, calls - sent))));
    }
    expect(faults.slice(0, 20)).toEqual([]);
    const session = rawClient(running.address);
    const stream = rawRequest(session, "/inferd.v1.ServerService/GetServerInfo");
    stream.end(frame(Buffer.alloc(0)));
    expect((await ending(stream)).code).toBe(0);
    session.destroy();
    expect((await heapBytes()) - before).toBeLessThan(4_000_000);
    expect(process.getActiveResourcesInfo().length - handles).toBeLessThan(8);
  },
  // A thousandth of a second for each would do; a loaded machine takes longer.
  60_000 + calls * 20,
);
