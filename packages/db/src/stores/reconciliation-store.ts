import type {
  ExplainedPart,
  Reconciliation,
  ReconciliationSource,
  ReconciliationStore,
} from "@arkrelay/core/ports/reconciliation-store";
import type { Tx } from "@arkrelay/core/ports/transactions";

import { readBigint, readDate, readJson, readText, type Row } from "../row";
import type { SqlHandle, SqlParam } from "../sql-handle";
import { connectionOf } from "../transactions";

const COLUMNS = "source, account, asset_id, external, ledger, delta, drift, explained, posting_id, at";

/** JSON has no bigint, so amounts are decimal text. */
type StoredPart = Omit<ExplainedPart, "amount"> & { readonly amount: string };

/** reconciliations. */
export class DrizzleReconciliationStore implements ReconciliationStore {
  constructor(private readonly database: Pick<SqlHandle, "select">) {}

  async insert(tx: Tx, rows: readonly Omit<Reconciliation, "at">[]): Promise<void> {
    if (rows.length === 0) return;
    await connectionOf(tx).writeOnce(
      `INSERT INTO reconciliations (${COLUMNS}) VALUES ${rows.map(() => "(?, ?, ?, ?, ?, ?, ?, ?, ?, NOW(3))").join(", ")}`,
      rows.flatMap((row): SqlParam[] => [
        row.source,
        row.account,
        row.assetId,
        row.external,
        row.ledger,
        row.delta,
        row.drift,
        JSON.stringify(row.explained.map((part): StoredPart => ({ ...part, amount: String(part.amount) }))),
        row.postingId,
      ]),
    );
  }

  async findNewest(tx: Tx, account: string, assetId: string, minAgeMs = 0): Promise<Reconciliation | undefined> {
    const [row] = await connectionOf(tx).select(
      `SELECT ${COLUMNS} FROM reconciliations WHERE account = ? AND asset_id = ? AND at <= NOW(3) - INTERVAL ? MICROSECOND
       ORDER BY id DESC LIMIT 1`,
      [account, assetId, minAgeMs * 1_000],
    );
    return row === undefined ? undefined : toReconciliation(row);
  }

  async listNewest(assetId?: string): Promise<readonly Reconciliation[]> {
    const newest = "SELECT MAX(id) FROM reconciliations GROUP BY account, asset_id";
    const rows = await this.database.select(
      `SELECT ${COLUMNS} FROM reconciliations WHERE id IN (${newest}) AND (? = '' OR asset_id = ?) ORDER BY account, asset_id`,
      [assetId ?? "", assetId ?? ""],
    );
    return rows.map(toReconciliation);
  }
}

function toReconciliation(row: Row): Reconciliation {
  const explained = readJson(row, "explained") as readonly StoredPart[];
  return {
    source: readText(row, "source") as ReconciliationSource,
    account: readText(row, "account"),
    assetId: readText(row, "asset_id"),
    external: readBigint(row, "external"),
    ledger: readBigint(row, "ledger"),
    delta: readBigint(row, "delta"),
    explained: explained.map((part) => ({ ...part, amount: BigInt(part.amount) })),
    drift: readBigint(row, "drift"),
    postingId: readBigint(row, "posting_id"),
    at: readDate(row, "at"),
  };
}
