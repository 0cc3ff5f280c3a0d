import { randomUUID } from "node:crypto";

import type { Attempt, TakeOutcome } from "@arkrelay/core/jobs/attempt-store";
import type { JobTaskName } from "@arkrelay/core/jobs/catalog";
import { insertJob, type InsertJobDeps } from "@arkrelay/core/jobs/insert-job";
import type { JobDraft } from "@arkrelay/core/jobs/job";
import type { JobStatus } from "@arkrelay/core/jobs/job-state";

import { openTestDatabase, type TestDatabase } from "../testing/test-database";
import { DrizzleAttemptStore } from "./job-attempt-store";
import { DrizzleJobStore } from "./job-store";
import { DrizzleSweepStore } from "./job-sweep-store";

const FAILURE = { verdict: "backoff", errorCode: "internal_error", error: "it broke" } as const;

describe("jobs in the database", () => {
  let test: TestDatabase;
  let jobs: DrizzleJobStore;
  let attempts: DrizzleAttemptStore;
  let sweep: DrizzleSweepStore;
  let deps: InsertJobDeps;

  beforeAll(async () => {
    test = await openTestDatabase();
    jobs = new DrizzleJobStore(test.database);
    attempts = new DrizzleAttemptStore(test.database, { leaseSeconds: 20 });
    sweep = new DrizzleSweepStore(test.database, { unwokenSeconds: 0, overdueSeconds: 60 });
    deps = { jobs, random: { uuid: randomUUID }, clock: { now: () => new Date() }, pendingJobsMax: 100 };
  });
  beforeEach(() => test.empty());
  afterAll(() => test.close());

  const insert = (over: Partial<JobDraft> = {}): Promise<{ jobId: string; wakes: readonly unknown[] }> =>
    test.database.transactions.run((tx) =>
      insertJob(deps, tx, {
        task: "sample_task",
        payload: { v: 1, message: "hi" },
        owner: "alice",
        ...over,
      } as JobDraft),
    );
  const takeOne = async (jobId: string, task: JobTaskName = "sample_task"): Promise<TakeOutcome> => {
    const [outcome] = await attempts.take(task, [jobId]);
    return outcome ?? { kind: "dropped" };
  };
  const taken = async (jobId: string): Promise<Attempt> => {
    const outcome = await takeOne(jobId);
    if (outcome.kind !== "taken") throw new Error(`not taken: ${outcome.kind}`);
    return outcome.attempt;
  };
  const statusOf = async (jobId: string): Promise<JobStatus | undefined> => (await jobs.findByJobId(jobId))?.status;
  /** What a dead worker leaves behind, without waiting for it. */
  const lapse = (jobId: string): Promise<unknown> =>
    test.database.write("UPDATE job_logs SET attempt_lease_until = NOW(3) - INTERVAL 1 SECOND WHERE job_id = ?", [
      jobId,
    ]);
  const history = async (jobId: string): Promise<readonly unknown[]> =>
    (
      await test.database.select(
        "SELECT a.outcome FROM job_attempts a JOIN job_logs j ON j.id = a.job_id WHERE j.job_id = ? ORDER BY a.attempt",
        [jobId],
      )
    ).map((row) => row["outcome"]);

  it("insert once per dedupe key and bring the first job back", async () => {
    const first = await insert({ dedupeKey: "schedule:cleanup:1" });
    const second = await insert({ dedupeKey: "schedule:cleanup:1" });
    expect(second.jobId).toBe(first.jobId);
    expect([first.wakes.length, second.wakes.length]).toEqual([1, 0]);
  });

  it("free a single-flight key when its job ends", async () => {
    const first = await insert({ dedupeKey: "sync:x", singleFlight: true });
    expect((await insert({ dedupeKey: "sync:x", singleFlight: true })).jobId).toBe(first.jobId);
    await attempts.end([{ attempt: await taken(first.jobId), end: { kind: "done" } }]);
    expect((await insert({ dedupeKey: "sync:x", singleFlight: true })).jobId).not.toBe(first.jobId);
  });

  it("refuse an owner's job above its cap, and only that owner's", async () => {
    deps = { ...deps, pendingJobsMax: 2 };
    await insert();
    await insert();
    await expect(insert()).rejects.toMatchObject({ code: "rate_limited" });
    await expect(insert({ owner: "bob" })).resolves.toBeDefined();
    deps = { ...deps, pendingJobsMax: 100 };
  });

  it("queue an owner's jobs further back the more it has waiting", async () => {
    for (let count = 0; count < 3; count++) await insert();
    const other = await insert({ owner: "bob" });
    expect((await insert()).wakes).toMatchObject([{ priority: 4, owner: "alice" }]);
    expect(other.wakes).toMatchObject([{ priority: 1, owner: "bob" }]);
  });

  it("give a row to exactly one of many workers", async () => {
    const { jobId } = await insert();
    const outcomes = await Promise.all(Array.from({ length: 10 }, () => takeOne(jobId)));
    expect(outcomes.filter((outcome) => outcome.kind === "taken")).toHaveLength(1);
    expect(outcomes.filter((outcome) => outcome.kind === "dropped")).toHaveLength(9);
  });

  it("send a wake that comes too early back to its time", async () => {
    const { jobId } = await insert({ runAt: new Date(Date.now() + 60_000) });
    expect(await takeOne(jobId)).toMatchObject({ kind: "early" });
  });

  it("take and end many rows at once", async () => {
    const ids = await Promise.all(Array.from({ length: 20 }, async () => (await insert()).jobId));
    const outcomes = await attempts.take("sample_task", ids);
    const ends = outcomes.flatMap((outcome) =>
      outcome.kind === "taken" ? [{ attempt: outcome.attempt, end: { kind: "done" } as const }] : [],
    );
    expect(ends).toHaveLength(20);
    expect(await attempts.end(ends)).toEqual(Array.from({ length: 20 }, () => ({ kind: "ended", wake: undefined })));
    expect(await jobs.stats()).toMatchObject({ total: 20, completed: 20, failed: 0, running: 0 });
  });

  it("complete with result, duration and one line of history", async () => {
    const { jobId } = await insert();
    await attempts.end([
      { attempt: await taken(jobId), end: { kind: "done", result: { ok: true }, message: "finished" } },
    ]);
    const job = await jobs.findByJobId(jobId);
    expect(job).toMatchObject({ status: "completed", attempts: 1, resultData: { ok: true }, message: "finished" });
    expect(job?.durationSeconds).toBeCloseTo(
      ((job?.finishedAt?.getTime() ?? 0) - (job?.startedAt?.getTime() ?? 0)) / 1000,
      1,
    );
    expect(await history(jobId)).toEqual(["done"]);
  });

  it("put a failed try back under a new wake at its time", async () => {
    const { jobId } = await insert();
    const [end] = await attempts.end([
      { attempt: await taken(jobId), end: { kind: "retry", delayMs: 1_500, ...FAILURE } },
    ]);
    expect(end).toMatchObject({ kind: "ended", wake: { rowKey: jobId, wakeSeq: 2 } });
    const job = await jobs.findByJobId(jobId);
    expect(job).toMatchObject({ status: "pending", attempts: 1, errorCode: "internal_error", verdict: "backoff" });
    expect((job?.runAt.getTime() ?? 0) - (job?.updatedAt.getTime() ?? 0)).toBe(1_500);
  });

  it("refuse every write of an attempt that lost its row", async () => {
    const { jobId } = await insert();
    const stale = await taken(jobId);
    await lapse(jobId);
    await sweep.releaseLapsed("job_logs", 100);
    const current = await taken(jobId);

    expect(await attempts.end([{ attempt: stale, end: { kind: "done" } }])).toEqual([{ kind: "stale" }]);
    await expect(attempts.reportProgress(stale, [{ percent: 50, message: "half" }])).rejects.toThrow("no longer valid");
    await expect(test.database.transactions.run((tx) => attempts.assertAttempt(tx, stale))).rejects.toThrow(
      "no longer valid",
    );
    expect(await attempts.renew([stale, current])).toEqual([stale]);
    expect(await statusOf(jobId)).toBe("running");
    expect(await attempts.end([{ attempt: current, end: { kind: "done" } }])).toMatchObject([{ kind: "ended" }]);
  });

  it("end the live attempts of a group although one of them is stale", async () => {
    const lost = await insert();
    const live = await insert();
    const stale = await taken(lost.jobId);
    const alive = await taken(live.jobId);
    await lapse(lost.jobId);
    await sweep.releaseLapsed("job_logs", 100);
    const ends = [stale, alive].map((attempt) => ({ attempt, end: { kind: "done" as const } }));
    expect(await attempts.end(ends)).toEqual([{ kind: "stale" }, { kind: "ended", wake: undefined }]);
    expect([await statusOf(lost.jobId), await statusOf(live.jobId)]).toEqual(["pending", "completed"]);
    expect(await jobs.stats()).toMatchObject({ completed: 1 });
  });

  it("use up no try for a lost worker, and give up at the fifth", async () => {
    const { jobId } = await insert();
    for (let lost = 1; lost <= 4; lost++) {
      await taken(jobId);
      await lapse(jobId);
      expect(await sweep.releaseLapsed("job_logs", 100)).toMatchObject({
        wakes: [{ rowKey: jobId, wakeSeq: lost + 1 }],
        deadRowKeys: [],
      });
    }
    expect(await jobs.findByJobId(jobId)).toMatchObject({ status: "pending", attempts: 0, lostAttempts: 4 });
    await taken(jobId);
    await lapse(jobId);
    expect(await sweep.releaseLapsed("job_logs", 100)).toEqual({ wakes: [], deadRowKeys: [jobId] });
    expect(await jobs.findByJobId(jobId)).toMatchObject({
      status: "failed",
      errorCode: "worker_lost",
      deadAt: expect.any(Date),
    });
    expect(await history(jobId)).toEqual(Array(5).fill("lost"));
    expect(await jobs.stats()).toMatchObject({ failed: 1 });
  });

  it("keep a live attempt from the sweeper", async () => {
    const { jobId } = await insert();
    const attempt = await taken(jobId);
    await lapse(jobId);
    expect(await attempts.renew([attempt])).toEqual([]);
    expect(await sweep.releaseLapsed("job_logs", 100)).toEqual({ wakes: [], deadRowKeys: [] });
  });

  it("hand a job back without using up a try", async () => {
    const { jobId } = await insert();
    await attempts.end([{ attempt: await taken(jobId), end: { kind: "handed_back" } }]);
    expect(await jobs.findByJobId(jobId)).toMatchObject({ status: "pending", attempts: 0 });
    expect(await takeOne(jobId)).toMatchObject({ kind: "taken" });
  });

  it("look in again at the time their handler asks for, which uses up no try and is no history", async () => {
    const { jobId } = await insert();
    const runAgainAt = new Date(Date.now() + 60_000);
    const [end] = await attempts.end([
      { attempt: await taken(jobId), end: { kind: "done", message: "still waiting", runAgainAt } },
    ]);
    expect(end).toMatchObject({ kind: "ended", wake: { rowKey: jobId, wakeSeq: 2, runAt: runAgainAt } });
    const job = await jobs.findByJobId(jobId);
    expect(job).toMatchObject({ status: "pending", attempts: 0, message: "still waiting", runAt: runAgainAt });
    expect(await history(jobId)).toEqual([]);
    expect(await takeOne(jobId)).toMatchObject({ kind: "early" });
  });

  it("store progress in order and show the last line as the message", async () => {
    const { jobId } = await insert();
    const attempt = await taken(jobId);
    await attempts.reportProgress(attempt, [{ percent: 10, message: "begun" }]);
    const late = [
      { percent: 50, message: "halfway" },
      { percent: 90, message: "almost" },
    ];
    await attempts.end([{ attempt, end: { kind: "done" }, progress: late }]);
    expect(await jobs.listEvents(jobId, 0, 10)).toMatchObject([
      { seq: 1, data: { percent: 10, message: "begun" } },
      { seq: 2, data: { percent: 50, message: "halfway" } },
      { seq: 3, data: { percent: 90, message: "almost" } },
    ]);
    expect(await jobs.listEvents(jobId, 2, 10)).toHaveLength(1);
    expect((await jobs.findByJobId(jobId))?.message).toBe("almost");
  });

  it("cancel a pending job at once and a running one on request", async () => {
    const pending = await insert();
    const running = await insert();
    const attempt = await taken(running.jobId);
    await test.database.transactions.run(async (tx) => {
      expect(await jobs.cancelPending(tx, pending.jobId, "not needed")).toBe(true);
      expect(await jobs.cancelPending(tx, running.jobId, undefined)).toBe(false);
      expect(await jobs.requestCancel(tx, running.jobId)).toBe(true);
    });
    expect(await statusOf(pending.jobId)).toBe("cancelled");
    expect(await attempts.listCancelRequested([attempt])).toEqual([attempt]);
    await attempts.end([{ attempt, end: { kind: "cancelled" } }]);
    expect(await statusOf(running.jobId)).toBe("cancelled");
    expect(await test.database.transactions.run((tx) => jobs.countOpen(tx, "alice", "default"))).toEqual({
      inQueue: 0,
      inAll: 0,
    });
  });

  it("re-open a failed job with a fresh budget under the same id", async () => {
    const { jobId } = await insert();
    await attempts.end([{ attempt: await taken(jobId), end: { kind: "failed", ...FAILURE } }]);
    const wake = await test.database.transactions.run((tx) => jobs.reopen(tx, jobId, 3));
    expect(wake).toMatchObject({ rowKey: jobId, wakeSeq: 2, owner: "alice" });
    expect(await jobs.findByJobId(jobId)).toMatchObject({
      status: "pending",
      attempts: 1,
      maxAttempts: 4,
      deadAt: undefined,
    });
    expect(await test.database.transactions.run((tx) => jobs.reopen(tx, jobId, 3))).toBeUndefined();
  });

  it("find rows whose wake was never confirmed, until it is", async () => {
    const { jobId } = await insert();
    const unwoken = await sweep.listUnwoken("job_logs", 10);
    expect(unwoken).toMatchObject([{ rowKey: jobId, wakeSeq: 1, priority: 1, owner: "alice" }]);
    await sweep.markWoken(unwoken);
    expect(await sweep.listUnwoken("job_logs", 10)).toEqual([]);
  });

  it("leave the mark of an old wake off a row that has a new one", async () => {
    const { jobId } = await insert();
    const oldWakes = await sweep.listUnwoken("job_logs", 10);
    await attempts.end([{ attempt: await taken(jobId), end: { kind: "handed_back" } }]);
    await sweep.markWoken(oldWakes);
    expect(await sweep.listUnwoken("job_logs", 10)).toMatchObject([{ rowKey: jobId, wakeSeq: 2 }]);
  });

  it("wake overdue rows again, a minute at a time", async () => {
    const { jobId } = await insert();
    await test.database.write("UPDATE job_logs SET woken_at = NOW(3) - INTERVAL 61 SECOND");
    expect(await sweep.takeOverdue("job_logs", 10)).toMatchObject([{ rowKey: jobId, wakeSeq: 1 }]);
    expect(await sweep.takeOverdue("job_logs", 10)).toEqual([]);
  });

  it("page through everything runnable, due or not", async () => {
    await insert();
    await insert({ runAt: new Date(Date.now() + 60_000) });
    await insert();
    const first = await sweep.listRunnable("job_logs", 0n, 2);
    const second = await sweep.listRunnable("job_logs", first.nextAfterId ?? 0n, 2);
    expect([first.wakes.length, second.wakes.length, second.nextAfterId]).toEqual([2, 1, undefined]);
  });

  it("list an owner's jobs newest first, page by page", async () => {
    for (let count = 0; count < 3; count++) await insert();
    await insert({ owner: "bob" });
    const first = await jobs.list({ owner: "alice" }, { limit: 2 });
    const beforeId = first.at(-1)?.id ?? 0n;
    const rest = await jobs.list({ owner: "alice" }, { limit: 2, beforeId });
    expect([first.length, rest.length]).toEqual([2, 1]);
    expect(await jobs.list({ status: "pending", jobType: "sample_task" }, { limit: 10 })).toHaveLength(4);
  });

  it("report the oldest waiting row and the dead ones per queue", async () => {
    await insert();
    const { jobId } = await insert();
    await attempts.end([{ attempt: await taken(jobId), end: { kind: "failed", ...FAILURE } }]);
    const row = (await jobs.listQueueRows()).find((candidate) => candidate.queue === "default");
    expect(row).toMatchObject({ failed: 1, oldestSeconds: expect.any(Number) });
  });
});

