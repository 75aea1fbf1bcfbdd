import { expect, it } from "vitest";
import { parseScript } from "../../../src/engines/scripted/script.ts";

it.each([
  { script: "say a b", read: [{ kind: "say", text: "a b", times: 1 }] },
  { script: "repeat 3 x", read: [{ kind: "say", text: "x", times: 3 }] },
  {
    script: "wait g; open h",
    read: [
      { kind: "wait", gate: "g" },
      { kind: "open", gate: "h" },
    ],
  },
  {
    script: "stop; length; cancelled",
    read: [
      { kind: "end", reason: "stop" },
      { kind: "end", reason: "length" },
      { kind: "end", reason: "cancelled" },
    ],
  },
  {
    script: "fail INTERNAL\nexit 3",
    read: [
      { kind: "fail", reason: "INTERNAL" },
      { kind: "disaster", how: "exit", code: 3 },
    ],
  },
  {
    script: "throw; crash; segfault; exhaust; hang",
    read: ["throw", "crash", "segfault", "exhaust", "hang"].map((how) => ({
      kind: "disaster",
      how,
      code: 1,
    })),
  },
  {
    script: "lie",
    read: [{ kind: "lie" }],
  },
  { script: "", read: [] },
])("reads $script", ({ script, read }) => {
  expect(parseScript(script)).toEqual(read);
});

it.each(["hello big world", "stop the car", "repeat after me", "constructor"])(
  "says what is no command, word by word: %s",
  (script) => {
    const said = parseScript(script).map((each) => (each.kind === "say" ? each.text : each.kind));
    expect(said.join("")).toBe(script);
    expect(said).toHaveLength(script.split(" ").length);
  },
);
