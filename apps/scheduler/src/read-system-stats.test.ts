import { diskOf, readSystemStats } from "./read-system-stats";

const disk = (mount: string) => ({ mount, use: 10, available: 1 });

describe("the machine's numbers", () => {
  it("are those of the disk that holds the directory, not of a namesake", () => {
    const disks = [disk("/"), disk("/work"), disk("/workspace"), disk("/work/main")];
    expect(diskOf("/work/main/apps", disks)?.mount).toBe("/work/main");
    expect(diskOf("/workspace2", disks)?.mount).toBe("/");
  });

  it("are plausible on the machine that runs this test", async () => {
    const stats = await readSystemStats(process.cwd());
    expect(stats.memoryAvailableMb).toBeGreaterThan(0);
    for (const percent of [stats.cpuPercent, stats.memoryPercent, stats.diskPercent]) {
      expect(percent).toBeGreaterThanOrEqual(0);
      expect(percent).toBeLessThanOrEqual(100);
    }
  });
});
