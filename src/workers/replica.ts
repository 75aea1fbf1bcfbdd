import type { Clock } from "../base/clock.ts";
import type { Log } from "../base/log.ts";
import type { ModelMeter } from "../base/meter.ts";
import type { Job, KvMemory, ModelInfo } from "../engines/engine.ts";
import { Channel } from "./channel.ts";
import { describeEnding, endingOf, howEnded } from "./ending.ts";
import type { Ended } from "./ending.ts";
import type { Held } from "./channel.ts";
import type { JobStream } from "./job-stream.ts";
import { LastWords } from "./last-words.ts";
import type { FromWorker, ToWorker, VectorShape } from "./messages.ts";
import type { Exit, Port } from "./port.ts";
import { Pulse } from "./pulse.ts";
import { noHistory, verdict } from "./restart.ts";
import type { History, Verdict } from "./restart.ts";
import type { Arbiter, Share } from "./shares.ts";

export type ReplicaState =
  /** Its process loads the model, `fraction` of it done, or waits to be started again. */
  | { readonly kind: "loading"; readonly fraction: number; readonly backAt: number | undefined }
  | { readonly kind: "ready"; readonly info: ModelInfo }
  /** It rests until it gets another try; where `backAt` is undefined, it was given up. */
  | { readonly kind: "failed"; readonly reason: string; readonly backAt: number | undefined }
  | { readonly kind: "stopped" };

/** How long a worker may be silent before it is taken to hang. */
export interface Patience {
  /** One step. */
  readonly stepMs: number;
  /** Loading, since it last got further. */
  readonly loadMs: number;
}

export interface ReplicaOptions {
  readonly start: () => Port;
  readonly load: (threads: number) => Extract<ToWorker, { readonly kind: "load" }>;
  /** Threads it can use when no other worker is busy. */
  readonly threads: number;
  readonly patience: Patience;
  readonly arbiter: Arbiter;
  readonly clock: Clock;
  readonly log: Log;
  readonly meter: ModelMeter;
  /** Its state changed. */
  readonly onChange: () => void;
  /** It may have a place for a job. */
  readonly onFree: () => void;
  /** Its worker died in service with these jobs, which have not been failed yet. */
  readonly onDeath: (held: readonly Held[]) => void;
}

/** One life of the process. */
interface Life {
  readonly port: Port;
  readonly channel: Channel;
  readonly share: Share;
  readonly words: LastWords;
  readonly startedAt: number;
  readyAt: number | undefined;
  /** How much of the model is loaded. */
  fraction: number;
  /** Watches its loading, then its steps. */
  pulse: Pulse | undefined;
  /** As its engine last told it. */
  memory: KvMemory | undefined;
  loadFailure: string | undefined;
  killedFor: string | undefined;
}

/** Keeps one worker process of a model alive: starts it, watches it, starts it again. */
export class Replica {
  readonly #options: ReplicaOptions;
  #state: ReplicaState = { kind: "loading", fraction: 0, backAt: undefined };
  #history: History = noHistory;
  /** How long it took to load last: what a restart will take. */
  #loadMs: number | undefined;
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
      words: new LastWords(),
      startedAt: clock.now(),
      readyAt: undefined,
      fraction: 0,
      pulse: undefined,
      memory: undefined,
      loadFailure: undefined,
      killedFor: undefined,
    };
    this.#life = life;
    this.#watch(life, this.#options.patience.loadMs, "loading got no further");
    port.onMessage((message) => this.#receive(life, message));
    port.onExit((exit) => this.#end(life, exit));
    port.onLine((line) => {
      life.words.note(line);
      this.#options.log.debug({ line }, "worker printed");
    });
    port.send(this.#options.load(share.threads));
    this.#options.log.debug({ workerPid: port.pid }, "worker started");
  }

  #receive(life: Life, message: FromWorker): void {
    // While it loads, its process may answer although loading does not get on.
    if (life.readyAt !== undefined) life.pulse?.heard();
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
        this.#progress(life, message.fraction);
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

  #progress(life: Life, fraction: number): void {
    if (this.#state.kind !== "loading" || this.#life !== life) return;
    if (fraction > life.fraction) life.pulse?.heard();
    life.fraction = Math.max(life.fraction, fraction);
    this.#set({ ...this.#state, fraction });
  }

  #ready(life: Life, info: ModelInfo): void {
    // It was told to stop meanwhile, or has died with this message on the way.
    if (this.#state.kind !== "loading" || this.#life !== life) return;
    const { clock, patience } = this.#options;
    life.readyAt = clock.now();
    this.#loadMs = life.readyAt - life.startedAt;
    this.#watch(life, patience.stepMs, "a step did not end");
    this.#options.log.debug({ workerPid: life.port.pid }, "worker ready");
    this.#set({ kind: "ready", info });
    this.#options.onFree();
  }

  /** Kills the process where it is silent for too long. */
  #watch(life: Life, silenceMs: number, why: string): void {
    life.pulse?.stop();
    life.pulse = new Pulse({
      clock: this.#options.clock,
      silenceMs,
      ask: () => life.port.send({ kind: "ping" }),
      lost: () => {
        this.#options.log.error(
          { workerPid: life.port.pid, why, silenceMs },
          "worker hangs; killed",
        );
        life.killedFor = why;
        life.port.kill();
      },
    });
  }

  #end(life: Life, exit: Exit): void {
    this.#life = undefined;
    life.share.leave();
    life.pulse?.stop();
    if (this.#state.kind === "stopped") {
      life.channel.close();
      this.#exited();
      return;
    }
    if (life.channel.held.length > 0) this.#options.onDeath(life.channel.held);
    const ended = { ...life, exit, lines: life.words.lines };
    this.#decide(ended, verdict(endingOf(ended, this.#options.clock.now()), this.#history));
    // Last: whoever retries must not find this worker ready.
    life.channel.close();
  }

  #decide(ended: Life & Ended, decided: Verdict): void {
    const { clock, log } = this.#options;
    const reason = describeEnding(ended);
    const fields = { workerPid: ended.port.pid, ...ended.exit, printed: ended.lines };
    if (decided.kind === "give-up") {
      log.error({ ...fields, reason }, "worker could not load the model; given up");
      this.#set({ kind: "failed", reason, backAt: undefined });
      return;
    }
    const { waitMs, history } = decided;
    this.#history = history;
    this.#options.meter.restarted();
    const backAt = clock.now() + waitMs + (this.#loadMs ?? 0);
    if (decided.kind === "rest") {
      log.error({ ...fields, reason, waitMs }, "worker keeps ending; it rests before the next try");
      this.#set({ kind: "failed", reason, backAt });
    } else {
      log.warn({ ...fields, how: howEnded(ended), waitMs }, "worker exited; starting another");
      this.#set(this.#restarting(waitMs));
    }
    this.#callOff = clock.after(waitMs, () => {
      this.#set(this.#restarting(0));
      this.#start();
    });
  }

  #restarting(waitMs: number): ReplicaState {
    const { clock } = this.#options;
    const backAt = this.#loadMs === undefined ? undefined : clock.now() + waitMs + this.#loadMs;
    return { kind: "loading", fraction: 0, backAt };
  }

  #set(state: ReplicaState): void {
    this.#state = state;
    this.#options.onChange();
  }
}
