import { GATEWAY_KEY_NAMES } from "@arkrelay/core/ark/wallet-keys";
import { arkSource } from "@arkrelay/core/ledger/ark-source";
import { lndSource } from "@arkrelay/core/ledger/lnd-source";
import { syncVtxos } from "@arkrelay/core/vtxo/sync-vtxos";
import { DrizzleGatewayVtxoBooks } from "@arkrelay/db/stores/gateway-vtxo-books";
import { DrizzleLedgerBooks } from "@arkrelay/db/stores/ledger-books";
import { DrizzleReconciliationStore } from "@arkrelay/db/stores/reconciliation-store";

import type { WorkerDeps } from "./deps";
import type { ReconcileDaemonsDeps } from "./handlers/reconcile-daemons";

/** What the reconciliations need, made of what the worker has open: one source per daemon that is configured. */
export function toReconcileDeps({
  database,
  ceremony,
  lightning,
  lnd,
}: Pick<WorkerDeps, "database" | "ceremony" | "lightning" | "lnd">): ReconcileDaemonsDeps & {
  readonly books: DrizzleLedgerBooks;
} {
  const vtxoBooks = new DrizzleGatewayVtxoBooks(database);
  const { arkd, vtxos } = ceremony;
  return {
    transactions: ceremony.transactions,
    ledger: ceremony.ledger,
    books: new DrizzleLedgerBooks(database),
    reconciliations: new DrizzleReconciliationStore(database),
    vtxoBooks,
    syncGatewayVtxos: async () => {
      for (const kind of GATEWAY_KEY_NAMES)
        await syncVtxos(ceremony, { ownerPubkey: ceremony.wallet.keys[kind].pubkey });
    },
    sources: [
      arkSource({ arkd, vtxos, vtxoBooks }),
      ...(lnd === undefined ? [] : [lndSource({ lightning: lnd, operations: lightning.operations })]),
    ],
  };
}
