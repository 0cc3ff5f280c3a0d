import { setTimeout as delay } from "node:timers/promises";

import { toAppError } from "@arkrelay/core/errors";
import { decideOutboxResult, type RelayAnswer } from "@arkrelay/core/nostr/decide-outbox";
import type { Clock } from "@arkrelay/core/ports/clock";
import type { OutboxQueue, OutboxResult, OutboxRow } from "@arkrelay/core/ports/nostr-stores";
import type { RelayPool } from "@arkrelay/nostr/relay-pool";

export interface OutboxRelayerOptions {
  readonly relay: string;
  readonly pool: Pick<RelayPool, "publish" | "holds" | "isConnected">;
  readonly queue: OutboxQueue;
  readonly clock: Clock;
  /** Longest pause between two looks; `wake` shortens it. */
  readonly pollMs: number;
  readonly onResult: (row: OutboxRow, result: OutboxResult) => void;
  readonly signal: AbortSignal;
}

/** Events under way to one relay at once. Relays handle a socket's messages in order anyway. */
const IN_FLIGHT_MAX = 20;

/**
 * Sends what is due to one relay, for as long as the signal allows. Rows are told apart by the relay's own word: an OK makes a
 * row done, everything else leaves it for another try of the same bytes.
 */
export class OutboxRelayer {
  private readonly inFlight = new Map<bigint, Promise<void>>();
  private wakeUp: () => void = () => undefined;
  private failure: Error | undefined;

  constructor(private readonly options: OutboxRelayerOptions) {}

  /** Something was put into the outbox, or the relay came back. */
  wake(): void {
    this.wakeUp();
  }

  /** Rejects when the outbox cannot be read or written; what was under way has ended then. */
  async run(): Promise<void> {
    const { signal } = this.options;
    try {
      while (!signal.aborted && this.failure === undefined) {
        const woken = new Promise<void>((resolve) => (this.wakeUp = resolve));
        await this.startDue();
        await this.pauseUntil(woken);
      }
    } finally {
      await Promise.allSettled(this.inFlight.values());
    }
    if (this.failure !== undefined) throw this.failure;
  }

  /** Starts as many sends as fit; each that ends makes room and wakes the loop. */
  private async startDue(): Promise<void> {
    const { queue, relay } = this.options;
    const rows = await queue.listDue(relay, IN_FLIGHT_MAX + this.inFlight.size);
    const fresh = rows.filter((row) => !this.inFlight.has(row.id));
    if (!this.options.pool.isConnected(relay)) return this.closeOverdue(fresh);
    for (const row of fresh.slice(0, IN_FLIGHT_MAX - this.inFlight.size)) this.send(row);
  }

  /** A relay that is away is no failed try, so its rows stay due for the moment it comes back; only their time passes. */
  private async closeOverdue(rows: readonly OutboxRow[]): Promise<void> {
    const away: RelayAnswer = { kind: "unanswered", message: "not connected" };
    for (const row of rows) {
      const result = decideOutboxResult(row, away, this.options.clock.now());
      if (result.kind !== "retry") await this.record(row, result);
    }
  }

  private send(row: OutboxRow): void {
    const sending = this.sendAndRecord(row)
      .catch((error: unknown) => (this.failure ??= toAppError(error)))
      .then(() => {
        this.inFlight.delete(row.id);
        this.wakeUp();
      });
    this.inFlight.set(row.id, sending);
  }

  private async sendAndRecord(row: OutboxRow): Promise<void> {
    const answer = await this.publish(row);
    await this.record(row, decideOutboxResult(row, answer, this.options.clock.now()));
  }

  private async record(row: OutboxRow, result: OutboxResult): Promise<void> {
    await this.options.queue.record(row, result);
    this.options.onResult(row, result);
  }

  /** Relays say `duplicate` of events they dropped for a newer one too, so the event must be found there. */
  private async publish({ relay, event }: OutboxRow): Promise<RelayAnswer> {
    const outcome = await this.options.pool.publish(relay, event);
    if (outcome.kind !== "duplicate") return outcome;
    try {
      if (await this.options.pool.holds(relay, event.id)) return { kind: "accepted" };
      return { kind: "refused", final: false, message: "duplicate, but the relay does not have it" };
    } catch (error) {
      return { kind: "unanswered", message: `duplicate, unconfirmed: ${String(error)}` };
    }
  }

  private async pauseUntil(woken: Promise<void>): Promise<void> {
    const timer = new AbortController();
    const signal = AbortSignal.any([timer.signal, this.options.signal]);
    await Promise.race([woken, delay(this.options.pollMs, undefined, { signal }).catch(() => undefined)]);
    timer.abort();
  }
}
