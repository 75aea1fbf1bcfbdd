/**
 * One gRPC probe as the kubelet sends it: a new connection each time, one deadline for connecting and
 * answering together, an empty request header but for the user agent, and only OK with SERVING counts.
 */
import { connect, type IncomingHttpHeaders } from "node:http2";
import { HealthCheckRequest, HealthCheckResponse } from "../../gen/grpc/health/v1/health.ts";

export interface ProbeOptions {
  /** A host and a port. */
  readonly address: string;
  readonly service: string;
  readonly timeoutMs: number;
}

export interface Attempt {
  readonly succeeded: boolean;
  /** Why not, for a person; empty where it did. */
  readonly why: string;
  readonly tookMs: number;
}

const serving = 1;

export async function probe({ address, service, timeoutMs }: ProbeOptions): Promise<Attempt> {
  const startedAt = performance.now();
  const session = connect(`http://${address}`);
  try {
    const why = await Promise.race([
      new Promise<string>((resolve) =>
        session.once("error", (error: Error) => resolve(error.message)),
      ),
      // It outlives the answer by itself: an attempt a second leaves a few of them.
      new Promise<string>((resolve) => setTimeout(resolve, timeoutMs, "timed out").unref()),
      ask(session, service, timeoutMs),
    ]);
    return { succeeded: why === "", why, tookMs: performance.now() - startedAt };
  } finally {
    session.on("error", () => undefined);
    session.destroy();
  }
}

/** Gives why the answer is no success; empty where it is one. */
function ask(
  session: ReturnType<typeof connect>,
  service: string,
  timeoutMs: number,
): Promise<string> {
  const message = HealthCheckRequest.encode({ service }).finish();
  const frame = Buffer.alloc(5 + message.length);
  frame.writeUInt32BE(message.length, 1);
  frame.set(message, 5);
  const stream = session.request({
    ":method": "POST",
    ":path": "/grpc.health.v1.Health/Check",
    "content-type": "application/grpc",
    te: "trailers",
    "user-agent": "kube-probe/1.37 grpc-go/1.85.0",
    "grpc-timeout": `${timeoutMs}m`,
  });
  stream.end(frame);
  return new Promise((resolve) => {
    const body: Buffer[] = [];
    let code = "none";
    // An error without an answer comes in the first headers, otherwise in the last.
    const note = (headers: IncomingHttpHeaders): void => {
      const said = headers["grpc-status"];
      if (typeof said === "string") code = said;
    };
    stream.on("response", note).on("trailers", note);
    stream.on("data", (chunk: Buffer) => body.push(chunk));
    stream.on("error", (error: Error) => resolve(error.message));
    stream.on("end", () => {
      if (code !== "0") resolve(`status ${code}`);
      const said = HealthCheckResponse.decode(Buffer.concat(body).subarray(5)).status;
      resolve(said === serving ? "" : `health ${said}`);
    });
  });
}
