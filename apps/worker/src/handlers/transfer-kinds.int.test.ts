import { nostrEventSchema } from "@arkrelay/core/nostr/nostr-event";
import { ALICE, BOB, testKey, type TestKey } from "@arkrelay/core/testing/ark-transfer";
import { syncVtxos } from "@arkrelay/core/vtxo/sync-vtxos";
import { GBTC } from "@arkrelay/core/vtxo/vtxo";
import { registerTestAsset } from "@arkrelay/db/testing/register-asset";
import { openTestDatabase, type TestDatabase } from "@arkrelay/db/testing/test-database";

import { openCeremonyWorld, type CeremonyWorld } from "../testing/ceremony-world";

const USD = `${testKey("usd issuance").pubkey}0000`;
const usd = (amount: bigint) => ({ assetId: USD, amount });
const FEE = { fee_asset_id: GBTC, fee_amount: 10 };

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
  await registerTestAsset(test.database, "gUSD", USD);
});

/** The mirror as arkd has it; without, what is opened is judged when it is driven. */
const sync = ({ pubkey: ownerPubkey }: TestKey) => syncVtxos(world.deps, { ownerPubkey });

async function settle(user: TestKey, sessionId: string): Promise<void> {
  await world.drive(sessionId);
  await world.answer(user, sessionId);
  await world.drive(sessionId);
  await world.answer(user, sessionId);
  await world.drive(sessionId);
}

/** What a key owns at arkd: sats and units of each VTXO, the largest first. */
async function holdingsOf(user: TestKey): Promise<readonly (readonly bigint[])[]> {
  const rows = await world.deps.vtxos.listLive(undefined, user.pubkey, 100);
  return rows
    .map(({ amountSats, assets }) => [amountSats, ...assets.map(({ amount }) => amount)])
    .toSorted((a, b) => Number((b[0] ?? 0n) - (a[0] ?? 0n)) || Number((b[1] ?? 0n) - (a[1] ?? 0n)));
}

async function inputsOf(sessionId: string): Promise<readonly string[]> {
  const { id } = await world.getSession(sessionId);
  const inputs = await world.deps.sessionTxs.listInputs(id);
  return inputs.filter(({ role }) => role === "user").map(({ vtxoId }) => vtxoId);
}

async function confirmations() {
  const rows = await test.database.select("SELECT raw FROM nostr_outbox WHERE kind = 31340");
  return rows.map(({ raw }) => {
    const { tags, content } = nostrEventSchema.parse(JSON.parse(String(raw)));
    return {
      p: tags.filter(([name]) => name === "p").map(([, value]) => value),
      content: JSON.parse(content) as { readonly results: { readonly outputs: readonly unknown[] } },
    };
  });
}

const split = (vtxo_id: string, split_amounts: readonly number[], asset_id = GBTC) => ({
  params: { vtxo_id, split_amounts, asset_id },
});

it("splits sats into the parts that were asked for, the rest comes back, and only the fee is gone", async () => {
  const vtxoId = world.arkd.fund(ALICE.pubkey, 20_000n);
  world.arkd.fund(ALICE.pubkey, 90_000n);
  const sats = world.arkd.totalSats();
  const { session } = await world.open(ALICE, split(vtxoId, [5_000, 330, 5_000]), { sessionType: "vtxo_split" });
  await settle(ALICE, session.sessionId);

  expect(await inputsOf(session.sessionId)).toEqual([vtxoId]);
  expect(await holdingsOf(ALICE)).toEqual([[90_000n], [9_660n], [5_000n], [5_000n], [330n]]);
  expect(world.arkd.totalSats()).toBe(sats);
  const { status, resultData } = await world.getSession(session.sessionId);
  expect(status).toBe("completed");
  const txid = String(resultData?.["txid"]);
  expect(await world.deps.txs.find(txid)).toMatchObject({
    txType: "vtxo_split",
    status: "confirmed",
    assetId: GBTC,
    assetAmount: 10_330n,
    amountSats: 10_330n,
    feeSats: 10n,
    senderPubkey: ALICE.pubkey,
    recipientPubkey: ALICE.pubkey,
  });
  const listed = await world.deps.txs.listOfUser(ALICE.pubkey, {}, 10, undefined);
  expect(listed.map((row) => [row.txid, row.direction])).toEqual([[txid, "out"]]);
  const part = (vout: number, amount: number) => ({
    vtxo_id: `${txid}:${String(vout)}`,
    amount,
    asset_id: GBTC,
    recipient: ALICE.pubkey,
  });
  const [confirmed, ...more] = await confirmations();
  expect(more).toEqual([]);
  expect(confirmed?.p).toEqual([ALICE.pubkey]);
  expect(confirmed?.content.results.outputs.slice(0, 4)).toEqual([
    part(0, 5_000),
    part(1, 330),
    part(2, 5_000),
    part(3, 9_660),
  ]);
});

