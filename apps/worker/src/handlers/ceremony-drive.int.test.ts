import { cancelSession } from "@arkrelay/core/session/cancel-session";
import { respondToChallenge } from "@arkrelay/core/session/respond-to-challenge";
import { ALICE, BOB, testKey, type TestKey } from "@arkrelay/core/testing/ark-transfer";
import { GBTC } from "@arkrelay/core/vtxo/vtxo";
import { openTestDatabase, type TestDatabase } from "@arkrelay/db/testing/test-database";

import { openCeremonyWorld, ownerCaller, solverCaller, type CeremonyWorld } from "../testing/ceremony-world";

let test: TestDatabase;
let world: CeremonyWorld;

beforeAll(async () => {
  test = await openTestDatabase();
});
afterAll(() => test.close());
beforeEach(async () => {
  await test.empty();
  world = await openCeremonyWorld(test);
  await world.stockFees(5);
});

const pay = (amount: number, recipient: TestKey = BOB) => ({
  params: { asset_id: GBTC, amount, recipient_pubkey: recipient.pubkey },
});

const balanceOf = async (user: TestKey): Promise<bigint> => {
  const rows = await world.deps.vtxos.sumBalances(user.pubkey, world.clock.now());
  return rows.find((row) => row.assetId === GBTC)?.balance ?? 0n;
};

const lockedVtxos = async (): Promise<number> => {
  const [row] = await test.database.select("SELECT COUNT(*) AS n FROM vtxos WHERE locked_by IS NOT NULL");
  return Number(row?.["n"]);
};

async function settle(user: TestKey, sessionId: string): Promise<void> {
  await world.drive(sessionId);
  await world.answer(user, sessionId);
  await world.drive(sessionId);
  await world.answer(user, sessionId);
  await world.drive(sessionId);
}

describe("a transfer", () => {
  it("moves the amount to the recipient, the change back to the sender and the fee to the gateway", async () => {
    world.arkd.fund(ALICE.pubkey, 60_000n);
    const before = world.arkd.totalSats();
    const { session } = await world.open(ALICE, pay(40_000));
    await settle(ALICE, session.sessionId);

    expect(await world.getSession(session.sessionId)).toMatchObject({
      status: "completed",
      ceremonyState: "published",
    });
    expect(await balanceOf(ALICE)).toBe(19_990n);
    expect(await balanceOf(BOB)).toBe(40_000n);
    expect(world.arkd.totalSats()).toBe(before);
    expect(await lockedVtxos()).toBe(0);
    const postings = await test.database.select(
      "SELECT account, amount FROM ledger_postings p JOIN ledger_accounts a ON a.id = p.account_id ORDER BY account",
    );
    expect(postings).toMatchObject([
      { account: "asset:ark", amount: 10_000 },
      { account: "income:l2_fee", amount: -10_000 },
    ]);
  });

  it.each(["treasury", "stock", "fee", "used", "land"] as const)(
    "to the gateway's own %s key is refused: it would be money of ours that no posting knows",
    async (kind) => {
      world.arkd.fund(ALICE.pubkey, 60_000n);
      const ours = world.deps.wallet.keys[kind];
      const { session } = await world.open(ALICE, {
        params: { asset_id: GBTC, amount: 40_000, recipient_pubkey: ours.pubkey },
      });
      await world.drive(session.sessionId);
      expect(await world.getSession(session.sessionId)).toMatchObject({
        status: "failed",
        errorCode: "invalid_request",
      });
      expect(await balanceOf(ALICE)).toBe(60_000n);
      expect(await lockedVtxos()).toBe(0);
    },
  );

  it("publishes exactly one confirmation, and never a failure beside it", async () => {
    world.arkd.fund(ALICE.pubkey, 60_000n);
    const { session } = await world.open(ALICE, pay(40_000));
    await settle(ALICE, session.sessionId);
    await world.drive(session.sessionId);
    const rows = await test.database.select("SELECT kind, COUNT(*) AS n FROM nostr_outbox GROUP BY kind ORDER BY kind");
    expect(rows).toMatchObject([
      { kind: 31340, n: 1 },
      { kind: 31511, n: 2 },
    ]);
  });

  it("waits for the wallet as long as the challenge lives and holds the inputs that long", async () => {
    world.arkd.fund(ALICE.pubkey, 60_000n);
    const { session } = await world.open(ALICE, pay(40_000));
    const until = await world.drive(session.sessionId);
    expect(until).toEqual((await world.openChallenge(session.sessionId))?.expiresAt);
    expect(await lockedVtxos()).toBe(2);
  });

  it("fails with insufficient_balance and locks nothing when the sats do not reach", async () => {
    world.arkd.fund(ALICE.pubkey, 1_000n);
    const { session } = await world.open(ALICE, pay(40_000));
    await world.drive(session.sessionId);
    expect(await world.getSession(session.sessionId)).toMatchObject({
      status: "failed",
      errorCode: "insufficient_balance",
    });
    expect(await lockedVtxos()).toBe(0);
  });

  it("never uses one input for two sessions", async () => {
    world.arkd.fund(ALICE.pubkey, 60_000n);
    const first = await world.open(ALICE, pay(40_000));
    await world.drive(first.session.sessionId);
    await expect(world.open(ALICE, pay(40_000))).rejects.toMatchObject({ code: "vtxo_locked" });
  });
});

