import { namedAmounts, readNamesOf } from "../asset/asset-names";
import { getSessionTxs } from "../ceremony/session-signatures";
import type { StepOutcome } from "../ceremony/step-outcome";
import { AppError, assert } from "../errors";
import { toJsonAmount } from "../json-amount";
import { renewalPaidPostings } from "../ledger/asset-postings";
import { POSTING_KINDS } from "../ledger/postings";
import type { ConfirmationContent } from "../nostr/result-content";
import { payoutKeyOf } from "../payout/payout";
import type { FinalPayout, PayoutRun } from "../payout/payout-deps";
import { planOrRollBack } from "../payout/plan-or-roll-back";
import { planReservedPayout } from "../payout/plan-payout";
import type { Tx } from "../ports/transactions";
import type { Wake } from "../ports/waker";
import { moveSession } from "../session/move-session";
import { publishConfirmation } from "../session/publish-confirmation";
import { movingIntentOf, type Session } from "../session/session";
import type { CeremonyDeps } from "../session/session-deps";
import { ensureScript } from "../vtxo/ensure-script";
import { renewedPartsOf, sumSats, unitsOf } from "./receive-renewal";
import { outliving, renewalOrder } from "./reserve-renewal";

/** Pause between two looks for stock, when what was held has become too old meanwhile. */
const STOCK_PAUSE_MS = 5_000;

/** What completing a renewal needs, in the hands of whoever drives its payout. */
export type RenewalDeps = Pick<
  CeremonyDeps,
  | "clock"
  | "assets"
  | "vtxos"
  | "sessions"
  | "sessionTxs"
  | "ledger"
  | "results"
  | "outbox"
  | "peers"
  | "identity"
  | "webhooks"
  | "leaves"
>;

/**
 * What has been received is owed: plans the payout, once per session, from the stock that was held for it. From then on the payout is
 * work of its own and ends the session; there is no way back.
 */
export async function payRenewal(deps: CeremonyDeps, session: Session, fence: string): Promise<StepOutcome> {
  if ((await deps.payouts.find("renew", session.sessionId)) !== undefined) return { kind: "wait", until: undefined };
  const info = await deps.arkInfo.current();
  const { outputs } = await getSessionTxs(deps, session);
  const planned = await planOrRollBack(deps.transactions, async (tx) => {
    const held = await moveSession(deps, tx, session, {}, { fence });
    const script = await ensureScript(deps.vtxos, tx, session.userPubkey, info, "user");
    const wakeAt = deps.clock.now();
    const wanted = {
      ...renewalOrder(session, renewedPartsOf(outputs)),
      script: script.script,
      wakeAt,
    };
    const old = await deps.vtxos.listByIds(tx, movingIntentOf(session).sourceVtxos ?? []);
    const reserved = { vtxoIds: session.renewalReserve?.vtxoIds ?? [], freshness: outliving(deps, old) };
    const payout = await planReservedPayout(deps, tx, info, wanted, reserved, renewalTx(session.sessionId));
    if (payout === undefined) return undefined;
    const wake: Wake = { task: "payout_drive", rowKey: payoutKeyOf(payout), wakeSeq: 1, runAt: wakeAt };
    return { session: held, wakes: [wake] };
  });
  if (planned === undefined) return { kind: "wait", until: new Date(deps.clock.now().getTime() + STOCK_PAUSE_MS) };
  return { kind: "moved", ...planned };
}

/** How a renewal takes part in its payout. */
export function renewalRun(deps: RenewalDeps, sessionId: string, guard: PayoutRun["guard"]): PayoutRun {
  return { ...renewalTx(sessionId), guard, onFinal: (tx, final) => completeRenewal(deps, tx, sessionId, final) };
}

function renewalTx(sessionId: string) {
  return { sessionId, txType: "p2p_transfer" } as const;
}

/** The user has its fresh VTXOs: ledger, session and its 31340 in the transaction that books them. */
async function completeRenewal(deps: RenewalDeps, tx: Tx, sessionId: string, final: FinalPayout): Promise<void> {
  const session = await deps.sessions.lock(tx, sessionId);
  if (session?.ceremonyState !== "finalized") {
    throw new AppError("internal_error", { internal: `renewal ${sessionId} is paid and was not received` });
  }
  const results = await resultsOf(deps, tx, session, final);
  const completed = await moveSession(deps, tx, session, {
    status: "completed",
    ceremonyState: "published",
    resultData: results,
    completedAt: deps.clock.now(),
  });
  const parts = renewedPartsOf(final.attempt.outputs);
  await deps.ledger.post(tx, {
    kind: POSTING_KINDS.renewalPaid,
    businessId: sessionId,
    memo: `fresh VTXOs of renewal ${sessionId}`,
    postings: renewalPaidPostings(sumSats(parts), unitsOf(await readNamesOf(deps.assets, tx, parts), parts)),
  });
  await publishConfirmation(deps, tx, completed, { results, recipientPubkeys: [session.userPubkey] });
}

/** The transfer to the gateway with what came back for it: outputs and their expiry are those of the payout. */
async function resultsOf(
  deps: RenewalDeps,
  tx: Tx,
  session: Session,
  { txid: payoutTxid, attempt, expiresAt }: FinalPayout,
): Promise<ConfirmationContent["results"]> {
  const txids = await deps.sessionTxs.findTxids(session.id);
  assert(txids !== undefined, "a received renewal has its transfer");
  const names = await readNamesOf(deps.assets, tx, attempt.outputs);
  const paid = attempt.outputs.filter(({ role }) => role === "recipient");
  return {
    txid: txids.ark,
    payout_txid: payoutTxid,
    inputs: movingIntentOf(session).sourceVtxos ?? [],
    outputs: paid.flatMap((output) =>
      namedAmounts(names, output).map(({ assetId, amount }) => ({
        vtxo_id: `${payoutTxid}:${output.vout}`,
        amount: toJsonAmount(amount),
        asset_id: assetId,
        recipient: output.ownerPubkey,
      })),
    ),
    fee_paid: 0,
    fee_asset_id: session.intent.feeAssetId,
    expires_at: expiresAt?.toISOString() ?? null,
  };
}
