import type { IncomingHttpHeaders, ServerHttp2Stream } from "node:http2";
import { expect, it } from "vitest";
import { grpcProtocol, servedMethod } from "../../../src/grpc/examine.ts";
import { frame } from "../../grpc/raw.ts";

const method = "test.Kinds/Unary";
const served = [
  servedMethod({ path: `/${method}`, sendsStream: false, maxMs: 1000 }),
  servedMethod({ path: "/test.Kinds/Bidi", sendsStream: true, maxMs: 1000 }),
  servedMethod({ path: "/grpc.health.v1.Health/Watch", sendsStream: false, maxMs: Infinity }),
];
const protocol = grpcProtocol(new Map(served.map((each) => [`/${each.examined.method}`, each])));
const stream = {} as unknown as ServerHttp2Stream;

const call = {
  ":method": "POST",
  ":path": `/${method}`,
  "content-type": "application/grpc",
} satisfies IncomingHttpHeaders;

const examine = (headers: IncomingHttpHeaders = {}) =>
  protocol.examine({ ...call, ...headers }, stream);

it("says of a call of one message its method alone", () => {
  expect(examine()).toEqual({ method, isEndless: false });
});

it("says which calls may last as long as their callers like", () => {
  expect(examine({ ":path": "/grpc.health.v1.Health/Watch" }).isEndless).toBe(true);
});

it("follows the messages of a stream of them, of each call for itself", () => {
  const { framing } = examine({ ":path": "/test.Kinds/Bidi" });
  const [first, second] = [framing?.(), framing?.()];
  const half = frame(Buffer.from("hel"), { length: 5 });
  const unfinished = [first?.push(half), second?.push(half), first?.push(Buffer.from("lo"))];
  expect(unfinished).toEqual([8, 8, 0]);
});

it.each([
  { headers: { ":path": "/no.Such/Method" }, counted: "unknown", reason: "METHOD_UNKNOWN" },
  { headers: { ":method": "GET" }, counted: method, reason: "HTTP_METHOD_WRONG" },
  { headers: { "content-type": "text/html" }, counted: method, reason: "CONTENT_TYPE_UNKNOWN" },
  { headers: { "grpc-timeout": "soon" }, counted: method, reason: "TIMEOUT_INVALID" },
])("refuses $headers with $reason, counted for $counted", ({ headers, counted, reason }) => {
  const { method: told, refusal } = examine(headers);
  expect([told, refusal?.reason]).toEqual([counted, reason]);
});

it.each([
  { path: method, asked: "5S", kept: "1000m" },
  { path: method, asked: "5m", kept: "5m" },
  { path: method, asked: undefined, kept: "1000m" },
  { path: "grpc.health.v1.Health/Watch", asked: undefined, kept: undefined },
])("writes the timeout of $path into its headers: $asked is kept as $kept", (each) => {
  const headers = { ...call, ":path": `/${each.path}`, "grpc-timeout": each.asked };
  protocol.examine(headers, stream);
  expect(headers["grpc-timeout"]).toBe(each.kept);
});
