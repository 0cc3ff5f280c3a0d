import fc from "fast-check";

import type { ArkdFault } from "@arkrelay/core/testing/in-memory-arkd";

/** What may happen to the gateway, in any order. Sessions, users and events are named by number, modulo how many there are. */
const session = fc.nat(7);
const user = fc.nat(2);
const event = fc.nat(20);

const asset = fc.constantFrom("gBTC" as const, "gBTC" as const, "gUSD" as const, "gEUR" as const);
const sats = fc.oneof(
  { weight: 3, arbitrary: fc.integer({ min: 330, max: 15_000 }) },
  // Change of nothing, of one sat below dust, of exactly dust and of one sat above.
  { weight: 1, arbitrary: fc.constantFrom(30_000 - 10, 30_000 - 10 - 329, 30_000 - 10 - 330, 30_000 - 10 - 331) },
);
/** Up to half of what a user has, or about all of it. */
const units = fc.oneof(
  { weight: 3, arbitrary: fc.integer({ min: 1, max: 50 }) },
  { weight: 1, arbitrary: fc.constantFrom(99, 100, 101) },
);

const transfer = {
  user,
  to: fc.nat(2),
  asset,
  sats,
  units,
  dustPolicy: fc.constantFrom("reject" as const, "to_recipient" as const),
  type: fc.constantFrom("p2p_transfer", "vtxo_split", "vtxo_multi_transfer", "optimal_change"),
  strategy: fc.constantFrom("optimal", "greedy", "minimal"),
  /** Insists on the first coin of the user (for units also on the one that carried them at first), so that two sessions want the same one. */
  names: fc.boolean(),
};

const open = fc.record({
  kind: fc.constant("open" as const),
  ...transfer,
  autoStart: fc.oneof({ weight: 4, arbitrary: fc.constant(true) }, { weight: 1, arbitrary: fc.constant(false) }),
  proven: fc.oneof({ weight: 5, arbitrary: fc.constant(true) }, { weight: 1, arbitrary: fc.constant(false) }),
});

/** A signed 31510; few action_ids, so that the same one comes again with the same or other content. */
const intent = fc.record({
  kind: fc.constant("intent" as const),
  ...transfer,
  action: fc.nat(2),
  lifeSeconds: fc.constantFrom(60, 600),
  /** Relays have it, the gateway does not yet. */
  isHeld: fc.boolean(),
});

const swap = fc.record({
  kind: fc.constant("swap" as const),
  /** Sells units; the next one pays sats for them, and a third one takes part for a few sats between it and the second. */
  seller: user,
  asset: fc.constantFrom("gUSD" as const, "gEUR" as const),
  units: fc.integer({ min: 1, max: 60 }),
  sats: fc.integer({ min: 330, max: 12_000 }),
  isThree: fc.boolean(),
});

const death = fc.record({
  at: fc.constantFrom("commit" as const, "call" as const),
  after: fc.boolean(),
  crashAt: fc.nat({ max: 7 }),
});
const fault = fc.constantFrom<ArkdFault>("lose_reply", "unavailable", "refuse", "late");
const plan = { death: fc.option(death, { freq: 2 }), fault: fc.option(fault, { freq: 2 }) };

const answer = fc.record({
  kind: fc.constant("answer" as const),
  /** Of those that wait for an answer. */
  session,
  /** Answers like that until nobody asks any more. */
  isStubborn: fc.boolean(),
  how: fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom("honest" as const, "nostr" as const) },
    {
      weight: 3,
      arbitrary: fc.constantFrom(
        /** Relays have the 31512, the gateway does not yet. */
        "held" as const,
        /** The owner's signatures, brought by a stranger. */
        "carried" as const,
        /** No signatures at all. */
        "garbage" as const,
        /** Good signatures of somebody else, as the owner's. */
        "other_key" as const,
        /** The owner's signatures of another challenge. */
        "other_challenge" as const,
      ),
    },
  ),
});

const race = fc.record({
  kind: fc.constant("race" as const),
  session,
  /** What processes do at the same moment. */
  acts: fc.uniqueArray(
    fc.constantFrom(
      "drive",
      "answer",
      "answer_members",
      "answer_nostr",
      "cancel",
      "expire",
      "sync",
      "ask",
      "drive_other",
    ),
    { minLength: 2, maxLength: 3 },
  ),
});

const simple = <K extends string>(kind: K) => fc.record({ kind: fc.constant(kind), session });
const ofUser = <K extends string>(kind: K) => fc.record({ kind: fc.constant(kind), user });

const step = fc.oneof(
  { weight: 8, arbitrary: open },
  { weight: 4, arbitrary: intent },
  { weight: 5, arbitrary: swap },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("renew" as const), user, coin: fc.nat(2) }) },
  { weight: 2, arbitrary: ofUser("protocol_op") },
  { weight: 14, arbitrary: fc.record({ kind: fc.constant("drive" as const), session, ...plan }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("payouts" as const), ...plan }) },
  { weight: 14, arbitrary: answer },
  { weight: 4, arbitrary: race },
  /** Relays deliver an event late or again, in any order. */
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("deliver" as const), event }) },
  /** The signed intent comes over HTTP as well, by somebody else. */
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("bring" as const), event }) },
  /** A batch is submitted again. */
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("resubmit" as const), event }) },
  /** arkd's operator changes a parameter that checkpoints are built with. */
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("settings" as const), other: fc.boolean() }) },
  /** From now on this user signs no checkpoints. */
  { weight: 1, arbitrary: ofUser("withhold") },
  { weight: 1, arbitrary: simple("cancel") },
  { weight: 1, arbitrary: simple("ask") },
  { weight: 1, arbitrary: simple("start") },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("sync" as const), user: fc.nat(3) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("advance" as const),
      // Within a challenge's life, past it, past a session's, and past that of a VTXO that is old.
      seconds: fc.oneof(fc.integer({ min: 1, max: 400 }), fc.constantFrom(1_000, 6_000)),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ kind: "expire" as const }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("spend_elsewhere" as const), user, session }) },
);

export type CeremonyStep = typeof step extends fc.Arbitrary<infer T> ? T : never;
export type StepOf<Kind extends CeremonyStep["kind"]> = Extract<CeremonyStep, { kind: Kind }>;
export type AnswerWay = StepOf<"answer">["how"];
export type RaceAct = StepOf<"race">["acts"][number];

/** Short ones: each has a world of its own, and what is rare comes about by their number. */
export const ceremonySteps: fc.Arbitrary<readonly CeremonyStep[]> = fc.array(step, { minLength: 6, maxLength: 18 });
