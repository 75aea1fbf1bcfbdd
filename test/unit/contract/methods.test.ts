import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { readDescriptors } from "../../../src/contract/descriptors.ts";
import { methods } from "../../../src/contract/methods.ts";
import { servedTasks, serviceTasks } from "../../../src/contract/tasks.ts";
import { openServer } from "../../../src/grpc/server.ts";
import { addAll, fakeModels } from "../../grpc/fake-models.ts";
import { serverOptions } from "../../grpc/support.ts";

const services = Array.from(readDescriptors().registry).filter((each) => each.kind === "service");
const described = services.flatMap((service) =>
  service.methods.map(({ name, methodKind }) => ({
    name: `${service.typeName}/${name}`,
    methodKind,
  })),
);

it("has a row for each method that the descriptors know, and no others", () => {
  expect(Array.from(methods.keys()).sort()).toEqual(described.map(({ name }) => name).sort());
});

it("lets no call last for ever but a stream", () => {
  const endless = described.filter(({ name }) => methods.get(name)?.isEndless);
  expect(endless).not.toEqual([]);
  for (const { methodKind } of endless) expect(methodKind).toMatch(/^(server|bidi)_streaming$/);
});

it("documents each method in the reference, and no others", () => {
  const page = readFileSync("docs/reference/methods.md", "utf8");
  const rows = Array.from(page.matchAll(/^\| `([\w.]+\/\w+)`/gm), ([, name]) => name);
  expect(rows).toEqual(Array.from(methods.keys()));
});

it("serves none that has no row", () => {
  for (const name of described.map((each) => each.name)) {
    const without = new Map(methods);
    without.delete(name);
    const serve = () => addAll(openServer({ ...serverOptions, methods: without }), fakeModels([]));
    expect(serve).toThrow(`bug: the contract does not know /${name}`);
  }
});

it("knows the task of each service that needs a model", () => {
  expect(Array.from(serviceTasks.keys()).sort()).toEqual(
    services
      .map(({ typeName }) => typeName)
      .filter((name) => name.startsWith("inferd."))
      .sort(),
  );
  for (const { service } of Object.values(servedTasks))
    expect(serviceTasks.get(service)).toBeDefined();
});
