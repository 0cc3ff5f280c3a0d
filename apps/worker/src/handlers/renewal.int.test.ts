import { AppError } from "@arkrelay/core/errors";
import { bookFrozen } from "@arkrelay/core/ledger/book-frozen";
import { serviceResponseSchema } from "@arkrelay/core/nostr/service-response";
import { expireSessions } from "@arkrelay/core/session/expire-sessions";
import { requestChallenge } from "@arkrelay/core/session/request-challenge";
import { ALICE, BOB, type TestKey } from "@arkrelay/core/testing/ark-transfer";
import { syncVtxos } from "@arkrelay/core/vtxo/sync-vtxos";
import { DrizzleStuckCeremonies } from "@arkrelay/db/stores/stuck-ceremonies";
import { openTestDatabase, type TestDatabase } from "@arkrelay/db/testing/test-database";

import { ownerCaller, solverCaller } from "../testing/ceremony-world";
import { gold, openRenewalWorld, silver, type RenewalWorld } from "../testing/renewal-world";
import { openRequests } from "../testing/request-world";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

let test: TestDatabase;
let world: RenewalWorld;

beforeAll(async () => {
  test = await openTestDatabase();
});
afterAll(() => test.close());
beforeEach(async () => {
  await test.empty();
  world = await openRenewalWorld(test);
});

const refusalOf = async (act: Promise<unknown>): Promise<AppError> => {
  const thrown: unknown = await act.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (thrown instanceof AppError) return thrown;
  throw new Error(`not refused: ${String(thrown)}`);
};

/** VTXOs of a day ago, and stock of now: what comes back for them has to outlive them by a day. */
async function giveOld(user: TestKey, ...vtxos: Parameters<RenewalWorld["give"]>[1][]): Promise<readonly string[]> {
  const ids = await world.give(user, ...vtxos);
  world.clock.advance(DAY_MS);
  await world.stock(100_000n, 100_000n, 100_000n);
  await world.stockUnits(gold(500n), silver(500n), gold(40n));
  await syncVtxos(world.deps, { ownerPubkey: user.pubkey });
  return ids;
}

