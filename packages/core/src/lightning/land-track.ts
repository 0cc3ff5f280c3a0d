import { type AppError, assert, toAppError } from "../errors";
import { MSAT_PER_SAT } from "../ledger/postings";
import { notifyUser } from "../nostr/notify-user";
import type { LightningPayment } from "../ports/lightning-node";
import { NO_QUOTE } from "./asset-land-rail";
import { findLandRail } from "./find-land-rail";
import { judgePayment, type PaymentVerdict } from "./judge-payment";
import { endPaid, failLand, type LandFailure } from "./land-end";
import { type NodeFacts, readNode, sendAttempt, writeAttempt } from "./land-pay";
import { FAILURE_REASONS, type HeldLand, inTransaction } from "./land-step";
import { lockSessionOf } from "./lift-session";
import { type LiftStep, MOVED, waitMs } from "./lift-step";
import type { LightningDeps } from "./lightning-deps";
import type { LightningAttempt } from "./lightning-operation";

/** Pause before the next payment of a hash, times the number of those that failed. */
const NEXT_ATTEMPT_MS = 2_000;
/** lnd has just taken a payment and does not list it yet. */
const APPEARS_MS = 2_000;

/** What this drive of a land has sent and heard itself, which no row holds. */
export interface DriveMemory {
  sentAttempt: number | undefined;
  /** Why lnd refused the first send of the attempt. A refusal of a later one says nothing of those before it. */
  refusal: string | undefined;
}

/** Status `in_flight`: one fresh look at lnd, and the one step that follows from it. */
export async function trackLand(deps: LightningDeps, land: HeldLand, memory: DriveMemory): Promise<LiftStep> {
  const attempts = await deps.operations.listAttempts(land.operation.operationId);
  const attempt = attempts.at(-1);
  assert(attempt !== undefined, "a land in flight has an attempt");
  try {
    const seen = await look(deps, land, attempt);
    const step = await act(deps, land, attempt, seen, memory);
    return step.kind === "give_back" ? await giveBack(deps, land, attempts, step.failure) : step;
  } catch (thrown) {
    const error = toAppError(thrown);
    // What was sent may be paid by now, and nobody can say. A row that somebody else has moved is theirs to describe.
    if (error.code !== "wrong_state" && (attempt.sentAt ?? memory.sentAttempt) !== undefined) {
      await noteUnknown(
        deps,
        land,
        isLndAway(error) ? "lnd cannot be asked" : `the payment cannot be told: ${error.code}`,
      );
    }
    throw error;
  }
}

function isLndAway({ code }: AppError): boolean {
  return code === "daemon_unavailable" || code === "daemon_auth_failed";
}

interface Seen {
  readonly verdict: PaymentVerdict;
  readonly node: NodeFacts;
}

async function look(deps: LightningDeps, land: HeldLand, attempt: LightningAttempt): Promise<Seen> {
  const { paymentHash, amountSats, expiresAt } = land.operation;
  const payment = await deps.lightning.trackPayment(paymentHash);
  // After the payment: an index read before it could be older than a lifecycle that it shows.
  const node = await readNode(deps);
  const verdict = judgePayment({
    payment,
    attempt,
    node,
    amountMsat: amountSats * MSAT_PER_SAT,
    invoiceExpiresAt: expiresAt,
    paymentTimeoutMs: deps.lightningConfig.landPaymentTimeoutSeconds * 1000,
    now: deps.clock.now(),
  });
  return { verdict, node };
}

async function act(
  deps: LightningDeps,
  land: HeldLand,
  attempt: LightningAttempt,
  { verdict, node }: Seen,
  memory: DriveMemory,
): Promise<LiftStep | GiveBack> {
  switch (verdict.kind) {
    case "paid":
      return endPaid(deps, land, attempt, verdict);
    case "paid_elsewhere":
      return { kind: "give_back", failure: { reason: "error", attempt } };
    case "failed":
      return afterFailure(deps, land, attempt, { payment: verdict.payment, node });
    case "never_started":
      return { kind: "give_back", failure: { reason: "expired", attempt } };
    case "send":
      return send(deps, land, attempt, node, memory);
    case "in_flight":
      return waitUnknown(deps, land, "lnd has it in flight");
    case "unknown":
      if (verdict.isForgotten) await noteForgotten(deps, land, attempt);
      return waitUnknown(deps, land, verdict.why);
  }
}

/** Definitely not paid: the refund is due. */
interface GiveBack {
  readonly kind: "give_back";
  readonly failure: LandFailure;
}

/**
 * An attempt was sent again because nothing was seen of the send before. That one may still lie somewhere on its way, and lnd takes a
 * hash anew once its payment has failed: nothing is given back before it can no longer arrive.
 */
async function giveBack(
  deps: LightningDeps,
  land: HeldLand,
  attempts: readonly LightningAttempt[],
  failure: LandFailure,
): Promise<LiftStep> {
  const lateMs = 2 * deps.lightningConfig.landPaymentTimeoutSeconds * 1000;
  const sentAgainAt = attempts.flatMap(({ lastSentAt, sends }) =>
    lastSentAt === undefined || sends <= 1 ? [] : [lastSentAt.getTime()],
  );
  const until = new Date(Math.max(...sentAgainAt) + lateMs);
  if (sentAgainAt.length === 0 || until <= deps.clock.now()) return failLand(deps, land, failure);
  await noteUnknown(deps, land, "an earlier send may still reach lnd");
  return { kind: "wait", until };
}

