import { openTestDatabase, type TestDatabase } from "../testing/test-database";
import { addCounters } from "./counter-store";
import { readSharedMetrics } from "./read-shared-metrics";

let test: TestDatabase;
beforeAll(async () => {
  test = await openTestDatabase();
});
afterAll(() => test.close());

describe("the metrics every exporter shares", () => {
  it("are empty on an empty database and count finished jobs since installation", async () => {
    expect(await readSharedMetrics(test.database)).toEqual({
      activeSessions: [],
      queues: [],
      jobsProcessed: [],
      inventory: [],
      assetSupplies: [],
      trouble: {
        ceremoniesAccepted: { count: 0, oldestSeconds: 0 },
        payoutsAccepted: [],
        unknownPayments: { lift: { count: 0, oldestSeconds: 0 }, land: { count: 0, oldestSeconds: 0 } },
        liftsLost: 0,
        poisoned: { session: 0, payout: 0 },
      },
      ledgerDrift: [],
    });
    await test.database.transactions.run(async (tx) =>
      addCounters(tx, [
        { scope: "jobs", subject: "cleanup", name: "completed", n: 2 },
        { scope: "jobs", subject: "cleanup", name: "inserted", n: 3 },
      ]),
    );
    const { jobsProcessed } = await readSharedMetrics(test.database);
    expect(jobsProcessed).toEqual([{ jobType: "cleanup", status: "completed", count: 2 }]);
  });
});
