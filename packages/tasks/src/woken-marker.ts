import type { WokenMarks } from "@arkrelay/core/jobs/sweep-store";
import type { Wake } from "@arkrelay/core/ports/waker";

export interface WokenMarkerOptions {
  readonly marks: WokenMarks;
  readonly onError: (error: unknown) => void;
  readonly delayMs?: number;
  readonly batchSize?: number;
}

/** Many wakes, one UPDATE: long enough to gather them and to let quick jobs finish unmarked, short against the sweeper's period. */
const DELAY_MS = 250;
const BATCH_SIZE = 500;
/** While the database is away marks are dropped, not hoarded: an unmarked row is only woken once more. */
const WAITING_MAX = 20_000;

/**
 * Notes confirmed wakes in the rows, off the request's path. Best effort: what is never marked, because the process died or the
 * database refused, the sweeper wakes a second time under the same id.
 */
export class WokenMarker {
  private waiting: Wake[] = [];
  private timer: NodeJS.Timeout | undefined;
  private writing: Promise<void> = Promise.resolve();

  constructor(private readonly options: WokenMarkerOptions) {}

  add(wakes: readonly Wake[]): void {
    if (this.waiting.length + wakes.length > WAITING_MAX) return;
    this.waiting.push(...wakes);
    this.timer ??= setTimeout(() => void this.flush(), this.options.delayMs ?? DELAY_MS);
  }

  /** Writes what is waiting; resolves when it is written. Called before the database is closed. */
  flush(): Promise<void> {
    clearTimeout(this.timer);
    this.timer = undefined;
    const wakes = this.waiting;
    this.waiting = [];
    this.writing = this.writing.then(() => this.write(wakes));
    return this.writing;
  }

  private async write(wakes: readonly Wake[]): Promise<void> {
    const size = this.options.batchSize ?? BATCH_SIZE;
    for (let start = 0; start < wakes.length; start += size) {
      try {
        await this.options.marks.markWoken(wakes.slice(start, start + size));
      } catch (error) {
        this.options.onError(error);
      }
    }
  }
}
