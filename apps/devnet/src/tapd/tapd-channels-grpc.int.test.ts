import { status } from "@grpc/grpc-js";

import { Invoice, Payment_PaymentStatus } from "@arkrelay/daemons/proto/lnrpc/lightning";
import {
  AddAssetBuyOrderRequest,
  AddAssetSellOrderRequest,
  type QueryPeerAcceptedQuotesResponse,
  type RfqEvent,
} from "@arkrelay/daemons/proto/rfqrpc/rfq";
import { SendPaymentRequest as LndSendPaymentRequest } from "@arkrelay/daemons/proto/routerrpc/router";
import {
  AddInvoiceRequest,
  type AddInvoiceResponse,
  type AssetInvoice,
  AssetPayReq,
  type AssetPayReqResponse,
  type AssetPayment,
  FundChannelRequest,
  type FundChannelResponse,
  type ListInvoicesResponse,
  type ListPaymentsResponse,
  SendPaymentRequest,
  type SendPaymentResponse,
} from "@arkrelay/daemons/proto/tapchannelrpc/tapchannel";

import { aPreimage } from "../lnd/testing/an-lnd-engine";
import { type RunningTapd, aTapd, call, messagesOf, refusalOf } from "./testing/a-tapd";
import { mintAsset } from "./testing/a-tapd-engine";

let tapd: RunningTapd;
let assetId: Buffer;

/** 800 of 1 000 units in a channel to the edge node; without a set rate a unit is worth 1 000 sats. */
beforeEach(async () => {
  tapd = await aTapd();
  assetId = Buffer.from(mintAsset({ tapd: tapd.engine, mine: tapd.mine }), "hex");
  await fund();
  tapd.mine(3);
});
afterEach(() => tapd.close());

function fund(change: Partial<FundChannelRequest> = {}): Promise<FundChannelResponse> {
  const request = FundChannelRequest.fromPartial({
    assetAmount: 800n,
    assetId,
    peerPubkey: Buffer.from(tapd.lnd.peerPubkey, "hex"),
    feeRateSatPerVbyte: 2,
    pushSat: 10_000n,
    ...change,
  });
  return call((reply) => tapd.channels.fundChannel(request, reply));
}

function pay(bolt11: string, change: Partial<SendPaymentRequest> = {}) {
  const paymentRequest = LndSendPaymentRequest.fromPartial({
    paymentRequest: bolt11,
    feeLimitMsat: 100_000n,
    timeoutSeconds: 60,
  });
  return tapd.channels.sendPayment(SendPaymentRequest.fromPartial({ assetId, paymentRequest, ...change }));
}

/** Everything a payment tells, until its stream ends. */
function paid(bolt11: string, change: Partial<SendPaymentRequest> = {}): Promise<SendPaymentResponse[]> {
  return messagesOf<SendPaymentResponse>(pay(bolt11, change), 100);
}

function outsideInvoice(sats: bigint, change = {}): string {
  return tapd.lnd.addOutsideInvoice({ valueMsat: sats * 1_000n, ...change }).paymentRequest;
}

function addInvoice(change: Partial<AddInvoiceRequest> = {}): Promise<AddInvoiceResponse> {
  const request = AddInvoiceRequest.fromPartial({
    assetId,
    assetAmount: 40n,
    invoiceRequest: Invoice.fromPartial({ memo: "units" }),
    ...change,
  });
  return call((reply) => tapd.channels.addInvoice(request, reply));
}

function casesOf(messages: readonly SendPaymentResponse[]): unknown[] {
  return messages.map(({ result }) => result?.$case);
}

