import { setTimeout as delay } from "node:timers/promises";

/** Wakes a loop that waits between two rounds. A ring during a round counts: the next wait ends at once. */
export class Doorbell {
  private rung = new AbortController();

  ring(): void {
    this.rung.abort();
  }

  /** Resolves when it was rung since the last wait, after `ms`, or when the signal fires. */
  async wait(ms: number, signal: AbortSignal): Promise<void> {
    await delay(ms, undefined, { signal: AbortSignal.any([signal, this.rung.signal]) }).catch(() => undefined);
    this.rung = new AbortController();
  }
}
