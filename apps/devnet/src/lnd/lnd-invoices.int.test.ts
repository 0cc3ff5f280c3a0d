import { status } from "@grpc/grpc-js";

import { AddHoldInvoiceRequest, LookupInvoiceMsg } from "@arkrelay/daemons/proto/invoicesrpc/invoices";
import {
  Invoice,
  InvoiceHTLCState,
  Invoice_InvoiceState as State,
  ListInvoiceRequest,
  type ListInvoiceResponse,
} from "@arkrelay/daemons/proto/lnrpc/lightning";

import { RunningLnd, StreamReader, call, refusalOf } from "./testing/an-lnd";
import { aPreimage } from "./testing/an-lnd-engine";

let lnd: RunningLnd;
beforeEach(async () => {
  lnd = await RunningLnd.start();
});
afterEach(async () => {
  await lnd.stop();
});

const { preimage, paymentHash } = aPreimage("held");
const hash = Buffer.from(paymentHash, "hex");

function add(invoice: Partial<Invoice>) {
  return call<{ rHash: Buffer; paymentRequest: string; addIndex: bigint }>((reply) =>
    lnd.lightning.addInvoice({ ...Invoice.fromPartial({}), ...invoice }, reply),
  );
}

function addHold(request: Partial<AddHoldInvoiceRequest> = {}) {
  return call<{ paymentRequest: string; addIndex: bigint }>((reply) =>
    lnd.invoices.addHoldInvoice(
      { ...AddHoldInvoiceRequest.fromPartial({ hash, valueMsat: 50_000n }), ...request },
      reply,
    ),
  );
}

function lookup(rHash: Buffer): Promise<Invoice> {
  return call((reply) => lnd.lightning.lookupInvoice({ rHash, rHashStr: "" }, reply));
}

function list(request: Partial<ListInvoiceRequest>): Promise<ListInvoiceResponse> {
  return call((reply) => lnd.lightning.listInvoices({ ...ListInvoiceRequest.fromPartial({}), ...request }, reply));
}

function settle(secret = preimage): Promise<unknown> {
  return call((reply) => lnd.invoices.settleInvoice({ preimage: Buffer.from(secret, "hex") }, reply));
}

function cancel(paymentHash_: Buffer = hash): Promise<unknown> {
  return call((reply) => lnd.invoices.cancelInvoice({ paymentHash: paymentHash_ }, reply));
}

async function subscribe(addIndex = 0n, settleIndex = 0n): Promise<StreamReader<Invoice>> {
  const reader = new StreamReader(lnd.lightning.subscribeInvoices({ addIndex, settleIndex }));
  // A stream says nothing when it opens; a call behind it on the same connection is answered after that.
  await list({});
  return reader;
}

async function follow(rHash = hash): Promise<StreamReader<Invoice>> {
  const reader = new StreamReader(lnd.invoices.subscribeSingleInvoice({ rHash }));
  await call((reply) => lnd.invoices.lookupInvoiceV2(LookupInvoiceMsg.fromPartial({}), (error) => reply(null, error)));
  return reader;
}