describe("challenge 1", () => {
  it("expires into an initiated session whose inputs are free again", async () => {
    world.arkd.fund(ALICE.pubkey, 60_000n);
    const { session } = await world.open(ALICE, pay(40_000));
    await world.drive(session.sessionId);
    world.clock.advance(world.deps.config.challengeTimeoutMs + 1);
    await world.drive(session.sessionId);
    expect(await world.getSession(session.sessionId)).toMatchObject({
      status: "initiated",
      ceremonyState: "intent_received",
    });
    expect(await lockedVtxos()).toBe(0);
    await expect(world.answer(ALICE, session.sessionId)).rejects.toThrow("no open challenge");
  });

  it("refuses a second answer", async () => {
    world.arkd.fund(ALICE.pubkey, 60_000n);
    const { session } = await world.open(ALICE, pay(40_000));
    await world.drive(session.sessionId);
    const challenge = await world.openChallenge(session.sessionId);
    await world.answer(ALICE, session.sessionId);
    const again = test.database.transactions.run((tx) =>
      respondToChallenge(world.deps, tx, {
        sessionId: session.sessionId,
        caller: ownerCaller(ALICE.pubkey),
        signedBy: ALICE.pubkey,
        challengeId: challenge?.challengeId ?? "",
        signature: "00".repeat(64),
      }),
    );
    await expect(again).rejects.toMatchObject({ code: "challenge_used" });
  });

  it("does not take another key's signature, and three of the signer's own wrong ones end the session", async () => {
    world.arkd.fund(ALICE.pubkey, 60_000n);
    const { session } = await world.open(ALICE, pay(40_000));
    await world.drive(session.sessionId);
    for (let tries = 0; tries < 3; tries++) {
      expect((await world.getSession(session.sessionId)).status).toBe("challenge_sent");
      await expect(answerWrongly(session.sessionId, ALICE.pubkey)).rejects.toMatchObject({
        code: "signature_mismatch",
      });
    }
    expect(await world.getSession(session.sessionId)).toMatchObject({
      status: "failed",
      errorCode: "signature_mismatch",
    });
    expect(await lockedVtxos()).toBe(0);
  });

  it("does not count what somebody relays against the session", async () => {
    world.arkd.fund(ALICE.pubkey, 60_000n);
    const { session } = await world.open(ALICE, pay(40_000));
    await world.drive(session.sessionId);
    for (let tries = 0; tries < 4; tries++) {
      await expect(answerWrongly(session.sessionId, undefined)).rejects.toMatchObject({ code: "signature_mismatch" });
    }
    expect((await world.getSession(session.sessionId)).status).toBe("challenge_sent");
  });

  it("answers a stranger as if the session were not there", async () => {
    world.arkd.fund(ALICE.pubkey, 60_000n);
    const { session } = await world.open(ALICE, pay(40_000));
    await world.drive(session.sessionId);
    await expect(world.answer(ALICE, session.sessionId, ownerCaller(BOB.pubkey))).rejects.toMatchObject({
      code: "not_found",
    });
  });
});

