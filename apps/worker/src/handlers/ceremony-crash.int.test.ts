import { randomUUID } from "node:crypto";

import fc from "fast-check";

import { driveCeremony } from "@arkrelay/core/ceremony/drive-ceremony";
import { AppError } from "@arkrelay/core/errors";
import type { Transactions } from "@arkrelay/core/ports/transactions";
import { cancelSession } from "@arkrelay/core/session/cancel-session";
import { expireSessions } from "@arkrelay/core/session/expire-sessions";
import { isTerminal } from "@arkrelay/core/session/session";
import type { CeremonyDeps } from "@arkrelay/core/session/session-deps";
import { testKey, type TestKey } from "@arkrelay/core/testing/ark-transfer";
import { syncVtxos } from "@arkrelay/core/vtxo/sync-vtxos";
import { GBTC } from "@arkrelay/core/vtxo/vtxo";
import { openTestDatabase, type TestDatabase } from "@arkrelay/db/testing/test-database";

import { openCeremonyWorld, ownerCaller, type CeremonyWorld } from "../testing/ceremony-world";

/** A sample in the usual run; `CEREMONY_RUNS=500 npm test -- ceremony-crash` for the long one, `CEREMONY_SEED` to repeat one. */
const RUNS = Number(process.env["CEREMONY_RUNS"] ?? 25);
const SEED = process.env["CEREMONY_SEED"];

const USERS = ["u0", "u1", "u2"].map(testKey);
const FUNDS_SATS = 50_000n;

/** Dropped memory: the process dies at this point. Nothing in the product catches it by name. */
class Crash extends Error {}

const step = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant("open" as const),
      user: fc.nat(2),
      to: fc.nat(2),
      amount: fc.integer({ min: 330, max: 49_000 }),
    }),
  },
  {
    weight: 10,
    arbitrary: fc.record({
      kind: fc.constant("drive" as const),
      session: fc.nat(5),
      crashAt: fc.option(fc.nat(7)),
      after: fc.boolean(),
      fault: fc.option(fc.constantFrom("lose_reply" as const, "unavailable" as const, "refuse" as const)),
    }),
  },
  {
    weight: 8,
    arbitrary: fc.record({ kind: fc.constant("answer" as const), session: fc.nat(5), wrongKey: fc.boolean() }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("cancel" as const), session: fc.nat(5) }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant("advance" as const), seconds: fc.integer({ min: 1, max: 400 }) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("expire" as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("spend_elsewhere" as const), user: fc.nat(2) }) },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

let test: TestDatabase;

beforeAll(async () => {
  test = await openTestDatabase();
});
afterAll(() => test.close());

it("conserves sats, ends every session, frees every lock and tells one outcome per action, however it is crashed", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 15, maxLength: 40 }), async (steps) => {
      await test.empty();
      const run = await startRun();
      for (const each of steps) await run.take(each);
      await run.settleAll();
      await run.check();
    }),
    { numRuns: RUNS, ...(SEED === undefined ? {} : { seed: Number(SEED) }), endOnFailure: true },
  );
}, 1_200_000);

