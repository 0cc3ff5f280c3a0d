import { unsignedRegisterProof } from "../ark-batch/batch-intent";
import { nameOf, readNamesOf } from "../asset/asset-names";
import { dustOf } from "../ceremony/ark-limits";
import { arkParamsOf } from "../ceremony/issue-ark-challenge";
import type { Prepared } from "../ceremony/prepare-challenge";
import { AppError } from "../errors";
import { toJsonAmount } from "../json-amount";
import type { ChallengeAmount } from "../nostr/challenge-content";
import type { Tx } from "../ports/transactions";
import { challengeExpiry } from "../session/challenge-times";
import { challengeEventData, issueProofChallenge } from "../session/issue-challenge";
import { moveSession } from "../session/move-session";
import { movingIntentOf, type Session } from "../session/session";
import type { CeremonyDeps } from "../session/session-deps";
import { yieldLock } from "../session/yield-lock";
import { ensureUserScript } from "../vtxo/ensure-script";
import { GBTC, type Vtxo } from "../vtxo/vtxo";
import { wayOf } from "./judge-renewal";
import { planRecovery } from "./recovery-plan";

/** How long arkd may take a proof: its owner signs once, and every batch until then is tried. */
const PROOF_LIFE_MS = 24 * 3_600_000;

/**
 * Steps 1 and 2 of a recovery, over VTXOs that were just read from arkd: they are locked for the life of the challenge, and its owner is
 * asked for the proof that registers them for a batch. Errors: vtxo_not_owned, vtxo_spent, vtxo_locked, amount_below_minimum,
 * invalid_request when one of them lives.
 */
export async function prepareRecovery(deps: CeremonyDeps, tx: Tx, session: Session, fence: string): Promise<Prepared> {
  const info = await deps.arkInfo.current();
  const expiresAt = challengeExpiry(deps, session);
  const challengeId = deps.random.uuid();
  const prepared = await moveSession(
    deps,
    tx,
    session,
    { status: "challenge_sent", ceremonyState: "ark_tx_prepared", arkParams: arkParamsOf(info), prepareSince: null },
    { fence, events: [challengeEventData({ challengeId, stage: null, expiresAt })] },
  );
  const coins = await lockSwept(deps, tx, prepared, expiresAt);
  const { script } = await ensureUserScript(deps.vtxos, tx, session.userPubkey, info, "user_pubkey");
  const intent = await planRecovery(deps, session, { coins, script, dustSats: dustOf(info) });
  const proofEnd = Math.floor((deps.clock.now().getTime() + PROOF_LIFE_MS) / 1000);
  const challenge = await issueProofChallenge(deps, tx, prepared, {
    challengeId,
    proof: unsignedRegisterProof(intent, proofEnd),
    params: arkParamsOf(info),
    amounts: await amountsOf(deps, tx, coins),
    expiresAt,
  });
  return { session: prepared, challenge };
}

async function lockSwept(deps: CeremonyDeps, tx: Tx, session: Session, until: Date): Promise<readonly Vtxo[]> {
  const ids = movingIntentOf(session).sourceVtxos ?? [];
  const rows = await deps.vtxos.listByIds(tx, ids);
  const now = deps.clock.now();
  const coins = ids.map((vtxoId) => {
    const row = rows.find((each) => each.vtxoId === vtxoId);
    if (row?.ownerPubkey !== session.userPubkey) throw new AppError("vtxo_not_owned", { details: { vtxo_id: vtxoId } });
    if (row.status === "spent" || row.status === "settled") {
      throw new AppError("vtxo_spent", { details: { vtxo_id: vtxoId, spending_txid: row.spendingTxid } });
    }
    if (wayOf(row, now) !== "recover") {
      const message = "It lives, so it is renewed by a transfer";
      throw new AppError("invalid_request", { errors: [{ path: "params.vtxo_ids", code: "alive", message }] });
    }
    return row;
  });
  for (const holder of new Set(coins.map(({ lockedBy }) => lockedBy))) {
    if (holder !== undefined) await yieldLock(deps, tx, holder, session.ownerProven);
  }
  if (await deps.vtxos.lockSwept(tx, ids, session.sessionId, until)) return coins;
  throw new AppError("vtxo_locked", { retryAfterSeconds: 5 });
}

async function amountsOf(deps: CeremonyDeps, tx: Tx, coins: readonly Vtxo[]) {
  const names = await readNamesOf(deps.assets, tx, coins);
  const shown = coins
    .flatMap(({ amountSats, assets }) => [{ assetId: GBTC, amount: amountSats }, ...assets])
    .map(({ assetId, amount }): ChallengeAmount => ({
      asset_id: nameOf(names, assetId),
      amount: toJsonAmount(amount),
    }));
  return { spend: shown, receive: shown, change: [], fee: { asset_id: GBTC, amount: 0 } };
}
