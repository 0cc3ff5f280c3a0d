import { insertSignatures } from "../ark/insert-signatures";
import { signItems } from "../ark/sign-items";
import type { SigningItem } from "../ark/types";
import { assert } from "../errors";
import type { SessionTxs } from "../ports/session-stores";
import type { ChallengeStage } from "../session/challenge";
import type { Session } from "../session/session";
import type { CeremonyDeps } from "../session/session-deps";

/** The stored transactions of a session that was prepared. */
export async function getSessionTxs(deps: CeremonyDeps, session: Session) {
  const stored = await deps.sessionTxs.find(undefined, session.id);
  assert(stored !== undefined, `session ${session.sessionId} has no planned transaction`);
  return stored;
}

/**
 * Puts the collected signatures of the newest answered challenge of a stage, and our own over the co-input, into the PSBTs.
 * Each is verified once more over the sighash recomputed from the PSBT itself.
 */
export async function signPsbts(
  deps: CeremonyDeps,
  session: Session,
  stage: ChallengeStage,
  psbts: readonly string[],
  itemsOf: (psbts: readonly string[], pubkey: string) => readonly SigningItem[],
): Promise<readonly string[]> {
  const challenges = await deps.challenges.list(session.id);
  const answered = challenges.findLast((each) => each.stage === stage && each.status === "used");
  assert(answered !== undefined, `stage ${stage} of ${session.sessionId} has no answered challenge`);
  const collected = await deps.challenges.listSignatures(undefined, answered.id);
  const byUser = insertSignatures(psbts, session.userPubkey, collected);
  const { pubkey, secretKey } = deps.wallet.keys.fee;
  return insertSignatures(byUser, pubkey, signItems(itemsOf(psbts, pubkey), secretKey, deps.random));
}

/** PSBTs by the txid of the planned transactions they belong to: the ark tx first, then the checkpoints in input order. */
export function byTxid(
  txs: SessionTxs,
  arkPsbt: string | undefined,
  checkpointPsbts: readonly string[],
): ReadonlyMap<string, string> {
  const map = new Map<string, string>();
  if (arkPsbt !== undefined) map.set(txs.ark.txid, arkPsbt);
  for (const [index, checkpoint] of txs.checkpoints.entries()) {
    const psbt = checkpointPsbts[index];
    if (psbt !== undefined) map.set(checkpoint.txid, psbt);
  }
  return map;
}
