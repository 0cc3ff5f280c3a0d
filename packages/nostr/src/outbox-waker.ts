import type { Wake, Waker } from "@arkrelay/core/ports/waker";

/** Redis channel on which the relayer listens. A lost message costs at most its poll period. */
export const OUTBOX_WAKE_CHANNEL = "arkrelay:wake:outbox";

export interface OutboxWakerOptions {
  readonly waker: Waker;
  /** Publishes an empty message on OUTBOX_WAKE_CHANNEL. */
  readonly publish: () => Promise<unknown>;
}

/** How long after an insert its commit may come; wakes within it tell the relayer too. */
const COMMIT_WITHIN_MS = 5_000;

/**
 * Tells the relayer about new outbox rows once they are committed. The outbox reports inserts (`onInsert`), which happen before
 * the commit; use cases wake after it. So every wake shortly after an insert is passed on: too often is harmless, and the
 * relayer looks by itself every second anyway.
 */
export function createOutboxWaker(options: OutboxWakerOptions): {
  readonly waker: Waker;
  readonly onInsert: () => void;
} {
  let insertedAt = -Infinity;
  return {
    onInsert: () => void (insertedAt = performance.now()),
    waker: {
      async wake(wakes: readonly Wake[]): Promise<void> {
        if (performance.now() - insertedAt < COMMIT_WITHIN_MS) {
          // Not awaited and never failing: the answer of a request must not hang on it.
          options.publish().catch(() => undefined);
        }
        await options.waker.wake(wakes);
      },
    },
  };
}
