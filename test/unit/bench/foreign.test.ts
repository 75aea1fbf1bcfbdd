import { expect, it } from "vitest";
import { availableClients } from "../../../bench/lib/foreign.ts";

it("goes on without a language that the machine has not, and says why in a line", async () => {
  const said: string[] = [];
  const launch = { file: "/clients/there", parameters: [] };
  const clients = await availableClients(
    {
      "grpc-there": () => Promise.resolve(launch),
      "grpc-gone": () => Promise.reject(new Error("go version: not found; install Go\nand more")),
    },
    (line) => said.push(line),
  );
  expect([...clients]).toEqual([["grpc-there", launch]]);
  expect(said).toEqual(["without a client of grpc-gone: go version: not found; install Go"]);
});
