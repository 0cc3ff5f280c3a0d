import { RespondBody, RespondReply, SessionParams } from "@arkrelay/core/http/sessions";
import { respondToChallenge } from "@arkrelay/core/session/respond-to-challenge";

import { writeRoute } from "../../http/route";

export const respondToChallengeRoute = writeRoute({
  method: "POST",
  path: "/sessions/:session_id/respond",
  summary: "Answer the open challenge; the signatures are the proof, whoever relays them",
  auth: ["owner", "solver"],
  notAdmin: true,
  scope: "sessions",
  params: SessionParams,
  body: RespondBody,
  replies: { 200: RespondReply },
}).handle(async ({ deps, tx, caller, params, body }) => {
  const answered = await respondToChallenge(deps.session, tx, {
    sessionId: params.session_id,
    caller,
    signedBy: caller.pubkey,
    ...(body.user_pubkey !== undefined && { userPubkey: body.user_pubkey }),
    ...(body.challenge_id !== undefined && { challengeId: body.challenge_id }),
    ...(body.payload_ref !== undefined && { payloadRef: body.payload_ref }),
    ...(body.signature !== undefined && { signature: body.signature }),
    ...(body.signatures !== undefined && { signatures: body.signatures }),
    ...(body.checkpoint_signatures !== undefined && { checkpointSignatures: body.checkpoint_signatures }),
  });
  return {
    status: 200,
    body: {
      message: answered.itemsMissing === 0 ? "Challenge answered" : "Signatures stored",
      session_id: answered.session.sessionId,
      challenge_id: answered.challengeId,
      status: answered.session.status,
      items_accepted: answered.itemsAccepted,
      items_missing: answered.itemsMissing,
    },
    wakes: answered.wakes,
  };
});
