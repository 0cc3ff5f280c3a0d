import { refIdOf } from "@arkrelay/core/session/end-session";
import type { TestDatabase } from "@arkrelay/db/testing/test-database";

import type { LandWorld } from "./land-world";
import { GOLD, goldOf } from "./test-asset";

/**
 * What must be true once a land of gold has ended: paid once or given back whole, the books say what arkd, lnd and tapd hold, no unit was
 * burnt, nothing is locked, and what of the subsidy was not used is free again.
 */
export async function checkAssetLand(
  { database }: TestDatabase,
  world: LandWorld,
  operationId: string,
  before: { readonly userUnits: bigint; readonly userSats: bigint; readonly localMsat: bigint },
): Promise<void> {
  const operation = await world.get(operationId);
  const { status, amount, fee, paymentHash, userPubkey } = operation;
  const session = await world.getSession(operation.sessionId);
  const isPaid = status === "paid";
  expect([status, session.status]).toEqual(isPaid ? ["paid", "completed"] : ["refunded", "failed"]);
  const result = await world.deps.results.find(session.userPubkey, refIdOf(session));
  expect(result?.kind).toBe(isPaid ? 31340 : 31341);

  const carrierSats = isPaid ? 330n : 0n;
  const givenUnits = isPaid ? amount + fee : 0n;
  expect(world.lightning.timesPaid.get(paymentHash) ?? 0).toBe(isPaid ? 1 : 0);
  expect(world.lightning.sentTwice).toBe(0);
  expect(goldOf(world, userPubkey)).toBe(before.userUnits - givenUnits);
  expect(world.satsOf(userPubkey)).toBe(before.userSats - carrierSats);

  expect(await world.balance("asset:ark", GOLD.assetId)).toBe(givenUnits);
  expect(await world.balance("asset:tapd", GOLD.assetId)).toBe(world.lightning.netUnits(GOLD.taprootAssetId));
  expect(await world.balance("liability:land", GOLD.assetId)).toBe(0n);
  expect(await world.balance("liability:land")).toBe(0n);
  expect(await world.balance("asset:ark")).toBe(carrierSats * 1000n);
  expect(await world.balance("asset:ln")).toBe(world.lightning.localMsat - before.localMsat);
  const sums = await database.select(
    `SELECT a.asset_id, SUM(p.amount) AS total FROM ledger_postings p JOIN ledger_accounts a ON a.id = p.account_id
     GROUP BY a.asset_id HAVING total <> 0`,
  );
  expect(sums).toEqual([]);
  expect(await database.select("SELECT 1 FROM vtxos WHERE locked_by IS NOT NULL")).toEqual([]);
  const [budget] = await database.select("SELECT COALESCE(SUM(used), 0) AS used FROM daily_budgets");
  const [kept] = await database.select("SELECT COALESCE(SUM(subsidy_sats), 0) AS kept FROM lightning_invoices");
  expect(String(budget?.["used"])).toBe(String(kept?.["kept"]));
  const rows = await database.select("SELECT txid, status FROM transactions");
  for (const row of rows) {
    const isFinal = world.arkd.vtxos.has(`${String(row["txid"])}:0`);
    expect([row["txid"], row["status"]]).toEqual([row["txid"], isFinal ? "confirmed" : "failed"]);
  }
}
