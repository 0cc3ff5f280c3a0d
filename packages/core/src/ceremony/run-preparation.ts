import { toAppError, type AppError } from "../errors";
import { prepareRecovery } from "../renewal/prepare-recovery";
import { endSession } from "../session/end-session";
import { hasFollowers, readMembers } from "../session/members";
import { isMirrorFresh } from "../session/open-session";
import { isRecovery, type Session } from "../session/session";
import type { CeremonyDeps } from "../session/session-deps";
import { recordVtxos, registerGatewayScripts, syncVtxos } from "../vtxo/sync-vtxos";
import { mustWait, QUEUE_WAIT_MS } from "./admission";
import { prepareChallenge } from "./prepare-challenge";
import { preparePayloadChallenge } from "./prepare-payload-challenge";
import { prepareSwap } from "./prepare-swap";
import { MOVED, type StepOutcome } from "./step-outcome";

/** A key's VTXOs are not read from arkd more often than this. */
const REFILL_PAUSE_MS = 10_000;

/** Steps 1-3 in the worker: reads the members' VTXOs from arkd when the mirror is old, then prepares challenge 1. */
export async function runPreparation(deps: CeremonyDeps, session: Session, fence: string): Promise<StepOutcome> {
  if (session.prepareSince === undefined) return { kind: "wait", until: session.expiresAt };
  try {
    if (session.sessionType === "protocol_op") {
      await deps.transactions.run((tx) => preparePayloadChallenge(deps, tx, session, fence));
      return MOVED;
    }
    if (session.intent.type === "vtxo_renew") {
      // The mirror is told of what is spendable; of these it may know nothing, or not that they are swept by now.
      await recordVtxos(deps, await deps.arkd.listVtxosByOutpoints(session.intent.sourceVtxos));
    }
    if (isRecovery(session)) {
      await deps.transactions.run((tx) => prepareRecovery(deps, tx, session, fence));
      return MOVED;
    }
    for (const member of await readMembers(deps, session)) {
      const waiting = await mustWait(deps, member);
      if (waiting !== undefined) return await waitOrFail(deps, session, fence, waiting);
      if (!(await isMirrorFresh(deps, member.userPubkey))) await syncVtxos(deps, { ownerPubkey: member.userPubkey });
    }
    await deps.transactions.run(async (tx) => {
      await (hasFollowers(session)
        ? prepareSwap(deps, tx, session, fence)
        : prepareChallenge(deps, tx, session, fence));
    });
    return MOVED;
  } catch (thrown) {
    return judgeFailure(deps, session, fence, toAppError(thrown));
  }
}

/** What no retry can change ends the session; what may pass is tried until the ceremony's time is up. */
async function judgeFailure(
  deps: CeremonyDeps,
  session: Session,
  fence: string,
  error: AppError,
): Promise<StepOutcome> {
  if (error.code === "wrong_state") {
    // Nothing moved the session, so another attempt has taken its row: this one would be refused for ever.
    const now = await deps.sessions.find(session.sessionId);
    if (now?.version === session.version) throw error;
    return MOVED;
  }
  // arkd's signer may have changed since the gateway's scripts were registered at start.
  if (error.code === "not_ready") await registerGatewayScripts(deps, deps.wallet);
  if (error.code === "inventory_exhausted") {
    if (await refillMirror(deps)) return MOVED;
    return waitOrFail(deps, session, fence, error);
  }
  // The day's limit of renewals is not waited for.
  const endsIt = error.retry === "never" || error.code === "vtxo_locked" || error.code === "rate_limited";
  if (endsIt) return fail(deps, session, fence, error);
  if (isOverdue(deps, session)) return fail(deps, session, fence, error);
  throw error;
}

/**
 * The mirror may have missed co-inputs that somebody sent us; true when it has more free ones now. Many ceremonies may wait for
 * one at the same time, and each looks every second.
 */
async function refillMirror(deps: CeremonyDeps): Promise<boolean> {
  const syncedAt = await deps.vtxos.findSyncedAt(deps.wallet.keys.fee.pubkey);
  if (syncedAt !== undefined && deps.clock.now().getTime() - syncedAt.getTime() < REFILL_PAUSE_MS) return false;
  const minExpiresAt = new Date(deps.clock.now().getTime() + deps.config.vtxoMinRemainingMs);
  const countFree = () => deps.vtxos.countFree("fee", deps.config.feeVtxoSats, minExpiresAt);
  const before = await countFree();
  await syncVtxos(deps, { ownerPubkey: deps.wallet.keys.fee.pubkey });
  return (await countFree()) > before;
}

async function waitOrFail(deps: CeremonyDeps, session: Session, fence: string, error: AppError): Promise<StepOutcome> {
  if (isOverdue(deps, session)) return fail(deps, session, fence, error);
  return { kind: "wait", until: new Date(deps.clock.now().getTime() + QUEUE_WAIT_MS) };
}

function isOverdue(deps: CeremonyDeps, session: Session): boolean {
  const since = session.prepareSince ?? session.createdAt;
  return deps.clock.now().getTime() - since.getTime() > deps.config.ceremonyTimeoutMs;
}

async function fail(deps: CeremonyDeps, session: Session, fence: string, error: AppError): Promise<StepOutcome> {
  await deps.transactions.run((tx) => endSession(deps, tx, session, { status: "failed", error }, fence));
  return MOVED;
}
