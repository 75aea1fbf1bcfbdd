/** Certificates that have expired or are not valid yet, and the wall clock that says so. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { FollowedTlsFiles, readEveryMs } from "../../src/auth/tls-files.ts";
import { type Log, silentLog } from "../../src/base/log.ts";
import { authority, type Pair } from "../fixtures/certificates.ts";
import { FakeClock } from "../fixtures/fake-clock.ts";

const ca = authority("server CA");
const clientCa = authority("client CA");
const server = ca.issue({ name: "localhost" });

let folder: string;
let clock: FakeClock;
let problems: string[];
/** Milliseconds by the wall clock. */
let wall: number;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "inferd-certificates-"));
  clock = new FakeClock();
  problems = [];
  wall = Date.now();
});

afterEach(() => rmSync(folder, { recursive: true }));

const log: Log = {
  ...silentLog,
  warn: ({ problem }) => void problems.push(String(problem)),
};

function put(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

function follow(pair: Pair, clients?: string): FollowedTlsFiles {
  const files = {
    cert: put("cert.pem", pair.cert),
    key: put("key.pem", pair.key),
    clientCa: clients === undefined ? undefined : put("clients.pem", clients),
  };
  return new FollowedTlsFiles({ files, clock, wallMs: () => wall, log });
}

/** Two readings: one that finds the change, one that finds it steady. */
function settle(): void {
  clock.advance(readEveryMs);
  clock.advance(readEveryMs);
}

describe("a certificate out of its time", () => {
  const day = 86_400_000;
  const next = (from: number, to: number) => ca.issue({ name: "localhost", days: [from, to] });

  function replace(pair: Pair): void {
    put("cert.pem", pair.cert);
    put("key.pem", pair.key);
    settle();
  }

  const shownBy = (followed: FollowedTlsFiles): string => followed.current.cert.toString();

  it.each([
    ["has expired", -3, -2, /^--tls-cert expired at /],
    ["is not valid yet", 0.5, 3, /^--tls-cert is not valid before /],
  ])("is not taken over a good one where it %s, until that is no better", (_, from, to, says) => {
    const followed = follow(server);
    const bad = next(from, to);
    replace(bad);
    settle();
    expect(shownBy(followed)).toBe(server.cert);
    expect(problems).toEqual([expect.stringMatching(says)]);
    // Then the one in force expires.
    wall += 2 * day;
    settle();
    expect(shownBy(followed)).toBe(bad.cert);
  });

  it("is taken in place of another, with a warning, and no more once there is a good one", () => {
    const followed = follow(next(-5, -4));
    expect(problems).toHaveLength(1);
    const [bad, good] = [next(-3, -2), next(-1, 1)];
    replace(bad);
    expect(shownBy(followed)).toBe(bad.cert);
    expect(problems).toHaveLength(2);
    replace(good);
    expect(shownBy(followed)).toBe(good.cert);
    expect(problems).toHaveLength(2);
  });

  it("is told once where it is the one in force that expires", () => {
    follow(server);
    wall += 2 * day;
    settle();
    settle();
    expect(problems).toEqual([expect.stringMatching(/^--tls-cert expired at /)]);
  });

  it("is missed in a client CA only where none in the file is valid", () => {
    const old = authority("old CA", [-3, -2]);
    const followed = follow(server, clientCa.cert);
    put("clients.pem", old.cert);
    settle();
    expect(problems).toEqual([expect.stringMatching(/^--tls-client-ca expired at /)]);
    expect(followed.current.clientCa?.toString()).toBe(clientCa.cert);
    put("clients.pem", old.cert + clientCa.cert);
    settle();
    expect(followed.current.clientCa?.toString()).toBe(old.cert + clientCa.cert);
  });
});
