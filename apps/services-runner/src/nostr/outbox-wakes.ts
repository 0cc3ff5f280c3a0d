import { OUTBOX_WAKE_CHANNEL } from "@arkrelay/nostr/outbox-waker";
import type { openRedis } from "@arkrelay/runtime/redis";

/** Passes wakes of the outbox on to whoever relays it in this process. */
export interface OutboxWakes {
  /** Returns how to stop listening. */
  listen(wake: () => void): () => void;
}

/** Listens on a connection of its own: a subscribed Redis connection can do nothing else. */
export function openOutboxWakes(redis: ReturnType<typeof openRedis>): OutboxWakes {
  const listeners = new Set<() => void>();
  redis.on("message", () => listeners.forEach((wake) => wake()));
  // While Redis is away the relayer's own look every second has to do; ioredis subscribes again by itself.
  redis.subscribe(OUTBOX_WAKE_CHANNEL).catch(() => undefined);
  return {
    listen(wake) {
      listeners.add(wake);
      return () => void listeners.delete(wake);
    },
  };
}