describe("SendPayment", () => {
  it("tells the first quote, all quotes, and then the payment until it has succeeded", async () => {
    const messages = await paid(outsideInvoice(50_000n));
    expect(casesOf(messages).slice(0, 2)).toEqual(["acceptedSellOrder", "acceptedSellOrders"]);
    expect(new Set(casesOf(messages).slice(2))).toEqual(new Set(["paymentResult"]));
    expect(messages.at(-1)?.result?.value).toMatchObject({ status: Payment_PaymentStatus.SUCCEEDED });
  });

  it("uses the quote it is given and tells only that", async () => {
    const order = AddAssetSellOrderRequest.fromPartial({
      assetSpecifier: { id: { $case: "assetId", value: assetId } },
      paymentMaxAmt: 50_100_000n,
      peerPubKey: Buffer.from(tapd.lnd.peerPubkey, "hex"),
      timeoutSeconds: 5,
    });
    const { response } = await call<{ response: unknown }>((reply) => tapd.rfq.addAssetSellOrder(order, reply));
    expect(response).toMatchObject({ $case: "acceptedQuote", value: { assetAmount: 51n, peer: tapd.lnd.peerPubkey } });
    const { id: rfqId } = (response as { value: { id: Buffer } }).value;
    expect(casesOf(await paid(outsideInvoice(50_000n), { rfqId })).slice(0, 2)).toEqual([
      "acceptedSellOrder",
      "paymentResult",
    ]);
  });

  it("ends with an error when the payment fails, and with lnd's words when the hash was paid before", async () => {
    const bolt11 = outsideInvoice(900_000n);
    expect(await refusalOf(paid(bolt11))).toEqual([status.UNKNOWN, "payment failed: FAILURE_REASON_NO_ROUTE"]);
    const once = outsideInvoice(50_000n);
    await paid(once);
    expect(await refusalOf(paid(once))).toEqual([
      status.UNKNOWN,
      "failed to receive payment update: rpc error: code = AlreadyExists desc = invoice is already paid",
    ]);
  });

  it("goes on when its stream is cut", async () => {
    const { preimage, paymentHash } = aPreimage("held");
    const bolt11 = outsideInvoice(50_000n, { paymentHash });
    await messagesOf(pay(bolt11), 3);
    tapd.lnd.settleOutsideInvoice({ preimage });
    expect(tapd.lnd.findPayment(paymentHash)?.status).toBe("succeeded");
  });

  it.each([
    ["cannot set both asset id and group key", { groupKey: Buffer.alloc(33, 2) }],
    ["payment request must be specified", { paymentRequest: undefined }],
    ["RFQ ID must be 32 bytes in length", { rfqId: Buffer.alloc(31) }],
    ["quote ID did not match an accepted quote", { rfqId: Buffer.alloc(32) }],
    ["error finding asset channel to use: no asset channel balance found for", { assetId: Buffer.alloc(32) }],
  ])("refuses: %s", async (text, change) => {
    const [code, details] = await refusalOf(paid(outsideInvoice(50_000n), change));
    expect([code, details.startsWith(text)]).toEqual([status.UNKNOWN, true]);
  });

  it("finds no quote for less than an HTLC can carry, and overpays only when allowed", async () => {
    const dust = outsideInvoice(10n);
    expect((await refusalOf(paid(dust)))[1]).toMatch(/failed to acquire any quotes$/);
    await paid(dust, { allowOverpay: true });
  });
});

