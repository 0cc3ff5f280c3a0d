import { currentLoad, fsSize, mem } from "systeminformation";

import type { NewSystemMetrics } from "@arkrelay/db/stores/system-metrics-store";

const MEGABYTE = 1024 ** 2;
const GIGABYTE = 1024 ** 3;

/** The machine at this moment: load since the last call, memory that programs may still take, the disk of the working directory. */
export async function readSystemStats(directory: string): Promise<NewSystemMetrics> {
  const [load, memory, disks] = await Promise.all([currentLoad(), mem(), fsSize()]);
  const disk = diskOf(directory, disks);
  return {
    cpuPercent: load.currentLoad,
    memoryPercent: ((memory.total - memory.available) / memory.total) * 100,
    memoryAvailableMb: memory.available / MEGABYTE,
    diskPercent: disk === undefined ? 0 : disk.use,
    diskFreeGb: disk === undefined ? 0 : disk.available / GIGABYTE,
  };
}

interface Disk {
  readonly mount: string;
  readonly use: number;
  readonly available: number;
}

/** The mount with the longest path that holds the directory. */
export function diskOf(directory: string, disks: readonly Disk[]): Disk | undefined {
  const holding = disks.filter(
    ({ mount }) => mount === "/" || directory === mount || directory.startsWith(`${mount}/`),
  );
  return holding.toSorted((a, b) => b.mount.length - a.mount.length)[0];
}
