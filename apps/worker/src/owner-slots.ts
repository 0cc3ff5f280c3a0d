/**
 * Gives each owner at most half of a queue's slots (rounded up), so that a backlog of one never keeps the others waiting.
 * An owner without a free slot waits here for a moment, because one of its own jobs may end at once; only then its wake goes back.
 */
export class OwnerSlots {
  private readonly held = new Map<string, number>();
  private readonly waiting = new Map<string, (() => void)[]>();
  private readonly perOwnerMax: number;

  constructor(
    slots: number,
    private readonly waitMs = WAIT_MS,
  ) {
    this.perOwnerMax = Math.ceil(slots / 2);
  }

  /** The function that gives the slot back, or undefined when none came free in time. */
  async acquire(owner: string): Promise<(() => void) | undefined> {
    if (this.count(owner) < this.perOwnerMax) this.held.set(owner, this.count(owner) + 1);
    // A slot that was waited for is handed over, so the count stays as it is.
    else if (!(await this.waitForTurn(owner))) return undefined;
    let isHeld = true;
    return () => {
      if (!isHeld) return;
      isHeld = false;
      this.giveBack(owner);
    };
  }

  private count(owner: string): number {
    return this.held.get(owner) ?? 0;
  }

  private waitForTurn(owner: string): Promise<boolean> {
    return new Promise((resolve) => {
      const queue = this.waiting.get(owner) ?? [];
      this.waiting.set(owner, queue);
      const timer = setTimeout(() => {
        queue.splice(queue.indexOf(turn), 1);
        if (queue.length === 0) this.waiting.delete(owner);
        resolve(false);
      }, this.waitMs);
      const turn = (): void => {
        clearTimeout(timer);
        resolve(true);
      };
      queue.push(turn);
    });
  }

  /** The slot goes straight to the owner's next waiter, without being free in between. */
  private giveBack(owner: string): void {
    const next = this.waiting.get(owner)?.shift();
    if (next !== undefined) return next();
    const left = this.count(owner) - 1;
    if (left === 0) this.held.delete(owner);
    else this.held.set(owner, left);
  }
}

/** A waiting wake occupies a worker slot; longer waits would be felt by other owners. */
const WAIT_MS = 50;
