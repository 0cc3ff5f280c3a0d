import type { BatchOutcome, JoinBatch, JoinBatchHooks } from "../ark-batch/join-batch";
import type { CosignerKey } from "../ark-batch/tree-cosigner";
import type { PayoutDeps } from "../payout/payout-deps";
import type { ArkBatches } from "../ports/ark-batches";
import type { LedgerStore } from "../ports/ledger-store";
import type { LightningNode } from "../ports/lightning-node";
import type { GatewayIdentity, NostrOutbox } from "../ports/nostr";
import type { SettlementLeafStore, SettlementStore } from "../ports/settlement-store";
import type { Tx } from "../ports/transactions";
import type { Wake } from "../ports/waker";
import type { WebhookOutbox } from "../ports/webhook-stores";

export interface SettlementDeps extends PayoutDeps {
  readonly settlements: SettlementStore;
  readonly leaves: SettlementLeafStore;
  readonly ledger: LedgerStore;
  readonly batches: Pick<ArkBatches, "getBatchInfo" | "estimateIntentFee" | "deleteIntent">;
  /** Takes part in a batch, as `joinBatch` of ark-batch. */
  readonly joinBatch: (join: JoinBatch, hooks: JoinBatchHooks, signal: AbortSignal) => Promise<BatchOutcome>;
  readonly cosigner: CosignerKey;
  /** undefined = no lnd is configured: nobody tells confirmations. */
  readonly lightning: Pick<LightningNode, "getInfo" | "findConfirmation"> | undefined;
  /** undefined = nothing is published. */
  readonly identity: GatewayIdentity | undefined;
  readonly outbox: NostrOutbox;
  readonly webhooks: WebhookOutbox;
  readonly settlementConfig: SettlementConfig;
}

export interface SettlementConfig {
  /** How long leaves wait for something to renew before a VTXO is put in for their sake. */
  readonly maxDeferMs: number;
  /** Sats under the units of an asset. */
  readonly carrierSats: bigint;
}

export interface SettlementTurn {
  readonly jobId: string;
  /** First statement of every transaction: throws when the worker's attempt no longer has the job. */
  readonly guard: (tx: Tx) => Promise<void>;
  readonly signal: AbortSignal;
}

export type SettlementProgress =
  /** Nothing is left for this run. */
  | { readonly kind: "done"; readonly why: string; readonly batchId?: string; readonly l1Txid?: string | undefined }
  /** Something was persisted: go on at once. */
  | { readonly kind: "moved" }
  | { readonly kind: "waiting"; readonly why: string; readonly until: Date; readonly wakes: readonly Wake[] };

export const SETTLEMENT_MOVED: SettlementProgress = { kind: "moved" };

export function waitFor(
  { clock }: Pick<SettlementDeps, "clock">,
  ms: number,
  why: string,
  wakes: readonly Wake[] = [],
): SettlementProgress {
  return { kind: "waiting", why, until: new Date(clock.now().getTime() + ms), wakes };
}
