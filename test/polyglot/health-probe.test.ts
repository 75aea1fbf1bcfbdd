import { afterAll, beforeAll, expect, it } from "vitest";
import { type RealServer, startServer } from "../real-server.ts";
import { command } from "../command.ts";

let server: RealServer;

beforeAll(async () => {
  server = await startServer("bin/inferd serve --lame-duck-ms 3000");
}, 60_000);

afterAll(() => server.stop().catch(() => undefined));

/** Whether grpc-health-probe, as people put it into images, is content. */
async function isContent(service: string): Promise<boolean> {
  const parameters = [`-addr=${server.address}`, `-service=${service}`, "-connect-timeout=5s"];
  return command(".tools/bin/grpc-health-probe", [...parameters, "-rpc-timeout=5s"]).then(
    () => true,
    () => false,
  );
}

const probes = ["liveness", "readiness", "startup"];
const clients = ["", "inferd.v1.GenerationService", "model:inferd-demo"];

it("contents grpc-health-probe, and while it leaves only the kubelet", async () => {
  const names = [...probes, ...clients];
  expect(await Promise.all([...names, "nothing"].map(isContent))).toEqual([
    ...names.map(() => true),
    false,
  ]);
  const stopped = server.stop();
  // Taken in the order sent: what is asked of a server that has not heard the signal is asked again.
  while (await isContent("")) expect(await isContent("liveness")).toBe(true);
  expect(await Promise.all(names.map(isContent))).toEqual([
    ...probes.map(() => true),
    ...clients.map(() => false),
  ]);
  expect(await stopped).toBe("stopped");
}, 60_000);
