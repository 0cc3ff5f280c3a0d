import { DelayedError, Worker, type Job } from "bullmq";
import type { Redis } from "ioredis";

import type { QueueName } from "@arkrelay/core/jobs/catalog";

import { DEFAULT_NAMESPACE, queuePrefix } from "./queue-keys";
import { parseWakeMessage, type ReceivedWake, type WakeData } from "./wake-message";

/** `done`: the wake is used up, whatever became of the row. `put_back`: deliver it again after the pause. */
export type WakeAnswer = { readonly kind: "done" } | { readonly kind: "put_back"; readonly delayMs: number };

export interface WakeConsumerOptions {
  readonly queue: QueueName;
  /** Opened for a worker: maxRetriesPerRequest null, so that it waits for Redis. Closed by its owner. */
  readonly connection: Redis;
  /** Wakes handled at the same time. */
  readonly slots: number;
  readonly namespace?: string;
  /** Must not throw for what went wrong with the work: that is in the row. A throw only drops the wake. */
  readonly handle: (wake: ReceivedWake) => Promise<WakeAnswer>;
  readonly onError: (error: Error) => void;
}

export interface WakeConsumer {
  /** Takes no further wake; resolves at once. */
  pause(): Promise<void>;
  /** Waits for the wakes in hand, then closes its own connections. */
  close(): Promise<void>;
}

/** BullMQ's own idea of a stalled job is ignored: the row's lease decides, so a wake may be delivered as often as it likes. */
const STALLED_COUNT_MAX = 1_000_000;
const LOCK_DURATION_MS = 60_000;
/** After Redis was away the loop asks again this often (BullMQ waits 15 s by default). */
const RETRY_DELAY_MS = 1_000;

/** Takes wakes from one queue and hands them to `handle`, `slots` at a time. */
export function startWakeConsumer(options: WakeConsumerOptions): WakeConsumer {
  const worker = new Worker<WakeData>(options.queue, (job, token) => deliver(options, job, token), {
    connection: options.connection,
    prefix: queuePrefix(options.queue, options.namespace ?? DEFAULT_NAMESPACE),
    concurrency: options.slots,
    maxStalledCount: STALLED_COUNT_MAX,
    lockDuration: LOCK_DURATION_MS,
    runRetryDelay: RETRY_DELAY_MS,
    skipVersionCheck: true,
  });
  worker.on("error", options.onError);
  return {
    pause: () => worker.pause(true),
    close: () => worker.close(),
  };
}

async function deliver(options: WakeConsumerOptions, job: Job<WakeData>, token: string | undefined): Promise<void> {
  const wake = parseWakeMessage(job.name, job.data);
  if (wake === undefined) return options.onError(new Error(`dropped an unknown wake ${job.name}`));
  const answer = await options.handle(wake);
  if (answer.kind === "done") return;
  await job.moveToDelayed(Date.now() + answer.delayMs, token);
  throw new DelayedError();
}
