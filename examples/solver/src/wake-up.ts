/** Wakes whoever waits; a ring that comes while nobody waits is kept. */
export class WakeUp {
  #wake: (() => void) | undefined;
  #isRung = false;

  ring(): void {
    this.#isRung = true;
    this.#wake?.();
  }

  /** Returns after a ring, after `timeoutMs`, or when the signal fires. */
  async wait(timeoutMs: number, signal: AbortSignal): Promise<void> {
    if (!this.#isRung && !signal.aborted) {
      await new Promise<void>((resolve) => {
        const done = (): void => {
          clearTimeout(timer);
          signal.removeEventListener("abort", done);
          resolve();
        };
        const timer = setTimeout(done, timeoutMs);
        this.#wake = done;
        signal.addEventListener("abort", done, { once: true });
      });
    }
    this.#isRung = false;
    this.#wake = undefined;
  }
}
