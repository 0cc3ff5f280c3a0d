import { randomBytes } from "node:crypto";

import { testKey, type TestKey } from "@arkrelay/core/testing/ark-transfer";

import { giveVtxos } from "../../testing/give-vtxos";
import { freshKey, knowArkd, startTestApi, type TestApi } from "../../testing/test-api";

const RECIPIENT = testKey("recipient").pubkey;

let api: TestApi;

beforeAll(async () => {
  api = await startTestApi({ SOLVER_AUTH: "nip98" });
  await knowArkd(api);
  await giveVtxos(api, freshKey(), "fee", ...Array.from({ length: 30 }, () => 1_000n));
  await giveVtxos(api, freshKey(), "used");
});
afterAll(() => api.close());

/** Three VTXOs of 10000 sats, and the params of an intent over them. */
async function aUser(kind: Kind) {
  const key = freshKey();
  await giveVtxos(api, key, "user", 10_000n, 10_000n, 10_000n);
  const [row] = await api.deps.session.vtxos.listLive(undefined, key.pubkey, 1);
  return { key, params: kind.params(row?.vtxoId ?? "") };
}

interface Kind {
  readonly sessionType: string;
  /** Another name of the session type. */
  readonly older?: string;
  readonly type: string;
  readonly params: (vtxoId: string) => Readonly<Record<string, unknown>>;
  readonly defaults: object;
  /** Params that ask for more than there is. */
  readonly tooMuch: object;
  readonly broken: object;
  /** Another wish than the default. */
  readonly otherWish: object;
}

const KINDS: readonly Kind[] = [
  {
    sessionType: "vtxo_split",
    type: "vtxo:split",
    params: (vtxo_id) => ({ vtxo_id, split_amounts: [4_000, 5_000], asset_id: "gBTC" }),
    defaults: { min_change: 1_000 },
    tooMuch: { split_amounts: [9_000, 9_000] },
    broken: { split_amounts: [] },
    otherWish: { min_change: 0 },
  },
  {
    sessionType: "vtxo_multi_transfer",
    older: "multi_vtxo_transfer",
    type: "vtxo:multi_transfer",
    params: () => ({ asset_id: "gBTC", total_amount: 15_000, recipient_pubkey: RECIPIENT }),
    defaults: { min_change: 1_000, max_inputs: 5, strategy: "optimal" },
    tooMuch: { total_amount: 30_000 },
    broken: { strategy: "best" },
    otherWish: { strategy: "greedy" },
  },
  {
    sessionType: "optimal_change",
    type: "vtxo:optimal_change",
    params: () => ({ asset_id: "gBTC", amount_needed: 15_000, recipient_pubkey: RECIPIENT }),
    defaults: { change_threshold: 5_000, dust_limit: 1, prefer_existing_change: true },
    tooMuch: { amount_needed: 30_000 },
    broken: { prefer_existing_change: "yes" },
    otherWish: { dust_limit: 2 },
  },
];

const bodyOf = (key: TestKey, session_type: string, params: object, more: object = {}) => ({
  user_pubkey: key.pubkey,
  session_type,
  intent_data: { action_id: randomBytes(8).toString("hex"), params },
  ...more,
});
const create = (as: TestKey, body: object) => api.call("POST", "/sessions/create", { as, body });

describe.each(KINDS)("a session of type $sessionType", (kind) => {
  const { sessionType, type, defaults } = kind;

  it("opens with the fee and the defaults filled in, and has its challenge at once", async () => {
    const { key, params } = await aUser(kind);
    const answer = await create(key, bodyOf(key, kind.older ?? sessionType, params));
    const filled = { ...params, ...defaults, fee_asset_id: "gBTC", fee_amount: 10 };
    expect(answer).toMatchObject({
      status: 201,
      body: { session_type: sessionType, intent_data: { type, params: filled } },
    });
    const path = `/sessions/${String(answer.body["session_id"])}`;
    expect(await api.call("POST", `${path}/challenge`, { as: key, body: {} })).toMatchObject({
      status: 201,
      body: { challenge: { type: "sign_tx", domain: `arkrelay/${sessionType}/v1` } },
    });
    expect(await api.call("GET", `/sessions?session_type=${sessionType}`, { as: key })).toMatchObject({
      body: { total_count: 1, sessions: [{ session_type: sessionType, status: "challenge_sent" }] },
    });
  });

  it("is the same session for the same content, and none for other content of its action", async () => {
    const { key, params } = await aUser(kind);
    const body = bodyOf(key, sessionType, params);
    const first = await create(key, body);
    expect(await create(key, body)).toMatchObject({ status: 200, body: { session_id: first.body["session_id"] } });
    const other = { ...body.intent_data, params: { ...params, ...kind.otherWish } };
    expect(await create(key, { ...body, intent_data: other })).toMatchObject({
      status: 409,
      body: { code: "duplicate_action" },
    });
  });

  it("is refused when it is broken, too much, or wrongly priced", async () => {
    const { key, params } = await aUser(kind);
    const codeOf = async (fields: object) => {
      const { status, body } = await create(key, bodyOf(key, sessionType, { ...params, ...fields }));
      return [status, body["code"]];
    };
    expect(await codeOf(kind.broken)).toEqual([400, "invalid_request"]);
    expect(await codeOf({ note: 1 })).toEqual([400, "invalid_request"]);
    expect(await codeOf(kind.tooMuch)).toEqual([422, "insufficient_balance"]);
    expect(await codeOf({ fee_amount: 11 })).toEqual([422, "fee_invalid"]);
    expect(await codeOf({ fee_asset_id: "gUSD" })).toEqual([422, "fee_asset_rejected"]);
    expect(await codeOf({ asset_id: "gXAU" })).toEqual([422, "asset_unknown"]);
    const mixed = bodyOf(key, sessionType, params);
    expect(await create(key, { ...mixed, intent_data: { ...mixed.intent_data, type: "p2p_transfer" } })).toMatchObject({
      status: 400,
    });
  });

  it("is not there for anybody but its user, who has to say who it is", async () => {
    const { key, params } = await aUser(kind);
    const body = bodyOf(key, sessionType, params);
    expect((await api.call("POST", "/sessions/create", { body })).status).toBe(401);
    const opened = await create(key, body);
    const path = `/sessions/${String(opened.body["session_id"])}`;
    const stranger = freshKey();
    expect((await api.call("GET", path, { as: stranger })).status).toBe(404);
    expect((await api.call("POST", `${path}/challenge`, { as: stranger, body: {} })).status).toBe(404);
    expect(await api.call("POST", `${path}/complete`, { as: key, body: {} })).toMatchObject({
      status: 409,
      body: { code: "wrong_state" },
    });
  });
});
