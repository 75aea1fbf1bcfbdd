import { once } from "node:events";
import type { IncomingHttpHeaders, OutgoingHttpHeaders } from "node:http2";
import { afterEach, describe, expect, it } from "vitest";
import { RequestInfo } from "../../gen/google/rpc/error_details.ts";
import { Status } from "../../gen/google/rpc/status.ts";
import { ServeError } from "../../src/base/errors.ts";
import type { LogFields } from "../../src/base/log.ts";
import { silentLog } from "../../src/base/log.ts";
import { traceparentOf } from "../../src/calls/trace-context.ts";
import { doorkeeperFor } from "../fixtures/access.ts";
import { ending, frame, rawClient, rawRequest } from "./raw.ts";
import { kinds, type KindHandlers, startKinds } from "./support.ts";

let closing: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closing.reverse()) await close();
  closing = [];
});

const unary = kinds.unary.path;
const hello = frame(Buffer.from("hello"));

interface Setting {
  readonly handlers?: Partial<KindHandlers>;
  readonly isClosed?: boolean;
  readonly body?: Buffer;
}

/** Makes one call; gives the first headers of its answer, all that its errors say, and the server's lines. */
async function callWith(
  headers: OutgoingHttpHeaders,
  { handlers = {}, isClosed, body = hello }: Setting = {},
) {
  const lines: LogFields[] = [];
  const write = (fields: LogFields) => void lines.push(fields);
  const log = { ...silentLog, info: write, warn: write, error: write };
  let drawn = 0;
  const { address, stop } = await startKinds(handlers, {
    log,
    newRequestId: () => `new-${++drawn}`,
    ...(isClosed && { authorizer: doorkeeperFor({ log }) }),
  });
  const session = rawClient(address);
  closing.push(stop, () => session.destroy());
  const stream = rawRequest(session, unary, headers);
  const first = once(stream, "response") as Promise<[IncomingHttpHeaders]>;
  const trailers: IncomingHttpHeaders = {};
  stream.on("trailers", (more) => void Object.assign(trailers, more));
  const ended = ending(stream);
  stream.end(body);
  const [response] = await first;
  await ended;
  const raw = { ...response, ...trailers }["grpc-status-details-bin"];
  const details =
    raw === undefined ? [] : Status.decode(Buffer.from(String(raw), "base64")).details;
  const info = details.find(({ typeUrl }) => typeUrl.endsWith("/google.rpc.RequestInfo"));
  return {
    id: response["x-request-id"],
    info: info && RequestInfo.decode(info.value).requestId,
    lines,
  };
}

describe("a call's id", () => {
  it("is its caller's, in the answer's first metadata and in its line", async () => {
    const { id, info, lines } = await callWith({ "x-request-id": "order-17/3" });
    expect([id, info]).toEqual(["order-17/3", undefined]);
    expect(lines).toMatchObject([{ code: "OK", requestId: "order-17/3" }]);
  });

  it("is what its handler knows it by", async () => {
    let known = "";
    const handlers: Partial<KindHandlers> = {
      // eslint-disable-next-line @typescript-eslint/require-await
      unary: async function* (request, { requestId }) {
        known = requestId;
        yield request;
      },
    };
    await callWith({ "x-request-id": "mine" }, { handlers });
    expect(known).toBe("mine");
  });

  it.each([
    ["none", {}],
    ["an empty one", { "x-request-id": "" }],
    ["one too long", { "x-request-id": "x".repeat(129) }],
    ["one with a space", { "x-request-id": "a b" }],
    ["one that is no ASCII", { "x-request-id": "\u00e9" }],
    ["two", { "x-request-id": ["a", "b"] }],
  ])("is a new one where its caller gives %s", async (_, headers) => {
    const { id, lines } = await callWith(headers);
    expect(id).toBe("new-1");
    expect(lines).toMatchObject([{ requestId: "new-1" }]);
  });

  const refusals: (Setting & { what: string; headers?: OutgoingHttpHeaders })[] = [
    {
      what: "its handler",
      handlers: {
        unary: () => {
          throw new ServeError("QUEUE_FULL", "full");
        },
      },
    },
    { what: "the authorizer", isClosed: true },
    { what: "the gate", headers: { ":path": "/test.Kinds/No" } },
    { what: "the gate, being no gRPC", headers: { "content-type": "application/grpc-web" } },
    { what: "grpc-js", body: Buffer.alloc(0) },
  ];

  it.each(refusals)(
    "is in metadata, details and line of one that $what refuses",
    async (refusal) => {
      const { headers = {}, ...setting } = refusal;
      const { id, info, lines } = await callWith({ "x-request-id": "mine", ...headers }, setting);
      expect([id, info]).toEqual(["mine", "mine"]);
      expect(lines).toMatchObject([{ requestId: "mine" }]);
    },
  );
});

it("writes the trace's id in the line of a call that is traced", async () => {
  const trace = "4bf92f3577b34da6a3ce929d0e0e4736";
  const { lines } = await callWith({ traceparent: `00-${trace}-00f067aa0ba902b7-01` });
  expect(lines).toMatchObject([{ traceId: trace }]);
  expect((await callWith({ traceparent: "00-0-0-01" })).lines[0]).not.toHaveProperty("traceId");
});

const [trace, span] = ["4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"];

it.each([
  [`00-${trace}-${span}-01`, `00-${trace}-${span}-01`],
  [`cc-${trace}-${span}-00-what.comes`, `00-${trace}-${span}-00`],
  [`00-${trace}-${span}-01-more`, undefined],
  [`ff-${trace}-${span}-01`, undefined],
  [`00-${"0".repeat(32)}-${span}-01`, undefined],
  [`00-${trace}-${"0".repeat(16)}-01`, undefined],
  [`00-${trace.toUpperCase()}-${span}-01`, undefined],
  [`00-${trace}-${span}-01, 00-${trace}-${span}-01`, undefined],
])("reads of traceparent %s the place %s", (given, expected) => {
  expect(traceparentOf(given)).toBe(expected);
});
