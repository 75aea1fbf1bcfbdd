import type { OutgoingHttpHeaders } from "node:http2";
import { gzipSync } from "node:zlib";
import { status } from "@grpc/grpc-js";
import { frame } from "./raw.ts";

const hello = frame(Buffer.from("hello"));

type Case = readonly [
  what: string,
  reason: string,
  code: status,
  body: Buffer,
  headers?: OutgoingHttpHeaders,
];
const cases: Case[] = [
  [
    "of an unknown method",
    "METHOD_UNKNOWN",
    status.UNIMPLEMENTED,
    hello,
    { ":path": "/test.Kinds/No" },
  ],
  [
    "of a path that is none",
    "METHOD_UNKNOWN",
    status.UNIMPLEMENTED,
    hello,
    { ":path": "/\u00e9\u00ff%00" },
  ],
  [
    "of an inherited name",
    "METHOD_UNKNOWN",
    status.UNIMPLEMENTED,
    hello,
    { ":path": "/__proto__" },
  ],
  [
    "with a timeout that is none",
    "TIMEOUT_INVALID",
    status.INVALID_ARGUMENT,
    hello,
    { "grpc-timeout": "soon" },
  ],
  [
    "with a message above the limit",
    "MESSAGE_TOO_LARGE",
    status.RESOURCE_EXHAUSTED,
    frame(Buffer.from("x"), { length: 2 ** 32 - 1 }),
  ],
  [
    "with a message that decompresses to more than the limit",
    "MESSAGE_TOO_LARGE",
    status.RESOURCE_EXHAUSTED,
    frame(gzipSync(Buffer.alloc(4_000_000)), { flag: 1 }),
    { "grpc-encoding": "gzip" },
  ],
  [
    "that is no gzip though it says so",
    "MESSAGE_MALFORMED",
    status.INVALID_ARGUMENT,
    frame(Buffer.from("not gzip"), { flag: 1 }),
    { "grpc-encoding": "gzip" },
  ],
  [
    "in an unknown encoding",
    "ENCODING_UNKNOWN",
    status.UNIMPLEMENTED,
    frame(Buffer.from("x"), { flag: 1 }),
    { "grpc-encoding": "zstd" },
  ],
  [
    "with two timeouts",
    "TIMEOUT_INVALID",
    status.INVALID_ARGUMENT,
    hello,
    // As Node's client writes a header twice.
    { "grpc-timeout": ["1S", "2S"] },
  ],
  [
    "that says it is compressed, but not how",
    "COMPRESSED_FLAG_WRONG",
    status.INTERNAL,
    frame(Buffer.from("x"), { flag: 1 }),
  ],
  [
    "that says it is compressed, as itself",
    "COMPRESSED_FLAG_WRONG",
    status.INTERNAL,
    frame(Buffer.from("x"), { flag: 1 }),
    { "grpc-encoding": "identity" },
  ],
  [
    "with a flag that is none",
    "COMPRESSED_FLAG_WRONG",
    status.INTERNAL,
    frame(Buffer.from("x"), { flag: 2 }),
    { "grpc-encoding": "gzip" },
  ],
  ["without a message", "MESSAGE_COUNT", status.UNIMPLEMENTED, Buffer.alloc(0)],
  ["with two messages", "MESSAGE_COUNT", status.UNIMPLEMENTED, Buffer.concat([hello, hello])],
];
/** Calls of `test.Kinds/Unary` that the edge refuses, each with the reason that its caller is told. */
export const refusedCalls = cases.map(([what, reason, code, body, headers = {}]) => ({
  what,
  reason,
  code,
  body,
  headers,
}));
