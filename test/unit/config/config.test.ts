import { describe, expect, it } from "vitest";
import {
  environmentSource,
  flagSource,
  loadConfig,
  modelFolders,
} from "../../../src/config/config.ts";
import { parseSource } from "../../../src/config/file.ts";
import type { Setting } from "../../../src/config/setting.ts";
import { environmentName, fileKey, flagName, settings } from "../../../src/config/settings.ts";

const flags = (values: Parameters<typeof flagSource>[0]) => flagSource(values, "/here");
const environment = (values: Record<string, string>) => environmentSource(values, "/here");
const file = (text: string) => parseSource(text, "inferd.yaml", "/etc/inferd");

describe("where a value comes from", () => {
  it("is the flag, then the environment, then the file, then the default", () => {
    const all = [flags({ port: "1" }), environment({ INFERD_PORT: "2" }), file("port: 3")] as const;
    expect(loadConfig(all).port).toBe(1);
    expect(loadConfig(all.slice(1)).port).toBe(2);
    expect(loadConfig(all.slice(2)).port).toBe(3);
    expect(loadConfig([]).port).toBe(50051);
  });

  it("is decided for each setting alone", () => {
    const config = loadConfig([flags({ port: "1" }), file("port: 3\nmax_inputs: 7\n")]);
    expect(config).toMatchObject({ port: 1, maxInputs: 7 });
  });

  it("counts an empty environment variable as unset", () => {
    expect(loadConfig([environment({ INFERD_PORT: "" })]).port).toBe(50051);
  });

  it("is not the address that Kubernetes sets for a Service named inferd", () => {
    const pod = environment({
      INFERD_PORT: "tcp://10.0.0.7:50051",
      INFERD_SERVICE_HOST: "10.0.0.7",
    });
    expect(loadConfig([pod]).port).toBe(50051);
  });

  it("starts relative paths of a file at the file, others at the working folder", () => {
    expect(loadConfig([file("model: [a.gguf, /b.gguf]")]).model).toEqual([
      "/etc/inferd/a.gguf",
      "/b.gguf",
    ]);
    expect(loadConfig([flags({ model: ["a.gguf"] })]).model).toEqual(["/here/a.gguf"]);
    expect(loadConfig([environment({ INFERD_MODEL: "a.gguf" })]).model).toEqual(["/here/a.gguf"]);
  });
});

it.each([
  ["python3.12", "python3.12"],
  [".venv/bin/python", "/here/.venv/bin/python"],
  ["./python", "/here/python"],
  ["/usr/bin/python3", "/usr/bin/python3"],
])("takes the program %s as %s", (stated, command) => {
  expect(loadConfig([flags({ python: stated })]).python).toBe(command);
});

describe("a bad value", () => {
  it.each([
    [
      flags({ maxQueuedJobs: "-1" }),
      '--max-queued-jobs must be a whole number from 0 to 1000000, not "-1"',
    ],
    [flags({ port: "65536" }), '--port must be a whole number from 0 to 65535, not "65536"'],
    [flags({ port: "0x10" }), '--port must be a whole number from 0 to 65535, not "0x10"'],
    [flags({ host: "" }), "--host must not be empty"],
    [
      environment({ INFERD_LOG_LEVEL: "loud" }),
      'INFERD_LOG_LEVEL must be one of debug, info, warn, error, silent, not "loud"',
    ],
    [
      file("host: ::1\nmax_tokens: 1e3\n"),
      'inferd.yaml:2: max_tokens must be a whole number from 1 to 1000000, not "1e3"',
    ],
  ])("is named where it was given (%#)", (source, message) => {
    expect(() => loadConfig([source])).toThrow(message);
  });

  it("is cut short in the message", () => {
    expect(() => loadConfig([flags({ port: "9".repeat(5000) })])).toThrow(/^.{0,140}$/);
  });
});

describe("a settings file", () => {
  it.each([
    ["port: 1\nprot: 2\n", 'inferd.yaml:2: "prot" is not a setting'],
    ["maxTokens: 2\n", 'inferd.yaml:1: "maxTokens" is not a setting; did you mean max_tokens?'],
    ["# nothing\n\nport: [1]\n", "inferd.yaml:3: port must be one value"],
    ["port:\n", "inferd.yaml:1: port must be one value"],
    ["model: {a: 1}", "inferd.yaml:1: model must be one value or a list of them"],
    ["- port\n", "inferd.yaml:1: must hold settings"],
    ["port: 1\nport: 2\n", "inferd.yaml:2: Map keys must be unique"],
    ["port: 'x\n", "inferd.yaml:"],
  ])("refuses %j", (text, message) => {
    expect(() => loadConfig([file(text)])).toThrow(message);
  });

  it.each(["", "# only a comment\n", '{"port": 50051}'])("may be %j", (text) => {
    expect(loadConfig([file(text)]).port).toBe(50051);
  });
});

it("is frozen, lists included", () => {
  const config = loadConfig([flags({ model: ["a"] })]);
  expect(Object.isFrozen(config)).toBe(true);
  expect(Object.isFrozen(config.model)).toBe(true);
});

it.each([
  [{ models: [], model: [] }, [expect.stringMatching(/\/models$/)]],
  [{ models: [], model: ["/a.gguf"] }, []],
  [{ models: ["/m"], model: ["/a.gguf"] }, ["/m"]],
])("finds the shipped models only where none were named: %j", (config, folders) => {
  expect(modelFolders(config)).toEqual(folders);
});

describe("every setting", () => {
  it.each(Object.entries<Setting>(settings))("%s reads its own default", (_key, setting) => {
    if (typeof setting.default !== "string" && typeof setting.default !== "number") return;
    expect(setting.read(`${setting.default}`, "/")).toBe(setting.default);
  });

  it.each(Object.entries<Setting>(settings))("%s explains itself in sentences", (key, setting) => {
    expect(setting.help).toMatch(/^[A-Za-z0-9].*\.$/);
    if (key.endsWith("Ms")) expect(setting.help).toMatch(/millisecond/i);
    if (key.endsWith("Bytes")) expect(setting.help).toMatch(/byte/i);
  });

  it("is spelt for each place from its one name", () => {
    expect(flagName("maxQueuedJobs")).toBe("--max-queued-jobs");
    expect(environmentName("maxQueuedJobs")).toBe("INFERD_MAX_QUEUED_JOBS");
    expect(fileKey("maxQueuedJobs")).toBe("max_queued_jobs");
  });
});
