import { assert, toAppError, type AppError } from "../errors";
import { moveCeremony } from "../session/members";
import type { Session, SubmitState } from "../session/session";
import type { CeremonyDeps } from "../session/session-deps";
import { afterFinalizeRefusal, decideFinalize, FINALIZE_POLL_MS, POISONED_POLL_MS } from "./finalize-proof";
import { publishTransfer } from "./publish-transfer";
import { arePending } from "./read-pending";
import { getSessionTxs } from "./session-signatures";
import { MOVED, type StepOutcome } from "./step-outcome";

/** Step 5b: the fully signed checkpoints are stored already; persists `finalizing`, then FinalizeTx once. */
export async function finalizeTransfer(deps: CeremonyDeps, session: Session, fence: string): Promise<StepOutcome> {
  const finalizing = await deps.transactions.run((tx) =>
    moveCeremony(deps, tx, session, { ceremonyState: "finalizing" }, { fence }),
  );
  return callFinalize(deps, finalizing, fence);
}

/** State `finalizing` as a restart finds it: outputs there = done; inputs still pending = FinalizeTx with what is stored. */
export async function recoverFinalize(deps: CeremonyDeps, session: Session, fence: string): Promise<StepOutcome> {
  const { txs } = await getSessionTxs(deps, session);
  const outputs = await deps.arkd.listVtxosByOutpoints([`${txs.ark.txid}:0`]);
  if (outputs.length > 0) return publishTransfer(deps, session, fence);
  const state = getSubmitState(session);
  // Once arkd has refused it, whether it is still pending decides nothing, so it is not asked.
  const pending = state.finalizeRefusedAt === null && (await isPending(deps, session));
  const verdict = decideFinalize(state, pending, deps.clock.now());
  switch (verdict.kind) {
    case "call":
      return callFinalize(deps, session, fence);
    case "missing":
      await deps.transactions.run((tx) => moveCeremony(deps, tx, session, { submitState: verdict.state }, { fence }));
      return pollAgain(deps);
    case "wait":
      return pollAgain(deps);
    case "poisoned":
      return showPoisoned(deps, session, fence);
  }
}

function pollAgain(deps: CeremonyDeps): StepOutcome {
  return { kind: "wait", until: new Date(deps.clock.now().getTime() + FINALIZE_POLL_MS) };
}

function getSubmitState({ submitState }: Session): SubmitState {
  assert(submitState !== undefined, "a finalizing session was submitted");
  return submitState;
}

async function callFinalize(deps: CeremonyDeps, session: Session, fence: string): Promise<StepOutcome> {
  const plan = await getSessionTxs(deps, session);
  const { txs } = plan;
  const finalCheckpointTxs = txs.checkpoints.map((each) => each.finalPsbt ?? "");
  try {
    await deps.arkd.finalizeTx({ arkTxid: txs.ark.txid, finalCheckpointTxs });
  } catch (thrown) {
    const error = toAppError(thrown);
    if (error.code === "daemon_rejected") return noteRefusal(deps, session, error, fence);
    // Unknown or not sent: the next look at the outputs says which.
    if (error.code === "outcome_unknown")
      return { kind: "wait", until: new Date(deps.clock.now().getTime() + FINALIZE_POLL_MS / 10) };
    throw error;
  }
  return publishTransfer(deps, session, fence, plan);
}

async function isPending(deps: CeremonyDeps, session: Session): Promise<boolean> {
  const inputs = await deps.sessionTxs.listInputs(session.id);
  return arePending(
    deps,
    inputs.map((each) => each.vtxoId),
  );
}

async function noteRefusal(deps: CeremonyDeps, session: Session, error: AppError, fence: string): Promise<StepOutcome> {
  const { state, isWrongStage } = afterFinalizeRefusal(getSubmitState(session), error, deps.clock.now());
  const events = [{ event: "finalize_refused", data: { ...error.details } }];
  await deps.transactions.run((tx) => moveCeremony(deps, tx, session, { submitState: state }, { fence, events }));
  return isWrongStage ? MOVED : pollAgain(deps);
}

async function showPoisoned(deps: CeremonyDeps, session: Session, fence: string): Promise<StepOutcome> {
  if (session.errorCode === undefined) {
    const change = {
      errorCode: "outcome_unknown",
      errorMessage:
        "arkd did not finalise and shows no outputs; nothing more is sent. The operator has to settle it with arkd.",
    } as const;
    const events = [{ event: "finalize_poisoned", data: {} }];
    await deps.transactions.run((tx) => moveCeremony(deps, tx, session, change, { fence, events }));
  }
  return { kind: "wait", until: new Date(deps.clock.now().getTime() + POISONED_POLL_MS) };
}
