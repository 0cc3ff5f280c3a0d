import type { SolverFile, SwapRecord } from "./solver-file.js";

/** One order on its way: its record as it is on disk, and the ways to change that. */
export class SwapProgress {
  readonly #file: SolverFile;
  #swap: SwapRecord;

  constructor(file: SolverFile, swap: SwapRecord) {
    this.#file = file;
    this.#swap = swap;
  }

  get swap(): SwapRecord {
    return this.#swap;
  }

  note(change: Partial<SwapRecord>): void {
    this.#put({ ...this.#swap, ...change });
  }

  /** Back into the queue; what was submitted has ended without effect. */
  queueAgain(reason: string): void {
    const { attempt: _ended, ...rest } = this.#swap;
    this.#put({ ...rest, status: "waiting", reason });
  }

  /** Nothing has to be repeated any more, so what would be repeated is not kept. */
  end(change: Pick<SwapRecord, "status"> & Partial<SwapRecord>): void {
    const { attempt: _attempt, event: _event, reason: _reason, ...rest } = this.#swap;
    this.#put({ ...rest, ...change });
  }

  #put(swap: SwapRecord): void {
    this.#swap = swap;
    this.#file.put(swap);
  }
}
