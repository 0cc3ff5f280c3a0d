import fc from "fast-check";

/** What may happen to lifts and lands, in any order. They are named by number, modulo how many there are. */
const lift = fc.nat(5);
const land = fc.nat(5);
const user = fc.nat(2);

const one = <T>(value: T, weight = 1) => ({ weight, arbitrary: fc.constant(value) });
/** Mostly not, so that something gets through. */
const rarely = <T>(arbitrary: fc.Arbitrary<T>) => fc.oneof(one(null, 3), { weight: 1, arbitrary });
const flag = (weightOfFalse: number) => fc.oneof(one(false, weightOfFalse), one(true));

const death = {
  crashAt: rarely(fc.nat(8)),
  after: fc.boolean(),
  at: fc.constantFrom("commit" as const, "call" as const),
};
const arkd = rarely(fc.constantFrom("lose_reply" as const, "unavailable" as const, "refuse" as const, "late" as const));
const lndFault = fc.constantFrom("lose_reply" as const, "unavailable" as const);
const lndOfLift = rarely(
  fc.record({
    call: fc.constantFrom(
      "addHoldInvoice" as const,
      "settleInvoice" as const,
      "settleInvoice" as const,
      "cancelInvoice" as const,
      "read" as const,
    ),
    fault: lndFault,
  }),
);
const lndOfLand = rarely(
  fc.record({
    call: fc.constantFrom("sendPayment" as const, "sendPayment" as const, "read" as const),
    fault: fc.constantFrom("lose_reply" as const, "unavailable" as const, "late" as const),
  }),
);

const driveLift = fc.record({ kind: fc.constant("drive_lift" as const), lift, ...death, arkd, lnd: lndOfLift });
const driveLand = fc.record({ kind: fc.constant("drive_land" as const), land, ...death, arkd, lnd: lndOfLand });

const startLift = fc.record({
  kind: fc.constant("start_lift" as const),
  user,
  /** Around one and two pieces of stock: with change, without, and with one below dust. */
  amount: fc.oneof(fc.integer({ min: 1_000, max: 250_000 }), fc.constantFrom(100_000, 99_900, 200_000, 199_671)),
  /** Paid at once, with this many blocks until the payment runs out. */
  paidWith: fc.constantFrom(null, 144, 144, 60, 41),
});

const payLift = fc.record({
  kind: fc.constant("pay_lift" as const),
  lift,
  /** Far from the last moment, close to it, and too late. */
  blocks: fc.constantFrom(144, 144, 60, 45, 41, 39),
  excessMsat: fc.constantFrom(0, 0, 500),
  isShort: flag(6),
});

const openLand = fc.record({
  kind: fc.constant("open_land" as const),
  user,
  amount: fc.oneof(fc.integer({ min: 1_000, max: 60_000 }), fc.constant(49_950)),
  /** What the payee does; `hang` = nothing, until a `resolve`. */
  payee: fc.constantFrom(
    "pay" as const,
    "pay" as const,
    "dear" as const,
    "no_route" as const,
    "found_later" as const,
    "refuses" as const,
    "hang" as const,
    "hang" as const,
  ),
  /** Turns that worker and wallet take at once; after three of them its VTXO is received. */
  turns: fc.constantFrom(0, 1, 2, 3, 3, 3),
  /** Quotes the invoice of an earlier land. */
  isQuoted: flag(5),
  expirySeconds: fc.constantFrom(3_600, 3_600, 700),
  /** Its wallet never comes back. */
  isAbandoned: flag(6),
});

/** A delivery or a settlement that gets stuck, and blocks that come meanwhile. */
const stallLift = fc.record({
  kind: fc.constant("stall_lift" as const),
  lift,
  trouble: fc.constantFrom(
    "refuse" as const,
    "refuse" as const,
    "lose_reply" as const,
    "unavailable" as const,
    "late" as const,
    "settle" as const,
    "settle" as const,
  ),
  blocks: fc.constantFrom(0, 0, 0, 45, 110, 130),
});

