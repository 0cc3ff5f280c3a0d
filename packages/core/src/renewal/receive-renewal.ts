import { sumAssets } from "../ark/sum-assets";
import { nameOf, type AssetNames } from "../asset/asset-names";
import { bookFinal, resultOf, type FinalTransfer } from "../ceremony/final-transfer";
import { renewalReceivedPostings } from "../ledger/asset-postings";
import { POSTING_KINDS } from "../ledger/postings";
import type { PayoutPart } from "../payout/payout";
import type { PlannedOutput } from "../ports/session-stores";
import type { Tx } from "../ports/transactions";
import { moveSession } from "../session/move-session";
import type { Session } from "../session/session";
import type { CeremonyDeps } from "../session/session-deps";

/**
 * Step 6 of a renewal: the old VTXOs are the gateway's, which owes fresh ones from here on. They are not locked, for nothing ever
 * gives them back: the next batch may take them. The session stays `signing` until its payout is final.
 */
export async function receiveRenewal(
  deps: CeremonyDeps,
  tx: Tx,
  session: Session,
  transfer: FinalTransfer,
  fence: string,
): Promise<Session> {
  const finalized = await moveSession(
    deps,
    tx,
    session,
    {
      ceremonyState: "finalized",
      signedTx: transfer.arkPsbt,
      resultData: resultOf(session, transfer),
      errorCode: null,
      errorMessage: null,
    },
    { fence },
  );
  await bookFinal(deps, tx, session, transfer);
  const parts = renewedPartsOf(transfer.outputs);
  await deps.ledger.post(tx, {
    kind: POSTING_KINDS.renewalReceived,
    businessId: session.sessionId,
    memo: `old VTXOs of renewal ${session.sessionId}`,
    postings: renewalReceivedPostings(sumSats(parts), unitsOf(transfer.assetNames, parts)),
  });
  return finalized;
}

/** What the gateway has received for a renewal, and owes. */
export function renewedPartsOf(outputs: readonly PlannedOutput[]): readonly PayoutPart[] {
  return outputs
    .filter(({ role }) => role === "recipient")
    .map(({ amountSats, assets = [] }) => ({ amountSats, assets }));
}

export function sumSats(parts: readonly PayoutPart[]): bigint {
  return parts.reduce((sum, { amountSats }) => sum + amountSats, 0n);
}

/** By our names of the assets. */
export function unitsOf(names: AssetNames, parts: readonly PayoutPart[]) {
  return sumAssets(parts).map(({ assetId, amount }) => ({ assetId: nameOf(names, assetId), amount }));
}
