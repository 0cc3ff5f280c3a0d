import { AppError } from "@arkrelay/core/errors";
import { CeremonyStepBody, CeremonyStepParams, CeremonyStepReply } from "@arkrelay/core/http/ceremony";
import { completedSteps, stepName, stepOf } from "@arkrelay/core/session/progress";
import { startCeremony } from "@arkrelay/core/session/start-ceremony";

import { writeRoute } from "../../http/route";
import { getReadableSession } from "../sessions/session-view";

export const runCeremonyStepRoute = writeRoute({
  method: "POST",
  path: "/signing/ceremony/:session_id/step/:step",
  summary: "Run the step that is due; a finished one answers with its result",
  auth: ["admin"],
  params: CeremonyStepParams,
  body: CeremonyStepBody,
  replies: { 202: CeremonyStepReply },
}).handle(async ({ deps, tx, caller, params }) => {
  const session = await getReadableSession(deps, caller, params.session_id);
  const { ceremonyState } = session;
  const name = stepName(params.step);
  const isDone = completedSteps(ceremonyState).includes(name);
  if (!isDone && stepOf(ceremonyState) !== params.step) {
    throw new AppError("wrong_step", { details: { due_step: stepOf(ceremonyState) } });
  }
  const { wakes } = isDone
    ? { wakes: [] }
    : await startCeremony(deps.session, tx, { sessionId: session.sessionId, caller });
  return {
    status: 202,
    body: { step: params.step, step_name: name, result: { ceremony_state: ceremonyState, done: isDone } },
    headers: { location: `/signing/ceremony/${session.sessionId}/status` },
    wakes,
  };
});
