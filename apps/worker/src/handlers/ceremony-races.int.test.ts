import { randomUUID } from "node:crypto";

import { driveCeremony } from "@arkrelay/core/ceremony/drive-ceremony";
import { AppError } from "@arkrelay/core/errors";
import { requestChallenge } from "@arkrelay/core/session/request-challenge";
import { respondToChallenge } from "@arkrelay/core/session/respond-to-challenge";
import { ALICE, BOB, testKey, type TestKey } from "@arkrelay/core/testing/ark-transfer";
import { GBTC } from "@arkrelay/core/vtxo/vtxo";
import { DrizzleNostrEventStore } from "@arkrelay/db/stores/nostr-event-store";
import { DrizzleStuckCeremonies } from "@arkrelay/db/stores/stuck-ceremonies";
import { openTestDatabase, type TestDatabase } from "@arkrelay/db/testing/test-database";

import { openCeremonyWorld, ownerCaller, solverCaller, type CeremonyWorld } from "../testing/ceremony-world";

let test: TestDatabase;
let world: CeremonyWorld;

beforeAll(async () => {
  test = await openTestDatabase({ poolSize: 20 });
});
afterAll(() => test.close());
beforeEach(async () => {
  await test.empty();
  world = await openCeremonyWorld(test);
  await world.stockFees(6);
});

const pay = (amount: number, recipient: TestKey = BOB) => ({
  params: { asset_id: GBTC, amount, recipient_pubkey: recipient.pubkey },
});

const signedIntent = (actionId: string, lifeSeconds: number) => ({
  action_id: actionId,
  type: "p2p_transfer",
  params: { ...pay(40_000).params, fee_asset_id: GBTC, fee_amount: 10 },
  expires_at: Math.floor(world.clock.now().getTime() / 1000) + lifeSeconds,
});

/** Opened, challenged, answered: the next drive submits. */
async function toSubmit(user: TestKey, amount = 40_000): Promise<string> {
  const { session } = await world.open(user, pay(amount));
  await world.drive(session.sessionId);
  await world.answer(user, session.sessionId);
  return session.sessionId;
}

async function finish(user: TestKey, sessionId: string): Promise<void> {
  if ((await world.openChallenge(sessionId)) !== undefined) await world.answer(user, sessionId);
  await world.drive(sessionId);
}

const resultKinds = async (): Promise<unknown[]> =>
  (await test.database.select("SELECT kind FROM results ORDER BY kind")).map((row) => row["kind"]);

const lockedVtxos = async (): Promise<number> => {
  const [row] = await test.database.select("SELECT COUNT(*) AS n FROM vtxos WHERE locked_by IS NOT NULL");
  return Number(row?.["n"]);
};

describe("the one outcome of an action", () => {
  /** An intent that arkd has accepted when its own time is up. */
  const acceptedIntent = async () => {
    world.arkd.fund(ALICE.pubkey, 60_000n);
    const content = signedIntent("slow-wallet-1", 120);
    const event = world.intentEvent(ALICE, content);
    await world.process(event);
    const [session] = await world.deps.sessions.list({ userPubkey: ALICE.pubkey }, 10, undefined);
    const sessionId = session?.sessionId ?? "";
    await world.drive(sessionId);
    await world.answer(ALICE, sessionId);
    await world.drive(sessionId);
    expect((await world.getSession(sessionId)).ceremonyState).toBe("accepted");
    world.clock.advance(200_000);
    return { content, event, sessionId };
  };

  it("is not decided by the same event coming in again after the intent's own time", async () => {
    const { event, sessionId } = await acceptedIntent();
    await world.process(event);
    expect(await resultKinds()).toEqual([]);
    await finish(ALICE, sessionId);
    expect(await resultKinds()).toEqual([31340]);
  });

  it("is not decided by a copy of the intent that was signed again after its time", async () => {
    const { content, sessionId } = await acceptedIntent();
    await world.process(world.intentEvent(ALICE, content));
    expect(await resultKinds()).toEqual([]);
    await finish(ALICE, sessionId);
    expect(await resultKinds()).toEqual([31340]);
    const [row] = await test.database.select("SELECT COUNT(*) AS n FROM nostr_outbox WHERE kind IN (31340, 31341)");
    expect(row?.["n"]).toBe(1);
  });
});

