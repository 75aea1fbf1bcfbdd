/** The load tool against a real gRPC server that answers by script: what the tool says must be what happened. */
import {
  type sendUnaryData,
  Server,
  ServerCredentials,
  type ServerWritableStream,
  status,
} from "@grpc/grpc-js";
import { afterAll, beforeAll, expect, it } from "vitest";
import {
  type GenerateRequest,
  type GenerateResponse,
  type GenerateStreamResponse,
  GenerationServiceService,
} from "../../gen/inferd/v1/generation_service.ts";
import { type InferdTarget, openInferd } from "../../bench/load/inferd.ts";
import { measure, type Measurement } from "../../bench/load/measure.ts";
import { requests } from "../../bench/load/requests.ts";

type Call = ServerWritableStream<GenerateRequest, GenerateStreamResponse>;

const server = new Server();
let address = "";
const seen: GenerateRequest[] = [];
let cancelled = 0;
let script: (call: Call) => void = () => undefined;

beforeAll(async () => {
  server.addService(GenerationServiceService, {
    generate: (_call: { request: GenerateRequest }, callback: sendUnaryData<GenerateResponse>) => {
      callback({ code: status.UNIMPLEMENTED });
    },
    generateStream: (call: Call) => {
      seen.push(call.request);
      script(call);
    },
  });
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) => {
      if (error === null) resolve(bound);
      else reject(error);
    });
  });
  address = `127.0.0.1:${port}`;
});

afterAll(() => server.forceShutdown());

/** As many pieces as tokens are asked for, two tokens in each, between `started` and `finish`. */
function complete(call: Call): void {
  const tokens = call.request.sampling?.maxTokens ?? 0;
  const events: GenerateStreamResponse["event"][] = [
    { $case: "started", value: { model: undefined, seed: 1n, requestId: "" } },
    ...Array.from({ length: tokens / 2 }, () => {
      return { $case: "piece" as const, value: { text: "", tokenIds: [1, 2] } };
    }),
    {
      $case: "finish",
      value: {
        reason: 2,
        stopSequence: "",
        usage: { promptTokens: 9, cachedPromptTokens: 4, completionTokens: tokens },
        timings: undefined,
        model: undefined,
        requestId: "",
      },
    },
  ];
  for (const event of events) call.write({ event });
  call.end();
}

async function load(
  options: { readonly calls: number; readonly cancelAfter?: number },
  target: Partial<Parameters<typeof openInferd>[0]> = {},
): Promise<Measurement> {
  seen.length = 0;
  const opened: InferdTarget = openInferd({
    address,
    model: "m",
    temperature: 0.5,
    connections: 1,
    ...target,
  });
  try {
    return await measure(opened.stream, {
      load: { kind: "closed", streams: 2 },
      durationMs: Infinity,
      request: requests({
        prompt: { kind: "tokens", tokens: { least: 47, most: 47 } },
        newTokens: { least: 6, most: 6 },
        seed: 1,
      }),
      ...options,
    });
  } finally {
    opened.close();
  }
}

it("counts tokens, not messages, and reports what the server says it used", async () => {
  script = complete;
  const measured = await load({ calls: 4 });
  expect(measured).toMatchObject({
    calls: 4,
    completed: 4,
    tokens: 24,
    errors: {},
    promptTokens: 36,
    cachedPromptTokens: 16,
    timeToFirstTokenMs: { count: 4 },
    // Three messages a call, so two gaps.
    gapMs: { count: 8 },
  });
  expect(measured.client.cpuPercent).toBeGreaterThan(0);
});

it("asks for exact lengths, with token ids, past the end token, and no prompt twice", async () => {
  script = complete;
  await load({ calls: 2 });
  const [first, second] = seen;
  expect(first).toMatchObject({
    model: "m",
    returnTokenIds: true,
    sampling: { maxTokens: 6, ignoreEos: true, temperature: 0.5 },
  });
  expect(first?.input).toMatchObject({ $case: "tokenIds", value: { ids: { length: 47 } } });
  expect(first?.input).not.toEqual(second?.input);
});

it("reports failed calls by code", async () => {
  script = (call) => void call.emit("error", { code: status.RESOURCE_EXHAUSTED, details: "full" });
  expect(await load({ calls: 3 })).toMatchObject({
    completed: 0,
    errors: { RESOURCE_EXHAUSTED: 3 },
    timeToFirstTokenMs: undefined,
  });
});

it("does not take a stream without its last message for a completed call", async () => {
  script = (call) => call.end();
  expect(await load({ calls: 1 })).toMatchObject({ errors: { ENDED_WITHOUT_FINISH: 1 } });
});

it("cancels on the wire after as many messages as it is told", async () => {
  cancelled = 0;
  const told = new Promise<void>((resolve) => {
    script = (call) => {
      call.once("cancelled", () => {
        cancelled += 1;
        if (cancelled === 2) resolve();
      });
      // Never ends by itself.
      for (let piece = 0; piece < 3; piece += 1) {
        call.write({ event: { $case: "piece", value: { text: "a", tokenIds: [1] } } });
      }
    };
  });
  expect(await load({ calls: 2, cancelAfter: 3 })).toMatchObject({
    completed: 0,
    cancelled: 2,
    tokens: 6,
    errors: {},
  });
  await told;
});

it("gives calls a deadline, and reports those that passed it", async () => {
  script = () => undefined;
  expect(await load({ calls: 1 }, { deadlineMs: 50 })).toMatchObject({
    errors: { DEADLINE_EXCEEDED: 1 },
  });
});

it("reads slowly where it is told to", async () => {
  script = complete;
  const waitMs = 40;
  const measured = await load({ calls: 1 }, { readDelayMs: waitMs });
  expect(measured).toMatchObject({ completed: 1, tokens: 6, gapMs: { count: 2 } });
  // The pause is a lower bound, whatever else the machine does; timers may fire a millisecond early.
  expect(measured.gapMs?.p50).toBeGreaterThanOrEqual(waitMs - 1);
});
