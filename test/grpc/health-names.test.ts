import { once } from "node:events";
import type { ClientHttp2Stream } from "node:http2";
import { status } from "@grpc/grpc-js";
import { afterEach, describe, expect, it } from "vitest";
import {
  HealthCheckRequest,
  HealthCheckResponse,
  HealthListResponse,
} from "../../gen/grpc/health/v1/health.ts";
import type { LogFields } from "../../src/base/log.ts";
import { silentLog } from "../../src/base/log.ts";
import { doorkeeperFor, keyMeans, makeKey } from "../fixtures/access.ts";
import { ending, frame, rawClient, rawRequest } from "./raw.ts";
import { start } from "./support.ts";

const [SERVING, SERVICE_UNKNOWN] = [1, 3];
const open = ["", "liveness", "readiness", "startup", "inferd.v1.ModelService"];
const models = ["model:a", "model:b"];

const all = makeKey({ id: "key_all" });
const onlyA = makeKey({ id: "key_a", models: ["a"] });
const noReader = makeKey({ id: "key_embed", scopes: ["embed"] });
const expired = makeKey({ id: "key_old", expiresAtMs: -1 });
const keys = [all, onlyA, noReader, expired];

let closing: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closing.reverse()) await close();
  closing = [];
});

/** A server whose names all serve, at either of its ports; and what its audit says. */
async function serve({ asks = true, port = "callers" } = {}) {
  const lines: LogFields[] = [];
  const log = { ...silentLog, warn: (fields: LogFields) => void lines.push(fields) };
  const sources = asks ? keyMeans(keys.map(({ record }) => record)) : undefined;
  const { server, address, stop } = await start(
    ({ health }) => [...open, ...models].forEach((name) => health.set(name, true)),
    { authorizer: doorkeeperFor({ sources, log }), tellsProbesOfModels: !asks },
  );
  const probes = `127.0.0.1:${await server.listenForProbes("127.0.0.1", 0)}`;
  const session = rawClient(port === "probes" ? probes : address);
  closing.push(stop, () => session.destroy());
  const ask = (method: string, service: string, key?: string): ClientHttp2Stream => {
    const headers = key === undefined ? {} : { "x-api-key": key };
    const stream = rawRequest(session, `/grpc.health.v1.Health/${method}`, headers);
    stream.end(frame(HealthCheckRequest.encode({ service }).finish()));
    return stream;
  };
  const check = async (name: string, key?: string): Promise<string> => {
    const { code, details } = await ending(ask("Check", name, key));
    return code === status.OK ? "OK" : `${code} ${details?.reason}`;
  };
  const list = async (key?: string): Promise<readonly string[]> => {
    const { body } = await ending(ask("List", "", key));
    return Object.keys(HealthListResponse.decode(body.subarray(5)).statuses);
  };
  /** What a watch says first. */
  const watch = async (name: string, key?: string): Promise<number> => {
    const stream = ask("Watch", name, key);
    const [said] = (await once(stream, "data")) as [Buffer];
    stream.close();
    return HealthCheckResponse.decode(said.subarray(5)).status;
  };
  return { ask, check, list, watch, lines, server };
}

const unknown = `${status.NOT_FOUND} SERVICE_NOT_FOUND`;

describe("where credentials are asked for, health tells of a model", () => {
  const cases: { who: string; key: string | undefined; sees: readonly string[] }[] = [
    { who: "a key that may read all", key: all.text, sees: models },
    { who: "a key for one model", key: onlyA.text, sees: ["model:a"] },
    { who: "a key without the scope", key: noReader.text, sees: [] },
    { who: "an expired key", key: expired.text, sees: [] },
    { who: "a key that is none", key: "guessed", sees: [] },
    { who: "a caller without a key", key: undefined, sees: [] },
  ];

  it.each(cases)("to $who as far as it may read", async ({ key, sees }) => {
    const { check, list, watch } = await serve();
    expect(await list(key)).toEqual([...open, ...sees]);
    for (const name of models) {
      const seen = sees.includes(name);
      expect([name, await check(name, key)]).toEqual([name, seen ? "OK" : unknown]);
      expect([name, await watch(name, key)]).toEqual([name, seen ? SERVING : SERVICE_UNKNOWN]);
    }
    // A caller without a credential cannot tell one that is there from one that is not.
    expect(await check("model:none", key)).toBe(unknown);
    for (const name of open) expect([name, await check(name, key)]).toEqual([name, "OK"]);
  });

  it("at no time to a watch that may not know, whatever becomes of the model", async () => {
    const { ask, check, server } = await serve();
    const stream = ask("Watch", "model:late");
    const said: number[] = [];
    stream.on("data", (data: Buffer) => {
      said.push(HealthCheckResponse.decode(data.subarray(5)).status);
    });
    await once(stream, "data");
    server.health.set("model:late", true);
    // What comes later on the same connection comes after all that the watch would have been told.
    await check("liveness");
    expect(said).toEqual([SERVICE_UNKNOWN]);
    stream.close();
  });

  it("and tells the audit who shows a bad credential, but of no probe", async () => {
    const { check, lines } = await serve();
    await check("model:a");
    await check("readiness", "guessed");
    expect(lines).toEqual([]);
    await check("model:a", "guessed");
    expect(lines).toMatchObject([{ audit: true, reason: "CREDENTIAL_INVALID" }]);
  });

  it("at no port for probes, which asks for no credential", async () => {
    const { check, list } = await serve({ port: "probes" });
    expect(await list(all.text)).toEqual(open);
    expect(await check("model:a", all.text)).toBe(unknown);
    expect(await check("liveness")).toBe("OK");
  });
});

it.each(["callers", "probes"])(
  "tells all callers of models where none is asked: port for %s",
  async (port) => {
    const { check, list } = await serve({ asks: false, port });
    expect(await list()).toEqual([...open, ...models]);
    expect(await check("model:a")).toBe("OK");
  },
);