it("splits units, each part on a carrier out of the VTXO's own sats", async () => {
  const vtxoId = world.arkd.fund(ALICE.pubkey, 1_500n, [usd(100n)]);
  const { session } = await world.open(ALICE, split(vtxoId, [60, 1], "gUSD"), { sessionType: "vtxo_split" });
  await world.drive(session.sessionId);
  const challenge = await world.openChallenge(session.sessionId);
  expect(challenge?.content.context.human).toContain("Split 61 gUSD of your own into 60 + 1");
  await settle(ALICE, session.sessionId);
  expect(await holdingsOf(ALICE)).toEqual([
    [830n, 39n],
    [330n, 60n],
    [330n, 1n],
  ]);
  expect(world.arkd.totalUnits(USD)).toBe(100n);
});

it.each([
  ["a part below dust", [329, 5_000], "amount_below_minimum"],
  ["more than is there with the fee", [10_000, 9_991], "insufficient_balance"],
  ["a rest that would be dust", [10_000, 9_700], "amount_below_minimum"],
])("refuses a split with %s", async (_case, parts, code) => {
  const vtxoId = world.arkd.fund(ALICE.pubkey, 20_000n);
  await sync(ALICE);
  await expect(world.open(ALICE, split(vtxoId, parts), { sessionType: "vtxo_split" })).rejects.toMatchObject({ code });
});

it("says that the sats are short when a VTXO's own do not carry its parts, however rich its owner is", async () => {
  const vtxoId = world.arkd.fund(ALICE.pubkey, 669n, [usd(100n)]);
  world.arkd.fund(ALICE.pubkey, 90_000n);
  await sync(ALICE);
  await expect(world.open(ALICE, split(vtxoId, [60, 40], "gUSD"), { sessionType: "vtxo_split" })).rejects.toMatchObject(
    { code: "insufficient_balance", details: { asset_id: GBTC, required: 670, available: 669 } },
  );
});

it("splits nobody else's VTXO, and none that is spent", async () => {
  const bobs = world.arkd.fund(BOB.pubkey, 20_000n);
  const mine = world.arkd.fund(ALICE.pubkey, 20_000n);
  await sync(ALICE);
  await sync(BOB);
  const open = (vtxoId: string) => world.open(ALICE, split(vtxoId, [400, 400]), { sessionType: "vtxo_split" });
  await expect(open(bobs)).rejects.toMatchObject({ code: "vtxo_not_owned" });
  await expect(open(`${"ab".repeat(32)}:0`)).rejects.toMatchObject({ code: "vtxo_not_owned" });
  await settle(ALICE, (await open(mine)).session.sessionId);
  await expect(open(mine)).rejects.toMatchObject({ code: "vtxo_spent" });
});

const multi = (total_amount: number, fields: Record<string, unknown> = {}) => ({
  params: { asset_id: GBTC, total_amount, recipient_pubkey: BOB.pubkey, ...fields },
});

