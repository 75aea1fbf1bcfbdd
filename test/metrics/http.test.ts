import { createServer } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { type HttpOptions, openHttp } from "../../src/metrics/http.ts";

let closing: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closing.reverse()) await close();
  closing = [];
});

async function open(changes: Partial<HttpOptions> = {}): Promise<string> {
  const opened = await openHttp({
    host: "127.0.0.1",
    port: 0,
    metrics: { contentType: "text/plain; version=0.0.4", text: () => Promise.resolve("a 1\n") },
    isReady: () => true,
    ...changes,
  });
  closing.push(() => opened.close());
  return `http://127.0.0.1:${opened.port}`;
}

describe("the metrics port", () => {
  it("gives the metrics as Prometheus reads them", async () => {
    const response = await fetch(`${await open()}/metrics?x=1`);
    expect(response.headers.get("content-type")).toBe("text/plain; version=0.0.4");
    expect(await response.text()).toBe("a 1\n");
  });

  it("is alive while it is not ready", async () => {
    let isReady = false;
    const at = await open({ isReady: () => isReady });
    expect((await fetch(`${at}/healthz`)).status).toBe(200);
    expect((await fetch(`${at}/readyz`)).status).toBe(503);
    isReady = true;
    expect((await fetch(`${at}/readyz`)).status).toBe(200);
  });

  it("knows no other path and no other method", async () => {
    const at = await open();
    expect((await fetch(`${at}/debug`)).status).toBe(404);
    expect((await fetch(`${at}/metrics`, { method: "POST", body: "x" })).status).toBe(405);
    const head = await fetch(`${at}/healthz`, { method: "HEAD" });
    expect([head.status, await head.text()]).toEqual([200, ""]);
  });

  it("says in one line that its port is in use, and by which flag to choose another", async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
    closing.push(() => new Promise((resolve) => other.close(() => resolve())));
    const taken = other.address();
    const port = typeof taken === "object" && taken !== null ? taken.port : 0;
    await expect(open({ port })).rejects.toThrow(
      `port ${port} on 127.0.0.1 is in use; stop what listens there, or choose another with --metrics-port`,
    );
  });
});
