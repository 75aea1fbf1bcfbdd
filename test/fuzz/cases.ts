/** One hostile call, made from a seed and an index alone. */
import type { OutgoingHttpHeaders } from "node:http2";
import { deflateSync, gzipSync } from "node:zlib";
import type { DescMethod } from "@bufbuild/protobuf";
import { frame } from "../grpc/raw.ts";
import { type Admission, admissionOf, credentialOf } from "./credentials.ts";
import { damage } from "./damage.ts";
import { methods, oddMessage } from "./messages.ts";
import { Random } from "./random.ts";
import { canary } from "./values.ts";

export interface Case {
  readonly path: string;
  readonly headers: OutgoingHttpHeaders;
  readonly body: Buffer;
  /** Whether the caller ends its side; else only the call's deadline does. */
  readonly ends: boolean;
  /** The caller cancels at once. */
  readonly cancels: boolean;
  /** The call may end without a gRPC status: what it sends is no gRPC, or no HTTP/2 that Node takes. */
  readonly isBelowGrpc: boolean;
  /** Whether the server that asks for keys lets it in; another server lets everybody in. */
  readonly admission: Admission;
}

export function caseOf(seed: number, index: number): Case {
  const random = new Random(seed, index);
  const method = random.pick(methods);
  const messages = random.chance(0.93) ? 1 : random.below(4);
  const oddHeaders = headersOf(random);
  const encoding = oddHeaders["grpc-encoding"];
  const body = Array.from({ length: messages }, () =>
    framed(messageFor(method, random), String(encoding ?? "identity"), random),
  );
  const ends = random.chance(0.97);
  return {
    path: random.chance(0.97) ? pathOf(method) : random.pick(oddPaths),
    headers: { ...oddHeaders, ...(!ends || isEndless(method) ? { "grpc-timeout": "20m" } : {}) },
    body: Buffer.concat(body),
    ends,
    cancels: random.chance(0.02),
    admission: "any",
    isBelowGrpc: oddHeaders["content-type"] !== undefined || oddHeaders["large"] !== undefined,
  };
}

/** The same call, with what its caller shows for a key. */
export function keyedCaseOf(seed: number, index: number): Case {
  const call = caseOf(seed, index);
  const credential = credentialOf(new Random(~seed, index));
  const headers = { ...call.headers };
  delete headers.authorization;
  delete headers["x-api-key"];
  return {
    ...call,
    headers: { ...headers, ...credential.headers },
    admission: admissionOf(call.path, credential.scopes),
    isBelowGrpc: call.isBelowGrpc || credential.scopes === undefined,
  };
}

function pathOf(method: DescMethod): string {
  return `/${method.parent.typeName}/${method.name}`;
}

/** Watch alone has no end of its own. */
function isEndless(method: DescMethod): boolean {
  return method.name === "Watch";
}

const oddPaths = [
  "/",
  "/a/b",
  "/inferd.v1.GenerationService/",
  "/__proto__/constructor",
  `/${canary}/x`,
  "/\u00ff",
];

function messageFor(method: DescMethod, random: Random): Buffer {
  const bytes = oddMessage(method.input, random);
  return random.chance(0.1) ? damage(bytes, random) : bytes;
}

function framed(message: Buffer, encoding: string, random: Random): Buffer {
  if (random.chance(0.02)) return damage(frame(message), random);
  if (random.chance(0.02))
    return frame(message, { length: random.pick([0, 1, 2 ** 31, 2 ** 32 - 1]) });
  if (random.chance(0.02)) return frame(message, { flag: random.pick([1, 2, 255]) });
  if (encoding === "gzip") return frame(gzipSync(message), { flag: 1 });
  if (encoding === "deflate") return frame(deflateSync(message), { flag: 1 });
  return frame(message);
}

function headersOf(random: Random): OutgoingHttpHeaders {
  const headers: Record<string, string> = {
    authorization: `Bearer ${canary}`,
    "x-api-key": canary,
  };
  const odd: (() => unknown)[] = [
    () => (headers["grpc-encoding"] = random.pick(["gzip", "deflate", "identity", "zstd", canary])),
    () =>
      (headers["grpc-timeout"] = random.pick([
        "0n",
        "1n",
        "1m",
        "99999999H",
        "-1S",
        canary,
        "1S1S",
        " ",
      ])),
    () =>
      (headers["content-type"] = random.pick([
        "application/json",
        "application/grpcx",
        "text/html",
      ])),
    () => (headers["large"] = "x".repeat(random.pick([20_000, 40_000]))),
    () => (headers["odd-bin"] = random.pick(["!!!", "AA", "=", canary])),
    () => (headers[":method"] = random.pick(["GET", "PUT", "OPTIONS"])),
    () => (headers["grpc-status"] = "0"),
  ];
  if (random.chance(0.08)) random.pick(odd)();
  return headers;
}
