import { randomUUID } from "node:crypto";

import fc from "fast-check";

import { driveCeremony } from "@arkrelay/core/ceremony/drive-ceremony";
import { cancelSession } from "@arkrelay/core/session/cancel-session";
import { expireSessions } from "@arkrelay/core/session/expire-sessions";
import { requestChallenge } from "@arkrelay/core/session/request-challenge";
import { isTerminal, type Session } from "@arkrelay/core/session/session";
import { testKey } from "@arkrelay/core/testing/ark-transfer";
import type { ArkdFault } from "@arkrelay/core/testing/in-memory-arkd";
import { syncVtxos } from "@arkrelay/core/vtxo/sync-vtxos";
import { openTestDatabase, type TestDatabase } from "@arkrelay/db/testing/test-database";

import { ownerCaller } from "../testing/ceremony-world";
import { mortalDeps, type Death } from "../testing/mortal-process";
import { quietly } from "../testing/quietly";
import { gold, openRenewalWorld, type RenewalWorld } from "../testing/renewal-world";

/** How many random histories, and which: the same ones in every usual run, any others by the environment. */
const RUNS = Number(process.env["RENEWAL_RUNS"] ?? 12);
const SEED = Number(process.env["RENEWAL_SEED"] ?? 1);
const DAY_MS = 86_400_000;
const ROUNDS_MAX = 80;
/** Longer than an unanswered send may still take effect. */
const ROUND_MS = 31_000;

const USERS = ["ann", "ben"].map((name) => testKey(name));

let test: TestDatabase;

beforeAll(async () => {
  test = await openTestDatabase();
});
afterAll(() => test.close());

interface Fault {
  readonly method: "submitTx" | "finalizeTx";
  readonly fault: ArkdFault;
}

type Step =
  | { readonly kind: "renew"; readonly user: number; readonly coin: number }
  | { readonly kind: "drive" | "payouts"; readonly death: Death | null; readonly fault: Fault | null }
  | { readonly kind: "answer" | "ask" | "cancel"; readonly session: number }
  | { readonly kind: "wait"; readonly ms: number };

const death = fc.record({
  at: fc.constantFrom("commit" as const, "call" as const),
  after: fc.boolean(),
  crashAt: fc.nat({ max: 7 }),
});
const fault = fc.record({
  method: fc.constantFrom("submitTx" as const, "finalizeTx" as const),
  fault: fc.constantFrom<ArkdFault>("unavailable", "lose_reply", "refuse", "late"),
});
const worked = fc.record({
  kind: fc.constantFrom("drive" as const, "drive" as const, "payouts" as const),
  death: fc.option(death),
  fault: fc.option(fault),
});
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant("renew" as const), user: fc.nat({ max: 1 }), coin: fc.nat({ max: 2 }) }),
  },
  { weight: 8, arbitrary: worked },
  {
    weight: 6,
    arbitrary: fc.record({ kind: fc.constant("answer" as const), session: fc.nat({ max: 5 }) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constantFrom("ask" as const, "cancel" as const), session: fc.nat({ max: 5 }) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("wait" as const), ms: fc.integer({ min: 1, max: 400_000 }) }) },
);

/**
 * Renewals that begin, are signed or left lying, and are worked on by workers that die anywhere, with an arkd that loses answers, refuses
 * and goes away. However it went: nobody has a sat or a unit less than before, nobody more, each completed renewal was paid once, what ended
 * otherwise holds nothing, and the books know it all.
 */
it("a user is never short: old VTXOs or fresh ones of the same sats and units, paid once, whatever dies", async () => {
  const ends = new Set<string>();
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 6, maxLength: 22 }), async (steps) => {
      for (const end of await runHistory(steps)) ends.add(end);
    }),
    { numRuns: RUNS, seed: SEED, endOnFailure: true },
  );
  expect([...ends]).toContain("completed");
}, 600_000);