describe("challenge 2", () => {
  it("is sent again with the same payload until it is answered, and never takes the session back", async () => {
    world.arkd.fund(ALICE.pubkey, 60_000n);
    const { session } = await world.open(ALICE, pay(40_000));
    await world.drive(session.sessionId);
    await world.answer(ALICE, session.sessionId);
    await world.drive(session.sessionId);
    const first = await world.openChallenge(session.sessionId);
    world.clock.advance(3_600_000);
    await world.drive(session.sessionId);
    const again = await world.openChallenge(session.sessionId);
    expect(again).toMatchObject({ challengeId: first?.challengeId, payloadRef: first?.payloadRef });
    expect(again?.challengeEventId).not.toBe(first?.challengeEventId);
    await world.answer(ALICE, session.sessionId);
    await world.drive(session.sessionId);
    expect((await world.getSession(session.sessionId)).status).toBe("completed");
  });
});

describe("SubmitTx", () => {
  const toSubmit = async (): Promise<string> => {
    world.arkd.fund(ALICE.pubkey, 60_000n);
    const { session } = await world.open(ALICE, pay(40_000));
    await world.drive(session.sessionId);
    await world.answer(ALICE, session.sessionId);
    return session.sessionId;
  };

  it("recovers an acceptance whose reply was lost with the gateway's own key", async () => {
    const sessionId = await toSubmit();
    faultOnce("submitTx", "lose_reply");
    await expect(world.drive(sessionId)).rejects.toMatchObject({ code: "outcome_unknown" });
    expect((await world.getSession(sessionId)).ceremonyState).toBe("submitting");
    await world.drive(sessionId);
    expect((await world.getSession(sessionId)).ceremonyState).toBe("accepted");
  });

  it("sends the same transaction again when nothing arrived", async () => {
    const sessionId = await toSubmit();
    faultOnce("submitTx", "unavailable");
    await expect(world.drive(sessionId)).rejects.toMatchObject({ code: "daemon_unavailable" });
    await world.drive(sessionId);
    expect((await world.getSession(sessionId)).ceremonyState).toBe("accepted");
  });

  it("fails with vtxo_spent when another transaction spends an input, and frees the rest", async () => {
    const sessionId = await toSubmit();
    faultOnce("submitTx", "unavailable");
    await expect(world.drive(sessionId)).rejects.toMatchObject({ code: "daemon_unavailable" });
    const [input] = await world.deps.sessionTxs.listInputs((await world.getSession(sessionId)).id);
    world.arkd.spendElsewhere(input?.vtxoId ?? "");
    await world.drive(sessionId);
    expect(await world.getSession(sessionId)).toMatchObject({ status: "failed", errorCode: "vtxo_spent" });
    expect(await lockedVtxos()).toBe(0);
    expect(await balanceOf(ALICE)).toBe(0n);
  });

  it("believes a refusal only after two looks far apart show every input unspent", async () => {
    const sessionId = await toSubmit();
    world.arkd.fault = (method) => (method === "submitTx" ? "refuse" : undefined);
    const secondLook = await world.drive(sessionId);
    expect((await world.getSession(sessionId)).ceremonyState).toBe("submitting");
    expect(secondLook?.getTime()).toBe(world.clock.now().getTime() + 60_000);
    world.clock.advance(60_000);
    await world.drive(sessionId);
    expect(await world.getSession(sessionId)).toMatchObject({ status: "failed", errorCode: "daemon_rejected" });
    expect(await lockedVtxos()).toBe(0);
  });

  it("builds the transaction anew, once, when arkd changed its parameters and refused the old one", async () => {
    const sessionId = await toSubmit();
    world.arkd.fault = (method) => (method === "submitTx" ? "refuse" : undefined);
    await world.drive(sessionId);
    world.arkd.settings = { unilateralExitDelay: 87_040, digest: "d2" };
    const first = await world.deps.sessionTxs.find(undefined, (await world.getSession(sessionId)).id);
    world.clock.advance(60_000);
    await world.drive(sessionId);
    const rebuilt = await world.getSession(sessionId);
    expect(rebuilt).toMatchObject({ status: "challenge_sent", arkParams: { exitDelay: 87_040 } });
    const second = await world.deps.sessionTxs.find(undefined, rebuilt.id);
    expect(second?.txs.ark.txid).not.toBe(first?.txs.ark.txid);
    expect(second?.txs.checkpoints.map((each) => each.txid)).toEqual(first?.txs.checkpoints.map((each) => each.txid));

    world.arkd.fault = () => undefined;
    await world.answer(ALICE, sessionId);
    await world.drive(sessionId);
    await world.answer(ALICE, sessionId);
    await world.drive(sessionId);
    expect((await world.getSession(sessionId)).status).toBe("completed");
  });

  it("can no longer be cancelled once it was sent", async () => {
    const sessionId = await toSubmit();
    await world.drive(sessionId);
    const cancel = test.database.transactions.run((tx) =>
      cancelSession(world.deps, tx, { sessionId, caller: ownerCaller(ALICE.pubkey), reason: "changed my mind" }),
    );
    await expect(cancel).rejects.toMatchObject({ code: "too_late_to_cancel" });
  });
});

