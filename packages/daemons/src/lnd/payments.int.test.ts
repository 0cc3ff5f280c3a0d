import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

import { status } from "@grpc/grpc-js";

import { SILENT_OBSERVER } from "../daemon-observer";
import { Payment, Payment_PaymentStatus, PaymentFailureReason } from "../gen/lnrpc/lightning";
import type { SendPaymentRequest } from "../gen/routerrpc/router";
import { toPaymentHash } from "../payment-hash";
import { failure, HOLD } from "../testing/fake-arkd";
import { rejectionOf } from "../testing/rejection-of";
import type { ScriptedDaemon } from "../testing/scripted-daemon";
import { startScriptedLnd } from "../testing/scripted-lnd";
import { GrpcLightningNode } from "./grpc-lightning-node";

const folder = mkdtempSync(path.join(tmpdir(), "arkrelay-lnd-"));
const PREIMAGE = "01".repeat(32);
const HASH = toPaymentHash(PREIMAGE);
const REQUEST = {
  bolt11: "lnbcrt1",
  paymentHash: HASH,
  amountMsat: undefined,
  feeLimitMsat: 5_000n,
  timeoutSeconds: 60,
  cltvLimit: 1_000,
};

let lnd: ScriptedDaemon;
let node: GrpcLightningNode;

beforeEach(async () => {
  lnd = await startScriptedLnd(folder);
  node = new GrpcLightningNode(lnd.endpoint, { observer: SILENT_OBSERVER, requestId: () => undefined });
});

afterEach(() => {
  node.close();
  lnd.stop();
});

afterAll(() => rmSync(folder, { recursive: true }));

const inState = (state: Payment_PaymentStatus, change: Partial<Payment> = {}): Payment =>
  Payment.fromPartial({
    paymentHash: HASH,
    paymentPreimage: "00".repeat(32),
    status: state,
    valueMsat: 9_007_199_254_740_993n,
    paymentIndex: 7n,
    creationTimeNs: 1_700_000_000_123_456_789n,
    ...change,
  });
const IN_FLIGHT = inState(Payment_PaymentStatus.IN_FLIGHT);
const SUCCEEDED = inState(Payment_PaymentStatus.SUCCEEDED, { paymentPreimage: PREIMAGE, feeMsat: 1_001n });
const failed = (failureReason: PaymentFailureReason): Payment =>
  inState(Payment_PaymentStatus.FAILED, { failureReason });

function streams(method: string, messages: readonly unknown[], end: () => unknown = () => undefined): void {
  lnd.answer(method, async function* () {
    yield* messages;
    await end();
  });
}

function refuse(method: string, text: string, code = status.UNKNOWN): void {
  lnd.answer(method, () => {
    throw failure(code, text);
  });
}