async function runHistory(steps: readonly Step[]): Promise<readonly string[]> {
  await test.empty();
  const world = await openRenewalWorld(test, { maxSessionsPerUser: 20 });
  const coins: (readonly string[])[] = [];
  for (const user of USERS) coins.push(await world.give(user, [20_000n], [30_000n], [1_000n, gold(70n)]));
  world.clock.advance(DAY_MS);
  await world.stock(100_000n, 100_000n, 100_000n, 40_000n);
  await world.stockUnits(gold(500n), gold(80n));
  for (const { pubkey } of USERS) await syncVtxos(world.deps, { ownerPubkey: pubkey });
  expect(await world.drifts()).toEqual([]);
  const before = USERS.map(({ pubkey }) => world.holdings(pubkey));
  const total = world.arkd.totalSats();
  const sessions: { readonly id: string; readonly user: number }[] = [];

  const act = async (each: Step): Promise<void> => {
    switch (each.kind) {
      case "renew": {
        const key = USERS[each.user] ?? testKey("nobody");
        const opened = await world.renew(key, [coins[each.user]?.[each.coin] ?? ""]);
        sessions.push({ id: opened.session.sessionId, user: each.user });
        return;
      }
      case "drive":
      case "payouts":
        return underFault(world, each.fault, () => {
          const deps = each.death === null ? world.deps : mortalDeps(world.deps, each.death);
          return each.kind === "payouts" ? world.runPayouts(deps) : driveAll(sessions, deps);
        });
      case "wait":
        world.clock.advance(each.ms);
        return void (await expireSessions(world.deps, { limit: 100 }));
      default: {
        const session = sessions[each.session % Math.max(sessions.length, 1)];
        if (session !== undefined) await touch(world, each.kind, session);
      }
    }
  };
  for (const each of steps) await quietly(() => act(each));

  const all = await settle(world, sessions);
  for (const [index, { pubkey }] of USERS.entries()) expect(world.holdings(pubkey)).toEqual(before[index]);
  expect(world.arkd.totalSats()).toBe(total);
  const payouts = await test.database.select("SELECT business_id, status FROM payouts ORDER BY business_id");
  const completed = all.filter(({ status }) => status === "completed").map(({ sessionId }) => sessionId);
  expect(payouts).toEqual(completed.toSorted().map((id) => ({ business_id: id, status: "final" })));
  expect(await world.locks()).toEqual([]);
  for (const assetId of ["gBTC", "gold"]) expect(await world.balance("liability:renewal", assetId)).toBe(0n);
  for (const [index, user] of USERS.entries()) {
    const renewed = all.filter((each) => each.status === "completed" && each.userPubkey === USERS[index]?.pubkey);
    expect(await world.renewedToday(user)).toBe(renewed.reduce((sum, { intent }) => sum + satsOf(intent), 0n));
  }
  expect([await world.drifts(), await world.drifts()]).toEqual([[], []]);
  return all.map(({ status }) => status);
}

const satsOf = (intent: Session["intent"]): bigint => ("amount" in intent ? intent.amount : 0n);

/** Workers take every session, whether it is due or not: a wake too many must change nothing. */
async function driveAll(sessions: readonly { readonly id: string }[], deps: RenewalWorld["deps"]): Promise<void> {
  for (const { id } of sessions) {
    const fence = randomUUID();
    await test.database.write("UPDATE signing_sessions SET attempt_token = ? WHERE session_id = ?", [fence, id]);
    await quietly(async () => void (await driveCeremony(deps, { sessionId: id, fence })));
  }
}

async function touch(
  world: RenewalWorld,
  kind: "answer" | "ask" | "cancel",
  { id, user }: { readonly id: string; readonly user: number },
): Promise<void> {
  const key = USERS[user] ?? testKey("nobody");
  const caller = ownerCaller(key.pubkey);
  if (kind === "answer") {
    if ((await world.openChallenge(id)) !== undefined) await world.answer(key, id);
    return;
  }
  await test.database.transactions.run(async (tx) => {
    if (kind === "ask") return void (await requestChallenge(world.deps, tx, { sessionId: id, caller }));
    await cancelSession(world.deps, tx, { sessionId: id, caller, reason: "changed my mind" });
  });
}

async function settle(
  world: RenewalWorld,
  sessions: readonly { readonly id: string; readonly user: number }[],
): Promise<readonly Session[]> {
  for (let round = 0; round < ROUNDS_MAX; round++) {
    const all = await Promise.all(sessions.map(({ id }) => world.getSession(id)));
    if (all.every(isTerminal)) {
      // A late send may still arrive, and must find that it has lost.
      world.clock.advance(60_000);
      await world.runPayouts();
      return all;
    }
    for (const session of sessions) {
      const open = await world.openChallenge(session.id);
      if (open?.stage === "checkpoint_txs") await quietly(() => touch(world, "answer", session));
    }
    await driveAll(sessions, world.deps);
    await quietly(() => world.runPayouts());
    world.clock.advance(ROUND_MS);
    await expireSessions(world.deps, { limit: 100 });
  }
  throw new Error("renewals do not end");
}

async function underFault(world: RenewalWorld, pending: Fault | null, work: () => Promise<void>): Promise<void> {
  let left = pending;
  world.arkd.fault = (method) => {
    if (left?.method !== method) return undefined;
    const { fault: met } = left;
    left = null;
    return met;
  };
  await work().finally(() => {
    world.arkd.fault = () => undefined;
  });
}
