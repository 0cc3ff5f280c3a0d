import { createHash } from "node:crypto";

import { insertJob, SYSTEM_OWNER, type InsertJobDeps } from "@arkrelay/core/jobs/insert-job";
import type { AssetReceive, TaprootAssets } from "@arkrelay/core/ports/taproot-assets";
import type { Transactions } from "@arkrelay/core/ports/transactions";
import type { Waker } from "@arkrelay/core/ports/waker";
import type { LightningReportDetail } from "@arkrelay/core/service-report";
import type { DrizzleStreamCursorStore } from "@arkrelay/db/stores/stream-cursor-store";
import type { Leadership } from "@arkrelay/runtime/lease-runner";
import type { Logger } from "@arkrelay/runtime/logger";
import type { Metrics } from "@arkrelay/runtime/metrics";
import { runEvery } from "@arkrelay/runtime/run-every";

import { Doorbell } from "../doorbell";
import { keepStreaming } from "../keep-streaming";
import { StreamLag } from "../stream-lag";

/** Row of stream_cursors; the cursor is a unix time in seconds. */
export const RECEIVES_STREAM = "tapd:receives";

/** tapd's clock and the order of its events are its own: what it told lately is asked for once more. */
const OVERLAP_SECONDS = 3_600;
/** Bitcoin nodes drop a transaction that no block took in for two weeks; a receive that is still unconfirmed then has failed for good. */
const UNCONFIRMED_MAX_MS = 14 * 86_400_000;
/** A courier may take its time; after this the receiver surely misses its proof. */
const PROOF_LATE_MS = 3_600_000;

export interface TapdWatchDeps {
  readonly tapd: Pick<TaprootAssets, "listReceives" | "subscribeReceives" | "subscribeSends" | "listOpenTransfers">;
  readonly cursors: Pick<DrizzleStreamCursorStore, "find" | "save">;
  readonly transactions: Transactions;
  readonly insert: InsertJobDeps;
  readonly waker: Waker;
  readonly metrics: Pick<Metrics, "listenerLag" | "tapdProofsPending">;
  readonly log: Logger;
  readonly pollMs: number;
  readonly times?: { readonly retryMs: number; readonly retryMsMax: number };
}

const GAUGE_PERIOD_MS = 5_000;
const TIMES = { retryMs: 1_000, retryMsMax: 60_000 };

/**
 * What tapd receives and sends. Its streams replay nothing, so they are only a reason to poll now: the poll reads everything since the
 * cursor, which never passes a receive that may still complete. A completed one changes what tapd holds, which the books have to be
 * compared with.
 */
export class TapdWatch {
  private isConnected = false;
  private lastPollAt: Date | undefined;
  /** The last poll read everything. */
  private isPolled = false;
  private readonly lag: StreamLag;
  private readonly pollBell = new Doorbell();
  /** Outpoints of the last poll's completed receives: a cursor that is held has them told again at every poll. */
  private taken: ReadonlySet<string> = new Set();
  /** Transfers that were confirmed before their proofs were, by their anchor; since when we see it. */
  private readonly lateSince = new Map<string, number>();

  constructor(private readonly deps: TapdWatchDeps) {
    this.lag = new StreamLag(deps.metrics.listenerLag, "tapd", deps.insert.clock);
  }

  report(): LightningReportDetail["tapd"] {
    return { connected: this.isConnected, lastPollAt: this.lastPollAt?.toISOString() ?? null };
  }

  async run({ token, signal }: Leadership): Promise<void> {
    const { log } = this.deps;
    const reconnects = { ...(this.deps.times ?? TIMES), signal, jitter: Math.random };
    const onBreak = (error: unknown): void => log.warn("a stream of tapd was interrupted", { error });
    const onError = (error: unknown): void => log.warn("the sends of tapd could not be read", { error });
    try {
      await Promise.all([
        keepStreaming({ ...reconnects, onBreak }, () => this.followReceives(signal)),
        keepStreaming({ ...reconnects, onBreak }, () => this.followSends(signal)),
        this.pollLoop(token, signal),
        // The list carries every proof of every send, so it is read at its own pace and holds up no receive.
        runEvery({ periodMs: this.deps.pollMs, signal, onError }, () => this.watchProofs()),
        runEvery({ periodMs: GAUGE_PERIOD_MS, signal, onError }, async () => this.tellLag()),
      ]);
    } finally {
      this.lag.end();
    }
  }

