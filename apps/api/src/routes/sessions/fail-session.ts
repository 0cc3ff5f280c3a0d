import { NoQuery } from "@arkrelay/core/http/fields";
import { FailSessionBody, FailSessionReply, SessionParams } from "@arkrelay/core/http/sessions";
import { cancelLift } from "@arkrelay/core/lightning/cancel-lift";
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
  const input = { sessionId: params.session_id, caller, reason };
  const known = await deps.session.sessions.find(input.sessionId);
  const { session, wakes } =
    known?.sessionType === "lightning_lift"
      ? await cancelLift(deps.session, tx, input)
      : { session: await cancelSession(deps.session, tx, input), wakes: [] };
  return {
    status: 200,
    wakes,
    body: { message: "Session failed", session_id: session.sessionId, error_message: reason },
  };
});
