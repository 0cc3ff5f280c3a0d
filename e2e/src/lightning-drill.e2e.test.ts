import { createHash } from "node:crypto";

import { z } from "zod";

import { devnetState, fund, outsidePayment } from "./control-api";
import { eventually } from "./eventually";
import { inBatches } from "./in-batches";
import { LAND_FEE_SATS, LAND_SATS, LIFT_SATS, letGo, loadUntil, type Operation } from "./lightning-load";
import { startKilling } from "./process-killer";
import { type RunningStack, START_TIMEOUT_MS, startStack } from "./running-stack";
import { seededRandom } from "./seeded-random";
import { startTrouble } from "./trouble-maker";
import { type WalletUser, aUser } from "./wallet-user";

const SEED = Number(process.env["DRILL_SEED"] ?? Date.now() % 1_000_000);
/** Five minutes by `DRILL_SECONDS=300`. */
const SECONDS = Number(process.env["DRILL_SECONDS"] ?? 15);
const USERS = 6;
const COINS = 12;
const COIN_SATS = 30_000;
const SETTLE_MS = 240_000;
const ROUNDING_SATS = 5;
const OPEN_SESSIONS = ["initiated", "challenge_sent", "awaiting_signature", "signing"];
const VICTIMS = ["worker", "worker_2", "services_runner", "services_runner_2"];

/** A gateway process that was killed is back within seconds; a client that knows that simply keeps asking. */
const PATIENT = {
  timeoutMs: 60_000,
  retry: { maxAttempts: 200, backoffBaseMs: 300, backoffFactor: 1, jitterMs: 100 },
};

jest.setTimeout((SECONDS + 900) * 1000);

let stack: RunningStack;
beforeAll(async () => {
  // Periods of a fiftieth: what is looked at every quarter of an hour is looked at every 18 s.
  stack = await startStack(["--workers", "2", "--services", "2"], { POLL_SECONDS_SCALE: "0.02" });
}, START_TIMEOUT_MS);
let users: WalletUser[] = [];
afterAll(async () => {
  for (const user of users) user.close();
  await stack?.stop();
});

const ENDS: Readonly<Record<Operation["kind"], ReadonlySet<string>>> = {
  lift: new Set(["paid", "lost", "expired", "cancelled"]),
  land: new Set(["paid", "refunded", "failed", "cancelled", "expired"]),
};

describe(`kill -9 of workers and listeners, daemons restarted and replies lost for ${SECONDS} s (DRILL_SEED=${SEED})`, () => {
  it("pays and credits nothing twice, leaves nobody short, and the books agree with the daemons", async () => {
    const random = seededRandom(SEED);
    users = await inBatches(
      Array.from({ length: USERS }, () => async () => {
        const user = await aUser(stack.info, PATIENT);
        await fund(stack.info, user.pubkey, COIN_SATS, COINS);
        return user;
      }),
      3,
    );
    const before = await devnetState(stack.info);
    const killer = startKilling(stack, random, Number.POSITIVE_INFINITY, VICTIMS);
    const trouble = startTrouble(stack.info, random);
    const loading = loadUntil(Date.now() + SECONDS * 1000, { stack: stack.info, users, random });
    await Promise.allSettled([loading]);
    const troubles = await trouble.stop();
    const killed = await killer.stop();
    const { operations, held, following, surprises, heard } = await loading;
    for (const { paymentHash } of held) await letGo(stack.info, paymentHash, random);

    await waitForEnds(operations);
    await eventually(() => expectNoOpenSession(users), SETTLE_MS);
    await Promise.all(following);
    // Read again: until its wallet has ended, an intent that the gateway never saw may still arrive.
    const endings = await waitForEnds(operations);
    expect(surprises).toEqual([]);
    await expectSettled(users, operations, endings);
    await expectOutsidePaid(operations, endings, before.lnd.outside_sats);
    await expectBooks();
    report({ killed: killed.length, troubles, endings: countEndings(operations, endings), heard });
    expect(killed.length).toBeGreaterThan(SECONDS / 10);
    expect(endings.filter((end) => end === "paid").length).toBeGreaterThan(operations.length / 3);
  });
});

function waitForEnds(operations: readonly Operation[]): Promise<(string | undefined)[]> {
  return inBatches(
    operations.map((operation) => () => waitForEnd(operation)),
    8,
  );
}

/** undefined = the gateway never heard of it. */
async function waitForEnd({ kind, user, paymentHash }: Operation): Promise<string | undefined> {
  return eventually(async () => {
    const read = await user.client.getInvoice(paymentHash, { as: "owner" }).catch((error: unknown) => {
      if (isNotFound(error)) return undefined;
      throw error;
    });
    if (read !== undefined && !ENDS[kind].has(read.status)) {
      await giveUp(user);
      throw new Error(`${kind} ${paymentHash} is ${read.status}`);
    }
    return read?.status;
  }, SETTLE_MS);
}

function isNotFound(error: unknown): boolean {
  return error instanceof Error && "status" in error && error.status === 404;
}

/** A wallet that lost its way calls its open sessions off; those that arkd has it cannot. */
async function giveUp(user: WalletUser): Promise<void> {
  for (const status of ["initiated", "challenge_sent"])
    for (const sessionId of await listSessionIds(user, status))
      await user.client.failSession(sessionId, "the drill is over", { as: "owner" }).catch(() => undefined);
}

