import { CeremonyTimeoutError, PaymentFailedError, RetryExceededError } from "@arkrelay/sdk/errors";
import { GatewayClient } from "@arkrelay/sdk/gateway-client";
import type { PaymentResult } from "@arkrelay/sdk/payment-flow";

import { devnetState, fund } from "./control-api";
import { eventually } from "./eventually";
import { flushRedis } from "./flush-redis";
import { inBatches } from "./in-batches";
import { startKilling } from "./process-killer";
import { watchResults } from "./result-watcher";
import { type RunningStack, START_TIMEOUT_MS, startStack } from "./running-stack";
import { seededRandom } from "./seeded-random";
import { type WalletUser, aUser } from "./wallet-user";

const TRANSFER_COUNT = 50;
const JOB_COUNT = 1_000;
const KILL_COUNT_MAX = 12;
const FUNDED_SATS = 20_000;
const AMOUNT_SATS = 6_000;
const FEE_SATS = 10;
const SEED = Number(process.env["DRILL_SEED"] ?? Date.now() % 1_000_000);

/** A gateway process that was killed is back within seconds; a client that knows that simply keeps asking. */
const PATIENT = {
  timeoutMs: 60_000,
  retry: { maxAttempts: 200, backoffBaseMs: 300, backoffFactor: 1, jitterMs: 100 },
};

jest.setTimeout(420_000);

let stack: RunningStack;

beforeAll(async () => {
  stack = await startStack();
}, START_TIMEOUT_MS);

afterAll(async () => {
  await stack?.stop();
});

interface Outcome {
  readonly sender: WalletUser;
  readonly recipient: WalletUser;
  readonly result: PaymentResult | "failed" | "unknown";
}

describe(`kill -9 of the gateway's processes during ${TRANSFER_COUNT} transfers (DRILL_SEED=${SEED})`, () => {
  it("settles or cleanly fails every one, loses no sat, leaves no lock and gives one result per action", async () => {
    const random = seededRandom(SEED);
    const before = await devnetState(stack.info);
    const users = await inBatches(
      Array.from({ length: TRANSFER_COUNT }, () => () => aFundedUser()),
      10,
    );
    const results = await watchResults(stack.info);
    const killer = startKilling(stack, random, KILL_COUNT_MAX);
    const outcomes = await inBatches(
      users.map((sender, index) => () => pay(sender, users[(index + 1) % users.length] ?? sender, index % 2 === 0)),
      8,
    );
    const killed = await killer.stop();
    expect(killed.length).toBeGreaterThan(3);

    await eventually(async () => expect(await openSessions(users)).toEqual([]), 180_000);
    await expectBooksToMatch(users, outcomes);
    const after = await devnetState(stack.info);
    expect(after.drift).toBe(0);
    expect(after.arkd.live_sats).toBe(after.arkd.issued_sats);
    expect(after.arkd.issued_sats - before.arkd.issued_sats).toBe(TRANSFER_COUNT * FUNDED_SATS);
    // Every payment over Nostr has its one result; those over HTTP alone have none to publish.
    await eventually(async () => expect(results.seen.size).toBe(TRANSFER_COUNT / 2));
    for (const [intent, events] of results.seen) expect([intent, events.size]).toEqual([intent, 1]);
    expect(outcomes.filter(({ result }) => typeof result === "object").length).toBeGreaterThan(TRANSFER_COUNT / 2);
    results.stop();
    for (const user of users) user.close();
  });
});

async function aFundedUser(): Promise<WalletUser> {
  const user = await aUser(stack.info, PATIENT);
  await fund(stack.info, user.pubkey, FUNDED_SATS);
  return user;
}

/** Every end but a settlement or a typed failure is "unknown" here; the sessions and arkd tell later what it was. */
async function pay(sender: WalletUser, recipient: WalletUser, overNostr: boolean): Promise<Outcome> {
  const payment = { recipient: recipient.pubkey, amountSats: AMOUNT_SATS, timeoutMs: 120_000 };
  try {
    const result = await (overNostr ? sender.wallet.payOverNostr(payment) : sender.wallet.payOverHttp(payment));
    return { sender, recipient, result };
  } catch (error) {
    if (error instanceof PaymentFailedError) return { sender, recipient, result: "failed" };
    const isUnknown = error instanceof CeremonyTimeoutError || error instanceof RetryExceededError;
    if (isUnknown) return { sender, recipient, result: "unknown" };
    throw error;
  }
}

const ENDS = new Set(["completed", "failed", "expired"]);

async function openSessions(users: readonly WalletUser[]): Promise<string[]> {
  const open = await inBatches(
    users.map((user) => async () => {
      const { sessions } = await user.client.listSessions({ user_pubkey: user.pubkey }, { as: "owner" });
      return sessions.filter((session) => !ENDS.has(session.status)).map((session) => session.session_id);
    }),
    10,
  );
  return open.flat();
}

/** What arkd holds for each user is what the outcomes say, the gateway shows the same, and nothing is locked. */
async function expectBooksToMatch(users: readonly WalletUser[], outcomes: readonly Outcome[]): Promise<void> {
  const settled = await inBatches(
    outcomes.map((outcome) => async () => ((await isSettled(outcome)) ? [outcome] : [])),
    10,
  ).then((lists) => lists.flat());
  for (const user of users) {
    const sent = settled.filter(({ sender }) => sender === user).length;
    const received = settled.filter(({ recipient }) => recipient === user).length;
    const expected = FUNDED_SATS - sent * (AMOUNT_SATS + FEE_SATS) + received * AMOUNT_SATS;
    expect(await user.liveSatsAtArkd()).toBe(BigInt(expected));
    await eventually(async () => expect(await user.balance()).toEqual({ balance: expected, reserved: 0 }));
    const { vtxo_management } = await user.client.listVtxos(user.pubkey, {}, { as: "owner" });
    expect(vtxo_management.vtxos.filter((vtxo) => vtxo.locked)).toEqual([]);
  }
}

/** The gateway's word on the sender's only session; the wallet's own knowledge must not contradict it. */
async function isSettled({ sender, result }: Outcome): Promise<boolean> {
  const { sessions } = await sender.client.listSessions({ user_pubkey: sender.pubkey }, { as: "owner" });
  const isCompleted = sessions.some((session) => session.status === "completed");
  if (result !== "unknown") expect(isCompleted).toBe(typeof result === "object");
  return isCompleted;
}

describe(`wiping Redis in the middle of ${JOB_COUNT} jobs`, () => {
  it("completes every job, and none twice", async () => {
    const client = new GatewayClient(stack.info.api_url, PATIENT);
    const half = JOB_COUNT / 2;
    const enqueue = (index: number) => async () =>
      (await client.enqueueUserProcess({ user_id: `drill-${index}`, data: { index, amount: index } })).job_id;
    const indexes = Array.from({ length: JOB_COUNT }, (_, index) => index);
    const first = await inBatches(indexes.slice(0, half).map(enqueue), 25);
    await flushRedis(stack.info.redis_url);
    const second = await inBatches(indexes.slice(half).map(enqueue), 25);
    await flushRedis(stack.info.redis_url);
    const jobIds = [...first, ...second];
    expect(new Set(jobIds).size).toBe(JOB_COUNT);

    const jobs = await inBatches(
      jobIds.map(
        (jobId) => () => client.waitForJob(jobId, { intervalMs: 1_000, signal: AbortSignal.timeout(300_000) }),
      ),
      25,
    );
    expect(jobs.filter((job) => job.status !== "completed")).toEqual([]);
    expect(jobs.filter((job) => job.attempts !== 1)).toEqual([]);
  });
});
