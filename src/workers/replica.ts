import type { Clock } from "../base/clock.ts";
import type { Log } from "../base/log.ts";
import type { ModelMeter } from "../base/meter.ts";
import type { Job, KvMemory, ModelInfo } from "../engines/engine.ts";
import { Channel } from "./channel.ts";
import type { JobStream } from "./job-stream.ts";
import type { FromWorker, ToWorker, VectorShape } from "./messages.ts";
import type { Exit, Port } from "./port.ts";
import { Pulse } from "./pulse.ts";
import { noHistory, verdict } from "./restart.ts";
import type { Ending, History } from "./restart.ts";
import type { Arbiter, Share } from "./shares.ts";

export type ReplicaState =
  /** Its process loads the model, `fraction` of it done, or waits to be started again. */
  | { readonly kind: "loading"; readonly fraction: number }
  | { readonly kind: "ready"; readonly info: ModelInfo }
  /** Given up. */
  | { readonly kind: "failed"; readonly reason: string }
  | { readonly kind: "stopped" };

export interface ReplicaOptions {
  readonly start: () => Port;
  readonly load: (threads: number) => Extract<ToWorker, { readonly kind: "load" }>;
  /** Threads it can use when no other worker is busy. */
  readonly threads: number;
  readonly arbiter: Arbiter;
  readonly clock: Clock;
  readonly log: Log;
  readonly meter: ModelMeter;
  /** Its state changed. */
  readonly onChange: () => void;
  /** It may have a place for a job. */
  readonly onFree: () => void;
}

/** One life of the process. */
interface Life {
  readonly port: Port;
  readonly channel: Channel;
  readonly share: Share;
  /** The last lines it printed: they say why native code died. */
  readonly lines: string[];
  readyAt: number | undefined;
  /** From when it is ready: how long loading takes without a word is the engine's business. */
  pulse: Pulse | undefined;
  /** As its engine last told it. */
  memory: KvMemory | undefined;
  loadFailure: string | undefined;
}

const keptLines = 8;

/** Keeps one worker process of a model alive: starts it, watches it, starts it again. */
export class Replica {
  readonly #options: ReplicaOptions;
  #state: ReplicaState = { kind: "loading", fraction: 0 };
  #history: History = noHistory;
  #life: Life | undefined;
  #callOff: (() => void) | undefined;
  #exited: () => void = () => undefined;

  constructor(options: ReplicaOptions) {
    this.#options = options;
    this.#start();
  }

  get state(): ReplicaState {
    return this.#state;
  }

  /** Jobs that its worker holds. */
  get jobs(): number {
    return this.#life?.channel.jobs ?? 0;
  }

  /** Jobs that it can hold; zero while it is not ready. */
  get slots(): number {
    return this.#state.kind === "ready" ? this.#state.info.slots : 0;
  }

  /** Its engine's KV memory; undefined where there is none, or nothing is known of it yet. */
  get memory(): KvMemory | undefined {
    return this.#life?.memory;
  }

  /** The worker's process, for the log and for tests. */
  get pid(): number | undefined {
    return this.#life?.port.pid;
  }