describe("invoices of lnd", () => {
  it("are paid by the outside wallet, with everything a client reads of it", async () => {
    const { rHash, paymentRequest } = await add({ memo: "coffee", value: 1_500n, expiry: 600n });
    expect(await lookup(rHash)).toMatchObject({
      memo: "coffee",
      value: 1_500n,
      valueMsat: 1_500_000n,
      expiry: 600n,
      cltvExpiry: 80n,
      state: State.OPEN,
      settleIndex: 0n,
      htlcs: [],
    });
    const payment = lnd.engine.payFromOutside(paymentRequest, undefined);
    const paid = await lookup(rHash);
    expect(paid).toMatchObject({
      state: State.SETTLED,
      amtPaid: 1_500_000n,
      amtPaidSat: 1_500n,
      amtPaidMsat: 1_500_000n,
      settleIndex: 1n,
      htlcs: [{ amtMsat: 1_500_000n, mppTotalAmtMsat: 1_500_000n, state: InvoiceHTLCState.SETTLED }],
    });
    expect(paid.rPreimage.toString("hex")).toBe(payment.preimage);
  });

  it("show the preimage of a normal invoice while it is open, and that of a hold invoice once it is settled", async () => {
    const { rHash } = await add({ value: 1n, rPreimage: Buffer.from(aPreimage("mine").preimage, "hex") });
    expect((await lookup(rHash)).rPreimage.toString("hex")).toBe(aPreimage("mine").preimage);
    const { paymentRequest } = await addHold();
    lnd.engine.payFromOutside(paymentRequest, undefined);
    expect(await lookup(hash)).toMatchObject({
      rPreimage: Buffer.alloc(0),
      state: State.ACCEPTED,
      amtPaidMsat: 50_000n,
    });
    await settle();
    expect((await lookup(hash)).rPreimage.toString("hex")).toBe(preimage);
  });

  it.each([
    ["both amounts", { value: 1n, valueMsat: 1_000n }, "sat and msat arguments are mutually exclusive"],
    ["a memo that fits no invoice", { memo: "x".repeat(640) }, "data length too big to fit within 10 bits: 1024"],
    ["a long memo", { memo: "x".repeat(1025) }, "memo too large: 1025 bytes (maxsize=1024)"],
    [
      "too long an expiry",
      { expiry: 31_536_001n },
      "expiry of 31536001 seconds greater than max expiry of 31536000 seconds",
    ],
    ["too small a final delta", { cltvExpiry: 23n }, "CLTV delta of 23 must be greater than minimum of 24"],
    ["a short preimage", { rPreimage: Buffer.alloc(31) }, "invalid preimage length of 31, want 32"],
  ])("are refused with UNKNOWN for %s", async (_name, invoice, text) => {
    expect(await refusalOf(add(invoice))).toEqual([status.UNKNOWN, text]);
  });

  it("exist once per hash", async () => {
    await addHold();
    expect(await refusalOf(addHold())).toEqual([status.UNKNOWN, "invoice with payment hash already exists"]);
    const rPreimage = Buffer.from(preimage, "hex");
    expect(await refusalOf(add({ rPreimage }))).toEqual([status.UNKNOWN, "invoice with payment hash already exists"]);
  });

  it("are looked up by a hash of 32 bytes only, and said to be missing as each version does", async () => {
    expect(await refusalOf(lookup(Buffer.alloc(31)))).toEqual([
      status.UNKNOWN,
      "payment hash must be exactly 32 bytes",
    ]);
    expect(await refusalOf(lookup(hash))).toEqual([status.NOT_FOUND, "there are no existing invoices"]);
    lnd.engine.changeSettings({ profile: "0.18" });
    expect(await refusalOf(lookup(hash))).toEqual([status.UNKNOWN, "there are no existing invoices"]);
    await add({ value: 1n });
    expect(await refusalOf(lookup(hash))).toEqual([status.NOT_FOUND, "unable to locate invoice"]);
    const byAddress = LookupInvoiceMsg.fromPartial({ invoiceRef: { $case: "paymentAddr", value: Buffer.alloc(32) } });
    expect(await refusalOf(call((reply) => lnd.invoices.lookupInvoiceV2(byAddress, reply)))).toEqual([
      status.NOT_FOUND,
      "unable to locate invoice",
    ]);
  });

  it("end by themselves when nobody has paid them in time", async () => {
    const { rHash, paymentRequest } = await add({ value: 1n, expiry: 60n });
    lnd.world.clock.setOffset(61);
    expect((await lookup(rHash)).state).toBe(State.CANCELED);
    expect(() => lnd.engine.payFromOutside(paymentRequest, undefined)).toThrow("invoice expired. Valid until");
  });

  it("of any amount take what the payer chooses; others take more than they ask, but never less", async () => {
    const open = await add({});
    lnd.engine.payFromOutside(open.paymentRequest, 7_000n);
    expect(await lookup(open.rHash)).toMatchObject({ state: State.SETTLED, amtPaidMsat: 7_000n });
    const fixed = await add({ value: 10n });
    lnd.engine.payFromOutside(fixed.paymentRequest, 15_000n);
    expect(await lookup(fixed.rHash)).toMatchObject({ state: State.SETTLED, amtPaidMsat: 15_000n });
  });

  it("hold the parts of a set for 120 seconds and give them back when the rest has not come", async () => {
    const { rHash, paymentRequest } = await add({ value: 10n });
    expect(lnd.engine.payFromOutside(paymentRequest, 4_000n).status).toBe("in_flight");
    expect(await lookup(rHash)).toMatchObject({ state: State.OPEN, htlcs: [{ state: InvoiceHTLCState.ACCEPTED }] });
    lnd.world.clock.setOffset(120);
    expect(await lookup(rHash)).toMatchObject({ state: State.OPEN, htlcs: [{ state: InvoiceHTLCState.CANCELED }] });
    expect(lnd.engine.findOutsidePayment(rHash.toString("hex"))).toMatchObject({
      status: "failed",
      failureReason: "timeout",
    });
  });

  it("are settled together by parts of several payers", async () => {
    const { rHash, paymentRequest } = await add({ value: 10n });
    lnd.engine.payFromOutside(paymentRequest, 4_000n);
    lnd.engine.payFromOutside(paymentRequest, 6_000n);
    expect(await lookup(rHash)).toMatchObject({ state: State.SETTLED, amtPaidMsat: 10_000n });
  });

  it("refuse a second payer once they are paid", async () => {
    const { paymentRequest } = await add({ value: 10n });
    lnd.engine.payFromOutside(paymentRequest, undefined);
    expect(lnd.engine.payFromOutside(paymentRequest, undefined)).toMatchObject({
      status: "failed",
      failureReason: "incorrect_payment_details",
    });
  });

  it("that are private name the private channels they can be reached by", async () => {
    lnd.engine.openChannel({ nodePubkey: lnd.engine.peerPubkey, localFundingSats: 100_000n, isPrivate: true });
    lnd.engine.syncToHeight(lnd.engine.height + 3);
    const { rHash } = await add({ value: 1n, private: true });
    expect((await lookup(rHash)).routeHints).toMatchObject([{ hopHints: [{ nodeId: lnd.engine.peerPubkey }] }]);
  });
});

