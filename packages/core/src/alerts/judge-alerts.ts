import type { AcceptedPayoutFact, HeldLiftFact, LostLiftFact, UnknownPaymentFact } from "../ports/alert-facts";
import type { StuckCeremony } from "../ports/stuck-ceremonies";
import type { Alert } from "./alert";

/** lnd gives a held payment back `holdExpiryDelta` blocks before it runs out; this much earlier somebody has to look. */
const HOLD_MARGIN_BLOCKS = 18;

export interface ChainFacts {
  readonly blockHeight: number;
  /** Of lnd. */
  readonly holdExpiryDelta: number;
}

export function judgeHeldLift(lift: HeldLiftFact, chain: ChainFacts): Alert | undefined {
  const { operationId, paymentHash, status, htlcExpiryHeight } = lift;
  const deadlineHeight = htlcExpiryHeight - chain.holdExpiryDelta;
  const blocksLeft = deadlineHeight - chain.blockHeight;
  if (blocksLeft >= HOLD_MARGIN_BLOCKS) return undefined;
  return {
    name: "hold_invoice_deadline",
    severity: "critical",
    subject: operationId,
    message: "lnd will give the payment of a lift back soon, and it is not settled",
    details: {
      operation_id: operationId,
      payment_hash: paymentHash,
      status,
      height: chain.blockHeight,
      deadline_height: deadlineHeight,
      htlc_expiry_height: htlcExpiryHeight,
      blocks_left: blocksLeft,
    },
    action: holdActionOf(status),
  };
}

function holdActionOf(status: HeldLiftFact["status"]): string {
  switch (status) {
    case "delivered":
      return (
        "The user has the VTXO: have lnd serve and synced, and a worker running, before the deadline. The worker then settles by itself; " +
        "after the deadline the amount is lost."
      );
    case "delivering":
      return (
        "arkd has not taken the delivery for good: have arkd, lnd and a worker running. The worker finishes the delivery or takes the " +
        "pivot back, and gives the payment back."
      );
    default:
      return "Nothing is delivered for it any more: have lnd and a worker running. The worker gives the payment back.";
  }
}

export function judgeLostLift(lift: LostLiftFact): Alert {
  const { operationId, paymentHash, assetId, amount, lostAt } = lift;
  return {
    name: "lift_lost",
    severity: "critical",
    subject: operationId,
    message: "a lift was delivered and its payment was gone before it could be settled",
    details: {
      operation_id: operationId,
      payment_hash: paymentHash,
      asset_id: assetId,
      amount: amount.toString(),
      lost_at: lostAt.toISOString(),
    },
    action:
      "The loss is booked (expense:loss) and nothing is tried again. Look in lnd's log at why it was not settled in time before more lifts are served.",
  };
}

export function judgeUnknownPayment(payment: UnknownPaymentFact, alertMs: number): Alert {
  const { operationId, paymentHash, invoiceType, status, unknownSince, lastError } = payment;
  return {
    name: "unknown_payments",
    severity: "critical",
    subject: operationId,
    message: `the outcome of a ${invoiceType} is not known`,
    details: {
      operation_id: operationId,
      payment_hash: paymentHash,
      status,
      unknown_since: unknownSince.toISOString(),
      deadline: new Date(unknownSince.getTime() + alertMs).toISOString(),
      last_error: lastError ?? null,
    },
    action:
      "Funds stay locked until it is known. Read GET /admin/lightning/unknown/{payment_hash}; POST .../recheck has lnd asked again. Never pay or refund by hand.",
  };
}

export function judgeStuckCeremony(ceremony: StuckCeremony, alertMs: number): Alert {
  const { sessionId, acceptedAt, isPoisoned } = ceremony;
  const details = {
    session_id: sessionId,
    accepted_at: acceptedAt.toISOString(),
    deadline: new Date(acceptedAt.getTime() + alertMs).toISOString(),
    frozen_sats: ceremony.gatewaySats.toString(),
  };
  if (isPoisoned) return poisoned(sessionId, "session", details);
  return {
    name: "ceremony_stuck",
    severity: "high",
    subject: sessionId,
    message: "arkd has accepted a transfer, and it is not final",
    details,
    action:
      "Mostly its owner has not signed the checkpoints, and is asked again by itself; nothing ends it. If many stand, look whether relays and arkd are reached.",
  };
}

export function judgeAcceptedPayout(payout: AcceptedPayoutFact, alertMs: number): Alert {
  const { kind, businessId, txid, acceptedAt, isPoisoned } = payout;
  const details = {
    operation_id: businessId,
    payout: kind,
    txid,
    accepted_at: acceptedAt.toISOString(),
    deadline: new Date(acceptedAt.getTime() + alertMs).toISOString(),
  };
  if (isPoisoned) return poisoned(businessId, "payout", details);
  return {
    name: "payout_stuck",
    severity: "high",
    subject: businessId,
    message: "arkd has accepted a payout of the gateway, and it is not final",
    details,
    action:
      "Nobody but the gateway signs it: have arkd and a worker running, and look at the worker's log for this operation.",
  };
}

function poisoned(subject: string, what: "session" | "payout", details: Alert["details"]): Alert {
  return {
    name: "finalize_poisoned",
    severity: "critical",
    subject,
    message: `arkd refuses for good to finalise the transaction of a ${what}, and shows no outputs of it`,
    details,
    action:
      "Nothing is sent any more and its inputs stay locked. Only arkd's operator can mend it: give them the transaction; once its outputs show, the gateway goes on by itself.",
  };
}
