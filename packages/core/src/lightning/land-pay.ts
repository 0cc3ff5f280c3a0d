import { toAppError } from "../errors";
import { MSAT_PER_SAT } from "../ledger/postings";
import type { SendPaymentOutcome } from "../ports/lightning-node";
import type { Tx } from "../ports/transactions";
import { findLandRail } from "./find-land-rail";
import { failLand, ROUTING_BUDGET } from "./land-end";
import type { LandRail, Offer } from "./land-rail";
import { type HeldLand, inTransaction } from "./land-step";
import { type LiftStep, MOVED } from "./lift-step";
import type { LightningDeps } from "./lightning-deps";
import type { LightningAttempt, LightningOperation } from "./lightning-operation";

/**
 * A send is given up when it comes this long after it was written down: half of the lease, so that a worker that slept can never send
 * for a land that somebody else has taken over.
 */
const AWAKE_MS_MAX = 10_000;

/** The node as it is when an attempt is written down. */
export interface NodeFacts {
  readonly nodePubkey: string;
  readonly topIndex: bigint;
}

export async function readNode(deps: Pick<LightningDeps, "lightning">): Promise<NodeFacts> {
  const [{ nodePubkey }, topIndex] = await Promise.all([deps.lightning.getInfo(), deps.lightning.getTopPaymentIndex()]);
  return { nodePubkey, topIndex };
}

/** Status `received`: the routing budget is taken and the first attempt written down; nothing is sent yet. */
export async function beginPayment(deps: LightningDeps, land: HeldLand): Promise<LiftStep> {
  const { operation } = land;
  const known = await deps.lightning.trackPayment(operation.paymentHash);
  const isUntouched = known === undefined || known.status === "failed";
  if (isUntouched && operation.expiresAt <= deps.clock.now()) return failLand(deps, land, { reason: "expired" });
  const node = await readNode(deps);
  const rail = await findLandRail(deps, operation);
  await inTransaction(deps, land, async (tx, current, move) => {
    const day = deps.clock.now().toISOString().slice(0, 10);
    const limit = deps.lightningConfig.landRoutingSubsidyDailySats;
    const wanted = rail.wantedSubsidySats(current);
    const subsidySats = await deps.budgets.reserve(tx, { name: ROUTING_BUDGET, day, limit, wanted });
    await move({
      status: "in_flight",
      attempts: 1,
      feeLimitMsat: (rail.routingFeeSats(current) + subsidySats) * MSAT_PER_SAT,
      subsidySats,
      subsidyDay: day,
    });
    await writeAttempt(deps, tx, current, 1, node);
  });
  return MOVED;
}

export function writeAttempt(
  deps: Pick<LightningDeps, "operations">,
  tx: Tx,
  { operationId, paymentHash }: LightningOperation,
  attempt: number,
  { nodePubkey: lndPubkey, topIndex }: NodeFacts,
): Promise<void> {
  return deps.operations.insertAttempt(tx, { operationId, attempt, paymentHash, lndPubkey, topIndex });
}

/**
 * Sends an attempt of which lnd has nothing, for the first time or again: marked sent first, so that from then on it is looked up. What
 * lnd answers decides nothing but a refusal, which it tells before anything leaves it; the look that follows does.
 */
export async function sendAttempt(
  deps: LightningDeps,
  land: HeldLand,
  attempt: LightningAttempt,
  { rail, offer }: { readonly rail: LandRail; readonly offer: Offer },
): Promise<SendPaymentOutcome | undefined> {
  const { operation, signal } = land;
  const { rfqId } = offer;
  const markedAt = deps.clock.now();
  const isMarked = await inTransaction(deps, land, async (tx, _current, move) => {
    if (rfqId !== undefined) await move({ rfqId });
    return deps.operations.markAttemptSent(tx, operation.operationId, attempt.attempt, markedAt);
  });
  if (!isMarked) return undefined;
  // The way to the daemon takes its time too, so the last look at the clock is right before the call leaves.
  const notAfter = new Date(markedAt.getTime() + AWAKE_MS_MAX);
  try {
    return await rail.send(operation, offer, { signal, notAfter });
  } catch (thrown) {
    const error = toAppError(thrown);
    // It may go on; the look that follows tells.
    if (error.code === "outcome_unknown") return undefined;
    throw error;
  }
}
