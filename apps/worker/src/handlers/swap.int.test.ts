import { signItems } from "@arkrelay/core/ark/sign-items";
import { driveCeremony } from "@arkrelay/core/ceremony/drive-ceremony";
import { failureContentSchema } from "@arkrelay/core/nostr/result-content";
import { cancelSession } from "@arkrelay/core/session/cancel-session";
import type { Challenge } from "@arkrelay/core/session/challenge";
import { expireSessions } from "@arkrelay/core/session/expire-sessions";
import { requestChallenge } from "@arkrelay/core/session/request-challenge";
import { respondToChallenge } from "@arkrelay/core/session/respond-to-challenge";
import type { Session } from "@arkrelay/core/session/session";
import { ALICE, BOB, testKey, type TestKey } from "@arkrelay/core/testing/ark-transfer";
import { DrizzleStuckCeremonies } from "@arkrelay/db/stores/stuck-ceremonies";
import { openTestDatabase, type TestDatabase } from "@arkrelay/db/testing/test-database";
import { createGatewayIdentity } from "@arkrelay/nostr/gateway-identity";

import { attemptDrive } from "../testing/attempt-drive";
import { checkAlways } from "../testing/ceremony-checks";
import { ownerCaller } from "../testing/ceremony-world";
import { isCrash } from "../testing/crash";
import { itemsOf, LP, openSwapWorld, USD, type Side, type SwapWorld } from "../testing/swap-world";

const CAROL = testKey("carol");
const usd = (amount: bigint) => ({ assetId: USD, amount });
const lp = (amount: bigint) => ({ assetId: LP, amount });

let test: TestDatabase;
let world: SwapWorld;

beforeAll(async () => {
  test = await openTestDatabase();
});
afterAll(() => test.close());
beforeEach(async () => {
  await test.empty();
  world = await openSwapWorld(test);
});

/** Alice sells 100 gUSD for 20 000 sats of Bob, who submits it. */
const SIDES: readonly Side[] = [
  { user: ALICE, give: { gUSD: 100 }, receive: { gBTC: 20_000 }, counterparties: [BOB] },
  { user: BOB, give: { gBTC: 20_000 }, receive: { gUSD: 100 }, counterparties: [ALICE] },
];

async function fund(): Promise<void> {
  world.arkd.fund(ALICE.pubkey, 1_000n, [usd(150n)]);
  world.arkd.fund(BOB.pubkey, 50_000n);
  await world.sync(ALICE, BOB);
}

async function submitTwo(
  sides = SIDES,
  fields: Record<string, unknown> = {},
): Promise<{ alice: Session; bob: Session }> {
  const { members } = await world.submitSides(BOB, sides, fields);
  const [alice, bob] = members;
  if (bob === undefined) throw new Error("a batch of two has two members");
  return { alice, bob };
}

/** What the 31341s told this key, oldest first. */
async function failuresOf(user: TestKey) {
  const events = await world.published(31341);
  const own = events.filter(({ tags }) => tags.some(([name, value]) => name === "p" && value === user.pubkey));
  const gateway = world.deps.identity?.pubkey ?? "";
  const wallet = createGatewayIdentity(user.secretKey);
  return own.map(({ content }) => failureContentSchema.parse(JSON.parse(wallet.decrypt(gateway, content).plainText)));
}

const intentRows = () => test.database.select("SELECT action_id, status FROM intents WHERE type = 'atomic_swap'");

