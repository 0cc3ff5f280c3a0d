import { randomBytes } from "node:crypto";

import { testKey, type TestKey } from "@arkrelay/core/testing/ark-transfer";
import { aBolt11, type TestInvoice } from "@arkrelay/core/testing/bolt11-invoice";
import { DrizzleLightningInfoStore } from "@arkrelay/db/stores/lightning-info-store";

import { FakeLnd } from "../../testing/fake-lnd";
import { giveVtxos } from "../../testing/give-vtxos";
import {
  freshKey,
  knowArkd,
  startTestApi,
  type CallOptions,
  type TestAnswer,
  type TestApi,
} from "../../testing/test-api";

const OUR_NODE = `02${"aa".repeat(32)}`;
let api: TestApi;

beforeAll(async () => {
  api = await startTestApi({ SOLVER_AUTH: "registered", LAND_MAX_SATS: "500000" }, { lnd: new FakeLnd().node });
  await knowArkd(api);
  await giveVtxos(api, freshKey(), "fee", ...Array.from({ length: 20 }, () => 1_000n));
  for (const kind of ["used", "land", "stock", "treasury"] as const) await giveVtxos(api, freshKey(), kind);
  await new DrizzleLightningInfoStore(api.database).save({ nodePubkey: OUR_NODE, localMsat: 5_000_000_000n });
});
afterAll(() => api.close());

async function aFundedUser(...amountsSats: bigint[]): Promise<TestKey> {
  const key = freshKey();
  await giveVtxos(api, key, "user", ...(amountsSats.length === 0 ? [100_000n] : amountsSats));
  return key;
}

/** An invoice of another node over whole sats. */
function anInvoice(amountSats: number, about: Partial<TestInvoice> = {}): string {
  const paymentHash = randomBytes(32).toString("hex");
  return aBolt11({ paymentHash, createdAt: new Date(), amountMsat: BigInt(amountSats) * 1_000n, ...about });
}

const land = (options: CallOptions): Promise<TestAnswer> => api.call("POST", "/lightning/land", options);
const bodyOf = (key: TestKey, fields: object = {}) => ({
  user_pubkey: key.pubkey,
  asset_id: "BTC",
  amount_sats: 50_001,
  lightning_invoice: anInvoice(50_001),
  ...fields,
});

describe("POST /lightning/land", () => {
  it("judges the invoice, fills the fee in and plans the transaction that the user has to sign", async () => {
    const as = await aFundedUser();
    const paymentHash = "0d".repeat(32);
    const lightning_invoice = anInvoice(50_001, { paymentHash });
    const answer = await land({ as, body: bodyOf(as, { lightning_invoice }) });
    expect(answer).toMatchObject({
      status: 202,
      body: {
        success: true,
        payment_hash: paymentHash,
        bolt11_invoice: lightning_invoice,
        details: {
          user_pubkey: as.pubkey,
          asset_id: "gBTC",
          amount_sats: 50_001,
          fee_sats: 51,
          total_sats: 50_052,
          amount: 50_001,
          fee: 51,
          total: 50_052,
          txid: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
        },
      },
    });
    const sessionId = String(answer.body["session_id"]);
    expect(answer.headers.get("location")).toBe(`/sessions/${sessionId}`);
    const challenge = await api.call("POST", `/sessions/${sessionId}/challenge`, { as });
    expect(challenge).toMatchObject({
      status: 200,
      body: { challenge: { type: "sign_tx", domain: "arkrelay/lightning_land/v1" } },
    });
    const shown = await api.call("GET", `/lightning/invoices/${paymentHash}`, { as });
    expect(shown.body).toMatchObject({ invoice_status: { status: "pending_payment", fee_sats: 51 } });
    expect((await api.call("GET", `/lightning/invoices/${paymentHash}`)).status).toBe(404);
  });

  it("answers 202 with the job it waits for while the user's VTXOs were never read", async () => {
    const as = freshKey();
    const answer = await land({ as, body: bodyOf(as), headers: { prefer: "wait=0" } });
    expect(answer).toMatchObject({ status: 202, body: { details: { txid: null } } });
    expect((await api.call("GET", `/jobs/${String(answer.body["job_id"])}`, { as })).body).toMatchObject({
      job_type: "vtxo_sync",
    });
  });

  it("is begun once per Idempotency-Key", async () => {
    const as = await aFundedUser();
    const call = { as, body: bodyOf(as), headers: { "idempotency-key": "land-1" } };
    const first = await land(call);
    const again = await land(call);
    expect(again.body["operation_id"]).toBe(first.body["operation_id"]);
    expect(again.headers.get("idempotent-replayed")).toBe("true");
  });

  it("lets two keys quote one invoice: the hash is claimed by whoever hands over first", async () => {
    const [alice, bob] = [await aFundedUser(), await aFundedUser()];
    const lightning_invoice = anInvoice(50_001);
    for (const as of [alice, bob]) {
      expect((await land({ as, body: bodyOf(as, { lightning_invoice }) })).status).toBe(202);
    }
  });

  it.each([
    ["no amount", { amount_sats: undefined }, 400, "invalid_request"],
    ["an amount of nothing", { amount_sats: 0 }, 422, "invalid_amount"],
    ["another amount than the invoice's", { amount_sats: 50_000 }, 422, "invoice_amount_mismatch"],
    ["no invoice", { lightning_invoice: undefined }, 400, "invalid_request"],
    ["what is no invoice", { lightning_invoice: "lnbcrt1nonsense" }, 422, "invoice_invalid"],
    ["another network", { lightning_invoice: anInvoice(50_001, { prefix: "lnbc" }) }, 422, "invoice_invalid"],
    ["too short a life", { lightning_invoice: anInvoice(50_001, { expirySeconds: 300 }) }, 422, "invoice_expired"],
    ["too little", { amount_sats: 999, lightning_invoice: anInvoice(999) }, 422, "amount_below_minimum"],
    ["too much", { amount_sats: 500_001, lightning_invoice: anInvoice(500_001) }, 422, "amount_above_maximum"],
    [
      "more than there is",
      { amount_sats: 400_000, lightning_invoice: anInvoice(400_000) },
      422,
      "insufficient_balance",
    ],
    ["an asset nobody registered", { asset_id: "gUSD", amount_sats: undefined, amount: 5 }, 422, "asset_unknown"],
    ["sats of another asset", { asset_id: "gUSD" }, 422, "invalid_amount"],
  ])("refuses %s", async (_name, fields, status, code) => {
    const as = testKey("of a refused land");
    await giveVtxos(api, as, "user", 1_000n);
    expect(await land({ as, body: bodyOf(as, fields) })).toMatchObject({ status, body: { code } });
  });

  it("is begun by the key itself or by a solver, and by nobody else", async () => {
    const owner = await aFundedUser();
    expect((await land({ body: bodyOf(owner) })).status).toBe(401);
    expect((await land({ as: freshKey(), body: bodyOf(owner) })).status).toBe(403);
    const solver = freshKey();
    const key = { name: "solver", kind: "nostr", pubkey: solver.pubkey, scopes: ["lightning"] };
    await api.call("POST", "/admin/api-keys", { admin: true, body: key });
    const begun = await land({ as: solver, body: bodyOf(owner) });
    expect(begun).toMatchObject({ status: 202, body: { details: { user_pubkey: owner.pubkey } } });
  });
});
