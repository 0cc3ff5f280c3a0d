import type { Caller } from "../caller";
import { mayRead } from "../caller";
import { AppError, assert } from "../errors";
import type { Tx } from "../ports/transactions";
import { moveSession } from "./move-session";
import type { Session } from "./session";
import type { SessionDeps } from "./session-deps";
import { WITHOUT_ARKD } from "./session-machine";

export interface CompleteSessionInput {
  readonly sessionId: string;
  readonly caller: Caller;
  /** What the creator adds to the result; the signature and what it is over are the gateway's to say. */
  readonly resultData: Readonly<Record<string, unknown>>;
  /** A transaction of the creator's own, kept for the owner to see. */
  readonly signedTx: string | undefined;
}

/**
 * A creator completes its protocol_op once the owner has signed. Errors: not_found, forbidden (it only reads it), wrong_state (another
 * type, which only its ceremony completes; no valid answer yet; ended).
 */
export async function completeSession(deps: SessionDeps, tx: Tx, input: CompleteSessionInput): Promise<Session> {
  const { caller, resultData, signedTx } = input;
  const session = await deps.sessions.lock(tx, input.sessionId);
  if (session === undefined || !mayRead(caller, session)) throw new AppError("not_found");
  if (!caller.isAdmin && caller.principal !== session.createdBy) {
    throw new AppError("forbidden", { message: "Only who opened the session completes it." });
  }
  const { status, sessionType } = session;
  if (sessionType !== "protocol_op") {
    const message = "Only the ceremony completes a session of this type.";
    throw new AppError("wrong_state", { message, details: { status, allowed: [] } });
  }
  if (status !== "awaiting_signature") {
    throw new AppError("wrong_state", { details: { status, allowed: ["awaiting_signature"] } });
  }
  return completeProtocolOp(deps, tx, session, { resultData, signedTx });
}

interface ProtocolOpEnd {
  readonly fence?: string;
  readonly resultData?: Readonly<Record<string, unknown>>;
  readonly signedTx?: string | undefined;
}

/** Step 6 of a protocol_op whose challenge was answered: the owner's signature is the result, and nothing has moved. */
export async function completeProtocolOp(
  deps: SessionDeps,
  tx: Tx,
  session: Session,
  { fence, resultData = {}, signedTx }: ProtocolOpEnd,
): Promise<Session> {
  const answered = await deps.challenges.findAnswered(session.id, null);
  const [collected] = answered === undefined ? [] : await deps.challenges.listSignatures(tx, answered.id);
  assert(answered !== undefined && collected !== undefined, "an answered challenge has its signature");
  const { sig: signature, pubkey } = collected;
  return moveSession(
    deps,
    tx,
    session,
    {
      status: "completed",
      ceremonyState: "published",
      resultData: { ...resultData, signature, payload_ref: answered.payloadRef, pubkey },
      ...(signedTx === undefined ? {} : { signedTx }),
      completedAt: deps.clock.now(),
    },
    { fence, through: WITHOUT_ARKD },
  );
}
