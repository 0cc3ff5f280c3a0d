import { z } from "zod";

import { RetryExceededError, UnavailableError } from "@arkrelay/sdk/errors";
import { executeLandFlow } from "@arkrelay/sdk/lightning-operations";

import {
  cancelOutside,
  devnetState,
  fund,
  outsideInvoice,
  outsidePayment,
  payFromOutside,
  settleOutside,
} from "./control-api";
import { eventually } from "./eventually";
import { inBatches } from "./in-batches";
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
const LIFT_SATS = 5_000;
const LAND_SATS = 4_000;
const LAND_FEE_SATS = 4;
const SETTLE_MS = 240_000;
/** A breaker that these faults have opened stays open for a minute. */
const INVOICE_MS = 180_000;
const VICTIMS = ["worker", "worker_2", "services_runner", "services_runner_2"];

/** A gateway process that was killed is back within seconds; a client that knows that simply keeps asking. */
const PATIENT = {
  timeoutMs: 60_000,
  retry: { maxAttempts: 200, backoffBaseMs: 300, backoffFactor: 1, jitterMs: 100 },
};

jest.setTimeout((SECONDS + 600) * 1000);

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

interface Operation {
  readonly kind: "lift" | "land";
  readonly user: WalletUser;
  readonly paymentHash: string;
}

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
    const operations: Operation[] = [];
    const held: string[] = [];
    const killer = startKilling(stack, random, Number.POSITIVE_INFINITY, VICTIMS);
    const trouble = startTrouble(stack.info, random);
    const deadline = Date.now() + SECONDS * 1000;
    const loaded = await Promise.allSettled(users.map((user) => load(user, random, deadline, operations, held)));
    const troubles = await trouble.stop();
    const killed = await killer.stop();
    expect(loaded.filter(({ status }) => status === "rejected")).toEqual([]);
    for (const [index, hash] of held.entries())
      await (index % 2 === 0 ? settleOutside : cancelOutside)(stack.info, hash).catch(() => undefined);

    const endings = await inBatches(
      operations.map((operation) => () => waitForEnd(operation)),
      8,
    );
    await expectSettled(users, operations, endings);
    await expectBooks();
    report({ killed: killed.length, troubles, endings: countEndings(operations, endings) });
    expect(killed.length).toBeGreaterThan(SECONDS / 10);
    expect(endings.filter((end) => end === "paid").length).toBeGreaterThan(operations.length / 3);
  });
});

/** One user's business: a lift or a land, again and again. */
async function load(
  user: WalletUser,
  random: () => number,
  deadline: number,
  operations: Operation[],
  held: string[],
): Promise<void> {
  while (Date.now() < deadline) {
    if (random() < 0.5) await lift(user, random, operations);
    else await land(user, random, operations, held);
  }
}

async function lift(user: WalletUser, random: () => number, operations: Operation[]): Promise<void> {
  const begun = await user.client
    .lightningLift(user.pubkey, "gBTC", LIFT_SATS, { as: "owner", idempotencyKey: crypto.randomUUID() })
    .catch((error: unknown) => {
      // lnd is known to be away, for longer than a client waits: nothing was begun.
      if (error instanceof RetryExceededError || error instanceof UnavailableError) return undefined;
      throw error;
    });
  if (begun === undefined) return;
  const { payment_hash: paymentHash } = begun;
  operations.push({ kind: "lift", user, paymentHash });
  const bolt11 = await eventually(async () => {
    const { bolt11_invoice, status } = await user.client.getInvoice(paymentHash);
    if (!bolt11_invoice && status === "pending") throw new Error("no invoice yet");
    return bolt11_invoice;
  }, INVOICE_MS);
  if (!bolt11) return;
  await payFromOutside(stack.info, bolt11);
  // An impatient payer tries again; lnd lets no hash be paid twice.
  if (random() < 0.2) await payFromOutside(stack.info, bolt11).catch(() => undefined);
}

async function land(user: WalletUser, random: () => number, operations: Operation[], held: string[]): Promise<void> {
  const dice = random();
  const isHeld = dice < 0.3;
  const { bolt11, paymentHash } = await outsideInvoice(stack.info, LAND_SATS, { hold: isHeld });
  operations.push({ kind: "land", user, paymentHash });
  if (dice < 0.1) await cancelOutside(stack.info, paymentHash);
  const { nostr: _nostr, ...overHttp } = user.flowOptions;
  const landing = executeLandFlow(random() < 0.5 ? overHttp : user.flowOptions, {
    amountSats: LAND_SATS,
    invoice: bolt11,
    timeoutMs: 120_000,
  });
  // How it ended for the wallet is not what is looked at: the gateway, arkd and lnd say what became of it.
  const ended = landing.then(
    () => undefined,
    () => undefined,
  );
  if (!isHeld || dice < 0.1) return ended;
  held.push(paymentHash);
  await eventually(async () => {
    const { status } = await user.client.getInvoice(paymentHash, { as: "owner" });
    if (status === "pending_payment" || status === "received") throw new Error("not on its way yet");
  }, 60_000).catch(() => undefined);
  if (dice < 0.2) await settleOutside(stack.info, paymentHash).catch(() => undefined);
}

/** undefined = the gateway never heard of it. */
async function waitForEnd({ kind, user, paymentHash }: Operation): Promise<string | undefined> {
  return eventually(async () => {
    const read = await user.client.getInvoice(paymentHash, { as: "owner" }).catch((error: unknown) => {
      if (isNotFound(error)) return undefined;
      throw error;
    });
    if (read !== undefined && !ENDS[kind].has(read.status)) {
      await giveUp(user, paymentHash);
      throw new Error(`${kind} ${paymentHash} is ${read.status}`);
    }
    return read?.status;
  }, SETTLE_MS);
}

function isNotFound(error: unknown): boolean {
  return error instanceof Error && "status" in error && error.status === 404;
}

/** A wallet that lost its way calls its open sessions off; those that arkd has it cannot. */
async function giveUp(user: WalletUser, _paymentHash: string): Promise<void> {
  const { sessions } = await user.client.listSessions({ user_pubkey: user.pubkey }, { as: "owner" });
  for (const session of sessions) {
    if (!["initiated", "challenge_sent"].includes(session.status)) continue;
    await user.client.failSession(session.session_id, "the drill is over", { as: "owner" }).catch(() => undefined);
  }
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
    const { status } = await outsidePayment(stack.info, paymentHash);
    expect([paymentHash, status]).toEqual([paymentHash, endings[index] === "paid" ? "succeeded" : "failed"]);
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
