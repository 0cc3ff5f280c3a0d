import type { Clock } from "@arkrelay/core/ports/clock";
import type { Metrics } from "@arkrelay/runtime/metrics";

/**
 * How long a daemon's stream has not been known to be alive, as its listener finds out by looking: 0 when the look finds it alive, else
 * the seconds since it was last (since the listener began, when it never was). Who does not listen has no lag to show.
 */
export class StreamLag {
  private aliveAt: Date;

  constructor(
    private readonly gauge: Metrics["listenerLag"],
    private readonly stream: string,
    private readonly clock: Clock,
  ) {
    this.aliveAt = clock.now();
  }

  isAlive(): void {
    this.aliveAt = this.clock.now();
    this.gauge.set({ stream: this.stream }, 0);
  }

  isSilent(): void {
    this.gauge.set({ stream: this.stream }, (this.clock.now().getTime() - this.aliveAt.getTime()) / 1000);
  }

  end(): void {
    this.gauge.remove({ stream: this.stream });
  }
}
