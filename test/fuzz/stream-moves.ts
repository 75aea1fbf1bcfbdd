/** Moves against a stream: at the wrong time, with headers that are none or endless, with bodies that are no gRPC. */
import { gzipSync } from "node:zlib";
import { flags, number32, types } from "../grpc/frames.ts";
import { frame } from "../grpc/raw.ts";
import {
  begin,
  beginWith,
  call,
  hpackRubbish,
  largeField,
  largeFieldAgain,
} from "./frame-parts.ts";
import { frames, many, type Move } from "./move.ts";
import type { Random } from "./random.ts";

const streams: readonly Move[] = [
  { name: "HEADERS on an even stream", fate: "closes", make: (_, stream) => [begin(stream + 1)] },
  {
    name: "HEADERS on a stream below the last",
    fate: "any",
    make: (_, stream) => [begin(stream + 2), begin(stream)],
  },
  {
    name: "DATA on a stream that never was",
    fate: "closes",
    make: (_, stream) => frames({ type: types.data, stream, payload: Buffer.alloc(5) }),
  },
  {
    name: "PUSH_PROMISE from a client",
    fate: "closes",
    make: (_, stream) => [
      begin(stream),
      ...frames({ type: types.pushPromise, flags: flags.endHeaders, stream, payload: number32(2) }),
    ],
  },
  {
    name: "DATA on a stream that was reset",
    fate: "any",
    make: (random, stream) => [
      begin(stream),
      ...frames({ type: types.reset, stream, payload: number32(random.below(20)) }),
      ...many(1 + random.below(20), () => ({
        type: types.data,
        stream,
        payload: random.bytes(random.below(40)),
      })),
    ],
  },
  {
    name: "DATA after the end of a stream",
    fate: "any",
    make: (random, stream) => [
      begin(stream, flags.endStream),
      ...frames({ type: types.data, stream, payload: random.bytes(9) }),
    ],
  },
  {
    // An error by RFC 9113; nghttp2 skips priorities unread.
    name: "PRIORITY of no stream",
    fate: "any",
    make: (random) => frames({ type: types.priority, payload: random.bytes(random.below(8)) }),
  },
  {
    name: "a stream that depends on itself",
    fate: "any",
    make: (_, stream) =>
      frames({
        type: types.priority,
        stream,
        payload: Buffer.concat([number32(stream), Buffer.from([9])]),
      }),
  },
  {
    name: "GOAWAY from a client",
    fate: "any",
    make: (random) =>
      frames({ type: types.goaway, payload: Buffer.concat([number32(0), random.bytes(12)]) }),
  },
];

const headers: readonly Move[] = [
  {
    name: "CONTINUATION of nothing",
    fate: "closes",
    make: (_, stream) => frames({ type: types.continuation, stream, payload: Buffer.alloc(4) }),
  },
  {
    name: "HEADERS, and something else before their end",
    fate: "closes",
    make: (_, stream) => [
      beginWith(stream, { bits: 0 }),
      ...frames({ type: types.ping, payload: Buffer.alloc(8) }),
    ],
  },
  {
    name: "CONTINUATION without end",
    fate: "any",
    make: (random, stream) => [
      beginWith(stream, { bits: 0 }),
      ...many(200 + random.below(400), () => ({
        type: types.continuation,
        stream,
        payload: random.chance(0.5) ? Buffer.alloc(0) : Buffer.from("\u0000\u0001x\u0001y"),
      })),
    ],
  },
  ...[0, flags.endStream].map((bits) => ({
    name: `${bits === 0 ? "headers" : "trailers"} past their bound, of several streams at once`,
    fate: "any" as const,
    make: (random: Random, stream: number) => {
      const all = Array.from({ length: 2 + random.below(5) }, (_, index) => stream + 2 * index);
      const first = beginWith(stream, { block: Buffer.concat([call, largeField]) });
      const large = bits === 0 ? Buffer.concat([call, largeFieldAgain]) : largeFieldAgain;
      const others = bits === 0 ? [] : all.slice(1).map((each) => begin(each));
      const past = bits === 0 ? all.slice(1) : all;
      return [
        ...[first, ...others],
        ...past.map((each) => beginWith(each, { bits: flags.endHeaders | bits, block: large })),
      ];
    },
  })),
  {
    name: "HPACK that is none",
    fate: "closes",
    make: (random, stream) => [beginWith(stream, { block: random.pick(hpackRubbish) })],
  },
  {
    name: "HPACK at random",
    fate: "any",
    make: (random, stream) => [beginWith(stream, { block: random.bytes(random.below(200)) })],
  },
  {
    name: "more padding than payload",
    fate: "closes",
    make: (_, stream) => [
      beginWith(stream, {
        bits: flags.endHeaders | flags.padded,
        block: Buffer.from([200, 0x83]),
      }),
    ],
  },
];

/** A body that is no gRPC, on a call that is ended: the call fails, and the connection does not. */
const bodies: readonly Move[] = (
  [
    ["a prefix that is cut off", (random) => random.bytes(1 + random.below(4))],
    ["a message that is cut off", () => frame(Buffer.alloc(3), { length: 100 })],
    [
      "a length beyond every limit",
      (r) => frame(r.bytes(9), { length: r.pick([2 ** 31, 2 ** 32 - 1]) }),
    ],
    [
      "the compressed flag for what is not",
      (r) => frame(r.bytes(20), { flag: r.pick([1, 2, 255]) }),
    ],
    ["gzip that nobody announced", () => frame(gzipSync(Buffer.alloc(50)), { flag: 1 })],
    [
      "a message and a piece of another",
      (r) => Buffer.concat([frame(Buffer.alloc(0)), r.bytes(3)]),
    ],
  ] satisfies readonly (readonly [string, (random: Random) => Buffer])[]
).map(([name, body]) => ({
  name,
  fate: "lives",
  make: (random, stream) => [
    begin(stream),
    ...frames({ type: types.data, flags: flags.endStream, stream, payload: body(random) }),
  ],
}));

export const streamMoves: readonly Move[] = [...streams, ...headers, ...bodies];
