import { type Client, credentials, makeGenericClientConstructor } from "@grpc/grpc-js";
import { afterAll, beforeAll, expect, it } from "vitest";
import {
  GenerateRequest,
  GenerationServiceService,
} from "../../gen/inferd/v1/generation_service.ts";
import { Fleet, type Seen } from "./fleet.ts";

let fleet: Fleet;

beforeAll(async () => {
  fleet = await Fleet.start();
}, 60_000);

afterAll(() => fleet.stop());

it("fails no call of a client while servers are replaced one after another", async () => {
  const client = roundRobin(fleet.addresses);
  const load = new SteadyLoad(client);
  await load.first;
  expect(await fleet.roll()).toEqual(["stopped", "stopped", "stopped"]);
  const seen = await load.stop();
  client.close();
  expect(seen.failed).toEqual([]);
  expect(seen.unary).toBeGreaterThan(100);
  expect(seen.streams).toBeGreaterThan(20);
}, 120_000);

/** No retry policy: what a call survives, it survives by the protocol alone. */
function roundRobin(addresses: string): Client {
  const Client = makeGenericClientConstructor(GenerationServiceService, "generation");
  return new Client(`ipv4:${addresses}`, credentials.createInsecure(), {
    "grpc.service_config": JSON.stringify({ loadBalancingConfig: [{ round_robin: {} }] }),
  });
}

/** Eight callers who call again as soon as they are answered, until they are told to stop. */
class SteadyLoad {
  readonly #client: Client;
  readonly #callers: Promise<void>;
  readonly #failed: string[] = [];
  readonly #first = Promise.withResolvers<undefined>();
  #unary = 0;
  #streams = 0;
  #isStopped = false;

  constructor(client: Client) {
    this.#client = client;
    const callers = [1, 2, 3, 4].flatMap(() => [
      this.#repeat(async () => {
        await this.#callUnary();
        this.#unary += 1;
      }),
      this.#repeat(async () => {
        await this.#callStream();
        this.#streams += 1;
      }),
    ]);
    this.#callers = Promise.all(callers).then(() => undefined);
  }

  /** Settles when the first call has ended. */
  get first(): Promise<undefined> {
    return this.#first.promise;
  }

  async stop(): Promise<Seen> {
    this.#isStopped = true;
    await this.#callers;
    return { unary: this.#unary, streams: this.#streams, failed: this.#failed };
  }

  async #repeat(call: () => Promise<void>): Promise<void> {
    while (!this.#isStopped) {
      await call().catch((error: unknown) => this.#failed.push(String(error)));
      this.#first.resolve(undefined);
    }
  }

  #callUnary(): Promise<void> {
    const { path, requestSerialize, responseDeserialize } = GenerationServiceService.generate;
    const request = GenerateRequest.fromPartial({
      input: { $case: "prompt", value: "say one; say two" },
    });
    return new Promise((resolve, reject) => {
      this.#client.makeUnaryRequest(
        path,
        requestSerialize,
        responseDeserialize,
        request,
        (error) => (error === null ? resolve() : reject(error)),
      );
    });
  }

  #callStream(): Promise<void> {
    const { path, requestSerialize, responseDeserialize } = GenerationServiceService.generateStream;
    const request = GenerateRequest.fromPartial({
      input: { $case: "prompt", value: "repeat 40 word" },
    });
    return new Promise((resolve, reject) => {
      const stream = this.#client.makeServerStreamRequest(
        path,
        requestSerialize,
        responseDeserialize,
        request,
      );
      let events = 0;
      stream.on("data", () => (events += 1));
      stream.on("error", reject);
      // Its start, forty words and its finish: a stream that was cut short is a failure too.
      stream.on("end", () => (events === 42 ? resolve() : reject(new Error(`${events} events`))));
    });
  }
}
