import type { Attempt, AttemptStore } from "@arkrelay/core/jobs/attempt-store";
import { queuedTask, type QueuedTaskName } from "@arkrelay/core/jobs/catalog";

/** Why a handler is told to end: cancelled by a person, out of time, out of its lease, or the process stops. */
export type StopReason = "cancelled" | "deadline" | "stale" | "shutdown";

/** The reason of a handler's AbortSignal. */
export class AttemptStopped extends Error {
  constructor(readonly reason: StopReason) {
    super(`the attempt was stopped: ${reason}`);
    this.name = "AttemptStopped";
  }
}

export interface LiveAttempt {
  readonly attempt: Attempt;
  readonly signal: AbortSignal;
  /** Rejects when the handler does not heed its signal: it is left behind, its further writes are refused by the token. */
  readonly abandoned: Promise<never>;
  stopReason(): StopReason | undefined;
}

export interface LiveAttemptsOptions {
  readonly store: Pick<AttemptStore, "renew" | "listCancelRequested">;
  readonly leaseMs: number;
  readonly onError: (error: unknown) => void;
  readonly cancelPollMs?: number;
  /** Deadline of one attempt; by default the catalog's. */
  readonly limitMsOf?: (task: QueuedTaskName) => number;
  /** How long a handler may take to heed its signal. */
  readonly heedMs?: number;
}

/** flows 8.1: a 20 s lease is renewed every 5 s. */
const RENEWALS_PER_LEASE = 4;
/** A cancel reaches a running handler within this. */
const CANCEL_POLL_MS = 1_000;
const HEED_MS = 5_000;

/** All attempts this process works on: keeps their leases alive with one UPDATE and tells their handlers when to stop. */
export class LiveAttempts {
  private readonly live = new Map<string, Entry>();
  private readonly timers: NodeJS.Timeout[];
  private readonly options: Required<LiveAttemptsOptions>;
  private renewedAt = performance.now();

  constructor(options: LiveAttemptsOptions) {
    this.options = {
      cancelPollMs: CANCEL_POLL_MS,
      heedMs: HEED_MS,
      limitMsOf: (task) => queuedTask(task).limitMs,
      ...options,
    };
    this.timers = [
      setInterval(() => void this.renew(), options.leaseMs / RENEWALS_PER_LEASE),
      setInterval(() => void this.pollCancels(), this.options.cancelPollMs),
    ];
  }

  get size(): number {
    return this.live.size;
  }

  add(attempt: Attempt): LiveAttempt {
    const entry = new Entry(attempt, this.options.limitMsOf(attempt.task), this.options.heedMs);
    this.live.set(attempt.token + attempt.rowKey, entry);
    return entry;
  }

  remove(attempt: Attempt): void {
    this.live.get(attempt.token + attempt.rowKey)?.clear();
    this.live.delete(attempt.token + attempt.rowKey);
  }

  /** The process stops: running handlers end now and their rows go back. */
  stopAll(): void {
    for (const entry of this.live.values()) entry.stop("shutdown");
  }

  close(): void {
    for (const timer of this.timers) clearInterval(timer);
  }

  private async renew(): Promise<void> {
    const sentAt = performance.now();
    const attempts = this.attempts();
    if (attempts.length === 0) {
      this.renewedAt = sentAt;
      return;
    }
    try {
      for (const attempt of await this.options.store.renew(attempts)) this.stop(attempt, "stale");
      this.renewedAt = sentAt;
    } catch (error) {
      this.options.onError(error);
      // Leases we could not renew for a whole term may be somebody else's by now; the database would refuse our writes anyway.
      if (sentAt - this.renewedAt >= this.options.leaseMs) for (const entry of this.live.values()) entry.stop("stale");
    }
  }

  private async pollCancels(): Promise<void> {
    const attempts = this.attempts();
    if (attempts.length === 0) return;
    try {
      for (const attempt of await this.options.store.listCancelRequested(attempts)) this.stop(attempt, "cancelled");
    } catch (error) {
      this.options.onError(error);
    }
  }

  private attempts(): readonly Attempt[] {
    return [...this.live.values()].map(({ attempt }) => attempt);
  }

  private stop(attempt: Attempt, reason: StopReason): void {
    this.live.get(attempt.token + attempt.rowKey)?.stop(reason);
  }
}

class Entry implements LiveAttempt {
  private readonly controller = new AbortController();
  private readonly deadline: NodeJS.Timeout;
  private heedTimer: NodeJS.Timeout | undefined;
  private reason: StopReason | undefined;
  private abandon: (error: Error) => void = () => undefined;
  readonly abandoned: Promise<never>;

  constructor(
    readonly attempt: Attempt,
    limitMs: number,
    private readonly heedMs: number,
  ) {
    this.abandoned = new Promise<never>((_resolve, reject) => {
      this.abandon = reject;
    });
    this.abandoned.catch(() => undefined);
    this.deadline = setTimeout(() => this.stop("deadline"), limitMs);
  }

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  stopReason(): StopReason | undefined {
    return this.reason;
  }

  /** The first reason counts. */
  stop(reason: StopReason): void {
    if (this.reason !== undefined) return;
    this.reason = reason;
    const stopped = new AttemptStopped(reason);
    this.controller.abort(stopped);
    this.heedTimer = setTimeout(() => this.abandon(stopped), this.heedMs);
  }

  clear(): void {
    clearTimeout(this.deadline);
    clearTimeout(this.heedTimer);
  }
}
