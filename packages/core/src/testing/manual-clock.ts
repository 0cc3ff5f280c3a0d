import type { Clock } from "../ports/clock";

/** A clock that stands still until it is told to move. Starts at the real time, since the database has its own clock. */
export class ManualClock implements Clock {
  constructor(private atMs: number) {}

  now(): Date {
    return new Date(this.atMs);
  }

  advance(ms: number): void {
    this.atMs += ms;
  }
}
