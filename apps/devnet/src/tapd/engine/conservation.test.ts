import fc from "fast-check";

import { aPreimage } from "../../lnd/testing/an-lnd-engine";
import { type TapdWorld, aNewAsset, aTapdEngine, mintAsset } from "../testing/a-tapd-engine";
import { channelDriftUnits, conservationOf } from "./conservation";
import { TapdError } from "./tapd-error";

/** One thing somebody does; refusals (too few units, no channel) are part of the course. */
type Step = (world: TapdWorld, assetIds: readonly string[]) => void;

const amount = fc.bigInt(1n, 400n);
const which = fc.nat(2);

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.tuple(which, amount).map(([index, units]): Step => (world, ids) => {
    const { encoded } = world.tapd.outside.newAddress(ids[index] ?? "", units);
    world.tapd.sendAsset({ recipients: [{ encoded, amount: 0n }], feeRateSatPerKw: 0, label: "", isPingSkipped: true });
  }),
  fc.tuple(which, amount).map(([index, units]): Step => (world, ids) => {
    const { encoded } = world.tapd.addresses.create(
      {
        assetId: ids[index] ?? "",
        groupKey: "",
        amount: units,
        courierAddr: "",
        assetVersion: 0,
        addressVersion: undefined,
        isCourierCheckSkipped: true,
      },
      "local",
    );
    world.tapd.outside.pay(encoded, 0n);
  }),
  fc.tuple(which, amount).map(([index, units]): Step => (world, ids) => {
    world.tapd.burn({ assetId: ids[index] ?? "", groupKey: "" }, units, "assets will be destroyed", "");
  }),
  fc.tuple(which, amount).map(([index, units]): Step => (world, ids) => {
    world.tapd.channels.fund({
      assetId: ids[index] ?? "",
      groupKey: "",
      units,
      peer: world.lnd.peerPubkey,
      satPerVbyte: 1n,
      pushSats: 5_000n,
    });
  }),
  fc.tuple(which, fc.bigInt(1_000_000n, 60_000_000n), fc.boolean()).map(
    ([index, valueMsat, isHeld]): Step =>
      (world, ids) =>
        payOutside(world, ids[index] ?? "", valueMsat, isHeld),
  ),
  fc.boolean().map((isSettled): Step => (world) => {
    const held = [...world.lnd.store.invoices("outside").values()].find(({ state }) => state === "accepted");
    if (held === undefined) return;
    if (isSettled) world.lnd.settleOutsideInvoice({ preimage: preimageOf(held.paymentHash) });
    else world.lnd.cancelOutsideInvoice(held.paymentHash);
  }),
  fc.tuple(which, amount).map(([index, units]): Step => (world, ids) => {
    const { invoice } = world.tapd.payments.addInvoice({
      assetId: ids[index] ?? "",
      groupKey: "",
      units,
      peer: "",
      invoice: { valueMsat: 0n },
      metadata: "",
      minUnits: undefined,
      rateLimit: undefined,
      isFillOrKill: false,
    });
    world.lnd.payFromOutside(invoice.paymentRequest, undefined);
  }),
  fc.constant<Step>((world) => {
    const open = world.tapd.channels.list().find(({ state }) => state === "open");
    if (open !== undefined) {
      world.lnd.closeChannel({ channelPoint: open.channelPoint, isForced: false, satPerVbyte: 2n, isNoWait: false });
    }
  }),
  fc.integer({ min: 1, max: 4 }).map(
    (blocks): Step =>
      (world) =>
        world.mine(blocks),
  ),
  fc.constant<Step>((world) => world.lnd.reorg(1)),
  fc.boolean().map((isBroken): Step => (world) => {
    world.faults.isCourierBroken = isBroken;
    world.tapd.catchUp();
  }),
);

const preimages = new Map<string, string>();

function preimageOf(paymentHash: string): string {
  return preimages.get(paymentHash) ?? "";
}

function payOutside(world: TapdWorld, assetId: string, valueMsat: bigint, isHeld: boolean): void {
  const { preimage, paymentHash } = aPreimage(`held ${world.lnd.store.invoices("outside").size}`);
  preimages.set(paymentHash, preimage);
  const { paymentRequest } = world.lnd.addOutsideInvoice({ valueMsat, ...(isHeld ? { paymentHash } : {}) });
  const request = {
    assetId,
    groupKey: "",
    peer: "",
    rfqId: "",
    isOverpayAllowed: true,
    metadata: "",
    payment: { paymentRequest, feeLimitMsat: 1_000_000n },
  };
  const [quote] = world.tapd.payments.quotesFor(request);
  if (quote !== undefined) world.tapd.payments.pay(request, quote);
}

function take(world: TapdWorld, ids: readonly string[], next: Step): void {
  try {
    next(world, ids);
  } catch (error) {
    if (!(error instanceof TapdError || (error instanceof Error && error.name === "LndError"))) throw error;
  }
}

function expectNothingLost(world: TapdWorld): void {
  for (const view of conservationOf(world.tapd.state).values()) expect(view.drift_units).toBe(0n);
  expect(channelDriftUnits(world.tapd.state)).toBe(0n);
  expect(world.lnd.conservation().driftMsat).toBe(0n);
}

function aWorldWithAssets(): { world: TapdWorld; ids: readonly string[] } {
  const world = aTapdEngine();
  const own = mintAsset(world, { isNewGroup: true });
  world.tapd.minter.queue(aNewAsset({ name: "silver" }));
  const silver = mintAsset(world, { name: "copper" });
  const theirs = world.tapd.outside.mint({ name: "theirs", amount: 1_000n, isGrouped: false, decimalDisplay: 0 });
  world.tapd.proofs.syncUniverse(false, []);
  const { peerPubkey } = world.lnd;
  const channel = { assetId: own, groupKey: "", units: 500n, peer: peerPubkey, satPerVbyte: 1n, pushSats: 10_000n };
  world.tapd.channels.fund(channel);
  world.mine(3);
  payOutside(world, own, 200_000_000n, false);
  return { world, ids: [own, silver, theirs] };
}

it("has minted minus burned units of every asset, and every millisatoshi, after any course of events", () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 10, maxLength: 30 }), (steps) => {
      const { world, ids } = aWorldWithAssets();
      for (const next of steps) {
        take(world, ids, next);
        expectNothingLost(world);
      }
    }),
    { numRuns: 60 },
  );
}, 120_000);

it("is the same after its journal was read again", () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 5, maxLength: 15 }), (steps) => {
      const { world, ids } = aWorldWithAssets();
      for (const next of steps) take(world, ids, next);
      // Faults do not outlive the process, so a restart would deliver what a broken courier left.
      world.faults.isCourierBroken = false;
      world.tapd.catchUp();
      const before = world.tapd.state.snapshot();
      expect(aTapdEngine(world).tapd.state.snapshot()).toEqual(before);
    }),
    { numRuns: 20 },
  );
}, 60_000);