describe("FinalizeTx", () => {
  it("finds the outputs of a call whose reply was lost", async () => {
    world.arkd.fund(ALICE.pubkey, 60_000n);
    const { session } = await world.open(ALICE, pay(40_000));
    await world.drive(session.sessionId);
    await world.answer(ALICE, session.sessionId);
    await world.drive(session.sessionId);
    await world.answer(ALICE, session.sessionId);
    faultOnce("finalizeTx", "lose_reply");
    await world.drive(session.sessionId);
    await world.drive(session.sessionId);
    expect((await world.getSession(session.sessionId)).status).toBe("completed");
    expect(await balanceOf(BOB)).toBe(40_000n);
  });
});

describe("sessions nobody proved", () => {
  it("yield their inputs to the owner's own session and fail with vtxo_locked", async () => {
    world.arkd.fund(ALICE.pubkey, 60_000n);
    const unproven = await world.open(ALICE, pay(40_000), { caller: solverCaller("mallory") });
    await world.drive(unproven.session.sessionId);
    expect((await world.getSession(unproven.session.sessionId)).status).toBe("challenge_sent");
    const own = await world.open(ALICE, pay(30_000));
    await settle(ALICE, own.session.sessionId);
    expect((await world.getSession(own.session.sessionId)).status).toBe("completed");
    expect(await world.getSession(unproven.session.sessionId)).toMatchObject({
      status: "failed",
      errorCode: "vtxo_locked",
    });
  });

  it("have an action_id namespace and a quota of their own", async () => {
    const action = { action_id: "same-action-1", ...pay(40_000) };
    world.arkd.fund(ALICE.pubkey, 60_000n);
    const unproven = await world.open(ALICE, action, { caller: solverCaller("mallory") });
    const own = await world.open(ALICE, action);
    expect(own.replayed).toBe(false);
    expect(own.session.sessionId).not.toBe(unproven.session.sessionId);
    await expect(world.open(ALICE, pay(1_000), { caller: solverCaller("mallory") })).rejects.toMatchObject({
      code: "session_limit",
    });
  });
});

describe("an action_id", () => {
  it("opens one session however often the same content comes, and refuses other content", async () => {
    const action = { action_id: "pay-the-rent", ...pay(40_000) };
    const first = await world.open(ALICE, action);
    const again = await world.open(ALICE, action);
    expect(again).toMatchObject({ replayed: true, session: { sessionId: first.session.sessionId } });
    await expect(world.open(ALICE, { ...action, ...pay(41_000) })).rejects.toMatchObject({
      code: "duplicate_action",
      details: { session_id: first.session.sessionId },
    });
  });

  it("of a signed intent settles over Nostr with one session however often the event is processed", async () => {
    world.arkd.fund(ALICE.pubkey, 60_000n);
    const expires_at = Math.floor(world.clock.now().getTime() / 1000) + 600;
    const params = { ...pay(40_000).params, fee_asset_id: GBTC, fee_amount: 10 };
    const event = world.intentEvent(ALICE, { action_id: "nostr-pay-1", type: "p2p_transfer", params, expires_at });
    expect(await world.process(event)).toMatchObject({ errorCode: undefined, wakes: [{ task: "ceremony_drive" }] });
    expect(await world.process(event)).toMatchObject({ errorCode: undefined, wakes: [] });
    const [session] = await world.deps.sessions.list({ userPubkey: ALICE.pubkey }, 10, undefined);
    await settle(ALICE, session?.sessionId ?? "");
    expect((await world.getSession(session?.sessionId ?? "")).status).toBe("completed");
  });

  it("of a refused intent is used up: one 31341, whatever is sent under it later", async () => {
    const expires_at = Math.floor(world.clock.now().getTime() / 1000) + 600;
    const wrongFee = { ...pay(40_000).params, fee_asset_id: GBTC, fee_amount: 11 };
    const event = world.intentEvent(ALICE, {
      action_id: "nostr-pay-2",
      type: "p2p_transfer",
      params: wrongFee,
      expires_at,
    });
    expect(await world.process(event)).toMatchObject({ errorCode: "fee_invalid" });
    expect(await world.process(event)).toMatchObject({ wakes: [] });
    world.clock.advance(1_000);
    const params = { ...wrongFee, fee_amount: 10 };
    const other = world.intentEvent(ALICE, { action_id: "nostr-pay-2", type: "p2p_transfer", params, expires_at });
    expect(await world.process(other)).toMatchObject({ errorCode: "duplicate_action" });
    const [row] = await test.database.select("SELECT COUNT(*) AS n FROM results WHERE kind = 31341");
    expect(row?.["n"]).toBe(1);
  });
});

