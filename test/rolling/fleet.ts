/** Three real servers at fixed addresses, and their replacement one after another, as a Deployment does it. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type RealServer, startServer } from "../real-server.ts";
import { Door } from "./door.ts";

/** Long enough that a client which watches health has left before calls are refused. */
const lameDuckMs = 300;

/** A server, and the address that it has for clients. */
interface Place {
  readonly door: Door;
  server: RealServer;
}

export class Fleet {
  readonly #folder: string;
  readonly #places: readonly Place[];

  constructor(folder: string, places: readonly Place[]) {
    this.#folder = folder;
    this.#places = places;
  }

  static async start(): Promise<Fleet> {
    const folder = mkdtempSync(join(tmpdir(), "inferd-"));
    mkdirSync(join(folder, "scripted"));
    const manifest = "name: scripted\ntask: generate\nengine: scripted\noptions: { step_ms: 5 }\n";
    writeFileSync(join(folder, "scripted", "model.yaml"), manifest);
    const place = async (): Promise<Place> => {
      const [door, server] = [new Door(), await start(folder)];
      await door.open(server.address);
      return { door, server };
    };
    return new Fleet(folder, await Promise.all([place(), place(), place()]));
  }

  /** Such as `127.0.0.1:1,127.0.0.1:2`. */
  get addresses(): string {
    return this.#places.map(({ door }) => door.address).join(",");
  }

  /**
   * Replaces each server by a new one at the same address; gives the last word of each that went. The next one
   * goes once the client has come back to the new one, whose address it tries again no oftener than its back-off
   * says: a Deployment gives it that time with `minReadySeconds`.
   */
  async roll(): Promise<readonly string[]> {
    const words: string[] = [];
    for (const place of this.#places) {
      place.door.close();
      words.push(await place.server.stop());
      place.server = await start(this.#folder);
      await place.door.open(place.server.address);
      await place.server.said("call");
    }
    return words;
  }

  async stop(): Promise<void> {
    for (const { door } of this.#places) door.close();
    await Promise.all(this.#places.map(({ server }) => server.stop()));
    rmSync(this.#folder, { recursive: true });
  }
}

function start(folder: string): Promise<RealServer> {
  const flags = `--models ${folder} --port 0 --cores 1 --lame-duck-ms ${lameDuckMs}`;
  return startServer(`bin/inferd serve ${flags} --log-level info`);
}

/** What a client saw while servers were replaced under it. */
export interface Seen {
  readonly unary: number;
  readonly streams: number;
  readonly failed: readonly string[];
}
