import { randomUUID } from "node:crypto";

import { runDueSchedules } from "@arkrelay/core/jobs/run-due-schedules";
import { SCHEDULES, withCycle } from "@arkrelay/core/jobs/schedules";
import { DrizzleJobStore } from "@arkrelay/db/stores/job-store";
import { openTestDatabase, type TestDatabase } from "@arkrelay/db/testing/test-database";

const HOUR_MS = 3_600_000;

describe("the schedule table", () => {
  let test: TestDatabase;
  let now: Date;
  const stopped = new Set<string>();

  beforeAll(async () => {
    test = await openTestDatabase();
  });
  beforeEach(async () => {
    await test.empty();
    now = new Date("2026-01-01T00:00:30.000Z");
  });
  afterAll(() => test.close());

  /** A process that begins to schedule: it remembers nothing of what others did. */
  const startProcess = () => {
    let handled: ReadonlyMap<string, number> = new Map();
    const { transactions } = test.database;
    const deps = {
      transactions,
      jobs: new DrizzleJobStore(test.database),
      random: { uuid: randomUUID },
      clock: { now: () => now },
      pendingJobsMax: 1,
      isStopped: (service: string) => Promise.resolve(stopped.has(service)),
    };
    return async (schedules = SCHEDULES): Promise<readonly string[]> => {
      const due = await runDueSchedules(deps, schedules, { handled, periodScale: 1 });
      handled = due.handled;
      return due.wakes.map((wake) => wake.task);
    };
  };

  it("inserts one job per slot, whatever process looks and however often", async () => {
    const [first, second] = [startProcess(), startProcess()];
    expect(await first()).toEqual(SCHEDULES.map(({ task }) => task));
    expect([await first(), await second(), await startProcess()()]).toEqual([[], [], []]);
    now = new Date(now.getTime() + 300_000);
    expect(await second()).toEqual(["cleanup_expired_sessions", "watch_asset_supplies"]);
    expect(await first()).toEqual([]);
  });

  it("lets the slots of a service pass that an operator has stopped, and goes on with the next one", async () => {
    const run = startProcess();
    const schedules = [
      { name: "settling", task: "reconcile_ledger", everySeconds: 300, service: "settlement" },
      { name: "cleanup", task: "cleanup_old_logs", everySeconds: 300 },
    ] as const;
    stopped.add("settlement");
    expect(await run(schedules)).toEqual(["cleanup_old_logs"]);
    stopped.clear();
    expect(await run(schedules)).toEqual([]);
    now = new Date(now.getTime() + 300_000);
    expect(await run(schedules)).toEqual(["reconcile_ledger", "cleanup_old_logs"]);
  });

  it("begins slots that lie beside the whole when an operator wants them there", async () => {
    const run = startProcess();
    const schedules = withCycle([{ name: "settling", task: "reconcile_ledger", everySeconds: 300 }], "settling", {
      everySeconds: 3_600,
      offsetSeconds: 900,
    });
    expect(await run(schedules)).toEqual(["reconcile_ledger"]);
    now = new Date(now.getTime() + 869_000);
    expect(await run(schedules)).toEqual([]);
    now = new Date(now.getTime() + 1_000);
    expect(await run(schedules)).toEqual(["reconcile_ledger"]);
  });

  it("makes one run of all the slots that were missed", async () => {
    const run = startProcess();
    await run();
    now = new Date(now.getTime() + 48 * HOUR_MS);
    expect(await run()).toEqual(SCHEDULES.map(({ task }) => task));
    const rows = await test.database.select("SELECT dedupe_key FROM job_logs WHERE job_type = 'cleanup' ORDER BY id");
    expect(rows).toMatchObject([
      { dedupe_key: `schedule:cleanup:${Date.parse("2026-01-01T00:00:00Z")}` },
      { dedupe_key: `schedule:cleanup:${Date.parse("2026-01-03T00:00:00Z")}` },
    ]);
  });
});
