import fc from "fast-check";

import { AppError } from "@arkrelay/core/errors";
import type { NostrEvent } from "@arkrelay/core/ports/nostr";
import { cancelSession } from "@arkrelay/core/session/cancel-session";
import { expireSessions } from "@arkrelay/core/session/expire-sessions";
import { respondToChallenge } from "@arkrelay/core/session/respond-to-challenge";
import { isTerminal, type Session } from "@arkrelay/core/session/session";
import { testKey, type TestKey } from "@arkrelay/core/testing/ark-transfer";
import { openTestDatabase, type TestDatabase } from "@arkrelay/db/testing/test-database";

import { ownerCaller } from "../testing/ceremony-world";
import { checkAlways, checkBooks } from "../testing/crash-checks";
import { attemptDrive, isCrash } from "../testing/crash-process";
import { openSwapWorld, USD, type Side } from "../testing/swap-world";

/** How many random histories, and which: the same ones in every usual run, any others by the environment. */
const RUNS = Number(process.env["SWAP_RUNS"] ?? 10);
const SEED = Number(process.env["SWAP_SEED"] ?? 1);

const USERS = ["s0", "s1", "s2"].map((name) => testKey(name));

let test: TestDatabase;

beforeAll(async () => {
  test = await openTestDatabase();
});
afterAll(() => test.close());

const member = fc.nat({ max: 11 });
const step = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant("submit" as const),
      /** Sells units; the next one pays sats for them, and the third in a batch of three is paid for nothing but being there. */
      seller: fc.nat({ max: 2 }),
      units: fc.integer({ min: 1, max: 60 }),
      sats: fc.integer({ min: 330, max: 15_000 }),
      isThree: fc.boolean(),
    }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant("drive" as const),
      member,
      crashAt: fc.option(fc.nat(7)),
      after: fc.boolean(),
      fault: fc.option(
        fc.constantFrom("lose_reply" as const, "unavailable" as const, "refuse" as const, "late" as const),
      ),
    }),
  },
  { weight: 10, arbitrary: fc.record({ kind: fc.constant("answer" as const), member }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("answer_wrongly" as const), member }) },
  /** Members answer at the same moment on two workers, while a third one drives. */
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("race" as const), member }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("cancel" as const), member }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("replay" as const), member }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("spend_elsewhere" as const), user: fc.nat({ max: 2 }) }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant("advance" as const), seconds: fc.integer({ min: 1, max: 320 }) }),
  },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/**
 * Swaps whose members answer, answer wrongly, cancel, stay silent, withhold checkpoints, spend their coins elsewhere and submit again what
 * was submitted, under workers that die anywhere and an arkd that loses answers. However it went: a batch is settled for all its members or
 * for none, nothing is lost or made, nothing stays locked, and every outcome is told once.
 */
it("settles every swap for all its members or for none, whatever its members and the workers do", async () => {
  const ends = new Map<string, number>();
  await fc.assert(
    fc.asyncProperty(fc.boolean(), fc.array(step, { minLength: 15, maxLength: 40 }), async (areKnown, steps) => {
      for (const end of await runHistory(areKnown, steps)) ends.set(end, (ends.get(end) ?? 0) + 1);
    }),
    { numRuns: RUNS, seed: SEED, endOnFailure: true },
  );
  // A model in which nothing settles, or nothing fails, would prove nothing.
  expect(ends.get("finalized")).toBeGreaterThan(RUNS / 3);
  expect(ends.get("failed")).toBeGreaterThan(RUNS / 3);
}, 3_600_000);

