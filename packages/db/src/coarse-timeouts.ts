/** How late a timeout may fire: nobody cares whether 5 s are 5.05 s. */
const TICK_MS = 50;

export interface CoarseTimeout {
  readonly expiresAt: number;
  readonly onExpire: () => void;
}

/**
 * Timeouts for what nearly always ends in time. One timer looks at all of them; a timer each would cost a third of a
 * statement's CPU.
 */
export class CoarseTimeouts {
  private readonly pending = new Set<CoarseTimeout>();
  private timer: NodeJS.Timeout | undefined;

  start(timeoutMs: number, onExpire: () => void): CoarseTimeout {
    const timeout = { expiresAt: performance.now() + timeoutMs, onExpire };
    this.pending.add(timeout);
    this.timer ??= setInterval(() => this.tick(), TICK_MS);
    return timeout;
  }

  /** False when it has expired (or was cancelled) already. */
  cancel(timeout: CoarseTimeout): boolean {
    return this.pending.delete(timeout);
  }

  private tick(): void {
    const now = performance.now();
    for (const timeout of this.pending) {
      if (timeout.expiresAt > now) continue;
      this.pending.delete(timeout);
      timeout.onExpire();
    }
    // Idle: no timer keeps the process alive or busy.
    if (this.pending.size > 0) return;
    clearInterval(this.timer);
    this.timer = undefined;
  }
}
