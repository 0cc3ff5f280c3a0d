import { toAppError } from "@arkrelay/core/errors";
import type { InsertJobDeps } from "@arkrelay/core/jobs/insert-job";
import type { LightningOperation } from "@arkrelay/core/lightning/lightning-operation";
import type { BalanceSampleStore } from "@arkrelay/core/ports/balance-sample-store";
import type { Clock } from "@arkrelay/core/ports/clock";
import type { LightningInvoice, LightningNode, LightningWalletState } from "@arkrelay/core/ports/lightning-node";
import type { LightningStore } from "@arkrelay/core/ports/lightning-stores";
import type { Transactions, Tx } from "@arkrelay/core/ports/transactions";
import type { Wake, Waker } from "@arkrelay/core/ports/waker";
import type { LightningReportDetail } from "@arkrelay/core/service-report";
import type { DrizzleStreamCursorStore } from "@arkrelay/db/stores/stream-cursor-store";
import type { Leadership } from "@arkrelay/runtime/lease-runner";
import type { Logger } from "@arkrelay/runtime/logger";
import type { Metrics } from "@arkrelay/runtime/metrics";
import { runEvery } from "@arkrelay/runtime/run-every";

import { Doorbell } from "../doorbell";
import { keepStreaming } from "../keep-streaming";
import { StreamLag } from "../stream-lag";
import type { Listener } from "../supervise-listener";
import { InvoiceStream } from "./invoice-stream";
import { StreamSet } from "./stream-set";
import { TapdWatch, type TapdWatchDeps } from "./tapd-watch";

export interface LightningListenerDeps {
  readonly node: LightningNode;
  readonly operations: Pick<LightningStore, "listOpenLifts" | "listInFlightLands" | "wake">;
  /** What is known of an invoice of ours from now on; core's `noteInvoiceState`. */
  readonly note: (tx: Tx, invoice: LightningInvoice) => Promise<readonly Wake[]>;
  readonly cursors: Pick<DrizzleStreamCursorStore, "find" | "save">;
  readonly transactions: Transactions;
  readonly waker: Waker;
  readonly clock: Clock;
  readonly metrics: Pick<Metrics, "listenerLag" | "tapdProofsPending">;
  readonly log: Logger;
  /** undefined = no tapd is configured. */
  readonly tapd: TapdWatchDeps["tapd"] | undefined;
  readonly insert: InsertJobDeps;
  readonly samples: BalanceSampleStore;
  /** Calls back when a row may have become worth following; returns how to end that. */
  readonly onWake: (wake: () => void) => () => void;
  /** How soon a new lift or payment is followed when no wake came. */
  readonly refreshMs: number;
  /** Every open lift is looked up this often, whatever the streams said. */
  readonly pollMs: number;
  /** lnd is asked this often whether it still serves: a dead stream looks like a quiet one. */
  readonly heartbeatMs: number;
  /** tapd is polled this often, and the balances are written down. */
  readonly slowPollMs: number;
  readonly times?: { readonly retryMs: number; readonly retryMsMax: number };
}

const TIMES = { retryMs: 1_000, retryMsMax: 60_000 };
const PAGE_SIZE = 200;
/** Streams of one kind; what is above is found by the poll. */
const STREAMS_MAX = 1_000;
/** In these states lnd sends invoices. */
const SERVING: ReadonlySet<LightningWalletState> = new Set(["rpc_active", "server_active"]);
/** Lookups at once while polling. */
const LOOKUPS_AT_ONCE = 8;

/**
 * Everything lnd tells by itself: settled invoices, the state of each hold invoice, the end of each payment. It writes down what it
 * heard and wakes the row; what follows from it is decided by the task of the row, which looks for itself.
 */
