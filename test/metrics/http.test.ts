import { connect, createServer } from "node:net";
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

const chunked = `POST /metrics HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n${"1\r\nx\r\n".repeat(100_000)}0\r\n\r\n`;

/** What came first, or nothing where the connection was closed at once. */
function answerTo(at: string, request: string): Promise<string> {
  const socket = connect(Number(new URL(at).port), "127.0.0.1");
  closing.push(() => void socket.destroy());
  socket.write(request);
  return new Promise((resolve) => {
    socket.once("data", (data) => resolve(data.toString()));
    socket.once("error", () => resolve(""));
    socket.once("close", () => resolve(""));
  });
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

  it.each([
    ["a body in ever so many chunks", chunked],
    ["ever so many headers", `GET /metrics HTTP/1.1\r\n${"a: b\r\n".repeat(100_000)}\r\n`],
  ])(
    "CVE-2025-23310, CVE-2025-23311 (Triton, %s): is not read, and harms nobody",
    async (_, request) => {
      const at = await open();
      expect(await answerTo(at, request)).not.toContain("200 OK");
      expect((await fetch(`${at}/healthz`)).status).toBe(200);
    },
  );

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
