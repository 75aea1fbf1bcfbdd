import { children, memory } from "./process.ts";

/** Watches the memory of a process and its children, until `most` is asked: by how much it grew at most. */
export function watchGrowth(pid: number): { readonly mostMiB: () => number } {
  const before = treeMiB(pid);
  let most = before;
  const look = (): void => void (most = Math.max(most, treeMiB(pid)));
  const timer = setInterval(look, 250);
  return {
    mostMiB: () => {
      clearInterval(timer);
      look();
      return most - before;
    },
  };
}

const treeMiB = (pid: number): number =>
  [pid, ...children(pid)].reduce((sum, one) => sum + memory(one).residentMiB, 0);