export function createLightningListener(deps: LightningListenerDeps): Listener {
  let run: LightningRun | undefined;
  return {
    name: "lightning",
    async run(leadership) {
      run = new LightningRun(deps, leadership);
      try {
        await run.untilStopped();
      } finally {
        run = undefined;
      }
    },
    report: () => run?.report() ?? null,
  };
}

class LightningRun {
  private readonly invoices: InvoiceStream;
  private readonly holds: StreamSet<LightningOperation>;
  private readonly payments: StreamSet<LightningOperation>;
  private readonly tapd: TapdWatch | undefined;
  private openLifts: readonly LightningOperation[] = [];
  private inFlight: readonly LightningOperation[] = [];
  private lastCheckAt: Date | undefined;
  private readonly refreshBell = new Doorbell();
  private readonly lag: StreamLag;

  constructor(
    private readonly deps: LightningListenerDeps,
    private readonly leadership: Leadership,
  ) {
    this.lag = new StreamLag(deps.metrics.listenerLag, "lnd_invoices", deps.clock);
    this.invoices = new InvoiceStream({ ...deps, onRegression: () => this.pollLifts() });
    this.tapd = deps.tapd && new TapdWatch({ ...deps, tapd: deps.tapd, pollMs: deps.slowPollMs });
    const shared = { ...this.reconnects(), keyOf: (row: LightningOperation) => row.operationId, max: STREAMS_MAX };
    this.holds = new StreamSet({
      ...shared,
      follow: (row, signal) => this.followInvoice(row, signal),
      onBreak: (error) => this.tellBreak("a hold invoice", error),
    });
    this.payments = new StreamSet({
      ...shared,
      follow: (row, signal) => this.followPayment(row, signal),
      onBreak: (error) => this.tellBreak("a payment", error),
    });
  }

  async untilStopped(): Promise<void> {
    const { deps } = this;
    const { signal, token } = this.leadership;
    const { pollMs, heartbeatMs, slowPollMs } = deps;
    const offWake = deps.onWake(() => this.refreshBell.ring());
    const onError = (what: string) => (error: unknown) => deps.log.warn(`${what} failed`, { error });
    try {
      await Promise.all([
        keepStreaming({ ...this.reconnects(), onBreak: (error) => this.tellBreak("the invoice stream", error) }, () =>
          this.invoices.run(token, signal),
        ),
        this.refreshLoop(),
        runEvery({ periodMs: pollMs, signal, onError: onError("the poll of open lifts") }, () => this.pollLifts()),
        runEvery({ periodMs: heartbeatMs, signal, onError: onError("the heartbeat of lnd") }, () => this.beat()),
        runEvery({ periodMs: slowPollMs, signal, onError: onError("the balance sample") }, () => this.sample()),
        this.tapd?.run(this.leadership),
      ]);
    } finally {
      offWake();
      this.lag.end();
      await Promise.all([this.holds.stop(), this.payments.stop()]);
    }
  }

  report(): LightningReportDetail {
    const { addIndex, settleIndex } = this.invoices.position;
    return {
      connected: this.invoices.isOpen,
      lastCheckAt: this.lastCheckAt?.toISOString() ?? null,
      checkIntervalMs: this.deps.pollMs,
      subscriptions: (this.invoices.isOpen ? 1 : 0) + this.holds.size + this.payments.size,
      openLifts: this.openLifts.length,
      inFlightLands: this.inFlight.length,
      cursor: { addIndex: String(addIndex), settleIndex: String(settleIndex) },
      regressions: this.invoices.regressions,
      tapd: this.tapd?.report() ?? null,
    };
  }

  private reconnects() {
    const { retryMs, retryMsMax } = this.deps.times ?? TIMES;
    return { signal: this.leadership.signal, retryMs, retryMsMax, jitter: Math.random };
  }

  private tellBreak(what: string, error: unknown): void {
    if (error === undefined) return this.deps.log.info(`lnd ended ${what}; it is opened again`);
    this.deps.log.warn(`${what} of lnd was interrupted`, { error });
  }

