import { assert, toAppError, type AppError } from "../errors";
import { moveSession } from "../session/move-session";
import type { Session, SubmitState } from "../session/session";
import type { CeremonyDeps } from "../session/session-deps";
import { publishTransfer } from "./publish-transfer";
import { getSessionTxs } from "./session-signatures";
import { MOVED, type StepOutcome } from "./step-outcome";

/** A racing second call is refused with the same words as a poisoned one, so the outputs get this long to appear. */
const OUTPUTS_APPEAR_MS = 60_000;
const POLL_MS = 2_000;
const ARKD_INTERNAL_ERROR = 0;
/** A poisoned session stays visible and is looked at this often; only an operator and arkd's can mend it. */
const POISONED_POLL_MS = 10 * 60_000;

/** Step 5b: the fully signed checkpoints are stored already; persists `finalizing`, then FinalizeTx once. */
export async function finalizeTransfer(deps: CeremonyDeps, session: Session, fence: string): Promise<StepOutcome> {
  const finalizing = await deps.transactions.run((tx) =>
    moveSession(deps, tx, session, { ceremonyState: "finalizing" }, { fence }),
  );
  return callFinalize(deps, finalizing, fence);
}

/** State `finalizing` as a restart finds it: outputs there = done; inputs still pending = FinalizeTx with what is stored. */
export async function recoverFinalize(deps: CeremonyDeps, session: Session, fence: string): Promise<StepOutcome> {
  const { txs } = await getSessionTxs(deps, session);
  const outputs = await deps.arkd.listVtxosByOutpoints([`${txs.ark.txid}:0`]);
  if (outputs.length > 0) return publishTransfer(deps, session, fence);
  const { finalizeRefusedAt, outputsMissingSince } = getSubmitState(session);
  if (finalizeRefusedAt === null && (await isPending(deps, session))) return callFinalize(deps, session, fence);
  const since = finalizeRefusedAt ?? outputsMissingSince;
  return since === null ? noteMissing(deps, session, fence) : waitForOutputs(deps, session, Date.parse(since), fence);
}

/** Neither outputs nor a pending transaction: arkd is writing the outputs this moment, or a failed call has poisoned it. */
async function noteMissing(deps: CeremonyDeps, session: Session, fence: string): Promise<StepOutcome> {
  const now = deps.clock.now();
  const submitState = { ...getSubmitState(session), outputsMissingSince: now.toISOString() };
  await deps.transactions.run((tx) => moveSession(deps, tx, session, { submitState }, { fence }));
  return { kind: "wait", until: new Date(now.getTime() + POLL_MS) };
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
      return { kind: "wait", until: new Date(deps.clock.now().getTime() + POLL_MS / 10) };
    throw error;
  }
  return publishTransfer(deps, session, fence, plan);
}

async function isPending(deps: CeremonyDeps, session: Session): Promise<boolean> {
  const inputs = await deps.sessionTxs.listInputs(session.id);
  const rows = await deps.vtxos.listByIds(
    undefined,
    inputs.map((each) => each.vtxoId),
  );
  const scripts = await deps.vtxos.listScriptsById([...new Set(rows.map((row) => row.scriptId))]);
  const pending = await deps.arkd.listVtxosByScripts(
    scripts.map((each) => each.script),
    { pendingOnly: true },
  );
  return pending.some((vtxo) => inputs.some((input) => input.vtxoId === vtxo.vtxoId));
}

/**
 * INTERNAL_ERROR is what arkd answers to a transaction that is "not in a valid stage": it was finalised by a racing call, or a
 * failed one has poisoned it. Every other refusal leaves it pending, so the next look decides whether to call again.
 */
async function noteRefusal(deps: CeremonyDeps, session: Session, error: AppError, fence: string): Promise<StepOutcome> {
  const submitState = getSubmitState(session);
  const now = deps.clock.now();
  const isWrongStage = Number(error.details?.["daemon_code"]) === ARKD_INTERNAL_ERROR;
  const finalizeRefusedAt = submitState.finalizeRefusedAt ?? (isWrongStage ? now.toISOString() : null);
  const noted: SubmitState = { ...submitState, finalizeRefusedAt };
  const events = [{ event: "finalize_refused", data: { ...error.details } }];
  await deps.transactions.run((tx) => moveSession(deps, tx, session, { submitState: noted }, { fence, events }));
  return isWrongStage ? MOVED : { kind: "wait", until: new Date(now.getTime() + POLL_MS) };
}

async function waitForOutputs(
  deps: CeremonyDeps,
  session: Session,
  sinceMs: number,
  fence: string,
): Promise<StepOutcome> {
  const now = deps.clock.now().getTime();
  if (now - sinceMs < OUTPUTS_APPEAR_MS) return { kind: "wait", until: new Date(now + POLL_MS) };
  if (session.errorCode === undefined) {
    const change = {
      errorCode: "outcome_unknown",
      errorMessage:
        "arkd did not finalise and shows no outputs; nothing more is sent. The operator has to settle it with arkd.",
    } as const;
    const events = [{ event: "finalize_poisoned", data: {} }];
    await deps.transactions.run((tx) => moveSession(deps, tx, session, change, { fence, events }));
  }
  return { kind: "wait", until: new Date(now + POISONED_POLL_MS) };
}