describe("FinalizeTx", () => {
  const toFinalize = async (): Promise<string> => {
    world.arkd.fund(ALICE.pubkey, 60_000n);
    const sessionId = await toSubmit(ALICE);
    await world.drive(sessionId);
    await world.answer(ALICE, sessionId);
    return sessionId;
  };

  it.each(["outcome_unknown", "daemon_rejected"] as const)(
    "poisoned with %s becomes visible after a minute without outputs, and nothing more is sent",
    async (code) => {
      const sessionId = await toFinalize();
      const calls = jest.spyOn(world.arkd, "finalizeTx").mockImplementation(async ({ arkTxid }) => {
        world.arkd.poison(arkTxid);
        throw new AppError(code, { details: { service: "arkd", daemon_code: 18, daemon_name: "INVALID_SIGNATURE" } });
      });
      for (let round = 0; round < 5; round++) {
        await world.drive(sessionId);
        world.clock.advance(61_000);
      }
      expect(await world.getSession(sessionId)).toMatchObject({
        status: "signing",
        ceremonyState: "finalizing",
        errorCode: "outcome_unknown",
      });
      const events = await world.deps.sessions.listEvents((await world.getSession(sessionId)).id, 0, 100);
      expect(events.filter((each) => each.event === "finalize_poisoned")).toHaveLength(1);
      expect(calls).toHaveBeenCalledTimes(1);
      expect(await lockedVtxos()).toBe(2);
      // At once, however short ago arkd accepted it.
      const stuck = await new DrizzleStuckCeremonies(test.database).list(new Date(0), 10);
      expect(stuck).toMatchObject([{ sessionId, isPoisoned: true }]);
    },
  );
});

describe("the limit of accepted, unfinalised transfers", () => {
  it("is one per key, also when both were prepared before the first was accepted", async () => {
    world.arkd.fund(ALICE.pubkey, 60_000n);
    world.arkd.fund(ALICE.pubkey, 70_000n);
    const first = await toSubmit(ALICE, 40_000);
    const second = await toSubmit(ALICE, 50_000);
    await Promise.all([world.drive(first), world.drive(second)]);
    const states = [await world.getSession(first), await world.getSession(second)].map((each) => each.ceremonyState);
    expect(states.toSorted()).toEqual(["accepted", "ark_sigs_collected"]);
    const [winner, waiting] = states[0] === "accepted" ? [first, second] : [second, first];
    await finish(ALICE, winner);
    await world.drive(waiting);
    expect((await world.getSession(waiting)).ceremonyState).toBe("accepted");
  });

  it("holds for keys without a completed transfer in all, also when they were prepared before", async () => {
    await test.empty();
    world = await openCeremonyWorld(test, { acceptedUnfinalisedMax: 1 });
    await world.stockFees(4);
    const sybils = ["s1", "s2"].map(testKey);
    const ids: string[] = [];
    for (const sybil of sybils) {
      world.arkd.fund(sybil.pubkey, 60_000n);
      ids.push(await toSubmit(sybil));
    }
    for (const id of ids) await world.drive(id);
    const states = await Promise.all(ids.map(async (id) => (await world.getSession(id)).ceremonyState));
    expect(states).toEqual(["accepted", "ark_sigs_collected"]);
  });
});

describe("quotas", () => {
  it("of sessions that nobody proved hold when they are opened at the same time", async () => {
    world = await openCeremonyWorld(test, { unprovenSessionsPerCreator: 2 });
    // Twenty open connections, so that the openings really meet.
    await Promise.all(Array.from({ length: 20 }, () => test.database.select("SELECT SLEEP(0.05)")));
    const users = Array.from({ length: 12 }, (_, index) => testKey(`victim ${index}`));
    const opened = await Promise.allSettled(
      users.map((user) => world.open(user, pay(1_000), { caller: solverCaller("mallory") })),
    );
    expect(opened.filter((each) => each.status === "fulfilled")).toHaveLength(2);
    const again = await Promise.allSettled(
      Array.from({ length: 8 }, () => world.open(ALICE, pay(1_000), { caller: solverCaller("eve") })),
    );
    expect(again.filter((each) => each.status === "fulfilled")).toHaveLength(1);
  });
});

describe("a lock whose time is over", () => {
  it("goes to the next session even when its holder was answered and never started", async () => {
    world.arkd.fund(ALICE.pubkey, 60_000n);
    const held = await world.open(ALICE, pay(40_000), { autoStart: false });
    await test.database.transactions.run((tx) =>
      requestChallenge(world.deps, tx, { sessionId: held.session.sessionId, caller: ownerCaller(ALICE.pubkey) }),
    );
    await world.drive(held.session.sessionId);
    await test.database.transactions.run((tx) =>
      requestChallenge(world.deps, tx, { sessionId: held.session.sessionId, caller: ownerCaller(ALICE.pubkey) }),
    );
    await world.answer(ALICE, held.session.sessionId);
    expect((await world.getSession(held.session.sessionId)).status).toBe("awaiting_signature");
    world.clock.advance(world.deps.config.sessionTimeoutMs + 1_000);
    const next = await world.open(ALICE, pay(30_000));
    await world.drive(next.session.sessionId);
    expect((await world.getSession(next.session.sessionId)).status).toBe("challenge_sent");
    expect(await world.getSession(held.session.sessionId)).toMatchObject({
      status: "expired",
      errorCode: "session_expired",
    });
  });

  it("is not renewed by asking for a challenge of a session that is over", async () => {
    world.arkd.fund(ALICE.pubkey, 60_000n);
    const { session } = await world.open(ALICE, pay(40_000));
    await world.drive(session.sessionId);
    world.clock.advance(world.deps.config.sessionTimeoutMs + 1_000);
    const asked = test.database.transactions.run((tx) =>
      requestChallenge(world.deps, tx, { sessionId: session.sessionId, caller: ownerCaller(ALICE.pubkey) }),
    );
    await expect(asked).rejects.toMatchObject({ code: "session_expired" });
  });
});

