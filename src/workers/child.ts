/**
 * A worker process: loads one model's engine and drives it until the server says stop or is gone.
 * Nothing here is shared with the server's process, so that whatever native code does to this one
 * costs one worker.
 */
import { argv } from "node:process";
import { setImmediate as turn } from "node:timers/promises";
import { giveBackHeap } from "../base/heap.ts";
import { errorMessage } from "../base/text.ts";
import type { Engine } from "../engines/engine.ts";
import { describe } from "./describe.ts";
import { serverEnvironment } from "./environment.ts";
import { Driver } from "./driver.ts";
import type { Command } from "./driver.ts";
import { findEngine } from "./engine-import.ts";
import type { FromWorker, ToWorker } from "./messages.ts";
import { exitWithParent } from "./parent-death.ts";
import { encodeSteps } from "./step-encoding.ts";
import { assertInfo, checkedFraction, checkedLevel } from "./engine-checks.ts";

exitWithParent(Number(argv[2]));

let driver: Driver | undefined;
/** What came while the engine was loading. */
const early: Command[] = [];

function send(message: FromWorker, sent: () => void = () => undefined): void {
  // The callback also takes the error of a channel that has just closed.
  process.send?.(encodeSteps(message), undefined, undefined, sent);
}

function log(
  level: "debug" | "info" | "warn" | "error",
  message: string,
  requestId?: string,
): void {
  send({ kind: "log", level, message, ...(requestId !== undefined && { requestId }) });
}

/** Says why, then ends the process: its jobs fail, and the server decides about a new worker. */
function fail(what: string, thrown: unknown): void {
  const message = `${what}: ${describe(thrown)}`;
  send({ kind: "log", level: "error", message }, () => process.exit(1));
}

async function load(message: Extract<ToWorker, { readonly kind: "load" }>): Promise<void> {
  process.title = `inferd worker: ${message.source.name}`;
  let engine: Engine;
  try {
    const environment = serverEnvironment(process.env);
    const loadEngine = await findEngine({ ...message, environment });
    engine = await loadEngine(message.source, {
      progress: (fraction) => send({ kind: "progress", fraction: checkedFraction(fraction) }),
      log: (level, message, requestId) => log(checkedLevel(level), message, requestId),
      now: () => performance.now(),
      maxStepMs: message.maxStepMs,
    });
    assertInfo(engine.info);
  } catch (thrown) {
    const reason = errorMessage(thrown);
    // The message is the server's to log; what is behind it is known here only.
    const isAll = thrown instanceof Error && thrown.cause === undefined;
    log(isAll ? "debug" : "error", `loading failed: ${describe(thrown)}`);
    // The server ends this process: exiting here could overtake the message.
    send({ kind: "load-failed", message: reason });
    return;
  }
  const broken = (thrown: unknown) => fail("the engine broke", thrown);
  driver = new Driver(engine, { send, turn, now: () => performance.now(), broken });
  giveBackHeap();
  send({ kind: "ready", info: engine.info });
  for (const command of early.splice(0)) driver.receive(command);
}

async function stop(): Promise<void> {
  try {
    await driver?.stop();
  } catch (thrown) {
    fail("closing failed", thrown);
    return;
  }
  process.exit(0);
}

process.on("message", (received) => {
  // Only the server holds the other end.
  for (const message of received as readonly ToWorker[]) receive(message);
});

function receive(message: ToWorker): void {
  if (message.kind === "load") void load(message);
  else if (message.kind === "stop") void stop();
  else if (message.kind === "ping") send({ kind: "pong" });
  else if (driver === undefined) early.push(message);
  else driver.receive(message);
}

// The server is gone: nobody is left to answer, and no native exit handler may delay the end.
process.on("disconnect", () => process.kill(process.pid, "SIGKILL"));

// A terminal or a service manager signals the whole group; the server decides when its workers end.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.on(signal, () => undefined);
}

process.on("uncaughtException", (thrown) => fail("uncaught", thrown));
