/** Certificates in a PEM file: whether the file is complete, and whether they are valid at a time. */
import { X509Certificate } from "node:crypto";

/** Whether each certificate in the file has an end and can be parsed. */
export function isWhole(pem: Buffer): boolean {
  const blocks = blocksOf(pem);
  const begun = pem.toString("latin1").split("-----BEGIN CERTIFICATE").length - 1;
  if (blocks.length === 0 || blocks.length !== begun) return false;
  try {
    return blocks.every((block) => new X509Certificate(block).validTo !== "");
  } catch {
    return false;
  }
}

export interface Certificates {
  readonly cert: Buffer;
  readonly clientCa: Buffer | undefined;
}

/** Says which of two files is not valid now, and since or until when. Undefined if both are. Both must be complete. */
export function untimelyOf({ cert, clientCa }: Certificates, nowMs: number): string | undefined {
  // Further certificates of a chain can be there for old clients only.
  const [own] = blocksOf(cert);
  const problem = own === undefined ? undefined : untimely(own, nowMs);
  if (problem !== undefined) return `--tls-cert ${problem}`;
  const authorities = clientCa === undefined ? [] : blocksOf(clientCa);
  const problems = authorities.map((block) => untimely(block, nowMs));
  // One valid CA is enough to let clients in.
  if (problems.some((each) => each === undefined)) return undefined;
  return problems[0] === undefined ? undefined : `--tls-client-ca ${problems[0]}`;
}

function untimely(block: string, nowMs: number): string | undefined {
  const { validFromDate, validToDate } = new X509Certificate(block);
  if (nowMs < validFromDate.getTime()) return `is not valid before ${validFromDate.toISOString()}`;
  if (nowMs > validToDate.getTime()) return `expired at ${validToDate.toISOString()}`;
  return undefined;
}

function blocksOf(pem: Buffer): readonly string[] {
  const text = pem.toString("latin1");
  return text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
}