it.each([
  ["optimal", ["late", "small"]],
  ["greedy", ["soon", "next"]],
  ["minimal", ["large"]],
])("pays with the coins that %s means", async (strategy, expected) => {
  const funded = new Map<string, string>();
  const fund = (name: string, sats: bigint, hours: number) => {
    funded.set(world.arkd.fund(ALICE.pubkey, sats, [], hours * 3_600_000), name);
  };
  fund("large", 50_000n, 90);
  fund("late", 6_010n, 80);
  fund("soon", 6_000n, 10);
  fund("next", 5_000n, 20);
  fund("small", 4_000n, 30);
  const { session } = await world.open(ALICE, multi(10_000, { strategy, min_change: 0 }), {
    sessionType: "vtxo_multi_transfer",
  });
  await settle(ALICE, session.sessionId);
  const inputs = await inputsOf(session.sessionId);
  expect(new Set(inputs.map((id) => funded.get(id)))).toEqual(new Set(expected));
  expect(await holdingsOf(BOB)).toEqual([[10_000n]]);
  expect(
    await world.deps.txs.find(String((await world.getSession(session.sessionId)).resultData?.["txid"])),
  ).toMatchObject({
    txType: "vtxo_multi_transfer",
    assetAmount: 10_000n,
    recipientPubkey: BOB.pubkey,
  });
  const [confirmed] = await confirmations();
  expect(confirmed?.p.toSorted()).toEqual(
    (strategy === "optimal" ? [BOB.pubkey] : [ALICE.pubkey, BOB.pubkey]).toSorted(),
  );
});

it("pays units out of many small VTXOs, as few as the intent allows", async () => {
  for (let index = 0; index < 6; index++) world.arkd.fund(ALICE.pubkey, 400n, [usd(10n)]);
  await sync(ALICE);
  const params = { asset_id: "gUSD", total_amount: 60, recipient_pubkey: BOB.pubkey };
  const open = (max_inputs: number) =>
    world.open(ALICE, { params: { ...params, max_inputs } }, { sessionType: "vtxo_multi_transfer" });
  await expect(open(5)).rejects.toMatchObject({ code: "too_many_inputs", details: { max_inputs: 5 } });
  const { session } = await open(6);
  await settle(ALICE, session.sessionId);
  expect(await holdingsOf(BOB)).toEqual([[330n, 60n]]);
  expect(await holdingsOf(ALICE)).toEqual([[2_060n]]);
});

it("spends the VTXOs that were named whatever the strategy, and refuses more than max_inputs of them", async () => {
  const named = [world.arkd.fund(ALICE.pubkey, 6_000n), world.arkd.fund(ALICE.pubkey, 7_000n)];
  world.arkd.fund(ALICE.pubkey, 10_010n);
  await sync(ALICE);
  const open = (fields: object) =>
    world.open(ALICE, multi(10_000, { source_vtxos: named, ...fields }), { sessionType: "vtxo_multi_transfer" });
  await expect(open({ max_inputs: 1 })).rejects.toMatchObject({ code: "too_many_inputs", details: { max_inputs: 1 } });
  const { session } = await open({});
  await settle(ALICE, session.sessionId);
  expect((await inputsOf(session.sessionId)).toSorted()).toEqual(named.toSorted());
});

const needed = (amount_needed: number, fields: Record<string, unknown> = {}) => ({
  params: { asset_id: GBTC, amount_needed, recipient_pubkey: BOB.pubkey, ...fields },
});

it("pays out of earlier change while enough of it is left, and then out of what fits best", async () => {
  const whole = world.arkd.fund(ALICE.pubkey, 30_000n);
  const pay = async (amount: number, fields = {}) => {
    const { session } = await world.open(ALICE, needed(amount, fields), { sessionType: "optimal_change" });
    await settle(ALICE, session.sessionId);
    const txid = String((await world.getSession(session.sessionId)).resultData?.["txid"]);
    return { inputs: await inputsOf(session.sessionId), txid };
  };
  const first = await pay(10_000);
  expect(first.inputs).toEqual([whole]);
  // 19990 sats of change; a fresh VTXO that fits the next payment to the sat is left alone.
  const fitting = world.arkd.fund(ALICE.pubkey, 5_010n);
  await sync(ALICE);
  const second = await pay(5_000);
  expect(second.inputs).toEqual([`${first.txid}:1`]);
  // 14980 are left: after 10000 more that would be less than the threshold, so what fits is taken.
  expect((await pay(5_000, { change_threshold: 10_000 })).inputs).toEqual([fitting]);
  expect((await pay(5_000, { prefer_existing_change: false })).inputs).toEqual([`${second.txid}:1`]);
});

