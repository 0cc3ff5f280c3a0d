import { aPreimage } from "../../lnd/testing/an-lnd-engine";
import { type TapdWorld, aTapdEngine, balanceOf, mintAsset } from "../testing/a-tapd-engine";
import { CARRIER_MSAT } from "./asset-rate";
import { channelDriftUnits } from "./conservation";

/** 100 000 units a bitcoin: a unit is worth 1 000 sats. */
const RATE = { coefficient: 100_000n, scale: 0 };

/** 1 000 units minted, 800 of them in an open channel to the edge node. */
function aChannelWorld(): TapdWorld & { readonly assetId: string; readonly channelPoint: string } {
  const world = aTapdEngine();
  const assetId = mintAsset(world);
  world.tapd.changeSettings({ rates: { [assetId]: RATE } });
  const { channelPoint } = world.tapd.channels.fund({
    assetId,
    groupKey: "",
    units: 800n,
    peer: world.lnd.peerPubkey,
    satPerVbyte: 2n,
    pushSats: 10_000n,
  });
  world.mine(3);
  return { ...world, assetId, channelPoint };
}

function channelOf(world: { readonly tapd: TapdWorld["tapd"]; readonly channelPoint: string }) {
  return world.tapd.state.channels.get(world.channelPoint);
}

function payInvoice(world: TapdWorld & { readonly assetId: string }, bolt11: string, change = {}) {
  const payment = {
    assetId: world.assetId,
    groupKey: "",
    peer: "",
    rfqId: "",
    isOverpayAllowed: false,
    metadata: "",
    payment: { paymentRequest: bolt11, feeLimitMsat: 100_000n },
    ...change,
  };
  const [quote] = world.tapd.payments.quotesFor(payment);
  if (quote === undefined) throw new Error("no quote");
  return world.tapd.payments.pay(payment, quote);
}

/** The edge node has units to give only after we have paid it some. */
function spendUnits(world: TapdWorld & { readonly assetId: string }, sats: bigint): void {
  const { paymentRequest } = world.lnd.addOutsideInvoice({ valueMsat: sats * 1_000n });
  payInvoice(world, paymentRequest);
}

function addInvoice(world: TapdWorld & { readonly assetId: string }, units: bigint, change = {}) {
  return world.tapd.payments.addInvoice({
    assetId: world.assetId,
    groupKey: "",
    units,
    peer: "",
    invoice: { valueMsat: 0n },
    metadata: "",
    minUnits: undefined,
    rateLimit: undefined,
    isFillOrKill: false,
    ...change,
  });
}

