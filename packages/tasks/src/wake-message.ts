import type { BulkJobOptions } from "bullmq";

import { assert } from "@arkrelay/core/errors";
import { queuedTask, isQueuedTask, isTaskName, type QueueName, type QueuedTaskName } from "@arkrelay/core/jobs/catalog";
import type { Wake } from "@arkrelay/core/ports/waker";

/** What lies in Redis for one wake: never the payload, which stays in the row. `o` = owner, in fair queues only. */
export interface WakeData {
  readonly k: string;
  readonly s: number;
  readonly o?: string;
}

export interface WakeMessage {
  readonly name: QueuedTaskName;
  readonly data: WakeData;
  readonly opts: BulkJobOptions;
}

export function queueOf(wake: Wake): QueueName {
  assert(isQueuedTask(wake.task), `${wake.task} has no queue`);
  return queuedTask(wake.task).queue;
}

/**
 * The id makes waking twice harmless while the first wake is still there. BullMQ keeps a finished job under its id and would then
 * swallow later wakes, hence both remove options; its own retries stay off, because a retry is a new wake of the row.
 */
export function toWakeMessage(wake: Wake, nowMs: number): WakeMessage {
  assert(isQueuedTask(wake.task), `${wake.task} has no queue`);
  const owner = wake.owner === undefined ? {} : { o: wake.owner };
  const priority = wake.priority === undefined ? {} : { priority: wake.priority };
  return {
    name: wake.task,
    data: { k: wake.rowKey, s: wake.wakeSeq, ...owner },
    opts: {
      jobId: `${wake.rowKey}-${wake.wakeSeq}`,
      delay: Math.max(0, wake.runAt.getTime() - nowMs),
      attempts: 1,
      removeOnComplete: true,
      removeOnFail: true,
      ...priority,
    },
  };
}

/** A wake as a worker gets it: when it was due no longer matters. */
export interface ReceivedWake {
  readonly task: QueuedTaskName;
  readonly rowKey: string;
  readonly wakeSeq: number;
  readonly owner: string | undefined;
}

/** undefined for what this release does not know: the row stays, and the release that wrote it will be woken again by the sweeper. */
export function parseWakeMessage(name: string, data: unknown): ReceivedWake | undefined {
  if (!isTaskName(name) || !isQueuedTask(name) || !isWakeData(data)) return undefined;
  return { task: name, rowKey: data.k, wakeSeq: data.s, owner: data.o };
}

function isWakeData(data: unknown): data is WakeData {
  if (typeof data !== "object" || data === null) return false;
  const { k, s, o } = data as Partial<Record<keyof WakeData, unknown>>;
  return typeof k === "string" && typeof s === "number" && (o === undefined || typeof o === "string");
}
