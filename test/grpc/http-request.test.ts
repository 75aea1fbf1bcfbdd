import { status } from "@grpc/grpc-js";
import { afterEach, describe, expect, it } from "vitest";
import { ending, frame, rawClient, rawRequest } from "./raw.ts";
import { kinds, startKinds } from "./support.ts";

let closing: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closing.reverse()) await close();
  closing = [];
});

const unary = kinds.unary.path;
const hello = frame(Buffer.from("hello"));

/** A call's end, of a request with these headers. */
async function endOf(headers: Record<string, string>, body?: Buffer) {
  const { address, stop } = await startKinds({});
  const session = rawClient(address);
  closing.push(stop, () => session.destroy());
  const stream = rawRequest(session, unary, headers);
  stream.end(body);
  return ending(stream);
}

describe("a request of HTTP/2 that is no gRPC", () => {
  it.each(["GET", "PUT", "HEAD", "OPTIONS", "post"])("is answered with 405: %s", async (method) => {
    const { http, details } = await endOf(
      { ":method": method },
      method === "PUT" ? hello : undefined,
    );
    expect([http, details?.reason]).toEqual([405, "HTTP_METHOD_WRONG"]);
  });

  it.each([
    "application/grpc-web",
    "application/grpc-web+proto",
    "application/grpc-web-text",
    "application/grpcx",
    "application/grpc+json",
    "application/grpc+",
    "application/json",
    "",
  ])("is answered with 415: %j", async (type) => {
    const { http, code, details } = await endOf({ "content-type": type }, hello);
    expect([http, code, details?.reason]).toEqual([
      415,
      status.INVALID_ARGUMENT,
      "CONTENT_TYPE_UNKNOWN",
    ]);
  });

  it.each([
    "application/grpc",
    "application/grpc+proto",
    "application/grpc; charset=utf-8",
    "application/grpc+proto;x=y",
    "application/grpc+vtproto",
  ])("is not what %j is", async (type) => {
    const { http, code } = await endOf({ "content-type": type }, hello);
    expect([http, code]).toEqual([200, status.OK]);
  });
});
