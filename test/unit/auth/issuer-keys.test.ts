import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { errors, exportJWK, generateKeyPair, type JWK, type JWTVerifyGetKey } from "jose";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { issuerKeys } from "../../../src/auth/issuer-keys.ts";
import { type Log, type LogFields, silentLog } from "../../../src/base/log.ts";
import { FakeClock } from "../../fixtures/fake-clock.ts";

const minuteMs = 60_000;

let issuer: Server;
/** What the issuer states, and how often it was asked. */
let stated: JWK[];
let asked: number;
let isFailing: boolean;
let told: string[];
let clock: FakeClock;
let find: JWTVerifyGetKey;

beforeEach(async () => {
  stated = [await newKey("one")];
  asked = 0;
  isFailing = false;
  told = [];
  issuer = createServer((_, response) => {
    asked += 1;
    if (isFailing) response.writeHead(500);
    response.end(JSON.stringify({ keys: stated }));
  }).listen(0, "127.0.0.1");
  await once(issuer, "listening");
  const { port } = issuer.address() as AddressInfo;
  clock = new FakeClock();
  find = issuerKeys(new URL(`http://127.0.0.1:${port}/`), { clock, log });
});

afterEach(() => {
  vi.useRealTimers();
  issuer.close();
  issuer.closeAllConnections();
});

const tell = (_: LogFields, message: string) => void told.push(message);
const log: Log = { ...silentLog, info: tell, warn: tell };

async function newKey(kid: string): Promise<JWK> {
  const { publicKey } = await generateKeyPair("ES256");
  return { ...(await exportJWK(publicKey)), kid };
}

async function isKnown(kid: string): Promise<boolean> {
  try {
    await find({ alg: "ES256", kid }, { payload: "", signature: "" });
    return true;
  } catch (error) {
    if (error instanceof errors.JWKSNoMatchingKey) return false;
    throw error;
  }
}

describe("an issuer's keys", () => {
  it("are asked for once in ten minutes, and forgotten where the issuer takes them back", async () => {
    expect(await isKnown("one")).toBe(true);
    stated = [];
    clock.advance(10 * minuteMs - 1);
    expect(await isKnown("one")).toBe(true);
    expect(asked).toBe(1);
    clock.advance(1);
    expect(await isKnown("one")).toBe(false);
    expect(asked).toBe(2);
  });

  it("are asked for when a token names a new one, twice a minute at most", async () => {
    expect(await isKnown("two")).toBe(false);
    stated.push(await newKey("two"));
    clock.advance(minuteMs / 2 - 1);
    expect(await isKnown("two")).toBe(false);
    expect(asked).toBe(1);
    clock.advance(1);
    expect(await isKnown("two")).toBe(true);
    expect(asked).toBe(2);
  });

  it("are asked for by many calls at once in one question", async () => {
    expect(await Promise.all(["one", "one", "one"].map(isKnown))).toEqual([true, true, true]);
    expect(asked).toBe(1);
  });

  it("are asked for in time where the machine's clock is set back", async () => {
    expect(await isKnown("two")).toBe(false);
    stated.push(await newKey("two"));
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() - 60 * minuteMs });
    clock.advance(minuteMs);
    expect(await isKnown("two")).toBe(true);
  });

  it("are asked of an issuer that fails after a growing pause, whatever tokens come", async () => {
    isFailing = true;
    const times: number[] = [];
    for (let second = 0; second <= 120; second += 1) {
      const before = asked;
      for (const kid of ["one", "two"]) await expect(isKnown(kid)).rejects.toThrow("200 OK");
      if (asked > before) times.push(second);
      clock.advance(1000);
    }
    expect(times).toEqual([0, 1, 3, 7, 15, 31, 61, 91]);
    expect(told).toEqual(["the tokens' issuer does not give its keys"]);
    isFailing = false;
    expect(await isKnown("one")).toBe(true);
    expect(told).toHaveLength(2);
  });

  it("serve on for a day where the issuer fails, and a new one is not called unknown", async () => {
    expect(await isKnown("one")).toBe(true);
    isFailing = true;
    clock.advance(10 * minuteMs);
    expect(await isKnown("one")).toBe(true);
    await expect(isKnown("two")).rejects.toThrow("200 OK");
    clock.advance(23 * 60 * minuteMs);
    expect(await isKnown("one")).toBe(true);
    clock.advance(50 * minuteMs);
    await expect(isKnown("one")).rejects.toThrow("200 OK");
    isFailing = false;
    clock.advance(minuteMs);
    expect(await isKnown("one")).toBe(true);
  });
});
