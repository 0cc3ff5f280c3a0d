import { GATEWAY_KEY_NAMES } from "@arkrelay/core/ark/wallet-keys";
import { arkSource } from "@arkrelay/core/ledger/ark-source";
import { bookChannelCloses } from "@arkrelay/core/ledger/book-channel-closes";
import { bookForwards } from "@arkrelay/core/ledger/book-forwards";
import { bookNodeWrites } from "@arkrelay/core/ledger/book-node-writes";
import { bookUnsolicited } from "@arkrelay/core/ledger/book-unsolicited";
import { lndSource, type LndSourceDeps } from "@arkrelay/core/ledger/lnd-source";
import { tapdSource } from "@arkrelay/core/ledger/tapd-source";
import { syncVtxos } from "@arkrelay/core/vtxo/sync-vtxos";
import { DrizzleChannelBooks } from "@arkrelay/db/stores/channel-books";
import { DrizzleGatewayVtxoBooks } from "@arkrelay/db/stores/gateway-vtxo-books";
import { DrizzleLedgerBooks } from "@arkrelay/db/stores/ledger-books";
import { DrizzleNodeWriteBooks } from "@arkrelay/db/stores/node-write-books";
import { DrizzleReconciliationStore } from "@arkrelay/db/stores/reconciliation-store";
import { DrizzleStreamCursorStore } from "@arkrelay/db/stores/stream-cursor-store";

import type { WorkerDeps } from "./deps";
import type { ReconcileDaemonsDeps } from "./handlers/reconcile-daemons";

/** What the reconciliations need, made of what the worker has open: one source per daemon that is configured. */
export function toReconcileDeps({
  database,
  ceremony,
  lightning,
  lnd,
  tapd,
}: Pick<WorkerDeps, "database" | "ceremony" | "lnd" | "tapd"> & {
  readonly lightning: Pick<LndSourceDeps, "operations">;
}): ReconcileDaemonsDeps & {
  readonly books: DrizzleLedgerBooks;
} {
  const vtxoBooks = new DrizzleGatewayVtxoBooks(database);
  const cursors = new DrizzleStreamCursorStore(database);
  const channelBooks = new DrizzleChannelBooks(database);
  const nodeWrites = new DrizzleNodeWriteBooks(database);
  const { clock, arkd, assets, vtxos, transactions, ledger } = ceremony;
  const stores = { transactions, ledger, reconciliations: new DrizzleReconciliationStore(database) };
  return {
    ...stores,
    books: new DrizzleLedgerBooks(database),
    bookings: [
      {
        name: "unsolicited_vtxos",
        run: async () => {
          for (const kind of GATEWAY_KEY_NAMES)
            await syncVtxos(ceremony, { ownerPubkey: ceremony.wallet.keys[kind].pubkey });
          return bookUnsolicited({ ...stores, vtxoBooks });
        },
      },
      ...(lnd === undefined
        ? []
        : [
            { name: "node_writes", run: () => bookNodeWrites({ ...stores, nodeWrites, lightning: lnd }) },
            { name: "channel_closes", run: () => bookChannelCloses({ ...stores, channelBooks, lightning: lnd }) },
            { name: "forwards", run: () => bookForwards({ ...stores, clock, cursors, lightning: lnd }) },
          ]),
    ],
    sources: [
      arkSource({ arkd, vtxos, vtxoBooks, assets }),
      ...(lnd === undefined ? [] : [lndSource({ lightning: lnd, operations: lightning.operations, channelBooks })]),
      ...(tapd === undefined ? [] : [tapdSource({ tapd, assets, lightning: lnd, operations: lightning.operations })]),
    ],
  };
}
