import { Queue } from "bullmq";
import type { Redis } from "ioredis";

import { QUEUES, type QueueName } from "@arkrelay/core/jobs/catalog";

import { DEFAULT_NAMESPACE, queuePrefix } from "./queue-keys";
import type { WakeData } from "./wake-message";

export interface WakeQueuesOptions {
  /**
   * Shared by all queues and closed by its owner. Opened with the offline queue off: a producer must fail at once when Redis is
   * away, instead of piling up wakes that the sweeper sends anyway.
   */
  readonly connection: Redis;
  readonly namespace?: string;
  /** A connection's error events; the calls that met them fail by themselves. */
  readonly onError: (error: Error) => void;
}

/** Producer side of every queue of the catalog. */
export interface WakeQueues {
  get(queue: QueueName): Queue<WakeData>;
  close(): Promise<void>;
}

/** Nobody reads BullMQ's event streams (10,000 entries per queue by default). */
const EVENTS_KEPT = 100;

export function openWakeQueues(options: WakeQueuesOptions): WakeQueues {
  const namespace = options.namespace ?? DEFAULT_NAMESPACE;
  const open = (name: QueueName): [QueueName, Queue<WakeData>] => {
    const queue = new Queue<WakeData>(name, {
      connection: options.connection,
      prefix: queuePrefix(name, namespace),
      streams: { events: { maxLen: EVENTS_KEPT } },
      skipVersionCheck: true,
    });
    queue.on("error", options.onError);
    return [name, queue];
  };
  const queues = new Map(QUEUES.map(open));
  return {
    get: (name) => queues.get(name) as Queue<WakeData>,
    close: async () => void (await Promise.all([...queues.values()].map((queue) => queue.close()))),
  };
}
