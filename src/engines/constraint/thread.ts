/** The compiler's end of its thread: one grammar at a time, and no longer than it may take. */
import { Worker } from "node:worker_threads";
import { tooCostly } from "./refusal.ts";
import type { CompileRequest, CompileResult, ThreadData, ThreadReady } from "./thread-messages.ts";
import type { TokenBytes } from "./token-bytes.ts";
import type { VocabularySnapshot } from "./vocabulary.ts";

/** By the clock: the thread has a low priority, and waits for the processor. */
const mostCompileMs = 10_000;
/** Reading a large vocabulary takes seconds. */
const mostStartMs = 300_000;
/** A thread that is idle for this long gives its memory back. */
const idleMs = 60_000;

export type Compiled = CompileResult & { readonly snapshot: VocabularySnapshot };

export class CompileThread {
  readonly #tokens: TokenBytes;
  #snapshot: VocabularySnapshot | undefined;
  #worker: Worker | undefined;
  #last: Promise<unknown> = Promise.resolve();
  #idle: NodeJS.Timeout | undefined;

  constructor(tokens: TokenBytes) {
    this.#tokens = tokens;
  }

  compile(request: CompileRequest): Promise<Compiled> {
    const next = this.#last.then(() => this.#compile(request));
    this.#last = next.catch(() => undefined);
    return next;
  }

  end(): void {
    clearTimeout(this.#idle);
    void this.#worker?.terminate();
    this.#worker = undefined;
  }

  async #compile(request: CompileRequest): Promise<Compiled> {
    clearTimeout(this.#idle);
    const [worker, snapshot] = await this.#start();
    worker.ref();
    worker.postMessage(request);
    const result = await answerOf<CompileResult>(worker, mostCompileMs);
    worker.unref();
    if (result === undefined) this.end();
    else this.#idle = setTimeout(() => this.end(), idleMs).unref();
    return { ...(result ?? { refusal: tooCostly, ms: mostCompileMs }), snapshot };
  }

  async #start(): Promise<readonly [Worker, VocabularySnapshot]> {
    if (this.#worker !== undefined && this.#snapshot !== undefined) {
      return [this.#worker, this.#snapshot];
    }
    const workerData: ThreadData = { tokens: this.#tokens, snapshot: this.#snapshot };
    const worker = new Worker(new URL("./compile-thread.ts", import.meta.url), { workerData });
    // If no grammar waits, the next one starts another thread.
    worker.on("error", () => this.#forget(worker));
    worker.on("exit", () => this.#forget(worker));
    this.#worker = worker;
    const ready = await answerOf<ThreadReady>(worker, mostStartMs);
    if (ready === undefined) throw new Error("the thread that compiles constraints does not start");
    this.#snapshot = ready.snapshot;
    return [worker, ready.snapshot];
  }

  #forget(worker: Worker): void {
    if (this.#worker === worker) this.#worker = undefined;
  }
}

/** The next message; undefined where none comes in time. Rejects where the thread ends. */
function answerOf<T>(worker: Worker, withinMs: number): Promise<T | undefined> {
  const { promise, resolve, reject } = Promise.withResolvers<T | undefined>();
  const ended = (): void => reject(new Error("the thread that compiles constraints has ended"));
  const timer = setTimeout(() => resolve(undefined), withinMs);
  worker.once("message", resolve);
  worker.once("error", reject);
  worker.once("exit", ended);
  return promise.finally(() => {
    clearTimeout(timer);
    worker.off("message", resolve);
    worker.off("error", reject);
    worker.off("exit", ended);
  });
}
