import type { Redis } from "ioredis";

import { DEFAULT_NAMESPACE } from "./queue-keys";

/** The value in Redis that tells whether it still is the Redis the wakes were put into. */
export interface QueueEpochKey {
  read(): Promise<string | undefined>;
  write(epoch: string): Promise<void>;
}

export function queueEpochKey(connection: Redis, namespace: string = DEFAULT_NAMESPACE): QueueEpochKey {
  const key = `${namespace}:epoch`;
  return {
    read: async () => (await connection.get(key)) ?? undefined,
    write: async (epoch) => void (await connection.set(key, epoch)),
  };
}