describe("a swap of two", () => {
  beforeEach(fund);

  it("moves both sides in one transaction, and each pays its fee and the carriers of what it receives", async () => {
    const sats = world.arkd.totalSats();
    const { members, txid } = await world.submitSides(BOB, SIDES);
    const [alice, bob = alice] = members;
    await world.answerAs(BOB, bob);
    await world.answerAs(ALICE, alice);
    await world.drive(alice.sessionId);
    expect(await world.statusOf(BOB)).toBe("finalized");
    expect(await world.balancesOf(ALICE)).toEqual({ gBTC: 1_000n + 20_000n - 10n, [USD]: 50n });
    expect(await world.balancesOf(BOB)).toEqual({ gBTC: 50_000n - 20_000n - 10n, [USD]: 100n });
    expect([world.arkd.totalSats(), world.arkd.totalUnits(USD)]).toEqual([sats, 150n]);
    expect(await world.locks()).toBe(0);
    for (const { sessionId } of members) {
      expect(await world.getSession(sessionId)).toMatchObject({
        status: "completed",
        ceremonyState: "published",
        batchId: "batch-0001",
        resultData: { txid, fee_paid: 10 },
      });
    }
    const postings = await test.database.select(
      "SELECT account, amount FROM ledger_postings p JOIN ledger_accounts a ON a.id = p.account_id ORDER BY account",
    );
    expect(postings).toMatchObject([
      { account: "asset:ark", amount: 20_000 },
      { account: "income:l2_fee", amount: -20_000 },
    ]);
  });

  it("ends with one 31340 that names every intent and every receiver, and is the outcome of each action", async () => {
    const intents = SIDES.map(world.sideEvent);
    const { members, txid } = await world.submit(BOB, intents);
    const [alice, bob = alice] = members;
    await world.answerAs(ALICE, alice);
    await world.answerAs(BOB, bob);
    await world.drive(alice.sessionId);
    const [event, ...more] = await world.published(31340);
    expect(more).toEqual([]);
    const tagged = (name: string) => event?.tags.filter(([each]) => each === name).map(([, value]) => value);
    expect(tagged("e")).toEqual(intents.map(({ id }) => id));
    expect(new Set(tagged("p"))).toEqual(new Set([ALICE.pubkey, BOB.pubkey]));
    expect(JSON.parse(event?.content ?? "")).toMatchObject({
      batch_id: "batch-0001",
      ref_action_ids: members.map(({ intent }) => intent.actionId),
      results: { txid, fee_paid: 20 },
    });
    const results = await test.database.select("SELECT author_pubkey, kind, event_id FROM results");
    expect(results).toHaveLength(3);
    expect(new Set(results.map((row) => row["event_id"]))).toEqual(new Set([event?.id]));
  });

  it("lists its transaction once with each member, and shows each its own side", async () => {
    const { alice, bob } = await submitTwo();
    await world.answerAs(ALICE, alice);
    await world.answerAs(BOB, bob);
    await world.drive(alice.sessionId);
    const list = (user: TestKey) => world.deps.txs.listOfUser(user.pubkey, {}, 10, undefined);
    expect(await list(ALICE)).toMatchObject([{ txType: "atomic_swap", direction: "in", feeSats: 20n }]);
    expect(await list(BOB)).toMatchObject([{ txType: "atomic_swap", direction: "out" }]);
    const parties = await test.database.select(
      "SELECT direction, asset_id, amount FROM transaction_parties WHERE pubkey = ? ORDER BY asset_id",
      [ALICE.pubkey],
    );
    expect(parties).toMatchObject([
      { direction: "in", asset_id: "gBTC", amount: 19_990 },
      { direction: "out", asset_id: "gUSD", amount: 100 },
    ]);
  });

  it("sends the same transaction to both signers, with each one's own items", async () => {
    const { alice, bob } = await submitTwo();
    const [ofAlice, ofBob] = [await world.challengeOf(alice), await world.challengeOf(bob)];
    const psbtsOf = ({ content }: Challenge) =>
      content.type === "sign_tx" && [content.ark_psbt, content.checkpoint_psbts];
    expect(psbtsOf(ofAlice)).toEqual(psbtsOf(ofBob));
    expect(psbtsOf(ofAlice)).not.toBe(false);
    for (const [challenge, user] of [
      [ofAlice, ALICE],
      [ofBob, BOB],
    ] as const) {
      expect(new Set(challenge.items.map(({ pubkey }) => pubkey))).toEqual(new Set([user.pubkey]));
      expect(challenge.content.domain).toBe("arkrelay/atomic_swap/v1");
      expect(challenge.content.context.human).toContain(
        user === ALICE ? "Swap 100 gUSD for 20000 sats for a fee of 10 sats" : "Swap 20000 sats for 100 gUSD",
      );
    }
    expect(await world.published(31511)).toHaveLength(2);
  });

  it("tells one who replays the batch its outcome, and refuses another batch under the same id", async () => {
    const intents = SIDES.map(world.sideEvent);
    const expires_at = Math.floor(world.clock.now().getTime() / 1000) + 400;
    const first = await world.submit(BOB, intents, { expires_at });
    const again = await world.submit(BOB, intents, { expires_at });
    expect(again.replayed).toBe(true);
    expect(again.members.map(({ sessionId }) => sessionId)).toEqual(first.members.map(({ sessionId }) => sessionId));
    await expect(world.submit(BOB, intents, { expires_at: expires_at - 1 })).rejects.toMatchObject({
      code: "duplicate_action",
    });
    await expect(world.submitSides(BOB, SIDES, { expires_at })).rejects.toMatchObject({ code: "duplicate_action" });
  });

  it("keeps a side that came by itself until a batch takes it up, and lets no second batch have it", async () => {
    const intents = SIDES.map(world.sideEvent);
    const [first] = intents;
    if (first === undefined) throw new Error("two sides");
    expect(await world.process(first)).toEqual({ errorCode: undefined, wakes: [] });
    expect(await intentRows()).toMatchObject([{ status: "stored" }]);
    await world.submit(BOB, intents);
    expect(await intentRows()).toMatchObject([{ status: "accepted" }, { status: "accepted" }]);
    await expect(world.submit(BOB, intents, { batch_id: "batch-0002" })).rejects.toMatchObject({
      code: "batch_invalid",
      details: { reason: "duplicate_action", reason_code: 1004 },
    });
  });
});

