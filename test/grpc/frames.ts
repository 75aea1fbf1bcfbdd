/** HTTP/2 by hand, for what no library would send. */
import { once } from "node:events";
import { connect, type Socket } from "node:net";

const preface = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");

export const types = {
  data: 0,
  headers: 1,
  priority: 2,
  reset: 3,
  settings: 4,
  pushPromise: 5,
  ping: 6,
  goaway: 7,
  windowUpdate: 8,
  continuation: 9,
} as const;

export const flags = { endStream: 1, ack: 1, endHeaders: 4, padded: 8, priority: 32 } as const;

export interface Frame {
  readonly type: number;
  readonly flags?: number;
  readonly stream?: number;
  readonly payload?: Buffer;
}

export function http2Frame({ type, flags: bits = 0, stream = 0, payload }: Frame): Buffer {
  const body = payload ?? Buffer.alloc(0);
  const head = Buffer.alloc(9);
  head.writeUIntBE(body.length, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(bits, 4);
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, body]);
}

export function number32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

/** A text as HPACK writes it, not compressed. */
export function headerText(value: string): Buffer {
  const bytes = Buffer.from(value);
  const length: number[] = [Math.min(bytes.length, 127)];
  let rest = bytes.length - 127;
  for (; rest >= 128; rest = Math.floor(rest / 128)) length.push(128 + (rest % 128));
  if (rest >= 0) length.push(rest);
  return Buffer.concat([Buffer.from(length), bytes]);
}

/** A header block of literals that are neither indexed nor compressed. */
export function headerBlock(fields: Readonly<Record<string, string>>): Buffer {
  const text = headerText;
  return Buffer.concat(
    Object.entries(fields).flatMap(([name, value]) => [Buffer.from([0]), text(name), text(value)]),
  );
}

export function callHeaders(path: string): Buffer {
  return headerBlock({
    ":method": "POST",
    ":scheme": "http",
    ":path": path,
    ":authority": "localhost",
    "content-type": "application/grpc",
    te: "trailers",
  });
}

/** What came back on a connection, frame by frame, as far as a test asks. */
export interface Heard {
  /** The code of each GOAWAY. */
  readonly goaways: number[];
  /** The last stream that each GOAWAY names. */
  readonly lastStreams: number[];
  /** Stream and code of each RST_STREAM. */
  readonly resets: (readonly [stream: number, code: number])[];
  /** Streams that the server ended in order. */
  readonly ended: number[];
  /** What the server has sent in PING, to be sent back. */
  readonly pings: Buffer[];
  pongs: number;
  bytes: number;
}

export interface Wire {
  readonly socket: Socket;
  readonly heard: Heard;
  /** Settles when the connection is gone. */
  readonly closed: Promise<unknown>;
  send(...frames: readonly Buffer[]): void;
}

/** Connects and says what every client says first. */
export async function openWire(address: string, settings = Buffer.alloc(0)): Promise<Wire> {
  const socket = connect(Number(address.split(":").at(-1)), "127.0.0.1");
  socket.on("error", () => undefined);
  const closed = new Promise((resolve) => socket.once("close", resolve));
  const heard: Heard = {
    goaways: [],
    lastStreams: [],
    resets: [],
    ended: [],
    pings: [],
    pongs: 0,
    bytes: 0,
  };
  listen(socket, heard);
  await once(socket, "connect");
  socket.write(Buffer.concat([preface, http2Frame({ type: types.settings, payload: settings })]));
  return {
    socket,
    heard,
    closed,
    send: (...frames) => {
      if (socket.writable) socket.write(Buffer.concat(frames));
    },
  };
}

/** Waits until the server has read all that was sent before, or the connection is gone. */
export async function pong(wire: Wire): Promise<void> {
  const before = wire.heard.pongs;
  wire.send(http2Frame({ type: types.ping, payload: Buffer.alloc(8) }));
  while (wire.heard.pongs === before && !wire.socket.destroyed) {
    await Promise.race([once(wire.socket, "data"), wire.closed]);
  }
}

/** Waits until what was heard is as it should be. */
export async function heard(wire: Wire, isSo: (heard: Heard) => boolean): Promise<void> {
  while (!isSo(wire.heard)) {
    if (wire.socket.destroyed) throw new Error("the connection is gone");
    await Promise.race([once(wire.socket, "data"), wire.closed]);
  }
}

function listen(socket: Socket, heard: Heard): void {
  let rest = Buffer.alloc(0);
  socket.on("data", (chunk: Buffer) => {
    heard.bytes += chunk.length;
    rest = Buffer.concat([rest, chunk]);
    while (rest.length >= 9) {
      const length = rest.readUIntBE(0, 3);
      if (rest.length < 9 + length) return;
      const [type, bits] = [rest.readUInt8(3), rest.readUInt8(4)];
      if (type === types.goaway) {
        heard.lastStreams.push(rest.readUInt32BE(9));
        heard.goaways.push(rest.readUInt32BE(13));
      }
      if (type === types.reset) heard.resets.push([rest.readUInt32BE(5), rest.readUInt32BE(9)]);
      if (type === types.ping && bits & flags.ack) heard.pongs += 1;
      if (type === types.ping && !(bits & flags.ack)) heard.pings.push(rest.subarray(9, 17));
      const canEnd = type === types.headers || type === types.data;
      if (canEnd && bits & flags.endStream) heard.ended.push(rest.readUInt32BE(5));
      rest = rest.subarray(9 + length);
    }
  });
}