describe("hold invoices of lnd", () => {
  it.each([
    ["an unknown one", "settle", () => settle("00".repeat(32)), "unable to locate invoice"],
    ["an open one", "settle", () => settle(), "invoice still open"],
    ["an unknown one", "cancel", () => cancel(Buffer.alloc(32)), "unable to locate invoice"],
  ] as const)("refuse with UNKNOWN for %s to %s", async (_state, _verb, act, text) => {
    await addHold();
    expect(await refusalOf(act())).toEqual([status.UNKNOWN, text]);
  });

  it("are settled once, and settling them again is a success", async () => {
    const { paymentRequest } = await addHold();
    lnd.engine.payFromOutside(paymentRequest, undefined);
    await settle();
    await settle();
    expect(await lookup(hash)).toMatchObject({ state: State.SETTLED, settleIndex: 1n });
    expect(await refusalOf(cancel())).toEqual([status.UNKNOWN, "invoice already settled"]);
    expect(lnd.engine.findOutsidePayment(paymentHash)).toMatchObject({ status: "succeeded", preimage });
  });

  it("give the money back when they are canceled while accepted, and canceling again is a success", async () => {
    const { paymentRequest } = await addHold();
    lnd.engine.payFromOutside(paymentRequest, undefined);
    await cancel();
    await cancel();
    expect(await refusalOf(settle())).toEqual([status.UNKNOWN, "invoice already canceled"]);
    expect(lnd.engine.findOutsidePayment(paymentHash)?.status).toBe("failed");
    expect(lnd.engine.conservation()).toMatchObject({ driftMsat: 0n, inFlightMsat: 0n });
  });

  it.each([
    ["0.21", 18],
    ["0.20", 12],
  ] as const)("of version %s are given up %i blocks before their HTLC expires", async (profile, delta) => {
    lnd.engine.changeSettings({ profile });
    const { paymentRequest } = await addHold({ cltvExpiry: 144n });
    lnd.engine.payFromOutside(paymentRequest, undefined);
    const [htlc] = (await lookup(hash)).htlcs;
    const last = (htlc?.expiryHeight ?? 0) - delta - 1;
    lnd.engine.syncToHeight(last);
    expect((await lookup(hash)).state).toBe(State.ACCEPTED);
    lnd.engine.syncToHeight(last + 1);
    expect((await lookup(hash)).state).toBe(State.CANCELED);
  });

  it("stay accepted past their own expiry", async () => {
    const { paymentRequest } = await addHold({ expiry: 60n });
    lnd.engine.payFromOutside(paymentRequest, undefined);
    lnd.world.clock.setOffset(3_600);
    expect((await lookup(hash)).state).toBe(State.ACCEPTED);
    await settle();
  });
});