describe("AddInvoice", () => {
  beforeEach(async () => {
    await paid(outsideInvoice(100_000n));
  });

  it("makes a BOLT11 of the units' worth for five minutes, and settles with the units told", async () => {
    const { acceptedBuyQuote, invoiceResult } = await addInvoice();
    const bolt11 = invoiceResult?.paymentRequest ?? "";
    expect([bolt11.startsWith("lnbcrt"), invoiceResult?.rHash.length]).toEqual([true, 32]);
    expect(acceptedBuyQuote).toMatchObject({
      assetMaxAmount: 40n,
      minTransportableUnits: 1n,
      peer: tapd.lnd.peerPubkey,
    });
    const invoice = tapd.lnd.findInvoice(invoiceResult?.rHash.toString("hex") ?? "");
    expect(invoice).toMatchObject({ valueMsat: 40_000_000n, expirySeconds: 300, memo: "units" });
    expect(tapd.lnd.payFromOutside(bolt11, undefined).status).toBe("succeeded");
    const { invoices } = await call<ListInvoicesResponse>((reply) =>
      tapd.channels.listInvoices({ request: undefined }, reply),
    );
    expect(invoices).toMatchObject([{ assetAmounts: [{ assetId, amount: 40n }] }]);
  });

  it("gives back only the payment request of a hold invoice", async () => {
    const { preimage, paymentHash } = aPreimage("lift");
    const { invoiceResult } = await addInvoice({ hodlInvoice: { paymentHash: Buffer.from(paymentHash, "hex") } });
    expect(invoiceResult).toMatchObject({ rHash: Buffer.alloc(0), addIndex: 0n });
    tapd.lnd.payFromOutside(invoiceResult?.paymentRequest ?? "", undefined);
    expect(tapd.lnd.findInvoice(paymentHash)?.state).toBe("accepted");
    tapd.lnd.settleInvoice(preimage);
    expect(tapd.lnd.findInvoice(paymentHash)?.state).toBe("settled");
  });

  it("settles in sats when the quote has expired by a fault", async () => {
    const { invoiceResult } = await addInvoice();
    tapd.faults.add({ target: "tapd", method: "*", kind: "quote_expired", times: 1, probability: 1 });
    tapd.lnd.payFromOutside(invoiceResult?.paymentRequest ?? "", undefined);
    const { invoices } = await call<ListInvoicesResponse>((reply) =>
      tapd.channels.listInvoices({ request: undefined }, reply),
    );
    expect(invoices).toMatchObject([{ invoice: { amtPaidMsat: 40_000_000n }, assetAmounts: [] }]);
  });

  it.each([
    ["invoice request must be specified", { invoiceRequest: undefined }],
    ["cannot set both asset id and group key", { groupKey: Buffer.alloc(33, 2) }],
    [
      "error calculating asset max amount: cannot set both asset amount and sats amount",
      { invoiceRequest: Invoice.fromPartial({ value: 5n }) },
    ],
    [
      "no quotes with sufficient expiry for the requested invoice expiry of",
      { invoiceRequest: Invoice.fromPartial({ expiry: 3_600n }) },
    ],
    ["error finding asset channel to use: no asset channel balance found for", { assetId: Buffer.alloc(32) }],
    [
      "error acquiring buy order for invoice: cannot create invoice over 0 asset units, as the minimal transportable amount is 1 units",
      { assetAmount: 0n },
    ],
  ])("refuses: %s", async (text, change) => {
    const [code, details] = await refusalOf(addInvoice(change));
    expect([code, details.slice(0, text.length)]).toEqual([status.UNKNOWN, text]);
  });

  it("refuses a hash that has an invoice already", async () => {
    const hodlInvoice = { paymentHash: Buffer.alloc(32, 7) };
    await addInvoice({ hodlInvoice });
    expect((await refusalOf(addInvoice({ hodlInvoice })))[1]).toBe(
      "error creating hodl invoice: invoice with payment hash already exists",
    );
  });

  it("streams invoices and payments with their units, in 0.8 only", async () => {
    const invoices = messagesOf<AssetInvoice>(tapd.channels.subscribeInvoices({ request: undefined }), 2);
    const payments = messagesOf<AssetPayment>(tapd.channels.subscribePayments({ request: undefined }), 2);
    await call((reply) => tapd.channels.listInvoices({ request: undefined }, reply));
    const { invoiceResult } = await addInvoice();
    tapd.lnd.payFromOutside(invoiceResult?.paymentRequest ?? "", undefined);
    await paid(outsideInvoice(10_000n));
    expect((await invoices).at(-1)).toMatchObject({ assetAmounts: [{ amount: 40n }] });
    expect((await payments).at(-1)).toMatchObject({ assetAmounts: [{ amount: 11n }] });
    const listed = await call<ListPaymentsResponse>((reply) =>
      tapd.channels.listPayments({ request: undefined }, reply),
    );
    expect(listed.payments).toHaveLength(2);
    const paymentHash = Buffer.from(listed.payments[0]?.payment?.paymentHash ?? "", "hex");
    const tracked = tapd.channels.trackPayment({ request: { paymentHash, noInflightUpdates: false } });
    expect(await messagesOf<AssetPayment>(tracked, 9)).toMatchObject([{ assetAmounts: [{ amount: 101n }] }]);
    tapd.engine.changeSettings({ version: "0.7" });
    const old = call((reply) => tapd.channels.listInvoices({ request: undefined }, reply));
    expect((await refusalOf(old))[0]).toBe(status.UNIMPLEMENTED);
  });
});

