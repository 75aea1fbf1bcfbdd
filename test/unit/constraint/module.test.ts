import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";

const folder = "third_party/llguidance";

it("has the digest that is written down", () => {
  const digest = createHash("sha256").update(readFileSync(`${folder}/llguidance.wasm`));
  const written = readFileSync(`${folder}/llguidance.wasm.sha256`, "utf8");
  expect(written).toBe(`${digest.digest("hex")}  llguidance.wasm\n`);
});

it("names the licence of every crate in it", () => {
  const licences = readFileSync(`${folder}/LICENSES.txt`, "utf8");
  const lock = readFileSync(`${folder}/Cargo.lock`, "utf8");
  // These run when it is built, and are not in it.
  const builders = /^(proc-macro2|quote|syn|unicode-ident|heck|\w+_derive|strum_macros|inferd-)/;
  const crates = [...lock.matchAll(/name = "(.+)"\nversion = "(.+)"/g)];
  for (const [, name = "", version] of crates) {
    if (!builders.test(name)) expect(licences).toContain(`\n${name}-${version}\n`);
  }
  expect(crates.length).toBeGreaterThan(20);
});
