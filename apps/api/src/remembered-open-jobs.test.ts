import type { Tx } from "@arkrelay/core/ports/transactions";

import { rememberOpenJobs } from "./remembered-open-jobs";

const tx = {} as Tx;

describe("remembered open jobs", () => {
  it("counts its own calls on until it reads the database again", async () => {
    let nowMs = 0;
    let reads = 0;
    const jobs = rememberOpenJobs(
      {
        insert: () => Promise.reject(new Error("not asked for here")),
        countOpen: () => Promise.resolve({ inQueue: 10 * ++reads, inAll: 20 * reads }),
      },
      () => nowMs,
    );
    const inQueue = async (owner: string) => (await jobs.countOpen(tx, owner, "default")).inQueue;
    expect([await inQueue("a"), await inQueue("a"), await inQueue("a")]).toEqual([10, 11, 12]);
    expect(await inQueue("b")).toBe(20);
    nowMs = 251;
    expect(await inQueue("a")).toBe(30);
  });
});
