import { randomUUID } from "node:crypto";
import { PassThrough } from "node:stream";

import type { Attempt } from "@arkrelay/core/jobs/attempt-store";
import { QUEUES, STATE_TABLES } from "@arkrelay/core/jobs/catalog";
import type { AttemptEnd } from "@arkrelay/core/jobs/decide-attempt-end";
import { insertJob, type InsertJobDeps } from "@arkrelay/core/jobs/insert-job";
import type { Job, JobDraft } from "@arkrelay/core/jobs/job";
import { sweepJobs, type SweepReport } from "@arkrelay/core/jobs/sweep-jobs";
import type { Wake } from "@arkrelay/core/ports/waker";
import { DrizzleAttemptStore } from "@arkrelay/db/stores/job-attempt-store";
import { DrizzleEpochStore } from "@arkrelay/db/stores/job-epoch-store";
import { DrizzleJobStore } from "@arkrelay/db/stores/job-store";
import { DrizzleSweepStore } from "@arkrelay/db/stores/job-sweep-store";
import type { TestDatabase } from "@arkrelay/db/testing/test-database";
import { createLogger } from "@arkrelay/runtime/logger";
import { closeRedis, openRedis, waitForRedis } from "@arkrelay/runtime/redis";
import { testRedisUrl } from "@arkrelay/runtime/testing/test-redis";
import { BullWaker } from "@arkrelay/tasks/bull-waker";
import { queueEpochKey } from "@arkrelay/tasks/queue-epoch-key";
import { openWakeQueues } from "@arkrelay/tasks/wake-queues";
import { WokenMarker } from "@arkrelay/tasks/woken-marker";

import { AttemptBatches } from "../attempt-batches";
import { LiveAttempts } from "../live-attempts";
import { OpenEndings } from "../open-endings";
import { runTask } from "../run-task";
import type { TaskHandlers } from "../task-handler";
import { startTaskWorkers } from "../task-workers";

const clock = { now: () => new Date() };

/** Everything a worker process has, with handlers of the test's own, on the test database and a namespace of its own in Redis. */
export async function startTestWorker(test: TestDatabase, handlers: Partial<TaskHandlers>, slots = 8) {
  const namespace = `arkrelay-test-worker-${process.env["JEST_WORKER_ID"] ?? "1"}`;
  const producer = openRedis({ url: testRedisUrl(), role: "producer" });
  const consumer = openRedis({ url: testRedisUrl(), role: "worker" });
  await Promise.all([waitForRedis(producer, 5_000), waitForRedis(consumer, 5_000)]);
  const wipeQueue = async (): Promise<void> => {
    const keys = (await producer.keys("*")).filter(
      (key) => key.startsWith(`{${namespace}:`) || key.startsWith(`${namespace}:`),
    );
    if (keys.length > 0) await producer.del(...keys);
  };
  await wipeQueue();

  // Failures are what these tests make; the rows show them.
  const log = createLogger({ service: "worker-test", stream: new PassThrough().resume() });
  const jobs = new DrizzleJobStore(test.database);
  const attempts = new DrizzleAttemptStore(test.database, { leaseSeconds: 20 });
  const sweepStore = new DrizzleSweepStore(test.database, { unwokenSeconds: 0, overdueSeconds: 60 });
  const queues = openWakeQueues({ connection: producer, namespace, onError: () => undefined });
  const marker = new WokenMarker({ marks: sweepStore, onError: () => undefined });
  const lost: Wake[] = [];
  const waker = new BullWaker({
    queues,
    budgetMs: 5_000,
    onWoken: (wakes) => marker.add(wakes),
    onLost: (wakes) => lost.push(...wakes),
  });
  const live = new LiveAttempts({
    store: attempts,
    leaseMs: 20_000,
    cancelPollMs: 20,
    heedMs: 1_000,
    onError: () => undefined,
  });
  const ends = new Ends();
  const endings = new OpenEndings();
  const deps = {
    handlers: handlers as TaskHandlers,
    batches: new AttemptBatches(attempts),
    live,
    endings,
    attempts,
    waker,
    log,
    onEnd: (attempt: Attempt, end: AttemptEnd) => ends.add(attempt.rowKey, end.kind),
  };
  const workers = startTaskWorkers({
    queues: QUEUES,
    slotsOf: () => slots,
    connection: consumer,
    namespace,
    live,
    endings,
    log,
    run: (wake) => runTask(deps, wake),
  });
  const insertDeps: InsertJobDeps = { jobs, random: { uuid: randomUUID }, clock, pendingJobsMax: 100_000 };
  const redisEpoch = queueEpochKey(producer, namespace);
  const databaseEpoch = new DrizzleEpochStore(test.database);

  return {
    jobs,
    attempts,
    workers,
    ends,
    wipeQueue,
    wake: (wakes: readonly Wake[]) => waker.wake(wakes),
    insert: async (draft: Partial<JobDraft>): Promise<{ jobId: string; wakes: readonly Wake[] }> => {
      const full = { task: "sample_task", payload: { v: 1, message: "hi" }, owner: "alice", ...draft } as JobDraft;
      return test.database.transactions.run((tx) => insertJob(insertDeps, tx, full));
    },
    get: async (jobId: string): Promise<Job> => {
      const job = await jobs.findByJobId(jobId);
      if (job === undefined) throw new Error(`no job ${jobId}`);
      return job;
    },
    sweep: (): Promise<SweepReport> =>
      sweepJobs({
        store: sweepStore,
        waker,
        tables: STATE_TABLES,
        random: { uuid: randomUUID },
        epoch: {
          readQueue: redisEpoch.read,
          writeQueue: redisEpoch.write,
          readDatabase: () => databaseEpoch.read(),
          writeDatabase: (epoch) => databaseEpoch.write(epoch),
        },
      }),
    close: async (): Promise<void> => {
      await workers.drain(0);
      live.close();
      await marker.flush();
      await queues.close();
      await wipeQueue();
      await Promise.all([closeRedis(producer), closeRedis(consumer)]);
      await log.close();
    },
  };
}

export type TestWorker = Awaited<ReturnType<typeof startTestWorker>>;

/** Ends of attempts in the order they were written, and promises for those to come. */
class Ends {
  readonly list: { readonly rowKey: string; readonly kind: AttemptEnd["kind"] }[] = [];
  private readonly watchers = new Set<() => void>();

  add(rowKey: string, kind: AttemptEnd["kind"]): void {
    this.list.push({ rowKey, kind });
    for (const watch of this.watchers) watch();
  }

  /** Resolves when the row's attempt number `count` has ended. */
  of(rowKey: string, count = 1): Promise<void> {
    return this.until(() => this.list.filter((end) => end.rowKey === rowKey).length >= count);
  }

  until(condition: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const watch = (): void => {
        if (!condition()) return;
        this.watchers.delete(watch);
        resolve();
      };
      this.watchers.add(watch);
      watch();
    });
  }
}
