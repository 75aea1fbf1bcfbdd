/** Moves against the connection: frames in the wrong place or of the wrong length, settings, windows, floods. */
import { flags, type Frame, http2Frame, number32, types } from "../grpc/frames.ts";
import { begin, oddHead, setting, withBits } from "./frame-parts.ts";
import { frames, many, type Move } from "./move.ts";

const lengths: readonly Move[] = (
  [
    ["SETTINGS", types.settings, [1, 5, 7]],
    ["PING", types.ping, [0, 7, 9]],
    ["GOAWAY", types.goaway, [0, 7]],
    ["WINDOW_UPDATE", types.windowUpdate, [0, 3, 5]],
  ] as const
).map(([name, type, wrong]) => ({
  name: `${name} of a wrong length`,
  fate: "closes",
  make: (random) => frames({ type, payload: Buffer.alloc(random.pick(wrong)) }),
}));

const onStreamNone: readonly Move[] = [types.data, types.headers, types.reset].map((type) => ({
  name: `a frame of type ${type} on stream 0`,
  fate: "closes",
  make: () => frames({ type, flags: flags.endHeaders, payload: Buffer.alloc(4) }),
}));

const onSomeStream: readonly Move[] = [types.settings, types.ping, types.goaway].map((type) => ({
  name: `a frame of type ${type} on a stream`,
  fate: "closes",
  make: (_, stream) =>
    frames({ type, stream, payload: Buffer.alloc(type === types.settings ? 6 : 8) }),
}));

const settings: readonly Move[] = (
  [
    [2, 2, "closes"],
    [4, 2 ** 31, "closes"],
    [4, 2 ** 32 - 1, "closes"],
    [5, 1, "closes"],
    [5, 2 ** 24, "closes"],
    [1, 2 ** 32 - 1, "lives"],
    [1, 0, "lives"],
    [3, 0, "lives"],
    [4, 0, "lives"],
    [4, 2 ** 31 - 1, "lives"],
    [6, 0, "lives"],
    [0xffff, 1, "lives"],
  ] as const
).map(([id, value, fate]) => ({
  name: `the setting ${id} of ${value}`,
  fate,
  make: () => frames({ type: types.settings, payload: setting(id, value) }),
}));

const flow: readonly Move[] = [
  {
    name: "WINDOW_UPDATE of 0 for the connection",
    fate: "closes",
    make: () => frames({ type: types.windowUpdate, payload: number32(0) }),
  },
  {
    name: "WINDOW_UPDATE beyond 2^31 - 1",
    fate: "closes",
    make: () => many(2, () => ({ type: types.windowUpdate, payload: number32(2 ** 31 - 1) })),
  },
  {
    // An error of the stream, which a server may take for one of the connection.
    name: "WINDOW_UPDATE of 0 for a stream",
    fate: "any",
    make: (_, stream) => [
      begin(stream),
      ...frames({ type: types.windowUpdate, stream, payload: number32(0) }),
    ],
  },
];

const heads: readonly Move[] = [
  {
    name: "a type that nobody knows",
    fate: "lives",
    make: (random, stream) =>
      frames({
        type: 17 + random.below(200),
        flags: random.below(256),
        stream: random.pick([0, stream]),
        payload: random.bytes(random.below(300)),
      }),
  },
  {
    name: "a frame larger than may be",
    fate: "closes",
    make: (random, stream) => [
      begin(stream),
      oddHead({ type: types.data, stream, length: random.pick([16_385, 65_536, 2 ** 24 - 1]) }),
    ],
  },
  {
    name: "the reserved bit and odd flags",
    fate: "any",
    make: (random, stream) => [
      withBits(begin(stream), { reserved: true }),
      withBits(http2Frame({ type: types.ping, payload: Buffer.alloc(8) }), {
        reserved: true,
        flags: random.below(256),
      }),
    ],
  },
  {
    name: "a flood of small frames",
    fate: "any",
    make: (random, stream) => {
      const each = random.pick<Frame>([
        { type: types.ping, payload: Buffer.alloc(8) },
        { type: types.ping, flags: flags.ack, payload: Buffer.alloc(8) },
        { type: types.settings },
        { type: types.settings, flags: flags.ack },
        { type: types.data, stream },
      ]);
      return [begin(stream), ...many(100 + random.below(900), () => each)];
    },
  },
];

export const connectionMoves: readonly Move[] = [
  ...[lengths, onStreamNone, onSomeStream, settings, flow, heads].flat(),
];
