import { NoQuery } from "@arkrelay/core/http/fields";
import { SessionCleanupReply } from "@arkrelay/core/http/sessions";
import { expireSessions } from "@arkrelay/core/session/expire-sessions";

import { writeRoute } from "../../http/route";

const BATCH = 200;

export const cleanupSessionsRoute = writeRoute({
  method: "POST",
  path: "/sessions/cleanup",
  summary: "End what ran out of time; deletes nothing",
  auth: ["admin"],
  query: NoQuery,
  replies: { 200: SessionCleanupReply },
}).handle(async ({ deps }) => {
  // One transaction per session, so that one that moved meanwhile holds up nothing; doing it twice is harmless.
  const { expiredSessions, expiredChallenges } = await expireSessions(deps.session, { limit: BATCH });
  return {
    status: 200,
    body: {
      message: "Expired sessions ended",
      expired_sessions_cleaned: expiredSessions,
      expired_challenges_cleaned: expiredChallenges,
    },
  };
});
