import { randomBytes } from "node:crypto";

import { AppError } from "@arkrelay/core/errors";
import type { TaprootAssets } from "@arkrelay/core/ports/taproot-assets";
import { testKey, type TestKey } from "@arkrelay/core/testing/ark-transfer";
import { aBolt11 } from "@arkrelay/core/testing/bolt11-invoice";
import { DrizzleLightningInfoStore } from "@arkrelay/db/stores/lightning-info-store";

import { FakeLnd } from "../../testing/fake-lnd";
import { giveAssetStock, giveCarrier, giveVtxos } from "../../testing/give-vtxos";
import { freshKey, knowArkd, startTestApi, type TestApi } from "../../testing/test-api";

const ARK_ID = `${"aa".repeat(32)}0000`;
const TAPROOT_ID = "ab".repeat(32);
let api: TestApi;
/** What tapd says that an invoice costs. */
let quote: () => Promise<{ readonly units: bigint; readonly amountMsat: bigint }>;

beforeAll(async () => {
  const tapd = {
    decodeAssetInvoice: () => quote(),
    getAssetBalance: async (assetId: string) => ({
      assetId,
      balanceUnits: 0n,
      utxoCount: 0,
      channelUnits: 1_000n,
      unconfirmedUnits: 0n,
      leasedUnits: 0n,
    }),
  };
  api = await startTestApi(
    { SOLVER_AUTH: "registered" },
    { lnd: new FakeLnd().node, tapd: tapd as unknown as TaprootAssets },
  );
  await knowArkd(api);
  await api.database.write(
    `INSERT INTO assets (asset_id, name, ticker, asset_type, decimal_places, backing, ark_asset_id, taproot_asset_id, status,
       carrier_units, min_lift_units, max_lift_units, min_land_units, max_land_units, created_at)
     VALUES ('gold', 'Gold', 'GLD', 'normal', 0, 'taproot', ?, ?, 'active', 3, 10, 1000, 10, 1000, NOW(3))`,
    [ARK_ID, TAPROOT_ID],
  );
  await giveVtxos(api, freshKey(), "fee", ...Array.from({ length: 5 }, () => 1_000n));
  for (const kind of ["used", "land", "stock", "treasury"] as const) await giveVtxos(api, freshKey(), kind);
  await giveAssetStock(api, freshKey(), { assetId: ARK_ID, amount: 500n });
  const node = { nodePubkey: `02${"aa".repeat(32)}`, localMsat: 5_000_000_000n };
  await new DrizzleLightningInfoStore(api.database).save(node);
});
afterAll(() => api.close());
beforeEach(() => {
  quote = async () => ({ units: 50n, amountMsat: 50_000_000n });
});

const anInvoice = () =>
  aBolt11({ paymentHash: randomBytes(32).toString("hex"), createdAt: new Date(), amountMsat: 50_000_000n });
const lift = (as: TestKey, fields: object = {}) =>
  api.call("POST", "/lightning/lift", {
    as,
    body: { user_pubkey: as.pubkey, asset_id: "gold", amount: 40, ...fields },
  });
const land = (as: TestKey, fields: object = {}) =>
  api.call("POST", "/lightning/land", {
    as,
    body: { user_pubkey: as.pubkey, asset_id: "gold", amount: 60, lightning_invoice: anInvoice(), ...fields },
  });
async function holder(): Promise<TestKey> {
  const key = freshKey();
  await giveVtxos(api, key, "user", 5_000n);
  await giveCarrier(api, key, 1_000n, { assetId: ARK_ID, amount: 200n });
  return key;
}

