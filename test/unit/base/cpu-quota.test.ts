import { expect, it } from "vitest";
import { coresWithin, cpuQuota } from "../../../src/base/cpu-quota.ts";

type Files = Readonly<Record<string, string>>;

const quotaOf = (files: Files): number | undefined => cpuQuota((path) => files[path]);

const v2 = "30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n";
const v1 =
  "31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw,mode=755\n" +
  "32 31 0:29 / /sys/fs/cgroup/cpu\\040acct rw - cgroup cgroup rw,cpu,cpuacct\n" +
  "35 31 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n";
const groupsOfV1 = "7:memory:/elsewhere\n4:cpu,cpuacct:/box/inner\n1:name=systemd:/\n0::/\n";
const inV1 = { "/proc/self/mountinfo": v1, "/proc/self/cgroup": groupsOfV1 };
const cpu = "/sys/fs/cgroup/cpu acct";

it.each<[string, number | undefined, Files]>([
  ["no control groups", undefined, {}],
  [
    "a quota of v2",
    1.5,
    {
      "/proc/self/mountinfo": v2,
      "/proc/self/cgroup": "0::/\n",
      "/sys/fs/cgroup/cpu.max": "150000 100000\n",
    },
  ],
  [
    "v2 without a quota",
    undefined,
    {
      "/proc/self/mountinfo": v2,
      "/proc/self/cgroup": "0::/\n",
      "/sys/fs/cgroup/cpu.max": "max 100000\n",
    },
  ],
  [
    "a quota of v2 on a group around the process's own",
    2,
    {
      "/proc/self/mountinfo": v2,
      "/proc/self/cgroup": "0::/pod/inferd/own\n",
      "/sys/fs/cgroup/pod/cpu.max": "200000 100000",
      "/sys/fs/cgroup/pod/inferd/cpu.max": "300000 100000",
      "/sys/fs/cgroup/pod/inferd/own/cpu.max": "max 100000",
    },
  ],
  [
    "a quota of v1 on the process's own group",
    1,
    {
      ...inV1,
      [`${cpu}/box/inner/cpu.cfs_quota_us`]: "100000\n",
      [`${cpu}/box/inner/cpu.cfs_period_us`]: "100000\n",
      [`${cpu}/box/cpu.cfs_quota_us`]: "-1\n",
      [`${cpu}/box/cpu.cfs_period_us`]: "100000\n",
    },
  ],
  [
    "a quota of v1 on an outer group",
    0.5,
    {
      ...inV1,
      [`${cpu}/box/cpu.cfs_quota_us`]: "25000\n",
      [`${cpu}/box/cpu.cfs_period_us`]: "50000\n",
    },
  ],
  [
    "v1 without a quota, and one of a group that is not the process's",
    undefined,
    {
      ...inV1,
      [`${cpu}/box/inner/cpu.cfs_quota_us`]: "-1\n",
      [`${cpu}/box/inner/cpu.cfs_period_us`]: "100000\n",
      [`${cpu}/other/cpu.cfs_quota_us`]: "100000\n",
      [`${cpu}/other/cpu.cfs_period_us`]: "100000\n",
    },
  ],
  [
    "a container's own view, whose path is the machine's",
    3,
    {
      "/proc/self/mountinfo":
        "32 31 0:29 /docker/abc /sys/fs/cgroup/cpu ro - cgroup cgroup rw,cpu\n",
      "/proc/self/cgroup": "4:cpu:/docker/abc\n",
      "/sys/fs/cgroup/cpu/cpu.cfs_quota_us": "300000\n",
      "/sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n",
    },
  ],
  [
    "a group outside of the namespace",
    1,
    {
      "/proc/self/mountinfo": v2,
      "/proc/self/cgroup": "0::/../../other\n",
      "/sys/fs/cgroup/cpu.max": "100000 100000",
    },
  ],
])("finds, with %s, %s cores", (_, cores, files) => {
  expect(quotaOf(files)).toBe(cores);
});

it.each([
  [4, undefined, 4],
  [4, 0.5, 1],
  [4, 1.5, 1],
  [4, 2, 2],
  [2, 8, 2],
])("uses of %s cores with a quota of %s: %s", (cores, quota, used) => {
  expect(coresWithin(cores, quota)).toBe(used);
});
