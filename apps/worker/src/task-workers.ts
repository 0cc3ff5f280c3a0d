import { QUEUES, queuedTask, type QueueName } from "@arkrelay/core/jobs/catalog";
import type { Logger } from "@arkrelay/runtime/logger";
import {
  startWakeConsumer,
  type WakeAnswer,
  type WakeConsumer,
  type WakeConsumerOptions,
} from "@arkrelay/tasks/wake-consumer";
import type { ReceivedWake } from "@arkrelay/tasks/wake-message";

import type { LiveAttempts } from "./live-attempts";
import type { OpenEndings } from "./open-endings";
import { OwnerSlots } from "./owner-slots";

type RunWake = (wake: ReceivedWake) => Promise<WakeAnswer>;

export interface TaskWorkersOptions {
  readonly queues: readonly QueueName[];
  readonly slotsOf: (queue: QueueName) => number;
  readonly connection: WakeConsumerOptions["connection"];
  readonly namespace?: string;
  readonly live: LiveAttempts;
  readonly endings: OpenEndings;
  readonly run: RunWake;
  readonly log: Logger;
}

export interface TaskWorkers {
  /** Takes nothing more, lets running handlers end for `patienceMs`, then hands the rest back. Resolves when all is written. */
  drain(patienceMs: number): Promise<void>;
}

/** flows 8.1: the wake of an owner whose slots are taken. */
const PUT_BACK_MS = 200;

/** One consumer per queue this process takes. */
export function startTaskWorkers(options: TaskWorkersOptions): TaskWorkers {
  const consumers = options.queues.map((queue) => startConsumer(options, queue));
  return { drain: (patienceMs) => drain(options, consumers, patienceMs) };
}

function startConsumer(options: TaskWorkersOptions, queue: QueueName): WakeConsumer {
  const slots = options.slotsOf(queue);
  const owners = new OwnerSlots(slots);
  return startWakeConsumer({
    queue,
    slots,
    connection: options.connection,
    ...(options.namespace === undefined ? {} : { namespace: options.namespace }),
    handle: (wake) => handleFairly(owners, wake, options.run),
    onError: (error) => options.log.warn("a queue connection reported an error", { queue, error }),
  });
}

async function handleFairly(owners: OwnerSlots, wake: ReceivedWake, run: RunWake): Promise<WakeAnswer> {
  if (wake.owner === undefined || !queuedTask(wake.task).fair) return run(wake);
  const release = await owners.acquire(wake.owner);
  if (release === undefined) return { kind: "put_back", delayMs: PUT_BACK_MS };
  try {
    return await run(wake);
  } finally {
    release();
  }
}

async function drain(
  options: TaskWorkersOptions,
  consumers: readonly WakeConsumer[],
  patienceMs: number,
): Promise<void> {
  const closed = Promise.all(consumers.map((consumer) => consumer.close()));
  const timer = setTimeout(() => options.live.stopAll(), patienceMs);
  await closed;
  await options.endings.settle();
  clearTimeout(timer);
}

/** The queues named by WORKER_QUEUES, or all. */
export function selectQueues(names: readonly string[] | undefined): readonly QueueName[] {
  if (names === undefined) return QUEUES;
  return QUEUES.filter((queue) => names.includes(queue));
}