describe("POST /lightning/lift of an asset", () => {
  it("starts a lift in units, and names the price of the carrier", async () => {
    const { status, body } = await lift(freshKey());
    expect(status).toBe(202);
    const { details } = body as { readonly details: Record<string, unknown> };
    expect(details).toMatchObject({ asset_id: "gold", amount: 40, carrier_units: 3, status: "pending", fee_sats: 0 });
    expect(details).not.toHaveProperty("amount_sats");
    expect(new Date(String(details["expires_at"])).getTime() - Date.now()).toBeLessThanOrEqual(300_000);
  });

  it("is shown with the sats that its invoice asks for, none before it is made", async () => {
    const { body } = await lift(freshKey());
    const read = () => api.call("GET", `/lightning/invoices/${String(body["payment_hash"])}`);
    expect((await read()).body).toMatchObject({ invoice_status: { asset_id: "gold", amount_sats: 0 } });
    const { transactions, operations } = api.deps.session;
    await transactions.run(async (tx) => {
      const operation = await operations.lock(tx, String(body["operation_id"]));
      if (operation !== undefined) await operations.move(tx, operation, { bolt11: anInvoice() }, undefined);
    });
    expect((await read()).body).toMatchObject({ invoice_status: { amount_sats: 50_000 } });
  });

  it.each([
    [{ amount: 9 }, 422, "amount_below_minimum"],
    [{ amount: 1_001 }, 422, "amount_above_maximum"],
    [{ amount: 501 }, 503, "inventory_exhausted"],
    [{ amount: undefined, amount_sats: 40 }, 422, "invalid_amount"],
  ])("refuses %j", async (fields, status, code) => {
    expect(await lift(testKey("refused"), fields)).toMatchObject({ status, body: { code } });
  });
});

describe("POST /lightning/land of an asset", () => {
  it("takes the fee in units, tells what the invoice costs, and plans the transaction to sign", async () => {
    const answer = await land(await holder());
    expect(answer).toMatchObject({
      status: 202,
      body: { details: { asset_id: "gold", amount: 60, fee: 1, total: 61, quoted_units: 50 } },
    });
    const { details } = answer.body as { readonly details: Record<string, unknown> };
    expect(details["txid"]).toMatch(/^[0-9a-f]{64}$/);
    expect(details).not.toHaveProperty("amount_sats");
  });

  it("is opened by /sessions/create, too", async () => {
    const as = await holder();
    const intent_data = { asset_id: "gold", amount: 60, lightning_invoice: anInvoice() };
    const body = { user_pubkey: as.pubkey, session_type: "lightning_land", intent_data };
    const answer = await api.call("POST", "/sessions/create", { as, body });
    expect(answer).toMatchObject({
      status: 201,
      body: { intent_data: { params: { fee_asset_id: "gold", fee_amount: 1 } } },
    });
  });

  it("is refused when the invoice costs more units than are given", async () => {
    quote = async () => ({ units: 61n, amountMsat: 50_000_000n });
    expect(await land(await holder())).toMatchObject({ status: 422, body: { code: "invoice_amount_mismatch" } });
  });

  it("is refused while tapd is away", async () => {
    quote = () => Promise.reject(new AppError("daemon_unavailable", { details: { service: "tapd" } }));
    expect(await land(await holder())).toMatchObject({
      status: 503,
      body: { code: "daemon_unavailable", retryable: true },
    });
  });

  it("waits for no tapd that takes its time, and is taken with its late answer", async () => {
    let answer = (): void => undefined;
    quote = () =>
      new Promise((resolve) => {
        answer = () => resolve({ units: 50n, amountMsat: 50_000_000n });
      });
    const as = await holder();
    const lightning_invoice = anInvoice();
    expect(await land(as, { lightning_invoice })).toMatchObject({ status: 503, body: { code: "daemon_unavailable" } });
    const intent_data = { asset_id: "gold", amount: 60, lightning_invoice };
    const body = { user_pubkey: as.pubkey, session_type: "lightning_land", intent_data };
    expect(await api.call("POST", "/sessions/create", { as, body })).toMatchObject({
      status: 503,
      body: { code: "daemon_unavailable" },
    });
    answer();
    quote = () => new Promise(() => undefined);
    expect((await land(as, { lightning_invoice })).status).toBe(202);
  });

  it("is refused for more units than the user has", async () => {
    expect(await land(await holder(), { amount: 200 })).toMatchObject({
      status: 422,
      body: { code: "insufficient_balance", details: { asset_id: "gold" } },
    });
  });
});

describe("GET /lightning/fees/estimate of an asset", () => {
  const estimate = (query: string) => api.call("GET", `/lightning/fees/estimate/2500?asset_id=gold&direction=${query}`);

  it("is in units: the carrier's price of a lift, 0.1 % of a land", async () => {
    expect((await estimate("lift")).body).toMatchObject({
      fee_estimate: { amount_sats: 2_500, base_fee: 0, carrier_units: 3, total_fee: 3, total_amount: 2_503 },
    });
    expect((await estimate("land")).body).toMatchObject({
      fee_estimate: { base_fee: 3, carrier_units: 0, total_fee: 3, total_amount: 2_503 },
    });
  });
});
