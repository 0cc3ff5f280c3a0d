import type { AssetStatus, RegisteredAsset } from "@arkrelay/core/asset/registered-asset";
import { AppError, assert } from "@arkrelay/core/errors";
import type { AssetChange, AssetRegistry, NewAsset } from "@arkrelay/core/ports/asset-registry";
import type { Tx } from "@arkrelay/core/ports/transactions";
import { GBTC } from "@arkrelay/core/vtxo/vtxo";

import { DuplicateKeyError } from "../driver-errors";
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
 * The sums of all assets in one pass over the live VTXOs, joined to the page. VTXOs know arkd's ids, the registry maps its names to
 * them. The sats that carry other assets are in circulation like all others. Units may lie on scripts that the mirror does not know,
 * so what was issued and is not the gateway's counts as being out there.
 */
const SELECT = `SELECT a.*, COALESCE(v.reserved, 0) AS reserved,
    GREATEST(COALESCE(v.users, 0), CAST(a.issued AS SIGNED) - COALESCE(v.gateways, 0)) AS circulating
  FROM assets a LEFT JOIN (
    SELECT '${GBTC}' AS asset_id, SUM(amount_sats) AS users, 0 AS gateways,
      SUM(IF(locked_by IS NULL, 0, amount_sats)) AS reserved
    FROM vtxos WHERE kind = 'user' AND status = 'assigned'
    UNION ALL
    SELECT x.asset_id, SUM(IF(w.kind = 'user', x.amount, 0)), SUM(IF(w.kind = 'user', 0, x.amount)),
      SUM(IF(w.kind = 'user' AND w.locked_by IS NOT NULL, x.amount, 0))
    FROM vtxos w JOIN vtxo_assets x ON x.vtxo_id = w.vtxo_id
    WHERE (w.kind = 'user' AND w.status = 'assigned') OR (w.kind <> 'user' AND w.status IN ('available','expired'))
    GROUP BY x.asset_id
  ) v ON v.asset_id = COALESCE(a.ark_asset_id, a.asset_id)`;

const STATUSES: readonly AssetStatus[] = ["registered", "issuing", "active", "frozen", "inactive"];

const ROW = "SELECT a.* FROM assets a";

/** Assets that may be minted; see isActiveAsset of core. */
const IS_ACTIVE = "a.status IN ('registered','issuing','active')";

/** The asset registry. */
export class DrizzleAssetStore implements AssetRegistry {
  constructor(private readonly database: Pick<SqlHandle, "select" | "selectOnce">) {}

  /** Newest first. */
  async list(activeOnly: boolean, limit: number, beforeId: bigint | undefined): Promise<readonly Asset[]> {
    const rows = await this.database.select(
      `${SELECT} WHERE a.id < ? AND (${IS_ACTIVE} OR ?) ORDER BY a.id DESC LIMIT ?`,
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
    const rows = await this.handle(tx).select(`${ROW} WHERE a.backing = 'taproot' ORDER BY a.id`);
    return rows.map(toRegisteredAsset);
  }

  async listIssued(): Promise<readonly RegisteredAsset[]> {
    const rows = await this.database.select(`${ROW} WHERE a.ark_asset_id IS NOT NULL ORDER BY a.id`);
    return rows.map(toRegisteredAsset);
  }

  async insert(tx: Tx, asset: NewAsset): Promise<RegisteredAsset | undefined> {
    const { carrier, minLift, maxLift, minLand, maxLand } = asset.units;
    try {
      await connectionOf(tx).write(
        `INSERT INTO assets (asset_id, name, ticker, asset_type, decimal_places, total_supply, issued, backing, taproot_asset_id,
           taproot_group_key, carrier_units, min_lift_units, max_lift_units, min_land_units, max_land_units, status, metadata,
           created_at)
         VALUES (?, ?, ?, ?, ?, ?, 0, ?, ?, ?, ?, ?, ?, ?, ?, 'registered', ?, NOW(3))`,
        [
          asset.assetId,
          asset.name,
          asset.ticker,
          asset.assetType,
          asset.decimalPlaces,
          asset.totalSupply,
          asset.backing,
          asset.taprootAssetId ?? null,
          asset.taprootGroupKey ?? null,
          carrier ?? null,
          minLift ?? null,
          maxLift ?? null,
          minLand ?? null,
          maxLand ?? null,
          JSON.stringify(asset.metadata),
        ],
      );
    } catch (error) {
      if (!(error instanceof DuplicateKeyError)) throw error;
      if (error.indexName === "uq_assets_asset_id") return undefined;
      const field = error.indexName === "uq_assets_taproot_asset_id" ? "taproot_asset_id" : "taproot_group_key";
      throw new AppError("conflict", { details: { field }, message: `${field}: backs another asset already` });
    }
    const inserted = await this.find(tx, asset.assetId);
    assert(inserted !== undefined, "an asset just inserted");
    return inserted;
  }

  async lock(tx: Tx, assetId: string): Promise<RegisteredAsset | undefined> {
    const [row] = await connectionOf(tx).select(`${ROW} WHERE a.asset_id = ? FOR UPDATE`, [assetId]);
    return row && toRegisteredAsset(row);
  }

  async update(tx: Tx, asset: RegisteredAsset, change: AssetChange): Promise<RegisteredAsset> {
    const { carrier, minLift, maxLift, minLand, maxLand } = change.units ?? asset.units;
    const { affectedRows } = await connectionOf(tx).write(
      `UPDATE assets SET name = ?, metadata = ?, carrier_units = ?, min_lift_units = ?, max_lift_units = ?, min_land_units = ?,
         max_land_units = ?, status = ?, ark_asset_id = ?, issued = ? WHERE id = ? AND status = ?`,
      [
        change.name ?? asset.name,
        JSON.stringify(change.metadata ?? asset.metadata),
        carrier ?? null,
        minLift ?? null,
        maxLift ?? null,
        minLand ?? null,
        maxLand ?? null,
        change.status ?? asset.status,
        change.arkAssetId ?? asset.arkAssetId ?? null,
        change.issued ?? asset.issued,
        asset.id,
        asset.status,
      ],
    );
    if (affectedRows === 0) {
      throw new AppError("wrong_state", { internal: `asset ${asset.assetId} was moved by somebody else` });
    }
    return { ...asset, ...change };
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
