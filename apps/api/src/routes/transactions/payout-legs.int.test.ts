import { randomBytes } from "node:crypto";

import { DrizzlePayoutStore } from "@arkrelay/db/stores/payout-store";

import { giveVtxos } from "../../testing/give-vtxos";
import { freshKey, startTestApi, type TestApi } from "../../testing/test-api";

let api: TestApi;

beforeAll(async () => {
  api = await startTestApi({ SOLVER_AUTH: "nip98" });
});
afterAll(() => api.close());

const hex32 = () => randomBytes(32).toString("hex");

it("a mint shows its user what came in, and what of it is the gateway's own", async () => {
  const [user, stock] = [freshKey(), freshKey()];
  const arkAssetId = `${hex32()}0000`;
  await api.database.write(
    `INSERT INTO assets (asset_id, name, ticker, asset_type, decimal_places, backing, ark_asset_id, status, created_at)
     VALUES ('gold', 'Gold', 'GLD', 'normal', 0, 'ark', ?, 'active', NOW(3))`,
    [arkAssetId],
  );
  await giveVtxos(api, stock, "stock", 5_000n);
  const [coin] = await api.deps.session.vtxos.listLive(undefined, stock.pubkey, 1);
  const [jobId, txid] = [hex32(), hex32()];
  const payouts = new DrizzlePayoutStore(api.database);
  await api.deps.transactions.run(async (tx) => {
    const paid = { script: "5120", ownerPubkey: user.pubkey, assetId: "gold", amount: 7n, amountSats: 1_000n };
    const pivotVtxoId = coin?.vtxoId ?? "";
    const payout = await payouts.insert(tx, { kind: "mint", businessId: jobId, pivotVtxoId, ...paid });
    const change = { vout: 1, role: "change", ownerPubkey: stock.pubkey, script: "5120", amountSats: 4_000n } as const;
    await payouts.insertAttempt(tx, {
      payoutId: payout.id,
      attempt: 1,
      pivotVtxoId,
      txid,
      role: "pay",
      unsignedPsbt: "",
      signedPsbt: undefined,
      checkpoints: [],
      outputs: [
        {
          vout: 0,
          role: "recipient",
          ownerPubkey: user.pubkey,
          script: "5120",
          amountSats: 1_000n,
          assets: [{ assetId: arkAssetId, amount: 7n }],
        },
        change,
      ],
      inputVtxoIds: [pivotVtxoId],
    });
    await api.deps.session.txs.plan(tx, {
      txid,
      sessionId: jobId,
      txType: "asset_mint",
      assetId: "gold",
      assetAmount: 7n,
      amountSats: 1_000n,
      feeSats: 0n,
      senderPubkey: stock.pubkey,
      recipientPubkey: user.pubkey,
      parties: [{ pubkey: user.pubkey, direction: "in", assetId: "gold", amount: 7n }],
    });
  });
  const read = (as: ReturnType<typeof freshKey>) => api.call("GET", `/transactions/${txid}`, { as });
  expect((await read(user)).body).toMatchObject({
    transaction: {
      txid,
      tx_type: "asset_mint",
      asset_id: "gold",
      asset_amount: 7,
      inputs: [{ vtxo_id: coin?.vtxoId, amount_sats: 5_000 }],
      outputs: [
        { vtxo_id: `${txid}:0`, owner: "you", amount_sats: 1_000, asset_id: "gold", asset_amount: 7 },
        { vtxo_id: `${txid}:1`, owner: "gateway", amount_sats: 4_000 },
      ],
    },
  });
  expect((await read(freshKey())).status).toBe(404);
});
