import { testKey, type TestKey } from "@arkrelay/core/testing/ark-transfer";
import { registerTestAsset } from "@arkrelay/db/testing/register-asset";

import { giveCarrier, giveVtxos } from "../../testing/give-vtxos";
import { freshKey, knowArkd, startTestApi, type TestApi } from "../../testing/test-api";

const USD = `${testKey("usd issuance").pubkey}0000`;
/** arkd knows it, the registry does not. */
const STRANGE = `${testKey("strange issuance").pubkey}0000`;
const usd = (amount: bigint) => ({ assetId: USD, amount });

let api: TestApi;

beforeAll(async () => {
  api = await startTestApi({ SOLVER_AUTH: "nip98" });
  await knowArkd(api);
  await giveVtxos(api, freshKey(), "fee", ...Array.from({ length: 20 }, () => 1_000n));
  await giveVtxos(api, freshKey(), "used");
  await registerTestAsset(api.database, "gUSD", USD);
  await registerTestAsset(api.database, "gEUR", `${testKey("eur issuance").pubkey}0000`, "inactive");
});
afterAll(() => api.close());

/** 100 gUSD on 330 sats, beside plain sats for carriers and fees. */
async function aHolder(): Promise<TestKey> {
  const key = freshKey();
  await giveCarrier(api, key, 330n, usd(100n));
  await giveVtxos(api, key, "user", 5_000n);
  return key;
}

const transfer = (as: TestKey, fields: object = {}) =>
  api.call("POST", "/assets/transfer", {
    as,
    body: {
      sender_pubkey: as.pubkey,
      recipient_pubkey: testKey("recipient").pubkey,
      asset_id: "gUSD",
      amount: 40,
      ...fields,
    },
  });

describe("POST /assets/transfer", () => {
  it("plans a transfer of units for a fee in gBTC and opens its challenge", async () => {
    const as = await aHolder();
    const answer = await transfer(as);
    expect(answer).toMatchObject({
      status: 202,
      body: {
        result: {
          asset_id: "gUSD",
          amount: 40,
          fee_asset_id: "gBTC",
          fee_amount: 10,
          status: "pending_signatures",
          txid: expect.stringMatching(/^[0-9a-f]{64}$/),
        },
      },
    });
    const sessionId = String(answer.body["session_id"]);
    const challenge = await api.call("POST", `/sessions/${sessionId}/challenge`, { as, body: {} });
    expect(challenge).toMatchObject({
      status: 200,
      body: { challenge: { stage: "ark_tx", context: { human: expect.stringContaining("40 gUSD") } } },
    });
  });

  it("shows each party its legs with the units on them", async () => {
    const as = await aHolder();
    const { body } = await transfer(as);
    const { txid } = body["result"] as { readonly txid: string };
    expect(await api.call("GET", `/transactions/${txid}`, { as })).toMatchObject({
      status: 200,
      body: {
        transaction: {
          asset_id: "gUSD",
          asset_amount: 40,
          amount_sats: 330,
          fee_sats: 10,
          inputs: expect.arrayContaining([
            expect.objectContaining({ amount_sats: 330, asset_id: "gUSD", asset_amount: 100 }),
            expect.objectContaining({ amount_sats: 5_000, asset_id: "gBTC", asset_amount: 5_000 }),
          ]),
          outputs: [
            { vtxo_id: `${txid}:0`, owner: "other", amount_sats: 330, asset_id: "gUSD", asset_amount: 40 },
            { vtxo_id: `${txid}:1`, owner: "you", amount_sats: 4_990, asset_id: "gUSD", asset_amount: 60 },
            { vtxo_id: `${txid}:2`, owner: "gateway", amount_sats: 1_010, asset_id: "gBTC", asset_amount: 1_010 },
          ],
        },
      },
    });
    const listed = await api.call("GET", `/transactions/user/${as.pubkey}?asset_id=gUSD`, { as });
    expect(listed.body["transactions"]).toMatchObject([{ txid, direction: "out", asset_id: "gUSD", asset_amount: 40 }]);
  });

  it.each([
    [{ asset_id: "gXAU" }, 422, "asset_unknown"],
    [{ asset_id: "gEUR" }, 422, "asset_inactive"],
    [{ asset_id: STRANGE.slice(0, 64) }, 422, "asset_unknown"],
    [{ amount: 101 }, 422, "insufficient_balance"],
    [{ fee_asset_id: "gUSD", fee_amount: 10 }, 422, "fee_asset_rejected"],
    [{ fee_asset_id: "gBTC", fee_amount: 11 }, 422, "fee_invalid"],
  ])("refuses %j", async (fields, status, code) => {
    expect(await transfer(await aHolder(), fields)).toMatchObject({ status, body: { code } });
  });

  it("names the asset that is short and how much of it there is", async () => {
    const as = freshKey();
    await giveCarrier(api, as, 330n, usd(100n));
    expect((await transfer(as, { amount: 101 })).body["details"]).toEqual({
      asset_id: "gUSD",
      required: 101,
      available: 100,
    });
    expect((await transfer(as, { amount: 100 })).body["details"]).toEqual({
      asset_id: "gBTC",
      required: 340,
      available: 330,
    });
  });

  it("opens the same transfer through a session of its own", async () => {
    const as = await aHolder();
    const params = { asset_id: "gUSD", amount: 40, recipient_pubkey: testKey("recipient").pubkey };
    const opened = await api.call("POST", "/sessions/create", {
      as,
      body: { user_pubkey: as.pubkey, session_type: "p2p_transfer", intent_data: { params } },
    });
    expect(opened).toMatchObject({
      status: 201,
      body: { intent_data: { params: { ...params, fee_asset_id: "gBTC" } } },
    });
    const sessionId = String(opened.body["session_id"]);
    const prepared = await api.call("POST", "/transactions/p2p-transfer", { as, body: { session_id: sessionId } });
    expect(prepared).toMatchObject({
      status: 202,
      body: { transaction: { asset_id: "gUSD", amount: 40, fee_sats: 10, status: "pending_signatures" } },
    });
  });
});

