import type { z } from "zod";

import { actsAsOwner, mayRead, type Caller } from "@arkrelay/core/caller";
import { AppError } from "@arkrelay/core/errors";
import type { SessionReply } from "@arkrelay/core/http/sessions";
import type { Session } from "@arkrelay/core/session/session";

import type { ApiDeps } from "../../api-deps";

/** Throws `not_found` for a session that does not exist and for somebody else's alike. */
export async function getReadableSession(deps: ApiDeps, caller: Caller, sessionId: string): Promise<Session> {
  const session = await deps.session.sessions.find(sessionId);
  if (session === undefined || !mayRead(caller, session)) throw new AppError("not_found");
  return session;
}

export function toSessionReply(
  session: Session,
  caller: Caller,
  openChallengeId: string | undefined,
): z.output<typeof SessionReply> {
  const maySeeTx = caller.isAdmin || actsAsOwner(caller, session.userPubkey);
  return {
    session_id: session.sessionId,
    user_pubkey: session.userPubkey,
    session_type: session.sessionType,
    status: session.status,
    ceremony_state: session.ceremonyState,
    current_step: session.currentStep,
    intent_data: { ...session.intent.content },
    context: { ...session.context },
    ...(session.batchId !== undefined && { batch_id: session.batchId }),
    ...(openChallengeId !== undefined && { open_challenge_id: openChallengeId }),
    expires_at: session.expiresAt.toISOString(),
    created_at: session.createdAt.toISOString(),
    updated_at: session.updatedAt.toISOString(),
    ...(session.resultData !== undefined && { result_data: { ...session.resultData } }),
    ...(maySeeTx && session.signedTx !== undefined && { signed_tx: session.signedTx }),
    ...(session.errorCode !== undefined && { error_code: session.errorCode }),
    ...(session.errorMessage !== undefined && { error_message: session.errorMessage }),
  };
}
