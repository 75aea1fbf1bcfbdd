import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "../cli/free-port.ts";
import { type RealServer, startServer } from "../real-server.ts";
import type { Seen } from "../rolling/fleet.ts";
import { callingUnder } from "./rolling.ts";

/** What clients are told to use, in docs/clients.md. */
const serviceConfig = "examples/service-config.json";

/**
 * Restarts the only server of a client that goes on calling it, with a model that loads for as long as the
 * port has been seen to be open, and gives what the client saw.
 */
export async function restartUnder(
  file: string,
  parameters: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Seen> {
  const restarted = await RestartedServer.start("scripted");
  const { address } = restarted.server;
  const command = { file, parameters: [...parameters, address, serviceConfig], env };
  try {
    return await callingUnder(command, async () => {
      await restarted.restart();
      await restarted.server.said("call", 4);
    });
  } finally {
    await restarted.stop();
  }
}

/** A server at one address, whose model loads when it is told to. */
export class RestartedServer {
  readonly #folder: string;
  readonly #port: number;
  #server: RealServer;

  private constructor(folder: string, port: number, server: RealServer) {
    this.#folder = folder;
    this.#port = port;
    this.#server = server;
  }

  /** Serves a scripted model under this name. */
  static async start(name: string): Promise<RestartedServer> {
    const folder = mkdtempSync(join(tmpdir(), "inferd-"));
    mkdirSync(join(folder, "model"));
    const options = `{ step_ms: 5, load_gate: ${join(folder, "gate")} }`;
    const manifest = `name: ${name}\ntask: generate\nengine: scripted\noptions: ${options}\n`;
    writeFileSync(join(folder, "model", "model.yaml"), manifest);
    writeFileSync(join(folder, "gate"), "");
    const port = await freePort();
    return new RestartedServer(folder, port, await start(folder, port));
  }

  /** The one that runs now. */
  get server(): RealServer {
    return this.#server;
  }

  /** Stops it, starts another at its address, and lets that load once the port is open and this is done. */
  async restart(whileLoading: () => Promise<void> = () => Promise.resolve()): Promise<void> {
    rmSync(join(this.#folder, "gate"));
    await this.#server.stop();
    const next = start(this.#folder, this.#port);
    try {
      await opened(this.#port);
      await whileLoading();
    } finally {
      writeFileSync(join(this.#folder, "gate"), "");
      this.#server = await next;
    }
  }

  async stop(): Promise<void> {
    await this.#server.stop();
    rmSync(this.#folder, { recursive: true });
  }
}

const start = (folder: string, port: number): Promise<RealServer> =>
  startServer(`bin/inferd serve --models ${folder} --port ${port} --cores 1`);

/** Resolves once somebody listens there. */
async function opened(port: number): Promise<void> {
  for (;;) {
    const socket = connect(port, "127.0.0.1");
    try {
      await once(socket, "connect");
      return;
    } catch {
      // Not yet.
    } finally {
      socket.destroy();
    }
  }
}
