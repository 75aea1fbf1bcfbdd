import { expect, it } from "vitest";
import { programEnvironment } from "../../../../src/engines/process/environment.ts";
import { serverEnvironment, workerEnvironment } from "../../../../src/workers/environment.ts";

it("tells numeric libraries their threads, where the user says nothing else", () => {
  expect(programEnvironment({ MKL_NUM_THREADS: "7", PATH: "/bin" }, 3)).toMatchObject({
    OMP_NUM_THREADS: "3",
    OPENBLAS_NUM_THREADS: "3",
    MKL_NUM_THREADS: "7",
    PATH: "/bin",
  });
});

it("keeps what a worker needs for itself from what it starts", () => {
  const server = { PATH: "/bin", UV_THREADPOOL_SIZE: "8" };
  const worker = workerEnvironment(server, { UV_THREADPOOL_SIZE: "1", MALLOC_ARENA_MAX: "1" });
  expect(worker).toMatchObject({ PATH: "/bin", UV_THREADPOOL_SIZE: "1", MALLOC_ARENA_MAX: "1" });
  expect(serverEnvironment(worker)).toEqual(server);
  expect(serverEnvironment(server)).toEqual(server);
});
