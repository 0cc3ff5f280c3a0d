import type { AssetSupplies, AssetSupply, TwinExposure } from "@arkrelay/core/ports/asset-supplies";
import type { Tx } from "@arkrelay/core/ports/transactions";

import type { Database } from "../connection";
import { nullable, readBigint, readDate } from "../row";
import { connectionOf } from "../transactions";

/** As the registry counts it, of one asset: what was issued and does not lie on a script of the gateway. */
const CIRCULATING = `(SELECT GREATEST(SUM(IF(w.kind = 'user', x.amount, 0)), a.issued - SUM(IF(w.kind = 'user', 0, x.amount)))
  FROM assets a JOIN vtxo_assets x ON x.asset_id = a.ark_asset_id JOIN vtxos w ON w.vtxo_id = x.vtxo_id
  WHERE a.asset_id = ? AND ((w.kind = 'user' AND w.status = 'assigned') OR (w.kind <> 'user' AND w.status IN ('available','expired')))
  GROUP BY a.id)`;

/** A refund gives back what was a user's; issuance and fan-outs go to the gateway itself. */
const IN_PAYOUTS = `(SELECT SUM(amount) FROM payouts WHERE asset_id = ? AND kind NOT IN ('refund','issue','fanout')
    AND status NOT IN ('final','cancelled'))`;

const OF_LIGHTNING = (amount: string, type: "lift" | "land", statuses: string) =>
  `(SELECT SUM(${amount}) FROM lightning_invoices WHERE asset_id = ? AND invoice_type = '${type}' AND status IN (${statuses}))`;

const EXPOSURE = `SELECT COALESCE(${CIRCULATING}, (SELECT issued FROM assets WHERE asset_id = ?), 0) AS circulating, COALESCE(${IN_PAYOUTS}, 0) AS payouts,
  COALESCE(${OF_LIGHTNING("amount", "land", "'received','in_flight','failed','refunding'")}, 0) AS open_lands,
  COALESCE(${OF_LIGHTNING("amount + COALESCE(carrier_units, 0)", "lift", "'accepted','delivering','delivered'")}, 0) AS held_lifts`;

/** asset_supplies, and what the reserve rule compares with it. */
export class DrizzleAssetSupplyStore implements AssetSupplies {
  constructor(private readonly database: Pick<Database, "select">) {}

  async find(assetId: string): Promise<AssetSupply> {
    const [row] = await this.database.select(
      "SELECT arkd_units, arkd_read_at, tapd_units, tapd_read_at FROM asset_supplies WHERE asset_id = ?",
      [assetId],
    );
    const reading = (daemon: "arkd" | "tapd"): AssetSupply["arkd"] => {
      if (row === undefined) return undefined;
      const units = nullable(row, `${daemon}_units`, readBigint);
      const readAt = nullable(row, `${daemon}_read_at`, readDate);
      return units === undefined || readAt === undefined ? undefined : { units, readAt };
    };
    return { arkd: reading("arkd"), tapd: reading("tapd") };
  }

  async record(
    tx: Tx,
    assetId: string,
    { arkdUnits, tapdUnits, deficitUnits }: Parameters<AssetSupplies["record"]>[2],
    at: Date,
  ): Promise<void> {
    await connectionOf(tx).write(
      `INSERT INTO asset_supplies (asset_id, arkd_units, arkd_read_at, tapd_units, tapd_read_at, deficit_units)
       VALUES (?, ?, ?, ?, ?, COALESCE(?, 0))
       ON DUPLICATE KEY UPDATE arkd_units = COALESCE(VALUES(arkd_units), arkd_units),
         arkd_read_at = COALESCE(VALUES(arkd_read_at), arkd_read_at),
         tapd_units = COALESCE(VALUES(tapd_units), tapd_units), tapd_read_at = COALESCE(VALUES(tapd_read_at), tapd_read_at),
         deficit_units = COALESCE(?, deficit_units)`,
      [
        assetId,
        arkdUnits ?? null,
        arkdUnits === undefined ? null : at,
        tapdUnits ?? null,
        tapdUnits === undefined ? null : at,
        deficitUnits ?? null,
        deficitUnits ?? null,
      ],
    );
  }

  async isTreasuryPaying(assetId: string): Promise<boolean> {
    const rows = await this.database.select(
      "SELECT 1 FROM payouts WHERE asset_id = ? AND kind IN ('mint','fanout') AND status NOT IN ('final','cancelled') LIMIT 1",
      [assetId],
    );
    return rows.length > 0;
  }

  async readExposure(tx: Tx | undefined, assetId: string): Promise<TwinExposure> {
    const handle = tx === undefined ? this.database : connectionOf(tx);
    const [row = {}] = await handle.select(EXPOSURE, [assetId, assetId, assetId, assetId, assetId]);
    return {
      circulatingUnits: readBigint(row, "circulating"),
      payoutUnits: readBigint(row, "payouts"),
      openLandUnits: readBigint(row, "open_lands"),
      heldLiftUnits: readBigint(row, "held_lifts"),
    };
  }
}
