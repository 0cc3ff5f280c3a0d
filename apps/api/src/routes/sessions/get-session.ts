import { SessionParams, SessionReply } from "@arkrelay/core/http/sessions";

import { readRoute } from "../../http/route";
import { getReadableSession, toSessionReply } from "./session-view";

export const getSessionRoute = readRoute({
  path: "/sessions/:session_id",
  summary: "A session; an expired one reads normally",
  auth: ["owner", "solver"],
  scope: "sessions",
  params: SessionParams,
  replies: { 200: SessionReply },
}).handle(async ({ deps, caller, params }) => {
  const session = await getReadableSession(deps, caller, params.session_id);
  const open = await deps.session.challenges.findOpen(undefined, session.id);
  return { status: 200, body: toSessionReply(session, caller, open?.challengeId) };
});