describe("SubscribeInvoices", () => {
  it("has no backlog for 0, and one without the first event for 1", async () => {
    for (const memo of ["first", "second", "third"]) await add({ memo });
    const fresh = await subscribe(0n, 0n);
    const resumed = await subscribe(1n, 0n);
    await add({ memo: "live" });
    expect((await fresh.next()).memo).toBe("live");
    for (const memo of ["second", "third", "live"]) expect((await resumed.next()).memo).toBe(memo);
    for (const { stream } of [fresh, resumed]) stream.cancel();
  });

  it("sends what was added and settled meanwhile twice, in its present state", async () => {
    await add({ memo: "before" });
    await add({ memo: "settled before" }).then(({ paymentRequest }) =>
      lnd.engine.payFromOutside(paymentRequest, 1_000n),
    );
    const { paymentRequest } = await add({ memo: "meanwhile" });
    lnd.engine.payFromOutside(paymentRequest, 1_000n);
    const reader = await subscribe(2n, 1n);
    for (const _time of [1, 2]) {
      expect(await reader.next()).toMatchObject({ memo: "meanwhile", state: State.SETTLED, settleIndex: 2n });
    }
    reader.stream.cancel();
  });

  it("says nothing of accepted and canceled invoices, live or in the backlog", async () => {
    await add({ memo: "cursor" });
    const live = await subscribe();
    const { paymentRequest } = await addHold();
    const other = await add({ memo: "to be canceled" });
    lnd.engine.payFromOutside(paymentRequest, undefined);
    await cancel(other.rHash);
    await add({ memo: "last" });
    const states = [await live.next(), await live.next(), await live.next()].map(({ memo, state }) => [memo, state]);
    expect(states).toEqual([
      ["", State.OPEN],
      ["to be canceled", State.OPEN],
      ["last", State.OPEN],
    ]);
    const backlog = await subscribe(1n, 0n);
    expect((await backlog.next()).memo).toBe("last");
    for (const { stream } of [live, backlog]) stream.cancel();
  });

  it("can see settle_index begin anew", async () => {
    const pay = async () => lnd.engine.payFromOutside((await add({ value: 1n })).paymentRequest, undefined);
    await pay();
    await pay();
    lnd.fault("settle_index_reset");
    const reader = await subscribe();
    await pay();
    await reader.next();
    expect(await reader.next()).toMatchObject({ state: State.SETTLED, settleIndex: 1n });
    reader.stream.cancel();
  });
});

describe("SubscribeSingleInvoice", () => {
  it("tells the state at once and every change, and ends with the invoice", async () => {
    const { paymentRequest } = await addHold();
    const reader = await follow();
    expect((await reader.next()).state).toBe(State.OPEN);
    lnd.engine.payFromOutside(paymentRequest, undefined);
    expect((await reader.next()).state).toBe(State.ACCEPTED);
    await settle();
    const { messages, error } = await reader.rest();
    expect([messages.map(({ state }) => state), error]).toEqual([[State.SETTLED], undefined]);
    expect((await (await follow()).rest()).messages).toMatchObject([{ state: State.SETTLED }]);
  });

  it("waits for a hash that nobody has added yet", async () => {
    const reader = await follow();
    await addHold();
    expect((await reader.next()).state).toBe(State.OPEN);
    reader.stream.cancel();
  });
});

describe("ListInvoices", () => {
  beforeEach(async () => {
    for (const memo of ["1", "2", "3", "4", "5"]) await add({ memo });
  });

  it.each([
    ["the first page", { numMaxInvoices: 2n }, ["1", "2"]],
    ["the next page", { indexOffset: 2n, numMaxInvoices: 2n }, ["3", "4"]],
    ["the newest page backwards, in ascending order", { numMaxInvoices: 2n, reversed: true }, ["4", "5"]],
    ["the page before, backwards", { indexOffset: 4n, numMaxInvoices: 2n, reversed: true }, ["2", "3"]],
    ["nothing before the first", { indexOffset: 1n, reversed: true }, []],
    ["nothing after the last", { indexOffset: 5n }, []],
  ])("gives %s", async (_name, request, memos) => {
    const { invoices, firstIndexOffset, lastIndexOffset } = await list(request);
    expect(invoices.map(({ memo }) => memo)).toEqual(memos);
    expect([firstIndexOffset, lastIndexOffset]).toEqual([BigInt(memos[0] ?? 0), BigInt(memos.at(-1) ?? 0)]);
  });

  it("leaves out what is settled or canceled when only pending ones are wanted", async () => {
    const [first, second] = (await list({})).invoices;
    lnd.engine.payFromOutside(first?.paymentRequest ?? "", 1_000n);
    await cancel(second?.rHash);
    expect((await list({ pendingOnly: true })).invoices.map(({ memo }) => memo)).toEqual(["3", "4", "5"]);
  });

  it("gives 100 when no number is named", async () => {
    for (let count = 0; count < 100; count += 1) lnd.engine.addInvoice({ valueMsat: 0n });
    expect((await list({})).invoices).toHaveLength(100);
  });

  it("refuses a range of dates that is none", async () => {
    expect(await refusalOf(list({ creationDateStart: 2n, creationDateEnd: 1n }))).toEqual([
      status.UNKNOWN,
      "start date(2) must be before end date(1)",
    ]);
  });
});
