import { l2FeePostings, POSTING_KINDS } from "../ledger/postings";
import { receiveLand } from "../lightning/receive-land";
import type { Tx } from "../ports/transactions";
import { receiveRenewal } from "../renewal/receive-renewal";
import { hasFollowers } from "../session/members";
import { moveSession } from "../session/move-session";
import { publishConfirmation } from "../session/publish-confirmation";
import type { Session } from "../session/session";
import type { CeremonyDeps } from "../session/session-deps";
import { completeSwap } from "./complete-swap";
import { bookFinal, readFinal, recipientsOf, resultOf, type FinalTransfer } from "./final-transfer";
import { getSessionTxs, type SessionPlan } from "./session-signatures";
import type { StepOutcome } from "./step-outcome";

/**
 * Step 6, idempotent by txid: one transaction for the mirror, the ledger, the transaction row, the session and its 31340. It also
 * takes the step from `finalizing`, so that nobody sees a transfer as final whose inputs still look locked. A land is not through
 * with it: its row goes on, and its session ends with it. Nor is a renewal, which ends with its payout.
 */
export async function publishTransfer(
  deps: CeremonyDeps,
  session: Session,
  fence: string,
  known?: SessionPlan,
): Promise<StepOutcome> {
  const transfer = await readFinal(deps, session, known ?? (await getSessionTxs(deps, session)));
  return deps.transactions.run(async (tx) => {
    if (session.sessionType === "lightning_land") {
      const { session: received, wake } = await receiveLand(deps, tx, session, transfer, fence);
      return { kind: "moved", session: received, wakes: [wake] };
    }
    if (session.intent.type === "vtxo_renew") {
      return { kind: "moved", session: await receiveRenewal(deps, tx, session, transfer, fence) };
    }
    const complete = hasFollowers(session) ? completeSwap : completeTransfer;
    return { kind: "moved", session: await complete(deps, tx, session, transfer, fence) };
  });
}

async function completeTransfer(
  deps: CeremonyDeps,
  tx: Tx,
  session: Session,
  transfer: FinalTransfer,
  fence: string,
): Promise<Session> {
  const finalized = await moveSession(deps, tx, session, { ceremonyState: "finalized" }, { fence });
  const results = resultOf(session, transfer);
  const published = await moveSession(
    deps,
    tx,
    finalized,
    {
      status: "completed",
      ceremonyState: "published",
      signedTx: transfer.arkPsbt,
      resultData: results,
      errorCode: null,
      errorMessage: null,
      completedAt: deps.clock.now(),
    },
    { fence },
  );
  await bookFinal(deps, tx, session, transfer);
  await deps.ledger.post(tx, {
    kind: POSTING_KINDS.l2Fee,
    businessId: transfer.txid,
    memo: `fee of session ${session.sessionId}`,
    postings: l2FeePostings(session.intent.feeAmount),
  });
  await publishConfirmation(deps, tx, published, { results, recipientPubkeys: recipientsOf(transfer) });
  return published;
}