describe("sending a payment", () => {
  test("ends with the first terminal state, whatever lnd says after it", async () => {
    streams("SendPaymentV2", [
      IN_FLIGHT,
      failed(PaymentFailureReason.FAILURE_REASON_TIMEOUT),
      failed(PaymentFailureReason.FAILURE_REASON_NO_ROUTE),
    ]);
    const outcome = await node.sendPayment(REQUEST);
    expect(outcome).toMatchObject({ kind: "payment", payment: { status: "failed", failureReason: "timeout" } });
  });

  test("needs no end of the stream once it has succeeded", async () => {
    streams("SendPaymentV2", [SUCCEEDED], () => HOLD);
    await expect(node.sendPayment(REQUEST)).resolves.toEqual({
      kind: "payment",
      payment: {
        paymentHash: HASH,
        status: "succeeded",
        failureReason: "none",
        preimage: PREIMAGE,
        valueMsat: 9_007_199_254_740_993n,
        feeMsat: 1_001n,
        paymentIndex: 7n,
        createdAt: new Date(1_700_000_000_123),
        bolt11: "",
        htlcs: [],
      },
    });
  });

  test("always tells lnd a fee limit and a timeout, and never an amount that the invoice has", async () => {
    streams("SendPaymentV2", [SUCCEEDED]);
    await node.sendPayment(REQUEST);
    expect(lnd.requestsOf<SendPaymentRequest>("SendPaymentV2")).toMatchObject([
      { paymentRequest: "lnbcrt1", amtMsat: 0n, feeLimitMsat: 5_000n, timeoutSeconds: 60, cltvLimit: 1_000 },
    ]);
  });

  test("does not take a success without the hash's preimage for a success", async () => {
    streams("SendPaymentV2", [inState(Payment_PaymentStatus.SUCCEEDED)]);
    expect((await rejectionOf(node.sendPayment(REQUEST))).code).toBe("outcome_unknown");
  });

  test.each([
    ["invoice is already paid", "succeeded"],
    ["payment is in transition", "in_flight"],
    ["payment already exists", "initiated"],
  ])("tells of a hash that was sent before: %s", async (text, state) => {
    refuse("SendPaymentV2", text, status.ALREADY_EXISTS);
    await expect(node.sendPayment(REQUEST)).resolves.toEqual({ kind: "exists", status: state });
  });

  test.each([
    ["invoice expired. Valid until 2026-01-01 00:00:00", "invoice_expired"],
    ["self-payments not allowed", "self_payment"],
    ["amount must be specified when paying a zero amount invoice", "amount_required"],
    ["amount must not be specified when paying a non-zero amount invoice", "amount_not_allowed"],
  ])("is refused before anything was sent: %s", async (text, reason) => {
    refuse("SendPaymentV2", text);
    await expect(node.sendPayment(REQUEST)).resolves.toEqual({ kind: "refused", reason });
  });

  test.each([
    ["a text nobody knows", status.UNKNOWN],
    ["a text of another call: channel not found", status.UNKNOWN],
    ["a text with a definite status", status.INVALID_ARGUMENT],
    ["gone", status.UNAVAILABLE],
    ["stopped", status.CANCELLED],
    ["our fault", status.INTERNAL],
  ])("stays unknown after %s", async (text, code) => {
    refuse("SendPaymentV2", text, code);
    expect((await rejectionOf(node.sendPayment(REQUEST))).code).toBe("outcome_unknown");
    expect(lnd.requestsOf("SendPaymentV2")).toHaveLength(1);
  });

  test("stays unknown when the stream ends before the payment does", async () => {
    streams("SendPaymentV2", [IN_FLIGHT]);
    expect((await rejectionOf(node.sendPayment(REQUEST))).code).toBe("outcome_unknown");
  });

  test("stays unknown when the caller waits no longer", async () => {
    const stopped = new AbortController();
    streams("SendPaymentV2", [IN_FLIGHT], () => {
      stopped.abort();
      return HOLD;
    });
    expect((await rejectionOf(node.sendPayment(REQUEST, { signal: stopped.signal }))).code).toBe("outcome_unknown");
  });

  test("is not sent once its time is over, however long the way to lnd took", async () => {
    const stopped = new AbortController();
    lnd.answer("GetInfo", () => {
      stopped.abort();
      return { chains: [{ chain: "bitcoin", network: "regtest" }] };
    });
    const givenUp = await rejectionOf(node.sendPayment(REQUEST, { signal: stopped.signal }));
    const late = await rejectionOf(node.sendPayment(REQUEST, { notAfter: new Date(Date.now() - 1) }));
    expect([givenUp.code, late.code]).toEqual(["daemon_unavailable", "daemon_unavailable"]);
    expect(lnd.requestsOf("SendPaymentV2")).toEqual([]);
  });

  test("is not tried while the wallet is locked, which is known", async () => {
    refuse("SendPaymentV2", "wallet locked, unlock it to enable full RPC access");
    const error = await rejectionOf(node.sendPayment(REQUEST));
    expect([error.code, error.details?.["reason"]]).toEqual(["daemon_unavailable", "wallet_locked"]);
  });

  test("reaches no node of another chain", async () => {
    lnd.answer("GetInfo", () => ({ chains: [{ chain: "bitcoin", network: "mainnet" }] }));
    const error = await rejectionOf(node.sendPayment(REQUEST));
    expect([error.code, error.details?.["reason"]]).toEqual(["daemon_unavailable", "wrong_network"]);
    expect(lnd.requestsOf("SendPaymentV2")).toEqual([]);
  });
});

