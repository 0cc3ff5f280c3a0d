import type { Database } from "../connection";
import { readBigint, readDate, readText } from "../row";

/** One line of the books, with the event it belongs to. */
export interface LedgerEntry {
  readonly kind: string;
  readonly at: Date;
  readonly account: string;
  readonly assetId: string;
  /** gBTC in msat, other assets in units; debit positive. */
  readonly amount: bigint;
}

/** A lift or land is booked a handful of times. */
const ENTRIES_MAX = 100;

/** Everything that was booked for one operation of one of the kinds, oldest first. */
export async function listLedgerEntries(
  database: Pick<Database, "selectOnce">,
  businessId: string,
  kinds: readonly string[],
): Promise<readonly LedgerEntry[]> {
  const rows = await database.selectOnce(
    `SELECT t.kind, t.at, a.account, p.asset_id, p.amount FROM ledger_transactions t
       JOIN ledger_postings p ON p.transaction_id = t.id JOIN ledger_accounts a ON a.id = p.account_id
     WHERE t.kind IN (${kinds.map(() => "?").join(", ")}) AND t.business_id = ? ORDER BY p.id LIMIT ${ENTRIES_MAX}`,
    [...kinds, businessId],
  );
  return rows.map((row) => ({
    kind: readText(row, "kind"),
    at: readDate(row, "at"),
    account: readText(row, "account"),
    assetId: readText(row, "asset_id"),
    amount: readBigint(row, "amount"),
  }));
}
