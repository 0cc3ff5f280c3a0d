import { StartCeremonyBody, StartCeremonyReply } from "@arkrelay/core/http/ceremony";
import { stepName } from "@arkrelay/core/session/progress";
import { startCeremony } from "@arkrelay/core/session/start-ceremony";

import { writeRoute } from "../../http/route";

export const startCeremonyRoute = writeRoute({
  method: "POST",
  path: "/signing/ceremony/start",
  summary: "Let the worker drive every step from here on",
  auth: ["owner", "solver"],
  scope: "sessions",
  body: StartCeremonyBody,
  replies: { 202: StartCeremonyReply },
}).handle(async ({ deps, tx, caller, body }) => {
  const { session, wakes } = await startCeremony(deps.session, tx, { sessionId: body.session_id, caller });
  return {
    status: 202,
    body: {
      message: "Ceremony started",
      ceremony: {
        step: session.currentStep,
        step_name: stepName(session.currentStep),
        status: session.ceremonyState,
        session_type: session.sessionType,
        intent_validated: session.ceremonyState !== "intent_received",
      },
    },
    headers: { location: `/signing/ceremony/${session.sessionId}/status` },
    wakes,
  };
});
