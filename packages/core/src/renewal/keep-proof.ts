import { signedIntentProof } from "../ark/intent-proof";
import type { StepOutcome } from "../ceremony/step-outcome";
import { AppError, assert } from "../errors";
import { isJsonObject, parseIntegerJson } from "../nostr/integer-json";
import { endSession } from "../session/end-session";
import { moveSession } from "../session/move-session";
import type { Session } from "../session/session";
import type { CeremonyDeps } from "../session/session-deps";

/** arkd's clock may be behind ours by this much, and it still takes a proof that has run out here. */
const CLOCK_SKEW_MS = 5 * 60_000;

/**
 * Step 4 of a recovery: the owner's signatures make the proof whole, which any batch of arkd may take from then on. In the transaction
 * that stores it the VTXOs are held without an end, and the session lives as long as the proof.
 */
export async function keepProof(deps: CeremonyDeps, session: Session, fence: string): Promise<StepOutcome> {
  const answered = await deps.challenges.findAnswered(session.id, null);
  assert(answered?.content.type === "sign_intent_proof", "a recovery is answered with its proof");
  const { proof_psbt: unsigned, message } = answered.content;
  const proof = signedIntentProof(unsigned, await deps.challenges.listSignatures(undefined, answered.id));
  const validUntil = new Date(endOf(message).getTime() + CLOCK_SKEW_MS);
  const kept = await deps.transactions.run(async (tx) => {
    if ((await deps.vtxos.holdSwept(tx, session.sessionId)) !== answered.items.length - 1) {
      // Another session has taken them over, so this proof goes nowhere.
      return endSession(deps, tx, session, { status: "expired", error: new AppError("session_expired") }, fence);
    }
    const change = { status: "signing", ceremonyState: "ark_sigs_collected", expiresAt: validUntil } as const;
    const moved = await moveSession(deps, tx, session, change, { fence });
    await deps.proofs.insert(tx, { sessionId: session.sessionId, proof, message, validUntil });
    return moved;
  });
  return { kind: "moved", session: kept };
}

function endOf(message: string): Date {
  const read = parseIntegerJson(message);
  const seconds = isJsonObject(read) ? read["expire_at"] : undefined;
  assert(typeof seconds === "number", "a register message says when it ends");
  return new Date(seconds * 1000);
}