describe("live VTXOs", () => {
  it("come back with the same sats and units on VTXOs with their own life, and a 31340 names both transactions", async () => {
    expect(await world.drifts()).toEqual([]);
    const ids = await giveOld(ALICE, [30_000n], [1_000n, gold(70n), silver(5n)]);
    const before = world.holdings(ALICE.pubkey);
    const session = await world.renewWhole(ALICE, ids);

    expect(session).toMatchObject({ status: "completed", ceremonyState: "published", sessionType: "p2p_transfer" });
    expect(session.context).toEqual({ renew: { way: "transfer" } });
    expect(world.holdings(ALICE.pubkey)).toEqual(before);
    const [fresh] = await world.deps.vtxos.listLive(undefined, ALICE.pubkey, 10);
    expect(fresh?.expiresAt?.getTime()).toBeGreaterThan(world.clock.now().getTime() + 6 * DAY_MS);

    const result = await world.deps.results.find(ALICE.pubkey, session.intent.actionId);
    expect(result?.kind).toBe(31340);
    const txids = await world.deps.sessionTxs.findTxids(session.id);
    const payout = await world.deps.payouts.find("renew", session.sessionId);
    const output = (vout: number, amount: number, assetId: string) => ({
      vtxo_id: `${payout?.txid}:${vout}`,
      amount,
      asset_id: assetId,
      recipient: ALICE.pubkey,
    });
    expect(session.resultData).toEqual({
      txid: txids?.ark,
      payout_txid: payout?.txid,
      inputs: ids,
      outputs: [output(0, 30_000, "gBTC"), output(1, 70, "gold"), output(1, 5, "silver")],
      fee_paid: 0,
      fee_asset_id: "gBTC",
      expires_at: fresh?.expiresAt?.toISOString(),
    });
    expect(await world.balance("liability:renewal", "gBTC")).toBe(0n);
    expect(await world.balance("liability:renewal", "gold")).toBe(0n);
    expect(await world.balance("asset:ark", "gold")).toBe(await world.balance("asset:ark", "silver"));
    expect(await world.locks()).toEqual([]);
    expect(await world.drifts()).toEqual([]);
    expect(await world.drifts()).toEqual([]);
  });

  it("are owed by the gateway from the moment they are final until the payout is", async () => {
    const ids = await giveOld(ALICE, [30_000n], [1_000n, gold(70n)]);
    const { session } = await world.renew(ALICE, ids);
    await world.sign(ALICE, session.sessionId);
    expect(await world.balance("liability:renewal", "gBTC")).toBe(-31_000_000n);
    expect(await world.balance("liability:renewal", "gold")).toBe(-70n);
    expect(await world.getSession(session.sessionId)).toMatchObject({ status: "signing", ceremonyState: "finalized" });
    expect(await world.deps.results.find(ALICE.pubkey, session.intent.actionId)).toBeUndefined();
    expect(await world.drifts()).toEqual([]);
    expect(await world.drifts()).toEqual([]);
  });

  it("hold no stock for a user who withholds the checkpoints, and are paid from other stock when it signs after all", async () => {
    const ids = await giveOld(ALICE, [30_000n]);
    const before = world.holdings(ALICE.pubkey);
    const { session } = await world.renew(ALICE, ids);
    await world.drive(session.sessionId);
    await world.answer(ALICE, session.sessionId);
    await world.drive(session.sessionId);
    const stuck = new DrizzleStuckCeremonies(test.database);
    const reserved = () => test.database.select("SELECT 1 FROM vtxos WHERE locked_by LIKE 'payout:%'");
    expect(await reserved()).not.toEqual([]);
    world.clock.advance(HOUR_MS);
    expect(await bookFrozen({ ...world.deps, stuck }, HOUR_MS / 2)).toBe(1);
    expect(await reserved()).toEqual([]);
    const challenge = await world.openChallenge(session.sessionId);
    expect(challenge?.stage).toBe("checkpoint_txs");
    await world.answer(ALICE, session.sessionId);
    await world.drive(session.sessionId);
    await world.runPayouts();
    expect(await world.getSession(session.sessionId)).toMatchObject({ status: "completed" });
    expect(world.holdings(ALICE.pubkey)).toEqual(before);
    expect(await world.locks()).toEqual([]);
  });

  it("show their user a challenge that says what it is, with a fee of nothing", async () => {
    const ids = await giveOld(ALICE, [30_000n]);
    const { session } = await world.renew(ALICE, ids);
    await world.drive(session.sessionId);
    const challenge = await world.openChallenge(session.sessionId);
    expect(challenge?.content.context).toMatchObject({
      renew: true,
      human: "Renew a VTXO without a fee: sign the transfer to the gateway (1 of 2).",
      amounts: {
        spend: [{ asset_id: "gBTC", amount: 30_000 }],
        receive: [{ asset_id: "gBTC", amount: 30_000 }],
        change: [],
        fee: { asset_id: "gBTC", amount: 0 },
      },
    });
  });

  it("of somebody else, unknown or spent, are refused", async () => {
    const [foreign = ""] = await giveOld(BOB, [30_000n]);
    const [own = ""] = await giveOld(ALICE, [30_000n]);
    expect((await refusalOf(world.renew(ALICE, [foreign]))).code).toBe("vtxo_not_owned");
    expect((await refusalOf(world.renew(ALICE, [own, foreign]))).code).toBe("vtxo_not_owned");
    expect((await refusalOf(world.renew(ALICE, [`${"ab".repeat(32)}:0`]))).code).toBe("vtxo_not_owned");
    world.arkd.spendElsewhere(own);
    await syncVtxos(world.deps, { ownerPubkey: ALICE.pubkey });
    expect((await refusalOf(world.renew(ALICE, [own]))).code).toBe("vtxo_spent");
  });

  it("that live less than a day are refused, and so are live and swept ones together", async () => {
    const [old = ""] = await world.give(ALICE, [30_000n]);
    world.clock.advance(6 * DAY_MS + HOUR_MS);
    await world.stock(100_000n);
    await syncVtxos(world.deps, { ownerPubkey: ALICE.pubkey });
    expect(await refusalOf(world.renew(ALICE, [old]))).toMatchObject({ code: "vtxo_expired" });
    const [young = ""] = await world.give(ALICE, [20_000n]);
    world.clock.advance(DAY_MS);
    await syncVtxos(world.deps, { ownerPubkey: ALICE.pubkey });
    const mixed = await refusalOf(world.renew(ALICE, [old, young]));
    expect([mixed.code, mixed.errors[0]?.code]).toEqual(["invalid_request", "mixed"]);
  });

  it("held by another session of their owner are refused", async () => {
    const ids = await giveOld(ALICE, [30_000n]);
    const { session } = await world.renew(ALICE, ids);
    await world.drive(session.sessionId);
    expect((await refusalOf(world.renew(ALICE, ids))).code).toBe("vtxo_locked");
  });

  it("a fee in a renewal is refused", async () => {
    const ids = await giveOld(ALICE, [30_000n]);
    const params = { vtxo_ids: ids, fee_asset_id: "gBTC", fee_amount: 10 };
    expect((await refusalOf(world.open(ALICE, { type: "vtxo:renew", params }))).code).toBe("fee_invalid");
  });

  it("the same intent again is the same session, and pays once", async () => {
    const ids = await giveOld(ALICE, [30_000n]);
    const intent = { action_id: "renew-0001", type: "vtxo:renew", params: { vtxo_ids: ids } };
    const { session } = await world.open(ALICE, intent);
    await world.sign(ALICE, session.sessionId);
    await world.runPayouts();
    const again = await world.open(ALICE, intent);
    expect([again.replayed, again.session.sessionId]).toEqual([true, session.sessionId]);
    await world.runPayouts();
    expect(world.holdings(ALICE.pubkey)).toEqual(["30000"]);
  });

  it("over Nostr go by the signed event", async () => {
    const ids = await giveOld(ALICE, [30_000n]);
    const event = world.intentEvent(ALICE, {
      action_id: "renew-nostr-1",
      type: "vtxo:renew",
      params: { vtxo_ids: ids, fee_asset_id: "gBTC", fee_amount: 0 },
      expires_at: Math.floor(world.clock.now().getTime() / 1000) + 600,
    });
    expect(await world.process(event)).toMatchObject({ errorCode: undefined });
    const [session] = await world.deps.sessions.list({ userPubkey: ALICE.pubkey }, 1, undefined);
    await world.sign(ALICE, session?.sessionId ?? "");
    await world.runPayouts();
    expect((await world.getSession(session?.sessionId ?? "")).status).toBe("completed");
  });

  it("are asked about over Nostr, answered with their way and with the intent to sign, which then does it", async () => {
    const ids = await giveOld(ALICE, [30_000n], [20_000n]);
    const requests = openRequests(test, world);
    const answer = await requests.ask(ALICE, { request_id: "renew-req-1", action: "renew", vtxo_ids: ids });
    expect(serviceResponseSchema.safeParse(answer).error).toBeUndefined();
    const rows = await world.deps.vtxos.listByIds(undefined, ids);
    expect(answer["renewals"]).toEqual(
      ids.map((id) => ({
        vtxo_id: id,
        expires_at: rows.find(({ vtxoId }) => vtxoId === id)?.expiresAt?.toISOString(),
        way: "transfer",
      })),
    );
    const template = answer["intent_template"] as Record<string, unknown>;
    expect(await world.process(world.intentEvent(ALICE, template))).toMatchObject({ errorCode: undefined });
    const [session] = await world.deps.sessions.list({ userPubkey: ALICE.pubkey }, 1, undefined);
    await world.sign(ALICE, session?.sessionId ?? "");
    await world.runPayouts();
    expect(world.holdings(ALICE.pubkey)).toEqual(["20000", "30000"]);
    const refused = await requests.ask(BOB, { request_id: "renew-req-2", action: "renew", vtxo_ids: ids });
    expect(refused).toMatchObject({ status: "error", error_code: 2004 });
  });

  it("of an asset that is stopped are refused", async () => {
    const ids = await giveOld(ALICE, [1_000n, gold(70n)]);
    await test.database.write("UPDATE assets SET status = 'frozen' WHERE asset_id = 'gold'");
    expect((await refusalOf(world.renew(ALICE, ids))).code).toBe("asset_inactive");
  });

  it("hold their share of stock and of the day from challenge 1 on, and give it back with it", async () => {
    const ids = await giveOld(ALICE, [30_000n]);
    const { session } = await world.renew(ALICE, ids);
    await world.drive(session.sessionId);
    expect(await world.renewedToday(ALICE)).toBe(30_000n);
    const stockHeld = async () =>
      (await world.locks()).filter(({ locked_by }) => locked_by === `payout:${session.sessionId}`).length;
    expect(await stockHeld()).toBe(1);
    world.clock.advance(301_000);
    await expireSessions(world.deps, { limit: 10 });
    expect([await world.renewedToday(ALICE), await stockHeld()]).toEqual([0n, 0]);
    await test.database.transactions.run((tx) =>
      requestChallenge(world.deps, tx, { sessionId: session.sessionId, caller: ownerCaller(ALICE.pubkey) }),
    );
    await world.drive(session.sessionId);
    expect([await world.renewedToday(ALICE), await stockHeld()]).toEqual([30_000n, 1]);
    world.clock.advance(901_000);
    await expireSessions(world.deps, { limit: 10 });
    expect((await world.getSession(session.sessionId)).status).toBe("expired");
    expect([await world.renewedToday(ALICE), await world.locks()]).toEqual([0n, []]);
  });

  it("of a session that its owner did not prove yield to the owner's, with what was held for them", async () => {
    const ids = await giveOld(ALICE, [30_000n]);
    const { session } = await world.renew(ALICE, ids, { caller: solverCaller("solver") });
    await world.drive(session.sessionId);
    const renewed = await world.renewWhole(ALICE, ids);
    expect(renewed.status).toBe("completed");
    expect((await world.getSession(session.sessionId)).status).toBe("failed");
    expect([await world.renewedToday(ALICE), await world.locks()]).toEqual([30_000n, []]);
  });
});

