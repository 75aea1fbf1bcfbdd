import { Command } from "commander";
import { expect, it } from "vitest";
import { Priority } from "../../../gen/inferd/v1/types.ts";
import { callOptionsOf } from "../../../src/cli/call-options.ts";
import { addCallOptionFlags, type CallOptionFlags } from "../../../src/cli/flags/call-options.ts";

const parsed = (...words: readonly string[]) => {
  const command = addCallOptionFlags(new Command())
    .exitOverride()
    .configureOutput({ writeErr: () => {} });
  return callOptionsOf(command.parse(words, { from: "user" }).opts<CallOptionFlags>());
};

it("says nothing of a call where no flag does", () => {
  expect(parsed()).toBeUndefined();
});

it("says what each flag says", () => {
  const labels = ["--label", "team=search", "--label", "run=a=b"];
  const flags = ["--wait", "--priority", "batch", "--user", "ann", "--cache-salt", "tenant-1"];
  expect(parsed(...flags, ...labels)).toEqual({
    waitForModel: true,
    priority: Priority.BATCH,
    user: "ann",
    labels: { team: "search", run: "a=b" },
    cacheSalt: "tenant-1",
  });
});

it.each([
  ["--label", "team"],
  ["--label", "=x"],
  ["--priority", "soon"],
])("refuses %s %s", (...words) => {
  expect(() => parsed(...words)).toThrow(/It must look like|Allowed choices/);
});
