import { CompleteSessionBody, CompleteSessionReply, SessionParams } from "@arkrelay/core/http/sessions";
import { completeSession } from "@arkrelay/core/session/complete-protocol-op";

import { writeRoute } from "../../http/route";

export const completeSessionRoute = writeRoute({
  method: "POST",
  path: "/sessions/:session_id/complete",
  summary: "Complete a protocol_op; a transfer is completed by its ceremony alone",
  auth: ["solver"],
  scope: "sessions",
  params: SessionParams,
  body: CompleteSessionBody,
  replies: { 200: CompleteSessionReply },
}).handle(async ({ deps, tx, caller, params, body }) => {
  const session = await completeSession(deps.session, tx, {
    sessionId: params.session_id,
    caller,
    resultData: body.result_data,
    signedTx: body.signed_tx,
  });
  return {
    status: 200,
    body: {
      message: "Session completed",
      session_id: session.sessionId,
      result_data: { ...session.resultData },
    },
  };
});
