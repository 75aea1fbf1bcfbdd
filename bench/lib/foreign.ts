/** The clients of bench/clients, made ready on a machine that has their languages. */
import { join } from "node:path";
import { errorMessage } from "../../src/base/text.ts";
import { goClients, pythonClients } from "../../test/fixtures/foreign-clients.ts";
import { repository } from "./paths.ts";
import type { Launch } from "./timed-calls.ts";

const source = (file: string): string => join(repository, "bench", "clients", file);

/** How each client is made ready, by the name of its gRPC library. */
export type Makers = Readonly<Record<string, () => Promise<Launch>>>;

export const foreignClients = {
  grpcio: async () => {
    const { python, stubs } = await pythonClients();
    const environment = { PYTHONPATH: stubs };
    return { file: python, parameters: [source("timed_calls.py")], environment };
  },
  "grpc-go": async () => {
    const build = await goClients();
    return { file: await build("go-timed-calls", source("timed_calls.go")), parameters: [] };
  },
} satisfies Makers;

/** Makes ready those that it can, and says in a line why it goes on without another. */
export async function availableClients(
  makers: Makers,
  say: (what: string) => void,
): Promise<ReadonlyMap<string, Launch>> {
  const ready = new Map<string, Launch>();
  for (const [library, make] of Object.entries(makers)) {
    try {
      ready.set(library, await make());
    } catch (error) {
      const [why] = errorMessage(error).split("\n");
      say(`without a client of ${library}: ${why ?? ""}`);
    }
  }
  return ready;
}
