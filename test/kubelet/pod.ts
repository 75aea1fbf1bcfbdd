import { type Attempt, probe } from "./probe.ts";
import { deleted, isSent, type Kind, newProbe, probed, type ProbeState } from "./worker.ts";

export interface PodOptions {
  readonly address: string;
  readonly timeoutMs: number;
  readonly failureThreshold: number;
}

/** A pod with the three probes of docs/kubernetes.md. Each round sends every probe that is due. */
export class KubeletPod {
  readonly #options: PodOptions;
  readonly #probes = new Map<Kind, ProbeState>();
  readonly #attempts: (Attempt & { readonly kind: Kind })[] = [];
  #isDeleted = false;

  constructor(options: PodOptions) {
    this.#options = options;
    const { failureThreshold } = options;
    for (const kind of ["startup", "liveness", "readiness"] as const) {
      this.#probes.set(kind, newProbe({ kind, failureThreshold, successThreshold: 1 }));
    }
  }

  get hasStarted(): boolean {
    return this.#probes.get("startup")?.verdict === "success";
  }

  /** In the pod's endpoints: by readiness, and not after its deletion. */
  get isReady(): boolean {
    return !this.#isDeleted && this.#probes.get("readiness")?.verdict === "success";
  }

  /** Readiness alone, which kube-proxy goes by where no ready pod is left. */
  get isServing(): boolean {
    return this.#probes.get("readiness")?.verdict === "success";
  }

  /** The container would be restarted. */
  get isKilled(): boolean {
    return [...this.#probes.values()].some(({ onHold }) => onHold);
  }

  get attempts(): readonly (Attempt & { readonly kind: Kind })[] {
    return this.#attempts;
  }

  delete(): void {
    this.#isDeleted = true;
    for (const [kind, state] of this.#probes) this.#probes.set(kind, deleted(state));
  }

  async round(): Promise<void> {
    const pod = { hasStarted: this.hasStarted, isDeleted: this.#isDeleted };
    const due = [...this.#probes].filter(([, state]) => isSent(state, pod));
    const { address, timeoutMs } = this.#options;
    await Promise.all(
      due.map(async ([kind, state]) => {
        const attempt = await probe({ address, service: kind, timeoutMs });
        this.#attempts.push({ ...attempt, kind });
        this.#probes.set(kind, probed(state, attempt.succeeded));
      }),
    );
  }
}
