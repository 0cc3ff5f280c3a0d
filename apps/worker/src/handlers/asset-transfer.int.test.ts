import { ALICE, BOB, testKey, type TestKey } from "@arkrelay/core/testing/ark-transfer";
import { GBTC } from "@arkrelay/core/vtxo/vtxo";
import { registerTestAsset } from "@arkrelay/db/testing/register-asset";
import { openTestDatabase, type TestDatabase } from "@arkrelay/db/testing/test-database";

import { openCeremonyWorld, type CeremonyWorld } from "../testing/ceremony-world";

const USD = `${testKey("usd issuance").pubkey}0000`;
const EUR = `${testKey("eur issuance").pubkey}0000`;
/** arkd knows it, the registry does not. */
const STRANGE = `${testKey("strange issuance").pubkey}0000`;
/** More than JSON can tell. */
const MUCH = 2n ** 62n + 1n;
const usd = (amount: bigint) => ({ assetId: USD, amount });

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
  await registerTestAsset(test.database, "gEUR", EUR, "frozen");
});

const send = (amount: number, fields: Record<string, unknown> = {}) => ({
  params: { asset_id: "gUSD", amount, recipient_pubkey: BOB.pubkey, ...fields },
});

async function settle(user: TestKey, sessionId: string): Promise<void> {
  await world.drive(sessionId);
  await world.answer(user, sessionId);
  await world.drive(sessionId);
  await world.answer(user, sessionId);
  await world.drive(sessionId);
}

async function balancesOf(user: TestKey): Promise<Record<string, bigint>> {
  const rows = await world.deps.vtxos.sumBalances(user.pubkey, world.clock.now());
  return Object.fromEntries(rows.map(({ assetId, balance }) => [assetId, balance]));
}

it("moves units on a carrier of the sender's sats and gives back every other unit and sat", async () => {
  world.arkd.fund(ALICE.pubkey, 330n, [usd(100n), { assetId: STRANGE, amount: MUCH }]);
  world.arkd.fund(ALICE.pubkey, 20_000n);
  const sats = world.arkd.totalSats();
  const { session } = await world.open(ALICE, send(40));
  await settle(ALICE, session.sessionId);

  expect(await world.getSession(session.sessionId)).toMatchObject({ status: "completed", ceremonyState: "published" });
  expect(await balancesOf(BOB)).toEqual({ [GBTC]: 330n, [USD]: 40n });
  expect(await balancesOf(ALICE)).toEqual({ [GBTC]: 20_330n - 330n - 10n, [USD]: 60n, [STRANGE]: MUCH });
  expect(world.arkd.totalSats()).toBe(sats);
  expect([world.arkd.totalUnits(USD), world.arkd.totalUnits(STRANGE)]).toEqual([100n, MUCH]);
  const postings = await test.database.select(
    "SELECT account, amount FROM ledger_postings p JOIN ledger_accounts a ON a.id = p.account_id ORDER BY account",
  );
  expect(postings).toMatchObject([
    { account: "asset:ark", amount: 10_000 },
    { account: "income:l2_fee", amount: -10_000 },
  ]);
});

it("tells what it moved by the gateway's name: in its result, its confirmation and the transaction's row", async () => {
  world.arkd.fund(ALICE.pubkey, 1_000n, [usd(100n)]);
  const { session } = await world.open(ALICE, send(40));
  await settle(ALICE, session.sessionId);

  const { resultData } = await world.getSession(session.sessionId);
  const txid = String(resultData?.["txid"]);
  const outputs = [
    { vtxo_id: `${txid}:0`, amount: 40, asset_id: "gUSD", recipient: BOB.pubkey },
    { vtxo_id: `${txid}:1`, amount: 60, asset_id: "gUSD", recipient: ALICE.pubkey },
    { vtxo_id: `${txid}:2`, amount: 1_010, asset_id: GBTC },
  ];
  expect(resultData).toMatchObject({ outputs, fee_paid: 10, fee_asset_id: GBTC });
  const [event] = await test.database.select("SELECT raw FROM nostr_outbox WHERE kind = 31340");
  const { content } = JSON.parse(String(event?.["raw"])) as { readonly content: string };
  expect(JSON.parse(content)).toMatchObject({ results: { outputs } });
  expect(await world.deps.txs.find(txid)).toMatchObject({
    status: "confirmed",
    assetId: "gUSD",
    assetAmount: 40n,
    amountSats: 330n,
    feeSats: 10n,
  });
  const list = (user: TestKey, assetId: string) => world.deps.txs.listOfUser(user.pubkey, { assetId }, 10, undefined);
  expect(await list(ALICE, "gUSD")).toMatchObject([{ txid, direction: "out" }]);
  expect(await list(BOB, "gUSD")).toMatchObject([{ txid, direction: "in" }]);
  expect(await list(BOB, GBTC)).toEqual([]);
  expect(await world.deps.txs.listOfUser(BOB.pubkey, {}, 10, undefined)).toHaveLength(1);
});

