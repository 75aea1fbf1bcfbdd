import { expect, it } from "vitest";
import { Framing } from "../../../src/grpc/framing.ts";
import { frame } from "../../grpc/raw.ts";

const [first, empty, second] = [Buffer.alloc(300, 1), Buffer.alloc(0), Buffer.alloc(7, 255)];
const whole = Buffer.concat([first, empty, second].map((message) => frame(message)));

it.each([1, 2, 3, 5, 64, 305, 306, 1000])("finds messages in chunks of %d bytes", (size) => {
  const framing = new Framing();
  const starts = [0, 305, 310];
  for (let at = 0; at < whole.length; at += size) {
    const end = Math.min(whole.length, at + size);
    const unfinished = framing.push(whole.subarray(at, end));
    expect(unfinished).toBe(
      end === whole.length ? 0 : end - Math.max(...starts.filter((start) => start <= end)),
    );
  }
});

it("counts what comes of a message that is announced larger than any", () => {
  const framing = new Framing();
  expect(framing.push(frame(Buffer.alloc(10), { length: 2 ** 32 - 1 }))).toBe(15);
  expect(framing.push(Buffer.alloc(100))).toBe(115);
});