describe("rows of other aggregates", () => {
  let test: TestDatabase;
  let attempts: DrizzleAttemptStore;
  let sweep: DrizzleSweepStore;

  beforeAll(async () => {
    test = await openTestDatabase();
    attempts = new DrizzleAttemptStore(test.database, { leaseSeconds: 20 });
    sweep = new DrizzleSweepStore(test.database, { unwokenSeconds: 0, overdueSeconds: 60 });
  });
  beforeEach(() => test.empty());
  afterAll(() => test.close());

  const insertEvent = async (eventId: string): Promise<void> => {
    await test.database.write(
      `INSERT INTO nostr_events (event_id, kind, pubkey, created_at, direction, status, received_at, next_at)
       VALUES (?, 31510, ?, NOW(3), 'in', 'pending', NOW(3), NOW(3))`,
      [eventId, "a".repeat(64)],
    );
  };
  const take = async (eventId: string): Promise<Attempt> => {
    const [outcome] = await attempts.take("nostr_process", [eventId]);
    if (outcome?.kind !== "taken") throw new Error(`not taken: ${outcome?.kind}`);
    return outcome.attempt;
  };

  it("run again when somebody woke them while they ran", async () => {
    await insertEvent("e1");
    const attempt = await take("e1");
    await test.database.write(
      "UPDATE nostr_events SET wake_seq = wake_seq + 1, next_at = NOW(3) WHERE event_id = 'e1'",
    );
    const [end] = await attempts.end([{ attempt, end: { kind: "done" } }]);
    expect(end).toMatchObject({ kind: "ended", wake: { task: "nostr_process", rowKey: "e1", wakeSeq: 3 } });
    const [again] = await attempts.end([{ attempt: await take("e1"), end: { kind: "done" } }]);
    expect(again).toEqual({ kind: "ended", wake: undefined });
  });

  it("keep the later time their own handler set", async () => {
    await insertEvent("e2");
    const attempt = await take("e2");
    await test.database.write("UPDATE nostr_events SET next_at = NOW(3) + INTERVAL 60 SECOND WHERE event_id = 'e2'");
    const [end] = await attempts.end([{ attempt, end: { kind: "done" } }]);
    expect(end).toMatchObject({ kind: "ended", wake: { rowKey: "e2", wakeSeq: 2 } });
    expect(await attempts.take("nostr_process", ["e2"])).toMatchObject([{ kind: "early" }]);
  });

  it("come back at the time their handler asks for, unless somebody has news earlier", async () => {
    await insertEvent("e5");
    const runAgainAt = new Date(Date.now() + 60_000);
    const [later] = await attempts.end([{ attempt: await take("e5"), end: { kind: "done", runAgainAt } }]);
    expect(later).toMatchObject({ wake: { wakeSeq: 2, runAt: runAgainAt } });
    await test.database.write("UPDATE nostr_events SET next_at = NOW(3), wake_seq = wake_seq + 1");
    const attempt = await take("e5");
    await test.database.write("UPDATE nostr_events SET next_at = NOW(3), wake_seq = wake_seq + 1");
    await attempts.end([{ attempt, end: { kind: "done", runAgainAt } }]);
    expect(await take("e5")).toBeDefined();
  });

  it("are put back after a lost worker and closed after the fifth", async () => {
    await insertEvent("e3");
    for (let lost = 1; lost <= 5; lost++) {
      await take("e3");
      await test.database.write("UPDATE nostr_events SET attempt_lease_until = NOW(3) - INTERVAL 1 SECOND");
      const { wakes, deadRowKeys } = await sweep.releaseLapsed("nostr_events", 10);
      expect([wakes.length, deadRowKeys.length]).toEqual(lost < 5 ? [1, 0] : [0, 1]);
    }
    const [row] = await test.database.select("SELECT status, error_code, next_at FROM nostr_events");
    expect(row).toMatchObject({ status: "failed", error_code: "worker_lost", next_at: null });
  });

  it("are woken again when their wake was lost", async () => {
    await insertEvent("e4");
    const unwoken = await sweep.listUnwoken("nostr_events", 10);
    expect(unwoken).toMatchObject([{ task: "nostr_process", rowKey: "e4", wakeSeq: 1 }]);
    await sweep.markWoken(unwoken);
    expect(await sweep.listUnwoken("nostr_events", 10)).toEqual([]);
  });
});
