import { status } from "@grpc/grpc-js";

import {
  Failure_FailureCode,
  ForwardingHistoryRequest,
  type ForwardingHistoryResponse,
  HTLCAttempt_HTLCStatus,
  ListPaymentsRequest,
  type ListPaymentsResponse,
  type PayReq,
  type Payment,
  PaymentFailureReason as Reason,
  Payment_PaymentStatus as Status,
} from "@arkrelay/daemons/proto/lnrpc/lightning";
import { RouteFeeRequest, SendPaymentRequest } from "@arkrelay/daemons/proto/routerrpc/router";

import type { NewInvoice } from "./engine/invoice";
import { sha256Hex } from "./engine/lnd-context";
import { RunningLnd, StreamReader, call, refusalOf } from "./testing/an-lnd";
import { aPreimage } from "./testing/an-lnd-engine";

let lnd: RunningLnd;
beforeEach(async () => {
  lnd = await RunningLnd.start();
});
afterEach(async () => {
  await lnd.stop();
});

function outsideInvoice(invoice: Partial<NewInvoice> = {}) {
  return lnd.engine.addOutsideInvoice({ valueMsat: 1_000_000n, ...invoice });
}

type SendRequest = Partial<SendPaymentRequest>;

function send(request: SendRequest): StreamReader<Payment> {
  const defaults = SendPaymentRequest.fromPartial({ timeoutSeconds: 60, feeLimitMsat: 100_000n });
  return new StreamReader(lnd.router.sendPaymentV2({ ...defaults, ...request }));
}

/** The last word of a payment; throws the refusal. */
async function pay(request: SendRequest): Promise<Payment> {
  const { messages, error } = await send(request).rest();
  if (error !== undefined) throw error;
  const last = messages.at(-1);
  if (last === undefined) throw new Error("the stream said nothing");
  return last;
}

function track(hash: string, noInflightUpdates = false): StreamReader<Payment> {
  const paymentHash = Buffer.from(hash, "hex");
  return new StreamReader(lnd.router.trackPaymentV2({ paymentHash, noInflightUpdates }));
}

function list(request: Partial<ListPaymentsRequest> = {}): Promise<ListPaymentsResponse> {
  return call((reply) => lnd.lightning.listPayments({ ...ListPaymentsRequest.fromPartial({}), ...request }, reply));
}

