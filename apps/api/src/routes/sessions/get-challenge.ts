import { actsAsOwner, mayRead } from "@arkrelay/core/caller";
import { AppError } from "@arkrelay/core/errors";
import { ChallengeParams, ChallengeReply } from "@arkrelay/core/http/sessions";

import { readRoute } from "../../http/route";

export const getChallengeRoute = readRoute({
  path: "/challenges/:challenge_id",
  summary: "A challenge; its content for the signer and the operator only",
  auth: ["owner", "solver"],
  scope: "sessions",
  params: ChallengeParams,
  replies: { 200: ChallengeReply },
}).handle(async ({ deps, caller, params }) => {
  const challenge = await deps.session.challenges.findById(params.challenge_id);
  const session = challenge && (await deps.session.sessions.find(challenge.content.session_id));
  if (challenge === undefined || session === undefined || !mayRead(caller, session)) {
    throw new AppError("not_found");
  }
  const maySeeContent = caller.isAdmin || actsAsOwner(caller, session.userPubkey);
  return {
    status: 200,
    body: {
      challenge: {
        challenge_id: challenge.challengeId,
        session_id: session.sessionId,
        context: challenge.content.context.human,
        expires_at: challenge.expiresAt.toISOString(),
        is_used: challenge.status === "used",
        created_at: challenge.createdAt.toISOString(),
        stage: challenge.stage,
        ...(maySeeContent && { content: { ...challenge.content } }),
      },
    },
  };
});
