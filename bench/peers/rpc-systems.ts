/** The three servers of `rpc-peers`. Each counts to the number that it is asked for, one line a piece. */
import type { ChildProcess } from "node:child_process";
import { mkdirSync, openSync, readFileSync } from "node:fs";
import { connect } from "node:net";
import { once } from "node:events";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import {
  GenerateRequest,
  GenerateResponse,
  GenerateStreamResponse,
  GenerationServiceService,
} from "../../gen/inferd/v1/generation_service.ts";
import { GetServerInfoResponse, ServerServiceService } from "../../gen/inferd/v1/server_service.ts";
import { startProcess, stopProcess } from "../lib/child.ts";
import { runScript } from "../lib/model.ts";
import { cacheFolder, repository } from "../lib/paths.ts";
import { freePort } from "../lib/port.ts";
import { children } from "../lib/process.ts";
import { grpcTarget, httpTarget, messagesIn, type Target } from "./rpc-target.ts";

/** A call of a server that counts, and the text that an answer's body holds. */
export interface Counting extends Target {
  readonly read: (body: Buffer) => string;
}

export interface RpcSystem {
  /** Its processes, that of its models' workers among them. */
  readonly pids: () => readonly number[];
  readonly unary: (count: number) => Counting;
  readonly stream: (count: number) => Counting;
  /** A call that computes nothing; undefined where it has none of its own. */
  readonly info?: Counting;
}

const here = join(repository, "bench", "peers");

export async function withBareGrpc<T>(run: (system: RpcSystem) => Promise<T>): Promise<T> {
  const port = await freePort();
  const child = startProcess(process.execPath, [join(here, "rpc-bare.ts"), String(port)], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  return whileItRuns(child, port, (pids) => run({ pids, ...generation(port) }));
}

/** In its defaults, its log in a file; but for its bound on a connection's calls, which are many here. */
export async function withInferd<T>(run: (system: RpcSystem) => Promise<T>): Promise<T> {
  const port = await freePort();
  mkdirSync(cacheFolder, { recursive: true });
  const log = join(cacheFolder, "rpc-inferd.log");
  const flags = ["--model", join(here, "rpc-model"), "--max-calls-per-second", "1000000"];
  const child = startProcess(join(repository, "bin", "inferd"), ["serve", ...flags], {
    env: { ...process.env, INFERD_PORT: String(port), INFERD_LOG_FORMAT: "json" },
    stdio: ["ignore", "ignore", openSync(log, "w")],
  });
  const info: Counting = {
    ...grpcTarget(port, ServerServiceService.getServerInfo.path, new Uint8Array(0)),
    read: (body) =>
      messagesIn(body).map((each) => GetServerInfoResponse.decode(each).version)[0] ?? "",
  };
  return whileItRuns(child, port, async (pids) => {
    while (!readFileSync(log, "utf8").includes('"msg":"ready"')) await wait(50);
    return run({ pids, info, ...generation(port) });
  });
}

export async function withFastApi<T>(run: (system: RpcSystem) => Promise<T>): Promise<T> {
  const python = runScript("python", "rpc.txt");
  const port = await freePort();
  const child = startProcess(python, [join(here, "rpc_app.py"), String(port)], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  const body = (count: number): string => JSON.stringify({ prompt: String(count) });
  return whileItRuns(child, port, (pids) =>
    run({
      pids,
      unary: (count) => ({
        ...httpTarget(port, "/generate", body(count)),
        read: (answer) => (JSON.parse(answer.toString()) as { readonly text: string }).text,
      }),
      stream: (count) => ({
        ...httpTarget(port, "/stream", body(count)),
        read: (answer) => answer.toString(),
      }),
    }),
  );
}

function generation(port: number): Pick<RpcSystem, "unary" | "stream"> {
  const { generate, generateStream } = GenerationServiceService;
  const request = (count: number): Uint8Array =>
    GenerateRequest.encode(
      GenerateRequest.fromPartial({ input: { $case: "prompt", value: String(count) } }),
    ).finish();
  return {
    unary: (count) => ({
      ...grpcTarget(port, generate.path, request(count)),
      read: (body) =>
        messagesIn(body)
          .map((each) => GenerateResponse.decode(each).text)
          .join(""),
    }),
    stream: (count) => ({
      ...grpcTarget(port, generateStream.path, request(count)),
      read: (body) => messagesIn(body).map(pieceOf).join(""),
    }),
  };
}

function pieceOf(message: Buffer): string {
  const { event } = GenerateStreamResponse.decode(message);
  return event?.$case === "piece" ? event.value.text : "";
}

async function whileItRuns<T>(
  child: ChildProcess,
  port: number,
  run: (pids: () => readonly number[]) => Promise<T>,
): Promise<T> {
  const { pid } = child;
  if (pid === undefined) throw new Error("a server could not be started");
  try {
    await listening(child, port);
    return await run(() => [pid, ...children(pid)]);
  } finally {
    await stopProcess(child);
  }
}

async function listening(child: ChildProcess, port: number): Promise<void> {
  while (child.exitCode === null) {
    const socket = connect(port, "127.0.0.1");
    const isOpen = await once(socket, "connect").then(
      () => true,
      () => false,
    );
    socket.destroy();
    if (isOpen) return;
    await wait(50);
  }
  throw new Error("the server did not get ready");
}