describe("SendPaymentV2", () => {
  it("pays the outside wallet over its peer: in flight, then succeeded, then the end", async () => {
    const { paymentRequest, paymentHash } = outsideInvoice();
    const { messages, error } = await send({ paymentRequest }).rest();
    expect([messages.map((payment) => payment.status), error]).toEqual([
      [Status.IN_FLIGHT, Status.SUCCEEDED],
      undefined,
    ]);
    const [inFlight, paid] = messages;
    expect(inFlight).toMatchObject({ paymentPreimage: "0".repeat(64), feeMsat: 0n });
    // 1 sat and 100 ppm of the peer.
    expect(paid).toMatchObject({ paymentHash, valueMsat: 1_000_000n, feeMsat: 1_100n, feeSat: 1n, paymentIndex: 1n });
    expect(sha256Hex(paid?.paymentPreimage ?? "")).toBe(paymentHash);
    expect(paid?.htlcs).toMatchObject([
      {
        status: HTLCAttempt_HTLCStatus.SUCCEEDED,
        route: {
          totalAmtMsat: 1_001_100n,
          totalFeesMsat: 1_100n,
          hops: [
            { pubKey: lnd.engine.peerPubkey, amtToForwardMsat: 1_000_000n, feeMsat: 1_100n },
            { pubKey: lnd.engine.outsidePubkey, amtToForwardMsat: 1_000_000n, feeMsat: 0n },
          ],
        },
      },
    ]);
  });

  it("sends only the end when updates in flight are not wanted", async () => {
    const { messages } = await send({
      paymentRequest: outsideInvoice().paymentRequest,
      noInflightUpdates: true,
    }).rest();
    expect(messages.map((payment) => payment.status)).toEqual([Status.SUCCEEDED]);
  });

  it("stays in flight to a hold invoice until its receiver decides", async () => {
    const { paymentRequest, paymentHash } = outsideInvoice({ isKept: true });
    const reader = send({ paymentRequest });
    await reader.next();
    expect(lnd.engine.conservation().inFlightMsat).toBe(1_001_100n);
    lnd.engine.settleOutsideInvoice({ paymentHash });
    expect(await reader.next()).toMatchObject({ status: Status.SUCCEEDED });
    const canceled = outsideInvoice({ isKept: true });
    const failing = send({ paymentRequest: canceled.paymentRequest });
    await failing.next();
    lnd.engine.cancelOutsideInvoice(canceled.paymentHash);
    expect(await failing.next()).toMatchObject({
      status: Status.FAILED,
      failureReason: Reason.FAILURE_REASON_INCORRECT_PAYMENT_DETAILS,
      htlcs: [{ failure: { code: Failure_FailureCode.INCORRECT_OR_UNKNOWN_PAYMENT_DETAILS } }],
    });
  });

  it("goes on when its stream is cut or its reply is lost", async () => {
    const { paymentRequest, paymentHash } = outsideInvoice();
    lnd.fault("lose_reply", "SendPaymentV2");
    expect((await refusalOf(pay({ paymentRequest })))[0]).toBe(status.UNAVAILABLE);
    expect(await track(paymentHash).next()).toMatchObject({ status: Status.SUCCEEDED });
  });

  it.each([
    ["is already paid", undefined, "invoice is already paid"],
    ["is in flight", { isKept: true }, "payment is in transition"],
  ])("answers ALREADY_EXISTS for a hash that %s", async (_name, invoice, text) => {
    const { paymentRequest } = outsideInvoice(invoice);
    await send({ paymentRequest }).next();
    expect(await refusalOf(pay({ paymentRequest }))).toEqual([status.ALREADY_EXISTS, text]);
  });

  it("begins a failed hash anew, under a new index", async () => {
    const { paymentRequest } = outsideInvoice();
    expect(await pay({ paymentRequest, feeLimitMsat: 1n })).toMatchObject({ status: Status.FAILED, paymentIndex: 1n });
    await pay({ paymentRequest: outsideInvoice().paymentRequest });
    expect(await pay({ paymentRequest })).toMatchObject({ status: Status.SUCCEEDED, paymentIndex: 3n });
    const { payments } = await list({ includeIncomplete: true });
    expect(payments.map(({ paymentIndex }) => paymentIndex)).toEqual([2n, 3n]);
  });

  it.each([
    ["a zero fee limit", { feeLimitMsat: 0n }, {}, Reason.FAILURE_REASON_NO_ROUTE],
    ["too low a fee limit", { feeLimitMsat: 1_099n }, {}, Reason.FAILURE_REASON_NO_ROUTE],
    ["too low a limit of blocks", { cltvLimit: 100 }, {}, Reason.FAILURE_REASON_NO_ROUTE],
    ["more than we have", {}, { valueMsat: 80_000_000_000n }, Reason.FAILURE_REASON_INSUFFICIENT_BALANCE],
    [
      "more than one channel takes, in one part",
      { maxParts: 1, feeLimitMsat: 1n << 50n },
      { valueMsat: 40_000_000_000n },
      Reason.FAILURE_REASON_NO_ROUTE,
    ],
  ])("fails for %s without locking anything", async (_name, request, invoice, failureReason) => {
    const before = lnd.engine.conservation();
    const { paymentRequest } = outsideInvoice(invoice);
    expect(await pay({ paymentRequest, ...request })).toMatchObject({
      status: Status.FAILED,
      failureReason,
      htlcs: [],
    });
    expect(lnd.engine.conservation()).toEqual(before);
  });

  it("splits what one channel cannot take", async () => {
    const { paymentRequest } = outsideInvoice({ valueMsat: 40_000_000_000n });
    const paid = await pay({ paymentRequest, feeLimitMsat: 1n << 50n });
    expect(paid).toMatchObject({ status: Status.SUCCEEDED });
    expect(paid.htlcs).toHaveLength(2);
    expect(lnd.engine.conservation().driftMsat).toBe(0n);
  });

  it("fails for details the receiver does not know", async () => {
    const { paymentRequest, paymentHash } = outsideInvoice();
    lnd.engine.cancelOutsideInvoice(paymentHash);
    expect(await pay({ paymentRequest })).toMatchObject({
      status: Status.FAILED,
      failureReason: Reason.FAILURE_REASON_INCORRECT_PAYMENT_DETAILS,
    });
  });

  it("fails for nobody's key, and for a peer that is offline", async () => {
    const nobody = Buffer.from(`02${"11".repeat(32)}`, "hex");
    const toNobody = { dest: nobody, amt: 10n, paymentHash: Buffer.alloc(32, 1) };
    expect(await pay(toNobody)).toMatchObject({ failureReason: Reason.FAILURE_REASON_NO_ROUTE });
    lnd.engine.changeSettings({ isPeerOnline: false });
    expect(await pay({ paymentRequest: outsideInvoice().paymentRequest })).toMatchObject({
      failureReason: Reason.FAILURE_REASON_NO_ROUTE,
    });
  });

  it.each(["timeout", "error"] as const)("fails with %s when it is made to", async (forcedPaymentFailure) => {
    lnd.engine.changeSettings({ forcedPaymentFailure });
    const failureReason = { timeout: Reason.FAILURE_REASON_TIMEOUT, error: Reason.FAILURE_REASON_ERROR };
    expect(await pay({ paymentRequest: outsideInvoice().paymentRequest })).toMatchObject({
      failureReason: failureReason[forcedPaymentFailure],
    });
  });

  it("pays a bare key that takes spontaneous payments", async () => {
    const { preimage, paymentHash } = aPreimage("spontaneous");
    const dest = Buffer.from(lnd.engine.outsidePubkey, "hex");
    const destCustomRecords = new Map([[5_482_373_484n, Buffer.from(preimage, "hex")]]);
    const request = { dest, amt: 10n, paymentHash: Buffer.from(paymentHash, "hex"), destCustomRecords };
    expect(await pay(request)).toMatchObject({ status: Status.SUCCEEDED, paymentPreimage: preimage });
  });

  const text = "rejected before anything is sent";
  it.each([
    [
      "an amount beside that of the invoice",
      { amt: 5n },
      {},
      "amount must not be specified when paying a non-zero amount invoice",
    ],
    ["no amount at all", {}, { valueMsat: 0n }, "amount must be specified when paying a zero amount invoice"],
    ["both fee limits", { feeLimitSat: 1n }, {}, "sat and msat arguments are mutually exclusive"],
    ["a key beside the invoice", { dest: Buffer.alloc(33) }, {}, "dest and payment_request cannot appear together"],
    [
      "a hash beside the invoice",
      { paymentHash: Buffer.alloc(32) },
      {},
      "payment_hash and payment_request cannot appear together",
    ],
  ])(`refuses %s with UNKNOWN: ${text}`, async (_name, request, invoice, refusal) => {
    const { paymentRequest } = outsideInvoice(invoice);
    expect(await refusalOf(pay({ paymentRequest, ...request }))).toEqual([status.UNKNOWN, refusal]);
    expect((await list({ includeIncomplete: true })).payments).toEqual([]);
  });

  it("refuses an expired invoice and one of its own", async () => {
    const { paymentRequest } = outsideInvoice({ expirySeconds: 60 });
    lnd.world.clock.setOffset(61);
    expect(await refusalOf(pay({ paymentRequest }))).toEqual([
      status.UNKNOWN,
      expect.stringMatching(/^invoice expired\. Valid until /),
    ]);
    const own = lnd.engine.addInvoice({ valueMsat: 1_000n });
    expect(await refusalOf(pay({ paymentRequest: own.paymentRequest }))).toEqual([
      status.UNKNOWN,
      "self-payments not allowed",
    ]);
    expect(await pay({ paymentRequest: own.paymentRequest, allowSelfPayment: true })).toMatchObject({
      status: Status.SUCCEEDED,
    });
  });

  it("wants a timeout in version 0.18 and takes one of its own later", async () => {
    const { paymentRequest } = outsideInvoice();
    lnd.engine.changeSettings({ profile: "0.18" });
    expect(await refusalOf(pay({ paymentRequest, timeoutSeconds: 0 }))).toEqual([
      status.UNKNOWN,
      "timeout_seconds must be specified",
    ]);
    lnd.engine.changeSettings({ profile: "0.21" });
    expect(await pay({ paymentRequest, timeoutSeconds: 0 })).toMatchObject({ status: Status.SUCCEEDED });
  });

  it("can hang in flight although its HTLC is gone, until the node restarts", async () => {
    lnd.fault("stuck_payment", "SendPaymentV2");
    const { paymentRequest, paymentHash } = outsideInvoice();
    expect(await send({ paymentRequest }).next()).toMatchObject({ status: Status.IN_FLIGHT });
    expect(await track(paymentHash).next()).toMatchObject({ status: Status.IN_FLIGHT });
    expect(lnd.engine.conservation().inFlightMsat).toBe(0n);
    expect(lnd.engine.findOutsideInvoice(paymentHash)?.state).toBe("settled");
    await lnd.daemon.restart(0);
    expect(lnd.engine.findPayment(paymentHash)).toMatchObject({ status: "succeeded", feeMsat: 1_100n });
  });
});

