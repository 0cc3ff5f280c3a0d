/** Ends being written at one time; above that a finished handler keeps its slot, so that a slow database slows the work down. */
const OPEN_MAX = 200;

/**
 * Ends of attempts on their way to the database, outside the worker's slots. A slot is for handlers: while an end is written the
 * next one may run, and under load many ends share a transaction. A process that dies meanwhile loses nothing, because the
 * row's lease lapses and the work is looked up again.
 */
export class OpenEndings {
  private readonly open = new Set<Promise<void>>();

  /** Resolves at once unless too many are open. `ending` must not reject. */
  async track(ending: Promise<void>): Promise<void> {
    const tracked = ending.finally(() => this.open.delete(tracked));
    this.open.add(tracked);
    while (this.open.size > OPEN_MAX) await Promise.race(this.open);
  }

  /** Resolves when all are written. */
  async settle(): Promise<void> {
    while (this.open.size > 0) await Promise.all(this.open);
  }
}