describe("tracking a payment", () => {
  test("gives its state as it is now and asks by the hash as it reads", async () => {
    streams("TrackPaymentV2", [IN_FLIGHT], () => HOLD);
    await expect(node.trackPayment(HASH)).resolves.toMatchObject({ status: "in_flight", preimage: undefined });
    expect(lnd.requestsOf<{ paymentHash: Buffer }>("TrackPaymentV2")[0]?.paymentHash.toString("hex")).toBe(HASH);
  });

  test("finds nothing for a hash that was never paid", async () => {
    refuse("TrackPaymentV2", "payment isn't initiated", status.NOT_FOUND);
    await expect(node.trackPayment(HASH)).resolves.toBeUndefined();
  });

  test("does not take a stream that just ends for a hash that was never paid", async () => {
    streams("TrackPaymentV2", []);
    expect((await rejectionOf(node.trackPayment(HASH))).code).toBe("daemon_unavailable");
  });

  test("does not take another missing thing for a hash that was never paid", async () => {
    refuse("TrackPaymentV2", "no such route", status.NOT_FOUND);
    expect((await rejectionOf(node.trackPayment(HASH))).code).toBe("daemon_rejected");
  });

  test("follows it to its end and not beyond", async () => {
    streams("TrackPaymentV2", [inState(Payment_PaymentStatus.INITIATED), IN_FLIGHT, SUCCEEDED, IN_FLIGHT], () => HOLD);
    const states: string[] = [];
    for await (const { status: state } of node.followPayment(HASH, new AbortController().signal)) states.push(state);
    expect(states).toEqual(["initiated", "in_flight", "succeeded"]);
  });

  test("follows a hash that was never paid by ending at once", async () => {
    refuse("TrackPaymentV2", "payment isn't initiated", status.NOT_FOUND);
    for await (const payment of node.followPayment(HASH, new AbortController().signal)) throw new Error(payment.status);
  });
});

test("lists payments page by page with those that are not over, and without their hops", async () => {
  lnd.answer("ListPayments", () => ({ payments: [IN_FLIGHT, SUCCEEDED] }));
  await expect(node.listPayments({ afterPaymentIndex: 6n, limit: 200 })).resolves.toHaveLength(2);
  expect(lnd.requestsOf("ListPayments")).toMatchObject([
    { includeIncomplete: true, indexOffset: 6n, maxPayments: 200n, reversed: false, omitHops: true },
  ]);
  await expect(node.listPayments({ afterPaymentIndex: 0n, limit: 201 })).rejects.toThrow();
});

test("knows the newest payment index, and zero for a node that never paid", async () => {
  lnd.answer("ListPayments", () => ({ payments: [SUCCEEDED] }));
  await expect(node.getTopPaymentIndex()).resolves.toBe(7n);
  lnd.answer("ListPayments", () => ({}));
  await expect(node.getTopPaymentIndex()).resolves.toBe(0n);
  expect(lnd.requestsOf("ListPayments")).toMatchObject([
    { reversed: true, maxPayments: 1n, includeIncomplete: true },
    {},
  ]);
});

test("decodes an invoice, and names why one cannot be", async () => {
  lnd.answer("DecodePayReq", () => ({
    paymentHash: HASH,
    numMsat: 21_001n,
    timestamp: 100n,
    expiry: 50n,
    cltvExpiry: 80n,
  }));
  await expect(node.decodePaymentRequest("lnbcrt1")).resolves.toMatchObject({
    amountMsat: 21_001n,
    expiresAt: new Date(150_000),
    minFinalCltv: 80,
  });
  refuse("DecodePayReq", "invoice not for current active network 'regtest'");
  expect((await rejectionOf(node.decodePaymentRequest("lnbc1"))).details).toMatchObject({
    daemon_name: "invoice_other_network",
  });
});

test("a route without a fee estimate is no route", async () => {
  lnd.answer("EstimateRouteFee", () => ({ routingFeeMsat: 3n }));
  await expect(node.estimateRouteFee("lnbcrt1", 10)).resolves.toEqual({ feeMsat: 3n });
  lnd.answer("EstimateRouteFee", () => ({ failureReason: PaymentFailureReason.FAILURE_REASON_NO_ROUTE }));
  await expect(node.estimateRouteFee("lnbcrt1", 10)).resolves.toBeUndefined();
});
