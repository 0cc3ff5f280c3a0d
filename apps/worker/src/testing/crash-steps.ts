import fc from "fast-check";

/** What may happen to the gateway, in any order. Sessions and users are named by number, modulo how many there are. */
const session = fc.nat(7);
const user = fc.nat(2);

const open = fc.record({
  kind: fc.constant("open" as const),
  user,
  to: fc.nat(2),
  amount: fc.oneof(
    fc.integer({ min: 330, max: 29_000 }),
    // Change of nothing, of one sat below dust, of exactly dust and of one sat above.
    fc.constantFrom(30_000 - 10, 30_000 - 10 - 329, 30_000 - 10 - 330, 30_000 - 10 - 331),
  ),
  /** Units of an asset instead of sats: up to half of what a user has, or more than that. */
  units: fc.option(fc.oneof(fc.integer({ min: 1, max: 50 }), fc.constantFrom(99, 100, 101)), { nil: undefined }),
  dustPolicy: fc.constantFrom("reject" as const, "to_recipient" as const),
  type: fc.oneof(
    { weight: 3, arbitrary: fc.constant("p2p_transfer" as const) },
    {
      weight: 2,
      arbitrary: fc.constantFrom("vtxo_split" as const, "vtxo_multi_transfer" as const, "optimal_change" as const),
    },
  ),
  strategy: fc.constantFrom("optimal", "greedy", "minimal"),
  /** Insists on the first coin of the user (for units also on the one that carried them at first), so that two sessions want the same one. */
  names: fc.boolean(),
  autoStart: fc.oneof({ weight: 4, arbitrary: fc.constant(true) }, { weight: 1, arbitrary: fc.constant(false) }),
  proven: fc.oneof({ weight: 5, arbitrary: fc.constant(true) }, { weight: 1, arbitrary: fc.constant(false) }),
});

/** A 31510; few action_ids, so that the same one comes again with the same or other content. */
const intent = fc.record({
  kind: fc.constant("intent" as const),
  user,
  action: fc.nat(2),
  amount: fc.constantFrom(5_000, 6_000),
  lifeSeconds: fc.constantFrom(60, 600),
});

const drive = fc.record({
  kind: fc.constant("drive" as const),
  session,
  crashAt: fc.option(fc.nat(7)),
  after: fc.boolean(),
  fault: fc.option(fc.constantFrom("lose_reply" as const, "unavailable" as const, "refuse" as const, "late" as const)),
});

const race = fc.record({
  kind: fc.constant("race" as const),
  session,
  /** What two processes do at the same moment. */
  acts: fc.uniqueArray(
    fc.constantFrom("drive", "answer", "answer_nostr", "cancel", "expire", "sync", "ask", "drive_other"),
    { minLength: 2, maxLength: 3 },
  ),
});

const simple = <K extends string>(kind: K) => fc.record({ kind: fc.constant(kind), session });

export const crashStep = fc.oneof(
  { weight: 5, arbitrary: open },
  { weight: 2, arbitrary: intent },
  { weight: 12, arbitrary: drive },
  { weight: 5, arbitrary: race },
  { weight: 8, arbitrary: fc.record({ kind: fc.constant("answer" as const), session, wrongKey: fc.boolean() }) },
  { weight: 3, arbitrary: simple("answer_nostr") },
  /** Relays deliver an event again, and in any order. */
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("replay" as const), event: fc.nat(20) }) },
  /** The signed intent comes over HTTP as well, by somebody else. */
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("bring" as const), event: fc.nat(20) }) },
  /** arkd's operator changes a parameter that checkpoints are built with. */
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("settings" as const), other: fc.boolean() }) },
  { weight: 1, arbitrary: simple("cancel") },
  { weight: 1, arbitrary: simple("ask") },
  { weight: 1, arbitrary: simple("start") },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("sync" as const), user: fc.nat(3) }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant("advance" as const), seconds: fc.integer({ min: 1, max: 400 }) }),
  },
  { weight: 1, arbitrary: fc.constant({ kind: "expire" as const }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("spend_elsewhere" as const), user }) },
);

export type CrashStep = typeof crashStep extends fc.Arbitrary<infer T> ? T : never;
export type RaceAct = Extract<CrashStep, { kind: "race" }>["acts"][number];
export type DrivePlan = Omit<Extract<CrashStep, { kind: "drive" }>, "kind" | "session">;
