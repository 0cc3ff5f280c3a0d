import { assetLandRail } from "@arkrelay/core/lightning/asset-land-rail";
import { assetLiftRail } from "@arkrelay/core/lightning/asset-lift-rail";
import type { LightningConfig } from "@arkrelay/core/lightning/lightning-config";
import type { LightningOperation } from "@arkrelay/core/lightning/lightning-operation";
import { FundChannelRequest } from "@arkrelay/daemons/proto/tapchannelrpc/tapchannel";

import { call } from "../tapd/testing/a-tapd";
import { mintAsset } from "../tapd/testing/a-tapd-engine";
import { aSecret } from "../testing/lnd-under-test";
import { type SimulatedTapd, openSimulatedTapd } from "../testing/tapd-under-test";

/** What lifts and lands of an asset make of tapd and lnd as they talk over gRPC. Prices are the simulator's own: a unit for 1000 sats. */
describe.each(["0.7", "0.8"] as const)("lifts and lands of an asset on tapd %s", (release) => {
  let tapd: SimulatedTapd;
  let taprootAssetId: string;

  /** 800 of 1000 units in a channel to the edge node. */
  beforeEach(async () => {
    tapd = await openSimulatedTapd(release);
    taprootAssetId = mintAsset({ tapd: tapd.world.engine, mine: tapd.world.mine });
    const request = FundChannelRequest.fromPartial({
      assetAmount: 800n,
      assetId: Buffer.from(taprootAssetId, "hex"),
      peerPubkey: Buffer.from(tapd.world.lnd.peerPubkey, "hex"),
      feeRateSatPerVbyte: 2,
      pushSat: 10_000n,
    });
    await call((reply) => tapd.world.channels.fundChannel(request, reply));
    tapd.world.mine(6);
  });
  afterEach(() => tapd.close());

  const lightningConfig = {
    liftCltvDelta: 144,
    landRoutingFeeFloorSats: 5n,
    landPaymentTimeoutSeconds: 30,
    landCltvLimit: 2_000,
  } as LightningConfig;
  const deps = () => ({ lightning: tapd.lnd, tapd: tapd.assets, lightningConfig });
  const twin = () => ({ assetId: "gold", arkAssetId: `${"aa".repeat(32)}0000`, taprootAssetId });
  const channelUnits = async () => (await tapd.assets.getAssetBalance(taprootAssetId)).channelUnits;

  const landOf = (sats: bigint, amount: bigint): LightningOperation => {
    const { paymentRequest: bolt11, paymentHash } = tapd.world.lnd.addOutsideInvoice({ valueMsat: sats * 1_000n });
    return { bolt11, paymentHash, amount, amountSats: sats, feeLimitMsat: 100_000n } as LightningOperation;
  };
  const pay = async (land: LightningOperation) => {
    const rail = assetLandRail(deps(), twin());
    const offer = await rail.findOffer(land);
    return offer === undefined ? undefined : rail.send(land, offer, {});
  };
  const liftOf = (paymentHash: string) =>
    ({ paymentHash, amount: 40n, carrierUnits: 3n, memo: "units" }) as LightningOperation;

  test("a land pays with the units of an offer, and its payment tells how many they were and what lay under them", async () => {
    const land = landOf(50_000n, 60n);
    expect(await pay(land)).toMatchObject({ kind: "payment", payment: { status: "succeeded" } });
    const payment = await tapd.lnd.trackPayment(land.paymentHash);
    expect(payment).toMatchObject({ valueMsat: 50_000_000n, htlcs: [{ sentMsat: 354_000n }] });
    expect(payment && assetLandRail(deps(), twin()).debitedUnits(payment)).toBe(800n - (await channelUnits()));
  });

  test("a land that nobody sells at the user's price sends nothing, and a second send of a hash changes nothing", async () => {
    const tooCheap = landOf(50_000n, 50n);
    expect(await pay(tooCheap)).toBeUndefined();
    expect(await tapd.lnd.trackPayment(tooCheap.paymentHash)).toBeUndefined();
    const land = landOf(50_000n, 60n);
    await pay(land);
    const left = await channelUnits();
    expect(await pay(land)).toMatchObject({ kind: "exists" });
    expect(await channelUnits()).toBe(left);
  });

  test("a lift's invoice is found again when tapd's answer was lost, and what its HTLC holds is judged by units", async () => {
    await pay(landOf(100_000n, 200n));
    const rail = assetLiftRail(deps(), twin());
    const { paymentHash, preimage } = aSecret();
    const lift = liftOf(paymentHash);
    const made = await rail.makeInvoice(lift, 300);
    expect(made).toMatchObject({ quotedUnits: 43n });
    const found = await rail.makeInvoice(lift, 300);
    expect({ bolt11: found.bolt11, addIndex: found.addIndex }).toEqual({
      bolt11: made.bolt11,
      addIndex: made.addIndex,
    });
    expect(made.expiresAt.getTime()).toBeLessThanOrEqual(found.expiresAt.getTime());

    const before = await channelUnits();
    tapd.world.lnd.payFromOutside(made.bolt11, undefined);
    const held = await tapd.lnd.lookupInvoice(paymentHash);
    expect(held && rail.judgeIncoming(lift, held)).toEqual({ kind: "whole" });
    expect(await rail.readCarrierMsat(lift)).toBe(354_000n);
    await tapd.lnd.settleInvoice(preimage);
    const settled = await tapd.lnd.lookupInvoice(paymentHash);
    expect(settled && rail.judgeIncoming(lift, settled)).toEqual({ kind: "whole" });
    expect(await channelUnits()).toBe(before + 43n);
  });

  test("a lift that was paid in sats instead of units is the wrong payment", async () => {
    tapd.world.faults.add({ target: "tapd", kind: "quote_expired", method: "*", times: 1, probability: 1 });
    const rail = assetLiftRail(deps(), twin());
    const { paymentHash } = aSecret();
    const { bolt11 } = await rail.makeInvoice(liftOf(paymentHash), 300);
    tapd.world.lnd.payFromOutside(bolt11, undefined);
    const held = await tapd.lnd.lookupInvoice(paymentHash);
    expect(held && rail.judgeIncoming(liftOf(paymentHash), held)).toEqual({
      kind: "wrong",
      why: "the payment brought 0 of 43 units",
    });
  });
});
