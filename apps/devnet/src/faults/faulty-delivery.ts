import type { FaultTarget } from "./fault";
import type { FaultBook } from "./fault-book";

/** A message held back by `reorder` goes out after this time when no other message overtakes it: late, but not lost. */
const REORDER_WAIT_MS = 500;

/** One stream's outgoing messages, bent by the faults `drop`, `duplicate` and `reorder`. */
export class FaultyDelivery<T> {
  #held: T | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly faults: FaultBook,
    private readonly target: FaultTarget,
    private readonly method: string,
    private readonly send: (message: T) => void,
  ) {}

  deliver(message: T): void {
    if (this.faults.take(this.target, this.method, "drop") !== undefined) return;
    if (this.#held === undefined && this.faults.take(this.target, this.method, "reorder") !== undefined) {
      this.#held = message;
      this.#timer = setTimeout(() => this.#release(), REORDER_WAIT_MS);
      return;
    }
    this.send(message);
    if (this.faults.take(this.target, this.method, "duplicate") !== undefined) this.send(message);
    this.#release();
  }

  /** Forgets a held message: its stream is gone. */
  close(): void {
    clearTimeout(this.#timer);
    this.#held = undefined;
  }

  #release(): void {
    clearTimeout(this.#timer);
    const held = this.#held;
    this.#held = undefined;
    if (held !== undefined) this.send(held);
  }
}