describe("a swap that cannot be planned at once", () => {
  it("is planned by the worker when a member's VTXOs were never read", async () => {
    world.arkd.fund(ALICE.pubkey, 1_000n, [usd(150n)]);
    world.arkd.fund(BOB.pubkey, 50_000n);
    const { members, txid, wakes } = await world.submitSides(BOB, SIDES);
    expect([txid, wakes]).toMatchObject([undefined, [{ task: "ceremony_drive", rowKey: members[0].sessionId }]]);
    expect(await world.statusOf(BOB)).toBe("open");
    await world.drive(members[0].sessionId);
    expect(await world.statusOf(BOB)).toBe("collecting");
    for (const session of members) expect((await world.challengeOf(session)).stage).toBe("ark_tx");
  });

  it("fails when a member turns out to be short: only the submitter is told, by the member's action_id (2001)", async () => {
    world.arkd.fund(ALICE.pubkey, 1_000n, [usd(99n)]);
    world.arkd.fund(BOB.pubkey, 50_000n);
    const { alice } = await submitTwo();
    await world.drive(alice.sessionId);
    expect(await world.statusOf(BOB)).toBe("failed");
    const details = { asset_id: "gUSD", required: 100, available: 99, action_id: alice.intent.actionId };
    expect(await failuresOf(BOB)).toMatchObject([{ code: 2001, ref_action_id: "batch-0001", details }]);
    expect(await failuresOf(ALICE)).toEqual([]);
    expect(await intentRows()).toMatchObject([{ status: "stored" }, { status: "stored" }]);
  });

  it("waits until an earlier transfer of a member is final", async () => {
    await fund();
    world.arkd.fund(BOB.pubkey, 5_000n);
    await world.sync(BOB);
    const earlier = await world.open(BOB, {
      params: { asset_id: "gBTC", amount: 4_990, recipient_pubkey: CAROL.pubkey },
    });
    await world.drive(earlier.session.sessionId);
    await world.answer(BOB, earlier.session.sessionId);
    await world.drive(earlier.session.sessionId);
    const { alice } = await submitTwo();
    await world.drive(alice.sessionId);
    expect(await world.statusOf(BOB)).toBe("open");
    await world.answer(BOB, earlier.session.sessionId);
    await world.drive(earlier.session.sessionId);
    await world.drive(alice.sessionId);
    expect(await world.statusOf(BOB)).toBe("collecting");
  });
});

describe("three sides", () => {
  it("adds liquidity: two deposits of one member against units that another holds, in one transaction", async () => {
    world.arkd.fund(ALICE.pubkey, 1_000n, [usd(100n)]);
    world.arkd.fund(ALICE.pubkey, 30_000n);
    world.arkd.fund(BOB.pubkey, 40_000n, [usd(5n)]);
    world.arkd.fund(CAROL.pubkey, 2_000n, [lp(1_000n)]);
    await world.sync(ALICE, BOB, CAROL);
    const sats = world.arkd.totalSats();
    const sides: readonly Side[] = [
      { user: ALICE, give: { gUSD: 100, gBTC: 20_000 }, receive: { gLP: 300 }, content: { solver_id: CAROL.pubkey } },
      { user: BOB, give: { gBTC: 10_000 }, receive: { gLP: 50 }, content: { solver_id: CAROL.pubkey } },
      { user: CAROL, give: { gLP: 350 }, receive: { gUSD: 100, gBTC: 30_000 } },
    ];
    const { members } = await world.submitSides(CAROL, sides);
    const [alice, bob = alice, carol = alice] = members;
    for (const session of members) {
      // With more than two members everybody presigns, so nobody can freeze anybody.
      expect((await world.challengeOf(session)).content.context.presign).toBe(true);
    }
    await world.answerAs(CAROL, carol);
    await world.answerAs(ALICE, alice);
    await world.answerAs(BOB, bob);
    await world.drive(alice.sessionId);
    expect(await world.statusOf(CAROL)).toBe("finalized");
    expect(await world.balancesOf(ALICE)).toEqual({ gBTC: 31_000n - 20_000n - 10n, [LP]: 300n });
    expect(await world.balancesOf(BOB)).toEqual({ gBTC: 40_000n - 10_000n - 10n, [LP]: 50n, [USD]: 5n });
    expect(await world.balancesOf(CAROL)).toEqual({ gBTC: 2_000n + 30_000n - 10n, [LP]: 650n, [USD]: 100n });
    expect(world.arkd.totalSats()).toBe(sats);
    expect([world.arkd.totalUnits(USD), world.arkd.totalUnits(LP)]).toEqual([105n, 1_000n]);
  });
});

describe("a minimum", () => {
  beforeEach(fund);
  const open = SIDES.map((side, index) => (index === 0 ? { ...side, isMinimum: true } : side));

  it("is paid as the batch allocates it", async () => {
    const bob = { ...SIDES[1], user: BOB, give: { gBTC: 21_000 }, receive: { gUSD: 100 } };
    const [alice = bob] = open;
    const intents = [alice, bob].map(world.sideEvent);
    const action_id = (JSON.parse(intents[0]?.content ?? "") as { action_id: string }).action_id;
    const allocations = [{ action_id, receive: [{ asset_id: "gBTC", amount: 21_000 }] }];
    const { members } = await world.submit(BOB, intents, { allocations });
    await world.answerAs(ALICE, members[0]);
    await world.answerAs(BOB, members[1] ?? members[0]);
    await world.drive(members[0].sessionId);
    expect((await world.balancesOf(ALICE))["gBTC"]).toBe(1_000n + 21_000n - 10n);
  });

  it("is all that is paid when nothing is allocated, and never less", async () => {
    const intents = open.map(world.sideEvent);
    const action_id = (JSON.parse(intents[0]?.content ?? "") as { action_id: string }).action_id;
    const allocate = (amount: number) => [{ action_id, receive: [{ asset_id: "gBTC", amount }] }];
    await expect(world.submit(BOB, intents, { allocations: allocate(19_999) })).rejects.toMatchObject({
      code: "batch_invalid",
      details: { reason: "allocation_below_intent", action_id },
    });
    await expect(world.submit(BOB, intents, { allocations: allocate(20_001) })).rejects.toMatchObject({
      code: "batch_invalid",
      details: { reason: "netting", asset_id: "gBTC", delta: -1 },
    });
    expect((await world.submit(BOB, intents)).txid).toMatch(/^[0-9a-f]{64}$/);
  });
});

