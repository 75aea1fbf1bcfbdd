import { connect, createServer } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { type HttpOptions, openHttp } from "../../src/telemetry/http.ts";

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
    onFailure: () => undefined,
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

const patienceMs = 300;
const request = "GET /metrics HTTP/1.1\r\nhost: x\r\n\r\n";
// More than the kernel keeps for a connection whose other end does not read.
const large = "a 1\n".repeat(8_000_000);

interface Manner {
  readonly first?: string;
  readonly again?: string;
  readonly isRead: boolean;
}

/** Keeps a connection as long as it may, and tells when it is over. */
function linger(at: string, { first, again, isRead }: Manner): Promise<void> {
  const socket = connect(Number(new URL(at).port), "127.0.0.1");
  closing.push(() => void socket.destroy());
  if (first !== undefined) socket.write(first);
  if (isRead) socket.resume();
  // One that is not read notices its end by writing.
  const saying = setInterval(() => again !== undefined && socket.write(again), patienceMs / 10);
  return new Promise((resolve) => {
    socket.on("error", () => undefined);
    socket.once("close", () => {
      clearInterval(saying);
      resolve();
    });
  });
}

describe("the metrics port", () => {
  it("says so where metrics cannot be made, and goes on", async () => {
    const broken = new Error("a gauge is broken");
    const failures: unknown[] = [];
    const at = await open({
      metrics: { contentType: "text/plain", text: () => Promise.reject(broken) },
      onFailure: (error) => failures.push(error),
    });
    const response = await fetch(`${at}/metrics`);
    expect(response.status).toBe(500);
    expect(await response.text()).not.toContain("gauge");
    expect(failures).toEqual([broken]);
    expect((await fetch(`${at}/healthz`)).status).toBe(200);
  });

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

  it.each<[string, Manner]>([
    ["sends nothing", { isRead: true }],
    ["sends its request byte by byte", { first: "GET /x HTTP/1.1\r\n", again: "a", isRead: true }],
    ["does not read its answer", { first: request, again: "\r\n", isRead: false }],
    ["goes on after its answer", { first: request, again: "\r\n", isRead: true }],
  ])("ends a connection in time that %s", async (_, manner) => {
    const text = () => Promise.resolve(large);
    const at = await open({ patienceMs, metrics: { contentType: "text/plain", text } });
    await linger(at, manner);
    expect((await fetch(`${at}/healthz`)).status).toBe(200);
  });

  it("has room again once patience is over with those who hold all of it, and one more", async () => {
    const at = await open({ patienceMs });
    await Promise.all(Array.from({ length: 65 }, () => linger(at, { isRead: true })));
    const response = await fetch(`${at}/metrics`);
    expect(await response.text()).toBe("a 1\n");
  });

  it("takes one request a connection, and says so", async () => {
    const response = await fetch(`${await open()}/metrics`);
    expect(response.headers.get("connection")).toBe("close");
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
