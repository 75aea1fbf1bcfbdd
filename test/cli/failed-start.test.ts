/** A start that fails says why and ends, whatever it had opened by then. */
import { writeFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { authority } from "../fixtures/certificates.ts";
import { keyed } from "./keyed.ts";
import { inferd } from "./process.ts";

const { folder, keys, model, create } = keyed();

let taken: Server;
let port: string;
let tls: readonly string[];

beforeAll(async () => {
  taken = createServer();
  await new Promise<void>((resolve) => taken.listen(0, "127.0.0.1", resolve));
  port = String((taken.address() as { port: number }).port);
  const { cert, key } = authority("test").issue({ dns: ["localhost"] });
  const path = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  tls = ["--tls-cert", path("cert.pem", cert), "--tls-key", path("key.pem", key)];
  await create("--scope", "generate");
});

afterAll(() => new Promise((resolve) => taken.close(resolve)));

const cases: [string, () => readonly string[], string][] = [
  ["a model that is missing", () => ["--model", join(folder, "none"), "--keys", keys], "none"],
  ["a taken port", () => ["--model", model, "--port", port, "--keys", keys], "--port"],
  ["a taken port, with TLS", () => ["--model", model, "--port", port, ...tls], "--port"],
  [
    "a taken port, after others were opened",
    () => ["--model", model, "--port", port, "--health-port", "0", "--metrics-port", "0"],
    "--port",
  ],
  [
    "a taken health port",
    () => ["--model", model, "--port", "0", "--health-port", port, "--keys", keys],
    "--health-port",
  ],
  [
    "keys that are none, with TLS",
    () => ["--model", model, "--keys", join(folder, "cert.pem"), ...tls],
    "--keys",
  ],
];

it.each(cases)("ends with 1 for %s", async (_, flags, says) => {
  const { code, err } = await inferd(["serve", ...flags()]);
  expect(err).toContain(says);
  expect(code).toBe(1);
});