describe("tracking payments", () => {
  it("tells the state at once, follows it, and knows no hash that was never sent", async () => {
    expect(
      await refusalOf(
        track("11".repeat(32))
          .rest()
          .then(({ error }) => Promise.reject(error ?? new Error())),
      ),
    ).toEqual([status.NOT_FOUND, "payment isn't initiated"]);
    const { paymentRequest, paymentHash } = outsideInvoice({ isKept: true });
    await send({ paymentRequest }).next();
    const reader = track(paymentHash);
    expect(await reader.next()).toMatchObject({ status: Status.IN_FLIGHT });
    lnd.engine.settleOutsideInvoice({ paymentHash });
    expect((await reader.rest()).messages).toMatchObject([{ status: Status.SUCCEEDED }]);
    expect((await track(paymentHash, true).rest()).messages).toMatchObject([{ status: Status.SUCCEEDED }]);
  });

  it("of all payments has no backlog", async () => {
    await pay({ paymentRequest: outsideInvoice().paymentRequest });
    const reader = new StreamReader(lnd.router.trackPayments({ noInflightUpdates: true }));
    await call((reply) => lnd.router.estimateRouteFee(RouteFeeRequest.fromPartial({}), (error) => reply(null, error)));
    const { paymentRequest, paymentHash } = outsideInvoice();
    await pay({ paymentRequest });
    expect(await reader.next()).toMatchObject({ paymentHash, status: Status.SUCCEEDED });
    reader.stream.cancel();
  });
});

