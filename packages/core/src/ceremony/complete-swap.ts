import { l2FeePostings, POSTING_KINDS } from "../ledger/postings";
import type { Tx } from "../ports/transactions";
import { moveMembers } from "../session/members";
import type { Session } from "../session/session";
import type { CeremonyDeps } from "../session/session-deps";
import { publishBatchConfirmation } from "../swap/publish-batch-confirmation";
import { bookFinal, recipientsOf, resultOf, type FinalTransfer } from "./final-transfer";

/** Step 6 of a swap: as of a transfer, for all members at once, with one 31340 that ends the batch and every action in it. */
export async function completeSwap(
  deps: CeremonyDeps,
  tx: Tx,
  head: Session,
  transfer: FinalTransfer,
  fence: string,
): Promise<Session> {
  const [finalized] = await moveMembers(deps, tx, head, { ceremonyState: "finalized" }, { fence });
  const results = resultOf(head, transfer);
  const members = await moveMembers(
    deps,
    tx,
    finalized,
    {
      status: "completed",
      ceremonyState: "published",
      signedTx: transfer.arkPsbt,
      // Of each its own fee; everybody has the same one.
      resultData: results,
      errorCode: null,
      errorMessage: null,
      completedAt: deps.clock.now(),
    },
    { fence },
  );
  await bookFinal(deps, tx, head, transfer);
  const feeSats = members.reduce((sum, { intent }) => sum + intent.feeAmount, 0n);
  await deps.ledger.post(tx, {
    kind: POSTING_KINDS.l2Fee,
    businessId: transfer.txid,
    memo: `fees of the ${members.length} members of batch ${String(head.batchId)}`,
    postings: l2FeePostings(feeSats),
  });
  await publishBatchConfirmation(deps, tx, members, {
    results: { ...results, fee_paid: Number(feeSats) },
    recipientPubkeys: recipientsOf(transfer),
  });
  return members[0];
}
