/** A file of keys on a file system that is read-only, as Kubernetes mounts a Secret. */
import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, it } from "vitest";
import { keyed } from "./keyed.ts";
import { binary } from "./process.ts";

/** Runs a script in a mount namespace of its own, so that what it mounts goes with it. */
const alone = (...script: readonly string[]) =>
  spawnSync("unshare", ["-rm", "sh", "-ec", ...script], { encoding: "utf8" });
const canMount = alone("mount --bind /tmp /tmp").status === 0;

const { keys, create } = keyed();

it.runIf(canMount)("is read as it is, also where others may read it", async () => {
  const { id } = await create("--scope", "generate");
  chmodSync(keys, 0o644);
  const mounted = join(dirname(keys), "mounted");
  mkdirSync(mounted);
  const { status, stdout, stderr } = alone(
    'mount --bind "$1" "$2"; mount -o remount,ro,bind "$2"; exec "$3" keys list --keys "$2/$4"',
    ...["sh", dirname(keys), mounted, binary, keys.slice(dirname(keys).length + 1)],
  );
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  expect(stdout).toContain(id);
});
