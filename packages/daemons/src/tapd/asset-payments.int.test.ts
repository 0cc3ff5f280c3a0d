import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

import { status } from "@grpc/grpc-js";

import { SILENT_OBSERVER } from "../daemon-observer";
import { Payment, Payment_PaymentStatus, PaymentFailureReason, PayReq } from "../gen/lnrpc/lightning";
import { type AddAssetSellOrderRequest, PeerAcceptedBuyQuote, PeerAcceptedSellQuote } from "../gen/rfqrpc/rfq";
import type { AddInvoiceRequest, SendPaymentRequest } from "../gen/tapchannelrpc/tapchannel";
import type { AssetChannel } from "../lnd/asset-channels";
import { toPaymentHash } from "../payment-hash";
import { failure, HOLD } from "../testing/fake-arkd";
import { rejectionOf } from "../testing/rejection-of";
import type { ScriptedDaemon } from "../testing/scripted-daemon";
import { startScriptedTapd } from "../testing/scripted-tapd";
import { fromHex } from "../wire-bytes";
import { GrpcTaprootAssets } from "./grpc-taproot-assets";

const folder = mkdtempSync(path.join(tmpdir(), "arkrelay-tapd-"));
const GOLD = "01".repeat(32);
const RFQ_ID = "0a".repeat(32);
const PREIMAGE = "07".repeat(32);
const HASH = toPaymentHash(PREIMAGE);
const [NEAR, FAR, IDLE] = ["02", "03", "04"].map((start) => start.padEnd(66, "1")) as [string, string, string];

let tapd: ScriptedDaemon;
let assets: GrpcTaprootAssets;
let channels: readonly AssetChannel[];

const channelWith = (peerPubkey: string, change: Partial<AssetChannel> = {}): AssetChannel => ({
  peerPubkey,
  isActive: true,
  assetIds: [GOLD],
  localUnits: new Map(),
  outgoingUnits: new Map(),
  ...change,
});

beforeEach(async () => {
  channels = [channelWith(NEAR)];
  tapd = await startScriptedTapd(folder);
  const deps = { observer: SILENT_OBSERVER, requestId: () => undefined };
  assets = new GrpcTaprootAssets(tapd.endpoint, { ...deps, listAssetChannels: () => Promise.resolve(channels) });
});

afterEach(() => {
  assets.close();
  tapd.stop();
});

afterAll(() => rmSync(folder, { recursive: true }));

function refuse(method: string, text: string, code = status.UNKNOWN): void {
  tapd.answer(method, () => {
    throw failure(code, text);
  });
}

test("asset channels are served where lnd has one", async () => {
  await expect(assets.supportsChannels()).resolves.toBe(true);
  channels = [];
  await expect(assets.supportsChannels()).resolves.toBe(false);
});