describe("a definite refusal", () => {
  it("is not read out of an answer that lists none of the inputs", async () => {
    world.arkd.fund(ALICE.pubkey, 60_000n);
    const sessionId = await toSubmit(ALICE);
    world.arkd.fault = (method) => (method === "submitTx" ? "refuse" : undefined);
    await world.drive(sessionId);
    world.arkd.fault = () => undefined;
    // arkd's indexer was restarted and knows nothing yet.
    const blind = jest.spyOn(world.arkd, "listVtxosByOutpoints").mockResolvedValue([]);
    for (let round = 0; round < 4; round++) {
      world.clock.advance(61_000);
      await world.drive(sessionId).catch(() => undefined);
    }
    expect((await world.getSession(sessionId)).ceremonyState).toBe("submitting");
    expect(await lockedVtxos()).toBe(2);
    blind.mockRestore();
  });

  it("is counted from the end of an unanswered send, not from its start", async () => {
    world.arkd.fund(ALICE.pubkey, 60_000n);
    const sessionId = await toSubmit(ALICE);
    const submit = jest.spyOn(world.arkd, "submitTx");
    submit.mockImplementationOnce(async () => {
      world.clock.advance(120_000);
      throw new AppError("outcome_unknown");
    });
    await expect(world.drive(sessionId)).rejects.toMatchObject({ code: "outcome_unknown" });
    world.arkd.fault = (method) => (method === "submitTx" ? "refuse" : undefined);
    const firstLook = await world.drive(sessionId);
    expect(firstLook?.getTime()).toBe(world.clock.now().getTime() + 2 * world.deps.config.daemonTimeoutMs);
  });

  it("cannot be outrun by a worker that slept between writing down its send and sending", async () => {
    world.arkd.fund(ALICE.pubkey, 60_000n);
    const sessionId = await toSubmit(ALICE);
    const fence = randomUUID();
    await test.database.write("UPDATE signing_sessions SET attempt_token = ? WHERE session_id = ?", [fence, sessionId]);
    const submit = jest.spyOn(world.arkd, "submitTx");
    const sleepy = {
      ...world.deps,
      sessionTxs: Object.assign(Object.create(world.deps.sessionTxs) as typeof world.deps.sessionTxs, {
        find: async (...args: Parameters<typeof world.deps.sessionTxs.find>) => {
          const found = await world.deps.sessionTxs.find(...args);
          if ((await world.getSession(sessionId)).ceremonyState === "submitting") world.clock.advance(300_000);
          return found;
        },
      }),
    };
    await expect(driveCeremony(sleepy, { sessionId, fence })).rejects.toBeInstanceOf(AppError);
    expect(submit).not.toHaveBeenCalled();
    expect((await world.getSession(sessionId)).ceremonyState).toBe("submitting");
  });
});

it("stops a worker at once that prepares a session which another worker has taken meanwhile", async () => {
  world.arkd.fund(ALICE.pubkey, 60_000n);
  const { sessionId } = (await world.open(ALICE, pay(40_000))).session;
  await test.database.write("UPDATE signing_sessions SET attempt_token = 'of the other' WHERE session_id = ?", [
    sessionId,
  ]);
  const late = driveCeremony(world.deps, { sessionId, fence: "of the late" });
  await expect(late).rejects.toMatchObject({ code: "wrong_state" });
  expect(await lockedVtxos()).toBe(0);
  expect((await world.getSession(sessionId)).status).toBe("initiated");
});

it("counts notices about reused action_ids against what strangers may have us publish", async () => {
  await test.empty();
  world = await openCeremonyWorld(test, { strangerRepliesPerMinute: 3 });
  const events = new DrizzleNostrEventStore(test.database);
  for (let amount = 5_000; amount < 5_010; amount++) {
    const content = signedIntent("stranger-1", 600);
    const event = world.intentEvent(ALICE, { ...content, params: { ...content.params, amount } });
    await test.database.transactions.run((tx) => events.insert(tx, { event, relay: undefined, errorCode: undefined }));
    const { errorCode } = await world.process(event);
    await test.database.transactions.run((tx) => events.close(tx, event, errorCode));
  }
  const [row] = await test.database.select("SELECT COUNT(*) AS n FROM nostr_outbox WHERE kind = 31341");
  expect(row?.["n"]).toBe(3);
});

