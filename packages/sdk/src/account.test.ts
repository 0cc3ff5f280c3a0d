import { pinLandScript, queryBalances, syncAllState, syncState } from "./account.js";
import { SchemaValidationError } from "./errors.js";
import { pins } from "./testing/fake-gateway.js";
import { FakeNostrGateway } from "./testing/fake-nostr-gateway.js";

const LAND_SCRIPT = `5120${"0c".repeat(32)}`;

let gateway: FakeNostrGateway;

beforeEach(async () => {
  gateway = await FakeNostrGateway.start();
});
afterEach(() => gateway.stop());

const aVtxo = (name: string) => ({
  vtxo_id: `${name.repeat(32)}:0`,
  amount: 1_000,
  amount_sats: 1_000,
  asset_id: "gBTC",
  status: "assigned",
  locked: false,
  expires_at: null,
  script: LAND_SCRIPT,
});
const aPage = (over: object = {}) => ({
  status: "success",
  user_vtxos: [],
  user_balances: [],
  user_scripts: [],
  server: {
    network: "regtest",
    signer_pubkey: pins.signer,
    checkpoint_tapscript: pins.checkpointTapscript,
    unilateral_exit_delay: 86_400,
    dust: 330,
    max_inputs: 20,
    l2_fee: { asset_id: "gBTC", amount: 10 },
    land_fee_bps: 10,
    land_script: LAND_SCRIPT,
  },
  last_sync: "2026-09-21T14:13:20.000Z",
  next_cursor: null,
  ...over,
});

it("the pins are completed with the script that lands are paid to and the fee they cost", async () => {
  gateway.onRequest = (request) => gateway.answer(request, aPage());
  expect(await pinLandScript(pins, gateway.client)).toEqual({
    ...pins,
    landScript: LAND_SCRIPT,
    landFeeBps: 10,
  });
});

it.each([{ land_script: "0014" }, { land_fee_bps: 10_001 }])(
  "what is no output script and what is no share is never pinned (%j)",
  async (field) => {
    const server = { ...aPage().server, ...field };
    gateway.onRequest = (request) => gateway.answer(request, aPage({ server }));
    await expect(pinLandScript(pins, gateway.client)).rejects.toThrow(SchemaValidationError);
  },
);

it("an account is asked for by time, asset and page", async () => {
  gateway.onRequest = (request) => gateway.answer(request, aPage());
  await syncState(gateway.client, { since: new Date(1_800_000_000_999), assetId: "gBTC", cursor: "v.7" });
  expect(gateway.requests).toMatchObject([
    { fields: { action: "sync_state", since: 1_800_000_000, asset_id: "gBTC", cursor: "v.7" } },
  ]);
});

it("an account of several pages is put together", async () => {
  const first = aPage({
    user_vtxos: [aVtxo("01")],
    user_balances: [{ asset_id: "gBTC", balance: 2_000, reserved: 0 }],
    next_cursor: "v.9",
  });
  const second = aPage({ user_vtxos: [aVtxo("02")], last_sync: "2026-09-21T14:14:20.000Z" });
  gateway.onRequest = (request) => gateway.answer(request, request.fields["cursor"] === "v.9" ? second : first);
  const state = await syncAllState(gateway.client);
  expect(state.user_vtxos.map((vtxo) => vtxo.vtxo_id)).toEqual([aVtxo("01").vtxo_id, aVtxo("02").vtxo_id]);
  expect(state).toMatchObject({
    user_balances: [{ balance: 2_000 }],
    last_sync: "2026-09-21T14:13:20.000Z",
    next_cursor: null,
  });
});

it("balances are asked for by asset", async () => {
  const balance = { asset_id: "gBTC", balance: 3, reserved: 1, available: 2, vtxo_count: 1 };
  gateway.onRequest = (request) =>
    gateway.answer(request, { status: "success", balances: [balance], last_updated: null });
  expect((await queryBalances(gateway.client, { assetIds: ["gBTC"] })).balances).toEqual([balance]);
  expect(gateway.requests).toMatchObject([{ fields: { action: "query_balances", asset_ids: ["gBTC"] } }]);
});
