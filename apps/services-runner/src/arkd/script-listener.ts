import type { VtxoReportDetail } from "@arkrelay/core/service-report";
import type { GrpcArkDaemon } from "@arkrelay/daemons/ark/grpc-ark-daemon";
import { ScriptSubscription, type ScriptSubscriptionTimes } from "@arkrelay/daemons/ark/script-subscription";
import type { DrizzleWatchedScriptStore } from "@arkrelay/db/stores/watched-script-store";
import type { Logger } from "@arkrelay/runtime/logger";
import type { Metrics } from "@arkrelay/runtime/metrics";
import { runEvery } from "@arkrelay/runtime/run-every";

import { keepStreaming } from "../keep-streaming";
import type { Listener } from "../supervise-listener";
import { requestSync } from "./request-sync";
import { TransactionStream, type TransactionStreamDeps } from "./transaction-stream";

export interface ScriptListenerDeps extends TransactionStreamDeps {
  readonly arkd: Pick<GrpcArkDaemon, "read" | "stream" | "subscribeTransactions">;
  readonly scripts: Pick<DrizzleWatchedScriptStore, "list">;
  readonly metrics: Pick<Metrics, "listenerLag">;
  readonly log: Logger;
  /** How soon a script that became worth watching is subscribed. */
  readonly refreshMs: number;
  /** Everything watched is read again this often, whatever the stream said. */
  readonly reconcileMs: number;
  readonly times?: ScriptSubscriptionTimes;
}

const TRANSACTION_RETRY = { retryMs: 1_000, retryMsMax: 60_000 };
const GAUGE_PERIOD_MS = 5_000;

/** Watches the scripts of active keys at arkd, and the transactions of the gateway. A hint, and every reconnect, becomes a vtxo_sync job of the key. */
export function createScriptListener(deps: ScriptListenerDeps): Listener {
  let run: ScriptRun | undefined;
  return {
    name: "vtxo",
    async run({ signal }) {
      run = new ScriptRun(deps);
      try {
        await run.untilStopped(signal);
      } finally {
        run = undefined;
      }
    },
    report: () => run?.report() ?? null,
  };
}

class ScriptRun {
  private owners: ReadonlyMap<string, string> = new Map();
  private readonly startedAt: Date;
  private hints = 0;
  private lastReconcileAt: Date | undefined;
  private readonly subscription: ScriptSubscription;
  private readonly transactions: TransactionStream;

  constructor(private readonly deps: ScriptListenerDeps) {
    this.startedAt = deps.insert.clock.now();
    this.transactions = new TransactionStream(deps);
    this.subscription = new ScriptSubscription(
      {
        daemon: deps.arkd,
        onHint: ({ scripts }) => void this.takeHint(scripts),
        reconcile: (scripts) => this.reconcile(scripts),
        onProblem: (error) => deps.log.warn("the script stream of arkd was interrupted", { error }),
        jitter: Math.random,
      },
      ...(deps.times === undefined ? [] : [deps.times]),
    );
  }

  async untilStopped(signal: AbortSignal): Promise<void> {
    const { log, refreshMs, reconcileMs } = this.deps;
    const onError = (error: unknown): void => log.warn("watched scripts could not be read", { error });
    this.subscription.start();
    try {
      await Promise.all([
        runEvery({ periodMs: refreshMs, signal, onError }, () => this.refresh()),
        runEvery({ periodMs: reconcileMs, signal, onError }, () => this.reconcile([...this.owners.keys()])),
        keepStreaming(
          { ...TRANSACTION_RETRY, signal, jitter: Math.random, onBreak: (error) => this.tellBreak(error) },
          () => this.transactions.run(signal),
        ),
        runEvery({ periodMs: GAUGE_PERIOD_MS, signal, onError }, () => this.setLag()),
      ]);
    } finally {
      this.deps.metrics.listenerLag.remove({ stream: "arkd_transactions" });
      await this.subscription.stop();
    }
  }

  report(): VtxoReportDetail {
    return {
      connected: this.subscription.isConnected,
      scripts: this.owners.size,
      hints: this.hints,
      lastReconcileAt: this.lastReconcileAt?.toISOString() ?? null,
    };
  }

  private tellBreak(error: unknown): void {
    this.deps.log.warn("the transaction stream of arkd was interrupted", { error });
  }

  /** arkd sends a heartbeat every minute, so a longer silence means that nobody talks to us. */
  private setLag(): Promise<void> {
    const { metrics, insert } = this.deps;
    const heardAt = this.transactions.lastHeardAt ?? this.startedAt;
    metrics.listenerLag.set({ stream: "arkd_transactions" }, (insert.clock.now().getTime() - heardAt.getTime()) / 1000);
    return Promise.resolve();
  }

  /** Subscribes what became worth watching and lets go of what no longer is. */
  private async refresh(): Promise<void> {
    const watched = await this.deps.scripts.list();
    const before = this.owners;
    this.owners = new Map(watched.map(({ script, ownerPubkey }) => [script, ownerPubkey]));
    this.subscription.add([...this.owners.keys()].filter((script) => !before.has(script)));
    this.subscription.remove([...before.keys()].filter((script) => !this.owners.has(script)));
  }

  private async takeHint(scripts: readonly string[]): Promise<void> {
    this.hints += 1;
    try {
      await this.requestSyncs(scripts, "hint");
    } catch (error) {
      // The periodic reconcile reads the key again.
      this.deps.log.warn("a hint of arkd could not be passed on", { error });
    }
  }

  private async reconcile(scripts: readonly string[]): Promise<void> {
    await this.requestSyncs(scripts, "routine");
    this.lastReconcileAt = this.deps.insert.clock.now();
  }

  private async requestSyncs(scripts: readonly string[], reason: "hint" | "routine"): Promise<void> {
    const owners = new Set(scripts.flatMap((script) => this.owners.get(script) ?? []));
    for (const owner of owners) await requestSync(this.deps, owner, reason);
  }
}