it("renewals above the day's limit of a key are refused, and others are not", async () => {
  await test.empty();
  world = await openRenewalWorld(test, { renewDailySats: 50_000n });
  const [first = "", second = "", small = ""] = await giveOld(ALICE, [30_000n], [30_000n], [20_000n]);
  expect((await world.renewWhole(ALICE, [first])).status).toBe("completed");
  const over = await world.renewWhole(ALICE, [second]);
  expect([over.status, over.errorCode]).toEqual(["failed", "rate_limited"]);
  expect((await world.renewWhole(ALICE, [small])).status).toBe("completed");
  const [other = ""] = await giveOld(BOB, [30_000n]);
  expect((await world.renewWhole(BOB, [other])).status).toBe("completed");
  world.clock.advance(DAY_MS);
  await syncVtxos(world.deps, { ownerPubkey: ALICE.pubkey });
  await world.stock(100_000n);
  expect((await world.renewWhole(ALICE, [second])).status).toBe("completed");
});

it("without stock a renewal waits for some, and ends as it began when none comes", async () => {
  const ids = await world.give(ALICE, [30_000n]);
  world.clock.advance(DAY_MS);
  await world.stock(20_000n);
  await syncVtxos(world.deps, { ownerPubkey: ALICE.pubkey });
  const { session } = await world.renew(ALICE, ids);
  await world.drive(session.sessionId);
  expect((await world.getSession(session.sessionId)).status).toBe("initiated");
  world.clock.advance(301_000);
  await world.drive(session.sessionId);
  expect(await world.getSession(session.sessionId)).toMatchObject({
    status: "failed",
    errorCode: "inventory_exhausted",
  });
  expect([world.holdings(ALICE.pubkey), await world.renewedToday(ALICE), await world.locks()]).toEqual([
    ["30000"],
    0n,
    [],
  ]);
});

