/** inferd as one peer among others, in its defaults. */
import { connect, type IncomingHttpHeaders } from "node:http2";
import { Metadata } from "@grpc/grpc-js";
import { GenerateRequest } from "../../gen/inferd/v1/generation_service.ts";
import { GenerationServiceService } from "../../gen/inferd/v1/generation_service.ts";
import { errorDetails } from "../../src/cli/error-details.ts";
import { total } from "../lib/metrics.ts";
import { freePort } from "../lib/port.ts";
import { withServer } from "../lib/server.ts";
import { messageOf, openInferd } from "../load/inferd.ts";
import type { Silent } from "./http-stream.ts";
import type { Peer } from "./peer.ts";

export interface InferdPeerOptions {
  readonly flags: readonly string[];
  readonly model: string;
  readonly temperature: number;
  /** Of its calls; none where it is undefined. */
  readonly deadlineMs?: number;
}

export async function withInferd<T>(
  { flags, model, temperature, deadlineMs }: InferdPeerOptions,
  run: (peer: Peer) => Promise<T>,
): Promise<T> {
  const port = await freePort();
  const all = [...flags, "--metrics-port", String(port)];
  return withServer({ flags: all }, async ({ address, front }) => {
    const deadline = deadlineMs === undefined ? {} : { deadlineMs };
    const target = openInferd({ address, model, temperature, connections: 1, ...deadline });
    try {
      return await run({
        stream: target.stream,
        pid: front,
        // A step gives every sequence in it one token.
        generated: () => total(port, "inferd_step_jobs_sum"),
        isIdle: async () =>
          (await total(port, "inferd_jobs_running")) +
            (await total(port, "inferd_jobs_waiting")) ===
          0,
        silent: (call) => silentOverHttp2(address, messageOf(call, { model, temperature })),
      });
    } finally {
      target.close();
    }
  });
}

/** Gives the server no room to write more than a byte. */
function silentOverHttp2(address: string, request: GenerateRequest): Silent {
  const session = connect(`http://${address}`, { settings: { initialWindowSize: 1 } });
  session.on("error", () => undefined);
  const call = session.request({
    ":method": "POST",
    ":path": GenerationServiceService.generateStream.path,
    "content-type": "application/grpc",
    te: "trailers",
  });
  call.on("error", () => undefined);
  const message = Buffer.from(GenerateRequest.encode(request).finish());
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(message.length, 1);
  call.end(Buffer.concat([prefix, message]));
  call.pause();
  const trailers = new Promise<IncomingHttpHeaders>((resolve) => {
    call.once("trailers", resolve);
    call.once("close", () => resolve({}));
  });
  const readEnd = async (): Promise<string> => {
    call.resume();
    const said = await trailers;
    session.destroy();
    const { reason = "no reason" } = errorDetails(Metadata.fromHttp2Headers(said));
    return `status ${[said["grpc-status"] ?? "none"].flat().join()}, ${reason}`;
  };
  return { readEnd };
}
