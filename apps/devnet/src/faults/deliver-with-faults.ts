import type { FaultTarget } from "./fault";
import type { FaultBook } from "./fault-book";

/**
 * One stream's outgoing messages, bent by the faults `drop`, `duplicate` and `reorder`. A reordered message waits for the next
 * one and follows it; `flush` releases it when no next one comes.
 */
export class FaultyDelivery<T> {
  #held: T | undefined;

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
      return;
    }
    this.send(message);
    if (this.faults.take(this.target, this.method, "duplicate") !== undefined) this.send(message);
    this.flush();
  }

  flush(): void {
    const held = this.#held;
    this.#held = undefined;
    if (held !== undefined) this.send(held);
  }
}