describe("DecodeAssetPayReq", () => {
  function decode(change: Partial<AssetPayReq>): Promise<AssetPayReqResponse> {
    return call((reply) => tapd.channels.decodeAssetPayReq(AssetPayReq.fromPartial({ assetId, ...change }), reply));
  }

  it("says how many units an invoice costs now", async () => {
    expect(await decode({ payReqString: outsideInvoice(50_000n) })).toMatchObject({
      assetAmount: 50n,
      genesisInfo: { name: "gold" },
      payReq: { numMsat: 50_000_000n },
    });
  });

  it("refuses what it cannot read or price", async () => {
    expect((await refusalOf(decode({})))[1]).toBe("payment request must be specified");
    expect((await refusalOf(decode({ assetId: Buffer.alloc(0) })))[1]).toBe(
      "either asset ID or group key must be specified",
    );
    expect((await refusalOf(decode({ assetId: Buffer.alloc(3), payReqString: "x" })))[1]).toBe(
      "asset ID must be 32 bytes, was 3",
    );
    expect((await refusalOf(decode({ payReqString: "x" })))[1]).toMatch(/^unable to fetch channel: /);
    expect((await refusalOf(decode({ assetId: Buffer.alloc(32), payReqString: "x" })))[1]).toMatch(
      /^unable to fetch asset info/,
    );
    tapd.engine.changeSettings({ hasPriceOracle: false });
    expect(await refusalOf(decode({ payReqString: "x" }))).toEqual([status.UNKNOWN, "price oracle is not set"]);
  });
});

describe("FundChannel", () => {
  it.each([
    ["asset amount must be specified", { assetAmount: 0n }],
    ["fee rate must be specified", { feeRateSatPerVbyte: 0 }],
    ["failed to find coin(s) that satisfy given constraints", { assetAmount: 5_000n }],
    ["error funding channel: ", { peerPubkey: Buffer.alloc(33, 2) }],
    ["error parsing peer pubkey: ", { peerPubkey: Buffer.alloc(3) }],
  ])("refuses: %s", async (text, change) => {
    const [code, details] = await refusalOf(fund({ assetAmount: 10n, ...change }));
    expect([code, details.startsWith(text)]).toEqual([status.UNKNOWN, true]);
  });

  it("is not there outside litd", async () => {
    tapd.engine.changeSettings({ hasChannels: false });
    expect((await refusalOf(fund()))[1]).toMatch(/^the Taproot Asset channel functionality is only available/);
  });
});

describe("Rfq", () => {
  function buy(change: Partial<AddAssetBuyOrderRequest> = {}) {
    const request = AddAssetBuyOrderRequest.fromPartial({
      assetSpecifier: { id: { $case: "assetId", value: assetId } },
      assetMaxAmt: 40n,
      peerPubKey: Buffer.from(tapd.lnd.peerPubkey, "hex"),
      timeoutSeconds: 5,
      ...change,
    });
    return call<{ response: unknown }>((reply) => tapd.rfq.addAssetBuyOrder(request, reply));
  }

  it("gives quotes at the price feed's rate, tells them live, and lists them until they expire", async () => {
    tapd.engine.changeSettings({ rates: { [assetId.toString("hex")]: { coefficient: 1n << 70n, scale: 3 } } });
    const told = messagesOf<RfqEvent>(tapd.rfq.subscribeRfqEventNtfns({}), 1);
    await call((reply) => tapd.rfq.queryPeerAcceptedQuotes({}, reply));
    const askAssetRate = { coefficient: (1n << 70n).toString(), scale: 3 };
    expect(await buy()).toMatchObject({ response: { $case: "acceptedQuote", value: { askAssetRate } } });
    expect(await told).toMatchObject([{ event: { $case: "peerAcceptedBuyQuote" } }]);
    const quotes = () => call<QueryPeerAcceptedQuotesResponse>((reply) => tapd.rfq.queryPeerAcceptedQuotes({}, reply));
    expect((await quotes()).buyQuotes).toHaveLength(1);
    tapd.clock.setOffset(601);
    expect((await quotes()).buyQuotes).toHaveLength(0);
  });

  it.each([
    ["timeout must be greater than 0", { timeoutSeconds: 0 }],
    ["buy order peer must be specified", { peerPubKey: Buffer.alloc(0) }],
    ["error unmarshalling buy order: ", { assetSpecifier: undefined }],
    [
      "error checking peer channel: ",
      { assetSpecifier: { id: { $case: "assetId", value: Buffer.alloc(32) } } } as const,
    ],
  ])("refuses: %s", async (text, change) => {
    const [code, details] = await refusalOf(buy(change));
    expect([code, details.startsWith(text)]).toEqual([status.UNKNOWN, true]);
  });
});
