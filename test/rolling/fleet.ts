/** Three real servers on fixed ports, and their replacement one after another, as a Deployment does it. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type RealServer, startServer } from "../real-server.ts";

/** Long enough that a client which watches health has left before calls are refused. */
const lameDuckMs = 300;

export class Fleet {
  readonly #folder: string;
  readonly #servers: RealServer[];

  constructor(folder: string, servers: RealServer[]) {
    this.#folder = folder;
    this.#servers = servers;
  }

  static async start(): Promise<Fleet> {
    const folder = mkdtempSync(join(tmpdir(), "inferd-"));
    mkdirSync(join(folder, "scripted"));
    const manifest = "name: scripted\ntask: generate\nengine: scripted\noptions: { step_ms: 5 }\n";
    writeFileSync(join(folder, "scripted", "model.yaml"), manifest);
    const servers = await Promise.all([0, 0, 0].map((port) => start(folder, port)));
    return new Fleet(folder, servers);
  }

  /** Such as `127.0.0.1:1,127.0.0.1:2`. */
  get addresses(): string {
    return this.#servers.map(({ address }) => address).join(",");
  }

  /**
   * Replaces each server by a new one on the same port; gives the last word of each that went. The next one
   * goes once the client has come back to the new one, whose port it tries again no oftener than its back-off
   * says: a Deployment gives it that time with `minReadySeconds`.
   */
  async roll(): Promise<readonly string[]> {
    const words: string[] = [];
    for (const [index, server] of [...this.#servers.entries()]) {
      words.push(await server.stop());
      const next = await start(this.#folder, Number(server.address.split(":")[1]));
      this.#servers[index] = next;
      await next.said("call");
    }
    return words;
  }

  async stop(): Promise<void> {
    await Promise.all(this.#servers.map((server) => server.stop()));
    rmSync(this.#folder, { recursive: true });
  }
}

function start(folder: string, port: number): Promise<RealServer> {
  const flags = `--models ${folder} --port ${port} --cores 1 --lame-duck-ms ${lameDuckMs}`;
  return startServer(`bin/inferd serve ${flags} --log-level info`);
}

/** What a client saw while servers were replaced under it. */
export interface Seen {
  readonly unary: number;
  readonly streams: number;
  readonly failed: readonly string[];
}