async function send(
  deps: LightningDeps,
  land: HeldLand,
  attempt: LightningAttempt,
  node: NodeFacts,
  memory: DriveMemory,
): Promise<LiftStep | GiveBack> {
  if (memory.sentAttempt === attempt.attempt) {
    const { refusal } = memory;
    // Refused before anything left lnd, and the look shows that nothing did.
    if (refusal !== undefined) return { kind: "give_back", failure: { reason: refusal, attempt } };
    await noteUnknown(deps, land, "lnd does not list what it was asked to pay");
    return waitMs(deps, APPEARS_MS);
  }
  const isForThisNode = node.nodePubkey === attempt.lndPubkey && node.topIndex >= attempt.topIndex;
  if (attempt.sentAt === undefined && !isForThisNode) return replaceAttempt(deps, land, attempt, node);
  const rail = await findLandRail(deps, land.operation);
  const offer = await rail.findOffer(land.operation);
  if (offer === undefined) {
    // Nothing has left: the user's price is too low for every peer. After a send nobody can say so before that one is accounted for.
    if (attempt.sentAt === undefined) return { kind: "give_back", failure: { reason: "no_route", attempt } };
    return waitUnknown(deps, land, "no peer offers the payment again at the user's price");
  }
  memory.sentAttempt = attempt.attempt;
  memory.refusal = undefined;
  const outcome = await sendAttempt(deps, land, attempt, { rail, offer });
  if (outcome?.kind === "refused" && attempt.sentAt === undefined) memory.refusal = refusalReason(outcome.reason);
  return MOVED;
}

function refusalReason(reason: string): string {
  if (reason === NO_QUOTE) return "no_route";
  return reason.includes("expired") ? "expired" : "error";
}

/**
 * Never sent, and written down for a node that is no longer this one, by which its lifecycle could not be told from others: the next
 * attempt is written down for the node as it is.
 */
async function replaceAttempt(
  deps: LightningDeps,
  land: HeldLand,
  attempt: LightningAttempt,
  node: NodeFacts,
): Promise<LiftStep> {
  await inTransaction(deps, land, async (tx, operation) => {
    const end = { status: "refused", terminal: "another node", paymentIndex: undefined } as const;
    if (!(await deps.operations.endAttempt(tx, operation.operationId, attempt.attempt, end))) return;
    await writeAttempt(deps, tx, operation, attempt.attempt + 1, node);
  });
  return MOVED;
}

/** A payment has failed for good: another one of the same hash while that can help, else the refund. */
async function afterFailure(
  deps: LightningDeps,
  land: HeldLand,
  attempt: LightningAttempt,
  { payment, node }: { readonly payment: LightningPayment; readonly node: NodeFacts },
): Promise<LiftStep | GiveBack> {
  const { operation } = land;
  const { paymentIndex, failureReason } = payment;
  const reason = FAILURE_REASONS[failureReason];
  // The payee itself has said no; it will say so again.
  const isFinal = failureReason === "incorrect_payment_details" || operation.expiresAt <= deps.clock.now();
  if (isFinal || operation.attempts >= deps.lightningConfig.landMaxAttempts) {
    return { kind: "give_back", failure: { reason, attempt, paymentIndex } };
  }
  await inTransaction(deps, land, async (tx, current, move) => {
    const end = { status: "failed", terminal: reason, paymentIndex } as const;
    if (!(await deps.operations.endAttempt(tx, current.operationId, attempt.attempt, end))) return;
    await move({ attempts: current.attempts + 1, lastError: reason, unknownSince: null });
    await writeAttempt(deps, tx, current, attempt.attempt + 1, node);
  });
  return waitMs(deps, NEXT_ATTEMPT_MS * operation.attempts);
}

/** Written down, since a restored node counts on: soon its newest index is no longer behind that of the attempt. */
async function noteForgotten(deps: LightningDeps, land: HeldLand, attempt: LightningAttempt): Promise<void> {
  if (attempt.forgottenAt !== undefined) return;
  await inTransaction(deps, land, (tx, { operationId }) =>
    deps.operations.markAttemptForgotten(tx, operationId, attempt.attempt, deps.clock.now()),
  );
}

async function waitUnknown(deps: LightningDeps, land: HeldLand, why: string): Promise<LiftStep> {
  await noteUnknown(deps, land, why);
  return waitMs(deps, deps.lightningConfig.pollMs);
}

/** The user is told once that its payment takes longer; the operator's desk shows since when and why. */
async function noteUnknown(deps: LightningDeps, land: HeldLand, why: string): Promise<void> {
  if (land.operation.unknownSince !== undefined && land.operation.lastError === why) return;
  await inTransaction(deps, land, async (tx, operation, move) => {
    await move({ lastError: why, unknownSince: operation.unknownSince ?? deps.clock.now() });
    if (operation.unknownSince !== undefined) return;
    const session = await lockSessionOf(deps, tx, operation);
    const { operationId: subjectId, amount, assetId, paymentHash } = operation;
    await notifyUser(deps, tx, { session, type: "land_in_flight", subjectId, amount, assetId, paymentHash });
  });
}

export function newDriveMemory(): DriveMemory {
  return { sentAttempt: undefined, refusal: undefined };
}