describe("a solver's own type", () => {
  beforeEach(fund);
  const seconds = (from: number): number => Math.floor(world.clock.now().getTime() / 1000) + from;
  /** Alice asks an AMM for at least 19 000 sats; Bob is the AMM. */
  const order = (params: Record<string, unknown> = {}): Side => ({
    user: ALICE,
    give: {},
    receive: {},
    content: {
      type: "amm:swap",
      solver_id: BOB.pubkey,
      params: {
        in_asset: "gUSD",
        in_amount: 100,
        out_asset: "gBTC",
        min_out_amount: 19_000,
        pool_id: "pool-1",
        fee_asset_id: "gBTC",
        fee_amount: 10,
        ...params,
      },
    },
  });
  const quote: Side = { user: BOB, give: { gBTC: 19_500 }, receive: { gUSD: 100 } };
  const submitOrder = (side: Side, fields: Record<string, unknown> = {}) => {
    const intents = [side, quote].map(world.sideEvent);
    const { action_id } = JSON.parse(intents[0]?.content ?? "") as { action_id: string };
    const allocations = [{ action_id, receive: [{ asset_id: "gBTC", amount: 19_500 }] }];
    return world.submit(BOB, intents, { allocations, ...fields });
  };

  it("is settled by the legs that it states", async () => {
    const { members } = await submitOrder(order());
    const [alice, bob = alice] = members;
    await world.answerAs(ALICE, alice);
    await world.answerAs(BOB, bob);
    await world.drive(alice.sessionId);
    expect(await world.balancesOf(ALICE)).toEqual({ gBTC: 1_000n + 19_500n - 10n, [USD]: 50n });
    const stored = await test.database.select("SELECT type, status FROM intents WHERE pubkey = ?", [ALICE.pubkey]);
    expect(stored).toMatchObject([{ type: "amm:swap", status: "accepted" }]);
  });

  it("is in no batch that may settle after its deadline", async () => {
    const late = submitOrder(order({ deadline: seconds(100) }), { expires_at: seconds(101) });
    await expect(late).rejects.toMatchObject({ code: "batch_invalid", details: { reason: "outlives_member" } });
    const passed = submitOrder(order({ deadline: seconds(-1) }));
    await expect(passed).rejects.toMatchObject({ details: { reason: "intent_expired", reason_code: 1003 } });
    expect((await submitOrder(order({ deadline: seconds(100) }), { expires_at: seconds(100) })).txid).toBeDefined();
  });

  it("needs the fee in what was signed, and legs at all", async () => {
    await expect(submitOrder(order({ fee_amount: undefined }))).rejects.toMatchObject({
      details: { reason: "fee_invalid", reason_code: 4001 },
    });
    await expect(submitOrder(order({ in_asset: undefined }))).rejects.toMatchObject({
      details: { reason: "invalid_request", reason_code: 1002 },
    });
  });
});

