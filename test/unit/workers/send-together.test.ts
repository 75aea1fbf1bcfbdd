import { expect, it } from "vitest";
import { sendTogether } from "../../../src/workers/send-together.ts";

function setUp() {
  const sent: (readonly string[])[] = [];
  return { sent, send: sendTogether<string>((messages) => sent.push(messages)) };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

it("sends what one turn says in one message, in order", async () => {
  const { sent, send } = setUp();
  send("a");
  await Promise.resolve();
  send("b");
  process.nextTick(() => send("c"));
  expect(sent).toEqual([]);
  await turn();
  expect(sent).toEqual([["a", "b", "c"]]);
});

it("sends a lone message at the end of its turn", async () => {
  const { sent, send } = setUp();
  send("a");
  await turn();
  send("b");
  await turn();
  expect(sent).toEqual([["a"], ["b"]]);
});