describe("what a user holds", () => {
  it("is named as callers name it, and by arkd's id where the registry knows no name, however much of it there is", async () => {
    const as = await aHolder();
    await giveCarrier(api, as, 330n, { assetId: STRANGE, amount: 2n ** 63n });
    const all = await api.call("GET", `/balances/${as.pubkey}`, { as });
    expect(all.body["balances"]).toMatchObject(
      [
        { asset_id: "gUSD", balance: 100 },
        { asset_id: STRANGE, balance: Number.MAX_SAFE_INTEGER },
        { asset_id: "gBTC", balance: 5_660, available_balance: 5_000 },
      ].toSorted((a, b) => (arkIdOf(a.asset_id) < arkIdOf(b.asset_id) ? -1 : 1)),
    );
    const one = await api.call("GET", `/balances/${as.pubkey}/gUSD`, { as });
    expect(one.body).toMatchObject({ asset_id: "gUSD", balance: 100, available_balance: 100 });
  });

  it("is filtered by that name", async () => {
    const as = await aHolder();
    const managed = await api.call("GET", `/vtxos/${as.pubkey}?asset_id=gUSD`, { as });
    expect(managed.body["vtxo_management"]).toMatchObject({
      vtxos: [{ amount_sats: 330, asset_id: "gUSD", asset_amount: 100 }],
    });
    const listed = await api.call("GET", `/vtxos/user/${as.pubkey}?asset_id=gUSD`, { as });
    expect(listed.body).toMatchObject({
      vtxos: [{ amount_sats: 330, asset_id: "gUSD", asset_amount: 100 }],
      asset_filter: "gUSD",
    });
    const sats = await api.call("GET", `/vtxos/user/${as.pubkey}?asset_id=BTC`, { as });
    expect(sats.body).toMatchObject({ vtxos: [{ asset_id: "gBTC", asset_amount: 5_000 }], asset_filter: "gBTC" });
  });
});

/** Balances come in order of arkd's ids. */
function arkIdOf(name: string): string {
  return name === "gUSD" ? USD : name;
}