describe("a batch is refused whole", () => {
  beforeEach(fund);
  const [alice, bob] = SIDES as readonly [Side, Side];

  const nothingIsHeld = async (): Promise<void> => {
    const counted = await test.database.select(
      `SELECT (SELECT COUNT(*) FROM signing_sessions) AS sessions, (SELECT COUNT(*) FROM swap_batches) AS batches,
         (SELECT COUNT(*) FROM intents) AS intents, (SELECT COUNT(*) FROM vtxos WHERE locked_by IS NOT NULL) AS locks`,
    );
    expect(counted).toMatchObject([{ sessions: 0, batches: 0, intents: 0, locks: 0 }]);
  };

  it.each<[string, readonly Side[], Record<string, unknown>]>([
    [
      "the legs do not net to zero",
      [alice, { ...bob, give: { gBTC: 19_999 } }],
      { reason: "netting", asset_id: "gBTC", delta: -1 },
    ],
    [
      "a named counterparty is no member",
      [{ ...alice, counterparties: [CAROL] }, bob],
      { reason: "counterparty_missing" },
    ],
    [
      "a member does not name the submitter",
      [{ ...alice, counterparties: [] }, bob],
      { reason: "submitter_not_named" },
    ],
    ["a fee is missing", [{ ...alice, params: { fee_amount: 9 } }, bob], { reason: "fee_invalid", reason_code: 4001 }],
    [
      "an asset is unknown",
      [
        { ...alice, give: { gXAU: 1 } },
        { ...bob, receive: { gXAU: 1 } },
      ],
      { reason: "asset_unknown", reason_code: 2005 },
    ],
    [
      "a member is for another network",
      [{ ...alice, content: { network: "mainnet" } }, bob],
      { reason: "wrong_network", reason_code: 1005 },
    ],
    [
      "a member's type moves nothing",
      [{ ...alice, content: { type: "p2p_transfer" } }, bob],
      { reason: "invalid_request", reason_code: 1002 },
    ],
    [
      "it outlives a member",
      [{ ...alice, content: { expires_at: Math.floor(Date.now() / 1000) + 100 } }, bob],
      { reason: "outlives_member" },
    ],
    ["an author is in it twice", [alice, { ...bob, user: ALICE, counterparties: [] }], { reason: "author_twice" }],
  ])("when %s (3001)", async (_case, sides, details) => {
    const submitter = details["reason"] === "author_twice" ? ALICE : BOB;
    const refused = sides.map((side) => (submitter === ALICE ? { ...side, counterparties: [] } : side));
    await expect(world.submitSides(submitter, refused)).rejects.toMatchObject({ code: "batch_invalid", details });
    await nothingIsHeld();
  });

  it("when a member's signature is wrong (3001, and 1001 as its reason)", async () => {
    const [first, second] = SIDES.map(world.sideEvent);
    const forged = { ...first, content: first?.content.replace("20000", "2000") };
    await expect(world.submit(BOB, [forged, second] as never)).rejects.toMatchObject({
      code: "batch_invalid",
      details: { reason: "signature_invalid", reason_code: 1001 },
    });
    await nothingIsHeld();
  });

  it.each<[string, Side, Side, Record<string, unknown>]>([
    [
      "the units it gives",
      { ...alice, give: { gUSD: 151 } },
      { ...bob, receive: { gUSD: 151 } },
      { asset_id: "gUSD", required: 151, available: 150 },
    ],
    [
      "the sats it gives",
      { ...alice, receive: { gBTC: 60_000 } },
      { ...bob, give: { gBTC: 60_000 } },
      { asset_id: "gBTC", required: 60_340, available: 50_000 },
    ],
  ])("when a member is short of %s (2001)", async (_case, first, second, details) => {
    await expect(world.submitSides(BOB, [first, second])).rejects.toMatchObject({
      code: "insufficient_balance",
      details,
    });
    await nothingIsHeld();
  });

  it("when a member lacks the sats for the carriers of what it receives (2001)", async () => {
    // Bob keeps 329 sats, which is one less than the units he gets stand on.
    const give = 50_000 - 10 - 329;
    const sides = [
      { ...alice, receive: { gBTC: give } },
      { ...bob, give: { gBTC: give } },
    ];
    await expect(world.submitSides(BOB, sides)).rejects.toMatchObject({
      code: "insufficient_balance",
      details: { asset_id: "gBTC", required: 50_001, available: 50_000 },
    });
    await nothingIsHeld();
  });

  it("when the inputs of all members are more than a session may have", async () => {
    for (let coin = 0; coin < 25; coin++) world.arkd.fund(CAROL.pubkey, 400n);
    await world.sync(CAROL);
    const sides: readonly Side[] = [
      { user: CAROL, give: { gBTC: 8_000 }, receive: { gUSD: 100 }, counterparties: [ALICE] },
      { user: ALICE, give: { gUSD: 100 }, receive: { gBTC: 8_000 } },
    ];
    await expect(world.submitSides(ALICE, sides)).rejects.toMatchObject({
      code: "batch_invalid",
      details: { reason: "too_many_inputs", reason_code: 2011 },
    });
  });

  it("when three batches of its submitter stayed unanswered within an hour (1009)", async () => {
    for (const batch_id of ["batch-0001", "batch-0002", "batch-0003"]) {
      const { members } = await world.submitSides(BOB, SIDES, { batch_id });
      world.clock.advance(301_000);
      await world.drive(members[0].sessionId);
      await world.sync(ALICE, BOB);
    }
    await expect(world.submitSides(BOB, SIDES, { batch_id: "batch-0004" })).rejects.toMatchObject({
      code: "rate_limited",
    });
    world.clock.advance(3_600_000);
    await world.sync(ALICE, BOB);
    expect((await world.submitSides(BOB, SIDES, { batch_id: "batch-0005" })).txid).toBeDefined();
  });

  it("when its submitter called three off that their members had not answered (1009)", async () => {
    for (const batch_id of ["batch-0001", "batch-0002", "batch-0003"]) {
      const { members } = await world.submitSides(BOB, SIDES, { batch_id });
      await test.database.transactions.run((tx) =>
        cancelSession(world.deps, tx, {
          sessionId: members[0].sessionId,
          caller: ownerCaller(BOB.pubkey),
          reason: "again",
        }),
      );
    }
    await expect(world.submitSides(BOB, SIDES, { batch_id: "batch-0004" })).rejects.toMatchObject({
      code: "rate_limited",
    });
  });

  it.each([{ min_out_amount: 4 }, { recipient_pubkey: CAROL.pubkey }])(
    "when a member's intent says %j, which no leg holds anybody to",
    async (content) => {
      await expect(world.submitSides(BOB, [{ ...alice, content }, bob])).rejects.toMatchObject({
        code: "batch_invalid",
        details: { reason_code: 1002 },
      });
    },
  );

  it("when a member's coin expires sooner than another member's outputs may, whatever the first one says", async () => {
    world.arkd.fund(CAROL.pubkey, 50_000n, [], 7_200_000);
    await world.sync(CAROL);
    const sides = [
      { ...alice, counterparties: [CAROL] },
      { ...bob, user: CAROL, params: { min_life_seconds: 0 } },
    ];
    await expect(world.submitSides(CAROL, sides)).rejects.toMatchObject({
      code: "batch_invalid",
      details: { reason_code: 2003 },
    });
  });
});

