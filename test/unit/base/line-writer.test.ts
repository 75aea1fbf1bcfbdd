import { beforeEach, expect, it } from "vitest";
import { LineWriter } from "../../../src/base/line-writer.ts";

/** Takes so many bytes, then none until it is given room. */
class FakePipe {
  room = 0;
  isBroken = false;
  text = "";

  readonly writeSome = (bytes: Uint8Array): number => {
    if (this.isBroken) throw new Error("EPIPE");
    const written = Math.min(this.room, bytes.length);
    this.room -= written;
    this.text += Buffer.from(bytes.subarray(0, written)).toString();
    return written;
  };
}

let pipe: FakePipe;
let soon: (() => void)[];
let lost: number[];
let writer: LineWriter;

beforeEach(() => {
  pipe = new FakePipe();
  soon = [];
  lost = [];
  writer = new LineWriter({
    writeSome: pipe.writeSome,
    maxBytes: 20,
    soon: (call) => soon.push(call),
    recovered: (lines) => {
      lost.push(lines);
      writer.write(`lost ${lines}\n`);
    },
  });
});

it("writes in the same turn where there is room", () => {
  pipe.room = 100;
  writer.write("one\n");
  writer.write("a longer one\n");
  expect(pipe.text).toBe("one\na longer one\n");
  expect(soon).toEqual([]);
});

it("keeps what there is no room for, in order, and tries again soon, once", () => {
  pipe.room = 6;
  for (const line of ["one\n", "two\n", "three\n"]) writer.write(line);
  expect(pipe.text).toBe("one\ntw");
  expect(soon).toHaveLength(1);
  pipe.room = 3;
  soon.shift()?.();
  expect(pipe.text).toBe("one\ntwo\nt");
  pipe.room = 100;
  soon.shift()?.();
  expect(pipe.text).toBe("one\ntwo\nthree\n");
  expect(soon).toEqual([]);
});

it("loses what is beyond its bound, and says how much when all else is written", () => {
  for (let line = 0; line < 10; line++) writer.write(`no ${line}\n`);
  expect(lost).toEqual([]);
  pipe.room = 100;
  expect(writer.flush()).toBe(true);
  expect(pipe.text).toBe("no 0\nno 1\nno 2\nno 3\nlost 6\n");
  expect(lost).toEqual([6]);
});

it("begins a line of its own after one that was lost in its middle", () => {
  pipe.room = 2;
  writer.write("one\n");
  pipe.isBroken = true;
  for (const line of ["two\n", "three\n"]) writer.write(line);
  pipe.isBroken = false;
  pipe.room = 100;
  writer.write("four\n");
  expect(pipe.text).toBe("on\nfour\nlost 3\n");
});

it("loses what cannot be written, and says so when it can be again", () => {
  pipe.isBroken = true;
  for (const line of ["one\n", "two\n"]) writer.write(line);
  expect(lost).toEqual([]);
  pipe.isBroken = false;
  pipe.room = 100;
  writer.write("three\n");
  expect(pipe.text).toBe("three\nlost 2\n");
});
