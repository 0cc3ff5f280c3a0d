import type { InventoryCounts } from "@arkrelay/core/inventory/judge-inventory";
import type {
  AssetVtxoCounts,
  InventoryStore,
  StockedAsset,
  VtxoStatistics,
} from "@arkrelay/core/ports/inventory-store";
import type { Freshness } from "@arkrelay/core/ports/vtxo-store";
import { GBTC } from "@arkrelay/core/vtxo/vtxo";

import { nullable, readBigint, readInteger, readText } from "../row";
import type { SqlHandle } from "../sql-handle";
import { freshnessValues, IS_FRESH } from "./is-fresh";

/** vtxos and payouts, read for the inventory alone. */
export class DrizzleInventoryStore implements InventoryStore {
  constructor(private readonly database: Pick<SqlHandle, "select">) {}

  async count(arkAssetId: string | undefined, freshness: Freshness): Promise<InventoryCounts> {
    const [row = {}] = await this.database.select(
      `SELECT
         (SELECT COUNT(*) FROM vtxos v WHERE v.kind = 'stock' AND v.asset_id = ? AND v.status = 'available'
            AND v.locked_by IS NULL AND ${IS_FRESH}) AS available,
         (SELECT COUNT(*) FROM vtxos v WHERE v.kind = 'user' AND v.asset_id = ? AND v.status = 'assigned'
            AND (v.expires_at IS NULL OR v.expires_at > NOW(3))) AS assigned`,
      [arkAssetId ?? GBTC, ...freshnessValues(freshness), arkAssetId ?? GBTC],
    );
    return { available: readInteger(row, "available"), assigned: readInteger(row, "assigned") };
  }

  async listStocked(): Promise<readonly StockedAsset[]> {
    const rows = await this.database.select(
      `SELECT a.asset_id, a.ark_asset_id, p.amount, p.amount_sats FROM payouts p JOIN assets a ON a.asset_id = p.asset_id
       WHERE a.status = 'active' AND a.ark_asset_id IS NOT NULL
         AND p.id IN (SELECT MAX(id) FROM payouts WHERE kind = 'fanout' GROUP BY asset_id) ORDER BY a.id`,
      [],
    );
    const assets = rows.map((row) => ({
      assetId: readText(row, "asset_id"),
      arkAssetId: readText(row, "ark_asset_id"),
      size: { amountSats: readBigint(row, "amount_sats"), units: readBigint(row, "amount") },
    }));
    return [{ assetId: GBTC, arkAssetId: undefined, size: undefined }, ...assets];
  }
}

/** Every VTXO of the mirror counts once under gBTC or under each asset on it. */
const BY_ASSET = `SELECT c.asset_id, a.ticker, SUM(c.n) AS total, SUM(IF(c.status = 'available', c.n, 0)) AS available,
    SUM(IF(c.status = 'assigned', c.n, 0)) AS assigned, SUM(IF(c.status = 'spent', c.n, 0)) AS spent,
    SUM(IF(c.status = 'settled', c.n, 0)) AS settled
  FROM (
    SELECT '${GBTC}' AS asset_id, status, COUNT(*) AS n FROM vtxos WHERE asset_id = '${GBTC}' GROUP BY status
    UNION ALL
    SELECT COALESCE(r.asset_id, x.asset_id), v.status, COUNT(*) FROM vtxo_assets x JOIN vtxos v ON v.vtxo_id = x.vtxo_id
      LEFT JOIN assets r ON r.ark_asset_id = x.asset_id GROUP BY COALESCE(r.asset_id, x.asset_id), v.status
  ) c LEFT JOIN assets a ON a.asset_id = c.asset_id GROUP BY c.asset_id, a.ticker ORDER BY total DESC, c.asset_id LIMIT ?`;

/** Assets beyond these are in the registry and in nobody's hands, mostly. */
const ASSETS_MAX = 500;

export async function readVtxoStatistics(database: Pick<SqlHandle, "select">): Promise<VtxoStatistics> {
  const [[overall = {}], byAsset] = await Promise.all([
    database.select(
      "SELECT COUNT(*) AS n, COALESCE(SUM(amount_sats), 0) AS sats FROM vtxos WHERE status IN ('available','assigned')",
    ),
    database.select(BY_ASSET, [ASSETS_MAX]),
  ]);
  return {
    overall: { count: readInteger(overall, "n"), valueSats: readBigint(overall, "sats") },
    byAsset: byAsset.map((row): AssetVtxoCounts => ({
      assetId: readText(row, "asset_id"),
      ticker: nullable(row, "ticker", readText),
      total: readInteger(row, "total"),
      available: readInteger(row, "available"),
      assigned: readInteger(row, "assigned"),
      spent: readInteger(row, "spent"),
      settled: readInteger(row, "settled"),
    })),
  };
}
