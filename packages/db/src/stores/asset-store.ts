import { GBTC } from "@arkrelay/core/vtxo/vtxo";

import { nullable, readBigint, readDate, readInteger, readJson, readText, type Row } from "../row";
import type { SqlHandle } from "../sql-handle";

/** An asset of the registry with what is in circulation; amounts in base units. */
export interface Asset {
  readonly id: bigint;
  readonly assetId: string;
  readonly name: string;
  readonly ticker: string;
  readonly assetType: "normal" | "collectible";
  readonly decimalPlaces: number;
  /** 0 = no cap below 2^53-1. */
  readonly totalSupply: bigint;
  readonly status: string;
  readonly arkAssetId: string | undefined;
  readonly taprootAssetId: string | undefined;
  readonly units: {
    readonly carrier: bigint | undefined;
    readonly minLift: bigint | undefined;
    readonly maxLift: bigint | undefined;
    readonly minLand: bigint | undefined;
    readonly maxLand: bigint | undefined;
  };
  readonly metadata: Readonly<Record<string, unknown>>;
  /** Units outside gateway scripts. */
  readonly circulating: bigint;
  /** Those of them that a session holds. */
  readonly reserved: bigint;
  readonly createdAt: Date;
}

/**
 * The sums of all assets in one pass over the users' live VTXOs, joined to the page. VTXOs know arkd's ids, the registry maps
 * its names to them. The sats that carry other assets are in circulation like all others.
 */
const SELECT = `SELECT a.*, COALESCE(v.circulating, 0) AS circulating, COALESCE(v.reserved, 0) AS reserved
  FROM assets a LEFT JOIN (
    SELECT '${GBTC}' AS asset_id, SUM(amount_sats) AS circulating, SUM(IF(locked_by IS NULL, 0, amount_sats)) AS reserved
    FROM vtxos WHERE kind = 'user' AND status = 'assigned'
    UNION ALL
    SELECT x.asset_id, SUM(x.amount), SUM(IF(w.locked_by IS NULL, 0, x.amount))
    FROM vtxos w JOIN vtxo_assets x ON x.vtxo_id = w.vtxo_id WHERE w.kind = 'user' AND w.status = 'assigned'
    GROUP BY x.asset_id
  ) v ON v.asset_id = COALESCE(a.ark_asset_id, a.asset_id)`;

/** The asset registry. Rows are read only: registering and minting belong to a later release. */
export class DrizzleAssetStore {
  constructor(private readonly database: Pick<SqlHandle, "select">) {}

  /** Newest first. */
  async list(activeOnly: boolean, limit: number, beforeId: bigint | undefined): Promise<readonly Asset[]> {
    const rows = await this.database.select(
      `${SELECT} WHERE a.id < ? AND (a.status = 'active' OR ?) ORDER BY a.id DESC LIMIT ?`,
      [beforeId ?? BigInt(Number.MAX_SAFE_INTEGER), !activeOnly, limit],
    );
    return rows.map(toAsset);
  }

  async find(assetId: string): Promise<Asset | undefined> {
    const [row] = await this.database.select(`${SELECT} WHERE a.asset_id = ?`, [assetId]);
    return row && toAsset(row);
  }
}

function toAsset(row: Row): Asset {
  const metadata = readJson(row, "metadata");
  return {
    id: readBigint(row, "id"),
    assetId: readText(row, "asset_id"),
    name: readText(row, "name"),
    ticker: readText(row, "ticker"),
    assetType: readText(row, "asset_type") === "collectible" ? "collectible" : "normal",
    decimalPlaces: readInteger(row, "decimal_places"),
    totalSupply: readBigint(row, "total_supply"),
    status: readText(row, "status"),
    arkAssetId: nullable(row, "ark_asset_id", readText),
    taprootAssetId: nullable(row, "taproot_asset_id", readText),
    units: {
      carrier: nullable(row, "carrier_units", readBigint),
      minLift: nullable(row, "min_lift_units", readBigint),
      maxLift: nullable(row, "max_lift_units", readBigint),
      minLand: nullable(row, "min_land_units", readBigint),
      maxLand: nullable(row, "max_land_units", readBigint),
    },
    metadata: typeof metadata === "object" && metadata !== null ? { ...metadata } : {},
    circulating: readBigint(row, "circulating"),
    reserved: readBigint(row, "reserved"),
    createdAt: readDate(row, "created_at"),
  };
}
