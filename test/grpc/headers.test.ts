/**
 * What holds before a client has acknowledged SETTINGS. Libraries acknowledge them at once, and HTTP/2's own
 * bounds do not hold a client that never does: so these are sent by hand.
 */
import { once } from "node:events";
import { constants, createServer } from "node:http2";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, expect, it } from "vitest";
import type { ConnectionReason } from "../../src/base/meter.ts";
import { silentMeter } from "../../src/base/meter.ts";
import { settingsTimeoutMs, limitSettingsTimeout } from "../../src/edge/settings-timeout.ts";
import { FakeClock } from "../fixtures/fake-clock.ts";
import { heapBytes } from "../fixtures/memory.ts";
import {
  callHeaders,
  flags,
  headerBlock,
  headerText,
  heard,
  http2Frame,
  openWire,
  pong,
  types,
} from "./frames.ts";
import { ending, frame, rawClient, rawRequest } from "./raw.ts";
import { echoes, kinds, startKinds } from "./support.ts";

const { path } = kinds.unary;
let closing: (() => unknown)[] = [];
let reasons: ConnectionReason[];
let begun: number;

beforeEach(() => {
  reasons = [];
  begun = 0;
});
afterEach(async () => {
  for (const close of closing.reverse()) await close();
  closing = [];
});

const rejections = { connection: (reason: ConnectionReason) => void reasons.push(reason) };

async function open() {
  const unary: typeof echoes.unary = (request, context) => {
    begun += 1;
    return echoes.unary(request, context);
  };
  const meter = { ...silentMeter, connectionRejected: rejections.connection };
  const { address, stop } = await startKinds({ unary }, { meter });
  closing.push(stop);
  return address;
}

async function connect(address: string) {
  const wire = await openWire(address);
  closing.push(() => wire.socket.destroy());
  return wire;
}

const block = (stream: number, payload: Buffer, bits: number = flags.endHeaders): Buffer =>
  http2Frame({ type: types.headers, flags: bits, stream, payload });
const hello = http2Frame({
  type: types.data,
  flags: flags.endStream,
  stream: 1,
  payload: frame(Buffer.from("x")),
});
/** A field that HPACK's table takes in, and a block of it alone, 57 times. */
const added = Buffer.concat([
  Buffer.from([0x40]),
  headerText("x-bin"),
  headerText("Y".repeat(3960)),
]);
const again = Buffer.alloc(57, 0xbe);
const large = headerBlock({ large: "x".repeat(16_384) });

it("headers that a few bytes bring out of HPACK's table end the connection at the first call of them", async () => {
  const address = await open();
  const wire = await connect(address);
  const before = await heapBytes();
  wire.send(block(1, Buffer.concat([callHeaders(path), added])));
  for (let call = 1; call < 1000; call += 1) {
    wire.send(block(2 * call + 1, Buffer.concat([callHeaders(path), again])));
  }
  await wire.closed;
  expect(wire.heard.goaways[0]).toBe(constants.NGHTTP2_ENHANCE_YOUR_CALM);
  expect(reasons).toEqual(["HEADERS_TOO_LARGE"]);
  expect((await heapBytes()) - before).toBeLessThan(2_000_000);
  const stream = rawRequest(rawClientOf(address), path);
  stream.end(frame(Buffer.from("x")));
  expect((await ending(stream)).code).toBe(0);
});

const whole = Buffer.concat([callHeaders(path), large]);
const cases = [
  { what: "in one block", frames: [block(1, whole.subarray(0, 16_000), 0), rest(whole)] },
  {
    what: "as trailers",
    frames: [
      block(1, callHeaders(path)),
      block(1, large.subarray(0, 16_000), flags.endStream),
      rest(large),
    ],
  },
  {
    what: "as trailers of two calls in one packet",
    frames: [
      block(1, callHeaders(path)),
      block(3, callHeaders(path)),
      block(1, Buffer.concat([added, again]), flags.endStream | flags.endHeaders),
      block(3, again, flags.endStream | flags.endHeaders),
    ],
  },
];

it.each(cases)("headers past their bound, $what, end it too", async ({ frames }) => {
  const wire = await connect(await open());
  wire.send(...frames);
  await wire.closed;
  expect(wire.heard.goaways[0]).toBe(constants.NGHTTP2_ENHANCE_YOUR_CALM);
  expect(reasons).toEqual(["HEADERS_TOO_LARGE"]);
  expect(begun).toBe(0);
});

it("headers within their bound are served", async () => {
  const wire = await connect(await open());
  const fits = headerBlock({ fits: "x".repeat(15_000) });
  wire.send(block(1, Buffer.concat([callHeaders(path), fits])), hello);
  await heard(wire, ({ ended }) => ended.includes(1));
  expect(reasons).toEqual([]);
});

it("trailers past their bound cost who has acknowledged SETTINGS one stream", async () => {
  const wire = await connect(await open());
  wire.send(http2Frame({ type: types.settings, flags: flags.ack }));
  wire.send(block(1, callHeaders(path)));
  wire.send(block(1, large.subarray(0, 16_000), flags.endStream), rest(large));
  await heard(wire, ({ resets }) => resets.length > 0);
  await pong(wire);
  expect(wire.heard.resets).toEqual([[1, constants.NGHTTP2_ENHANCE_YOUR_CALM]]);
  expect(reasons).toEqual([]);
});

it.each([
  { what: "that has acknowledged no SETTINGS in time is closed", acknowledges: false },
  { what: "that has is kept", acknowledges: true },
])("a connection $what", async ({ acknowledges }) => {
  const clock = new FakeClock();
  const server = createServer();
  limitSettingsTimeout(server, { rejections, clock });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  closing.push(() => server.close());
  const wire = await connect(`127.0.0.1:${(server.address() as AddressInfo).port}`);
  if (acknowledges) wire.send(http2Frame({ type: types.settings, flags: flags.ack }));
  await pong(wire);
  clock.advance(settingsTimeoutMs);
  await (acknowledges ? pong(wire) : wire.closed);
  expect(wire.heard.goaways[0]).toBe(acknowledges ? undefined : constants.NGHTTP2_SETTINGS_TIMEOUT);
  expect(reasons).toEqual(acknowledges ? [] : ["SETTINGS_TIMEOUT"]);
});

/** What does not fit a frame of 16,384 bytes. */
function rest(whole: Buffer): Buffer {
  const payload = whole.subarray(16_000);
  return http2Frame({ type: types.continuation, flags: flags.endHeaders, stream: 1, payload });
}

function rawClientOf(address: string) {
  const session = rawClient(address);
  closing.push(() => session.destroy());
  return session;
}