async function runHistory(areKnown: boolean, steps: readonly Step[]): Promise<readonly string[]> {
  await test.empty();
  const world = await openSwapWorld(test);
  for (const user of USERS) {
    world.arkd.fund(user.pubkey, 1_000n, [{ assetId: USD, amount: 100n }]);
    world.arkd.fund(user.pubkey, 30_000n);
  }
  await world.stockFees(12);
  if (areKnown) await world.makeKnown(...USERS);
  await world.sync(...USERS);
  const settledBefore = areKnown ? USERS.length : 0;
  const before = world.arkd.totalSats();
  let lost = { sats: 0n, units: 0n };
  const batches: {
    readonly id: string;
    readonly submitter: TestKey;
    readonly intents: readonly NostrEvent[];
    readonly expires_at: number;
  }[] = [];
  const members: Session[] = [];

  const quietly = async (act: () => Promise<unknown>): Promise<void> => {
    try {
      await act();
    } catch (thrown) {
      if (isCrash(thrown) || (thrown instanceof AppError && thrown.code !== "internal_error")) return;
      throw thrown;
    }
  };
  const userOf = (session: Session): TestKey =>
    USERS.find(({ pubkey }) => pubkey === session.userPubkey) ?? testKey("?");
  const headOf = (session: Session): Session => members.find(({ id }) => id === session.headId) ?? session;
  const answer = async (session: Session): Promise<void> => {
    if ((await world.openChallenge(session.sessionId)) !== undefined) await world.answerAs(userOf(session), session);
  };

  const submit = async (index: number, sides: readonly Side[]): Promise<void> => {
    const id = `batch-${String(index).padStart(6, "0")}`;
    const submitter = sides[0]?.user ?? testKey("?");
    const expires_at = Math.floor(world.clock.now().getTime() / 1000) + 500;
    const batch = { id, submitter, intents: sides.map(world.sideEvent), expires_at };
    const { members: opened } = await world.submit(submitter, batch.intents, { batch_id: id, expires_at });
    batches.push(batch);
    members.push(...opened);
  };
  const sidesOf = ({ seller, units, sats, isThree }: Extract<Step, { kind: "submit" }>): readonly Side[] => {
    const [a, b, c] = [0, 1, 2].map((offset) => USERS[(seller + offset) % USERS.length] ?? testKey("?"));
    if (a === undefined || b === undefined || c === undefined) throw new Error("three users");
    const content = { solver_id: a.pubkey };
    if (!isThree) {
      return [
        { user: a, give: { gUSD: units }, receive: { gBTC: sats }, counterparties: [b] },
        { user: b, give: { gBTC: sats }, receive: { gUSD: units }, content },
      ];
    }
    return [
      { user: a, give: { gUSD: units }, receive: { gBTC: sats } },
      { user: b, give: { gBTC: sats + 400 }, receive: { gUSD: units }, content },
      { user: c, give: { gBTC: 600 }, receive: { gBTC: 1_000 }, content },
    ];
  };

  const act = async (each: Step, index: number): Promise<void> => {
    if (each.kind === "submit") {
      await world.sync(...USERS);
      return submit(index, sidesOf(each));
    }
    if (each.kind === "advance") return world.clock.advance(each.seconds * 1000);
    if (each.kind === "spend_elsewhere") {
      const owner = USERS[each.user]?.pubkey ?? "";
      const coin = [...world.arkd.vtxos.values()].find((vtxo) => !vtxo.isSpent && world.arkd.isOwnedBy(vtxo, owner));
      if (coin === undefined) return undefined;
      world.arkd.spendElsewhere(coin.vtxoId);
      const units = coin.assets.reduce((sum, { amount }) => sum + amount, 0n);
      lost = { sats: lost.sats + coin.amountSats, units: lost.units + units };
      return undefined;
    }
    const session = members[each.member % Math.max(members.length, 1)];
    if (session === undefined) return undefined;
    switch (each.kind) {
      case "drive":
        return attemptDrive(test, world, headOf(session).sessionId, each);
      case "answer":
        return answer(session);
      case "answer_wrongly": {
        const challenge = await world.openChallenge(session.sessionId);
        if (challenge === undefined) return undefined;
        const signatures = challenge.items.map(({ txid, input }) => ({ txid, input, sig: "11".repeat(64) }));
        const { pubkey } = userOf(session);
        await test.database.transactions.run((tx) =>
          respondToChallenge(world.deps, tx, {
            sessionId: session.sessionId,
            caller: ownerCaller(pubkey),
            signedBy: pubkey,
            signatures,
          }),
        );
        return undefined;
      }
      case "race": {
        const batch = members.filter((other) => headOf(other).id === headOf(session).id);
        const acts = [
          ...batch.map((other) => () => answer(other)),
          () => attemptDrive(test, world, headOf(session).sessionId),
        ];
        await Promise.all(acts.map(quietly));
        return undefined;
      }
      case "cancel":
        await test.database.transactions.run((tx) =>
          cancelSession(world.deps, tx, {
            sessionId: session.sessionId,
            caller: ownerCaller(session.userPubkey),
            reason: "changed my mind",
          }),
        );
        return undefined;
      case "replay": {
        const batch = batches[each.member % batches.length];
        if (batch === undefined) return undefined;
        const { id, submitter, intents, expires_at } = batch;
        expect((await world.submit(submitter, intents, { batch_id: id, expires_at })).replayed).toBe(true);
        return undefined;
      }
    }
  };

  for (const [index, each] of steps.entries()) {
    await quietly(() => act(each, index));
    await checkAlways(test);
  }
  for (let round = 0; round < 40; round++) {
    const live: Session[] = [];
    for (const { sessionId } of members) {
      const session = await world.getSession(sessionId);
      if (!isTerminal(session)) live.push(session);
    }
    if (live.length === 0) break;
    for (const session of live) await quietly(() => answer(session));
    for (const session of live.filter(({ headId }) => headId === undefined)) {
      await quietly(() => attemptDrive(test, world, session.sessionId));
    }
    world.clock.advance(61_000);
    await expireSessions(world.deps, { limit: 100 });
    await checkAlways(test);
  }

  const ends: string[] = [];
  for (const { id, submitter, intents } of batches) {
    const status = (await world.statusOf(submitter, id)) ?? "";
    ends.push(status);
    const sessions = await test.database.select("SELECT status FROM signing_sessions WHERE batch_id = ?", [id]);
    expect(sessions).toHaveLength(intents.length);
    const wanted = status === "finalized" ? "completed" : "failed";
    expect(sessions.map((row) => row["status"])).toEqual(sessions.map(() => wanted));
    const result = await world.deps.results.find(submitter.pubkey, id);
    expect(result?.kind).toBe(status === "finalized" ? 31340 : 31341);
    for (const event of intents) {
      const { action_id } = JSON.parse(event.content) as { readonly action_id: string };
      const ofAction = await world.deps.results.find(event.pubkey, action_id);
      // Of a batch that failed the actions have no outcome: another one may take them up.
      expect(ofAction).toEqual(status === "finalized" ? result : undefined);
    }
  }
  const settled = ends.filter((status) => status === "finalized").length;
  expect(await world.published(31340)).toHaveLength(settled + settledBefore);
  expect(world.arkd.totalSats()).toBe(before - lost.sats);
  expect(world.arkd.totalUnits(USD)).toBe(300n - lost.units);
  await checkBooks(
    test,
    world,
    USERS.map(({ pubkey }) => pubkey),
  );
  return ends;
}
