import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, hexToBytes } from "@noble/hashes/utils.js";

import type { LightningPayment } from "../ports/lightning-node";
import type { LightningAttempt } from "./lightning-operation";

/** What follows from one look at a payment at lnd. */
export type PaymentVerdict =
  | { readonly kind: "paid"; readonly payment: LightningPayment; readonly preimage: string }
  /** Definite: the node had paid the hash for somebody else, and lnd pays a hash once, so this attempt never left it. */
  | { readonly kind: "paid_elsewhere" }
  /** Definite: every HTLC of this attempt's own lifecycle has failed. */
  | { readonly kind: "failed"; readonly payment: LightningPayment }
  /** lnd has nothing of this attempt, and it may be sent. */
  | { readonly kind: "send" }
  /** lnd has nothing of this attempt, and nobody can start it any more. */
  | { readonly kind: "never_started" }
  /** HTLCs are on their way. */
  | { readonly kind: "in_flight" }
  /** Neither paid nor failed nor unsent can be shown: nothing is sent, nothing is given back. */
  | {
      readonly kind: "unknown";
      readonly why: string;
      /** The node has forgotten payments, and will not remember them when it has made as many new ones. */
      readonly isForgotten?: true;
    };

export interface PaymentLook {
  /** The hash's newest lifecycle; undefined = NOT_FOUND. */
  readonly payment: LightningPayment | undefined;
  /** The newest attempt. */
  readonly attempt: LightningAttempt;
  /** The node that was asked, and the largest payment_index it knows. */
  readonly node: { readonly nodePubkey: string; readonly topIndex: bigint };
  readonly amountMsat: bigint;
  readonly invoiceExpiresAt: Date;
  readonly paymentTimeoutMs: number;
  readonly now: Date;
}

/** How long after it was first sent an attempt of which lnd knows nothing may be sent again. */
const RESEND_MS_MAX = 10 * 60_000;

/** Only SUCCEEDED and FAILED are terminal; everything else, errors included, is a reason to look again. */
export function judgePayment(look: PaymentLook): PaymentVerdict {
  const { payment } = look;
  switch (payment?.status) {
    case "succeeded":
      return judgePaid(look, payment);
    case "unknown":
    case "initiated":
    case "in_flight":
      return { kind: "in_flight" };
    case "failed":
      return isOfAttempt(look, payment) && !hasForgotten(look) ? judgeFailed(payment) : judgeAbsent(look);
    case undefined:
      return judgeAbsent(look);
  }
}

/** Paid for this land, or before it by somebody else who uses the node. */
function judgePaid(look: PaymentLook, payment: LightningPayment): PaymentVerdict {
  const { attempt, node, amountMsat } = look;
  const { preimage, paymentHash, valueMsat } = payment;
  if (attempt.sentAt === undefined) return { kind: "paid_elsewhere" };
  if (attempt.lndPubkey !== node.nodePubkey || hasForgotten(look)) return judgeAbsent(look);
  if (!isOfAttempt(look, payment)) return { kind: "paid_elsewhere" };
  if (preimage === undefined || bytesToHex(sha256(hexToBytes(preimage))) !== paymentHash) {
    return { kind: "unknown", why: "lnd says SUCCEEDED and shows no preimage of the hash" };
  }
  if (valueMsat !== amountMsat) {
    return { kind: "unknown", why: `lnd paid ${valueMsat} msat for a land of ${amountMsat} msat` };
  }
  return { kind: "paid", payment, preimage };
}

/** payment_index only grows, so a lifecycle above the index that was the largest when the attempt was written down is its own. */
function isOfAttempt({ attempt, node }: PaymentLook, payment: LightningPayment): boolean {
  return attempt.lndPubkey === node.nodePubkey && payment.paymentIndex > attempt.topIndex;
}

/** Restored from an older state, now or since the attempt was sent: what this node does not show proves nothing. */
function hasForgotten({ attempt, node }: PaymentLook): boolean {
  return (
    attempt.lndPubkey === node.nodePubkey && (attempt.forgottenAt !== undefined || node.topIndex < attempt.topIndex)
  );
}

/** lnd may say FAILED while a shard is still on its way. */
function judgeFailed(payment: LightningPayment): PaymentVerdict {
  const isOver = payment.htlcs.every((htlc) => htlc.status === "failed");
  return isOver ? { kind: "failed", payment } : { kind: "in_flight" };
}

/** NOT_FOUND, or a lifecycle that is not known to be the attempt's. */
function judgeAbsent(look: PaymentLook): PaymentVerdict {
  const { attempt, node, invoiceExpiresAt, paymentTimeoutMs, now } = look;
  const isExpired = invoiceExpiresAt <= now;
  const { sentAt, lastSentAt } = attempt;
  if (sentAt === undefined || lastSentAt === undefined) return isExpired ? { kind: "never_started" } : { kind: "send" };
  if (attempt.lndPubkey !== node.nodePubkey) {
    return { kind: "unknown", why: "another lnd than the one that was asked to pay" };
  }
  if (hasForgotten(look)) {
    return {
      kind: "unknown",
      why: "lnd has forgotten payments: it was restored from an older state",
      isForgotten: true,
    };
  }
  // From the newest send: each may still be on its way to lnd, however long ago the first one was.
  if (isExpired && now.getTime() - lastSentAt.getTime() >= 2 * paymentTimeoutMs) return { kind: "never_started" };
  if (!isExpired && now.getTime() - sentAt.getTime() < RESEND_MS_MAX) return { kind: "send" };
  return { kind: "unknown", why: "lnd does not know a payment that was sent" };
}