describe("asset channels", () => {
  it("take units out of the wallet, hold them for both sides, and give the rest back as change", () => {
    const world = aChannelWorld();
    expect(channelOf(world)).toMatchObject({ state: "open", localUnits: 800n, remoteUnits: 0n });
    expect(balanceOf(world, world.assetId)).toBe(200n);
    expect(world.tapd.wallet.balancesByAsset({ scriptKeyType: "channel" }).get(world.assetId)).toBe(800n);
    expect(world.lnd.conservation().driftMsat).toBe(0n);
  });

  it("carry a payment: units to the edge node, which pays the invoice in sats", () => {
    const world = aChannelWorld();
    const { paymentRequest, paymentHash } = world.lnd.addOutsideInvoice({ valueMsat: 50_000_000n });
    const before = world.lnd.conservation();
    const payment = payInvoice(world, paymentRequest);
    expect([payment.status, world.lnd.findOutsideInvoice(paymentHash)?.state]).toEqual(["succeeded", "settled"]);
    // 50 000 sats are 50 units, and the routing fee costs one more.
    expect(channelOf(world)).toMatchObject({ localUnits: 749n, remoteUnits: 51n });
    const after = world.lnd.conservation();
    expect(before.channelsMsat - after.channelsMsat).toBe(CARRIER_MSAT);
    expect([after.driftMsat, channelDriftUnits(world.tapd.state)]).toEqual([0n, 0n]);
  });

  it("lock the units of a payment to a hold invoice, and give them back when it is cancelled", () => {
    const world = aChannelWorld();
    const { paymentHash } = aPreimage("held");
    const { paymentRequest } = world.lnd.addOutsideInvoice({ valueMsat: 50_000_000n, paymentHash });
    expect(payInvoice(world, paymentRequest).status).toBe("in_flight");
    expect(channelOf(world)).toMatchObject({ localUnits: 749n, remoteUnits: 0n });
    expect(world.tapd.channels.inFlight(world.channelPoint)).toMatchObject([{ units: 51n, direction: "outgoing" }]);
    world.lnd.cancelOutsideInvoice(paymentHash);
    expect(channelOf(world)).toMatchObject({ localUnits: 800n, remoteUnits: 0n });
  });

  it("fail a payment at lnd when they hold too few units", () => {
    const world = aChannelWorld();
    const { paymentRequest } = world.lnd.addOutsideInvoice({ valueMsat: 900_000_000n });
    expect(payInvoice(world, paymentRequest)).toMatchObject({ status: "failed", failureReason: "no_route" });
    expect(channelOf(world)).toMatchObject({ localUnits: 800n });
  });

  it("refuse to pay less than an HTLC can carry, unless overpaying is allowed", () => {
    const world = aChannelWorld();
    const { paymentRequest } = world.lnd.addOutsideInvoice({ valueMsat: 10_000n });
    const request = {
      assetId: world.assetId,
      groupKey: "",
      peer: "",
      rfqId: "",
      isOverpayAllowed: false,
      metadata: "",
      payment: { paymentRequest, feeLimitMsat: 0n },
    };
    expect(world.tapd.payments.quotesFor(request)).toEqual([]);
    const [quote] = world.tapd.payments.quotesFor({ ...request, isOverpayAllowed: true });
    expect(quote).toMatchObject({ kind: "sell" });
    expect(() => world.tapd.payments.quotesFor({ ...request, rfqId: quote?.id ?? "" })).toThrow(
      /^rejecting payment of .* minimum amount for an asset payment is 1354000 mSAT/,
    );
  });

  it("go back on-chain to both sides when they are closed", () => {
    const world = aChannelWorld();
    spendUnits(world, 100_000n);
    world.lnd.closeChannel({ channelPoint: world.channelPoint, isForced: false, satPerVbyte: 2n, isNoWait: false });
    world.mine(6);
    expect(channelOf(world)).toMatchObject({ state: "closed", localUnits: 0n, remoteUnits: 0n });
    expect(balanceOf(world, world.assetId)).toBe(1_000n - 101n);
    expect([...world.tapd.state.pieces.values()].filter(({ holder }) => holder === "peer")).toMatchObject([
      { amount: 101n },
    ]);
  });
});

