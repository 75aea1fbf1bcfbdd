/**
 * Prints of which chat format each of llama.cpp's templates is, and how many of its calls are read back.
 * --differences: also the first that is not. --write: what the tests take as each template's format.
 */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fetched } from "./fetched.ts";
import { callsOf, lostIn, templateOf } from "./round-trip.ts";

const seeds = Array.from({ length: 24 }, (_, seed) => seed);
const folder = fetched() ?? "";
const formats: Record<string, string> = {};
const isLong = process.argv.includes("--differences");

for (const name of readdirSync(folder).filter((one) => one.endsWith(".jinja"))) {
  const template = templateOf(readFileSync(join(folder, name), "utf8"));
  formats[name] = template.format.name;
  const lost = template.hasCalls ? seeds.map((seed) => lostIn(template, callsOf(seed))) : [];
  const whole = lost.filter((one) => one === undefined).length;
  const read = template.hasCalls ? `${whole} of ${lost.length}` : "writes none";
  process.stdout.write(`| ${name.slice(0, -6)} | ${template.format.name} | ${read} |\n`);
  const first = lost.find((one) => one !== undefined);
  if (isLong && first !== undefined) process.stdout.write(`  ${first}\n`);
}

if (process.argv.includes("--write")) {
  const file = join(import.meta.dirname, "../fixtures/chat-formats/templates.json");
  writeFileSync(file, `${JSON.stringify(formats, null, 1)}\n`);
}