/** Also those of lifts that were begun without the client hearing of it, which nobody can pay. */
async function expectNoOpenSession(users: readonly WalletUser[]): Promise<void> {
  for (const user of users) await giveUp(user);
  const open = await Promise.all(users.flatMap((user) => OPEN_SESSIONS.map((status) => listSessionIds(user, status))));
  expect(open.flat()).toEqual([]);
}

async function listSessionIds(user: WalletUser, status: string): Promise<string[]> {
  const { sessions } = await user.client.listSessions({ user_pubkey: user.pubkey, status }, { as: "owner" });
  return sessions.map((session) => session.session_id);
}

/** Every user has at arkd what the outcomes say, every payer and payee too, and nothing is locked or open. */
async function expectSettled(
  users: readonly WalletUser[],
  operations: readonly Operation[],
  endings: readonly (string | undefined)[],
): Promise<void> {
  const of = (user: WalletUser, kind: Operation["kind"], ends: readonly string[]): number =>
    operations.filter((each, index) => each.user === user && each.kind === kind && ends.includes(endings[index] ?? ""))
      .length;
  for (const user of users) {
    const expected =
      COINS * COIN_SATS +
      of(user, "lift", ["paid", "lost"]) * LIFT_SATS -
      of(user, "land", ["paid"]) * (LAND_SATS + LAND_FEE_SATS);
    await eventually(async () => expect(await user.liveSatsAtArkd()).toBe(BigInt(expected)));
    const { vtxo_management } = await user.client.listVtxos(user.pubkey, {}, { as: "owner" });
    expect(vtxo_management.vtxos.filter((vtxo) => vtxo.locked)).toEqual([]);
  }
  for (const [index, { kind, paymentHash }] of operations.entries()) {
    if (kind !== "lift") continue;
    const payment = await outsidePayment(stack.info, paymentHash);
    const isPaid = endings[index] === "paid";
    expect([paymentHash, payment?.status ?? "never sent"]).toEqual([
      paymentHash,
      isPaid ? "succeeded" : expect.stringMatching(/^(failed|never sent)$/),
    ]);
  }
}

/** The wallets outside got every paid land once and nothing of the others, and every land that is paid has its proof. */
async function expectOutsidePaid(
  operations: readonly Operation[],
  endings: readonly (string | undefined)[],
  outsideSatsBefore: number,
): Promise<void> {
  const paid = operations.filter((_operation, index) => endings[index] === "paid");
  const lands = paid.filter(({ kind }) => kind === "land");
  const lifts = paid.filter(({ kind }) => kind === "lift");
  const expected = lands.length * LAND_SATS - lifts.length * LIFT_SATS;
  const { outside_sats, in_flight_sats } = (await devnetState(stack.info)).lnd;
  expect(in_flight_sats).toBe(0);
  // The outside is what the other parts leave over, each rounded to sats.
  expect(Math.abs(outside_sats - outsideSatsBefore - expected)).toBeLessThan(ROUNDING_SATS);
  for (const { user, paymentHash } of lands) {
    const { preimage } = await user.client.getInvoice(paymentHash, { as: "owner" });
    expect(
      createHash("sha256")
        .update(preimage ?? "", "hex")
        .digest("hex"),
    ).toBe(paymentHash);
  }
}

const driftSchema = z.looseObject({
  drift: z.array(z.looseObject({ source: z.string(), account: z.string(), drift: z.int(), checked_at: z.string() })),
});
const accountsSchema = z.looseObject({
  accounts: z.array(z.looseObject({ account: z.string(), asset_id: z.string(), balance: z.int() })),
});

/** The ledger sums to zero, owes nobody, and two comparisons after the end find no difference; nothing is unknown; nothing is lost. */
async function expectBooks(): Promise<void> {
  const { accounts } = accountsSchema.parse(await admin("/admin/ledger/accounts"));
  expect(accounts.reduce((sum, { balance }) => sum + balance, 0)).toBe(0);
  const open = accounts.filter(({ account }) => ["liability:land", "receivable:lift"].includes(account));
  expect(open.filter(({ balance }) => balance !== 0)).toEqual([]);
  const endedAt = Date.now();
  await eventually(async () => {
    const { drift } = driftSchema.parse(await admin("/admin/ledger/drift"));
    const fresh = drift.filter(({ checked_at }) => Date.parse(checked_at) > endedAt);
    expect(fresh.map(({ account }) => account).sort()).toEqual(["asset:ark", "asset:ln", "asset:onchain"]);
    // Less than lnd's own rounding to sats is none.
    expect(fresh.filter(({ drift: counted }) => counted !== 0)).toEqual([]);
  }, 120_000);
  expect(await admin("/admin/lightning/unknown")).toMatchObject({ unknown: [] });
  expect((await devnetState(stack.info)).drift).toBe(0);
}

async function admin(path: string): Promise<unknown> {
  const response = await fetch(`${stack.info.api_url}${path}`, { headers: { "x-admin-key": stack.info.admin_key } });
  if (!response.ok) throw new Error(`${path}: HTTP ${response.status}`);
  return response.json();
}

function countEndings(
  operations: readonly Operation[],
  endings: readonly (string | undefined)[],
): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const [index, { kind }] of operations.entries()) {
    const name = `${kind} ${endings[index] ?? "never opened"}`;
    counts[name] = (counts[name] ?? 0) + 1;
  }
  return counts;
}

/** Only for a run that was asked for. */
function report(numbers: object): void {
  if (process.env["DRILL_SECONDS"] !== undefined) process.stderr.write(`${JSON.stringify(numbers)}\n`);
}
