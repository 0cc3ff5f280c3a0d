import type { Alert } from "@arkrelay/core/alerts/alert";
import {
  judgeAcceptedPayout,
  judgeHeldLift,
  judgeLostLift,
  judgeStuckCeremony,
  judgeUnknownPayment,
} from "@arkrelay/core/alerts/judge-alerts";
import type { AlertFacts } from "@arkrelay/core/ports/alert-facts";
import type { LightningNode } from "@arkrelay/core/ports/lightning-node";
import type { StuckCeremonies } from "@arkrelay/core/ports/stuck-ceremonies";
import type { Logger } from "@arkrelay/runtime/logger";
import type { Metrics } from "@arkrelay/runtime/metrics";

import { AlertLog, type AlertLogDeps } from "./alert-log";

export interface DeadlineWatchDeps extends AlertLogDeps {
  readonly facts: AlertFacts;
  readonly stuck: StuckCeremonies;
  /** undefined = no lnd is configured. */
  readonly node: Pick<LightningNode, "getInfo"> | undefined;
  readonly limits: {
    readonly holdExpiryDelta: number;
    readonly unknownPaymentAlertMs: number;
    readonly acceptedAlertMs: number;
  };
  readonly metrics: Pick<Metrics, "holdInvoiceBlocksLeft">;
  readonly log: Pick<Logger, "error" | "info" | "warn">;
}

/** Alerts of one kind; with more of them nobody reads each. */
const LIST_MAX = 200;
/** A loss is told for this long, to whoever begins to watch. */
const LOST_MS = 86_400_000;

/** Looks for what runs out of time and for what only an operator can mend, and writes it into the log with what there is to do. */
export class DeadlineWatch {
  private readonly alerts: AlertLog;
  private blockHeight: number | undefined;

  constructor(private readonly deps: DeadlineWatchDeps) {
    this.alerts = new AlertLog(deps);
  }

  async look(): Promise<void> {
    const { facts, stuck, limits, clock } = this.deps;
    const now = clock.now().getTime();
    const before = (ms: number): Date => new Date(now - ms);
    const alerts: readonly (readonly Alert[])[] = await Promise.all([
      this.judgeHeldLifts(),
      facts.listLostLifts(before(LOST_MS), LIST_MAX).then((rows) => rows.map(judgeLostLift)),
      facts
        .listUnknownPayments(before(limits.unknownPaymentAlertMs), LIST_MAX)
        .then((rows) => rows.map((row) => judgeUnknownPayment(row, limits.unknownPaymentAlertMs))),
      stuck
        .list(before(limits.acceptedAlertMs), LIST_MAX)
        .then((rows) => rows.map((row) => judgeStuckCeremony(row, limits.acceptedAlertMs))),
      facts
        .listAcceptedPayouts(before(limits.acceptedAlertMs), LIST_MAX)
        .then((rows) => rows.map((row) => judgeAcceptedPayout(row, limits.acceptedAlertMs))),
    ]);
    await this.alerts.tell(alerts.flat());
  }

  /** Nobody watches any more: what was seen last says nothing. */
  end(): void {
    this.deps.metrics.holdInvoiceBlocksLeft.reset();
  }

  private async judgeHeldLifts(): Promise<readonly Alert[]> {
    const { facts, limits, metrics } = this.deps;
    const lifts = await facts.listHeldLifts(LIST_MAX);
    const blockHeight = lifts.length === 0 ? undefined : await this.readHeight();
    metrics.holdInvoiceBlocksLeft.reset();
    if (blockHeight === undefined) return [];
    // The first to run out is set last.
    for (const { status, htlcExpiryHeight } of lifts.toReversed())
      metrics.holdInvoiceBlocksLeft.set({ status }, htlcExpiryHeight - blockHeight);
    const chain = { blockHeight, holdExpiryDelta: limits.holdExpiryDelta };
    return lifts.flatMap((lift) => judgeHeldLift(lift, chain) ?? []);
  }

  /** While lnd is away the chain goes on without it, so what it said last is the least there is to warn by. */
  private async readHeight(): Promise<number | undefined> {
    const { node, log } = this.deps;
    if (node === undefined) return undefined;
    try {
      this.blockHeight = (await node.getInfo()).blockHeight;
    } catch (error) {
      log.warn("the height of the chain could not be read; held lifts are judged by the last one known", {
        height: this.blockHeight,
        error,
      });
    }
    return this.blockHeight;
  }
}