const raceLift = fc.record({
  kind: fc.constant("race_lift" as const),
  lift,
  /** What two processes do at the same moment. */
  acts: fc.array(
    fc.oneof(
      { weight: 10, arbitrary: fc.constantFrom("drive", "drive_other", "hear", "expire", "sync") },
      one("call_off" as const),
    ),
    { minLength: 2, maxLength: 3 },
  ),
  arkd,
  lnd: lndOfLift,
});

const raceLand = fc.record({
  kind: fc.constant("race_land" as const),
  land,
  acts: fc.array(
    fc.constantFrom("drive" as const, "drive" as const, "drive_other" as const, "sign" as const, "expire" as const),
    {
      minLength: 2,
      maxLength: 3,
    },
  ),
  arkd,
  lnd: lndOfLand,
});

const simpleLift = <K extends string>(kind: K) => fc.record({ kind: fc.constant(kind), lift });
const simpleLand = <K extends string>(kind: K) => fc.record({ kind: fc.constant(kind), land });

const lightningStep = fc.oneof(
  { weight: 2, arbitrary: startLift },
  { weight: 5, arbitrary: payLift },
  { weight: 10, arbitrary: driveLift },
  { weight: 4, arbitrary: stallLift },
  { weight: 3, arbitrary: raceLift },
  { weight: 1, arbitrary: simpleLift("hear" as const) },
  { weight: 1, arbitrary: simpleLift("call_off_lift" as const) },
  /** A stretch of the listener, cut after some events. */
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("listen" as const),
      events: fc.integer({ min: 1, max: 4 }),
      dies: fc.boolean(),
    }),
  },
  /** An event once more, out of its order. */
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("repeat" as const), event: fc.nat(20) }) },
  { weight: 2, arbitrary: openLand },
  { weight: 7, arbitrary: fc.record({ kind: fc.constant("sign" as const), land, ...death, arkd }) },
  { weight: 10, arbitrary: driveLand },
  { weight: 3, arbitrary: raceLand },
  { weight: 1, arbitrary: simpleLand("call_off_land" as const) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("resolve" as const), land, isPaid: fc.boolean() }) },
  /** Somebody else pays the same invoice from the gateway's node. */
  { weight: 1, arbitrary: simpleLand("pay_elsewhere" as const) },
  /** An operator wants a land looked at. */
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("resume" as const), land, isRecheck: fc.boolean() }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("mine" as const), blocks: fc.integer({ min: 1, max: 60 }) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("advance" as const),
      seconds: fc.oneof(
        { weight: 4, arbitrary: fc.integer({ min: 1, max: 200 }) },
        { weight: 1, arbitrary: fc.constantFrom(700, 1_300) },
      ),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("chain" as const), isSynced: flag(2) }) },
  /** A wallet that is locked, or an open breaker: every call is refused unsent for this many calls. */
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("away" as const),
      daemon: fc.constantFrom("arkd" as const, "lnd" as const, "lnd" as const),
      calls: fc.integer({ min: 1, max: 8 }),
    }),
  },
  { weight: 2, arbitrary: fc.constant({ kind: "restore_node" as const }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("sync" as const), user: fc.nat(3) }) },
  { weight: 1, arbitrary: fc.constant({ kind: "stock" as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: "reconcile" as const }) },
);

/** A run begins with something to do. */
export const lightningSteps = fc
  .tuple(
    fc.array(fc.oneof(startLift, openLand), { minLength: 2, maxLength: 3, size: "max" }),
    fc.array(lightningStep, { minLength: 7, maxLength: 14, size: "max" }),
  )
  .map(([opening, rest]): readonly LightningStep[] => [...opening, ...rest]);

export type LightningStep = typeof lightningStep extends fc.Arbitrary<infer T> ? T : never;
export type StepOf<K extends LightningStep["kind"]> = Extract<LightningStep, { kind: K }>;
export type LiftStep = Extract<LightningStep, { lift: number }>;
export type LandStep = Extract<LightningStep, { land: number }>;
export type LiftRace = StepOf<"race_lift">["acts"][number];
export type LandRace = StepOf<"race_land">["acts"][number];
