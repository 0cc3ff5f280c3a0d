import type { TestDatabase } from "@arkrelay/db/testing/test-database";

import type { ChannelTapd } from "./channel-tapd";
import type { LandWorld } from "./land-world";
import { GOLD } from "./test-asset";

export interface Backing {
  /** Outside the gateway's scripts at arkd, and what it owes for lands that it can neither have paid nor given back. */
  readonly owedUnits: bigint;
  /** Delivered, or about to be, for HTLCs that are not settled: nobody else's units stand behind them. */
  readonly deliveredUnits: bigint;
  /** Delivered, and the HTLC was gone. */
  readonly lostUnits: bigint;
}

/** What stands against tapd's units of gold, as the daemons know it and not as our mirror does. */
export async function readBacking({ database }: TestDatabase, { arkd, lightning, deps }: LandWorld): Promise<Backing> {
  const gateways = Object.values(deps.wallet.keys).map(({ pubkey }) => pubkey);
  const isAtArkd = (txid: string): boolean => arkd.vtxos.has(`${txid}:0`);
  const outside = [...arkd.vtxos.values()]
    .filter((vtxo) => !vtxo.isSpent && !gateways.some((pubkey) => arkd.isOwnedBy(vtxo, pubkey)))
    .flatMap(({ assets }) => assets.filter(({ assetId }) => assetId === GOLD.arkAssetId));
  const payouts = await database.select(
    `SELECT p.payout_key, p.kind, p.amount, p.status, a.txid FROM payouts p JOIN payout_attempts a ON a.payout_id = p.id
     WHERE p.asset_id = ? AND a.role = 'pay'`,
    [GOLD.assetId],
  );
  const final = new Set(payouts.filter((row) => isAtArkd(String(row["txid"]))).map((row) => row["payout_key"]));
  /** By key: a payout has several attempts. */
  const plannedMints = new Map(
    payouts
      .filter((row) => row["kind"] === "mint" && row["status"] !== "cancelled" && !final.has(row["payout_key"]))
      .map((row) => [row["payout_key"], BigInt(String(row["amount"]))]),
  );
  const rows = await database.select(
    "SELECT operation_id, payment_hash, invoice_type, status, amount FROM lightning_invoices WHERE asset_id = ?",
    [GOLD.assetId],
  );
  const sumOf = (type: string, statuses: readonly string[], holds: (id: string, hash: string) => boolean): bigint =>
    rows
      .filter((row) => row["invoice_type"] === type && statuses.includes(String(row["status"])))
      .filter((row) => holds(String(row["operation_id"]), String(row["payment_hash"])))
      .reduce((sum, row) => sum + BigInt(String(row["amount"])), 0n);
  const openLands = sumOf(
    "land",
    ["received", "in_flight", "failed", "refunding"],
    (id, hash) => !final.has(`refund.${id}`) && (lightning.timesPaid.get(hash) ?? 0) === 0,
  );
  const circulating = outside.reduce((sum, { amount }) => sum + amount, 0n);
  return {
    owedUnits: circulating + openLands + [...plannedMints.values()].reduce((sum, units) => sum + units, 0n),
    deliveredUnits: sumOf(
      "lift",
      ["delivering", "delivered"],
      (id, hash) => final.has(`lift.${id}`) && !lightning.isSettled(hash),
    ),
    lostUnits: sumOf("lift", ["lost"], () => true),
  };
}

/** Nothing is given away that tapd has no units for: at every moment, whoever died and whatever was heard late. */
export async function checkBacked(test: TestDatabase, world: LandWorld, tapd: ChannelTapd): Promise<void> {
  const { owedUnits, deliveredUnits, lostUnits } = await readBacking(test, world);
  expect(owedUnits - deliveredUnits - lostUnits).toBeLessThanOrEqual(tapd.units());
}
