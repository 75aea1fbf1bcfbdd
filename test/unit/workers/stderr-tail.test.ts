import { expect, it } from "vitest";
import { StderrTail } from "../../../src/workers/stderr-tail.ts";

it.each([
  ["V8", (at: number) => ` ${at}: 0xb5a2d0 node::Abort() [node]`],
  ["a debugger", (at: number) => `#${at}  0x00007f0f8d29e782 in abort ()`],
  ["Rust", (at: number) => `   ${at}:     0x7f0f8d29e782 - <unknown>`],
])("keeps what was said before a stack as %s prints it", (_, frame) => {
  const words = new StderrTail();
  words.note("it ends because of this");
  for (let at = 0; at < 40; at++) words.note(frame(at));
  expect(words.lines).toEqual(["it ends because of this"]);
});