describe("before arkd has it", () => {
  beforeEach(fund);

  it("a silent member ends it for all: intents stored again, and only it and the submitter are told (3001)", async () => {
    const { alice, bob } = await submitTwo();
    await world.answerAs(BOB, bob);
    await world.drive(alice.sessionId);
    expect(await world.locks()).toBe(3);
    world.clock.advance(300_000);
    await world.drive(alice.sessionId);
    expect(await world.statusOf(BOB)).toBe("failed");
    expect(await world.locks()).toBe(0);
    expect(await intentRows()).toMatchObject([{ status: "stored" }, { status: "stored" }]);
    for (const session of [alice, bob]) {
      expect(await world.getSession(session.sessionId)).toMatchObject({
        status: "failed",
        errorCode: "batch_invalid",
        intentId: undefined,
      });
    }
    const details = { reason: "unanswered", action_id: alice.intent.actionId };
    expect(await failuresOf(BOB)).toMatchObject([{ code: 3001, ref_action_id: "batch-0001", details }]);
    expect(await failuresOf(ALICE)).toMatchObject([{ code: 3001, ref_action_id: alice.intent.actionId, details }]);
    // The actions have no outcome: both may go into another batch.
    expect(await test.database.select("SELECT author_pubkey FROM results")).toMatchObject([
      { author_pubkey: BOB.pubkey },
    ]);
  });

  it("is ended by whoever finds the challenge run out, once", async () => {
    const { alice, bob } = await submitTwo();
    await world.answerAs(ALICE, alice);
    world.clock.advance(300_000);
    expect(await expireSessions(world.deps, { limit: 10 })).toMatchObject({ expiredChallenges: 1 });
    expect(await world.statusOf(BOB)).toBe("failed");
    expect(await failuresOf(BOB)).toMatchObject([{ code: 3001, details: { action_id: bob.intent.actionId } }]);
    expect(await failuresOf(ALICE)).toEqual([]);
  });

  it("the released sides settle in the next batch", async () => {
    const intents = SIDES.map(world.sideEvent);
    const first = await world.submit(BOB, intents, { expires_at: Math.floor(world.clock.now().getTime() / 1000) + 60 });
    world.clock.advance(61_000);
    await world.drive(first.members[0].sessionId);
    await world.sync(ALICE, BOB);
    const { members } = await world.submit(BOB, intents, { batch_id: "batch-0002" });
    await world.answerAs(ALICE, members[0]);
    await world.answerAs(BOB, members[1] ?? members[0]);
    await world.drive(members[0].sessionId);
    expect(await world.statusOf(BOB, "batch-0002")).toBe("finalized");
  });

  it("a member that cancels ends it for all", async () => {
    const { alice, bob } = await submitTwo();
    await test.database.transactions.run((tx) =>
      cancelSession(world.deps, tx, { sessionId: alice.sessionId, caller: ownerCaller(ALICE.pubkey), reason: "no" }),
    );
    expect(await world.statusOf(BOB)).toBe("failed");
    expect((await world.getSession(bob.sessionId)).status).toBe("failed");
    expect(await failuresOf(BOB)).toMatchObject([{ code: 3001, details: { reason: "refused" } }]);
    expect(await world.locks()).toBe(0);
  });

  it("its submitter may call it off, which is no member's fault", async () => {
    const { alice } = await submitTwo();
    await test.database.transactions.run((tx) =>
      cancelSession(world.deps, tx, {
        sessionId: alice.sessionId,
        caller: ownerCaller(BOB.pubkey),
        reason: "moved on",
      }),
    );
    expect(await failuresOf(BOB)).toMatchObject([{ code: 3001, details: { reason: "called_off" } }]);
    expect(await failuresOf(ALICE)).toEqual([]);
  });

  it("three wrong answers of a follower end it for all", async () => {
    const { bob } = await submitTwo();
    const challenge = await world.challengeOf(bob);
    const wrong = () =>
      test.database.transactions.run((tx) =>
        respondToChallenge(world.deps, tx, {
          sessionId: bob.sessionId,
          caller: ownerCaller(BOB.pubkey),
          signedBy: BOB.pubkey,
          payloadRef: challenge.payloadRef,
          signatures: challenge.items.map(({ txid, input }) => ({ txid, input, sig: "11".repeat(64) })),
        }),
      );
    for (let tries = 0; tries < 3; tries++) await expect(wrong()).rejects.toMatchObject({ code: "signature_mismatch" });
    expect(await world.statusOf(BOB)).toBe("failed");
    expect(await failuresOf(BOB)).toMatchObject([{ code: 3001, details: { reason: "signature_mismatch" } }]);
  });

  it("counts an answer of a presigner only when its checkpoints are signed too", async () => {
    const { bob } = await submitTwo();
    const challenge = await world.challengeOf(bob);
    const answered = await test.database.transactions.run((tx) =>
      respondToChallenge(world.deps, tx, {
        sessionId: bob.sessionId,
        caller: ownerCaller(BOB.pubkey),
        signedBy: BOB.pubkey,
        signatures: signItems(itemsOf(challenge, "ark"), BOB.secretKey, world.deps.random),
      }),
    );
    expect(answered).toMatchObject({ itemsMissing: 1, session: { status: "challenge_sent" } });
  });

  it("keeps checkpoint signatures that were given ahead sealed", async () => {
    const { bob } = await submitTwo();
    await world.answerAs(BOB, bob);
    const rows = await test.database.select("SELECT signature FROM collected_signatures ORDER BY id");
    expect(rows).toHaveLength(2);
    expect(rows.map((row) => /^[0-9a-f]{128}$/.test(String(row["signature"])))).toEqual([true, false]);
  });

  it("shows whoever asks again its open challenge, and makes no second one", async () => {
    const { bob } = await submitTwo();
    const ask = () =>
      test.database.transactions.run((tx) =>
        requestChallenge(world.deps, tx, { sessionId: bob.sessionId, caller: ownerCaller(BOB.pubkey) }),
      );
    const open = await world.challengeOf(bob);
    expect((await ask()).challenge?.challengeId).toBe(open.challengeId);
    world.clock.advance(300_000);
    await expect(ask()).rejects.toMatchObject({ code: "challenge_expired" });
  });

  it("a coin that was spent elsewhere ends it, all sides released (3001, and 2002 as its reason)", async () => {
    const { alice, bob } = await submitTwo();
    await world.answerAs(ALICE, alice);
    await world.answerAs(BOB, bob);
    const coin = [...world.arkd.vtxos.values()].find((vtxo) => world.arkd.isOwnedBy(vtxo, ALICE.pubkey));
    world.arkd.spendElsewhere(coin?.vtxoId ?? "");
    await world.drive(alice.sessionId);
    expect(await world.statusOf(BOB)).toBe("failed");
    expect(await failuresOf(BOB)).toMatchObject([{ code: 3001, details: { reason: "vtxo_spent" } }]);
    expect(await world.locks()).toBe(0);
    expect(await intentRows()).toMatchObject([{ status: "stored" }, { status: "stored" }]);
  });
});

