import type { AssetStatus, RegisteredAsset } from "@arkrelay/core/asset/registered-asset";
import { assert } from "@arkrelay/core/errors";
import type { AssetRegistry } from "@arkrelay/core/ports/asset-registry";
import type { Tx } from "@arkrelay/core/ports/transactions";
import { GBTC } from "@arkrelay/core/vtxo/vtxo";

import { nullable, readBigint, readDate, readInteger, readJson, readText, type Row } from "../row";
import type { SqlHandle } from "../sql-handle";
import { connectionOf } from "../transactions";
import { placeholders } from "./job-work-tables";

/** An asset of the registry with what is in circulation; amounts in base units. */
export interface Asset extends RegisteredAsset {
  /** Units outside gateway scripts. */
  readonly circulating: bigint;
  /** Those of them that a session holds. */
  readonly reserved: bigint;
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

const STATUSES: readonly AssetStatus[] = ["registered", "issuing", "active", "frozen", "inactive"];

const ROW = "SELECT a.* FROM assets a";

/** The asset registry. Rows are read only: registering and minting belong to a later release. */
export class DrizzleAssetStore implements AssetRegistry {
  constructor(private readonly database: Pick<SqlHandle, "select" | "selectOnce">) {}

  /** Newest first. */
  async list(activeOnly: boolean, limit: number, beforeId: bigint | undefined): Promise<readonly Asset[]> {
    const rows = await this.database.select(
      `${SELECT} WHERE a.id < ? AND (a.status = 'active' OR ?) ORDER BY a.id DESC LIMIT ?`,
      [beforeId ?? BigInt(Number.MAX_SAFE_INTEGER), !activeOnly, limit],
    );
    return rows.map(toAsset);
  }

  async find(tx: Tx | undefined, assetId: string): Promise<RegisteredAsset | undefined> {
    const [row] = await this.handle(tx).select(`${ROW} WHERE a.asset_id = ?`, [assetId]);
    return row && toRegisteredAsset(row);
  }

  async listByArkIds(tx: Tx | undefined, arkAssetIds: readonly string[]): Promise<readonly RegisteredAsset[]> {
    if (arkAssetIds.length === 0) return [];
    const rows = await this.handle(tx).selectOnce(
      `${ROW} WHERE a.ark_asset_id IN (${placeholders(arkAssetIds)})`,
      arkAssetIds,
    );
    return rows.map(toRegisteredAsset);
  }

  async listTaprootBacked(tx: Tx | undefined): Promise<readonly RegisteredAsset[]> {
    const rows = await this.handle(tx).select(
      `${ROW} WHERE a.backing = 'taproot' AND a.taproot_asset_id IS NOT NULL ORDER BY a.id`,
    );
    return rows.map(toRegisteredAsset);
  }

  private handle(tx: Tx | undefined): Pick<SqlHandle, "select" | "selectOnce"> {
    return tx === undefined ? this.database : connectionOf(tx);
  }

  /** With its sums. */
  async describe(assetId: string): Promise<Asset | undefined> {
    const [row] = await this.database.select(`${SELECT} WHERE a.asset_id = ?`, [assetId]);
    return row && toAsset(row);
  }
}

function toAsset(row: Row): Asset {
  return {
    ...toRegisteredAsset(row),
    circulating: readBigint(row, "circulating"),
    reserved: readBigint(row, "reserved"),
  };
}

function toRegisteredAsset(row: Row): RegisteredAsset {
  const metadata = readJson(row, "metadata");
  return {
    id: readBigint(row, "id"),
    assetId: readText(row, "asset_id"),
    name: readText(row, "name"),
    ticker: readText(row, "ticker"),
    assetType: readText(row, "asset_type") === "collectible" ? "collectible" : "normal",
    decimalPlaces: readInteger(row, "decimal_places"),
    totalSupply: readBigint(row, "total_supply"),
    issued: readBigint(row, "issued"),
    backing: readText(row, "backing") === "taproot" ? "taproot" : "ark",
    status: toStatus(readText(row, "status")),
    arkAssetId: nullable(row, "ark_asset_id", readText),
    taprootAssetId: nullable(row, "taproot_asset_id", readText),
    taprootGroupKey: nullable(row, "taproot_group_key", readText),
    units: {
      carrier: nullable(row, "carrier_units", readBigint),
      minLift: nullable(row, "min_lift_units", readBigint),
      maxLift: nullable(row, "max_lift_units", readBigint),
      minLand: nullable(row, "min_land_units", readBigint),
      maxLand: nullable(row, "max_land_units", readBigint),
    },
    metadata: typeof metadata === "object" && metadata !== null ? { ...metadata } : {},
    createdAt: readDate(row, "created_at"),
  };
}

function toStatus(text: string): AssetStatus {
  const status = STATUSES.find((each) => each === text);
  assert(status !== undefined, `an asset's status is known, not ${text}`);
  return status;
}
