/** Age and drain of servers behind real proxies, which repeat no call that was refused. */
import type { Client } from "@grpc/grpc-js";
import { afterEach, describe, expect, it } from "vitest";
import { findProxy, type ProxyName, startProxy } from "../fixtures/proxies.ts";
import { call, kindsClient, type Running, startKinds } from "../grpc/support.ts";

const names: readonly ProxyName[] = ["nginx", "haproxy"];
const proxies = names.map((name) => ({ name, program: findProxy(name) ?? "" }));

const ageMs = 100;
const total = 1000;

let closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.reverse()) await close();
  closing = [];
});

async function open({ name, program }: (typeof proxies)[number], maxConnectionAgeMs: number) {
  const calls = [0, 0];
  const server = async (index: 0 | 1): Promise<Running> => {
    const running = await startKinds(
      {
        unary: async function* (request) {
          calls[index]! += 1;
          await new Promise((resolve) => setImmediate(resolve));
          yield request;
        },
      },
      { maxConnectionAgeMs },
    );
    closing.push(running.stop);
    return running;
  };
  const servers = [await server(0), await server(1)] as const;
  const proxy = await startProxy(name, program, [servers[0].address, servers[1].address]);
  closing.push(proxy.stop);
  const client = kindsClient(proxy.address, { "grpc.enable_retries": 0 });
  closing.push(() => client.close());
  return { client, servers, calls };
}

/** Makes calls, so many at a time and each third a stream, and gives the errors. */
async function errorsOf(client: Client, atOnce: number, each?: (done: number) => void) {
  const errors: string[] = [];
  let begun = 0;
  const caller = async (): Promise<void> => {
    while (begun < total) {
      begun += 1;
      each?.(begun);
      const { error } = await call(client, begun % 3 === 0 ? "serverStream" : "unary", ["x"]);
      if (error !== undefined) errors.push(`${begun}: ${error.message}`);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, caller));
  return errors;
}

describe.each(proxies)("behind $name", (proxy) => {
  const test = it.skipIf(proxy.program === "");

  it.skipIf(proxy.program === "").each([1, 8])(
    `no call of ${total}, %i at a time, is failed by the age of connections`,
    async (atOnce) => {
      const { client } = await open(proxy, ageMs);
      expect(await errorsOf(client, atOnce)).toEqual([]);
    },
    60_000,
  );

  test("no call is failed by a server that drains", async () => {
    const { client, servers, calls } = await open(proxy, 0);
    let drained: Promise<void> | undefined;
    const errors = await errorsOf(client, 8, (begun) => {
      if (begun === total / 4) drained = servers[0].server.drain(10_000);
    });
    await drained;
    expect(errors).toEqual([]);
    expect(calls[0]).toBeGreaterThan(0);
    expect(calls[1]).toBeGreaterThan(total / 2);
  }, 60_000);
});
