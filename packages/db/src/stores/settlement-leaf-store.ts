import type { AssetAmount } from "@arkrelay/core/ark/asset-types";
import type { SettledLeaf, SettlementLeafStore } from "@arkrelay/core/ports/settlement-store";
import type { Tx } from "@arkrelay/core/ports/transactions";
import type { Settlement, SettlementLeaf } from "@arkrelay/core/settlement/settlement";

import { nullable, readBigint, readDate, readInteger, readJson, readText, type Row } from "../row";
import type { SqlHandle } from "../sql-handle";
import { connectionOf } from "../transactions";
import { placeholders } from "./job-work-tables";
import { SETTLEMENT_COLUMNS, toSettlement } from "./settlement-row";

/** Rows of one statement. */
const ROWS_MAX = 500;

interface StoredAsset {
  readonly asset_id: string;
  /** Decimal. */
  readonly amount: string;
}

/** settlement_leaves. */
export class DrizzleSettlementLeafStore implements SettlementLeafStore {
  constructor(private readonly database: Pick<SqlHandle, "select">) {}

  async insert(tx: Tx, vtxoIds: readonly string[]): Promise<void> {
    if (vtxoIds.length === 0) return;
    await connectionOf(tx).writeOnce(
      `INSERT INTO settlement_leaves (vtxo_id, amount_sats, assets, created_at)
       SELECT v.vtxo_id, v.amount_sats, COALESCE((
           SELECT JSON_ARRAYAGG(JSON_OBJECT('asset_id', a.asset_id, 'amount', CAST(a.amount AS CHAR)) ORDER BY a.asset_id)
           FROM vtxo_assets a WHERE a.vtxo_id = v.vtxo_id), JSON_ARRAY()), NOW(3)
       FROM vtxos v WHERE v.vtxo_id IN (${placeholders(vtxoIds)})
       ON DUPLICATE KEY UPDATE settlement_leaves.id = settlement_leaves.id`,
      vtxoIds,
    );
  }

  async findOldestPending(): Promise<Date | undefined> {
    const [row] = await this.database.select(
      "SELECT MIN(created_at) AS oldest FROM settlement_leaves WHERE settlement_id IS NULL",
      [],
    );
    return row === undefined ? undefined : nullable(row, "oldest", readDate);
  }

  async countPending(): Promise<number> {
    const [row] = await this.database.select(
      "SELECT COUNT(*) AS n FROM settlement_leaves WHERE settlement_id IS NULL",
      [],
    );
    return readInteger(row ?? {}, "n");
  }

  async takePending(tx: Tx): Promise<readonly SettlementLeaf[]> {
    const rows = await connectionOf(tx).select(
      "SELECT vtxo_id, amount_sats, assets FROM settlement_leaves WHERE settlement_id IS NULL ORDER BY id FOR UPDATE",
      [],
    );
    return rows.map(toLeaf);
  }

  async assign(tx: Tx, { id }: Settlement, leaves: readonly SettlementLeaf[]): Promise<void> {
    const connection = connectionOf(tx);
    for (let start = 0; start < leaves.length; start += ROWS_MAX) {
      const part = leaves.slice(start, start + ROWS_MAX);
      await connection.writeOnce(
        `UPDATE settlement_leaves SET settlement_id = ?, leaf_index = ? + FIELD(vtxo_id, ${placeholders(part)}) - 1
         WHERE vtxo_id IN (${placeholders(part)})`,
        [id, start, ...part.map(({ vtxoId }) => vtxoId), ...part.map(({ vtxoId }) => vtxoId)],
      );
    }
  }

  async list({ id }: Settlement): Promise<readonly SettlementLeaf[]> {
    const rows = await this.database.select(
      "SELECT vtxo_id, amount_sats, assets FROM settlement_leaves WHERE settlement_id = ? ORDER BY leaf_index",
      [id],
    );
    return rows.map(toLeaf);
  }

  async find(vtxoId: string): Promise<SettledLeaf | undefined> {
    const [row] = await this.database.select(
      `SELECT ${SETTLEMENT_COLUMNS}, l.leaf_index FROM settlement_leaves l JOIN settlements s ON s.id = l.settlement_id
       WHERE l.vtxo_id = ?`,
      [vtxoId],
    );
    return row && { settlement: toSettlement(row), index: readInteger(row, "leaf_index") };
  }
}

function toLeaf(row: Row): SettlementLeaf {
  const stored = readJson(row, "assets") as readonly StoredAsset[];
  return {
    vtxoId: readText(row, "vtxo_id"),
    amountSats: readBigint(row, "amount_sats"),
    assets: stored.map(({ asset_id, amount }): AssetAmount => ({ assetId: asset_id, amount: BigInt(amount) })),
  };
}