it("shows the wallet the units and the sats under them before it signs", async () => {
  world.arkd.fund(ALICE.pubkey, 1_000n, [usd(100n)]);
  const { session } = await world.open(ALICE, send(40));
  await world.drive(session.sessionId);
  const challenge = await world.openChallenge(session.sessionId);
  expect(challenge?.content.context).toMatchObject({
    human: expect.stringContaining("Send 40 gUSD"),
    amounts: {
      spend: [
        { asset_id: GBTC, amount: 1_000 },
        { asset_id: "gUSD", amount: 100 },
      ],
      receive: [
        { asset_id: GBTC, amount: 330 },
        { asset_id: "gUSD", amount: 40 },
      ],
      change: [
        { asset_id: GBTC, amount: 660 },
        { asset_id: "gUSD", amount: 60 },
      ],
      fee: { asset_id: GBTC, amount: 10 },
    },
  });
});

it("spends the VTXOs that were named, and gives back the units on them when only sats are sent", async () => {
  const named = world.arkd.fund(ALICE.pubkey, 10_000n, [usd(100n)]);
  world.arkd.fund(ALICE.pubkey, 60_000n);
  const { session } = await world.open(ALICE, send(5_000, { asset_id: GBTC, source_vtxos: [named] }));
  await settle(ALICE, session.sessionId);
  expect(await balancesOf(BOB)).toEqual({ [GBTC]: 5_000n });
  expect(await balancesOf(ALICE)).toEqual({ [GBTC]: 64_990n, [USD]: 100n });
});

it("recovers after a lost reply and gives the recipient its units once", async () => {
  world.arkd.fund(ALICE.pubkey, 1_000n, [usd(100n)]);
  const { session } = await world.open(ALICE, send(100));
  await world.drive(session.sessionId);
  await world.answer(ALICE, session.sessionId);
  let lost = 0;
  world.arkd.fault = (method) => (method === "submitTx" && lost++ === 0 ? "lose_reply" : undefined);
  await expect(world.drive(session.sessionId)).rejects.toMatchObject({ code: "outcome_unknown" });
  await world.drive(session.sessionId);
  await world.answer(ALICE, session.sessionId);
  await world.drive(session.sessionId);
  expect((await world.getSession(session.sessionId)).status).toBe("completed");
  expect(await balancesOf(BOB)).toEqual({ [GBTC]: 330n, [USD]: 100n });
});

it("fails, and holds nothing any more, when arkd refused it and by its new limits the carriers are dust", async () => {
  world.arkd.fund(ALICE.pubkey, 1_000n, [usd(100n)]);
  const { session } = await world.open(ALICE, send(40));
  await world.drive(session.sessionId);
  await world.answer(ALICE, session.sessionId);
  world.arkd.fault = (method) => (method === "submitTx" ? "refuse" : undefined);
  await world.drive(session.sessionId);
  world.arkd.settings = { unilateralExitDelay: 87_040, dustSats: 1_000n, digest: "d2" };
  world.clock.advance(60_000);
  await world.drive(session.sessionId);
  expect(await world.getSession(session.sessionId)).toMatchObject({ status: "failed", errorCode: "daemon_rejected" });
  const [locked] = await test.database.select("SELECT COUNT(*) AS n FROM vtxos WHERE locked_by IS NOT NULL");
  expect(locked?.["n"]).toBe(0);
});

it("refuses an asset that is unknown, frozen, or known to arkd alone", async () => {
  const refused = (asset_id: string) => world.open(ALICE, send(1, { asset_id }));
  await expect(refused("gXAU")).rejects.toMatchObject({ code: "asset_unknown", details: { asset_id: "gXAU" } });
  await expect(refused("gEUR")).rejects.toMatchObject({ code: "asset_inactive", details: { asset_id: "gEUR" } });
  await expect(refused(STRANGE.slice(0, 64))).rejects.toMatchObject({ code: "asset_unknown" });
});

it("keeps a session that was open when its asset was frozen going", async () => {
  world.arkd.fund(ALICE.pubkey, 1_000n, [usd(100n)]);
  const { session } = await world.open(ALICE, send(100));
  await test.database.write("UPDATE assets SET status = 'frozen' WHERE asset_id = 'gUSD'");
  await settle(ALICE, session.sessionId);
  expect((await world.getSession(session.sessionId)).status).toBe("completed");
});

it.each([
  ["the units are short", 330n, 99n, { asset_id: "gUSD", required: 100, available: 99 }],
  ["the sats of carrier and fee are short", 330n, 100n, { asset_id: GBTC, required: 340, available: 330 }],
])("ends with insufficient_balance that names what is short: %s", async (_case, sats, units, details) => {
  world.arkd.fund(ALICE.pubkey, sats, [usd(units)]);
  const { session } = await world.open(ALICE, send(100));
  await world.drive(session.sessionId);
  expect(await world.getSession(session.sessionId)).toMatchObject({
    status: "failed",
    errorCode: "insufficient_balance",
  });
  await expect(world.open(ALICE, send(100))).rejects.toMatchObject({ code: "insufficient_balance", details });
});

it("says that units are locked while another session holds them, not that they are short", async () => {
  world.arkd.fund(ALICE.pubkey, 1_000n, [usd(100n)]);
  world.arkd.fund(ALICE.pubkey, 5_000n);
  const first = await world.open(ALICE, send(100));
  await world.drive(first.session.sessionId);
  await expect(world.open(ALICE, send(50))).rejects.toMatchObject({ code: "vtxo_locked" });
});