describe("asset invoices", () => {
  it("are ordinary BOLT11 of the quote's worth with the quote as their only hop hint", () => {
    const world = aChannelWorld();
    spendUnits(world, 100_000n);
    const { quote, invoice } = addInvoice(world, 40n);
    expect(invoice).toMatchObject({ valueMsat: 40_000_000n, expirySeconds: 300 });
    expect(invoice.routeHints).toMatchObject([[{ chanId: quote.scid, nodeId: world.lnd.peerPubkey }]]);
    expect(world.tapd.facts.decodePaymentRequest(invoice.paymentRequest).amountMsat).toBe(40_000_000n);
  });

  it("bring units when they are paid, told in the HTLC's custom data", () => {
    const world = aChannelWorld();
    spendUnits(world, 100_000n);
    const { invoice, quote } = addInvoice(world, 40n);
    const before = channelOf(world);
    expect(world.lnd.payFromOutside(invoice.paymentRequest, undefined).status).toBe("succeeded");
    const [htlc] = world.lnd.findInvoice(invoice.paymentHash)?.htlcs ?? [];
    expect(JSON.parse(Buffer.from(htlc?.customChannelData ?? "", "hex").toString())).toEqual({
      balances: [{ asset_id: world.assetId, amount: 40 }],
      rfq_id: quote.id,
    });
    expect((channelOf(world)?.localUnits ?? 0n) - (before?.localUnits ?? 0n)).toBe(40n);
    expect([world.lnd.conservation().driftMsat, channelDriftUnits(world.tapd.state)]).toEqual([0n, 0n]);
  });

  it("hold the units of a hold invoice until it is settled", () => {
    const world = aChannelWorld();
    spendUnits(world, 100_000n);
    const { preimage, paymentHash } = aPreimage("lift");
    const { invoice } = addInvoice(world, 40n, { invoice: { valueMsat: 0n, paymentHash } });
    world.lnd.payFromOutside(invoice.paymentRequest, undefined);
    expect(world.lnd.findInvoice(paymentHash)?.state).toBe("accepted");
    expect(world.tapd.channels.inFlight(world.channelPoint)).toMatchObject([{ units: 40n, direction: "incoming" }]);
    const local = channelOf(world)?.localUnits ?? 0n;
    world.lnd.settleInvoice(preimage);
    expect(channelOf(world)?.localUnits).toBe(local + 40n);
    expect(world.tapd.channels.inFlight(world.channelPoint)).toEqual([]);
  });

  it("of the hold kind have lnd's own final CLTV delta, whatever was asked for", () => {
    const world = aChannelWorld();
    spendUnits(world, 100_000n);
    const { paymentHash } = aPreimage("lift");
    const held = addInvoice(world, 20n, { invoice: { valueMsat: 0n, paymentHash, cltvExpiry: 200 } });
    const normal = addInvoice(world, 20n, { invoice: { valueMsat: 0n, cltvExpiry: 200 } });
    expect([held.invoice.cltvExpiry, normal.invoice.cltvExpiry]).toEqual([80, 200]);
  });

  it("settle in sats when the quote has expired before the payment", () => {
    const world = aChannelWorld();
    spendUnits(world, 100_000n);
    const { invoice } = addInvoice(world, 40n);
    const local = channelOf(world)?.localUnits;
    world.faults.expiredQuotes = 1;
    expect(world.lnd.payFromOutside(invoice.paymentRequest, undefined).status).toBe("succeeded");
    const settled = world.lnd.findInvoice(invoice.paymentHash);
    expect([settled?.state, settled?.htlcs[0]?.customChannelData]).toEqual(["settled", ""]);
    expect(channelOf(world)?.localUnits).toBe(local);
  });

  it.each([
    [
      "an invoice that would outlive every quote",
      40n,
      { invoice: { valueMsat: 0n, expirySeconds: 3_600 } },
      "no quotes with sufficient expiry",
    ],
    ["both units and sats", 40n, { invoice: { valueMsat: 1_000n } }, "cannot set both asset amount and sats amount"],
    ["another peer", 40n, { peer: `02${"11".repeat(32)}` }, "no asset channels found for"],
    ["fill or kill over more than the peer has", 700n, { isFillOrKill: true }, "FOK_NOT_VIABLE"],
    ["a rate that the peer does not give", 40n, { rateLimit: { coefficient: 100_001n, scale: 0 } }, "RATE_BOUND_MISS"],
  ])("refuse %s", (_case, units, change, text) => {
    const world = aChannelWorld();
    spendUnits(world, 100_000n);
    expect(() => addInvoice(world, units, change)).toThrow(text);
  });

  it("refuse fewer units than an HTLC can carry", () => {
    const world = aChannelWorld();
    spendUnits(world, 100_000n);
    world.tapd.changeSettings({ rates: { [world.assetId]: { coefficient: 100_000_000n, scale: 0 } } });
    expect(() => addInvoice(world, 353n)).toThrow(
      "cannot create invoice over 353 asset units, as the minimal transportable amount is 354 units with the current rate of 100000000 units/BTC",
    );
  });

  it("fill as much as the peer has, and say so", () => {
    const world = aChannelWorld();
    spendUnits(world, 100_000n);
    const { quote, invoice } = addInvoice(world, 700n);
    expect([world.tapd.payments.acceptedMaxUnits(quote), invoice.valueMsat]).toEqual([101n, 101_000_000n]);
  });

  it("cost units by the price feed of the moment", () => {
    const world = aChannelWorld();
    const specifier = { assetId: world.assetId, groupKey: "" };
    expect(world.tapd.payments.unitsOf(specifier, 50_000_999n)).toBe(50n);
    world.tapd.changeSettings({ hasPriceOracle: false });
    expect(() => world.tapd.payments.unitsOf(specifier, 1n)).toThrow("price oracle is not set");
  });
});

describe("quotes", () => {
  it("expire, and are not listed or used then", () => {
    const world = aChannelWorld();
    spendUnits(world, 100_000n);
    const { invoice } = addInvoice(world, 40n);
    expect(world.tapd.rfq.list("buy")).toHaveLength(1);
    world.clock.setOffset(601);
    expect(world.tapd.rfq.list("buy")).toHaveLength(0);
    expect(world.tapd.payments.carryIncoming(invoice, invoice.valueMsat)).toBeUndefined();
  });
});
