import { AppError, assert } from "@arkrelay/core/errors";
import type {
  DecodedPaymentRequest,
  LightningPayment,
  Sending,
  SendPaymentOutcome,
  SendPaymentRequest,
} from "@arkrelay/core/ports/lightning-node";

import {
  ListPaymentsRequest,
  type ListPaymentsResponse,
  type Payment,
  PaymentFailureReason,
  type PayReq,
} from "../gen/lnrpc/lightning";
import {
  RouteFeeRequest,
  type RouteFeeResponse,
  SendPaymentRequest as WireSendPaymentRequest,
} from "../gen/routerrpc/router";
import { PAGE_SIZE_MAX } from "../page-size";
import { rejectionName } from "../rejection-name";
import { fromHex, fromUnixSeconds } from "../wire-bytes";
import type { LndCalls } from "./lnd-clients";
import { PAYMENT_REFUSALS } from "./lnd-errors";
import { isTerminal, toLightningPayment } from "./to-payment";

/**
 * lnd starts no attempt after its own timeout, but an HTLC may stay in flight for days and the stream with it (lnd issue 9881 even
 * keeps it open after the end): from then on the payment is followed by its hash.
 */
const WATCHDOG_SECONDS = 30;

const EXISTING = new Map<string | undefined, "succeeded" | "in_flight" | "initiated">([
  ["payment_succeeded", "succeeded"],
  ["payment_in_flight", "in_flight"],
  ["payment_initiated", "initiated"],
]);

const REFUSED: ReadonlySet<string> = new Set(PAYMENT_REFUSALS.map(({ name }) => name));

/** Payments of lnd. */
export class LndPayments {
  constructor(
    private readonly calls: LndCalls,
    /** Deadline of a read. */
    private readonly timeoutMs: number,
  ) {}

  async decode(bolt11: string): Promise<DecodedPaymentRequest> {
    const decoded = await this.calls.read<PayReq>("DecodePayReq", ({ lightning }, ...rest) =>
      lightning.decodePayReq({ payReq: bolt11 }, ...rest),
    );
    return {
      paymentHash: decoded.paymentHash,
      destination: decoded.destination,
      amountMsat: decoded.numMsat,
      expiresAt: fromUnixSeconds(decoded.timestamp + decoded.expiry),
      minFinalCltv: Number(decoded.cltvExpiry),
    };
  }

  async estimateRouteFee(bolt11: string, timeoutSeconds: number): Promise<{ readonly feeMsat: bigint } | undefined> {
    const request = RouteFeeRequest.fromPartial({ paymentRequest: bolt11, timeout: timeoutSeconds });
    const { failureReason, routingFeeMsat } = await this.calls.read<RouteFeeResponse>(
      "EstimateRouteFee",
      ({ router }, ...rest) => router.estimateRouteFee(request, ...rest),
      { timeoutMs: (timeoutSeconds + WATCHDOG_SECONDS) * 1000 },
    );
    return failureReason === PaymentFailureReason.FAILURE_REASON_NONE ? { feeMsat: routingFeeMsat } : undefined;
  }

  async send(request: SendPaymentRequest, sending: Sending = {}): Promise<SendPaymentOutcome> {
    assert(request.timeoutSeconds > 0, "lnd before 0.19 refuses a payment without a timeout");
    const wire = toWireRequest(request);
    const updates = this.calls.stream<Payment>(
      "SendPaymentV2",
      ({ router }, ...rest) => router.sendPaymentV2(wire, ...rest),
      { ...sending, kind: "write", role: "pay", timeoutMs: (request.timeoutSeconds + WATCHDOG_SECONDS) * 1000 },
    );
    try {
      for await (const update of updates) {
        const payment = toLightningPayment(update);
        // The first one counts: lnd may send a second failure with another reason.
        if (isTerminal(payment) && payment.paymentHash === request.paymentHash) return { kind: "payment", payment };
      }
    } catch (thrown) {
      return readRefusal(thrown);
    }
    throw new AppError("outcome_unknown", { details: { service: "lnd" }, internal: "the payment's stream just ended" });
  }

  async track(paymentHash: string): Promise<LightningPayment | undefined> {
    try {
      for await (const payment of this.states(paymentHash, { timeoutMs: this.timeoutMs })) return payment;
    } catch (thrown) {
      if (rejectionName(thrown) === "payment_unknown") return undefined;
      throw thrown;
    }
    // lnd that shuts down ends streams cleanly; that says nothing about the payment.
    throw new AppError("daemon_unavailable", { details: { service: "lnd", reason: "stream_ended" } });
  }

  async *follow(paymentHash: string, signal: AbortSignal): AsyncGenerator<LightningPayment, void> {
    try {
      for await (const payment of this.states(paymentHash, { signal })) {
        yield payment;
        if (isTerminal(payment)) return;
      }
    } catch (thrown) {
      if (rejectionName(thrown) !== "payment_unknown") throw thrown;
    }
  }

  async list(page: {
    readonly afterPaymentIndex: bigint;
    readonly limit: number;
  }): Promise<readonly LightningPayment[]> {
    assert(page.limit > 0 && page.limit <= PAGE_SIZE_MAX, "a page of payments has at most 200");
    return this.page({ indexOffset: page.afterPaymentIndex, maxPayments: BigInt(page.limit), reversed: false });
  }

  async getTopIndex(): Promise<bigint> {
    const [newest] = await this.page({ indexOffset: 0n, maxPayments: 1n, reversed: true });
    return newest?.paymentIndex ?? 0n;
  }

  private async page(
    range: Pick<ListPaymentsRequest, "indexOffset" | "maxPayments" | "reversed">,
  ): Promise<LightningPayment[]> {
    // Without its flag lnd leaves out what is in flight or failed; hops are most of a reply and nothing here reads them.
    const request = ListPaymentsRequest.fromPartial({ ...range, includeIncomplete: true, omitHops: true });
    const { payments } = await this.calls.read<ListPaymentsResponse>("ListPayments", ({ lightning }, ...rest) =>
      lightning.listPayments(request, ...rest),
    );
    return payments.map(toLightningPayment);
  }

  private async *states(
    paymentHash: string,
    settings: { readonly signal?: AbortSignal; readonly timeoutMs?: number },
  ): AsyncGenerator<LightningPayment, void> {
    const request = { paymentHash: fromHex(paymentHash), noInflightUpdates: false };
    const updates = this.calls.stream<Payment>(
      "TrackPaymentV2",
      ({ router }, ...rest) => router.trackPaymentV2(request, ...rest),
      settings,
    );
    for await (const update of updates) yield toLightningPayment(update);
  }
}

function toWireRequest(request: SendPaymentRequest): WireSendPaymentRequest {
  return WireSendPaymentRequest.fromPartial({
    paymentRequest: request.bolt11,
    amtMsat: request.amountMsat ?? 0n,
    feeLimitMsat: request.feeLimitMsat,
    timeoutSeconds: request.timeoutSeconds,
    cltvLimit: request.cltvLimit,
    noInflightUpdates: true,
  });
}

/** Anything but a known refusal may stand for a payment that is on its way. */
function readRefusal(thrown: unknown): SendPaymentOutcome {
  const name = rejectionName(thrown);
  if (name === undefined) throw thrown;
  const status = EXISTING.get(name);
  if (status !== undefined) return { kind: "exists", status };
  if (name === "UNIMPLEMENTED") throw thrown;
  if (REFUSED.has(name)) return { kind: "refused", reason: name };
  throw new AppError("outcome_unknown", { details: { service: "lnd" }, cause: thrown });
}
