import {
  IssueChallengeBody,
  IssueChallengeReply,
  PendingChallengeReply,
  SessionParams,
} from "@arkrelay/core/http/sessions";
import { requestChallenge } from "@arkrelay/core/session/request-challenge";

import { writeRoute } from "../../http/route";
import { assertPayload, toIssuedReply, toPendingReply } from "./challenge-view";

export const issueChallengeRoute = writeRoute({
  method: "POST",
  path: "/sessions/:session_id/challenge",
  summary: "Prepare the transaction and open its challenge, or get the open one",
  auth: ["solver", "owner"],
  scope: "sessions",
  params: SessionParams,
  body: IssueChallengeBody,
  replies: { 200: IssueChallengeReply, 201: IssueChallengeReply, 202: PendingChallengeReply },
}).handle(
  async ({ deps, tx, caller, params, body }) => {
    const { session, challenge, isNew, syncJobId, wakes } = await requestChallenge(deps.session, tx, {
      sessionId: params.session_id,
      caller,
    });
    const headers = { location: `/sessions/${session.sessionId}` };
    if (challenge === undefined) {
      return { status: 202, body: toPendingReply(session.sessionId, syncJobId), headers, wakes };
    }
    assertPayload(challenge, body.challenge_data);
    if (!isNew) return { status: 200, body: toIssuedReply(session, challenge, "Challenge is open"), headers, wakes };
    return { status: 201, body: toIssuedReply(session, challenge, "Challenge issued"), headers, wakes };
  },
  {
    byDefaultSeconds: 2,
    look: async ({ deps, params, body }) => {
      const session = await deps.session.sessions.find(params.session_id);
      const challenge = session && (await deps.session.challenges.findOpen(undefined, session.id));
      if (session === undefined || challenge === undefined) return undefined;
      assertPayload(challenge, body.challenge_data);
      return { status: 201, body: toIssuedReply(session, challenge, "Challenge issued") };
    },
  },
);
