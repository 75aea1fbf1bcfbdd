/** The chat formats of llama.cpp's chat templates: which each is of, and whether calls that it writes are read back. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { templates } from "../fixtures/chat-formats/cases.ts";
import { fetched } from "./fetched.ts";
import { callsOf, lostIn, templateOf } from "./round-trip.ts";

const folder = fetched();
const names = readdirSync(folder ?? ".").filter((name) => name.endsWith(".jinja"));

/** LFM2.5's does not escape what is in strings; MiniMax M3's leaves out members that are null. */
const lossy = new Set(["LFM2.5-8B-A1B", "MiniMax-M3"]);

it.skipIf(folder === undefined)("has a format for every template", () => {
  expect(Object.keys(templates).toSorted()).toEqual(names.toSorted());
});

describe.skipIf(folder === undefined).each(names)("%s", (name) => {
  const template = templateOf(readFileSync(join(folder ?? "", name), "utf8"));

  const isKnown =
    template.hasCalls && template.format.name !== "generic" && !lossy.has(name.slice(0, -6));

  it("is of its format", () => {
    expect(template.format.name).toBe(templates[name]);
  });

  it.skipIf(!isKnown)("writes calls that are read back", () => {
    const lost = Array.from({ length: 24 }, (_, seed) => lostIn(template, callsOf(seed)));
    expect(lost.filter((one) => one !== undefined)).toEqual([]);
  });
});
