import { setTimeout as wait } from "node:timers/promises";
import type { Access } from "../auth/access.ts";
import { workerGraceMs } from "../base/shutdown-budget.ts";
import type { GrpcServer } from "../grpc/server.ts";
import type { Registry } from "../models/registry.ts";
import type { HttpPort } from "../telemetry/http.ts";

interface Parts {
  readonly server: Pick<GrpcServer, "leave" | "drain">;
  readonly models: Pick<Registry, "close">;
  readonly access: Pick<Access, "close">;
  readonly metrics: Pick<HttpPort, "close"> | undefined;
  /** How long running calls get to finish. */
  readonly graceMs: number;
}

/** Ends the parts of a server, once and in order. */
export class Shutdown {
  readonly #parts: Parts;
  readonly #ended: PromiseWithResolvers<void> = Promise.withResolvers();
  #hasBegun = false;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  hasBegun(): boolean {
    return this.#hasBegun;
  }

  /** Settles when all has ended, or when an end has failed. */
  get ended(): Promise<void> {
    return this.#ended.promise;
  }

  /** Safe to call again: the first call decides. */
  begin(lameDuckMs: number): Promise<void> {
    if (!this.#hasBegun) {
      this.#hasBegun = true;
      endInOrder(this.#parts, lameDuckMs).then(this.#ended.resolve, this.#ended.reject);
    }
    return this.#ended.promise;
  }
}

async function endInOrder(parts: Parts, lameDuckMs: number): Promise<void> {
  const { server, models, access, metrics, graceMs } = parts;
  if (lameDuckMs > 0) {
    server.leave();
    await wait(lameDuckMs);
  }
  await server.drain(graceMs);
  await models.close(workerGraceMs);
  await access.close();
  // Last, so that its readers see the others go.
  await metrics?.close();
}
