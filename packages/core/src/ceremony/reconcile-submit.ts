import { AppError } from "../errors";
import type { ArkVtxo } from "../ports/ark-daemon";
import type { SessionTxs } from "../ports/session-stores";
import { endRefusedSession } from "../session/end-session";
import { moveSession } from "../session/move-session";
import type { Session, SubmitState } from "../session/session";
import type { CeremonyDeps } from "../session/session-deps";
import { recordVtxos } from "../vtxo/sync-vtxos";
import { acceptTransfer } from "./accept-transfer";
import { arkParamsOf } from "./issue-ark-challenge";
import { readPending } from "./read-pending";
import { rebuildTransfer } from "./rebuild-transfer";
import { getSessionTxs } from "./session-signatures";
import { MOVED, type StepOutcome } from "./step-outcome";

/**
 * What arkd knows of a transaction that we may have sent, judged by its inputs alone: no error code says it. Spent by our
 * txid = accepted, recovered with our own key. Spent by another = refused for good (2002). All unspent: send the **same**
 * transaction again, unless arkd refused it; then it is dead only when two looks, each long after the last unanswered send and
 * that far apart, show every input unspent (5002).
 */
export async function reconcileSubmit(
  deps: CeremonyDeps,
  session: Session,
  fence: string,
): Promise<StepOutcome | { readonly kind: "resubmit" }> {
  const { txs } = await getSessionTxs(deps, session);
  const inputs = await deps.sessionTxs.listInputs(session.id);
  const askedAt = deps.clock.now();
  const vtxos = await deps.arkd.listVtxosByOutpoints(inputs.map((each) => each.vtxoId));
  if (vtxos.some((vtxo) => vtxo.arkTxid === txs.ark.txid)) return recoverAccepted(deps, session, txs, fence);
  const lost = vtxos.find((vtxo) => vtxo.isSpent);
  if (lost !== undefined) return refuseSpent(deps, session, lost, vtxos, fence);
  const state = session.submitState;
  if (state?.refusal == null) return { kind: "resubmit" };
  const seen = new Set(vtxos.map((vtxo) => vtxo.vtxoId));
  if (!inputs.every((input) => seen.has(input.vtxoId))) throw blind(txs.ark.txid);
  return judgeRefusal(deps, session, { ...state, refusal: state.refusal }, askedAt, fence);
}

/** An input arkd does not list is not one it shows as unspent: nothing follows from such a look. */
function blind(arkTxid: string): AppError {
  return new AppError("daemon_unavailable", {
    internal: `arkd does not list every input of ${arkTxid}`,
    details: { service: "arkd" },
  });
}

/** The reply got lost, or a resubmission was refused as a duplicate: GetPendingTx with the key of our co-input has it. */
async function recoverAccepted(
  deps: CeremonyDeps,
  session: Session,
  txs: SessionTxs,
  fence: string,
): Promise<StepOutcome> {
  const arkTxid = txs.ark.txid;
  const inputs = await deps.sessionTxs.listInputs(session.id);
  const ours = inputs.filter((each) => each.role === "fee").map((each) => each.vtxoId);
  const pending = (await readPending(deps, ours)).find((each) => each.arkTxid === arkTxid);
  if (pending === undefined) {
    throw new AppError("daemon_unavailable", {
      internal: `arkd shows an input of ${arkTxid} as spent by it, but does not list it as pending`,
      details: { service: "arkd" },
    });
  }
  return acceptTransfer(deps, session, txs, pending, fence);
}

async function refuseSpent(
  deps: CeremonyDeps,
  session: Session,
  lost: ArkVtxo,
  vtxos: readonly ArkVtxo[],
  fence: string,
): Promise<StepOutcome> {
  const error = new AppError("vtxo_spent", {
    details: { vtxo_id: lost.vtxoId, spending_txid: lost.arkTxid || lost.settledBy },
  });
  await deps.transactions.run((tx) => endRefusedSession(deps, tx, session, error, fence));
  await recordVtxos(deps, vtxos);
  return MOVED;
}

async function judgeRefusal(
  deps: CeremonyDeps,
  session: Session,
  state: SubmitState & { readonly refusal: NonNullable<SubmitState["refusal"]> },
  /** When the look began that showed every input unspent. */
  askedAt: Date,
  fence: string,
): Promise<StepOutcome> {
  const now = deps.clock.now();
  const quietMs = 2 * deps.config.daemonTimeoutMs;
  const firstLookAt =
    state.lastUnansweredAt === null ? askedAt : new Date(Date.parse(state.lastUnansweredAt) + quietMs);
  if (askedAt < firstLookAt) return { kind: "wait", until: firstLookAt };
  if (state.cleanReadAt === null) {
    const submitState = { ...state, cleanReadAt: now.toISOString() };
    await deps.transactions.run((tx) => moveSession(deps, tx, session, { submitState }, { fence }));
    return { kind: "wait", until: new Date(now.getTime() + quietMs) };
  }
  const secondLookAt = new Date(Date.parse(state.cleanReadAt) + quietMs);
  if (askedAt < secondLookAt) return { kind: "wait", until: secondLookAt };
  if (!state.rebuilt && (await hasNewParams(deps, session))) return rebuildTransfer(deps, session, fence);
  const error = new AppError("daemon_rejected", {
    details: { service: "arkd", daemon_code: state.refusal.code, daemon_name: state.refusal.name },
  });
  await deps.transactions.run((tx) => endRefusedSession(deps, tx, session, error, fence));
  return MOVED;
}

/** Whether arkd today would derive other scripts or checkpoints than those this session signed. */
async function hasNewParams(deps: CeremonyDeps, session: Session): Promise<boolean> {
  const today = arkParamsOf(await deps.arkInfo.current());
  const { arkParams } = session;
  return (
    arkParams?.signerPubkey !== today.signerPubkey ||
    arkParams.checkpointTapscript !== today.checkpointTapscript ||
    arkParams.exitDelay !== today.exitDelay
  );
}
