import { GBTC } from "@arkrelay/core/vtxo/vtxo";

import type { Database } from "../connection";
import { readBigint, readInteger, readText } from "../row";

export interface AssetBalanceSum {
  readonly assetId: string;
  /** Keys that own some of it. */
  readonly holders: number;
  readonly total: bigint;
  readonly reserved: bigint;
  readonly available: bigint;
}

export interface AssetStatistics {
  readonly assets: { readonly total: number; readonly active: number };
  /** One row per asset that somebody owns, the one with most holders first. */
  readonly balances: readonly AssetBalanceSum[];
  /** By status, all VTXOs of the mirror. */
  readonly vtxos: Readonly<Record<"available" | "assigned" | "spent" | "expired" | "settled", number>>;
}

/** What users own, as balances are counted (per key first, then over all keys); the sats under an asset cannot be spent alone. */
const BALANCES = `SELECT b.asset_id, COUNT(*) AS holders, SUM(b.balance) AS total, SUM(b.reserved) AS reserved,
    SUM(GREATEST(0, CAST(b.balance AS SIGNED) - CAST(b.reserved AS SIGNED) - b.carriers)) AS available
  FROM (
    SELECT '${GBTC}' AS asset_id, owner_pubkey, SUM(amount_sats) AS balance,
      SUM(IF(locked_by IS NULL, 0, amount_sats)) AS reserved,
      ? * SUM(locked_by IS NULL AND (asset_id IS NULL OR asset_id <> '${GBTC}')) AS carriers
    FROM vtxos WHERE kind = 'user' AND status = 'assigned' AND (expires_at IS NULL OR expires_at > NOW(3)) GROUP BY owner_pubkey
    UNION ALL
    SELECT a.asset_id, v.owner_pubkey, SUM(x.amount), SUM(IF(v.locked_by IS NULL, 0, x.amount)), 0
    FROM vtxos v JOIN vtxo_assets x ON x.vtxo_id = v.vtxo_id JOIN assets a ON a.ark_asset_id = x.asset_id
    WHERE v.kind = 'user' AND v.status = 'assigned' AND (v.expires_at IS NULL OR v.expires_at > NOW(3))
    GROUP BY a.asset_id, v.owner_pubkey
  ) b GROUP BY b.asset_id ORDER BY holders DESC, b.asset_id`;

export async function readAssetStatistics(
  database: Pick<Database, "select">,
  dustSats: bigint,
): Promise<AssetStatistics> {
  const [[counts = {}], balances, statuses] = await Promise.all([
    database.select(
      "SELECT COUNT(*) AS total, COALESCE(SUM(status IN ('registered','issuing','active')), 0) AS active FROM assets",
    ),
    database.select(BALANCES, [dustSats]),
    database.select("SELECT status, COUNT(*) AS n FROM vtxos GROUP BY status"),
  ]);
  const count = (status: string): number => {
    const row = statuses.find((each) => readText(each, "status") === status);
    return row === undefined ? 0 : readInteger(row, "n");
  };
  return {
    assets: { total: readInteger(counts, "total"), active: readInteger(counts, "active") },
    balances: balances.map((row) => ({
      assetId: readText(row, "asset_id"),
      holders: readInteger(row, "holders"),
      total: readBigint(row, "total"),
      reserved: readBigint(row, "reserved"),
      available: readBigint(row, "available"),
    })),
    vtxos: {
      available: count("available"),
      assigned: count("assigned"),
      spent: count("spent"),
      expired: count("expired"),
      settled: count("settled"),
    },
  };
}
