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
});
afterAll(() => api.close());

async function oneVtxo({ pubkey }: TestKey): Promise<string> {
  const [row] = await api.deps.session.vtxos.listLive(undefined, pubkey, 1);
  if (row === undefined) throw new Error("the key holds nothing");
  return row.vtxoId;
}

async function aHolder(sats: bigint, ...assets: Parameters<typeof giveCarrier>[3][]) {
  const key = freshKey();
  const [held] = assets;
  if (held === undefined) await giveVtxos(api, key, "user", sats);
  else await giveCarrier(api, key, sats, ...assets);
  return { key, vtxo_id: await oneVtxo(key) };
}

const split = (as: TestKey, fields: object, more: object = {}) =>
  api.call("POST", "/vtxos/split", { as, body: { user_pubkey: as.pubkey, ...fields }, ...more });

describe("POST /vtxos/split", () => {
  it("plans parts and change of sats, for a fee in gBTC, and opens its challenge", async () => {
    const { key, vtxo_id } = await aHolder(20_000n);
    const answer = await split(key, { vtxo_id, split_amounts: [5_000, 330] });
    expect(answer.status).toBe(202);
    const {
      txid,
      session_id: sessionId,
      ...body
    } = answer.body as { readonly txid: string; readonly session_id: string };
    expect(body).toMatchObject({
      outputs: [
        { vtxo_id: `${txid}:0`, amount: 5_000, asset_id: "gBTC" },
        { vtxo_id: `${txid}:1`, amount: 330, asset_id: "gBTC" },
      ],
      change: { vtxo_id: `${txid}:2`, amount: 14_660, asset_id: "gBTC" },
      fee: { asset_id: "gBTC", amount: 10 },
    });
    expect(await api.call("POST", `/sessions/${sessionId}/challenge`, { as: key, body: {} })).toMatchObject({
      status: 200,
      body: { challenge: { stage: "ark_tx", context: { human: expect.stringContaining("5000 + 330") } } },
    });
    expect(await api.call("GET", `/transactions/${txid}`, { as: key })).toMatchObject({
      status: 200,
      body: {
        transaction: {
          tx_type: "vtxo_split",
          amount_sats: 5_330,
          fee_sats: 10,
          inputs: expect.arrayContaining([expect.objectContaining({ vtxo_id })]),
          outputs: [{ owner: "you" }, { owner: "you" }, { owner: "you" }, { owner: "gateway" }],
        },
      },
    });
    expect(await api.call("GET", `/transactions/user/${key.pubkey}`, { as: key })).toMatchObject({
      body: { total_count: 1, transactions: [{ txid, tx_type: "vtxo_split", direction: "out" }] },
    });
    expect(await api.call("GET", `/sessions/${sessionId}`, { as: key })).toMatchObject({
      body: { session_type: "vtxo_split", intent_data: { type: "vtxo:split", params: { min_change: 1_000 } } },
    });
  });

  it("splits what the VTXO carries when no asset is named", async () => {
    const { key, vtxo_id } = await aHolder(2_000n, usd(100n));
    const { status, body } = await split(key, { vtxo_id, split_amounts: [60, 1] });
    expect(status).toBe(202);
    expect(body).toMatchObject({
      outputs: [
        { amount: 60, asset_id: "gUSD" },
        { amount: 1, asset_id: "gUSD" },
      ],
      change: { amount: 39, asset_id: "gUSD" },
    });
  });

  it("gives back what is left of the sats when the units are all parts", async () => {
    const { key, vtxo_id } = await aHolder(2_000n, usd(100n));
    const { body } = await split(key, { vtxo_id, split_amounts: [60, 40], asset_id: "gUSD" });
    expect(body).toMatchObject({ change: { amount: 1_330, asset_id: "gBTC" } });
  });

  it("asks which asset is meant when there are several, and knows none that nobody registered", async () => {
    const several = await aHolder(2_000n, usd(100n), { assetId: STRANGE, amount: 1n });
    expect(await split(several.key, { vtxo_id: several.vtxo_id, split_amounts: [1, 1] })).toMatchObject({
      status: 400,
      body: { code: "invalid_request", errors: [{ path: "asset_id" }] },
    });
    const strange = await aHolder(2_000n, { assetId: STRANGE, amount: 9n });
    expect(await split(strange.key, { vtxo_id: strange.vtxo_id, split_amounts: [1, 1] })).toMatchObject({
      status: 422,
      body: { code: "asset_unknown", details: { asset_id: STRANGE } },
    });
  });

  it.each([
    ["one part", { split_amounts: [500] }, 400, "invalid_request"],
    ["21 parts", { split_amounts: Array.from({ length: 21 }, () => 500) }, 400, "invalid_request"],
    ["a part of nothing", { split_amounts: [500, 0] }, 422, "invalid_amount"],
    ["a part below dust", { split_amounts: [500, 329] }, 422, "amount_below_minimum"],
    ["more than there is", { split_amounts: [15_000, 5_000] }, 422, "insufficient_balance"],
    ["another fee", { split_amounts: [500, 500], fee_amount: 11 }, 422, "fee_invalid"],
    ["a fee in something else", { split_amounts: [500, 500], fee_asset_id: "gUSD" }, 422, "fee_asset_rejected"],
    ["a VTXO that is none", { split_amounts: [500, 500], vtxo_id: "x:0" }, 400, "invalid_request"],
  ])("refuses %s", async (_case, fields, status, code) => {
    const { key, vtxo_id } = await aHolder(20_000n);
    expect(await split(key, { vtxo_id, ...fields })).toMatchObject({ status, body: { code } });
  });

  it("refuses callers without credentials, and those that neither own the VTXO nor have it", async () => {
    const { key, vtxo_id } = await aHolder(20_000n);
    const body = { user_pubkey: key.pubkey, vtxo_id, split_amounts: [500, 500] };
    expect((await api.call("POST", "/vtxos/split", { body })).status).toBe(401);
    const other = freshKey();
    await giveVtxos(api, other, "user", 9_000n);
    expect(await split(other, { vtxo_id, split_amounts: [500, 500] })).toMatchObject({
      status: 422,
      body: { code: "vtxo_not_owned" },
    });
  });

  it("lets a solver start it, and tells the solver's session from its owner's", async () => {
    const { key, vtxo_id } = await aHolder(20_000n);
    const solver = freshKey();
    const body = { user_pubkey: key.pubkey, vtxo_id, split_amounts: [500, 500] };
    const started = await api.call("POST", "/vtxos/split", { as: solver, body });
    expect(started.status).toBe(202);
    const path = `/sessions/${String(started.body["session_id"])}`;
    expect((await api.call("GET", path, { as: freshKey() })).status).toBe(404);
    // What its owner proves takes the VTXO from what somebody else has started.
    expect((await split(key, { vtxo_id, split_amounts: [600, 600] })).status).toBe(202);
    expect(await api.call("GET", path, { as: solver })).toMatchObject({
      body: { status: "failed", error_code: "vtxo_locked" },
    });
  });

  it("answers a repeated call with the session of the first", async () => {
    const { key, vtxo_id } = await aHolder(20_000n);
    const headers = { "idempotency-key": `split-${vtxo_id.slice(0, 16)}` };
    const first = await split(key, { vtxo_id, split_amounts: [500, 500] }, { headers });
    const again = await split(key, { vtxo_id, split_amounts: [500, 500] }, { headers });
    expect(again).toMatchObject({
      status: 202,
      body: { session_id: first.body["session_id"], txid: first.body["txid"] },
    });
    const other = await split(key, { vtxo_id, split_amounts: [500, 501] }, { headers });
    expect(other).toMatchObject({ status: 422, body: { code: "idempotency_mismatch" } });
  });
});
