/** The three servers of `rpc-peers`. Each counts to the number that it is asked for, one line a piece. */
import { join } from "node:path";
import { GetServerInfoResponse, ServerServiceService } from "../../gen/inferd/v1/server_service.ts";
import { startProcess } from "../lib/child.ts";
import { runScript } from "../lib/model.ts";
import { repository } from "../lib/paths.ts";
import { freePort } from "../lib/port.ts";
import { generateCall, streamCall, type TextCall } from "./rpc-generation.ts";
import { grpcTarget, httpTarget, messagesIn } from "./rpc-target.ts";
import { whileItRuns, withInferd as withInferdServer } from "./running.ts";

export interface RpcSystem {
  /** Its processes, that of its models' workers among them. */
  readonly pids: () => readonly number[];
  readonly unary: (count: number) => TextCall;
  readonly stream: (count: number) => TextCall;
  /** A call that computes nothing; undefined where it has none of its own. */
  readonly info?: TextCall;
}

const here = join(repository, "bench", "peers");

export async function withBareGrpc<T>(run: (system: RpcSystem) => Promise<T>): Promise<T> {
  const port = await freePort();
  const child = startProcess(process.execPath, [join(here, "rpc-bare.ts"), String(port)], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  return whileItRuns(child, port, ({ pids }) => run({ pids, ...generation(port) }));
}

export async function withInferd<T>(run: (system: RpcSystem) => Promise<T>): Promise<T> {
  return withInferdServer(["--model", join(here, "rpc-model")], ({ port, pids }) => {
    const info: TextCall = {
      ...grpcTarget(port, ServerServiceService.getServerInfo.path, new Uint8Array(0)),
      read: (body) =>
        messagesIn(body).map((each) => GetServerInfoResponse.decode(each).version)[0] ?? "",
    };
    return run({ pids, info, ...generation(port) });
  });
}

export async function withFastApi<T>(run: (system: RpcSystem) => Promise<T>): Promise<T> {
  const python = runScript("python", "rpc.txt");
  const port = await freePort();
  const child = startProcess(python, [join(here, "rpc_app.py"), String(port)], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  const body = (count: number): string => JSON.stringify({ prompt: String(count) });
  return whileItRuns(child, port, ({ pids }) =>
    run({
      pids,
      unary: (count) => ({
        ...httpTarget(port, "/generate", body(count)),
        read: (answer) => (JSON.parse(answer.toString()) as { readonly text: string }).text,
      }),
      stream: (count) => ({
        ...httpTarget(port, "/stream", body(count)),
        read: (answer) => answer.toString(),
      }),
    }),
  );
}

const generation = (port: number): Pick<RpcSystem, "unary" | "stream"> => ({
  unary: (count) => generateCall(port, { prompt: String(count), model: "" }),
  stream: (count) => streamCall(port, { prompt: String(count), model: "" }),
});
