import { randomBytes } from "node:crypto";

import { twinReserve } from "@arkrelay/core/asset/twin-reserve";

import { openTestDatabase, type TestDatabase } from "../testing/test-database";
import { DrizzleAssetSupplyStore } from "./asset-supply-store";

let test: TestDatabase;
let store: DrizzleAssetSupplyStore;

beforeAll(async () => {
  test = await openTestDatabase();
  store = new DrizzleAssetSupplyStore(test.database);
});
afterAll(() => test.close());
beforeEach(async () => {
  await test.empty();
  for (const [assetId, arkAssetId] of [
    ["gold", GOLD],
    ["silver", SILVER],
  ]) {
    await test.database.write(
      `INSERT INTO assets (asset_id, name, ticker, asset_type, decimal_places, issued, backing, ark_asset_id, status, created_at)
       VALUES (?, 'A', 'A', 'normal', 0, 1000, 'taproot', ?, 'active', NOW(3))`,
      [assetId ?? "", arkAssetId ?? ""],
    );
  }
});

const hex32 = () => randomBytes(32).toString("hex");
const GOLD = `${"aa".repeat(32)}0000`;
const SILVER = `${"bb".repeat(32)}0000`;

async function onVtxo(kind: "user" | "treasury", status: string, units: bigint, assetId = GOLD): Promise<void> {
  const txid = hex32();
  const { insertId } = await test.database.write(
    `INSERT INTO vtxo_scripts (owner_pubkey, signer_pubkey, exit_delay, script, tap_tree, kind, first_seen)
     VALUES (?, ?, 512, ?, '', ?, NOW(3))`,
    [hex32(), hex32(), `5120${hex32()}`, kind],
  );
  await test.database.write(
    `INSERT INTO vtxos (vtxo_id, txid, vout, script_id, owner_pubkey, kind, asset_id, amount_sats, status, is_preconfirmed, is_swept,
       commitment_txids, created_at, updated_from, seen_at)
     VALUES (?, ?, 0, ?, ?, ?, ?, 1000, ?, 0, 0, '[]', NOW(3), 'final', NOW(3))`,
    [`${txid}:0`, txid, insertId, hex32(), kind, assetId, status],
  );
  await test.database.write("INSERT INTO vtxo_assets (vtxo_id, asset_id, amount) VALUES (?, ?, ?)", [
    `${txid}:0`,
    assetId,
    units,
  ]);
}

function payout(kind: string, status: string, units: bigint, assetId = "gold") {
  return test.database.write(
    `INSERT INTO payouts (kind, business_id, pivot_vtxo_id, script, owner_pubkey, asset_id, amount, amount_sats, status, created_at,
       updated_at) VALUES (?, ?, '', '', '', ?, ?, 1000, ?, NOW(3), NOW(3))`,
    [kind, hex32(), assetId, units, status],
  );
}

function operation(type: "lift" | "land", status: string, units: bigint, extra: { carrier?: bigint; quoted?: bigint }) {
  return test.database.write(
    `INSERT INTO lightning_invoices (payment_hash, operation_id, invoice_type, status, user_pubkey, session_id, asset_id, amount,
       amount_sats, fee, user_script, memo, carrier_units, quoted_units, created_at, updated_at, expires_at)
     VALUES (?, ?, ?, ?, '', '', 'gold', ?, 0, 1, '', '', ?, ?, NOW(3), NOW(3), NOW(3))`,
    [hex32(), hex32(), type, status, units, extra.carrier ?? null, extra.quoted ?? null],
  );
}

it("everything of an unissued or unknown asset is nowhere", async () => {
  const none = { circulatingUnits: 0n, payoutUnits: 0n, openLandUnits: 0n, heldLiftUnits: 0n };
  await test.database.write("UPDATE assets SET issued = 0, ark_asset_id = NULL WHERE asset_id = 'gold'");
  expect(await store.readExposure(undefined, "gold")).toEqual(none);
  expect(await store.readExposure(undefined, "never heard of")).toEqual(none);
});

it("units that no VTXO of ours carries circulate, spent VTXOs and other assets count for nothing", async () => {
  expect(await store.readExposure(undefined, "gold")).toMatchObject({ circulatingUnits: 1000n });
  await onVtxo("treasury", "available", 700n);
  await onVtxo("treasury", "expired", 100n);
  await onVtxo("treasury", "spent", 900n);
  await onVtxo("treasury", "available", 150n, SILVER);
  expect(await store.readExposure(undefined, "gold")).toMatchObject({ circulatingUnits: 200n });
  // The mirror shows a user more than the books can explain: the larger number is believed.
  await onVtxo("user", "assigned", 250n);
  await onVtxo("user", "spent", 900n);
  expect(await store.readExposure(undefined, "gold")).toMatchObject({ circulatingUnits: 250n });
});

it("what is on its way counts on its side until it has arrived", async () => {
  await onVtxo("treasury", "available", 1000n);
  await payout("mint", "planned", 1n);
  await payout("lift", "accepted", 2n);
  await payout("mint", "final", 1_000n);
  await payout("mint", "cancelled", 1_000n);
  await payout("refund", "submitting", 1_000n);
  await payout("issue", "planned", 1_000n);
  await payout("fanout", "planned", 1_000n);
  await payout("mint", "planned", 1_000n, "silver");
  await operation("land", "received", 4n, {});
  await operation("land", "in_flight", 8n, { quoted: 7n });
  await operation("land", "refunding", 16n, { quoted: 15n });
  await operation("land", "paid", 1_000n, { quoted: 1_000n });
  await operation("land", "pending_payment", 1_000n, {});
  await operation("lift", "accepted", 32n, { carrier: 3n });
  await operation("lift", "delivered", 64n, { carrier: 3n });
  await operation("lift", "pending", 1_000n, {});
  await operation("lift", "paid", 1_000n, {});
  const exposure = await store.readExposure(undefined, "gold");
  expect(exposure).toEqual({
    circulatingUnits: 0n,
    payoutUnits: 3n,
    openLandUnits: 28n,
    heldLiftUnits: 102n,
  });
  expect(twinReserve(exposure, 1n)).toEqual({ requiredUnits: 31n, currentUnits: 103n });
});

it.each(["mint", "fanout"])("a %s keeps the treasury of its asset at work until it has ended", async (kind) => {
  await payout("lift", "planned", 1n);
  await payout(kind, "final", 1n);
  await payout(kind, "planned", 1n, "silver");
  expect(await store.isTreasuryPaying("gold")).toBe(false);
  await payout(kind, "accepted", 1n);
  expect(await store.isTreasuryPaying("gold")).toBe(true);
});

it("a reading of one daemon keeps what the other one said", async () => {
  const at = new Date("2026-11-25T10:00:00.000Z");
  const record = (read: Parameters<DrizzleAssetSupplyStore["record"]>[2]) =>
    test.database.transactions.run((tx) => store.record(tx, "gold", read, at));
  expect(await store.find("gold")).toEqual({ arkd: undefined, tapd: undefined });
  await record({ arkdUnits: 5n });
  await record({ tapdUnits: 0n });
  expect(await store.find("gold")).toEqual({ arkd: { units: 5n, readAt: at }, tapd: { units: 0n, readAt: at } });
});
