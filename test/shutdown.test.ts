/** What sends SIGTERM kills after a while what has not ended: the server must have ended before, in order. */
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { parseAllDocuments } from "yaml";
import {
  keyStoreCloseMs,
  statusFlushMs,
  workerExitMs,
  workerGraceMs,
} from "../src/base/shutdown-budget.ts";
import { flagName, settings } from "../src/config/settings.ts";
import { blocksOf } from "./documents.ts";

const blocksIn = (file: string) => blocksOf(readFileSync(file, "utf8"));

/** The longest that a server with these flags takes to end. */
function endsWithinMs(args: readonly string[] = []): number {
  const ms = (key: "lameDuckMs" | "graceMs"): number => {
    const at = args.indexOf(flagName(key));
    return at < 0 ? settings[key].default : Number(args[at + 1]);
  };
  // Two ports, one after the other, bring the last calls their status; then workers end, and the key store.
  const portsMs = 2 * statusFlushMs;
  const restMs = portsMs + workerGraceMs + workerExitMs + keyStoreCloseMs;
  return ms("lameDuckMs") + ms("graceMs") + restMs;
}

interface Deployment {
  readonly spec: {
    readonly template: {
      readonly spec: {
        readonly terminationGracePeriodSeconds: number;
        readonly containers: readonly { readonly args: readonly string[] }[];
      };
    };
  };
}

it("ends before Kubernetes kills a pod that states no other time", () => {
  expect(endsWithinMs()).toBeLessThan(30_000);
});

it("ends before Kubernetes kills the pod that the documents show", () => {
  const text =
    blocksIn("docs/kubernetes.md").find(({ test }) => test.kind === "probes")?.text ?? "";
  // The documents' own YAML.
  const { spec } = (parseAllDocuments(text)[0]?.toJS() as Deployment).spec.template;
  const [container] = spec.containers;
  expect(endsWithinMs(container?.args)).toBeLessThan(spec.terminationGracePeriodSeconds * 1000);
});

it("ends before systemd kills the unit that the documents show", () => {
  const text = blocksIn("docs/run.md").find(({ language }) => language === "ini")?.text ?? "";
  const seconds = Number(/^TimeoutStopSec=(\d+)$/m.exec(text)?.[1]);
  expect(endsWithinMs()).toBeLessThan(seconds * 1000);
});
