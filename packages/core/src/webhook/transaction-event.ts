import { assert } from "../errors";
import type { TransactionStore } from "../ports/transaction-store";
import type { Tx } from "../ports/transactions";
import type { WebhookOutbox } from "../ports/webhook-stores";
import { readTransaction, type TransactionViewDeps } from "../transaction/transaction-view";
import { keyOfOwner, ownerOfKey } from "./webhook-event";

export interface AnnounceTransactionDeps extends TransactionViewDeps {
  readonly txs: Pick<TransactionStore, "find">;
  readonly webhooks: WebhookOutbox;
}

/**
 * A transaction is final at arkd, in the transaction that books it: its parties hear of it, and whoever made its session. A swap has more
 * parties than a sender and a recipient: the owners of its outputs.
 */
export async function announceFinalized(
  deps: AnnounceTransactionDeps,
  tx: Tx,
  txid: string,
  ownerPubkeys: readonly string[] = [],
): Promise<void> {
  const row = await deps.txs.find(txid);
  assert(row !== undefined, `the booked transaction ${txid} has its row`);
  const session = await deps.sessions.find(row.sessionId);
  const keys = [...new Set([row.senderPubkey, row.recipientPubkey, ...ownerPubkeys])];
  await deps.webhooks.announce(tx, {
    type: "transaction.finalized",
    objectKey: `session:${row.sessionId}`,
    audience: {
      kind: "principals",
      principals: [...(session === undefined ? [] : [session.createdBy]), ...keys.map(ownerOfKey)],
    },
    dataFor: (owner) => readTransaction(deps, keyOfOwner(owner), row),
  });
}
