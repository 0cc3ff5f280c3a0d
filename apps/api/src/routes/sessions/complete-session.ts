import { AppError } from "@arkrelay/core/errors";
import { CompleteSessionBody, CompleteSessionReply, SessionParams } from "@arkrelay/core/http/sessions";

import { writeRoute } from "../../http/route";
import { getReadableSession } from "./session-view";

export const completeSessionRoute = writeRoute({
  method: "POST",
  path: "/sessions/:session_id/complete",
  summary: "Complete a protocol_op; a transfer is completed by its ceremony alone",
  auth: ["solver"],
  scope: "sessions",
  params: SessionParams,
  body: CompleteSessionBody,
  replies: { 200: CompleteSessionReply },
}).handle(async ({ deps, caller, params }) => {
  const session = await getReadableSession(deps, caller, params.session_id);
  throw new AppError("wrong_state", {
    message: "Only the ceremony completes a session of this type.",
    details: { status: session.status, allowed: [] },
  });
});
