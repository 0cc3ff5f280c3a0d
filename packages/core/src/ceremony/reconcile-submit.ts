import { AppError, type ErrorCode } from "../errors";
import type { ArkVtxo } from "../ports/ark-daemon";
import type { SessionTxs } from "../ports/session-stores";
import { endRefusedSession } from "../session/end-session";
import { hasFollowers, moveCeremony } from "../session/members";
import { NEVER_SENT, type Session, type SubmitState } from "../session/session";
import type { CeremonyDeps } from "../session/session-deps";
import { recordVtxos } from "../vtxo/sync-vtxos";
import { acceptTransfer } from "./accept-transfer";
import { arkParamsOf } from "./issue-ark-challenge";
import { readPending } from "./read-pending";
import { rebuildTransfer } from "./rebuild-transfer";
import { getSessionTxs } from "./session-signatures";
import { MOVED, type StepOutcome } from "./step-outcome";
import { judgeInputs, refusalError, type SubmitVerdict } from "./submit-proof";

/**
 * What arkd knows of a transaction that we may have sent, judged by its inputs alone (submit-proof.ts). Spent by our txid = accepted, recovered with our own key. Spent by another = refused for good (2002). All unspent: send the **same**
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
  const look = {
    arkTxid: txs.ark.txid,
    inputIds: inputs.map((each) => each.vtxoId),
    vtxos,
    state: session.submitState,
    askedAt,
    now: deps.clock.now(),
    daemonTimeoutMs: deps.config.daemonTimeoutMs,
  };
  const verdict = judgeInputs(look);
  switch (verdict.kind) {
    case "accepted":
      return recoverAccepted(deps, session, txs, fence);
    case "spent":
      return refuseSpent(deps, session, verdict.lost, vtxos, fence);
    case "resubmit":
      return verdict;
    case "look_again":
      return lookAgain(deps, session, verdict, fence);
    case "refused":
      return endRefused(deps, session, verdict.refusal, fence);
  }
}

async function lookAgain(
  deps: CeremonyDeps,
  session: Session,
  { until, cleanReadAt }: Extract<SubmitVerdict, { kind: "look_again" }>,
  fence: string,
): Promise<StepOutcome> {
  if (cleanReadAt !== undefined) {
    const submitState = { ...(session.submitState ?? NEVER_SENT), cleanReadAt };
    await deps.transactions.run((tx) => moveCeremony(deps, tx, session, { submitState }, { fence }));
  }
  return { kind: "wait", until };
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

async function endRefused(
  deps: CeremonyDeps,
  session: Session,
  refusal: NonNullable<SubmitState["refusal"]>,
  fence: string,
): Promise<StepOutcome> {
  // A batch is not asked twice: its submitter brings it again, with the new parameters.
  const mayRebuild =
    !hasFollowers(session) && session.submitState?.rebuilt !== true && (await hasNewParams(deps, session));
  const rebuilt = mayRebuild ? await tryRebuild(deps, session, fence) : undefined;
  if (rebuilt !== undefined) return rebuilt;
  await deps.transactions.run((tx) => endRefusedSession(deps, tx, session, refusalError(refusal), fence));
  return MOVED;
}

/** The same inputs may make no transaction by arkd's new limits: change or a carrier is dust now. */
const UNBUILDABLE: ReadonlySet<ErrorCode> = new Set([
  "amount_below_minimum",
  "amount_above_maximum",
  "too_many_inputs",
]);

async function tryRebuild(deps: CeremonyDeps, session: Session, fence: string): Promise<StepOutcome | undefined> {
  try {
    return await rebuildTransfer(deps, session, fence);
  } catch (thrown) {
    if (thrown instanceof AppError && UNBUILDABLE.has(thrown.code)) return undefined;
    throw thrown;
  }
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
