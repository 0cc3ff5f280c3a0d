import { NoQuery } from "@arkrelay/core/http/fields";
import { FailSessionBody, FailSessionReply, SessionParams } from "@arkrelay/core/http/sessions";
import { cancelSession } from "@arkrelay/core/session/cancel-session";

import { writeRoute } from "../../http/route";

export const failSessionRoute = writeRoute({
  method: "POST",
  path: "/sessions/:session_id/fail",
  summary: "End a session before it is handed to arkd; its inputs are free again",
  auth: ["owner", "solver"],
  scope: "sessions",
  params: SessionParams,
  body: FailSessionBody,
  query: NoQuery,
  replies: { 200: FailSessionReply },
}).handle(async ({ deps, tx, caller, params, body }) => {
  const reason = body.error_message ?? body.reason ?? "Session failed";
  const session = await cancelSession(deps.session, tx, { sessionId: params.session_id, caller, reason });
  return {
    status: 200,
    body: { message: "Session failed", session_id: session.sessionId, error_message: reason },
  };
});