  /** Subscribes what became worth following; a wake makes the next look come at once. */
  private async refreshLoop(): Promise<void> {
    const { signal } = this.leadership;
    while (!signal.aborted) {
      try {
        await this.refresh();
      } catch (error) {
        this.deps.log.warn("open Lightning rows could not be read", { error });
      }
      await this.refreshBell.wait(this.deps.refreshMs, signal);
    }
  }

  private async refresh(): Promise<void> {
    this.openLifts = await readAll((afterId) => this.deps.operations.listOpenLifts(afterId, PAGE_SIZE));
    this.inFlight = await readAll((afterId) => this.deps.operations.listInFlightLands(afterId, PAGE_SIZE));
    // A lift without an invoice has nothing at lnd yet.
    this.holds.follow(this.openLifts.filter((row) => row.bolt11 !== undefined));
    this.payments.follow(this.inFlight);
  }

  private async followInvoice(row: LightningOperation, signal: AbortSignal): Promise<"ended" | "cut"> {
    for await (const invoice of this.deps.node.subscribeInvoice(row.paymentHash, signal)) {
      await this.note(invoice);
      if (invoice.state === "settled" || invoice.state === "canceled") return "ended";
    }
    return "cut";
  }

  private async followPayment(row: LightningOperation, signal: AbortSignal): Promise<"ended" | "cut"> {
    for await (const payment of this.deps.node.followPayment(row.paymentHash, signal)) {
      if (payment.status !== "succeeded" && payment.status !== "failed") continue;
      await this.wakeRow(row);
      return "ended";
    }
    // lnd does not know the hash, or went down: the row's own task tells the two apart.
    return "cut";
  }

  private async note(invoice: LightningInvoice): Promise<void> {
    const wakes = await this.deps.transactions.run((tx) => this.deps.note(tx, invoice));
    await this.deps.waker.wake(wakes);
  }

  private async wakeRow(row: LightningOperation): Promise<void> {
    const { operations, transactions, waker, clock } = this.deps;
    const wake = await transactions.run((tx) => operations.wake(tx, row.operationId, clock.now()));
    await waker.wake(wake === undefined ? [] : [wake]);
  }

  /** What no stream tells, or told while nobody listened. */
  private async pollLifts(): Promise<void> {
    const lifts = await readAll((afterId) => this.deps.operations.listOpenLifts(afterId, PAGE_SIZE));
    const rest = lifts.filter((row) => row.bolt11 !== undefined);
    const lookUp = async (): Promise<void> => {
      for (let row = rest.pop(); row !== undefined && !this.leadership.signal.aborted; row = rest.pop()) {
        const invoice = await this.deps.node.lookupInvoice(row.paymentHash);
        if (invoice !== undefined) await this.note(invoice);
      }
    };
    await Promise.all(Array.from({ length: LOOKUPS_AT_ONCE }, lookUp));
    this.lastCheckAt = this.deps.clock.now();
  }

  private async sample(): Promise<void> {
    await this.deps.samples.insert(await this.deps.node.getTotalBalance());
  }

  /** A dead stream looks like a quiet one, so it counts as alive only while lnd serves. */
  private async beat(): Promise<void> {
    try {
      const isServing = SERVING.has(await this.deps.node.getWalletState());
      if (isServing && this.invoices.isOpen) this.lag.isAlive();
      else this.lag.isSilent();
    } catch (thrown) {
      this.lag.isSilent();
      throw toAppError(thrown);
    }
  }
}

/** All rows of a keyset listing. */
async function readAll(
  readPage: (afterId: bigint) => Promise<readonly LightningOperation[]>,
): Promise<readonly LightningOperation[]> {
  const rows: LightningOperation[] = [];
  for (;;) {
    const page = await readPage(rows.at(-1)?.id ?? 0n);
    rows.push(...page);
    if (page.length < PAGE_SIZE) return rows;
  }
}
