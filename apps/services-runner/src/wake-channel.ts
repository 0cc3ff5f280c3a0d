import type { openRedis } from "@arkrelay/runtime/redis";

/** Passes the wakes of one Redis channel on to whoever works on them in this process. */
export interface WakeChannel {
  /** Returns how to stop listening. */
  listen(wake: () => void): () => void;
}

/** Listens on a connection of its own, which several channels may share: a subscribed Redis connection can do nothing else. */
export function openWakeChannel(redis: ReturnType<typeof openRedis>, channel: string): WakeChannel {
  const listeners = new Set<() => void>();
  redis.on("message", (from: string) => {
    if (from === channel) listeners.forEach((wake) => wake());
  });
  // While Redis is away the listeners' own look every second has to do; ioredis subscribes again by itself.
  redis.subscribe(channel).catch(() => undefined);
  return {
    listen(wake) {
      listeners.add(wake);
      return () => void listeners.delete(wake);
    },
  };
}
