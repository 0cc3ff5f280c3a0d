import { DrizzleRetentionStore } from "@arkrelay/db/stores/retention-store";
import { openTestDatabase, type TestDatabase } from "@arkrelay/db/testing/test-database";

import { startTestWorker, type TestWorker } from "../testing/test-worker";
import { cleanupOldLogsTask } from "./cleanup-old-logs";

const clock = { now: () => new Date() };

describe("cleanup_old_logs", () => {
  let test: TestDatabase;
  let worker: TestWorker;

  beforeAll(async () => {
    test = await openTestDatabase();
    const retention = new DrizzleRetentionStore(test.database);
    const keep = { metricsDays: 30, jobDays: 30, eventDays: 90 };
    worker = await startTestWorker(test, { cleanup_old_logs: cleanupOldLogsTask({ retention, clock, keep }) });
  });
  afterAll(async () => {
    await worker.close();
    await test.close();
  });

  const insertOldJobs = async (status: string): Promise<void> => {
    await worker.insert({});
    await test.database.write(
      "UPDATE job_logs SET status = ?, finished_at = NOW(3) - INTERVAL 31 DAY WHERE status = 'pending'",
      [status],
    );
  };
  /** information_schema only serves as something that has enough rows. */
  const insertOldBeats = (count: number): Promise<unknown> =>
    test.database.write(
      `INSERT INTO heartbeats (service_name, instance, is_alive, timestamp)
       SELECT 'api', 'i', TRUE, NOW(3) - INTERVAL 31 DAY FROM information_schema.columns LIMIT ?`,
      [count],
    );
  const run = async () => {
    const { jobId, wakes } = await worker.insert({ task: "cleanup_old_logs", payload: { v: 1 }, owner: "system" });
    await worker.wake(wakes);
    await worker.ends.of(jobId);
    return worker.get(jobId);
  };

  it("deletes what is past its age in as many batches as it takes, and no job that still runs", async () => {
    await insertOldJobs("completed");
    await insertOldJobs("running");
    await insertOldBeats(1_100);
    expect(await run()).toMatchObject({
      status: "completed",
      resultData: { total_deleted: 1_101, deleted: { jobs: 1, heartbeats: 1_100 } },
    });
    const left = await test.database.select("SELECT status FROM job_logs WHERE job_type = 'sample_task'");
    expect(left).toMatchObject([{ status: "running" }]);
    expect(await run()).toMatchObject({ resultData: { total_deleted: 0 } });
  });

  it("deletes webhook deliveries 90 days after their end, and none that is still to be made", async () => {
    const insertDelivery = (id: string, status: string, ageDays: number, endedDays: number | null) =>
      test.database.write(
        `INSERT INTO webhook_deliveries (delivery_id, endpoint_id, owner, event_id, event_type, object_key, body, status, attempt_log,
           priority, created_at, finished_at)
         VALUES (?, 1, 'key:a', ?, 'job.completed', 'job:1', '{}', ?, '[]', 1, NOW(3) - INTERVAL ? DAY, NOW(3) - INTERVAL ? DAY)`,
        [id, id, status, ageDays, endedDays],
      );
    await insertDelivery("old", "delivered", 92, 91);
    await insertDelivery("old-failed", "failed", 92, 91);
    await insertDelivery("ended-lately", "delivered", 92, 89);
    await insertDelivery("waiting", "pending", 200, null);
    expect(await run()).toMatchObject({ resultData: { deleted: { webhook_deliveries: 2 } } });
    const left = await test.database.select("SELECT delivery_id FROM webhook_deliveries ORDER BY id");
    expect(left).toEqual([{ delivery_id: "ended-lately" }, { delivery_id: "waiting" }]);
  });
});
