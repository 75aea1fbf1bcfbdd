/** Runs the programs of examples/ as their READMEs say. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, globSync, readFileSync } from "node:fs";
import { basename, delimiter, dirname, join } from "node:path";
import { text } from "node:stream/consumers";
import { plainEnvironment } from "../command.ts";
import { blocksOf } from "../documents.ts";
import { type RestartedServer } from "./restart.ts";

/** A folder with programs in one language, and how they are built and started. */
export interface Example {
  readonly folder: string;
  /** Why it is not run: commands that are missing on this machine, or that it is not wanted. */
  readonly hindrances: readonly string[];
  readonly setup: readonly string[];
  /** Lines that start a program each, against `shownAddress`. */
  readonly tours: readonly string[];
}

/** Folders of examples/ to leave out, as CI does with those that take long to build. */
const unwanted = (process.env["INFERD_SKIP_EXAMPLES"] ?? "").split(" ");

const shownAddress = "localhost:50051";

/** Every README of examples/ that says how to run a tour. */
export function examples(): Example[] {
  return globSync("examples/*/README.md")
    .sort()
    .map(read)
    .filter(({ tours }) => tours.length > 0);
}

function read(file: string): Example {
  const blocks = blocksOf(readFileSync(file, "utf8"));
  const linesOf = (kind: "setup" | "tour"): string[] =>
    blocks.filter(({ test }) => test.kind === kind).flatMap(({ text }) => text.trim().split("\n"));
  const needs = blocks.flatMap(({ test }) => (test.kind === "setup" ? test.needs : []));
  const tours = linesOf("tour");
  const odd = tours.filter((line) => !line.endsWith(` ${shownAddress}`));
  if (odd.length > 0) throw new Error(`${file}: no ${shownAddress} at the end of: ${odd.join()}`);
  const folder = dirname(file);
  const hindrances = needs.filter((tool) => !isHere(tool)).map((tool) => `no ${tool} here`);
  if (unwanted.includes(basename(folder))) hindrances.push("INFERD_SKIP_EXAMPLES names it");
  return { folder, hindrances, setup: linesOf("setup"), tours };
}

/** Whether the PATH has a command. */
function isHere(tool: string): boolean {
  const path = process.env["PATH"] ?? "";
  return path.split(delimiter).some((folder) => existsSync(join(folder, tool)));
}

/** Builds what an example's programs need; fails with all that was written. */
export async function setUp({ folder, setup }: Example): Promise<void> {
  const script = `exec 2>&1\n${setup.join("\n")}`;
  const process = start(folder, script);
  process.child.stdin.end();
  const { code, stdout } = await process.ended;
  if (code !== 0) throw new Error(`${folder}: setting up failed\n${stdout}`);
}

/** What a program wrote, and its exit code. */
export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a tour's line against a server. */
export async function runTour(folder: string, line: string, address: string): Promise<Ended> {
  const process = start(folder, `exec ${line.replace(shownAddress, address)}`);
  process.child.stdin.end();
  return process.ended;
}

/**
 * Restarts a server under a program that goes on calling it, which ends when it is told to.
 *
 * @returns what the program wrote, and how many of its calls were served before and after
 */
export async function runRestart(
  folder: string,
  line: string,
  restarted: RestartedServer,
): Promise<{ ended: Ended; before: number; after: number }> {
  const { address } = restarted.server;
  const process = start(folder, `exec ${line.replace(shownAddress, address)} restart`);
  try {
    const before = await Promise.race([served(restarted, 3), process.ended.then(() => 0)]);
    await restarted.restart();
    const after = await Promise.race([served(restarted, 3), process.ended.then(() => 0)]);
    process.child.stdin.end();
    return { ended: await process.ended, before, after };
  } finally {
    process.kill();
  }
}

/** Waits until a server has served so many completions more, and gives how many. */
async function served({ server }: RestartedServer, more: number): Promise<number> {
  const calls = () => server.log().filter(({ msg }) => msg === "call");
  const count = (): number =>
    calls().filter(({ method, code }) => method?.endsWith("/Generate") && code === "OK").length;
  const start = count();
  while (count() < start + more) await server.said("call", calls().length + 1);
  return count() - start;
}

/** Starts a script in a group of its own, so that nothing outlives the test. */
function start(folder: string, script: string) {
  const child = spawn("sh", ["-euc", script], {
    cwd: folder,
    detached: true,
    env: plainEnvironment(),
    stdio: ["pipe", "pipe", "pipe"],
  });
  const kill = (): void => {
    if (child.exitCode === null && child.signalCode === null) process.kill(-child.pid!, "SIGKILL");
  };
  process.once("exit", kill);
  const finish = async (): Promise<Ended> => {
    const closed = once(child, "close") as Promise<[number | null]>;
    const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
    const [code] = await closed;
    process.off("exit", kill);
    return { code: code ?? -1, stdout, stderr };
  };
  return { child, ended: finish(), kill };
}
