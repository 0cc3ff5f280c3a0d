import fc from "fast-check";

/** What may happen to lifts and lands of an asset, in any order. Those are named by number, modulo how many there are. */
const user = fc.nat(1);
const index = fc.nat(5);
const death = {
  at: fc.constantFrom("commit" as const, "call" as const),
  crashAt: fc.option(fc.nat(12), { nil: null }),
  after: fc.boolean(),
};
const fault = fc.constantFrom("unavailable" as const, "lose_reply" as const);

const lift = fc.record({ kind: fc.constant("lift" as const), user, amount: fc.integer({ min: 10, max: 70 }) });
const pay = fc.record({
  kind: fc.constant("pay" as const),
  lift: index,
  how: fc.constantFrom("whole" as const, "whole" as const, "more" as const, "short" as const, "sats" as const),
  blocks: fc.constantFrom(50, 144),
});
const driveLift = fc.record({ kind: fc.constant("drive_lift" as const), lift: index, ...death });
/** A lift is paid, its delivery gets no answer (whether arkd has it or not), and the payment runs out of blocks or nearly so. */
const strandLift = fc.record({
  kind: fc.constant("strand_lift" as const),
  lift: index,
  fault,
  blocks: fc.constantFrom(5, 15, 40, 60),
});
const land = fc.record({
  kind: fc.constant("land" as const),
  user,
  amount: fc.integer({ min: 51, max: 70 }),
  answer: fc.constantFrom("pay" as const, "pay" as const, "fail" as const, "hang" as const),
});
const driveLand = fc.record({ kind: fc.constant("drive_land" as const), land: index, ...death });
const mint = fc.record({ kind: fc.constant("mint" as const), user, units: fc.integer({ min: 5, max: 60 }) });
/** Something of a lift or a land is driven after tapd has counted its units and before a mint hears of them. */
const driveMint = fc.record({
  kind: fc.constant("drive_mint" as const),
  mint: index,
  meanwhile: fc.option(fc.constantFrom("lift" as const, "land" as const), { nil: null }),
  which: index,
  ...death,
});
const lightningFault = fc.record({
  kind: fc.constant("fault" as const),
  call: fc.constantFrom(
    "createAssetInvoice" as const,
    "requestSellQuote" as const,
    "payAssetInvoice" as const,
    "settleInvoice" as const,
    "cancelInvoice" as const,
  ),
  fault,
});
const latePayment = fc.record({
  kind: fc.constant("fault" as const),
  call: fc.constant("payAssetInvoice" as const),
  fault: fc.constant("late" as const),
});
const arkdFault = fc.record({
  kind: fc.constant("arkd_fault" as const),
  call: fc.constantFrom("submitTx" as const, "finalizeTx" as const),
  fault,
});
const market = fc.record({
  kind: fc.constant("market" as const),
  isSelling: fc.boolean(),
  msatPerUnit: fc.constantFrom(1_000_000, 1_000_000, 700_000),
});
const mine = fc.record({ kind: fc.constant("mine" as const), blocks: fc.integer({ min: 1, max: 60 }) });
const advance = fc.record({ kind: fc.constant("advance" as const), seconds: fc.integer({ min: 1, max: 400 }) });

const assetLightningStep = fc.oneof(
  { arbitrary: lift, weight: 3 },
  { arbitrary: pay, weight: 4 },
  { arbitrary: driveLift, weight: 6 },
  { arbitrary: strandLift, weight: 1 },
  { arbitrary: land, weight: 2 },
  { arbitrary: driveLand, weight: 6 },
  { arbitrary: mint, weight: 2 },
  { arbitrary: driveMint, weight: 4 },
  { arbitrary: fc.constant({ kind: "reconcile" as const }), weight: 1 },
  { arbitrary: lightningFault, weight: 2 },
  { arbitrary: latePayment, weight: 1 },
  { arbitrary: arkdFault, weight: 2 },
  { arbitrary: market, weight: 1 },
  { arbitrary: mine, weight: 1 },
  { arbitrary: advance, weight: 2 },
);

export const assetLightningSteps = fc.array(assetLightningStep, { minLength: 15, maxLength: 40 });

export type AssetLightningStep = typeof assetLightningStep extends fc.Arbitrary<infer Step> ? Step : never;