it("makes no change below the intent's own dust limit", async () => {
  world.arkd.fund(ALICE.pubkey, 10_510n);
  await sync(ALICE);
  await expect(
    world.open(ALICE, needed(10_000, { dust_limit: 501 }), { sessionType: "optimal_change" }),
  ).rejects.toMatchObject({ code: "amount_below_minimum", details: { minimum: 501 } });
  await world.open(ALICE, needed(10_000, { dust_limit: 500 }), { sessionType: "optimal_change" });
});

it.each([
  ["vtxo:multi_transfer", { ...multi(10_000).params, ...FEE }, "vtxo_multi_transfer"],
  ["vtxo:optimal_change", { ...needed(10_000).params, ...FEE }, "optimal_change"],
])("settles a signed %s without a call", async (type, params, sessionType) => {
  world.arkd.fund(ALICE.pubkey, 30_000n);
  const expires_at = Math.floor(world.clock.now().getTime() / 1000) + 600;
  const event = world.intentEvent(ALICE, { action_id: "action-0001", type, params, expires_at });
  const { errorCode, wakes } = await world.process(event);
  expect(errorCode).toBeUndefined();
  const sessionId = wakes[0]?.rowKey ?? "";
  await world.drive(sessionId);
  for (let stage = 0; stage < 2; stage++) {
    const challenge = await world.openChallenge(sessionId);
    if (challenge === undefined) throw new Error("no challenge");
    expect((await world.process(world.responseEvent(ALICE, sessionId, challenge))).errorCode).toBeUndefined();
    await world.drive(sessionId);
  }
  expect(await world.getSession(sessionId)).toMatchObject({ status: "completed", sessionType });
  expect(await holdingsOf(BOB)).toEqual([[10_000n]]);
  // The same event again and the same content in another event change nothing; other content of the id is refused.
  expect((await world.process(event)).wakes).toEqual([]);
  const other = { action_id: "action-0001", type, params, expires_at, network: "regtest" };
  expect((await world.process(world.intentEvent(ALICE, other))).errorCode).toBe("duplicate_action");
  expect(await holdingsOf(BOB)).toEqual([[10_000n]]);
});

it("splits over Nostr, once, and tells everybody else's action apart from it", async () => {
  const vtxo_id = world.arkd.fund(ALICE.pubkey, 30_000n);
  const expires_at = Math.floor(world.clock.now().getTime() / 1000) + 600;
  const params = { vtxo_id, split_amounts: [400, 600], asset_id: GBTC, ...FEE };
  const content = { action_id: "action-0001", type: "vtxo_split", params, expires_at };
  const { errorCode, wakes } = await world.process(world.intentEvent(ALICE, content));
  expect(errorCode).toBeUndefined();
  await settle(ALICE, wakes[0]?.rowKey ?? "");
  expect(await holdingsOf(ALICE)).toEqual([[28_990n], [600n], [400n]]);
  expect((await world.process(world.intentEvent(BOB, content))).errorCode).toBe("vtxo_not_owned");
});

it.each([
  ["vtxo:split", { vtxo_id: `${"ab".repeat(32)}:0`, split_amounts: [400, 600], asset_id: GBTC }],
  ["vtxo:multi_transfer", multi(10_000).params],
  ["vtxo:optimal_change", needed(10_000).params],
])("a signed %s states its fee in gBTC, or is refused", async (type, params) => {
  const expires_at = Math.floor(world.clock.now().getTime() / 1000) + 600;
  let serial = 0;
  const outcome = async (fields: object) => {
    serial += 1;
    const content = { action_id: `action-000${String(serial)}`, type, params: { ...params, ...fields }, expires_at };
    return (await world.process(world.intentEvent(ALICE, content))).errorCode;
  };
  expect(await outcome({})).toBe("fee_invalid");
  expect(await outcome({ ...FEE, fee_amount: 9 })).toBe("fee_invalid");
  expect(await outcome({ ...FEE, fee_asset_id: "gUSD" })).toBe("fee_asset_rejected");
  expect(await outcome({ ...FEE, asset_id: "gXAU" })).toBe("asset_unknown");
});
