/**
 * Each async generator between a worker and the socket costs every token some turns of the event loop. Those that a token
 * passes are counted where they cannot hide: at the one `next` that all generators share.
 */
import { afterEach, expect, it, vi } from "vitest";
import { openPermit } from "../../../src/auth/authorizer.ts";
import { silentLog } from "../../../src/base/log.ts";
import { silentMeter } from "../../../src/base/meter.ts";
import type { CallContext, Handler } from "../../../src/calls/call.ts";
import { deadline } from "../../../src/calls/deadline.ts";
import { intercept } from "../../../src/calls/intercept.ts";
import { observation } from "../../../src/calls/observation.ts";
import { embeddingHandlers } from "../../../src/services/embedding.ts";
import { generationHandlers } from "../../../src/services/generation.ts";
import { EmbedRequest } from "../../../gen/inferd/v1/embedding_service.ts";
import { GenerateRequest } from "../../../gen/inferd/v1/generation_service.ts";
import type { Submission } from "../../../src/jobs/submission.ts";
import type { Models, ModelStatus } from "../../../src/models/model.ts";
import type { WorkerEvent } from "../../../src/workers/messages.ts";
import { openRunner } from "../../fixtures/job-runs.ts";
import {
  embeddingModel,
  fakeModels,
  generationModel,
  limits,
  result,
  vector,
} from "../../grpc/fake-models.ts";

const count = 50;

/** `%AsyncGeneratorPrototype%`, whose `next` every loop over an async generator calls. */
const prototype = (Object.getPrototypeOf(empty) as { readonly prototype: AsyncGenerator })
  .prototype;

async function* empty(): AsyncGenerator<never> {
  // Only what it inherits is looked at.
}

afterEach(() => {
  vi.restoreAllMocks();
});

/** Models whose worker has given these events by the time that they are read. */
function modelsThatGive(status: ModelStatus, events: readonly WorkerEvent[]): Models {
  const { runner } = openRunner({
    act: (stream) => {
      for (const event of events) stream.push(event);
      stream.end();
    },
  });
  const run = (submission: Submission) => runner.run(submission);
  return {
    ...fakeModels([status]),
    resolve: () => ({ status, run, ask: () => Promise.reject(new Error("it is asked nothing")) }),
  };
}

function contextOf(): CallContext {
  const controller = new AbortController();
  return {
    method: "inferd.v1.GenerationService/GenerateStream",
    requestId: "request-1",
    traceparent: undefined,
    signal: controller.signal,
    abort: (reason) => controller.abort(reason),
    deadline: Infinity,
    arrivedAt: performance.now(),
    peer: "127.0.0.1:1",
    caller: openPermit("127.0.0.1"),
    record: {},
  };
}

/** How many generators a response passes, with the interceptors that the server has. */
async function generatorsPassed<I, O>(handler: Handler<I, O>, request: I): Promise<number> {
  const meter = silentMeter;
  const observed = observation(silentLog, { meter, quiet: false, now: () => performance.now() });
  const whole = intercept(handler, [observed, deadline(600_000)]);
  const next = vi.spyOn(prototype, "next");
  let responses = 0;
  for await (const response of whole(request, contextOf())) {
    expect(response).toBeDefined();
    responses += 1;
  }
  expect(responses).toBeGreaterThanOrEqual(count);
  // The end is asked for too.
  return Math.round(next.mock.calls.length / (responses + 1));
}

it("a token passes one generator between its worker's stream and the socket", async () => {
  const pieces = Array.from({ length: count }, () => ({ kind: "piece", text: "a" }) as const);
  const events = [{ kind: "started" }, ...pieces, { kind: "finish", ...result }] as const;
  const models = modelsThatGive(generationModel(), events);
  const { generateStream } = generationHandlers({ models, limits });
  const request = GenerateRequest.fromPartial({ input: { $case: "prompt", value: "once" } });
  expect(await generatorsPassed(generateStream, request)).toBe(1);
});

it.each([
  ["one where vectors come as they are ready", true, 1],
  ["two where they come in order", false, 2],
])("a vector passes %s", async (_, unordered, most) => {
  const vectors = Array.from({ length: count }, (__, index) => vector(index));
  const each = vectors.map((one) => ({ kind: "items", items: [one] }) as const);
  const events = [{ kind: "started" }, ...each, { kind: "finish", ...result }] as const;
  const models = modelsThatGive(embeddingModel(), events);
  const { embedStream } = embeddingHandlers({ models, limits });
  const inputs = vectors.map(({ index }) => `text ${index}`);
  const request = EmbedRequest.fromPartial({ inputs, unordered });
  expect(await generatorsPassed(embedStream, request)).toBe(most);
});
