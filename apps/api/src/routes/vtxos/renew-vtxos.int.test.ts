import { testKey, type TestKey } from "@arkrelay/core/testing/ark-transfer";
import { registerTestAsset } from "@arkrelay/db/testing/register-asset";

import { giveAssetStock, giveCarrier, giveVtxos } from "../../testing/give-vtxos";
import { freshKey, knowArkd, startTestApi, type TestApi } from "../../testing/test-api";

const USD = `${testKey("usd issuance").pubkey}0000`;

let api: TestApi;
const stock = freshKey();

beforeAll(async () => {
  api = await startTestApi({ SOLVER_AUTH: "nip98", RENEW_DAILY_SATS: "50000" });
  await knowArkd(api);
  await giveVtxos(api, freshKey(), "fee", ...Array.from({ length: 20 }, () => 1_000n));
  for (const kind of ["used", "land", "treasury"] as const) await giveVtxos(api, freshKey(), kind);
  await giveVtxos(api, stock, "stock", ...Array.from({ length: 10 }, () => 100_000n));
  await registerTestAsset(api.database, "gUSD", USD);
  for (let index = 0; index < 5; index++) await giveAssetStock(api, stock, { assetId: USD, amount: 500n });
});
afterAll(() => api.close());

/** VTXOs of a new user with a week to live, where stock has a month. */
async function aHolder(...amountsSats: bigint[]): Promise<{ readonly as: TestKey; readonly ids: readonly string[] }> {
  const as = freshKey();
  await giveVtxos(api, as, "user", ...amountsSats);
  await giveCarrier(api, as, 330n, { assetId: USD, amount: 100n });
  return { as, ids: await age(as, "7 DAY") };
}

async function age(as: TestKey, left: string): Promise<readonly string[]> {
  await api.database.write(`UPDATE vtxos SET expires_at = NOW(3) + INTERVAL ${left} WHERE owner_pubkey = ?`, [
    as.pubkey,
  ]);
  const rows = await api.database.select("SELECT vtxo_id FROM vtxos WHERE owner_pubkey = ? ORDER BY id", [as.pubkey]);
  return rows.map((row) => row["vtxo_id"] as string);
}

const renew = (as: TestKey, vtxoIds: readonly string[], fields: object = {}) =>
  api.call("POST", "/vtxos/renew", { as, body: { user_pubkey: as.pubkey, vtxo_ids: vtxoIds, ...fields } });

describe("POST /vtxos/renew", () => {
  it("plans the transfer to the gateway, says what comes back and opens the challenge", async () => {
    const { as, ids } = await aHolder(20_000n);
    const answer = await renew(as, ids);
    expect(answer).toMatchObject({
      status: 202,
      body: {
        way: "transfer",
        txid: expect.stringMatching(/^[0-9a-f]{64}$/),
        outputs: [
          { amount_sats: 20_000, assets: [] },
          { amount_sats: 330, assets: [{ asset_id: "gUSD", amount: 100 }] },
        ],
      },
    });
    const sessionId = String(answer.body["session_id"]);
    expect(await api.call("GET", `/sessions/${sessionId}`, { as })).toMatchObject({
      status: 200,
      body: { session_type: "p2p_transfer", context: { renew: { way: "transfer" } } },
    });
    const challenge = await api.call("POST", `/sessions/${sessionId}/challenge`, { as, body: {} });
    expect(challenge).toMatchObject({
      status: 200,
      body: { challenge: { stage: "ark_tx", context: { human: expect.stringContaining("Renew 2 VTXOs") } } },
    });
  });

  it.each([
    ["no VTXOs", []],
    ["what is no VTXO", ["x:0"]],
    ["one twice", [`${"ab".repeat(32)}:0`, `${"ab".repeat(32)}:0`]],
    ["more than a session takes", Array.from({ length: 21 }, (_none, index) => `${"ab".repeat(32)}:${String(index)}`)],
  ])("refuses %s", async (_what, vtxoIds) => {
    expect(await renew(freshKey(), vtxoIds)).toMatchObject({ status: 400, body: { code: "invalid_request" } });
  });

  it("wants somebody who is known", async () => {
    const { as, ids } = await aHolder(20_000n);
    const body = { user_pubkey: as.pubkey, vtxo_ids: ids };
    expect(await api.call("POST", "/vtxos/renew", { body })).toMatchObject({ status: 401 });
  });

  it("refuses what is not the user's", async () => {
    const { ids } = await aHolder(20_000n);
    const other = await aHolder(20_000n);
    expect(await renew(other.as, ids)).toMatchObject({ status: 422, body: { code: "vtxo_not_owned" } });
  });

  it("refuses VTXOs that live less than a day, and live and swept ones together", async () => {
    const { as, ids } = await aHolder(20_000n);
    await age(as, "23 HOUR");
    expect(await renew(as, ids)).toMatchObject({ status: 410, body: { code: "vtxo_expired" } });
    await age(as, "7 DAY");
    await api.database.write("UPDATE vtxos SET status = 'expired', is_swept = 1 WHERE vtxo_id = ?", [ids[0] ?? ""]);
    expect(await renew(as, ids)).toMatchObject({ status: 400, body: { errors: [{ code: "mixed" }] } });
  });

  it("holds VTXOs for one renewal at a time", async () => {
    const { as, ids } = await aHolder(20_000n);
    expect((await renew(as, ids)).status).toBe(202);
    expect(await renew(as, ids)).toMatchObject({ status: 409, body: { code: "vtxo_locked" } });
  });

  it("refuses above the day's limit of the key and without stock, and holds nothing then", async () => {
    const { as, ids } = await aHolder(60_000n);
    const held = () =>
      api.database.select("SELECT vtxo_id FROM vtxos WHERE owner_pubkey = ? AND locked_by IS NOT NULL", [as.pubkey]);
    expect(await renew(as, ids)).toMatchObject({ status: 429, body: { code: "rate_limited" } });
    expect(await held()).toEqual([]);
    const poor = freshKey();
    await giveCarrier(api, poor, 330n, { assetId: USD, amount: 100_000n });
    const [carrier = ""] = await age(poor, "7 DAY");
    expect(await renew(poor, [carrier])).toMatchObject({ status: 503, body: { code: "inventory_exhausted" } });
    const budgets = await api.database.select("SELECT used FROM daily_budgets WHERE name IN (?, ?) AND used > 0", [
      `renew:${as.pubkey}`,
      `renew:${poor.pubkey}`,
    ]);
    expect(budgets).toEqual([]);
  });
});
