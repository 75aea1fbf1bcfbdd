/**
 * The thread that compiles grammars first: it finds what is refused, and how long the rest takes. It has a low priority,
 * so that generation goes on at nearly the same speed.
 */
import { platform, setPriority } from "node:os";
import process from "node:process";
import { parentPort, workerData } from "node:worker_threads";
import { MatcherError } from "./matcher.ts";
import type { CompileRequest, CompileResult, ThreadData, ThreadReady } from "./thread-messages.ts";
import { readVocabulary, Vocabulary } from "./vocabulary.ts";

/** On Linux, a priority is a thread's, and 0 means the calling one. Elsewhere it would be the process's. */
const lowPriority = 10;
/** What compiling has taken of memory is given back by a new instance. */
const mostGrowth = 128 * 2 ** 20;

const port = parentPort;
if (port === null) throw new Error("bug: the compile thread is no thread");
if (platform() === "linux") setPriority(0, lowPriority);
const data = workerData as ThreadData;
const snapshot = data.snapshot ?? readVocabulary(data.tokens);
let vocabulary = new Vocabulary(snapshot, data.tokens);
const ready: ThreadReady = { snapshot };
port.postMessage(ready);
port.on("message", (request: CompileRequest) => port.postMessage(compile(request)));

function compile(request: CompileRequest): CompileResult {
  const since = processorMs();
  const refusal = refusalOf(request);
  const ms = processorMs() - since;
  if (vocabulary.isBroken || vocabulary.bytes > snapshot.memory.byteLength + mostGrowth) {
    vocabulary = new Vocabulary(snapshot, data.tokens);
  }
  return { refusal, ms };
}

/** The first mask is computed too: it is the one that takes longest. */
function refusalOf(request: CompileRequest): string | undefined {
  try {
    const compiled = vocabulary.compile(request);
    const matcher = compiled.clone();
    matcher.mask();
    matcher.free();
    compiled.free();
    return undefined;
  } catch (thrown) {
    if (thrown instanceof MatcherError) return thrown.message;
    throw thrown;
  }
}

/** This thread's alone, where Node tells it. */
function processorMs(): number {
  if (!("threadCpuUsage" in process)) return performance.now();
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}
