import { Bolt11FormatError, type DecodedBolt11, decodeBolt11, findField } from "../../bolt11/decode-bolt11";
import type { Owner } from "./channel";
import { toPaymentKey } from "./conclude-payment";
import { lockAttempt } from "./htlcs";
import { type LndContext, NETWORK } from "./lnd-context";
import { LndError } from "./lnd-error";
import type { HtlcAttempt, NewPayment, Payment, PaymentFailure } from "./payment";
import { type PlannedRoute, planRoutes } from "./plan-routes";

/** BOLT 11's defaults for fields that are not there. */
const EXPIRY_SECONDS = 3_600;
const MIN_FINAL_CLTV_EXPIRY = 18;
/** lnd's default when neither the request nor an invoice says. */
const FINAL_CLTV_DELTA = 80;
const MAX_PARTS = 16;

/** Who gets what, read from a payment request or given as such. */
export interface PaymentTarget {
  readonly destination: string;
  readonly paymentHash: string;
  readonly amountMsat: bigint;
  readonly finalCltvDelta: number;
  readonly paymentRequest: string;
}

/** Checks our own wallet's request as lnd does before anything is sent. Throws its refusals. */
export function toPaymentTarget(context: LndContext, request: NewPayment): PaymentTarget {
  const target =
    request.paymentRequest === undefined || request.paymentRequest === ""
      ? targetOfKey(request)
      : targetOfPaymentRequest(context, request.paymentRequest, request.amountMsat);
  const isSelf = target.destination === context.keys.pubkeyOf("node");
  if (isSelf && request.isSelfPaymentAllowed !== true) throw new LndError("self-payments not allowed");
  return target;
}

/** Reads a payment request of this network. Throws lnd's refusals. */
export function readPaymentRequest(text: string): DecodedBolt11 {
  try {
    const invoice = decodeBolt11(text);
    if (invoice.network === NETWORK) return invoice;
  } catch (error) {
    if (!(error instanceof Bolt11FormatError)) throw error;
    throw new LndError(error.message);
  }
  throw new LndError(`invoice not for current active network '${NETWORK}'`);
}

export function expiresAt(invoice: DecodedBolt11): number {
  return invoice.timestamp + (findField(invoice, "expiry")?.seconds ?? EXPIRY_SECONDS);
}

export function finalCltvDeltaOf(invoice: DecodedBolt11): number {
  return findField(invoice, "min_final_cltv_expiry")?.blocks ?? MIN_FINAL_CLTV_EXPIRY;
}

function targetOfPaymentRequest(context: LndContext, text: string, givenMsat = 0n): PaymentTarget {
  const invoice = readPaymentRequest(text);
  if (expiresAt(invoice) < context.clock.nowSeconds()) {
    throw new LndError(`invoice expired. Valid until ${new Date(expiresAt(invoice) * 1_000).toISOString()}`);
  }
  if (invoice.amountMsat !== undefined && givenMsat !== 0n) {
    throw new LndError("amount must not be specified when paying a non-zero amount invoice");
  }
  const amountMsat = invoice.amountMsat ?? givenMsat;
  if (amountMsat === 0n) throw new LndError("amount must be specified when paying a zero amount invoice");
  return {
    destination: invoice.payeePubkey,
    paymentHash: findField(invoice, "payment_hash")?.hash ?? "",
    amountMsat,
    finalCltvDelta: finalCltvDeltaOf(invoice),
    paymentRequest: text,
  };
}

function targetOfKey(request: NewPayment): PaymentTarget {
  const { destination = "", paymentHash = "", amountMsat = 0n, finalCltvDelta = 0 } = request;
  if (destination.length !== 66) throw new LndError("invalid key length");
  if (amountMsat <= 0n) throw new LndError("amount must be specified");
  if (paymentHash.length !== 64) throw new LndError("invalid hash length");
  return {
    destination,
    paymentHash,
    amountMsat,
    finalCltvDelta: finalCltvDelta || FINAL_CLTV_DELTA,
    paymentRequest: "",
  };
}

/** Throws ALREADY_EXISTS with the text that tells the state of the payment with this hash; a failed one may be tried again. */
export function checkNotStarted(existing: Payment | undefined): void {
  switch (existing?.status) {
    case "succeeded":
      throw new LndError("invoice is already paid", "ALREADY_EXISTS");
    case "in_flight":
      throw new LndError("payment is in transition", "ALREADY_EXISTS");
    case "initiated":
      throw new LndError("payment already exists", "ALREADY_EXISTS");
    case "failed":
    case undefined:
      return;
  }
}

