import { expect, it } from "vitest";
import { findMethod } from "../../../src/cli/commands/call/call.ts";
import { readDescriptors } from "../../../src/contract/descriptors.ts";

const services = [...readDescriptors().registry].filter((type) => type.kind === "service");
const find = (name: string) => {
  const method = findMethod({ services }, name);
  return `${method.parent.typeName}/${method.name}`;
};

it.each([
  "inferd.v1.ModelService/ListModels",
  "/inferd.v1.ModelService/ListModels",
  "inferd.v1.ModelService.ListModels",
  "ModelService/ListModels",
  "ListModels",
  "listmodels",
])("finds a method by %s", (name) => {
  expect(find(name)).toBe("inferd.v1.ModelService/ListModels");
});

it("takes the method that is called so, not one that ends so", () => {
  expect(find("Embed")).toBe("inferd.v1.EmbeddingService/Embed");
});

it.each([
  ["NoSuchMethod", /^no method is called NoSuchMethod; there are\n {2}\w/],
  ["Models", /^no method/],
  ["ServerReflectionInfo", /^several methods are called/],
])("refuses %s and lists those there are", (name, message) => {
  expect(() => find(name)).toThrow(message);
});
