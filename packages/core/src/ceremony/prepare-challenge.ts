import { AppError } from "../errors";
import type { ArkServerInfo } from "../ports/ark-daemon";
import type { Tx } from "../ports/transactions";
import { reserveRenewal } from "../renewal/reserve-renewal";
import type { Challenge } from "../session/challenge";
import { challengeExpiry } from "../session/challenge-times";
import { challengeEventData } from "../session/issue-challenge";
import { moveSession } from "../session/move-session";
import { movingIntentOf, type Session } from "../session/session";
import type { SessionDeps } from "../session/session-deps";
import { GBTC, type Vtxo } from "../vtxo/vtxo";
import { minRemainingMs, selectionRules } from "./ark-limits";
import { chooseInputs } from "./choose-inputs";
import { arkParamsOf, issueArkChallenge } from "./issue-ark-challenge";

export interface Prepared {
  readonly session: Session;
  readonly challenge: Challenge;
}

/**
 * Steps 1-3 of the ceremony from local state, in one transaction: funds judged, inputs and co-input locked for the life of
 * challenge 1, ark tx and checkpoints built and stored, challenge 1 issued. Asks no daemon. All or nothing: whatever it
 * throws (see `chooseInputs`; inventory_exhausted, not_ready, wrong_state), nothing is locked or planned.
 */
export async function prepareChallenge(deps: SessionDeps, tx: Tx, session: Session, fence?: string): Promise<Prepared> {
  const info = await deps.arkInfo.current();
  const expiresAt = challengeExpiry(deps, session);
  const challengeId = deps.random.uuid();
  // The parent's compare-and-set comes first, so that two preparations of one session meet here and not at the locks.
  const prepared = await moveSession(
    deps,
    tx,
    session,
    {
      status: "challenge_sent",
      ceremonyState: "ark_tx_prepared",
      arkParams: arkParamsOf(info),
      prepareSince: null,
      // A worker sets its own timer when it gives the row back; for everybody else the row is due when the challenge runs out.
      ...(fence === undefined ? { wakeAt: expiresAt } : {}),
    },
    { fence, events: [challengeEventData({ challengeId, stage: "ark_tx", expiresAt })] },
  );
  const rules = selectionRules(deps, movingIntentOf(prepared), info);
  const coins = await chooseInputs(deps, tx, prepared, rules, expiresAt);
  const inputs = { coins, coInput: await lockCoInput(deps, tx, prepared, expiresAt) };
  const held = await holdRenewal(deps, tx, prepared, coins, info, fence);
  const challenge = await issueArkChallenge(deps, tx, held, inputs, info, {
    challengeId,
    expiresAt,
    // An earlier preparation, whose challenge ran out.
    replacesPlan: session.arkParams !== undefined,
  });
  return { session: held, challenge };
}

/** What a renewal will be paid from is held before its user signs; it goes with the locks of challenge 1. */
async function holdRenewal(
  deps: SessionDeps,
  tx: Tx,
  session: Session,
  coins: readonly Vtxo[],
  info: ArkServerInfo,
  fence: string | undefined,
): Promise<Session> {
  if (session.intent.type !== "vtxo_renew") return session;
  const renewalReserve = await reserveRenewal(deps, tx, session, coins, info);
  return moveSession(deps, tx, session, { renewalReserve }, { fence });
}

/** Locks one of the gateway's own VTXOs for a session. Throws `inventory_exhausted`. */
export async function lockCoInput(deps: SessionDeps, tx: Tx, session: Session, until: Date): Promise<Vtxo> {
  const [coInput] = await deps.vtxos.lockGateway(
    tx,
    {
      kind: "fee",
      minAmountSats: deps.config.feeVtxoSats,
      minExpiresAt: new Date(deps.clock.now().getTime() + minRemainingMs(deps, session.intent.type)),
      count: 1,
    },
    session.sessionId,
    until,
  );
  if (coInput === undefined)
    throw new AppError("inventory_exhausted", { details: { asset_id: GBTC }, retryAfterSeconds: 10 });
  return coInput;
}
