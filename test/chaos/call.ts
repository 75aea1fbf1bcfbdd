/** Makes a call as it is planned, and writes down what its caller saw. */
import { type Client, Metadata, type ServiceError, status, type StatusObject } from "@grpc/grpc-js";
import { detailsOf } from "../grpc/support.ts";
import { type Answer, methods, tokensIn } from "./answers.ts";
import type { CallPlan } from "./schedule.ts";

/** One call. Times are by the run's clock. */
export interface Seen {
  readonly fromMs: number;
  /** When its first response came; Infinity where none did. */
  firstMs: number;
  untilMs: number;
  /** How often it ended: once, if all is well. */
  ends: number;
  /** A gRPC code's name; empty until it ends. */
  code: string;
  /** Why, by the server's word; undefined where the client ended it, or it went well. */
  reason: string | undefined;
  /** When to come again, by the server's word. */
  retryMs: number | undefined;
  responses: number;
  /** Whose ids have come, in a stream of text. */
  tokens: number;
  answer: Answer;
}

export interface Caller {
  readonly client: Client;
  readonly apiKey: string;
  readonly now: () => number;
}

const same = (bytes: Uint8Array): Buffer => Buffer.from(bytes);

/** Begins a call. The promise settles once it has ended; a second end would still be counted in `seen`. */
export function begin(
  plan: CallPlan,
  { client, apiKey, now }: Caller,
): { readonly seen: Seen; readonly ended: Promise<void> } {
  const method = methods[plan.method];
  const { path, responseStream: isStream } = method;
  const { manner } = plan;
  const seen = unseen(now());
  const over = Promise.withResolvers<undefined>();
  const responses: Buffer[] = [];
  const end = ({ code, metadata }: Pick<StatusObject, "code" | "metadata">): void => {
    seen.ends += 1;
    if (seen.ends > 1) return;
    const details = detailsOf({ metadata });
    seen.untilMs = now();
    seen.code = status[code];
    seen.reason = details?.reason;
    seen.retryMs = details?.retryMs;
    seen.responses = responses.length;
    if (plan.method === "generateStream") seen.tokens = tokensIn(responses);
    if (code !== status.OK) over.resolve(undefined);
  };
  const answered = (): void => {
    if (seen.code !== "OK") return;
    seen.answer = method.read(responses, plan);
    over.resolve(undefined);
  };
  const metadata = new Metadata();
  metadata.set("x-api-key", apiKey);
  const options = manner.kind === "gives-up" ? { deadline: Date.now() + manner.deadlineMs } : {};
  const bytes = method.write(plan);
  if (isStream) {
    const call = client.makeServerStreamRequest(path, same, same, bytes, metadata, options);
    call.on("data", (response: Buffer) => {
      if (responses.push(response) === 1) seen.firstMs = now();
    });
    // Its status is told whether it is an error or not, and before the end of what there is to read.
    call
      .on("error", () => undefined)
      .on("status", end)
      .on("end", answered);
    if (manner.kind === "cancels") setTimeout(() => call.cancel(), manner.afterMs);
    if (manner.kind === "stalls") {
      call.pause();
      call.once("metadata", () => setTimeout(() => call.resume(), manner.forMs));
    }
  } else {
    const done = (error: ServiceError | null, response?: Buffer): void => {
      if (response !== undefined) responses.push(response);
      end(error ?? { code: status.OK, metadata: new Metadata() });
      answered();
    };
    const call = client.makeUnaryRequest(path, same, same, bytes, metadata, options, done);
    if (manner.kind === "cancels") setTimeout(() => call.cancel(), manner.afterMs);
  }
  return { seen, ended: over.promise };
}

function unseen(fromMs: number): Seen {
  return {
    ...{ fromMs, firstMs: Infinity, untilMs: Infinity, ends: 0 },
    ...{ code: "", responses: 0, tokens: 0 },
    ...{ reason: undefined, retryMs: undefined, answer: {} },
  };
}