async function startRun() {
  const world = await openCeremonyWorld(test);
  for (const user of USERS) world.arkd.fund(user.pubkey, FUNDS_SATS);
  await world.stockFees(6);
  const sessions: { readonly id: string; readonly user: TestKey }[] = [];
  let lostElsewhere = 0n;
  const before = world.arkd.totalSats();

  const quietly = async (act: () => Promise<unknown>): Promise<void> => {
    try {
      await act();
    } catch (thrown) {
      // Refusals are answers; a crash is the point of the exercise. Anything else is a bug.
      if (isCrash(thrown)) return;
      if (thrown instanceof AppError && thrown.code !== "internal_error") return;
      throw thrown;
    }
  };

  const take = async (each: Step): Promise<void> => {
    const session = "session" in each ? sessions[each.session % Math.max(sessions.length, 1)] : undefined;
    switch (each.kind) {
      case "open": {
        const user = USERS[each.user] ?? testKey("u0");
        const recipient = each.to === each.user ? testKey("outsider") : (USERS[each.to] ?? testKey("outsider"));
        const params = { asset_id: GBTC, amount: each.amount, recipient_pubkey: recipient.pubkey };
        return quietly(async () => {
          const opened = await world.open(user, { params });
          sessions.push({ id: opened.session.sessionId, user });
        });
      }
      case "drive":
        return session === undefined ? undefined : quietly(() => driveWithFaults(world, session.id, each));
      case "answer":
        return session === undefined ? undefined : quietly(() => answer(world, session, each.wrongKey));
      case "cancel":
        if (session === undefined) return undefined;
        return quietly(() =>
          test.database.transactions.run((tx) =>
            cancelSession(world.deps, tx, {
              sessionId: session.id,
              caller: ownerCaller(session.user.pubkey),
              reason: "no",
            }),
          ),
        );
      case "advance":
        return world.clock.advance(each.seconds * 1000);
      case "expire":
        return quietly(() => expireSessions(world.deps, { limit: 100 }));
      case "spend_elsewhere":
        lostElsewhere += spendElsewhere(world, USERS[each.user]?.pubkey ?? "");
    }
  };

  /** The wallets come back, arkd answers, time passes: everything must come to its end by itself. */
  const settleAll = async (): Promise<void> => {
    for (let round = 0; round < 40; round++) {
      const open = [];
      for (const session of sessions) if (!isTerminal(await world.getSession(session.id))) open.push(session);
      if (open.length === 0) return;
      for (const session of open) {
        await quietly(() => world.drive(session.id));
        if ((await world.openChallenge(session.id)) !== undefined)
          await quietly(() => world.answer(session.user, session.id));
      }
      world.clock.advance(61_000);
    }
    throw new Error(`sessions do not end: ${JSON.stringify(await statesOf(world, sessions))}`);
  };

  const check = async (): Promise<void> => {
    expect(world.arkd.totalSats()).toBe(before - lostElsewhere);
    const [locks] = await test.database.select("SELECT COUNT(*) AS n FROM vtxos WHERE locked_by IS NOT NULL");
    expect(locks?.["n"]).toBe(0);
    await checkOutcomes(
      world,
      sessions.map((each) => each.id),
    );
    await checkBooks(world);
  };
  return { take, settleAll, check };
}

/** Crashes before or after the n-th commit of this drive, with arkd failing once. */
async function driveWithFaults(
  world: CeremonyWorld,
  sessionId: string,
  plan: Extract<Step, { kind: "drive" }>,
): Promise<void> {
  const { fault } = plan;
  world.arkd.fault = (method) => {
    if (fault === null || (method === "read" && fault !== "unavailable")) return undefined;
    world.arkd.fault = () => undefined;
    return fault;
  };
  const fence = randomUUID();
  await test.database.write("UPDATE signing_sessions SET attempt_token = ? WHERE session_id = ?", [fence, sessionId]);
  try {
    const process = mortal(world, plan.crashAt, plan.after);
    await driveCeremony(process, { sessionId, fence });
  } finally {
    world.arkd.fault = () => undefined;
  }
}