describe("an asset invoice", () => {
  const create = (expirySeconds = 3_600) =>
    assets.createAssetInvoice({
      assetId: GOLD,
      amountUnits: 100n,
      paymentHash: HASH,
      memo: "lift 1",
      expirySeconds,
      cltvExpiry: 160,
    });
  const serve = (bolt11: string, quote: Partial<PeerAcceptedBuyQuote> = {}) =>
    tapd.answer("AddInvoice", () => ({
      acceptedBuyQuote: PeerAcceptedBuyQuote.fromPartial({
        id: fromHex(RFQ_ID),
        assetMaxAmount: 100n,
        expiry: 400n,
        ...quote,
      }),
      invoiceResult: { rHash: Buffer.alloc(0), paymentRequest: bolt11, addIndex: 0n, paymentAddr: Buffer.alloc(0) },
    }));

  test("holds our hash, lives no longer than a quote, and costs what lnd's invoice says", async () => {
    serve("lnbcrt25u1pjluezpp5");
    await expect(create()).resolves.toEqual({
      bolt11: "lnbcrt25u1pjluezpp5",
      amountMsat: 2_500_000n,
      rfqId: RFQ_ID,
      quotedUnits: 100n,
      quoteExpiresAt: new Date(400_000),
    });
    const [request] = tapd.requestsOf<AddInvoiceRequest>("AddInvoice");
    expect(request).toMatchObject({
      assetAmount: 100n,
      invoiceRequest: { expiry: 300n, cltvExpiry: 160n, value: 0n, valueMsat: 0n, memo: "lift 1" },
    });
    expect(request?.hodlInvoice?.paymentHash.toString("hex")).toBe(HASH);
  });

  test.each([
    ["lnbc2m1p", 200_000_000n],
    ["lntb25u1p", 2_500_000n],
    ["lntbs7n1p", 700n],
    ["lnbcrt9678785340p1p", 967_878_534n],
    ["lnbcrt11p", 100_000_000_000n],
  ])("of %s costs %s msat", async (bolt11, amountMsat) => {
    serve(bolt11);
    await expect(create(60)).resolves.toMatchObject({ amountMsat });
  });

  test("shows when a peer accepts less than was asked for", async () => {
    serve("lnbcrt25u1p", { acceptedMaxAmount: 60n });
    await expect(create()).resolves.toMatchObject({ quotedUnits: 60n });
  });

  test.each([
    ["error finding asset channel to use: no asset channel balance found", "daemon_rejected", "no_asset_channel"],
    ["no quotes with sufficient expiry for the requested invoice expiry of 1", "daemon_rejected", "quote_too_short"],
    [
      "error validating invoice amount: cannot create invoice for 1 asset units, as the minimal transportable amount is 2 units",
      "daemon_rejected",
      "amount_too_small",
    ],
    ["error creating hodl invoice: invoice with payment hash already exists", "daemon_rejected", "invoice_exists"],
    ["error creating hodl invoice: connection closed", "outcome_unknown", undefined],
  ])("is refused or stays open: %s", async (text, code, name) => {
    refuse("AddInvoice", text);
    const error = await rejectionOf(create());
    expect([error.code, error.details?.["daemon_name"]]).toEqual([code, name]);
  });
});

test("an invoice is priced in units by tapd", async () => {
  tapd.answer("DecodeAssetPayReq", () => ({ assetAmount: 55n, payReq: PayReq.fromPartial({ numMsat: 21_001n }) }));
  await expect(assets.decodeAssetInvoice(GOLD, "lnbcrt1")).resolves.toEqual({ units: 55n, amountMsat: 21_001n });
});

describe("a sell quote", () => {
  const ask = () => assets.requestSellQuote({ assetId: GOLD, paymentMaxMsat: 1_000_000n, expirySeconds: 120 });
  /** 10 units per BTC and per 10^scale. */
  const accept = (coefficient: string, change: Partial<PeerAcceptedSellQuote> = {}) => ({
    response: {
      $case: "acceptedQuote",
      value: PeerAcceptedSellQuote.fromPartial({
        id: fromHex(RFQ_ID),
        expiry: 500n,
        bidAssetRate: { coefficient, scale: 2 },
        ...change,
      }),
    },
  });

  test("rounds the units up, which we pay, at rates beyond 64 bits too", async () => {
    tapd.answer("AddAssetSellOrder", () => accept("1000000000000000000000001"));
    await expect(ask()).resolves.toEqual({
      rfqId: RFQ_ID,
      peerPubkey: NEAR,
      units: 100_000_000_000_000_001n,
      expiresAt: new Date(500_000),
    });
  });

  test("is the cheapest of the peers that carry the asset and are there", async () => {
    channels = [
      channelWith(NEAR),
      channelWith(FAR),
      channelWith(FAR),
      channelWith(IDLE, { isActive: false }),
      channelWith(IDLE, { assetIds: ["ff"] }),
    ];
    tapd.answer<AddAssetSellOrderRequest>("AddAssetSellOrder", ({ peerPubKey }) =>
      accept(peerPubKey.toString("hex") === NEAR ? "900000000" : "500000000"),
    );
    await expect(ask()).resolves.toMatchObject({ peerPubkey: FAR, units: 50n });
    const asked = tapd.requestsOf<AddAssetSellOrderRequest>("AddAssetSellOrder");
    expect(asked.map(({ peerPubKey }) => peerPubKey.toString("hex"))).toEqual([NEAR, FAR]);
    expect(asked[0]).toMatchObject({ paymentMaxAmt: 1_000_000n, timeoutSeconds: 30 });
  });

  test.each([
    ["the peer rejects", `peer ${NEAR} rejected quote InvalidQuoteRespEvent`],
    ["the peer is silent", `timeout waiting for response from peer ${NEAR}`],
    ["the channel is gone", "error checking peer channel: no asset channel balance found"],
  ])("is none when %s", async (_why, text) => {
    refuse("AddAssetSellOrder", text);
    await expect(ask()).resolves.toBeUndefined();
  });

  test("is none when the peer fills only a part", async () => {
    tapd.answer("AddAssetSellOrder", () => accept("500000000", { acceptedMaxAmount: 999_999n }));
    await expect(ask()).resolves.toBeUndefined();
  });

  test("is none without a channel", async () => {
    channels = [];
    await expect(ask()).resolves.toBeUndefined();
  });
});

