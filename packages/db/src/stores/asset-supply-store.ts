import type { AssetSupplies, AssetSupply, TwinExposure } from "@arkrelay/core/ports/asset-supplies";
import type { Tx } from "@arkrelay/core/ports/transactions";

import type { Database } from "../connection";
import { nullable, readBigint, readDate, readText } from "../row";
import { connectionOf } from "../transactions";

/**
 * Live VTXOs that carry units of an asset: those of its own, and those that carry several. Driven by vtxos, so that what was ever spent
 * is not read again under the asset's row lock.
 */
const LIVE = `FROM vtxos w FORCE INDEX (ix_vtxos_live) STRAIGHT_JOIN vtxo_assets x ON x.vtxo_id = w.vtxo_id AND x.asset_id = a.ark_asset_id
    WHERE (w.asset_id = a.ark_asset_id OR w.asset_id IS NULL)`;

/** As the registry counts it: what was issued and does not lie on a script of the gateway. */
const CIRCULATING = `(SELECT GREATEST(
    COALESCE((SELECT SUM(x.amount) ${LIVE} AND w.status = 'assigned' AND w.kind = 'user'), 0),
    a.issued - COALESCE((SELECT SUM(x.amount) ${LIVE} AND w.status IN ('available','expired') AND w.kind <> 'user'), 0))
  FROM assets a WHERE a.asset_id = ?)`;

/** A refund gives back what was a user's; issuance and fan-outs go to the gateway itself. */
const IN_PAYOUTS = `(SELECT SUM(amount) FROM payouts WHERE asset_id = ? AND kind NOT IN ('refund','issue','fanout')
    AND status IN ('planned','submitting','accepted'))`;

const OF_LIGHTNING = (amount: string, type: "lift" | "land", statuses: string) =>
  `(SELECT SUM(${amount}) FROM lightning_invoices WHERE asset_id = ? AND invoice_type = '${type}' AND status IN (${statuses}))`;

/** What the gateway owes for renewals, by the last checkpoint and what was posted since. */
const OF_RENEWALS = `(SELECT -(COALESCE(c.balance, 0) + COALESCE((SELECT SUM(p.amount) FROM ledger_postings p
      WHERE p.account_id = l.id AND p.id > COALESCE(c.up_to_posting_id, 0)), 0))
    FROM ledger_accounts l LEFT JOIN ledger_checkpoints c ON c.account_id = l.id
      AND c.up_to_posting_id = (SELECT MAX(k.up_to_posting_id) FROM ledger_checkpoints k WHERE k.account_id = l.id)
    WHERE l.account = 'liability:renewal' AND l.asset_id = ?)`;

const OPEN_LANDS = OF_LIGHTNING("amount", "land", "'received','in_flight','failed','refunding'");
const HELD_LIFTS = OF_LIGHTNING("amount + COALESCE(carrier_units, 0)", "lift", "'accepted','delivering','delivered'");

/** Only a delivered lift is settled: until then its HTLC is held, and its units are not tapd's. */
const DELIVERING = `(SELECT SUM(p.amount) FROM lightning_invoices i STRAIGHT_JOIN payouts p ON p.kind = 'lift' AND p.business_id = i.operation_id
    WHERE i.asset_id = ? AND i.invoice_type = 'lift' AND i.status IN ('accepted','delivering') AND p.status <> 'cancelled')`;

const NEWEST_POSTING = `(SELECT MAX(p.id) FROM ledger_accounts l JOIN ledger_postings p ON p.account_id = l.id
    WHERE l.account = 'asset:tapd' AND l.asset_id = ?)`;

/** One statement, so that all of it is of one moment. */
const EXPOSURE = `SELECT COALESCE(${CIRCULATING}, 0) AS circulating, COALESCE(${IN_PAYOUTS}, 0) AS payouts,
  COALESCE(${OPEN_LANDS}, 0) AS open_lands, COALESCE(${OF_RENEWALS}, 0) AS open_renewals,
  COALESCE(${HELD_LIFTS}, 0) AS held_lifts, COALESCE(${DELIVERING}, 0) AS delivering,
  COALESCE(${OF_LIGHTNING("amount", "lift", "'delivered'")}, 0) + COALESCE(${OF_LIGHTNING("amount", "land", "'in_flight'")}, 0) AS moving,
  COALESCE(${NEWEST_POSTING}, 0) AS newest_posting`;
const EXPOSURE_PARAMS = EXPOSURE.split("?").length - 1;

/** asset_supplies, and what the reserve rule compares with it. */
export class DrizzleAssetSupplyStore implements AssetSupplies {
  constructor(private readonly database: Pick<Database, "select">) {}

  async find(assetId: string): Promise<AssetSupply> {
    const [row] = await this.database.select(
      "SELECT arkd_units, arkd_read_at, tapd_units, tapd_mark, tapd_read_at FROM asset_supplies WHERE asset_id = ?",
      [assetId],
    );
    if (row === undefined) return { arkd: undefined, tapd: undefined };
    const reading = (daemon: "arkd" | "tapd") => {
      const units = nullable(row, `${daemon}_units`, readBigint);
      const readAt = nullable(row, `${daemon}_read_at`, readDate);
      return units === undefined || readAt === undefined ? undefined : { units, readAt };
    };
    const tapd = reading("tapd");
    return { arkd: reading("arkd"), tapd: tapd && { ...tapd, mark: readText(row, "tapd_mark") } };
  }

  async record(
    tx: Tx,
    assetId: string,
    { arkdUnits, tapd, deficitUnits }: Parameters<AssetSupplies["record"]>[2],
    at: Date,
  ): Promise<void> {
    await connectionOf(tx).write(
      `INSERT INTO asset_supplies (asset_id, arkd_units, arkd_read_at, tapd_units, tapd_mark, tapd_read_at, deficit_units)
       VALUES (?, ?, ?, ?, ?, ?, COALESCE(?, 0))
       ON DUPLICATE KEY UPDATE arkd_units = COALESCE(VALUES(arkd_units), arkd_units),
         arkd_read_at = COALESCE(VALUES(arkd_read_at), arkd_read_at),
         tapd_units = COALESCE(VALUES(tapd_units), tapd_units),
         tapd_mark = IF(VALUES(tapd_units) IS NULL, tapd_mark, VALUES(tapd_mark)),
         tapd_read_at = COALESCE(VALUES(tapd_read_at), tapd_read_at), deficit_units = COALESCE(?, deficit_units)`,
      [
        assetId,
        arkdUnits ?? null,
        arkdUnits === undefined ? null : at,
        tapd?.units ?? null,
        tapd?.mark ?? "",
        tapd === undefined ? null : at,
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
    const [row = {}] = await handle.select(
      EXPOSURE,
      Array.from({ length: EXPOSURE_PARAMS }, () => assetId),
    );
    const openLandUnits = readBigint(row, "open_lands");
    const heldLiftUnits = readBigint(row, "held_lifts");
    return {
      circulatingUnits: readBigint(row, "circulating"),
      payoutUnits: readBigint(row, "payouts"),
      openLandUnits,
      openRenewalUnits: readBigint(row, "open_renewals"),
      heldLiftUnits,
      deliveringUnits: readBigint(row, "delivering"),
      movingUnits: readBigint(row, "moving"),
      // Postings do not become visible in their order, and each one changes the status of its lift or land, too.
      tapdMark: `${readBigint(row, "newest_posting")}:${openLandUnits}:${heldLiftUnits}`,
    };
  }
}