it("stock that would not outlive the old VTXOs by a day is not given for them", async () => {
  const ids = await world.give(ALICE, [30_000n]);
  await world.stock(100_000n);
  const { session } = await world.renew(ALICE, ids);
  await world.drive(session.sessionId);
  expect((await world.getSession(session.sessionId)).status).toBe("initiated");
});

it("stock that grew too old while its user let the transfer lie is replaced, and the user paid all the same", async () => {
  const ids = await giveOld(ALICE, [30_000n]);
  const { session } = await world.renew(ALICE, ids);
  await world.drive(session.sessionId);
  await world.answer(ALICE, session.sessionId);
  await world.drive(session.sessionId);
  world.clock.advance(6 * DAY_MS + HOUR_MS);
  await world.answer(ALICE, session.sessionId);
  const due = await world.drive(session.sessionId);
  expect(due?.getTime()).toBeGreaterThan(world.clock.now().getTime());
  expect(await world.deps.payouts.find("renew", session.sessionId)).toBeUndefined();
  await world.stock(100_000n);
  await world.drive(session.sessionId);
  await world.runPayouts();
  expect((await world.getSession(session.sessionId)).status).toBe("completed");
  const [fresh] = await world.deps.vtxos.listLive(undefined, ALICE.pubkey, 10);
  expect(fresh?.expiresAt?.getTime()).toBeGreaterThan(world.clock.now().getTime() + 6 * DAY_MS);
  expect(await world.locks()).toEqual([]);
});