/** How a payment may go, beside its target. */
export interface PaymentTerms {
  readonly feeLimitMsat: bigint;
  readonly cltvLimit?: number;
  readonly maxParts?: number;
  readonly outgoingChanIds?: readonly bigint[];
  readonly lastHopPubkey?: string;
  readonly firstHopCustomRecords?: Readonly<Record<string, string>>;
  readonly destCustomRecords?: Readonly<Record<string, string>>;
  /** The amount when absent. */
  readonly mppTotalMsat?: bigint;
  readonly assetHtlc?: NewPayment["assetHtlc"];
  readonly isStuck?: boolean;
}

/** Books a payment and locks its HTLCs, or books it as failed. The receiver has not seen it yet when this returns. */
export function startPayment(
  context: LndContext,
  owner: Owner,
  rowKey: string,
  target: PaymentTarget,
  terms: PaymentTerms,
): Payment {
  const { store, clock } = context;
  return store.transact(() => {
    const paymentIndex = owner === "node" ? store.meta.paymentIndex + 1n : BigInt(store.payments(owner).size) + 1n;
    if (owner === "node") {
      store.changeMeta({ paymentIndex });
      store.deletePayment(rowKey);
    }
    const planned = planPayment(context, owner, target, terms);
    const payment: Payment = {
      paymentHash: target.paymentHash,
      preimage: "",
      valueMsat: target.amountMsat,
      feeMsat: 0n,
      paymentRequest: target.paymentRequest,
      status: planned.attempts.length === 0 ? "failed" : "in_flight",
      failureReason: planned.failureReason,
      createdAtMs: clock.nowMs(),
      paymentIndex,
      htlcs: planned.attempts,
      firstHopCustomRecords: terms.firstHopCustomRecords ?? {},
      mppTotalMsat: terms.mppTotalMsat ?? target.amountMsat,
      destCustomRecords: terms.destCustomRecords ?? {},
      isStuck: (terms.isStuck ?? false) && planned.attempts.length > 0,
      unnoticed: undefined,
    };
    store.putPayment(owner, rowKey, payment);
    for (const attempt of payment.htlcs) {
      lockAttempt(context, toPaymentKey(owner, rowKey), target.paymentHash, attempt);
    }
    if (owner === "node") store.emit({ kind: "payment", payment });
    return payment;
  });
}

function planPayment(
  context: LndContext,
  owner: Owner,
  target: PaymentTarget,
  terms: PaymentTerms,
): { readonly attempts: readonly HtlcAttempt[]; readonly failureReason: PaymentFailure } {
  const forced = context.store.settings.forcedPaymentFailure;
  if (owner === "node" && forced !== "none") return { attempts: [], failureReason: forced };
  const incoming = incomingAssets(context, target);
  const plan = planRoutes(context, {
    from: owner,
    to: context.keys.partyOf(target.destination),
    amountMsat: target.amountMsat,
    feeLimitMsat: terms.feeLimitMsat,
    finalCltvDelta: target.finalCltvDelta,
    cltvLimit: terms.cltvLimit ?? 0,
    maxParts: terms.maxParts || MAX_PARTS,
    outgoingChanIds: terms.outgoingChanIds ?? [],
    lastHopPubkey: terms.lastHopPubkey ?? "",
    firstHopCarrierMsat: terms.assetHtlc?.carrierMsat,
    lastHopCarrierMsat: incoming?.carrierMsat,
  });
  if (!plan.ok) return { attempts: [], failureReason: plan.reason };
  const customChannelData = (terms.assetHtlc ?? incoming)?.customChannelData ?? "";
  return {
    attempts: plan.routes.map((route) => toAttempt(context, route, customChannelData)),
    failureReason: "none",
  };
}

/** Our own asset invoices decide how the last channel carries the value. */
function incomingAssets(context: LndContext, target: PaymentTarget): NewPayment["assetHtlc"] {
  if (target.destination !== context.keys.pubkeyOf("node")) return undefined;
  const invoice = context.store.invoices("node").get(target.paymentHash);
  return invoice === undefined ? undefined : context.assetLayer()?.carryIncoming(invoice, target.amountMsat);
}

function toAttempt({ store, clock }: LndContext, route: PlannedRoute, customChannelData: string): HtlcAttempt {
  const attemptId = store.meta.attemptId + 1n;
  store.changeMeta({ attemptId });
  return {
    ...route,
    attemptId,
    status: "in_flight",
    attemptTimeMs: clock.nowMs(),
    resolveTimeMs: 0,
    failureCode: "",
    failureSourceIndex: 0,
    failureHeight: 0,
    preimage: "",
    customChannelData,
  };
}
