import { AppError } from "@arkrelay/core/errors";
import { QUEUES, type QueueName } from "@arkrelay/core/jobs/catalog";

import type { WakeQueues } from "./wake-queues";

/** What Redis knows of a queue. Failed jobs and the oldest one's age are read from the rows (`JobStore.listQueueRows`). */
export interface QueueStatus {
  readonly name: QueueName;
  readonly waiting: number;
  readonly active: number;
  readonly delayed: number;
  /** Connections that take wakes from this queue: one per worker process. */
  readonly workers: number;
}

const TIMEOUT_MS = 2_000;

/** Throws `queue_unavailable` when Redis is away or slow: the one place where the queue itself is read. */
export async function readQueueStatus(queues: WakeQueues, timeoutMs = TIMEOUT_MS): Promise<readonly QueueStatus[]> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer from Redis within ${timeoutMs} ms`)), timeoutMs);
  });
  try {
    return await Promise.race([Promise.all(QUEUES.map((name) => readOne(queues, name))), late]);
  } catch (error) {
    throw new AppError("queue_unavailable", { cause: error, retryAfterSeconds: 5 });
  } finally {
    clearTimeout(timer);
  }
}

async function readOne(queues: WakeQueues, name: QueueName): Promise<QueueStatus> {
  const queue = queues.get(name);
  const [counts, workers] = await Promise.all([
    queue.getJobCounts("waiting", "prioritized", "active", "delayed"),
    queue.getWorkersCount(),
  ]);
  const count = (state: string): number => counts[state] ?? 0;
  return {
    name,
    waiting: count("waiting") + count("prioritized"),
    active: count("active"),
    delayed: count("delayed"),
    workers,
  };
}
