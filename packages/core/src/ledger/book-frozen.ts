import { lockOwnerOf } from "../payout/payout";
import type { Clock } from "../ports/clock";
import type { LedgerStore } from "../ports/ledger-store";
import type { SessionStore } from "../ports/session-stores";
import type { StuckCeremonies } from "../ports/stuck-ceremonies";
import type { Transactions, Tx } from "../ports/transactions";
import type { VtxoStore } from "../ports/vtxo-store";
import { isUnfinalised } from "../session/session";
import { frozenPostings, POSTING_KINDS, reversed } from "./postings";

export interface BookFrozenDeps {
  readonly clock: Clock;
  readonly transactions: Transactions;
  readonly sessions: Pick<SessionStore, "lock">;
  readonly stuck: StuckCeremonies;
  readonly ledger: LedgerStore;
  readonly vtxos: Pick<VtxoStore, "unlock">;
}

/** Ceremonies per run; the next run goes on. */
const CEREMONIES_MAX = 200;

/**
 * Books the gateway's inputs of ceremonies that arkd has accepted and that are not final after `acceptedAlertMs` as frozen, each once,
 * and returns how many. They cannot be spent and are not lost. What such a renewal held of the stock is free again.
 */
export async function bookFrozen(deps: BookFrozenDeps, acceptedAlertMs: number): Promise<number> {
  const acceptedBefore = new Date(deps.clock.now().getTime() - acceptedAlertMs);
  let booked = 0;
  for (const { sessionId, gatewaySats } of await deps.stuck.listUnfrozen(acceptedBefore, CEREMONIES_MAX)) {
    const isNew = await deps.transactions.run(async (tx) => {
      // It may have become final meanwhile: whoever holds the row first decides, and bookThawed comes after it.
      const session = await deps.sessions.lock(tx, sessionId);
      if (session === undefined || !isUnfinalised(session)) return false;
      // Nobody says when its user signs; by then other stock will do, and this would have grown too old for anybody.
      if (session.renewalReserve !== undefined)
        await deps.vtxos.unlock(tx, lockOwnerOf({ kind: "renew", businessId: sessionId }));
      return deps.ledger.post(tx, {
        kind: POSTING_KINDS.ceremonyFrozen,
        businessId: sessionId,
        memo: `inputs of session ${sessionId}, which is not final`,
        postings: frozenPostings(gatewaySats),
      });
    });
    if (isNew) booked++;
  }
  return booked;
}

/** In the transaction that makes a ceremony final, after its row was taken: what was booked as frozen is the gateway's again. */
export async function bookThawed(
  { ledger }: { readonly ledger: LedgerStore },
  tx: Tx,
  sessionId: string,
): Promise<void> {
  const frozen = await ledger.find(tx, POSTING_KINDS.ceremonyFrozen, sessionId);
  if (frozen === undefined) return;
  await ledger.post(tx, {
    kind: POSTING_KINDS.ceremonyThawed,
    businessId: sessionId,
    memo: `session ${sessionId} is final`,
    postings: reversed(frozen),
  });
}