describe("paying an asset invoice", () => {
  const REQUEST = {
    assetId: GOLD,
    bolt11: "lnbcrt1",
    paymentHash: HASH,
    rfqId: RFQ_ID,
    peerPubkey: NEAR,
    feeLimitMsat: 5_000n,
    timeoutSeconds: 60,
    cltvLimit: 1_000,
  };
  const quoted = { result: { $case: "acceptedSellOrder", value: PeerAcceptedSellQuote.fromPartial({}) } };
  const update = (state: Payment_PaymentStatus, change: Partial<Payment> = {}) => ({
    result: { $case: "paymentResult", value: Payment.fromPartial({ paymentHash: HASH, status: state, ...change }) },
  });
  const streams = (messages: readonly unknown[], end: () => unknown = () => undefined): void =>
    tapd.answer("SendPayment", async function* () {
      yield* messages;
      await end();
    });

  test("pays on the route of our quote, never more than it says", async () => {
    const paid = update(Payment_PaymentStatus.SUCCEEDED, { paymentPreimage: PREIMAGE });
    streams([quoted, update(Payment_PaymentStatus.IN_FLIGHT), paid], () => HOLD);
    await expect(assets.payAssetInvoice(REQUEST)).resolves.toMatchObject({
      kind: "payment",
      payment: { status: "succeeded", preimage: PREIMAGE },
    });
    const [request] = tapd.requestsOf<SendPaymentRequest>("SendPayment");
    expect(request).toMatchObject({
      allowOverpay: false,
      paymentRequest: { paymentRequest: "lnbcrt1", feeLimitMsat: 5_000n, timeoutSeconds: 60, cltvLimit: 1_000 },
    });
    expect(request?.rfqId.toString("hex")).toBe(RFQ_ID);
  });

  test("takes the failure that comes before tapd's error text", async () => {
    const failed = update(Payment_PaymentStatus.FAILED, {
      failureReason: PaymentFailureReason.FAILURE_REASON_NO_ROUTE,
    });
    streams([quoted, failed], () => Promise.reject(failure(status.UNKNOWN, "payment failed: FAILURE_REASON_NO_ROUTE")));
    await expect(assets.payAssetInvoice(REQUEST)).resolves.toMatchObject({ payment: { failureReason: "no_route" } });
  });

  test.each([
    [
      "failed to receive payment update: rpc error: code = AlreadyExists desc = invoice is already paid",
      { kind: "exists" },
    ],
    [
      "failed to receive payment update: rpc error: code = AlreadyExists desc = payment is in transition",
      { kind: "exists" },
    ],
    ["quote ID did not match an accepted quote", { kind: "no_quote" }],
    ["payment ab (amt=0) failed to acquire any quotes", { kind: "no_quote" }],
    [
      "rejecting payment of 1 mSAT (invoice amount + user-defined routing fee limit)",
      { kind: "refused", reason: "amount_too_small" },
    ],
    ["rpc error: code = Unknown desc = invoice expired. Valid until 1", { kind: "refused", reason: "invoice_expired" }],
  ])("is told apart: %s", async (text, outcome) => {
    refuse("SendPayment", text);
    await expect(assets.payAssetInvoice(REQUEST)).resolves.toEqual(outcome);
  });

  test.each([
    ["payment failed: FAILURE_REASON_TIMEOUT", status.UNKNOWN],
    ["a text nobody knows", status.UNKNOWN],
    ["gone", status.UNAVAILABLE],
  ])("stays unknown after %s", async (text, code) => {
    refuse("SendPayment", text, code);
    expect((await rejectionOf(assets.payAssetInvoice(REQUEST))).code).toBe("outcome_unknown");
  });

  test("stays unknown when the stream ends before the payment does", async () => {
    streams([quoted]);
    expect((await rejectionOf(assets.payAssetInvoice(REQUEST))).code).toBe("outcome_unknown");
  });
});
