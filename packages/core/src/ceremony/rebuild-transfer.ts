import { AppError, assert } from "../errors";
import { challengeExpiry } from "../session/challenge-times";
import { challengeEventData } from "../session/issue-challenge";
import { moveSession } from "../session/move-session";
import { NEVER_SENT, type Session } from "../session/session";
import type { CeremonyDeps } from "../session/session-deps";
import { registerGatewayScripts } from "../vtxo/sync-vtxos";
import type { Vtxo } from "../vtxo/vtxo";
import { arkParamsOf, issueArkChallenge, type LockedInputs } from "./issue-ark-challenge";
import { getSessionTxs } from "./session-signatures";
import { MOVED, type StepOutcome } from "./step-outcome";

/**
 * arkd changed the parameters the ark tx was built with and has provably refused it: the same inputs go into a transaction by
 * the new parameters, and the user is asked once more. At most once per session.
 */
export async function rebuildTransfer(deps: CeremonyDeps, session: Session, fence: string): Promise<StepOutcome> {
  await registerGatewayScripts(deps, deps.wallet);
  const info = await deps.arkInfo.current();
  const { txs } = await getSessionTxs(deps, session);
  const inputs = await lockedInputs(deps, session);
  const expiresAt = challengeExpiry(deps, session);
  const challengeId = deps.random.uuid();
  await deps.transactions.run(async (tx) => {
    const rebuilt = await moveSession(
      deps,
      tx,
      session,
      {
        status: "challenge_sent",
        ceremonyState: "ark_tx_prepared",
        arkParams: arkParamsOf(info),
        submitState: { ...NEVER_SENT, rebuilt: true },
      },
      { fence, events: [challengeEventData({ challengeId, stage: "ark_tx", expiresAt })] },
    );
    await deps.vtxos.extendLocks(tx, session.sessionId, expiresAt);
    const error = new AppError("daemon_rejected");
    await deps.txs.fail(tx, txs.ark.txid, session.sessionId, {
      txType: session.sessionType,
      errorCode: error.code,
      errorMessage: error.message,
    });
    await issueArkChallenge(deps, tx, rebuilt, inputs, info, { challengeId, expiresAt, replacesPlan: true });
  });
  return MOVED;
}

async function lockedInputs(deps: CeremonyDeps, session: Session): Promise<LockedInputs> {
  const inputs = await deps.sessionTxs.listInputs(session.id);
  const rows = await deps.vtxos.listByIds(
    undefined,
    inputs.map((each) => each.vtxoId),
  );
  const ofRole = (role: "user" | "fee"): Vtxo[] =>
    inputs.flatMap((each) => (each.role === role ? rows.filter((row) => row.vtxoId === each.vtxoId) : []));
  const coins = ofRole("user");
  const [coInput] = ofRole("fee");
  assert(coInput !== undefined && coins.length + 1 === inputs.length, "a session knows the rows of its inputs");
  return { coins, coInput };
}
