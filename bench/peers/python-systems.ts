/** The two servers of `python-peers`: the same Python functions behind inferd and behind FastAPI, on one interpreter. */
import { join } from "node:path";
import { startProcess } from "../lib/child.ts";
import { runScript } from "../lib/model.ts";
import { repository } from "../lib/paths.ts";
import { freePort } from "../lib/port.ts";
import { fastApiCall, inferdCall, type PythonCall, type Question } from "./python-calls.ts";
import { type Ask, grpcHealth, httpHealth } from "./python-health.ts";
import { type Running, whileItRuns, withInferd } from "./running.ts";

export interface PythonSystem {
  readonly name: string;
  /** The ways in which it serves each function; the fastest counts. */
  readonly forms: readonly string[];
  readonly start: <T>(run: (server: Running) => Promise<T>) => Promise<T>;
  readonly call: (port: number, question: Question, form: string) => PythonCall;
  readonly health: (port: number) => Ask;
}

const here = join(repository, "bench", "peers", "python-functions");

/** Made where it is missing: an interpreter with all packages. */
const interpreter = (): string => runScript("python", "python-engines.txt");

export const inferd: PythonSystem = {
  name: "inferd",
  forms: ["def"],
  start: (run) => {
    const files = ["nothing", "sleep", "busy", "hold", "count"].map((name) => `${name}.py`);
    const models = [
      ...files.map((file) => join(here, file)),
      join(repository, "examples", "python-engines", "sentence-transformers"),
    ];
    const flags = models.flatMap((model) => ["--model", model]);
    return withInferd([...flags, "--python", interpreter()], run);
  },
  call: inferdCall,
  health: grpcHealth,
};

export const fastApi: PythonSystem = {
  name: "FastAPI",
  forms: ["def", "async def"],
  start: async (run) => {
    const port = await freePort();
    const child = startProcess(interpreter(), [join(here, "app.py"), String(port)], {
      stdio: ["ignore", "ignore", "inherit"],
    });
    return whileItRuns(child, port, run);
  },
  call: (port, question, form) =>
    fastApiCall(port, question, form === "async def" ? "async" : "def"),
  health: httpHealth,
};
