import type { Clock } from "../ports/clock";
import type { Transactions } from "../ports/transactions";
import type { ExpiredVtxos, VtxoExpiryStore } from "../ports/vtxo-expiry-store";

export interface ExpireVtxosDeps {
  readonly clock: Clock;
  readonly transactions: Transactions;
  readonly expiries: Pick<VtxoExpiryStore, "expire">;
}

/** Rows of one transaction, so that it holds no locks for long. */
const BATCH = 200;

/**
 * Marks VTXOs whose time is over as expired, batch after batch: from then on they can only be recovered. Spent, settled and locked ones
 * stay as they are; doing it twice is harmless. Stops between two batches when the signal fires.
 */
export async function expireVtxos(deps: ExpireVtxosDeps, signal?: AbortSignal): Promise<ExpiredVtxos> {
  let count = 0;
  let amountSats = 0n;
  for (;;) {
    signal?.throwIfAborted();
    const batch = await deps.transactions.run((tx) => deps.expiries.expire(tx, deps.clock.now(), BATCH));
    count += batch.count;
    amountSats += batch.amountSats;
    if (batch.count < BATCH) return { count, amountSats };
  }
}
