import fc from "fast-check";

/** What may happen to lifts and lands, in any order. They are named by number, modulo how many there are. */
const lift = fc.nat(5);
const land = fc.nat(5);
const user = fc.nat(2);

const death = { crashAt: fc.option(fc.nat(8)), after: fc.boolean() };
const arkd = fc.option(fc.constantFrom("lose_reply" as const, "unavailable" as const, "refuse" as const));
const lndFault = fc.constantFrom("lose_reply" as const, "unavailable" as const);

const driveLift = fc.record({
  kind: fc.constant("drive_lift" as const),
  lift,
  ...death,
  arkd,
  lnd: fc.option(
    fc.record({
      call: fc.constantFrom(
        "addHoldInvoice" as const,
        "settleInvoice" as const,
        "cancelInvoice" as const,
        "read" as const,
      ),
      fault: lndFault,
    }),
  ),
});

const driveLand = fc.record({
  kind: fc.constant("drive_land" as const),
  land,
  ...death,
  arkd,
  lnd: fc.option(
    fc.record({
      call: fc.constantFrom("sendPayment" as const, "sendPayment" as const, "read" as const),
      fault: lndFault,
    }),
  ),
});

const startLift = fc.record({
  kind: fc.constant("start_lift" as const),
  user,
  /** Around one and two pieces of stock: with change, without, and with one below dust. */
  amount: fc.oneof(fc.integer({ min: 1_000, max: 250_000 }), fc.constantFrom(100_000, 99_900, 200_000, 199_671)),
});

const payLift = fc.record({
  kind: fc.constant("pay_lift" as const),
  lift,
  /** Far from the last moment, close to it, and too late. */
  blocks: fc.constantFrom(144, 144, 144, 60, 41, 39),
  excessMsat: fc.constantFrom(0, 0, 500),
  isShort: fc.oneof({ weight: 6, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
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
    "refuses" as const,
    "hang" as const,
  ),
  /** Quotes the invoice of an earlier land. */
  isQuoted: fc.oneof({ weight: 5, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
  expirySeconds: fc.constantFrom(3_600, 3_600, 700),
  /** Its wallet never comes back. */
  isAbandoned: fc.oneof({ weight: 6, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
});

const raceLift = fc.record({
  kind: fc.constant("race_lift" as const),
  lift,
  /** What two processes do at the same moment. */
  acts: fc.array(
    fc.oneof(
      { weight: 10, arbitrary: fc.constantFrom("drive", "drive_other", "hear", "expire", "sync") },
      { weight: 1, arbitrary: fc.constant("call_off" as const) },
    ),
    { minLength: 2, maxLength: 3 },
  ),
});

const raceLand = fc.record({
  kind: fc.constant("race_land" as const),
  land,
  acts: fc.array(fc.constantFrom("drive" as const, "drive_other" as const, "sign" as const, "expire" as const), {
    minLength: 2,
    maxLength: 3,
  }),
});

const simpleLift = <K extends string>(kind: K) => fc.record({ kind: fc.constant(kind), lift });
const simpleLand = <K extends string>(kind: K) => fc.record({ kind: fc.constant(kind), land });

export const lightningStep = fc.oneof(
  { weight: 4, arbitrary: startLift },
  { weight: 8, arbitrary: payLift },
  { weight: 11, arbitrary: driveLift },
  { weight: 3, arbitrary: raceLift },
  { weight: 2, arbitrary: simpleLift("hear" as const) },
  { weight: 1, arbitrary: simpleLift("call_off_lift" as const) },
  { weight: 5, arbitrary: openLand },
  // Two answers of the wallet and what the worker does between them.
  { weight: 14, arbitrary: fc.record({ kind: fc.constant("sign" as const), land, ...death, arkd }) },
  { weight: 9, arbitrary: driveLand },
  { weight: 3, arbitrary: raceLand },
  { weight: 1, arbitrary: simpleLand("call_off_land" as const) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("resolve" as const), land, isPaid: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("mine" as const), blocks: fc.integer({ min: 1, max: 60 }) }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant("advance" as const), seconds: fc.integer({ min: 1, max: 200 }) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("chain" as const), isSynced: fc.boolean() }) },
  /** A wallet that is locked, or an open breaker: every call of lnd is refused unsent for this many calls. */
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant("lnd_away" as const), calls: fc.integer({ min: 1, max: 6 }) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("sync" as const), user: fc.nat(3) }) },
  { weight: 1, arbitrary: fc.constant({ kind: "stock" as const }) },
);

export type LightningStep = typeof lightningStep extends fc.Arbitrary<infer T> ? T : never;
export type StepOf<K extends LightningStep["kind"]> = Extract<LightningStep, { kind: K }>;
export type LiftRace = StepOf<"race_lift">["acts"][number];
export type LandRace = StepOf<"race_land">["acts"][number];
