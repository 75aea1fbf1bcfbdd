/** How soon a server says that it is well, while a function of its model holds Python's lock for seconds. */
import { once } from "node:events";
import { get, type IncomingMessage } from "node:http";
import { setTimeout as wait } from "node:timers/promises";
import { probe as sendProbe } from "../../test/kubelet/probe.ts";
import { spread, type Spread } from "../lib/statistics.ts";

/** Asks once, on a connection of its own; throws where the server is not well. */
export type Ask = () => Promise<void>;

/** A probe that waits longer has failed, at any setting of an orchestrator. */
const timeoutMs = 10_000;

export const grpcHealth =
  (port: number): Ask =>
  async () => {
    const address = `127.0.0.1:${port}`;
    const { succeeded, why } = await sendProbe({ address, service: "readiness", timeoutMs });
    if (!succeeded) throw new Error(`a probe failed: ${why}`);
  };

export const httpHealth =
  (port: number): Ask =>
  async () => {
    const request = get({ port, host: "127.0.0.1", path: "/health", agent: false });
    request.setTimeout(timeoutMs, () => request.destroy(new Error("a probe timed out")));
    const [response] = (await once(request, "response")) as [IncomingMessage];
    if (response.statusCode !== 200) throw new Error(`a probe has ${response.statusCode}`);
    response.resume();
    await once(response, "end");
  };

/** Asks every 50 ms, whether earlier probes were answered or not, while one caller makes calls that hold the lock. */
export async function healthWhile(
  hold: () => Promise<unknown>,
  ask: Ask,
  seconds: number,
): Promise<Spread> {
  await ask();
  const endMs = performance.now() + seconds * 1000;
  const holding = (async () => {
    while (performance.now() < endMs) await hold();
  })();
  // A probe that fails is reported at the end.
  holding.catch(() => undefined);
  const probes: Promise<number>[] = [];
  while (performance.now() < endMs) {
    const probe = timed(ask);
    probe.catch(() => undefined);
    probes.push(probe);
    await wait(50);
  }
  const tookMs = await Promise.all(probes);
  await holding;
  const all = spread(tookMs);
  if (all === undefined) throw new Error("no probe was sent");
  return all;
}

async function timed(ask: Ask): Promise<number> {
  const startedAt = performance.now();
  await ask();
  return performance.now() - startedAt;
}
