import { inspect } from "node:util";
import { expect, it } from "vitest";
import { type LogOptions, openLog } from "../../../src/base/log.ts";
import { Secret } from "../../../src/base/secret.ts";

async function lines(options: Partial<LogOptions>) {
  const written: string[] = [];
  const destination = { write: (line: string) => void written.push(line) };
  const log = await openLog({ level: "info", format: "json", ...options, destination });
  return { log, written, parsed: () => written.map((line) => JSON.parse(line) as unknown) };
}

it("writes one JSON object a line, its level by name, its time in UTC", async () => {
  const { log, written, parsed } = await lines({});
  log.child({ model: "m" }).info({ tokens: 3 }, "call");
  expect(parsed()).toEqual([
    {
      level: "info",
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/) as string,
      model: "m",
      tokens: 3,
      msg: "call",
    },
  ]);
  expect(written[0]).toMatch(/^[^\n]+\n$/);
});

it("drops lines below its level", async () => {
  const { log, written } = await lines({ level: "warn" });
  log.info({}, "no");
  log.debug({}, "no");
  log.warn({}, "yes");
  expect(written).toHaveLength(1);
});

it("writes an audit line at any level", async () => {
  const { log, parsed } = await lines({ level: "silent" });
  log.error({ audit: false }, "no");
  log.child({ model: "m" }).info({ audit: true, act: "created" }, "yes");
  expect(parsed()).toMatchObject([{ level: "info", act: "created", msg: "yes" }]);
});

it("shows an error with its stack and its cause", async () => {
  const { log, parsed } = await lines({});
  log.error({ error: new Error("outer", { cause: new Error("inner") }) }, "failed");
  expect(parsed()).toMatchObject([
    { level: "error", error: { message: "outer", cause: { message: "inner" } } },
  ]);
});

it.each(["json", "pretty"] as const)(
  "CVE-2026-108857 (TEI, keys in the log): never shows a secret as %s",
  async (format) => {
    const { log, written } = await lines({ format });
    log.info({ key: new Secret("hunter2"), nested: [{ key: new Secret("hunter2") }] }, "start");
    expect(written.join("")).toContain("[redacted]");
    expect(written.join("")).not.toContain("hunter2");
  },
);

it("has no secret in any text form", () => {
  const secret = new Secret("hunter2");
  const forms = [String(secret), JSON.stringify({ secret }), inspect(secret), inspect({ secret })];
  expect(forms.join("")).not.toContain("hunter2");
  expect(secret.reveal()).toBe("hunter2");
});

it("writes a readable line, at once, when pretty", async () => {
  const { log, written } = await lines({ format: "pretty" });
  log.info(
    { model: "m", digest: `sha256:${"0a".repeat(32)}`, tokens: 3, why: "two words", code: null },
    "call",
  );
  expect(written).toEqual([
    expect.stringMatching(
      /^\[[\d:.]+\] INFO: call model=m digest=sha256:0a0a0a0a0a0a tokens=3 why="two words"\s*\n$/,
    ),
  ]);
});

it("shows an error's stack when pretty", async () => {
  const { log, written } = await lines({ format: "pretty" });
  log.error({ model: "m", error: new Error("outer") }, "failed");
  expect(written.join("")).toMatch(/ERROR: failed model=m[^]*outer[^]*at /);
});

it("writes no control character when pretty, whoever chose the value", async () => {
  const { log, written } = await lines({ format: "pretty" });
  log.info({ user: "a\u001b[31mred", labels: { team: "\u009b2J", "\u202ekey": "x" } }, "call");
  const [line = ""] = written;
  expect(line.trimEnd()).not.toMatch(/\p{C}/u);
  expect(line).toContain(String.raw`user="a\u001b[31mred"`);
  expect(line).toContain(String.raw`{"team":"\u009b2J","\u202ekey":"x"}`);
});