describe("ListPayments", () => {
  it("gives only what succeeded, unless incomplete ones are wanted, page by page", async () => {
    for (const feeLimitMsat of [100_000n, 0n, 100_000n, 100_000n]) {
      await pay({ paymentRequest: outsideInvoice().paymentRequest, feeLimitMsat });
    }
    const indexes = async (request: Parameters<typeof list>[0]) =>
      (await list(request)).payments.map(({ paymentIndex }) => paymentIndex);
    expect(await indexes({})).toEqual([1n, 3n, 4n]);
    expect(await indexes({ includeIncomplete: true })).toEqual([1n, 2n, 3n, 4n]);
    expect(await indexes({ includeIncomplete: true, indexOffset: 1n, maxPayments: 2n })).toEqual([2n, 3n]);
    expect(await indexes({ includeIncomplete: true, reversed: true, maxPayments: 2n })).toEqual([3n, 4n]);
    expect(await indexes({ includeIncomplete: true, reversed: true, indexOffset: 3n })).toEqual([1n, 2n]);
    expect(await list({ countTotalPayments: true, maxPayments: 1n })).toMatchObject({
      firstIndexOffset: 1n,
      lastIndexOffset: 1n,
      totalNumPayments: 4n,
    });
    const { payments } = await list({ omitHops: true });
    expect(payments[0]?.htlcs[0]?.route?.hops).toEqual([]);
  });

  it.each([
    ["0.21", 100],
    ["0.18", 101],
  ] as const)("of version %s gives %i of 101 when no number is named", async (profile, count) => {
    lnd.engine.changeSettings({ profile });
    for (let index = 0; index < 101; index += 1) {
      lnd.engine.sendPayment({ paymentRequest: outsideInvoice().paymentRequest, feeLimitMsat: 0n });
    }
    expect((await list({ includeIncomplete: true })).payments).toHaveLength(count);
  });
});

