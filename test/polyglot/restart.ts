import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "../cli/free-port.ts";
import { startServer } from "../real-server.ts";
import type { Seen } from "../rolling/fleet.ts";
import { callingUnder } from "./rolling.ts";

/** What clients are told to use, in README and operations.md. */
export const serviceConfig = "examples/service-config.json";

/**
 * Restarts the only server of a client that goes on calling it, with a model that loads for as long as the
 * port has been seen to be open, and gives what the client saw.
 */
export async function restartUnder(
  file: string,
  parameters: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Seen> {
  const folder = mkdtempSync(join(tmpdir(), "inferd-"));
  const gate = join(folder, "gate");
  mkdirSync(join(folder, "scripted"));
  const options = `{ step_ms: 5, load_gate: ${gate} }`;
  const manifest = `name: scripted\ntask: generate\nengine: scripted\noptions: ${options}\n`;
  writeFileSync(join(folder, "scripted", "model.yaml"), manifest);
  const port = await freePort();
  const start = () => startServer(`bin/inferd serve --models ${folder} --port ${port} --cores 1`);
  writeFileSync(gate, "");
  let server = await start();
  const command = { file, parameters: [...parameters, server.address, serviceConfig], env };
  try {
    return await callingUnder(command, async () => {
      rmSync(gate);
      await server.stop();
      const next = start();
      await opened(port);
      writeFileSync(gate, "");
      server = await next;
      await server.said("call", 4);
    });
  } finally {
    await server.stop();
    rmSync(folder, { recursive: true });
  }
}

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