it("lets the oldest ceremonies go on and the younger ones wait while as many are driven as may be", async () => {
  await test.empty();
  world = await openCeremonyWorld(test, { maxConcurrentSessions: 1 });
  await world.stockFees(1);
  world.arkd.fund(ALICE.pubkey, 60_000n);
  const { session } = await world.open(ALICE, pay(40_000));
  const other = await world.open(BOB, pay(40_000, ALICE));
  const lease = "UPDATE signing_sessions SET attempt_lease_until = ? WHERE session_id IN (?, ?)";
  const ids = [session.sessionId, other.session.sessionId];
  await test.database.write(lease, [new Date(Date.now() + 60_000), ...ids]);
  expect(await world.drive(other.session.sessionId)).toEqual(new Date(world.clock.now().getTime() + 1_000));
  expect((await world.getSession(other.session.sessionId)).status).toBe("initiated");
  await world.drive(session.sessionId);
  expect((await world.getSession(session.sessionId)).status).toBe("challenge_sent");
  await test.database.write(lease, [null, ...ids]);
  await world.drive(other.session.sessionId);
  expect((await world.getSession(other.session.sessionId)).status).not.toBe("initiated");
});

it("never lets a ceremony that arkd may have wait for others to be driven", async () => {
  await test.empty();
  world = await openCeremonyWorld(test, { maxConcurrentSessions: 1 });
  await world.stockFees(1);
  world.arkd.fund(ALICE.pubkey, 60_000n);
  const older = await world.open(BOB, pay(40_000, ALICE));
  const { session } = await world.open(ALICE, pay(40_000));
  await world.drive(session.sessionId);
  await world.answer(ALICE, session.sessionId);
  faultOnce("submitTx", "lose_reply");
  await expect(world.drive(session.sessionId)).rejects.toMatchObject({ code: "outcome_unknown" });
  const lease = "UPDATE signing_sessions SET attempt_lease_until = ? WHERE session_id = ?";
  await test.database.write(lease, [new Date(Date.now() + 60_000), older.session.sessionId]);
  await world.drive(session.sessionId);
  expect((await world.getSession(session.sessionId)).ceremonyState).toBe("accepted");
});

it("keeps a key with an accepted transfer waiting until that one is final", async () => {
  const carol = testKey("carol");
  world.arkd.fund(carol.pubkey, 60_000n);
  world.arkd.fund(carol.pubkey, 70_000n);
  const first = await world.open(carol, pay(40_000));
  await world.drive(first.session.sessionId);
  await world.answer(carol, first.session.sessionId);
  await world.drive(first.session.sessionId);
  const second = await world.open(carol, pay(50_000));
  await world.drive(second.session.sessionId);
  expect((await world.getSession(second.session.sessionId)).status).toBe("initiated");
  await world.answer(carol, first.session.sessionId);
  await world.drive(first.session.sessionId);
  await settle(carol, second.session.sessionId);
  expect((await world.getSession(second.session.sessionId)).status).toBe("completed");
});

function faultOnce(method: "submitTx" | "finalizeTx", fault: "lose_reply" | "unavailable"): void {
  world.arkd.fault = (called) => {
    if (called !== method) return undefined;
    world.arkd.fault = () => undefined;
    return fault;
  };
}

async function answerWrongly(sessionId: string, signedBy: string | undefined): Promise<unknown> {
  return test.database.transactions.run((tx) =>
    respondToChallenge(world.deps, tx, {
      sessionId,
      caller: ownerCaller(ALICE.pubkey),
      signedBy,
      signature: "11".repeat(64),
    }),
  );
}