/** The world as one process sees it that dies at the n-th commit: from then on it reaches neither database nor arkd. */
function mortal(world: CeremonyWorld, crashAt: number | null, after: boolean): CeremonyDeps {
  const { transactions: real, arkd } = world.deps;
  let commits = 0;
  let isDead = false;
  const live = <T>(act: () => Promise<T>): Promise<T> => (isDead ? Promise.reject(new Crash()) : act());
  const transactions: Transactions = {
    savepoint: (tx, work) => real.savepoint(tx, work),
    run: (work) =>
      live(async () => {
        const dies = commits++ === crashAt;
        isDead = dies;
        if (dies && !after) throw new Crash();
        const result = await real.run(work);
        if (dies) throw new Crash();
        return result;
      }),
  };
  return {
    ...world.deps,
    transactions,
    arkd: {
      getInfo: () => live(() => arkd.getInfo()),
      submitTx: (input) => live(() => arkd.submitTx(input)),
      finalizeTx: (input) => live(() => arkd.finalizeTx(input)),
      getPendingTxs: (intent) => live(() => arkd.getPendingTxs(intent)),
      listVtxosByScripts: (scripts, filter) => live(() => arkd.listVtxosByScripts(scripts, filter)),
      listVtxosByOutpoints: (ids) => live(() => arkd.listVtxosByOutpoints(ids)),
    },
  };
}

/** The product may have wrapped it on its way up. */
function isCrash(thrown: unknown): boolean {
  return thrown instanceof Crash || (thrown instanceof Error && isCrash(thrown.cause));
}

async function answer(
  world: CeremonyWorld,
  session: { readonly id: string; readonly user: TestKey },
  wrongKey: boolean,
): Promise<void> {
  if ((await world.openChallenge(session.id)) === undefined) return;
  await world.answer(session.user, session.id, wrongKey ? ownerCaller(testKey("mallory").pubkey) : undefined);
}

/** The owner spends one of its VTXOs with another wallet, unless a transfer that arkd accepted has it already. */
function spendElsewhere(world: CeremonyWorld, pubkey: string): bigint {
  const own = [...world.arkd.vtxos.values()].find((vtxo) => !vtxo.isSpent && world.arkd.isOwnedBy(vtxo, pubkey));
  if (own === undefined) return 0n;
  world.arkd.spendElsewhere(own.vtxoId);
  return own.amountSats;
}

async function statesOf(world: CeremonyWorld, sessions: readonly { readonly id: string }[]) {
  return Promise.all(
    sessions.map(async ({ id }) => {
      const { status, ceremonyState, errorCode } = await world.getSession(id);
      return { status, ceremonyState, errorCode };
    }),
  );
}

/** One result per session, of the kind its state says, and one published event at most. */
async function checkOutcomes(world: CeremonyWorld, ids: readonly string[]): Promise<void> {
  for (const id of ids) {
    const session = await world.getSession(id);
    const result = await world.deps.results.find(session.userPubkey, session.intent.actionId);
    expect(result?.kind).toBe(session.status === "completed" ? 31340 : 31341);
    const [row] = await test.database.select(
      "SELECT COUNT(*) AS n FROM nostr_outbox WHERE event_id = ? AND status <> 'superseded'",
      [result?.eventId ?? ""],
    );
    expect(row?.["n"]).toBe(1);
  }
}

/** The ledger sums to zero and holds ten sats per completed transfer; the mirror equals arkd's set. */
async function checkBooks(world: CeremonyWorld): Promise<void> {
  const [sums] = await test.database.select(
    `SELECT COALESCE(SUM(amount), 0) AS total, COALESCE(SUM(IF(amount > 0, amount, 0)), 0) AS fees,
       (SELECT COUNT(*) FROM signing_sessions WHERE status = 'completed') AS completed FROM ledger_postings`,
  );
  expect(Number(sums?.["total"])).toBe(0);
  expect(Number(sums?.["fees"])).toBe(Number(sums?.["completed"]) * 10_000);
  for (const user of [...USERS, testKey("outsider")]) {
    await syncVtxos(world.deps, { ownerPubkey: user.pubkey });
    const live = await world.deps.vtxos.listLive(undefined, user.pubkey, 1_000);
    const atArkd = [...world.arkd.vtxos.values()].filter(
      (vtxo) => !vtxo.isSpent && world.arkd.isOwnedBy(vtxo, user.pubkey),
    );
    expect(live.map((vtxo) => vtxo.vtxoId).toSorted()).toEqual(atArkd.map((vtxo) => vtxo.vtxoId).toSorted());
  }
}
