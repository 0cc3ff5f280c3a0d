import type { Waker } from "@arkrelay/core/ports/waker";
import type { Sealer } from "@arkrelay/runtime/sealing";

import type { Database } from "../connection";
import { DrizzleAssetStore } from "./asset-store";
import { DrizzleBatchProofStore } from "./batch-proof-store";
import { DrizzleChallengeStore } from "./challenge-store";
import { DrizzleIntentStore } from "./intent-store";
import { DrizzleLedgerStore } from "./ledger-store";
import { DrizzleResultStore } from "./result-store";
import type { SessionObserver } from "./session-observer";
import { DrizzleSessionStore } from "./session-store";
import { DrizzleSessionTxStore } from "./session-tx-store";
import { DrizzleSettlementLeafStore } from "./settlement-leaf-store";
import { DrizzleSwapBatchStore } from "./swap-batch-store";
import { DrizzleTransactionStore } from "./transaction-store";
import { DrizzleVtxoStore } from "./vtxo-store";
import { DrizzleWebhookOutbox } from "./webhook-outbox";

/**
 * The stores of sessions and ceremonies over one database, under the names that core's `SessionDeps` gives them. Webhook deliveries
 * are woken by `waker`; without one the sweeper finds them.
 */
export function openSessionStores(database: Database, sealer: Sealer, waker?: Waker, observer?: SessionObserver) {
  return {
    transactions: database.transactions,
    sessions: new DrizzleSessionStore(database, observer),
    challenges: new DrizzleChallengeStore(database, sealer),
    sessionTxs: new DrizzleSessionTxStore(database),
    intents: new DrizzleIntentStore(database),
    swapBatches: new DrizzleSwapBatchStore(database),
    results: new DrizzleResultStore(database),
    vtxos: new DrizzleVtxoStore(database),
    txs: new DrizzleTransactionStore(database, observer),
    assets: new DrizzleAssetStore(database),
    ledger: new DrizzleLedgerStore(),
    proofs: new DrizzleBatchProofStore(database),
    leaves: new DrizzleSettlementLeafStore(database),
    webhooks: new DrizzleWebhookOutbox(database, waker),
  };
}