describe("on several workers", () => {
  beforeEach(fund);

  it("members that answer at the same moment both count, and the swap goes on", async () => {
    const { alice, bob } = await submitTwo();
    const answers = await Promise.all([world.answerAs(ALICE, alice), world.answerAs(BOB, bob)]);
    // Whoever is last finds all there and wakes the head; the wakes name the head, whoever answered.
    for (const { wakes } of answers) expect(wakes.map(({ rowKey }) => rowKey)).toEqual([alice.sessionId]);
    await world.drive(alice.sessionId);
    expect(await world.statusOf(BOB)).toBe("finalized");
  });

  it("batches that want the same coins at the same moment, in either order, leave them to one of them", async () => {
    for (let round = 0; round < 3; round++) {
      const sides = (amount: number): readonly [Side, Side] => [
        { user: ALICE, give: { gUSD: 100 }, receive: { gBTC: amount }, counterparties: [BOB] },
        { user: BOB, give: { gBTC: amount }, receive: { gUSD: 100 }, counterparties: [ALICE] },
      ];
      const [a, b] = sides(1_000);
      const [c, d] = sides(2_000);
      const outcomes = await Promise.allSettled([
        world.submitSides(BOB, [a, b], { batch_id: `batch-${round}-ab` }),
        world.submitSides(BOB, [d, c], { batch_id: `batch-${round}-ba` }),
      ]);
      const [taken, ...more] = outcomes.flatMap((each) => (each.status === "fulfilled" ? [each.value] : []));
      const [refused] = outcomes.flatMap((each): unknown[] => (each.status === "rejected" ? [each.reason] : []));
      expect(more).toEqual([]);
      expect(refused).toMatchObject({ code: "batch_invalid", details: { reason: "vtxo_locked", reason_code: 2004 } });
      expect(await world.locks()).toBe(3);
      const sessionId = taken?.members[0].sessionId ?? "";
      await test.database.transactions.run((tx) =>
        cancelSession(world.deps, tx, { sessionId, caller: ownerCaller(BOB.pubkey), reason: "next round" }),
      );
      expect(await world.locks()).toBe(0);
    }
  });

  it("a driver whose attempt was taken over moves nobody", async () => {
    const { alice, bob } = await submitTwo();
    await world.answerAs(ALICE, alice);
    await world.answerAs(BOB, bob);
    await test.database.write("UPDATE signing_sessions SET attempt_token = 'newer' WHERE session_id = ?", [
      alice.sessionId,
    ]);
    const stale = driveCeremony(world.deps, { sessionId: alice.sessionId, fence: "older" });
    await expect(stale).rejects.toMatchObject({ code: "wrong_state" });
    for (const { sessionId } of [alice, bob]) {
      expect((await world.getSession(sessionId)).ceremonyState).toBe("ark_tx_prepared");
    }
  });

  it("a worker that is woken for a follower leaves it to its head", async () => {
    const { alice, bob } = await submitTwo();
    await world.answerAs(ALICE, alice);
    await world.answerAs(BOB, bob);
    expect(await world.drive(bob.sessionId)).toBeUndefined();
    expect(await world.statusOf(BOB)).toBe("collecting");
  });

  it.each([0, 1, 2, 3, 4, 5, 6, 7])(
    "a worker that dies at its commit or call %i leaves what the next one finishes",
    async (crashAt) => {
      for (const after of [false, true]) {
        const batch_id = `batch-${String(crashAt)}-${String(after)}`;
        const { members } = await world.submitSides(
          BOB,
          [
            { user: ALICE, give: { gUSD: 10 }, receive: { gBTC: 1_000 }, counterparties: [BOB] },
            { user: BOB, give: { gBTC: 1_000 }, receive: { gUSD: 10 } },
          ],
          { batch_id },
        );
        const [alice, bob = alice] = members;
        await world.answerAs(ALICE, alice);
        await world.answerAs(BOB, bob);
        const died = attemptDrive(test, world, alice.sessionId, { death: { crashAt, after }, fault: null }).catch(
          isCrash,
        );
        // Beyond its last commit or call there is nothing left to die at.
        expect([true, undefined]).toContain(await died);
        world.clock.advance(31_000);
        await attemptDrive(test, world, alice.sessionId);
        // Of the second batch everybody is known, so the one with the most sats gives its checkpoints now.
        if (after) await world.answerAs(BOB, bob);
        await attemptDrive(test, world, alice.sessionId);
        await checkAlways(test);
        expect(await world.statusOf(BOB, batch_id)).toBe("finalized");
        await world.sync(ALICE, BOB);
      }
      expect([await world.locks(), world.arkd.totalUnits(USD)]).toEqual([0, 150n]);
      expect(await world.published(31340)).toHaveLength(2);
    },
  );
});

