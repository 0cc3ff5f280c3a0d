import type { z } from "zod";

import { AppError } from "@arkrelay/core/errors";
import type { IssueChallengeReply, PendingChallengeReply } from "@arkrelay/core/http/sessions";
import type { Challenge } from "@arkrelay/core/session/challenge";
import type { Session } from "@arkrelay/core/session/session";

export function toIssuedReply(
  session: Session,
  challenge: Challenge,
  message: string,
): z.output<typeof IssueChallengeReply> {
  return {
    message,
    challenge_id: challenge.challengeId,
    session_id: session.sessionId,
    context: challenge.content.context.human,
    expires_at: challenge.expiresAt.toISOString(),
    challenge: { ...challenge.content },
  };
}

export function toPendingReply(
  sessionId: string,
  syncJobId: string | undefined,
): z.output<typeof PendingChallengeReply> {
  const message =
    syncJobId === undefined
      ? "An earlier transfer of the key comes first; the challenge opens by itself"
      : "The VTXOs are being read; the challenge opens by itself";
  return { message, session_id: sessionId, ...(syncJobId !== undefined && { job_id: syncJobId }), txid: null };
}

interface ExpectedPayload {
  readonly type?: string | undefined;
  readonly payload_to_sign?: string | undefined;
  readonly payload_ref?: string | undefined;
}

/** The gateway computes what is signed; a caller that expects something else must not get a signature for it. */
export function assertPayload(challenge: Challenge, expected: ExpectedPayload | undefined): void {
  const { payload_to_sign: payload, payload_ref: ref } = challenge.content;
  const sent = expected?.payload_to_sign?.replace(/^0x/, "").toLowerCase();
  const isOther = expected?.type !== undefined && expected.type !== challenge.content.type;
  const differs = isOther || (sent !== undefined && sent !== payload) || (expected?.payload_ref ?? ref) !== ref;
  if (differs) throw new AppError("payload_mismatch");
}
