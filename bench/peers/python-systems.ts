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
  /** Serves the function of that name. */
  readonly start: <T>(name: string, run: (server: Running) => Promise<T>) => Promise<T>;
  readonly call: (port: number, question: Question, form: string) => PythonCall;
  readonly health: (port: number) => Ask;
}

const here = join(repository, "bench", "peers", "python-functions");
const sentences = join(repository, "examples", "python-engines", "sentence-transformers");

/** Made where it is missing: an interpreter with all packages. */
const interpreter = (): string => runScript("python", "python-engines.txt");

export const inferd: PythonSystem = {
  name: "inferd",
  forms: ["def"],
  start: (name, run) => {
    const model = name === "sentences" ? sentences : join(here, `${name}.py`);
    return withInferd(["--model", model, "--python", interpreter()], run);
  },
  call: inferdCall,
  health: grpcHealth,
};

export const fastApi: PythonSystem = {
  name: "FastAPI",
  forms: ["def", "async def"],
  start: async (name, run) => {
    const port = await freePort();
    // torch has a process of its own: its many objects slow down the collection of garbage.
    const app = name === "sentences" ? "sentences_app.py" : "app.py";
    const child = startProcess(interpreter(), [join(here, app), String(port)], {
      stdio: ["ignore", "ignore", "inherit"],
    });
    return whileItRuns(child, port, run);
  },
  call: (port, question, form) =>
    fastApiCall(port, question, form === "async def" ? "async" : "def"),
  health: httpHealth,
};