it("a batch with as many inputs as there may be fits into its events", async () => {
  for (let coin = 0; coin < 19; coin++) world.arkd.fund(CAROL.pubkey, 400n);
  world.arkd.fund(ALICE.pubkey, 1_000n, [usd(100n)]);
  await world.sync(CAROL, ALICE);
  const { members } = await world.submitSides(ALICE, [
    { user: CAROL, give: { gBTC: 7_000 }, receive: { gUSD: 100 }, counterparties: [ALICE] },
    { user: ALICE, give: { gUSD: 100 }, receive: { gBTC: 7_000 } },
  ]);
  const [carol, alice = carol] = members;
  const { content } = await world.challengeOf(carol);
  expect(content.type === "sign_tx" && content.items.length).toBe(2 * 19);
  expect(Buffer.byteLength(JSON.stringify(content))).toBeLessThan(65_535);
  await world.answerAs(CAROL, carol);
  await world.answerAs(ALICE, alice);
  await world.drive(carol.sessionId);
  expect(await world.statusOf(ALICE)).toBe("finalized");
});

describe("the freeze rule", () => {
  beforeEach(fund);

  it("asks everybody for their checkpoints ahead while one of them has never completed a session", async () => {
    await world.makeKnown(BOB);
    const { alice, bob } = await submitTwo();
    for (const session of [alice, bob]) {
      expect((await world.challengeOf(session)).content.context.presign).toBe(true);
    }
  });

  it("shows an accepted swap as waiting once, by its head, also when nobody is asked for anything any more", async () => {
    const { alice, bob } = await submitTwo();
    await world.answerAs(ALICE, alice);
    await world.answerAs(BOB, bob);
    world.arkd.fault = (method) => (method === "finalizeTx" ? "unavailable" : undefined);
    await expect(world.drive(alice.sessionId)).rejects.toMatchObject({ code: "daemon_unavailable" });
    const stuck = await new DrizzleStuckCeremonies(test.database).list(new Date(Date.now() + 60_000), 10);
    expect(stuck).toMatchObject([{ sessionId: alice.sessionId, gatewaySats: 1_000n }]);
    world.arkd.fault = () => undefined;
    await world.drive(alice.sessionId);
    expect(await world.statusOf(BOB)).toBe("finalized");
  });

  describe("of two that are known", () => {
    beforeEach(async () => {
      await world.makeKnown(ALICE, BOB);
      await world.stockFees(5);
      await world.sync(ALICE, BOB);
    });

    it("lets off the one that brings the most sats", async () => {
      const { alice, bob } = await submitTwo();
      const items = async (session: Session, role: "ark" | "checkpoint") =>
        itemsOf(await world.challengeOf(session), role).length;
      expect([await items(alice, "ark"), await items(alice, "checkpoint")]).toEqual([1, 1]);
      expect([await items(bob, "ark"), await items(bob, "checkpoint")]).toEqual([1, 0]);
    });

    it("never takes an accepted swap back: a withheld checkpoint is asked for again until it comes", async () => {
      const { alice, bob } = await submitTwo();
      await world.answerAs(ALICE, alice);
      await world.answerAs(BOB, bob);
      await world.drive(alice.sessionId);
      expect(await world.statusOf(BOB)).toBe("accepted");
      expect(await world.openChallenge(alice.sessionId)).toBeUndefined();
      const asked = await world.challengeOf(bob);
      expect(asked.stage).toBe("checkpoint_txs");
      await expect(
        test.database.transactions.run((tx) =>
          cancelSession(world.deps, tx, { sessionId: bob.sessionId, caller: ownerCaller(BOB.pubkey), reason: "no" }),
        ),
      ).rejects.toMatchObject({ code: "too_late_to_cancel" });
      const stuck = await new DrizzleStuckCeremonies(test.database).list(new Date(Date.now() + 60_000), 10);
      expect(stuck).toMatchObject([{ sessionId: alice.sessionId, gatewaySats: 1_000n }]);
      world.clock.advance(86_400_000);
      await expireSessions(world.deps, { limit: 10 });
      await world.drive(alice.sessionId);
      expect(await world.statusOf(BOB)).toBe("accepted");
      expect((await world.challengeOf(bob)).challengeId).toBe(asked.challengeId);
      expect((await world.challengeOf(bob)).expiresAt.getTime()).toBeGreaterThan(world.clock.now().getTime());
      await world.answerAs(BOB, bob);
      await world.drive(alice.sessionId);
      expect(await world.statusOf(BOB)).toBe("finalized");
      expect((await world.balancesOf(BOB))[USD]).toBe(100n);
    });
  });
});
