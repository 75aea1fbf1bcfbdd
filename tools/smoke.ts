/**
 * Runs what the README promises against the real server, as `make serve` starts it, with the real
 * grpcurl and grpc-health-probe; then ends it by SIGTERM. Prints a line for each check, and the count.
 */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { promisify } from "node:util";

interface Check {
  readonly does: string;
  readonly command: readonly string[];
  readonly expects: readonly RegExp[];
}

const run = promisify(execFile);
const generation = "inferd.v1.GenerationService";
const story = '"prompt":"Once upon a time"';
const chat = '{"chat":{"messages":[{"role":"ROLE_USER","content":"What can you do?"}]}}';

function checks(address: string): readonly Check[] {
  const grpcurl = (data: string, method: string): readonly string[] => {
    return ["grpcurl", "-plaintext", "-d", data, address, method];
  };
  return [
    {
      does: "lists its services without a proto file",
      command: ["grpcurl", "-plaintext", address, "list"],
      expects: [/^inferd\.v1\.EmbeddingService$/m, /^grpc\.health\.v1\.Health$/m],
    },
    {
      does: "streams a story",
      command: grpcurl(`{${story},"sampling":{"max_tokens":64}}`, `${generation}/GenerateStream`),
      expects: [/"started"/, /"piece"/, /"reason": "FINISH_REASON_(LENGTH|STOP)"/],
    },
    {
      does: "writes a story",
      command: grpcurl(`{${story},"sampling":{"temperature":0}}`, `${generation}/Generate`),
      expects: [/"text": ".{40,}/, /"completionTokens": \d+/],
    },
    {
      does: "chats",
      command: grpcurl(chat, `${generation}/GenerateStream`),
      expects: [/"piece"/, /"finish"/],
    },
    {
      does: "embeds two texts at once",
      command: grpcurl(
        '{"inputs":["a cat on the mat","a kitten on a rug"]}',
        "inferd.v1.EmbeddingService/Embed",
      ),
      expects: [/"float32"/, /"index": 1/, /"name": "all-minilm-l6-v2"/],
    },
    {
      does: "streams three vectors",
      command: grpcurl(
        '{"inputs":["one","two","three"]}',
        "inferd.v1.EmbeddingService/EmbedStream",
      ),
      expects: [/"index": 2/, /"finish"/],
    },
    {
      does: "lists its models",
      command: ["grpcurl", "-plaintext", address, "inferd.v1.ModelService/ListModels"],
      expects: [/"name": "inferd-demo"/, /"name": "all-minilm-l6-v2"/, /MODEL_STATE_READY/],
    },
    {
      does: "is healthy",
      command: ["grpc-health-probe", `-addr=${address}`],
      expects: [/status: SERVING/],
    },
    {
      does: "has a client of its own",
      command: ["bin/inferd", "generate", "Once upon a time", "--address", address],
      expects: [/\w+ \w+/],
    },
  ];
}

/** Gives what is wrong, or undefined. */
async function failureOf({ command, expects }: Check): Promise<string | undefined> {
  const [file = "", ...args] = command;
  try {
    const { stdout, stderr } = await run(file, args, { timeout: 60_000 });
    const missing = expects.find((pattern) => !pattern.test(stdout + stderr));
    return missing === undefined ? undefined : `no ${String(missing)} in:\n${stdout}${stderr}`;
  } catch (error) {
    return String(error);
  }
}

/** Waits for the ready line, and goes on reading so that the server never waits for us. */
async function addressOf(make: ChildProcess): Promise<string> {
  if (make.stderr === null) throw new Error("bug: standard error is a pipe");
  const lines = createInterface({ input: make.stderr });
  return new Promise((resolve, reject) => {
    lines.on("line", (line) => {
      console.log(`  | ${line}`);
      const address = /"address":"([^"]+)".*"msg":"ready"/.exec(line)?.[1];
      if (address !== undefined) resolve(address);
    });
    lines.once("close", () => reject(new Error("the server ended before it was ready")));
  });
}

/** SIGTERM goes to the server, as from the kubelet: make passes on its exit code, but no signal. */
async function endServer(make: ChildProcess): Promise<string | undefined> {
  const exited = once(make, "exit");
  const { stdout } = await run("pgrep", ["-P", String(make.pid)]);
  process.kill(Number(stdout.trim()), "SIGTERM");
  const [code] = (await exited) as [number | null];
  return code === 0 ? undefined : `its exit code is ${String(code)}`;
}

const counts = { passed: 0, failed: 0 };

function report(does: string, failure: string | undefined): void {
  counts[failure === undefined ? "passed" : "failed"] += 1;
  console.log(failure === undefined ? `ok    the server ${does}` : `FAIL  the server ${does}`);
  if (failure !== undefined) console.log(failure);
}

const make = spawn("make", ["serve", "ARGS=--port 0 --log-format json"], {
  stdio: ["ignore", "ignore", "pipe"],
  detached: true,
});
process.once("exit", () => {
  // Nothing that this started may outlive it, whatever failed.
  if (make.exitCode === null && make.pid !== undefined) process.kill(-make.pid, "SIGKILL");
});
try {
  const address = await addressOf(make);
  for (const check of checks(address)) report(check.does, await failureOf(check));
  report("ends at SIGTERM, exit code 0", await endServer(make));
} catch (error) {
  report("starts", String(error));
}

console.log(`${counts.passed} passed, ${counts.failed} failed`);
process.exitCode = counts.failed === 0 ? 0 : 1;
