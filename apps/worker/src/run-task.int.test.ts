import { randomUUID } from "node:crypto";

import { AppError, type ErrorCode } from "@arkrelay/core/errors";
import { requestJobCancel } from "@arkrelay/core/jobs/request-job-cancel";
import { retryJob } from "@arkrelay/core/jobs/retry-job";
import { DrizzleUserRecordStore } from "@arkrelay/db/stores/user-record-store";
import { openTestDatabase, type TestDatabase } from "@arkrelay/db/testing/test-database";

import { processUserDataTask } from "./handlers/process-user-data";
import { sampleTask } from "./handlers/sample-task";
import type { TaskHandlers } from "./task-handler";
import { startTestWorker, type TestWorker } from "./testing/test-worker";

const clock = { now: () => new Date() };
const alice = { principal: "alice", isAdmin: false, isSolver: true, isOpen: false, scopes: new Set<string>() };
const stranger = { ...alice, principal: "mallory" };

/** A promise somebody else resolves. */
function gate(): { readonly opened: Promise<void>; readonly open: () => void } {
  let open: () => void = () => undefined;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open };
}

describe("a worker", () => {
  let test: TestDatabase;
  let worker: TestWorker;

  beforeAll(async () => {
    test = await openTestDatabase();
  });
  beforeEach(() => test.empty());
  afterEach(() => worker.close());
  afterAll(() => test.close());

  const start = async (handlers: Partial<TaskHandlers>, slots?: number): Promise<void> => {
    worker = await startTestWorker(test, handlers, slots);
  };
  const insertAndWake = async (draft: Parameters<TestWorker["insert"]>[0] = {}): Promise<string> => {
    const { jobId, wakes } = await worker.insert(draft);
    await worker.wake(wakes);
    return jobId;
  };
  /** The end of a pause, without waiting for it. */
  const hurry = async (jobId: string): Promise<void> => {
    await test.database.write(
      "UPDATE job_logs SET run_at = NOW(3), wake_seq = wake_seq + 1, woken_at = NULL WHERE job_id = ?",
      [jobId],
    );
    await worker.sweep();
  };
  const lapse = (jobId: string): Promise<unknown> =>
    test.database.write("UPDATE job_logs SET attempt_lease_until = NOW(3) - INTERVAL 1 SECOND WHERE job_id = ?", [
      jobId,
    ]);

  it("completes sample_task with its progress and result", async () => {
    await start({ sample_task: sampleTask({ clock }) });
    const jobId = await insertAndWake({ payload: { v: 1, message: "hello" } });
    await worker.ends.of(jobId);
    expect(await worker.get(jobId)).toMatchObject({
      status: "completed",
      attempts: 1,
      resultData: { message: "hello", processed_at: expect.any(String) },
    });
    expect(await worker.jobs.listEvents(jobId, 0, 10)).toMatchObject([{ data: { percent: 50 } }]);
  });

  it("keeps the newest submission of process_user_data, whichever runs last", async () => {
    const records = new DrizzleUserRecordStore();
    await start({
      process_user_data: processUserDataTask({
        transactions: test.database.transactions,
        attempts: storesOf(),
        records,
        clock,
      }),
    });
    const draft = (value: number) => ({
      task: "process_user_data" as const,
      jobType: "user_signup",
      payload: { v: 1 as const, userId: "u1", actionType: "signup", data: { value } },
    });
    const older = await worker.insert(draft(1));
    const newer = await worker.insert(draft(2));
    await test.database.write("UPDATE job_logs SET created_at = created_at - INTERVAL 1 SECOND WHERE job_id = ?", [
      older.jobId,
    ]);
    await worker.wake(newer.wakes);
    await worker.ends.of(newer.jobId);
    await worker.wake(older.wakes);
    await worker.ends.of(older.jobId);
    expect(await worker.get(newer.jobId)).toMatchObject({
      jobType: "user_signup",
      resultData: { status: "completed", user_id: "u1", action: "signup", data_processed: 1, numeric: { value: 2 } },
    });
    expect(await test.database.select("SELECT data FROM user_records")).toMatchObject([{ data: { value: 2 } }]);
  });

  const storesOf = () => ({
    assertAttempt: (...args: Parameters<TestWorker["attempts"]["assertAttempt"]>) =>
      worker.attempts.assertAttempt(...args),
  });

  it("runs a row once, however often it is woken", async () => {
    let runs = 0;
    await start({ sample_task: async () => ({ result: { runs: ++runs } }) });
    const { jobId, wakes } = await worker.insert({});
    await Promise.all(Array.from({ length: 5 }, () => worker.wake(wakes)));
    await worker.ends.of(jobId);
    // Another job behind it: when that one has ended, a second wake of the first would have been worked on.
    await worker.wake(wakes);
    await worker.ends.of(await insertAndWake());
    expect(runs).toBe(2);
    expect((await worker.get(jobId)).attempts).toBe(1);
  });

  it("gives up at once what the error table calls permanent", async () => {
    await start({ sample_task: () => Promise.reject(new AppError("vtxo_spent")) });
    const jobId = await insertAndWake();
    await worker.ends.of(jobId);
    expect(await worker.get(jobId)).toMatchObject({
      status: "failed",
      attempts: 1,
      errorCode: "vtxo_spent",
      verdict: "never",
    });
  });

  it.each<[string, ErrorCode]>([
    ["what may pass", "daemon_unavailable"],
    ["what has no known outcome", "outcome_unknown"],
  ])("tries %s again until the tries are used up", async (_what, code) => {
    await start({ sample_task: () => Promise.reject(new AppError(code)) });
    const jobId = await insertAndWake();
    for (let tries = 1; tries <= 2; tries++) {
      await worker.ends.of(jobId, tries);
      expect(await worker.get(jobId)).toMatchObject({ status: "pending", attempts: tries, errorCode: code });
      await hurry(jobId);
    }
    await worker.ends.of(jobId, 3);
    expect(await worker.get(jobId)).toMatchObject({ status: "failed", attempts: 3, deadAt: expect.any(Date) });
  });

  it("fails a job whose stored payload no longer fits its task", async () => {
    await start({ sample_task: sampleTask({ clock }) });
    const { jobId, wakes } = await worker.insert({});
    await test.database.write("UPDATE job_logs SET payload = '{\"v\":9}' WHERE job_id = ?", [jobId]);
    await worker.wake(wakes);
    await worker.ends.of(jobId);
    expect(await worker.get(jobId)).toMatchObject({ status: "failed", errorCode: "invalid_request" });
  });

  it("takes over from a dead worker without using up a try", async () => {
    await start({ sample_task: sampleTask({ clock }) });
    const { jobId } = await worker.insert({});
    await worker.attempts.take("sample_task", [jobId]);
    await lapse(jobId);
    expect(await worker.sweep()).toMatchObject({ released: 1 });
    await worker.ends.of(jobId);
    expect(await worker.get(jobId)).toMatchObject({ status: "completed", attempts: 1, lostAttempts: 1 });
  });

  it("refuses what a stalled attempt still tries to write", async () => {
    const stalled = gate();
    const seen = gate();
    let runs = 0;
    await start({
      sample_task: async ({ attempt }) => {
        if (++runs > 1) return { result: { run: "second" } };
        seen.open();
        await stalled.opened;
        await test.database.transactions.run((tx) => worker.attempts.assertAttempt(tx, attempt));
        return { result: { run: "first" } };
      },
    });
    const jobId = await insertAndWake();
    await seen.opened;
    await lapse(jobId);
    await worker.sweep();
    await worker.ends.of(jobId);
    stalled.open();
    await worker.workers.drain(10_000);
    expect(await worker.get(jobId)).toMatchObject({ status: "completed", attempts: 1, resultData: { run: "second" } });
    expect(worker.ends.list).toHaveLength(1);
  });

  it("finds a row whose wake was lost", async () => {
    await start({ sample_task: sampleTask({ clock }) });
    const { jobId } = await worker.insert({});
    await worker.sweep();
    await worker.ends.of(jobId);
    expect((await worker.get(jobId)).status).toBe("completed");
  });

  it("loses no job and runs none twice when the queue is wiped among 200 of them", async () => {
    const wiped = gate();
    const half = gate();
    let runs = 0;
    await start({
      sample_task: async ({ attempt }) => {
        if (++runs === 60) half.open();
        if (runs >= 60) await wiped.opened;
        await test.database.transactions.run(async (tx) => {
          await worker.attempts.assertAttempt(tx, attempt);
          // The effect: a second run of the same job would break its unique key.
          await test.database.write(
            "INSERT INTO user_records (owner, user_id, action_type, sha256, data, updated_at) VALUES ('x', ?, 'run', '', '1', NOW(3))",
            [attempt.rowKey],
          );
        });
        return {};
      },
    });
    await worker.sweep();
    const inserted = await Promise.all(Array.from({ length: 200 }, () => worker.insert({ owner: "system" })));
    await worker.wake(inserted.flatMap((job) => job.wakes));
    await half.opened;
    await worker.wipeQueue();
    wiped.open();
    expect(await worker.sweep()).toMatchObject({ queueWasLost: true });
    await worker.ends.until(() => worker.ends.list.length >= 200);
    expect(worker.ends.list.filter((end) => end.kind !== "done")).toEqual([]);
    expect(await worker.jobs.stats()).toMatchObject({ total: 200, completed: 200, failed: 0, running: 0 });
    expect(await test.database.select("SELECT COUNT(*) AS n FROM user_records")).toMatchObject([{ n: 200 }]);
  });

  it("stops a running job that its owner cancels, and nobody else may", async () => {
    const started = gate();
    await start({
      sample_task: ({ signal }) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener("abort", () => reject(signal.reason as Error));
          started.open();
        }),
    });
    const jobId = await insertAndWake();
    await started.opened;
    const cancel = (caller: typeof alice) =>
      test.database.transactions.run((tx) => requestJobCancel({ jobs: worker.jobs }, tx, { jobId, caller }));
    await expect(cancel(stranger)).rejects.toMatchObject({ code: "not_found" });
    expect(await cancel(alice)).toMatchObject({ status: "running", cancelRequested: true });
    await worker.ends.of(jobId);
    expect(await worker.get(jobId)).toMatchObject({ status: "cancelled" });
    await expect(cancel(alice)).rejects.toMatchObject({ code: "job_not_cancellable" });
  });

  it("runs a failed job again when its owner retries it, but not while a payment of it is unknown", async () => {
    let fails = true;
    await start({ sample_task: () => (fails ? Promise.reject(new AppError("vtxo_spent")) : Promise.resolve({})) });
    const jobId = await insertAndWake();
    await worker.ends.of(jobId);
    const retry = () =>
      test.database.transactions.run((tx) => retryJob({ jobs: worker.jobs }, tx, { jobId, caller: alice }));
    await test.database.write(
      "INSERT INTO external_calls (service, kind, business_key, job_id, request, state, at) VALUES ('arkd', 'submit', ?, ?, '{}', 'unknown', NOW(3))",
      [randomUUID(), jobId],
    );
    await expect(retry()).rejects.toMatchObject({ code: "outcome_unknown" });
    await test.database.write("DELETE FROM external_calls");
    fails = false;
    await worker.wake((await retry()).wakes);
    await worker.ends.of(jobId, 2);
    expect(await worker.get(jobId)).toMatchObject({ status: "completed", attempts: 2 });
    await expect(retry()).rejects.toMatchObject({ code: "job_not_retryable" });
  });

  it("hands a job back unharmed when its process stops", async () => {
    const started = gate();
    await start({
      sample_task: ({ signal }) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener("abort", () => reject(signal.reason as Error));
          started.open();
        }),
    });
    const jobId = await insertAndWake();
    await started.opened;
    await worker.workers.drain(0);
    expect(await worker.get(jobId)).toMatchObject({ status: "pending", attempts: 0, lostAttempts: 0 });
  });

  it("gives a new owner's job the next free slot, behind another's backlog", async () => {
    const go = gate();
    await start({ sample_task: () => go.opened.then(() => ({})) }, 4);
    const backlog = await Promise.all(Array.from({ length: 300 }, () => worker.insert({ owner: "hog" })));
    await worker.wake(backlog.flatMap((job) => job.wakes));
    const { jobId, wakes } = await worker.insert({ owner: "newcomer" });
    await worker.wake(wakes);
    go.open();
    await worker.ends.of(jobId);
    expect(worker.ends.list.findIndex((end) => end.rowKey === jobId)).toBeLessThan(50);
  });
});
