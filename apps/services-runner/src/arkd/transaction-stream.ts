import { insertJob, SYSTEM_OWNER } from "@arkrelay/core/jobs/insert-job";
import type { TransactionStore } from "@arkrelay/core/ports/transaction-store";
import type { VtxoStore } from "@arkrelay/core/ports/vtxo-store";
import type { VtxoKind } from "@arkrelay/core/vtxo/vtxo";
import type { GrpcArkDaemon } from "@arkrelay/daemons/ark/grpc-ark-daemon";
import type { ArkTransactionNotice } from "@arkrelay/daemons/ark/transaction-notices";

import type { RequestSyncDeps } from "./request-sync";

export interface TransactionStreamDeps extends RequestSyncDeps {
  readonly arkd: Pick<GrpcArkDaemon, "subscribeTransactions">;
  readonly txs: Pick<TransactionStore, "find">;
  readonly vtxos: Pick<VtxoStore, "listScriptsOfKind">;
}

const GATEWAY_KINDS: readonly Exclude<VtxoKind, "user">[] = ["treasury", "stock", "fee", "used", "land"];

/**
 * arkd's stream of all transactions. Each of ours spends a VTXO of the gateway, so the others are passed over without a look at the
 * database. One of ours that is not booked yet lost its reply on the way: its session is driven now instead of at its next turn.
 */
export class TransactionStream {
  private ownScripts: ReadonlySet<string> = new Set();
  private heardAt: Date | undefined;

  constructor(private readonly deps: TransactionStreamDeps) {}

  /** Of anything, heartbeats included; undefined = nothing yet. */
  get lastHeardAt(): Date | undefined {
    return this.heardAt;
  }

  /** One stretch: from opening the stream to its end. */
  async run(signal: AbortSignal): Promise<void> {
    await this.readOwnScripts();
    for await (const notice of this.deps.arkd.subscribeTransactions(signal)) {
      this.heardAt = this.deps.insert.clock.now();
      // Scripts are registered when a worker starts or arkd changes its signer: rarely, so a heartbeat is often enough to look.
      if (notice === "heartbeat") await this.readOwnScripts();
      else if (this.isOurs(notice)) await this.requestRecovery(notice.txid);
    }
  }

  private async readOwnScripts(): Promise<void> {
    const rows = await Promise.all(GATEWAY_KINDS.map((kind) => this.deps.vtxos.listScriptsOfKind(kind)));
    this.ownScripts = new Set(rows.flat().map(({ script }) => script));
  }

  private isOurs({ kind, spentScripts }: ArkTransactionNotice): boolean {
    return kind === "ark" && spentScripts.some((script) => this.ownScripts.has(script));
  }

  private async requestRecovery(txid: string): Promise<void> {
    const row = await this.deps.txs.find(txid);
    if (row === undefined || row.status === "confirmed") return;
    const { wakes } = await this.deps.transactions.run((tx) =>
      insertJob(this.deps.insert, tx, {
        task: "tx_recover",
        payload: { v: 1, txid },
        owner: SYSTEM_OWNER,
        dedupeKey: `tx_recover:${txid}:stream`,
      }),
    );
    await this.deps.waker.wake(wakes);
  }
}
