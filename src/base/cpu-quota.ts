/**
 * The number of cores that this process may use. Node knows its affinity and quotas of cgroup v2. Under v1, and for a
 * quota of an outer group, Node reports as many threads as the machine has cores.
 */
import { readFileSync } from "node:fs";
import { availableParallelism } from "node:os";

/** Reads a system file. Undefined if it does not exist. */
export type ReadFile = (path: string) => string | undefined;

/** Whole cores, at least one. A thread beyond the quota would wait for the next period. */
export function usableCores(read: ReadFile = readSystemFile): number {
  return coresWithin(availableParallelism(), cpuQuota(read));
}

export function coresWithin(cores: number, quota: number | undefined): number {
  return quota === undefined ? cores : Math.max(1, Math.min(cores, Math.floor(quota)));
}

/** The lowest quota of this process's control group and of the groups around it, in cores. Undefined for none. */
export function cpuQuota(read: ReadFile): number | undefined {
  const groups = (read("/proc/self/cgroup") ?? "").split("\n").map(readGroup);
  const mounts = (read("/proc/self/mountinfo") ?? "").split("\n").map(readMount);
  const quotas = mounts.flatMap((mount) => {
    const kind = kindOf(mount);
    if (kind === undefined) return [];
    const group = groups.find(({ controllers }) => kind.isOf(controllers));
    if (group === undefined) return [];
    return foldersOf(mount, group.path).map((folder) =>
      kind.quota((name) => read(`${folder}/${name}`)),
    );
  });
  const known = quotas.filter((quota) => quota !== undefined);
  return known.length === 0 ? undefined : Math.min(...known);
}

interface Group {
  readonly controllers: readonly string[];
  readonly path: string;
}

/** `4:cpu,cpuacct:/path` of v1; `0::/path` of v2. */
function readGroup(line: string): Group {
  const [, controllers = "none", path = "/"] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
  return { controllers: controllers.split(","), path };
}

interface Mount {
  /** The group that is visible at the mount point. */
  readonly root: string;
  readonly point: string;
  readonly type: string;
  readonly options: readonly string[];
}

/** `31 23 0:28 /root /point rw … - type source options`, as in proc(5). */
function readMount(line: string): Mount {
  const [before = "", after = ""] = line.split(" - ");
  const [, , , root = "", point = ""] = before.split(" ");
  const [type = "", , options = ""] = after.split(" ");
  return { root: unescaped(root), point: unescaped(point), type, options: options.split(",") };
}

/** A space is `\040`. */
function unescaped(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, code: string) => String.fromCharCode(parseInt(code, 8)));
}

interface Kind {
  readonly isOf: (controllers: readonly string[]) => boolean;
  readonly quota: (read: ReadFile) => number | undefined;
}

function kindOf({ type, options }: Mount): Kind | undefined {
  if (type === "cgroup2") return { isOf: ([only]) => only === "", quota: quotaOfV2 };
  if (type !== "cgroup" || !options.includes("cpu")) return undefined;
  return { isOf: (controllers) => controllers.includes("cpu"), quota: quotaOfV1 };
}

/** `50000 100000`, in microseconds, or `max 100000`. */
function quotaOfV2(read: ReadFile): number | undefined {
  const [quota, period] = (read("cpu.max") ?? "").trim().split(" ");
  return coresOf(quota, period);
}

/** -1 for none. */
function quotaOfV1(read: ReadFile): number | undefined {
  return coresOf(read("cpu.cfs_quota_us"), read("cpu.cfs_period_us"));
}

function coresOf(quota: string | undefined, period: string | undefined): number | undefined {
  const cores = Number(quota) / Number(period);
  return cores > 0 && Number.isFinite(cores) ? cores : undefined;
}

/** The group's own folder and those around it, as far as the mount shows them. */
function foldersOf({ root, point }: Mount, path: string): readonly string[] {
  // In a container, the path can be the machine's, and the mount can begin at it or below.
  const isBelow = root === "/" || path === root || path.startsWith(`${root}/`);
  const inside = isBelow ? path.slice(root === "/" ? 0 : root.length) : "";
  const names = inside.split("/").filter((name) => name !== "");
  // A group outside the namespace is named by `..` and is not visible.
  if (names.includes("..")) return [point];
  return [...names.keys(), names.length].map((count) =>
    [point, ...names.slice(0, count)].join("/"),
  );
}

function readSystemFile(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
