import { EventEmitter } from "node:events";
import { beforeEach, describe, expect, it } from "vitest";
import { UploadLimits } from "../../../src/edge/upload-limits.ts";
import { Framing } from "../../../src/grpc/framing.ts";
import { FakeClock } from "../../fixtures/fake-clock.ts";
import { frame } from "../../grpc/raw.ts";

class Stream extends EventEmitter {
  readonly name: string;

  constructor(name: string) {
    super();
    this.name = name;
  }
}

let clock: FakeClock;
let refused: string[];
let limits: UploadLimits<Stream>;

beforeEach(() => {
  clock = new FakeClock();
  refused = [];
  limits = new UploadLimits<Stream>({
    limits: { bytes: 1000, connectionBytes: 400, uploadMs: 50 },
    clock,
    refuse: ({ name }, { reason }) => refused.push(`${name} ${reason}`),
  });
});

function open(name: string, session: object, isStream = false): Stream {
  const stream = new Stream(name);
  limits.watch(stream, session, isStream ? new Framing() : undefined);
  return stream;
}

const send = (stream: Stream, bytes: number): boolean => stream.emit("data", Buffer.alloc(bytes));

describe("the bytes of a connection", () => {
  it("may be as many as it may have, and one more costs its largest request", () => {
    const session = {};
    const [large, small] = [open("large", session), open("small", session)];
    send(large, 300);
    send(small, 100);
    expect(refused).toEqual([]);
    send(small, 1);
    expect(refused).toEqual(["large UPLOAD_BUDGET_EXCEEDED"]);
    expect(limits.bytes).toBe(101);
  });

  it("are free once a request is whole, or its stream is gone", () => {
    const session = {};
    for (const end of ["end", "close", "end"]) {
      const stream = open(end, session);
      send(stream, 400);
      stream.emit(end);
    }
    expect([limits.bytes, refused]).toEqual([0, []]);
  });

  it("stay counted where a message is whole and its caller does not end", () => {
    const session = {};
    const stream = open("a", session);
    stream.emit("data", frame(Buffer.alloc(300)));
    send(open("b", session), 100);
    expect(refused).toEqual(["a UPLOAD_BUDGET_EXCEEDED"]);
  });

  it("of a stream of messages are those of the last one", () => {
    const stream = open("a", {}, true);
    for (let sent = 0; sent < 10; sent += 1) stream.emit("data", frame(Buffer.alloc(300)));
    stream.emit("data", frame(Buffer.alloc(20), { length: 300 }));
    expect([limits.bytes, refused]).toEqual([25, []]);
  });
});

describe("a request that was unpacked", () => {
  it("counts as what it has become, until it is whole", () => {
    const session = {};
    const [packed, other] = [open("packed", session), open("other", session)];
    send(packed, 10);
    limits.grew(packed, 350);
    send(other, 40);
    expect([limits.bytes, refused]).toEqual([400, []]);
    limits.grew(other, 1);
    expect(refused).toEqual(["packed UPLOAD_BUDGET_EXCEEDED"]);
    limits.grew(packed, 1000);
    other.emit("end");
    limits.grew(other, 1000);
    expect([limits.bytes, refused.length]).toEqual([0, 1]);
  });

  it("is with its handler where it is one message of a stream", () => {
    const stream = open("a", {}, true);
    stream.emit("data", frame(Buffer.alloc(10)));
    limits.grew(stream, 1000);
    expect([limits.bytes, refused]).toEqual([0, []]);
  });
});

describe("the bytes of all connections", () => {
  it("are taken back from the connection that holds most", () => {
    const heavy = {};
    const sizes = [190, 200];
    sizes.forEach((size, index) => send(open(`heavy${index}`, heavy), size));
    for (const name of ["b", "c"]) send(open(name, {}), 300);
    const late = open("late", {});
    send(late, 10);
    expect(refused).toEqual([]);
    send(late, 1);
    expect(refused).toEqual(["heavy1 UPLOAD_BUDGET_EXCEEDED"]);
    expect(limits.bytes).toBe(801);
  });

  it("are taken from a connection whose earlier calls have gone and were refused", () => {
    const session = {};
    const first = open("first", session);
    send(first, 401);
    open("whole", session).emit("end");
    const second = open("second", session);
    send(second, 390);
    first.emit("close");
    for (const name of ["b", "c"]) send(open(name, {}), 305);
    send(open("late", {}), 1);
    expect(refused).toEqual(["first UPLOAD_BUDGET_EXCEEDED", "second UPLOAD_BUDGET_EXCEEDED"]);
  });
});

describe("the time of a request", () => {
  it("runs from its headers, however much of it comes", () => {
    const stream = open("a", {});
    clock.advance(30);
    send(stream, 10);
    open("b", {});
    clock.advance(20);
    expect(refused).toEqual(["a SLOW_SENDER"]);
    clock.advance(30);
    expect(refused).toEqual(["a SLOW_SENDER", "b SLOW_SENDER"]);
  });

  it("ends with it", () => {
    const stream = open("a", {});
    clock.advance(49);
    stream.emit("end");
    clock.advance(1000);
    expect(refused).toEqual([]);
    expect(clock.waits).toEqual([]);
  });

  it("of a stream of messages runs from each message's first byte", () => {
    const stream = open("a", {}, true);
    clock.advance(1000);
    stream.emit("data", frame(Buffer.alloc(10)));
    clock.advance(1000);
    stream.emit("data", frame(Buffer.alloc(10), { length: 20 }));
    clock.advance(49);
    expect(refused).toEqual([]);
    clock.advance(1);
    expect(refused).toEqual(["a SLOW_SENDER"]);
  });

  it("of a stream of messages restarts where a chunk ends one and begins the next", () => {
    const stream = open("a", {}, true);
    const half = frame(Buffer.alloc(10), { length: 20 });
    stream.emit("data", half);
    clock.advance(40);
    stream.emit("data", Buffer.concat([Buffer.alloc(10), half]));
    clock.advance(40);
    expect(refused).toEqual([]);
    send(stream, 5);
    clock.advance(10);
    expect(refused).toEqual(["a SLOW_SENDER"]);
  });
});