  /** Gives its worker a job at once. Call while `jobs` is below `slots`. */
  run(job: Job, shape: VectorShape, signal: AbortSignal): JobStream {
    if (this.#life === undefined) throw new Error("bug: a job for a worker that does not run");
    return this.#life.channel.run(job, shape, signal);
  }

  /** Ends the process: asks it, and kills it where it has not ended within the grace. */
  async stop(graceMs: number): Promise<void> {
    this.#callOff?.();
    this.#set({ kind: "stopped" });
    const life = this.#life;
    if (life === undefined) return;
    const exited = new Promise<void>((resolve) => (this.#exited = resolve));
    life.port.send({ kind: "stop" });
    const callOff = this.#options.clock.after(graceMs, () => {
      this.#options.log.warn({}, "worker did not stop in time; killed");
      life.port.kill();
    });
    await exited;
    callOff();
  }

  #start(): void {
    const { arbiter, clock } = this.#options;
    const port = this.#options.start();
    const share = arbiter.join(this.#options.threads, (threads) =>
      port.send({ kind: "threads", threads }),
    );
    const channel = new Channel({
      port,
      now: clock.now,
      meter: this.#options.meter,
      onBusy: (isBusy) => share.setBusy(isBusy),
      onFree: this.#options.onFree,
    });
    const life: Life = {
      port,
      channel,
      share,
      lines: [],
      readyAt: undefined,
      pulse: undefined,
      memory: undefined,
      loadFailure: undefined,
    };
    this.#life = life;
    port.onMessage((message) => this.#receive(life, message));
    port.onExit((exit) => this.#end(life, exit));
    port.onLine((line) => {
      life.lines.push(line);
      if (life.lines.length > keptLines) life.lines.shift();
      this.#options.log.debug({ line }, "worker printed");
    });
    port.send(this.#options.load(share.threads));
    this.#options.log.debug({ workerPid: port.pid }, "worker started");
  }

  #receive(life: Life, message: FromWorker): void {
    life.pulse?.heard();
    switch (message.kind) {
      case "step":
        life.channel.receive(message.events);
        if (message.batch !== undefined) this.#options.meter.stepped(message.batch);
        life.memory = message.memory;
        return;
      case "freed":
        life.channel.freed(message.ids);
        life.memory = message.memory;
        return;
      case "progress":
        if (this.#state.kind === "loading") {
          this.#set({ kind: "loading", fraction: message.fraction });
        }
        return;
      case "ready":
        this.#ready(life, message.info);
        return;
      case "load-failed":
        life.loadFailure = message.message;
        life.port.kill();
        return;
      case "pong":
        return;
      case "log":
        this.#options.log[message.level]({ workerPid: life.port.pid }, message.message);
    }
  }

  #ready(life: Life, info: ModelInfo): void {
    // It was told to stop meanwhile, or has died with this message on the way.
    if (this.#state.kind !== "loading" || this.#life !== life) return;
    const { clock } = this.#options;
    life.readyAt = clock.now();
    life.pulse = new Pulse({
      clock,
      ask: () => life.port.send({ kind: "ping" }),
      lost: () => {
        this.#options.log.error({ workerPid: life.port.pid }, "worker hangs; killed");
        life.port.kill();
      },
    });
    this.#options.log.debug({ workerPid: life.port.pid }, "worker ready");
    this.#set({ kind: "ready", info });
    this.#options.onFree();
  }

  #end(life: Life, exit: Exit): void {
    const { clock, log } = this.#options;
    this.#life = undefined;
    life.share.leave();
    life.pulse?.stop();
    if (this.#state.kind === "stopped") {
      life.channel.close();
      this.#exited();
      return;
    }
    const ending = endingOf(life, clock.now());
    const decided = verdict(ending, this.#history);
    const fields = { workerPid: life.port.pid, ...exit, printed: life.lines };
    if (decided.kind === "give-up") {
      const reason = life.loadFailure ?? describeExit(exit);
      log.error({ ...fields, reason }, "worker could not load the model; given up");
      this.#set({ kind: "failed", reason });
    } else {
      log.warn({ ...fields, waitMs: decided.waitMs }, "worker exited; starting another");
      this.#options.meter.restarted();
      this.#history = decided.history;
      this.#set({ kind: "loading", fraction: 0 });
      this.#callOff = clock.after(decided.waitMs, () => this.#start());
    }
    // Last: whoever retries must not find this worker ready.
    life.channel.close();
  }

  #set(state: ReplicaState): void {
    this.#state = state;
    this.#options.onChange();
  }
}

function endingOf(life: Life, now: number): Ending {
  if (life.loadFailure !== undefined) return { kind: "load-failed" };
  if (life.readyAt === undefined) return { kind: "crashed-loading" };
  return { kind: "crashed", upMs: now - life.readyAt };
}

function describeExit({ code, signal }: Exit): string {
  const how = signal ?? (code === null ? "it could not be started" : `exit code ${code}`);
  return `its worker ended while loading the model (${how})`;
}