describe("reading payment requests", () => {
  function decode(payReq: string): Promise<PayReq> {
    return call((reply) => lnd.lightning.decodePayReq({ payReq }, reply));
  }

  it("gives every field", async () => {
    const address = lnd.engine.newAddress("p2tr");
    const invoice = outsideInvoice({ memo: "tea", fallbackAddr: address, valueMsat: 1_234_567n, expirySeconds: 90 });
    expect(await decode(invoice.paymentRequest)).toMatchObject({
      destination: lnd.engine.outsidePubkey,
      paymentHash: invoice.paymentHash,
      numSatoshis: 1_234n,
      numMsat: 1_234_567n,
      expiry: 90n,
      description: "tea",
      fallbackAddr: address,
      cltvExpiry: 80n,
      paymentAddr: Buffer.from(invoice.paymentAddr, "hex"),
    });
  });

  it("refuses other networks and what is no invoice with UNKNOWN", async () => {
    const mainnet =
      "lnbc2500u1pvjluezsp5zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zygspp5qqqsyqcyq5rqwzqfqqqsyqcyq5rqwzqfqqqsyqcyq5rqwzqfqypqdq5xysxxatsyp3k7enxv4jsxqzpu9qrsgquk0rl77nj30yxdy8j9vdx85fkpmdla2087ne0xh8nhedh8w27kyke0lp53ut353s06fv3qfegext0eh0ymjpf39tuven09sam30g4vgpfna3rh";
    expect(await refusalOf(decode(mainnet))).toEqual([
      status.UNKNOWN,
      "invoice not for current active network 'regtest'",
    ]);
    expect((await refusalOf(decode("lnbcrt1nonsense")))[0]).toBe(status.UNKNOWN);
  });
});

describe("EstimateRouteFee", () => {
  function estimate(request: Partial<RouteFeeRequest>) {
    return call((reply) => lnd.router.estimateRouteFee({ ...RouteFeeRequest.fromPartial({}), ...request }, reply));
  }

  it("says what a payment would cost, or why there is no way", async () => {
    const { paymentRequest } = outsideInvoice();
    expect(await estimate({ paymentRequest, timeout: 10 })).toMatchObject({
      routingFeeMsat: 1_100n,
      failureReason: Reason.FAILURE_REASON_NONE,
    });
    const dest = Buffer.from(lnd.engine.outsidePubkey, "hex");
    expect(await estimate({ dest, amtSat: 1_000n })).toMatchObject({ routingFeeMsat: 1_100n });
    expect(await estimate({ dest, amtSat: 40_000_000n })).toMatchObject({
      failureReason: Reason.FAILURE_REASON_NO_ROUTE,
    });
    expect((await list({ includeIncomplete: true })).payments).toEqual([]);
  });

  it("refuses both a key and an invoice, and invoices without an amount", async () => {
    const dest = Buffer.from(lnd.engine.outsidePubkey, "hex");
    const { paymentRequest } = outsideInvoice({ valueMsat: 0n });
    for (const request of [{ dest, paymentRequest }, {}, { paymentRequest }, { dest, amtSat: 0n }]) {
      expect((await refusalOf(estimate(request)))[0]).toBe(status.UNKNOWN);
    }
  });
});

describe("ForwardingHistory", () => {
  const history = (request: Partial<ForwardingHistoryRequest> = {}): Promise<ForwardingHistoryResponse> =>
    call((reply) =>
      lnd.lightning.forwardingHistory({ ...ForwardingHistoryRequest.fromPartial({}), ...request }, reply),
    );

  it("tells what the node earned with others' payments, page by page, in the order in which they settled", async () => {
    for (const sats of [1_000n, 2_000n, 3_000n]) lnd.engine.forwardForPeer(sats * 1_000n);
    const first = await history({ startTime: 1n, numMaxEvents: 2 });
    expect(first).toMatchObject({
      forwardingEvents: [
        { amtInMsat: 1_001_100n, amtOutMsat: 1_000_000n, feeMsat: 1_100n },
        { amtInMsat: 2_001_200n, amtOutMsat: 2_000_000n, feeMsat: 1_200n },
      ],
      lastOffsetIndex: 2,
    });
    const rest = await history({ startTime: 1n, indexOffset: first.lastOffsetIndex });
    expect(rest.forwardingEvents).toMatchObject([{ amtOutMsat: 3_000_000n }]);
    const times = [...first.forwardingEvents, ...rest.forwardingEvents].map(({ timestampNs }) => timestampNs);
    expect(new Set(times).size).toBe(3);
    expect(times.toSorted((a, b) => (a < b ? -1 : 1))).toEqual(times);
    // Between two of the node's own channels, so nothing but the fee is its gain.
    expect(lnd.engine.conservation().driftMsat).toBe(0n);
  });

  it("tells the last day when it is not asked for a time", async () => {
    lnd.engine.forwardForPeer(1_000n);
    lnd.world.clock.setOffset(2 * 86_400);
    expect((await history()).forwardingEvents).toEqual([]);
    expect((await history({ startTime: 1n })).forwardingEvents).toHaveLength(1);
  });
});
