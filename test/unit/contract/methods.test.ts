import { readFileSync } from "node:fs";
import { type DescMessage, ScalarType } from "@bufbuild/protobuf";
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { expect, it } from "vitest";
import { ServeError } from "../../../src/base/errors.ts";
import type { CallContext, Handler } from "../../../src/calls/call.ts";
import { readDescriptors } from "../../../src/contract/descriptors.ts";
import { methods } from "../../../src/contract/methods.ts";
import { ownServices } from "../../../src/contract/services.ts";
import { servedTasks, serviceTasks } from "../../../src/contract/tasks.ts";
import { openServer } from "../../../src/grpc/server.ts";
import { serviceHandlers } from "../../../src/services/handlers.ts";
import { addAll, fakeModels, limits } from "../../grpc/fake-models.ts";
import { serverOptions } from "../../grpc/support.ts";

const services = Array.from(readDescriptors().registry).filter((each) => each.kind === "service");
const described = services.flatMap((service) =>
  service.methods.map(({ name, methodKind, input }) => ({
    name: `${service.typeName}/${name}`,
    methodKind,
    input,
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
    expect(serviceTasks.get(service)).toHaveLength(1);
  expect(serviceTasks.get("inferd.v1.TokenizationService")).toEqual(Object.keys(servedTasks));
});

/** A message whose texts are longer than any may be. */
function overlong(message: DescMessage): Buffer {
  const writer = new BinaryWriter();
  for (const field of message.fields) {
    if (field.fieldKind === "scalar" && field.scalar === ScalarType.STRING)
      writer.tag(field.number, WireType.LengthDelimited).string("x".repeat(5_000_000));
  }
  return Buffer.from(writer.finish());
}

const about = { version: "", build: "", engines: [], startedAtMs: 0 };
const handlers = serviceHandlers({ models: fakeModels([]), limits, ...about });

interface Generated {
  readonly path: string;
  readonly requestDeserialize: (bytes: Buffer) => unknown;
}

// A loop over methods forgets which request each has.
const handled = Object.entries<object>(ownServices).flatMap(([service, definition]) =>
  (Object.entries(definition) as [string, Generated][]).map(([name, method]) => ({
    ...method,
    service,
    name,
  })),
);
const inputOf = (path: string) => described.find(({ name }) => path === `/${name}`)!.input;

it.each(handled.filter(({ path }) => inputOf(path).fields.length > 0))(
  "holds the requests of $path to their rule before they are handled",
  ({ service, name, path, requestDeserialize }) => {
    const ofService = new Map(Object.entries<object>({ ...handlers })).get(service)!;
    const handle = new Map(Object.entries(ofService)).get(name) as Handler<unknown, unknown>;
    const request = requestDeserialize(overlong(inputOf(path)));
    let thrown: unknown;
    try {
      handle(request, {} as CallContext);
    } catch (error) {
      thrown = error;
    }
    expect(ServeError.from(thrown).reason).toBe("FIELD_INVALID");
  },
);
