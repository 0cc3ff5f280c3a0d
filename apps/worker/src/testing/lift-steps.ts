import fc from "fast-check";

/** What may happen to lifts, in any order. Lifts are named by number, modulo how many there are. */
const lift = fc.nat(5);

const drive = fc.record({
  kind: fc.constant("drive" as const),
  lift,
  crashAt: fc.option(fc.nat(8)),
  after: fc.boolean(),
  arkd: fc.option(fc.constantFrom("lose_reply" as const, "unavailable" as const, "refuse" as const)),
  lnd: fc.option(
    fc.record({
      call: fc.constantFrom(
        "addHoldInvoice" as const,
        "settleInvoice" as const,
        "cancelInvoice" as const,
        "read" as const,
      ),
      fault: fc.constantFrom("lose_reply" as const, "unavailable" as const),
    }),
  ),
});

const simple = <K extends string>(kind: K) => fc.record({ kind: fc.constant(kind), lift });

export const liftStep = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant("start" as const),
      user: fc.nat(2),
      /** Around one and two pieces of stock: with change, without, and with one below dust. */
      amount: fc.oneof(fc.integer({ min: 1_000, max: 250_000 }), fc.constantFrom(100_000, 99_900, 200_000, 199_671)),
    }),
  },
  {
    weight: 10,
    arbitrary: fc.record({
      kind: fc.constant("pay" as const),
      lift,
      /** Far from the last moment, close to it, and too late. */
      blocks: fc.constantFrom(144, 144, 144, 60, 41, 39),
      excessMsat: fc.constantFrom(0, 0, 500),
      isShort: fc.oneof({ weight: 6, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
    }),
  },
  { weight: 14, arbitrary: drive },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant("race" as const),
      lift,
      /** What two processes do at the same moment. */
      acts: fc.array(
        fc.oneof(
          { weight: 10, arbitrary: fc.constantFrom("drive", "drive_other", "hear", "expire", "sync") },
          { weight: 1, arbitrary: fc.constant("call_off" as const) },
        ),
        {
          minLength: 2,
          maxLength: 3,
        },
      ),
    }),
  },
  { weight: 3, arbitrary: simple("hear") },
  { weight: 1, arbitrary: simple("call_off") },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("mine" as const), blocks: fc.integer({ min: 1, max: 60 }) }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant("advance" as const), seconds: fc.integer({ min: 1, max: 200 }) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("chain" as const), isSynced: fc.boolean() }) },
  { weight: 1, arbitrary: fc.constant({ kind: "sync" as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: "stock" as const }) },
);

export type LiftRunStep = typeof liftStep extends fc.Arbitrary<infer T> ? T : never;
export type LiftRace = Extract<LiftRunStep, { kind: "race" }>["acts"][number];
