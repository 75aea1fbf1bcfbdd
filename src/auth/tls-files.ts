/**
 * The server's certificate, its key and the clients' CA, read from files and followed while the server runs.
 *
 * A change applies once two reads in a row agree and all files are consistent. So a half-written file, or a certificate
 * whose key is still to come, leaves the old files in use. Files are polled, not watched: Kubernetes changes a link two
 * folders up, which a watch does not notice.
 */
import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { createSecureContext } from "node:tls";
import type { Clock } from "../base/clock.ts";
import type { Log } from "../base/log.ts";
import { isWhole, untimelyOf } from "./pem.ts";

interface TlsFilePaths {
  readonly cert: string;
  readonly key: string;
  readonly clientCa: string | undefined;
}

export interface TlsFiles {
  readonly cert: Buffer;
  readonly key: Buffer;
  readonly clientCa: Buffer | undefined;
}

export interface TlsFilesOptions {
  readonly files: TlsFilePaths;
  readonly clock: Clock;
  /** The wall clock. */
  readonly wallMs: () => number;
  readonly log: Log;
}

export const readEveryMs = 1000;

export class FollowedTlsFiles {
  readonly #options: TlsFilesOptions;
  readonly #listeners = new Set<(pair: TlsFiles) => void>();
  #current: TlsFiles;
  #last: TlsFiles;
  #stop = (): void => undefined;
  #complaint = "";
  #untimely = "";

  /** Throws an error of one line if the files are not consistent. */
  constructor(options: TlsFilesOptions) {
    this.#options = options;
    this.#current = this.#last = read(options.files);
    const problem = problemOf(this.#current);
    if (problem !== undefined) throw new Error(problem);
    this.#tellValidity();
    this.#askLater();
  }

  get current(): TlsFiles {
    return this.#current;
  }

  /** Called at each change. The result unsubscribes. */
  onChange(listener: (pair: TlsFiles) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Reads the files now. */
  refresh(): void {
    const { files, log } = this.#options;
    const pair = tryRead(files);
    if (pair === undefined) {
      this.#complain("a file cannot be read");
      return;
    }
    const isSteady = isSame(pair, this.#last);
    this.#last = pair;
    if (!isSteady) return;
    if (isSame(pair, this.#current)) {
      this.#complaint = "";
      this.#tellValidity();
      return;
    }
    const problem = problemOf(pair) ?? this.#worseNow(pair);
    if (problem !== undefined) {
      this.#complain(problem);
      return;
    }
    this.#complaint = "";
    this.#current = pair;
    for (const listener of this.#listeners) listener(pair);
    const { validTo, fingerprint256 } = new X509Certificate(pair.cert);
    log.info({ audit: true, validTo, fingerprint: fingerprint256 }, "certificate changed");
    this.#tellValidity();
  }

  close(): void {
    this.#stop();
  }

  /** What is wrong with the files at this time. Undefined if those in use are no better. */
  #worseNow(pair: TlsFiles): string | undefined {
    const nowMs = this.#options.wallMs();
    const isGood = untimelyOf(this.#current, nowMs) === undefined;
    return isGood ? untimelyOf(pair, nowMs) : undefined;
  }

  /** Logs once that clients will reject the certificate in use. */
  #tellValidity(): void {
    const problem = untimelyOf(this.#current, this.#options.wallMs()) ?? "";
    if (problem === this.#untimely) return;
    this.#untimely = problem;
    if (problem !== "")
      this.#options.log.warn({ problem }, "the certificate in force is not valid");
  }

  /** Once for each problem, not once a second. */
  #complain(problem: string): void {
    if (problem === this.#complaint) return;
    this.#complaint = problem;
    this.#options.log.warn({ problem }, "the new certificate is not taken; the old one stays");
  }

  #askLater(): void {
    this.#stop = this.#options.clock.after(readEveryMs, () => {
      this.refresh();
      this.#askLater();
    });
  }
}

function read({ cert, key, clientCa }: TlsFilePaths): TlsFiles {
  return {
    cert: readOne(cert, "--tls-cert"),
    key: readOne(key, "--tls-key"),
    clientCa: clientCa === undefined ? undefined : readOne(clientCa, "--tls-client-ca"),
  };
}

function readOne(path: string, flag: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "unknown";
    throw new Error(`${flag} cannot be read (${code})`, { cause: error });
  }
}

function tryRead(files: TlsFilePaths): TlsFiles | undefined {
  try {
    return read(files);
  } catch {
    return undefined;
  }
}

/** Says what is wrong with the files. Undefined if a server can use them. */
function problemOf({ cert, key, clientCa }: TlsFiles): string | undefined {
  try {
    createSecureContext({ cert, key });
  } catch {
    return "--tls-cert and --tls-key are not a certificate and its key";
  }
  // OpenSSL accepts a chain that is cut between two certificates, and a CA file without any.
  if (!isWhole(cert)) return "--tls-cert is not a whole chain of certificates";
  if (clientCa !== undefined && !isWhole(clientCa)) return "--tls-client-ca holds no certificates";
  return undefined;
}

function isSame(a: TlsFiles, b: TlsFiles): boolean {
  const ca = (pair: TlsFiles): Buffer => pair.clientCa ?? Buffer.alloc(0);
  return a.cert.equals(b.cert) && a.key.equals(b.key) && ca(a).equals(ca(b));
}
