/** The benchmark's clients in other languages: what they tell must be what happened. */
import { expect, it } from "vitest";
import { type Launch, type Plan, startTimedCalls } from "../../bench/lib/timed-calls.ts";
import { messageBytes } from "../../bench/load/inferd.ts";
import { startServer } from "../real-server.ts";

const retryPolicy = {
  maxAttempts: 5,
  initialBackoff: "0.1s",
  maxBackoff: "5s",
  backoffMultiplier: 2,
  retryableStatusCodes: ["RESOURCE_EXHAUSTED"],
};
const patient = JSON.stringify({ methodConfig: [{ name: [{}], retryPolicy }] });
const impatient = "{}";

/** Tests one of them; it is made ready in the file's `beforeAll`, since two would overwrite each other's stubs. */
export function testTimedCalls(launch: () => Launch): void {
  it("begins a benchmark's calls at their times, whatever became of those before", async () => {
    const { told, version } = await toldBy(launch(), impatient, 40);
    expect(version).toMatch(/^\d+\.\d+\.\d+/);
    const codes = told.map(({ code }) => code);
    expect(codes.toSorted()).toEqual(["OK", "OK", "OK", "RESOURCE_EXHAUSTED"]);
    expect(told[3]!.code).toBe("OK");
    expect(told[3]!.sentMs).toBeGreaterThanOrEqual(2500);
    for (const { code, sentMs, endMs, firstTokenMs } of told) {
      expect(firstTokenMs !== undefined).toBe(code === "OK");
      expect(endMs).toBeGreaterThan(sentMs);
    }
  }, 60_000);

  it("keeps no more calls open than a benchmark says, and begins none after its time", async () => {
    // A hundred words take a second.
    const { told } = await toldBy(launch(), impatient, 100, { streams: 1, untilMs: 1900 });
    expect(told.map(({ code }) => code)).toEqual(["OK", "OK"]);
    expect(told[1]!.sentMs).toBeGreaterThanOrEqual(told[0]!.endMs);
  }, 60_000);

  it("lets gRPC try a benchmark's calls again where its service config says so", async () => {
    const { told } = await toldBy(launch(), patient, 10);
    expect(told.map(({ code }) => code)).toEqual(["OK", "OK", "OK", "OK"]);
  }, 60_000);
}

/**
 * What a client tells of four calls to a server that runs one of them at a time and lets one wait: three
 * that come at once and take 10 ms a word, and one after 2,500 ms, when the server rests again.
 */
async function toldBy(
  launch: Launch,
  serviceConfig: string,
  words: number,
  bounds: Pick<Plan, "streams" | "untilMs"> = {},
) {
  const server = await startServer("bin/inferd serve --model test/fixtures/narrow.yaml");
  const options = { model: "narrow", temperature: 0.8 };
  const request = messageBytes(
    { prompt: { kind: "text", text: `repeat ${words} word` }, newTokens: words, seed: 1 },
    options,
  );
  const calls = [0, 0, 0, 2500].map((atMs) => ({ atMs, request }));
  const plan = { address: server.address, serviceConfig, deadlineMs: 60_000, calls, ...bounds };
  try {
    const client = await startTimedCalls(launch, plan);
    const told = await client.call();
    await client.stop();
    return { version: client.version, told };
  } finally {
    await server.stop();
  }
}
