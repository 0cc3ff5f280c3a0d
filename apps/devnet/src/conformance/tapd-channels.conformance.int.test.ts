import { FundChannelRequest } from "@arkrelay/daemons/proto/tapchannelrpc/tapchannel";

import { call } from "../tapd/testing/a-tapd";
import { mintAsset } from "../tapd/testing/a-tapd-engine";
import { aSecret } from "../testing/lnd-under-test";
import { refusalOf } from "../testing/refusal-of";
import { type SimulatedTapd, openSimulatedTapd } from "../testing/tapd-under-test";

/** What the gateway relies on when units travel over Lightning. It opens a channel, so it runs against the simulator alone. */
describe.each(["0.7", "0.8"] as const)("tapd %s and its channels", (release) => {
  let tapd: SimulatedTapd;
  let assetId: string;

  /** 800 of 1000 units in a channel to the edge node, a unit for 1000 sats. */
  beforeEach(async () => {
    tapd = await openSimulatedTapd(release);
    assetId = mintAsset({ tapd: tapd.world.engine, mine: tapd.world.mine });
    await expect(tapd.assets.supportsChannels()).resolves.toBe(false);
    const request = FundChannelRequest.fromPartial({
      assetAmount: 800n,
      assetId: Buffer.from(assetId, "hex"),
      peerPubkey: Buffer.from(tapd.world.lnd.peerPubkey, "hex"),
      feeRateSatPerVbyte: 2,
      pushSat: 10_000n,
    });
    await call((reply) => tapd.world.channels.fundChannel(request, reply));
    tapd.world.mine(6);
  });
  afterEach(async () => {
    await tapd.close();
  });

  const createInvoice = (paymentHash: string, amountUnits = 40n) =>
    tapd.assets.createAssetInvoice({
      assetId,
      amountUnits,
      paymentHash,
      memo: "units",
      expirySeconds: 3_600,
      cltvExpiry: 160,
    });
  const quote = (paymentMaxMsat: bigint) =>
    tapd.assets.requestSellQuote({ assetId, paymentMaxMsat, expirySeconds: 120 });
  const outsideInvoice = (sats: bigint) => {
    const { paymentRequest, paymentHash } = tapd.world.lnd.addOutsideInvoice({ valueMsat: sats * 1_000n });
    return { bolt11: paymentRequest, paymentHash };
  };
  const pay = async (invoice: { readonly bolt11: string; readonly paymentHash: string }, paymentMaxMsat: bigint) => {
    const { rfqId, peerPubkey } = (await quote(paymentMaxMsat)) ?? { rfqId: "", peerPubkey: "" };
    return tapd.assets.payAssetInvoice({
      ...invoice,
      assetId,
      rfqId,
      peerPubkey,
      feeLimitMsat: 100_000n,
      timeoutSeconds: 30,
      cltvLimit: 2_000,
    });
  };

  test("keeps units in a channel apart from those in the wallet", async () => {
    await expect(tapd.assets.supportsChannels()).resolves.toBe(true);
    await expect(tapd.assets.getAssetBalance(assetId)).resolves.toMatchObject({
      balanceUnits: 200n,
      channelUnits: 800n,
    });
  });

  test("prices an invoice in units and sells at that price, fees included", async () => {
    const invoice = outsideInvoice(50_000n);
    const { amountMsat } = await tapd.assets.decodeAssetInvoice(assetId, invoice.bolt11);
    expect(amountMsat).toBe(50_000_000n);
    await expect(quote(50_100_000n)).resolves.toMatchObject({ peerPubkey: tapd.world.lnd.peerPubkey, units: 51n });
  });

  test("pays an invoice once, from the units of the quote, and lnd knows the payment", async () => {
    const invoice = outsideInvoice(50_000n);
    const outcome = await pay(invoice, 50_100_000n);
    expect(outcome).toMatchObject({
      kind: "payment",
      payment: { status: "succeeded", paymentHash: invoice.paymentHash },
    });
    await expect(pay(invoice, 50_100_000n)).resolves.toEqual({ kind: "exists" });
    const tracked = await tapd.lnd.trackPayment(invoice.paymentHash);
    const { channelUnits } = await tapd.assets.getAssetBalance(assetId);
    expect(channelUnits).toBeLessThanOrEqual(750n);
    expect(channelUnits).toBeGreaterThanOrEqual(749n);
    expect(tracked).toMatchObject({
      status: "succeeded",
      htlcs: [{ status: "succeeded", sentMsat: 354_000n, units: new Map([[assetId, 800n - channelUnits]]) }],
    });
  });

  test("tells a payment that failed from one that was never sent", async () => {
    const outcome = await pay(outsideInvoice(900_000n), 900_100_000n);
    expect(outcome).toMatchObject({ kind: "payment", payment: { status: "failed" } });
    const unsold = tapd.assets.payAssetInvoice({
      ...outsideInvoice(50_000n),
      assetId,
      rfqId: aSecret().paymentHash,
      peerPubkey: tapd.world.lnd.peerPubkey,
      feeLimitMsat: 100_000n,
      timeoutSeconds: 30,
      cltvLimit: 2_000,
    });
    await expect(unsold).resolves.toEqual({ kind: "no_quote" });
  });

  test("takes units in by a hold invoice over our hash, for five minutes at most", async () => {
    await pay(outsideInvoice(50_000n), 50_100_000n);
    const { preimage, paymentHash } = aSecret();
    const invoice = await createInvoice(paymentHash);
    expect(invoice).toMatchObject({ quotedUnits: 40n, amountMsat: 40_000_000n });
    const stored = await tapd.lnd.lookupInvoice(paymentHash);
    expect(stored).toMatchObject({ bolt11: invoice.bolt11, valueMsat: 40_000_000n, state: "open" });
    expect((stored?.expiresAt.getTime() ?? 0) - (stored?.createdAt.getTime() ?? 0)).toBeLessThanOrEqual(300_000);
    expect(invoice.quoteExpiresAt.getTime()).toBeGreaterThanOrEqual(stored?.expiresAt.getTime() ?? Infinity);
    const before = (await tapd.assets.getAssetBalance(assetId)).channelUnits;
    tapd.world.lnd.payFromOutside(invoice.bolt11, undefined);
    const accepted = await tapd.lnd.lookupInvoice(paymentHash);
    expect(accepted?.state).toBe("accepted");
    expect(accepted?.htlcs.map(({ units }) => units)).toEqual([new Map([[assetId, 40n]])]);
    await expect(tapd.assets.getAssetBalance(assetId)).resolves.toMatchObject({ channelUnits: before });
    await tapd.lnd.settleInvoice(preimage);
    await expect(tapd.assets.getAssetBalance(assetId)).resolves.toMatchObject({ channelUnits: before + 40n });
    expect(await refusalOf(createInvoice(paymentHash))).toMatchObject({ name: "invoice_exists" });
  });

  test("shows in the HTLC when a payment brought sats instead of units", async () => {
    tapd.world.faults.add({ target: "tapd", kind: "quote_expired", method: "*", times: 1, probability: 1 });
    const { paymentHash } = aSecret();
    const { bolt11 } = await createInvoice(paymentHash);
    tapd.world.lnd.payFromOutside(bolt11, undefined);
    const accepted = await tapd.lnd.lookupInvoice(paymentHash);
    expect(accepted).toMatchObject({ state: "accepted", amtPaidMsat: 40_000_000n });
    expect(accepted?.htlcs.map(({ units }) => units)).toEqual([new Map()]);
    await expect(tapd.assets.getAssetBalance(assetId)).resolves.toMatchObject({ channelUnits: 800n });
  });
});
