import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { errors, exportJWK, generateKeyPair, type JWK, type JWTVerifyGetKey } from "jose";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { issuerKeys } from "../../../src/auth/issuer-keys.ts";
import { FakeClock } from "../../fixtures/fake-clock.ts";

const minuteMs = 60_000;

let issuer: Server;
/** What the issuer states, and how often it was asked. */
let stated: JWK[];
let asked: number;
let clock: FakeClock;
let find: JWTVerifyGetKey;

beforeEach(async () => {
  stated = [await newKey("one")];
  asked = 0;
  issuer = createServer((_, response) => {
    asked += 1;
    response.end(JSON.stringify({ keys: stated }));
  }).listen(0, "127.0.0.1");
  await once(issuer, "listening");
  const { port } = issuer.address() as AddressInfo;
  clock = new FakeClock();
  find = issuerKeys(new URL(`http://127.0.0.1:${port}/`), clock);
});

afterEach(() => {
  vi.useRealTimers();
  issuer.close();
  issuer.closeAllConnections();
});

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
});