it("asks arkd for co-inputs every ten seconds at most, however many ceremonies wait for one", async () => {
  await test.empty();
  world = await openCeremonyWorld(test);
  const users = ["w1", "w2", "w3"].map(testKey);
  const ids: string[] = [];
  for (const user of users) {
    world.arkd.fund(user.pubkey, 60_000n);
    ids.push((await world.open(user, pay(40_000))).session.sessionId);
  }
  const fee = await world.deps.vtxos.listScripts(world.deps.wallet.keys.fee.pubkey);
  const reads = jest.spyOn(world.arkd, "listVtxosByScripts");
  const feeReads = (): number => reads.mock.calls.filter(([scripts]) => scripts.includes(fee[0]?.script ?? "")).length;
  for (let second = 0; second < 20; second++) {
    for (const id of ids) await world.drive(id);
    world.clock.advance(1_000);
  }
  expect(feeReads()).toBeLessThanOrEqual(3);
  world.arkd.fund(world.deps.wallet.keys.fee.pubkey, 1_000n);
  world.clock.advance(10_000);
  for (const id of ids) await world.drive(id);
  expect((await world.getSession(ids[0] ?? "")).status).toBe("challenge_sent");
});

it("lists what the recipient really gets when a dust change goes with it", async () => {
  world.arkd.fund(ALICE.pubkey, 60_000n);
  const { session } = await world.open(ALICE, { params: { ...pay(59_700).params, dust_policy: "to_recipient" } });
  for (let round = 0; round < 2; round++) {
    await world.drive(session.sessionId);
    await world.answer(ALICE, session.sessionId);
  }
  await world.drive(session.sessionId);
  const [bob] = await world.deps.vtxos.sumBalances(BOB.pubkey, world.clock.now());
  expect(bob?.balance).toBe(59_990n);
  const rows = await test.database.select(
    `SELECT p.direction, p.amount, t.asset_amount, t.amount_sats FROM transaction_parties p JOIN transactions t ON t.id = p.transaction_id
     ORDER BY p.direction`,
  );
  expect(rows).toMatchObject([
    { direction: "in", amount: 59_990, asset_amount: 59_990, amount_sats: 59_990 },
    { direction: "out", amount: 60_000, asset_amount: 59_990, amount_sats: 59_990 },
  ]);
});

it("counts a wrong answer without taking a second connection, or as many callers as there are connections would lock all out", async () => {
  const narrow = await openTestDatabase({ poolSize: 1, maxOverflow: 0, acquireTimeoutMs: 1_000 });
  try {
    world = await openCeremonyWorld(narrow);
    await world.stockFees(1);
    world.arkd.fund(ALICE.pubkey, 60_000n);
    const { session } = await world.open(ALICE, pay(40_000));
    await world.drive(session.sessionId);
    const wrong = { sessionId: session.sessionId, signedBy: ALICE.pubkey, signature: "11".repeat(64) };
    const caller = ownerCaller(ALICE.pubkey);
    const answers = await Promise.allSettled(
      Array.from({ length: 3 }, () =>
        narrow.database.transactions.run((tx) => respondToChallenge(world.deps, tx, { ...wrong, caller })),
      ),
    );
    expect(answers.map((each) => each.status === "rejected" && (each.reason as AppError).code)).toEqual(
      Array.from({ length: 3 }, () => "signature_mismatch"),
    );
    expect(await world.getSession(session.sessionId)).toMatchObject({
      status: "failed",
      errorCode: "signature_mismatch",
    });
  } finally {
    await narrow.close();
  }
});

it("fits twenty inputs into its challenges over Nostr", async () => {
  for (let coin = 0; coin < 20; coin++) world.arkd.fund(ALICE.pubkey, 1_000n);
  const { session } = await world.open(ALICE, pay(18_990 + 1_000));
  for (let round = 0; round < 3; round++) {
    await world.drive(session.sessionId);
    if ((await world.openChallenge(session.sessionId)) !== undefined) await world.answer(ALICE, session.sessionId);
  }
  expect(await world.getSession(session.sessionId)).toMatchObject({ status: "completed" });
});

it("never lets a solver spend the gateway's own VTXOs by naming the gateway as the user", async () => {
  const fee = world.deps.wallet.keys.fee;
  const opening = world.open(fee, pay(500), { caller: solverCaller("mallory") });
  await expect(opening).rejects.toMatchObject({ code: "invalid_request" });
});
