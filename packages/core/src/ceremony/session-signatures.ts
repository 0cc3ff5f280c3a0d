import { ArkPsbt } from "../ark/ark-psbt";
import { insertInto } from "../ark/insert-signatures";
import { signItems } from "../ark/sign-items";
import { itemsOf } from "../ark/signing-items";
import { assert } from "../errors";
import type { PlannedOutput, SessionTxs } from "../ports/session-stores";
import type { ChallengeStage, CollectedSignature } from "../session/challenge";
import { readMembers } from "../session/members";
import type { Session } from "../session/session";
import type { CeremonyDeps } from "../session/session-deps";

/** What a session was prepared for: its transactions as far as they are signed, and the outputs of its ark tx. */
export interface SessionPlan {
  readonly txs: SessionTxs;
  readonly outputs: readonly PlannedOutput[];
}

/** The stored transactions of a session that was prepared. */
export async function getSessionTxs(deps: CeremonyDeps, session: Session): Promise<SessionPlan> {
  const stored = await deps.sessionTxs.find(undefined, session.id);
  assert(stored !== undefined, `session ${session.sessionId} has no planned transaction`);
  return stored;
}

/**
 * Puts the collected signatures of a stage, of every member's newest answered challenge, and our own over the co-input into the PSBTs.
 * Each is verified once more over the sighash recomputed from the PSBT itself. A member that presigned gave those of its checkpoints
 * with its first answer.
 */
export async function signPsbts(
  deps: CeremonyDeps,
  session: Session,
  stage: ChallengeStage,
  psbts: readonly string[],
): Promise<readonly string[]> {
  const txs = psbts.map((psbt) => ArkPsbt.parse(psbt));
  const txids = new Set(txs.map(({ id }) => id));
  for (const member of await readMembers(deps, session)) {
    const collected = await collectedOf(deps, member, stage);
    // A presigner's first answer holds signatures of both stages.
    const ofStage = collected.filter(({ txid }) => txids.has(txid));
    insertInto(txs, member.userPubkey, ofStage);
  }
  const { pubkey, secretKey } = deps.wallet.keys.fee;
  const role = stage === "ark_tx" ? "ark" : "checkpoint";
  const items = txs.flatMap((tx) => itemsOf(role, tx, pubkey));
  insertInto(txs, pubkey, signItems(items, secretKey, deps.random));
  return txs.map((tx) => tx.encode());
}

async function collectedOf(
  deps: CeremonyDeps,
  member: Session,
  stage: ChallengeStage,
): Promise<readonly CollectedSignature[]> {
  const first = await deps.challenges.findAnswered(member.id, "ark_tx");
  const isPresigned = stage === "checkpoint_txs" && first?.content.context.presign === true;
  const answered = isPresigned || stage === "ark_tx" ? first : await deps.challenges.findAnswered(member.id, stage);
  assert(answered !== undefined, `stage ${stage} of ${member.sessionId} has no answered challenge`);
  return deps.challenges.listSignatures(undefined, answered.id);
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
