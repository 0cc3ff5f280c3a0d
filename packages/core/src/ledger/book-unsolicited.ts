import type { GatewayVtxoBooks } from "../ports/gateway-vtxo-books";
import type { LedgerStore } from "../ports/ledger-store";
import type { ReconciliationStore } from "../ports/reconciliation-store";
import type { Transactions } from "../ports/transactions";
import { GBTC } from "../vtxo/vtxo";
import { POSTING_KINDS, vtxoUnsolicitedPostings } from "./postings";

export interface BookUnsolicitedDeps {
  readonly transactions: Transactions;
  readonly ledger: LedgerStore;
  readonly vtxoBooks: GatewayVtxoBooks;
  readonly reconciliations: Pick<ReconciliationStore, "findNewest">;
}

/** VTXOs per run; the next run goes on. */
const VTXOS_MAX = 500;

/**
 * Books VTXOs that others sent to the gateway's scripts, each once, and returns how many there were. Until the ledger has its opening
 * balance nothing is unsolicited: what the mirror shows by then is part of it.
 */
export async function bookUnsolicited(deps: BookUnsolicitedDeps): Promise<number> {
  const isOpen = await deps.transactions.run(async (tx) => {
    if ((await deps.reconciliations.findNewest(tx, "asset:ark", GBTC)) !== undefined) return true;
    await deps.vtxoBooks.markAllBooked(tx);
    return false;
  });
  if (!isOpen) return 0;
  const vtxos = await deps.vtxoBooks.listUnbooked(VTXOS_MAX);
  for (const { vtxoId, amountSats, units } of vtxos) {
    await deps.transactions.run(async (tx) => {
      if (!(await deps.vtxoBooks.markBooked(tx, vtxoId))) return;
      await deps.ledger.post(tx, {
        kind: POSTING_KINDS.vtxoUnsolicited,
        businessId: vtxoId,
        memo: "sent to a script of the gateway unasked",
        postings: vtxoUnsolicitedPostings(amountSats, units),
      });
    });
  }
  return vtxos.length;
}
