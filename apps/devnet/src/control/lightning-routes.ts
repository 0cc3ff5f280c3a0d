import { Router } from "express";
import { z } from "zod";

import type { DevnetParts } from "../devnet-parts";
import { LndError } from "../lnd/engine/lnd-error";
import type { Payment } from "../lnd/engine/payment";
import { invalidField, parseBody } from "./parse-body";

/** 21 million bitcoin. */
const SATS_MAX = 2_100_000_000_000_000;
const EXPIRY_SECONDS_MAX = 31_536_000;

const PaymentHash = z.string().regex(/^[0-9a-f]{64}$/, "must be 64 lower-case hex characters");
const InvoiceBody = z.strictObject({
  // 0 = the payer chooses.
  amount_sats: z.int().min(0).max(SATS_MAX),
  memo: z.string().max(639).default(""),
  hold: z.boolean().default(false),
  expiry: z.int().min(1).max(EXPIRY_SECONDS_MAX).optional(),
});
const PayBody = z.strictObject({
  bolt11: z.string().min(1),
  amount_sats: z.int().min(1).max(SATS_MAX).optional(),
});
const ForwardBody = z.strictObject({ amount_sats: z.int().min(1).max(SATS_MAX) });
const HashBody = z.strictObject({ payment_hash: PaymentHash });

/** The wallet outside the gateway: payer and payee of the tests. */
export function lightningRoutes({ lndEngine }: DevnetParts): Router {
  const router = Router();
  router.post("/lightning/invoice", (req, res) => {
    const { amount_sats, memo, hold, expiry } = parseBody(InvoiceBody, req.body);
    const invoice = lndEngine.addOutsideInvoice({
      valueMsat: BigInt(amount_sats) * 1_000n,
      memo,
      isKept: hold,
      ...(expiry === undefined ? {} : { expirySeconds: expiry }),
    });
    res.json({ payment_hash: invoice.paymentHash, bolt11: invoice.paymentRequest });
  });
  router.post("/lightning/pay", (req, res) => {
    const { bolt11, amount_sats } = parseBody(PayBody, req.body);
    lndEngine.sweep();
    const amountMsat = amount_sats === undefined ? undefined : BigInt(amount_sats) * 1_000n;
    const payment = refusedAs("bolt11", () => lndEngine.payFromOutside(bolt11, amountMsat));
    res.json({ payment_hash: payment.paymentHash, ...describePayment(payment) });
  });
  // The peer pays itself over two channels of the node, which keeps its fee.
  router.post("/lightning/forward", (req, res) => {
    const amountMsat = BigInt(parseBody(ForwardBody, req.body).amount_sats) * 1_000n;
    const { inMsat, outMsat } = refusedAs("amount_sats", () => lndEngine.forwardForPeer(amountMsat));
    res.json({ fee_msat: Number(inMsat - outMsat) });
  });
  router.post("/lightning/settle", (req, res) => {
    const { payment_hash } = parseBody(HashBody, req.body);
    const settled = refusedAs("payment_hash", () => lndEngine.settleOutsideInvoice({ paymentHash: payment_hash }));
    res.json({ status: settled.state });
  });
  router.post("/lightning/cancel", (req, res) => {
    const { payment_hash } = parseBody(HashBody, req.body);
    res.json({ status: refusedAs("payment_hash", () => lndEngine.cancelOutsideInvoice(payment_hash)).state });
  });
  router.get("/lightning/payments/:paymentHash", (req, res) => {
    const paymentHash = parseBody(PaymentHash, req.params.paymentHash);
    const payment = lndEngine.findOutsidePayment(paymentHash);
    if (payment === undefined) {
      res.status(404).json({ code: "not_found", detail: "the outside wallet knows no such payment", errors: [] });
      return;
    }
    res.json(describePayment(payment));
  });
  return router;
}

function describePayment({ status, preimage, failureReason }: Payment) {
  return {
    status: status === "initiated" ? "in_flight" : status,
    ...(preimage === "" ? {} : { preimage }),
    ...(failureReason === "none" ? {} : { failure_reason: failureReason }),
  };
}

/** What the wallet refuses is wrong with this field. */
function refusedAs<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof LndError) throw invalidField(path, error.message);
    throw error;
  }
}
