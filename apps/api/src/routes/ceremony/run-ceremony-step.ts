import type { z } from "zod";

import type { Caller } from "@arkrelay/core/caller";
import { AppError } from "@arkrelay/core/errors";
import { CeremonyStepBody, CeremonyStepParams, CeremonyStepReply } from "@arkrelay/core/http/ceremony";
import { invalidField } from "@arkrelay/core/http/request-error";
import type { Tx } from "@arkrelay/core/ports/transactions";
import { completedSteps, stepName, stepOf } from "@arkrelay/core/session/progress";
import { respondToChallenge } from "@arkrelay/core/session/respond-to-challenge";
import type { Session } from "@arkrelay/core/session/session";
import { startCeremony } from "@arkrelay/core/session/start-ceremony";

import type { ApiDeps } from "../../api-deps";
import { writeRoute } from "../../http/route";
import { getReadableSession } from "../sessions/session-view";

type SignatureData = NonNullable<z.output<typeof CeremonyStepBody>["signature_data"]>;

/** The one step that waits for signatures, of the ark tx first and of the checkpoints later. */
const SIGNATURE_STEP = 4;

export const runCeremonyStepRoute = writeRoute({
  method: "POST",
  path: "/signing/ceremony/:session_id/step/:step",
  summary: "Run the step that is due; a finished one answers with its result",
  auth: ["admin"],
  params: CeremonyStepParams,
  body: CeremonyStepBody,
  replies: { 202: CeremonyStepReply },
}).handle(async ({ deps, tx, caller, params, body }) => {
  const session = await getReadableSession(deps, caller, params.session_id);
  const name = stepName(params.step);
  const isDone = completedSteps(session).includes(name);
  if (!isDone && stepOf(session.ceremonyState) !== params.step) {
    throw new AppError("wrong_step", { details: { due_step: stepOf(session.ceremonyState) } });
  }
  const { result, wakes } = isDone
    ? { result: await readResult(deps, session), wakes: [] }
    : await runStep(deps, tx, { session, caller, step: params.step, signatures: body.signature_data });
  return {
    status: 202,
    body: { step: params.step, step_name: name, result: { done: isDone, ...result } },
    headers: { location: `/signing/ceremony/${session.sessionId}/status` },
    wakes,
  };
});

/** What the finished steps left behind. */
async function readResult(deps: ApiDeps, session: Session) {
  const plan = await deps.session.sessionTxs.find(undefined, session.headId ?? session.id);
  return {
    ceremony_state: session.ceremonyState,
    ...(plan !== undefined && {
      ark_txid: plan.txs.ark.txid,
      checkpoint_txids: plan.txs.checkpoints.map(({ txid }) => txid),
    }),
  };
}

interface DueStep {
  readonly session: Session;
  readonly caller: Caller;
  readonly step: number;
  readonly signatures: SignatureData | undefined;
}

/** The worker does the work; what the operator may bring along are the user's signatures, which are checked like any others. */
async function runStep(deps: ApiDeps, tx: Tx, { session, caller, step, signatures }: DueStep) {
  const { sessionId } = session;
  if (signatures !== undefined && step !== SIGNATURE_STEP) {
    throw invalidField("signature_data", `belongs to step ${String(SIGNATURE_STEP)}`);
  }
  const answered =
    signatures &&
    (await respondToChallenge(deps.session, tx, {
      sessionId,
      caller,
      signedBy: undefined,
      relayedByOperator: true,
      ...(signatures.user_signature !== undefined && { signature: signatures.user_signature }),
      ...(signatures.signatures !== undefined && { signatures: signatures.signatures }),
    }));
  const started = await startCeremony(deps.session, tx, { sessionId, caller });
  return {
    result: {
      ceremony_state: started.session.ceremonyState,
      ...(answered && { items_accepted: answered.itemsAccepted, items_missing: answered.itemsMissing }),
    },
    wakes: [...(answered?.wakes ?? []), ...started.wakes],
  };
}
