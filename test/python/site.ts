/** A folder of Python models, which write down next to them what happened to them, and a server for some. */
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll } from "vitest";
import { type RealServer, startServer } from "../real-server.ts";
import { Caller } from "./caller.ts";

const models = fileURLToPath(new URL("models", import.meta.url));

export interface Serving {
  readonly server: RealServer;
  readonly caller: Caller;
  /** All that the server has logged. */
  readonly logged: () => string;
}

export class Site {
  /** A space and letters beyond ASCII, as home folders have them. */
  readonly folder = mkdtempSync(join(tmpdir(), "inferd pythön-"));
  readonly #serving: Serving[] = [];

  constructor() {
    cpSync(models, this.folder, { recursive: true });
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  /** The lines of a file that a model writes; none before it has. */
  notes(name: string): readonly string[] {
    const path = this.path(name);
    return existsSync(path) ? readFileSync(path, "utf8").split("\n").slice(0, -1) : [];
  }

  /** How often a model has counted under this name. */
  count(name: string): number {
    return statSync(this.path(name), { throwIfNoEntry: false })?.size ?? 0;
  }

  /** Starts a server with files of the folder; it ends with the tests. */
  async serve(files: readonly string[], ...flags: readonly string[]): Promise<Serving> {
    const words = ["serve", ...files.map((file) => this.path(file)), ...flags];
    const quoted = words.map((word) => `'${word}'`).join(" ");
    const server = await startServer(`bin/inferd ${quoted}`);
    const logged = (): string =>
      server
        .log()
        .map((line) => JSON.stringify(line))
        .join("\n");
    const serving = { server, caller: new Caller(server.address), logged };
    this.#serving.push(serving);
    return serving;
  }

  async close(): Promise<void> {
    for (const { caller } of this.#serving) caller.close();
    await Promise.all(this.#serving.map(({ server }) => server.stop()));
    rmSync(this.folder, { recursive: true });
  }
}

/** Call it once in a file, within its group. */
export function openSite(): Site {
  const site = new Site();
  afterAll(() => site.close());
  return site;
}