  /** Subscribes first and polls then, so that nothing falls between the two. */
  private async followReceives(signal: AbortSignal): Promise<void> {
    this.isConnected = true;
    this.pollBell.ring();
    try {
      for await (const _event of this.deps.tapd.subscribeReceives(signal)) this.pollBell.ring();
    } finally {
      this.isConnected = false;
    }
  }

  private async followSends(signal: AbortSignal): Promise<void> {
    for await (const { label, state, error } of this.deps.tapd.subscribeSends(signal)) {
      // Live only, and no verdict on the transfer: tapd goes on trying.
      if (error !== "") this.deps.log.warn("tapd met an error while sending", { label, state, error });
      this.pollBell.ring();
    }
  }

  private async pollLoop(token: number, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        await this.poll(token);
        this.isPolled = true;
        this.lag.isAlive();
      } catch (error) {
        this.isPolled = false;
        this.lag.isSilent();
        this.deps.log.warn("tapd could not be polled", { error });
      }
      await this.pollBell.wait(this.deps.pollMs, signal);
    }
  }

  private async poll(token: number): Promise<void> {
    const cursor = await this.findCursor();
    const receives = await this.deps.tapd.listReceives(new Date((cursor - OVERLAP_SECONDS) * 1000));
    const holdAt = Math.min(...receives.filter((each) => this.mayStillComplete(each)).map(secondsOf));
    const completed = receives.filter(({ status }) => status === "completed");
    const reached = completed.reduce((max, each) => Math.max(max, Math.min(secondsOf(each), holdAt)), cursor);
    const fresh = completed.map(({ outpoint }) => outpoint).filter((outpoint) => !this.taken.has(outpoint));
    await this.take(fresh, reached, token);
    this.taken = new Set(completed.map(({ outpoint }) => outpoint));
    this.lastPollAt = this.deps.insert.clock.now();
  }

  /** What tapd received before anybody listened is in its balances, which are compared on schedule. */
  private async findCursor(): Promise<number> {
    const stored = await this.deps.cursors.find(RECEIVES_STREAM);
    return stored === undefined ? Math.floor(this.deps.insert.clock.now().getTime() / 1000) : Number(stored);
  }

  /** Between two polls only an open stream says that tapd is there. */
  private tellLag(): void {
    if (this.isPolled && this.isConnected) this.lag.isAlive();
    else this.lag.isSilent();
  }

  /** A confirmed one waits for its proof, however long the courier takes. */
  private mayStillComplete({ status, at }: AssetReceive): boolean {
    if (status === "completed") return false;
    return status !== "detected" || this.deps.insert.clock.now().getTime() - at.getTime() < UNCONFIRMED_MAX_MS;
  }

  /** Only what is completed is there for good. One comparison for all of it; told again, the same receives find their job. */
  private async take(outpoints: readonly string[], cursor: number, token: number): Promise<void> {
    const wakes = await this.deps.transactions.run(async (tx) => {
      await this.deps.cursors.save(tx, RECEIVES_STREAM, String(cursor), token);
      if (outpoints.length === 0) return [];
      const job = await insertJob(this.deps.insert, tx, {
        task: "reconcile_daemons",
        payload: { v: 1 },
        owner: SYSTEM_OWNER,
        dedupeKey: `tapd_receives:${digestOf(outpoints)}`,
      });
      return job.wakes;
    });
    await this.deps.waker.wake(wakes);
  }

  /** Confirmed on chain, and the receiver has no proof: nothing to send again, but somebody has to look at the courier. */
  private async watchProofs(): Promise<void> {
    const transfers = await this.deps.tapd.listOpenTransfers();
    const pending = transfers.filter(
      ({ anchorHeight, outputs }) => anchorHeight > 0 && outputs.some((each) => each.proofDelivery === "pending"),
    );
    this.deps.metrics.tapdProofsPending.set(pending.length);
    const now = this.deps.insert.clock.now().getTime();
    const anchors = new Set(pending.map(({ anchorTxid }) => anchorTxid));
    for (const known of this.lateSince.keys()) if (!anchors.has(known)) this.lateSince.delete(known);
    for (const { anchorTxid, label } of pending) {
      const since = this.lateSince.get(anchorTxid) ?? now;
      this.lateSince.set(anchorTxid, since);
      if (now - since >= PROOF_LATE_MS) {
        this.deps.log.error("a proof is not delivered; the courier has to be looked at, nothing is sent again", {
          label,
          anchor_txid: anchorTxid,
        });
      }
    }
  }
}

function secondsOf({ at }: AssetReceive): number {
  return Math.floor(at.getTime() / 1000);
}

function digestOf(outpoints: readonly string[]): string {
  return createHash("sha256").update(outpoints.toSorted().join()).digest("hex");
}
