import { CancelCeremonyBody, CancelCeremonyReply } from "@arkrelay/core/http/ceremony";
import { NoQuery } from "@arkrelay/core/http/fields";
import { SessionParams } from "@arkrelay/core/http/sessions";
import { cancelSession } from "@arkrelay/core/session/cancel-session";

import { writeRoute } from "../../http/route";

export const cancelCeremonyRoute = writeRoute({
  method: "POST",
  path: "/signing/ceremony/:session_id/cancel",
  summary: "Cancel a ceremony before it is handed to arkd",
  auth: ["owner", "solver"],
  scope: "sessions",
  params: SessionParams,
  body: CancelCeremonyBody,
  query: NoQuery,
  replies: { 200: CancelCeremonyReply },
}).handle(async ({ deps, tx, caller, params, body }) => {
  const { sessionId } = await cancelSession(deps.session, tx, {
    sessionId: params.session_id,
    caller,
    reason: body.reason,
  });
  return { status: 200, body: { success: true, session_id: sessionId, reason: body.reason } };
});
