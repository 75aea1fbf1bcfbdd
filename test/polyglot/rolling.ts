import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { plainEnvironment } from "../command.ts";
import { Fleet, type Seen } from "../rolling/fleet.ts";

/** Replaces three servers under a client that calls them, and gives what the client saw. */
export async function rollUnder(
  file: string,
  parameters: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Seen> {
  const fleet = await Fleet.start();
  try {
    const command = { file, parameters: [...parameters, fleet.addresses], env };
    return await callingUnder(command, async () => {
      await fleet.roll();
    });
  } finally {
    await fleet.stop();
  }
}

interface Command {
  readonly file: string;
  readonly parameters: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** Runs a client that calls without a pause while something happens to its servers, and gives what it saw. */
export async function callingUnder(
  { file, parameters, env }: Command,
  happens: () => Promise<void>,
): Promise<Seen> {
  const client = spawn(file, parameters, {
    env: { ...plainEnvironment(), ...env },
    stdio: ["pipe", "pipe", "inherit"],
  });
  try {
    const lines = createInterface({ input: client.stdout })[Symbol.asyncIterator]();
    const first = await lines.next();
    if (first.value !== "calling") throw new Error("the client could not call");
    await happens();
    const said = lines.next();
    client.stdin.end();
    return JSON.parse(String((await said).value)) as Seen;
  } finally {
    client.kill("SIGKILL");
    if (client.exitCode === null && client.signalCode === null) await once(client, "exit");
  }
}
