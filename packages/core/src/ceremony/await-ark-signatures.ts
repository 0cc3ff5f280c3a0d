import { verifySubmittable } from "../ark/verify-finalizable";
import { keepProof } from "../renewal/keep-proof";
import { completeProtocolOp } from "../session/complete-protocol-op";
import { expireChallenge } from "../session/expire-challenge";
import { moveCeremony, readMembers } from "../session/members";
import { isRecovery, type Session } from "../session/session";
import type { CeremonyDeps } from "../session/session-deps";
import { byTxid, getSessionTxs, signPsbts } from "./session-signatures";
import { MOVED, type StepOutcome } from "./step-outcome";

/**
 * Step 4a: waits for challenge 1 of every member, then completes the ark tx with our own signature over the co-input. A protocol_op is through with the
 * answer.
 */
export async function awaitArkSignatures(deps: CeremonyDeps, session: Session, fence: string): Promise<StepOutcome> {
  const members = await readMembers(deps, session);
  const silent = members.find(({ status }) => status !== "awaiting_signature");
  if (silent === undefined) {
    if (!session.autoStart) return { kind: "wait", until: session.expiresAt };
    if (session.sessionType === "protocol_op") return completeBySignature(deps, session, fence);
    if (isRecovery(session)) return keepProof(deps, session, fence);
    return completeArkTx(deps, session, fence);
  }
  const open = await deps.challenges.findOpen(undefined, silent.id);
  if (open === undefined) return MOVED;
  if (open.expiresAt > deps.clock.now()) return { kind: "wait", until: open.expiresAt };
  await deps.transactions.run((tx) => expireChallenge(deps, tx, session, open, fence));
  return MOVED;
}

async function completeBySignature(deps: CeremonyDeps, session: Session, fence: string): Promise<StepOutcome> {
  const completed = await deps.transactions.run((tx) => completeProtocolOp(deps, tx, session, { fence }));
  return { kind: "moved", session: completed };
}

async function completeArkTx(deps: CeremonyDeps, session: Session, fence: string): Promise<StepOutcome> {
  const { txs } = await getSessionTxs(deps, session);
  const unsigned = [txs.ark.unsignedPsbt];
  const [arkPsbt = ""] = await signPsbts(deps, session, "ark_tx", unsigned);
  verifySubmittable({ arkPsbt, checkpointPsbts: txs.checkpoints.map((each) => each.unsignedPsbt) });
  const signed = await deps.transactions.run(async (tx) => {
    const change = { status: "signing", ceremonyState: "ark_sigs_collected" } as const;
    const moved = await moveCeremony(deps, tx, session, change, { fence });
    await deps.sessionTxs.setSigned(tx, session.id, byTxid(txs, arkPsbt, []));
    return moved;
  });
  return { kind: "moved", session: signed };
}
