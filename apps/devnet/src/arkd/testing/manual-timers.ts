interface Timer {
  readonly ms: number;
  readonly run: () => void;
}

/** Timers that fire when a test says so, in the order of their delays. */
export class ManualTimers {
  readonly #timers = new Set<Timer>();

  readonly schedule = (ms: number, run: () => void): (() => void) => {
    const timer = { ms, run };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  };

  get count(): number {
    return this.#timers.size;
  }

  /** Fires the timer that is due first. Throws when there is none. */
  fire(): void {
    const [next] = [...this.#timers].toSorted((left, right) => left.ms - right.ms);
    if (next === undefined) throw new Error("no timer is set");
    this.#timers.delete(next);
    next.run();
  }
}
