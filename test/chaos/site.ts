/** The server that chaos comes over: its files, its callers' keys, and what its operator does to it. */
import { appendFileSync, copyFileSync, cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client, credentials } from "@grpc/grpc-js";
import { children, title } from "../../bench/lib/process.ts";
import { command } from "../command.ts";
import { authority } from "../fixtures/certificates.ts";
import { type RealServer, startServer } from "../real-server.ts";
import { transient, type Key, type Model, stallMs } from "./schedule.ts";

/** What `steady` may use in a day: more than it does in half an hour, and no more than a call may ask for. */
export const tokensPerDay = 1_000_000;
/** Calls at a time that others may have where the configuration is tight: fewer than a burst has. */
export const tightCalls = 12;
export const looseCalls = 1000;

/** What the server says once it has read its configuration again. */
export const reloaded = "configuration read again";

interface Config {
  /** Of each caller without a quota of its own, at a time. */
  readonly concurrentCalls: number;
  readonly hasTransient: boolean;
}

const transientFile = `${transient}.gguf`;
const ca = authority("chaos CA");
const scopes = ["generate", "embed", "models.read"].flatMap((scope) => ["--scope", scope]);
const nobody = `key_0.${"0".repeat(43)}`;

export class Site {
  readonly server: RealServer;
  readonly #folder: string;
  readonly #keys: Record<Key, string>;
  readonly #clients: Client[] = [];
  #config: Config = { concurrentCalls: looseCalls, hasTransient: false };
  #reloads: Promise<unknown> = Promise.resolve();
  #reloadCount = 0;

  private constructor(server: RealServer, folder: string, keys: Record<Key, string>) {
    this.server = server;
    this.#folder = folder;
    this.#keys = keys;
  }

  /** Starts a server of the shipped models, on TLS and with keys. */
  static async open(): Promise<Site> {
    const folder = mkdtempSync(join(tmpdir(), "inferd-chaos-"));
    writeCertificate(folder);
    copyFileSync("models/inferd-demo/model.gguf", join(folder, transientFile));
    copyModels(folder);
    writeConfig(folder, { concurrentCalls: looseCalls, hasTransient: false });
    const quotas = ["--tokens-per-day", String(tokensPerDay), "--concurrent-calls", "1000000"];
    const steady = await createKey(folder, "steady", quotas);
    const [hasty, visitor] = [await createKey(folder, "hasty"), await createKey(folder, "visitor")];
    const server = await startServer(`bin/inferd serve --config ${join(folder, "inferd.yaml")}`);
    return new Site(server, folder, { steady, hasty, visitor, former: nobody });
  }

  key(name: Key): string {
    return this.#keys[name];
  }

  /** A client on the newest connection. */
  get client(): Client {
    return this.#clients.at(-1) ?? this.#connect();
  }

  /** Kills the process that runs a model; false where there is none at this moment. */
  kill(model: Model): boolean {
    const worker = children(this.server.pid).find((pid) => title(pid).includes(model));
    return worker !== undefined && process.kill(worker, "SIGKILL");
  }

  /** How often the server was told to read its configuration. */
  get reloadCount(): number {
    return this.#reloadCount;
  }

  /** Changes the configuration, once earlier changes are heard of, and waits until this one is. */
  reload(change: Partial<Config>): Promise<unknown> {
    const next = this.#reloads.then(async () => {
      this.#config = { ...this.#config, ...change };
      writeConfig(this.#folder, this.#config);
      this.#reloadCount += 1;
      process.kill(this.server.pid, "SIGHUP");
      await this.server.said(reloaded, this.#reloadCount);
    });
    this.#reloads = next;
    return next;
  }

  /** Makes the visitor a new key, and ends the old one. */
  async renewKey(): Promise<void> {
    const former = this.#keys.visitor;
    this.#keys.visitor = await createKey(this.#folder, "visitor");
    this.#keys.former = former;
    await keys(this.#folder, ["revoke", former.split(".")[0] ?? ""]);
  }

  /** Puts another certificate in the old one's place, and has the next calls connect anew. */
  renewCertificate(): void {
    writeCertificate(this.#folder);
    this.#connect();
  }

  /** Closes all connections; the next call opens new ones. */
  hangUp(): void {
    for (const client of this.#clients.splice(0)) client.close();
  }

  async close(): Promise<void> {
    this.hangUp();
    await this.server.stop();
    rmSync(this.#folder, { recursive: true });
  }

  #connect(): Client {
    const [, port] = this.server.address.split(":");
    const trust = credentials.createSsl(Buffer.from(ca.cert));
    const client = new Client(`localhost:${port}`, trust, { "grpc.use_local_subchannel_pool": 1 });
    this.#clients.push(client);
    return client;
  }
}

function writeCertificate(folder: string): void {
  const { cert, key } = ca.issue({ name: "localhost", dns: ["localhost"] });
  writeFileSync(join(folder, "cert.pem"), cert);
  writeFileSync(join(folder, "key.pem"), key);
}

/** The shipped models; the one that remembers prompts has little room for it, which is full before half of a run. */
function copyModels(folder: string): void {
  cpSync("models", join(folder, "models"), { recursive: true });
  const manifest = join(folder, "models", "inferd-demo", "model.yaml");
  appendFileSync(manifest, "options: { prefix_memory_mib: 16 }\n");
}

function writeConfig(folder: string, { concurrentCalls, hasTransient }: Config): void {
  const settings = {
    models: "models",
    ...(hasTransient && { model: transientFile }),
    keys: "keys.db",
    tls_cert: "cert.pem",
    tls_key: "key.pem",
    metrics_port: 0,
    // A thread for each model: more wait for each other where others use the machine, too.
    cores: 1,
    max_queued_jobs: 16,
    stall_ms: stallMs,
    quota_concurrent_calls: concurrentCalls,
  };
  const lines = Object.entries(settings).map(([key, value]) => `${key}: ${value}\n`);
  writeFileSync(join(folder, "inferd.yaml"), lines.join(""));
}

function keys(folder: string, parameters: readonly string[]): Promise<string> {
  return command("bin/inferd", ["keys", ...parameters, "--keys", join(folder, "keys.db")]);
}

async function createKey(
  folder: string,
  name: string,
  quotas: readonly string[] = [],
): Promise<string> {
  return (await keys(folder, ["create", "--name", name, ...scopes, ...quotas])).trim();
}
