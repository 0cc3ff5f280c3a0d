import { SessionStatsReply } from "@arkrelay/core/http/sessions";

import { readRoute } from "../../http/route";
import { shorten } from "../short-id";

const RECENT = 10;

export const sessionStatsRoute = readRoute({
  path: "/sessions/stats",
  summary: "Sessions by status and type",
  auth: ["admin"],
  replies: { 200: SessionStatsReply },
}).handle(async ({ deps }) => {
  const [counts, recent] = await Promise.all([
    deps.admin.sessionCounts(),
    deps.session.sessions.list({}, RECENT, undefined),
  ]);
  return {
    status: 200,
    body: {
      stats: {
        status_counts: { ...counts.byStatus },
        type_counts: { ...counts.byType },
        total_sessions: Object.values(counts.byStatus).reduce((total, each) => total + each, 0),
        recent_sessions: recent.map((session) => ({
          session_id: shorten(session.sessionId),
          status: session.status,
          session_type: session.sessionType,
          created_at: session.createdAt.toISOString(),
        })),
      },
    },
  };
});
