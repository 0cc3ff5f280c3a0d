import { insertJob, SYSTEM_OWNER, type InsertJobDeps } from "@arkrelay/core/jobs/insert-job";
import type { Transactions } from "@arkrelay/core/ports/transactions";
import type { Waker } from "@arkrelay/core/ports/waker";

export interface RequestSyncDeps {
  readonly insert: InsertJobDeps;
  readonly transactions: Transactions;
  readonly waker: Waker;
}

/** At most one sync per key in this time. */
const SLOT_MS = 10_000;

/**
 * Has the mirror of a key read again. `hint`: something happened just now, which a sync of this slot that was asked for already may
 * have read past, so then the next slot gets one too: after every hint there is one more reading. `routine`: any recent one will do.
 */
export async function requestSync(
  deps: RequestSyncDeps,
  ownerPubkey: string,
  reason: "hint" | "routine",
): Promise<void> {
  const slot = Math.floor(deps.insert.clock.now().getTime() / SLOT_MS);
  const { wakes } = await deps.transactions.run(async (tx) => {
    const now = await insertJob(deps.insert, tx, draft(ownerPubkey, slot));
    if (now.wakes.length > 0 || reason === "routine") return now;
    return insertJob(deps.insert, tx, { ...draft(ownerPubkey, slot + 1), runAt: new Date((slot + 1) * SLOT_MS) });
  });
  await deps.waker.wake(wakes);
}

function draft(ownerPubkey: string, slot: number) {
  return {
    task: "vtxo_sync",
    payload: { v: 1, ownerPubkey },
    owner: SYSTEM_OWNER,
    dedupeKey: `vtxo_sync:${ownerPubkey}:${slot}`,
  } as const;
}
