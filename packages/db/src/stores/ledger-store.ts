import { balanced } from "@arkrelay/core/ledger/postings";
import type { LedgerAccount, LedgerStore, Posting } from "@arkrelay/core/ports/ledger-store";
import type { Tx } from "@arkrelay/core/ports/transactions";

import { DuplicateKeyError } from "../driver-errors";
import { readBigint, readText } from "../row";
import type { SqlHandle } from "../sql-handle";
import { connectionOf } from "../transactions";

/** Double entry, insert only. */
export class DrizzleLedgerStore implements LedgerStore {
  async find(tx: Tx, kind: string, businessId: string): Promise<readonly Posting[] | undefined> {
    const rows = await connectionOf(tx).select(
      `SELECT a.account, p.asset_id, p.amount FROM ledger_transactions t
       LEFT JOIN (ledger_postings p JOIN ledger_accounts a ON a.id = p.account_id) ON p.transaction_id = t.id
       WHERE t.kind = ? AND t.business_id = ? ORDER BY p.id`,
      [kind, businessId],
    );
    if (rows.length === 0) return undefined;
    return rows
      .filter((row) => row["account"] !== null)
      .map((row) => ({
        account: readText(row, "account") as LedgerAccount,
        assetId: readText(row, "asset_id"),
        amount: readBigint(row, "amount"),
      }));
  }

  async post(
    tx: Tx,
    entry: {
      readonly kind: string;
      readonly businessId: string;
      readonly memo: string;
      readonly postings: readonly Posting[];
    },
  ): Promise<boolean> {
    const postings = balanced(entry.postings);
    const connection = connectionOf(tx);
    const transactionId = await insertTransaction(connection, entry);
    if (transactionId === undefined) return false;
    for (const { account, assetId, amount } of postings) {
      const accountId = await ensureAccount(connection, account, assetId);
      await connection.write(
        "INSERT INTO ledger_postings (transaction_id, account_id, asset_id, amount) VALUES (?, ?, ?, ?)",
        [transactionId, accountId, assetId, amount],
      );
    }
    return true;
  }
}

async function insertTransaction(
  connection: SqlHandle,
  entry: { readonly kind: string; readonly businessId: string; readonly memo: string },
): Promise<bigint | undefined> {
  try {
    const { insertId } = await connection.write(
      "INSERT INTO ledger_transactions (kind, business_id, memo, at) VALUES (?, ?, ?, NOW(3))",
      [entry.kind, entry.businessId, entry.memo],
    );
    return BigInt(insertId);
  } catch (error) {
    if (error instanceof DuplicateKeyError) return undefined;
    throw error;
  }
}

/** There are few accounts and they are never deleted, so most calls find theirs. */
async function ensureAccount(connection: SqlHandle, account: string, assetId: string): Promise<bigint> {
  const statement = "SELECT id FROM ledger_accounts WHERE account = ? AND asset_id = ?";
  const [found] = await connection.select(statement, [account, assetId]);
  if (found !== undefined) return readBigint(found, "id");
  await connection.write(
    "INSERT INTO ledger_accounts (account, asset_id) VALUES (?, ?) ON DUPLICATE KEY UPDATE id = id",
    [account, assetId],
  );
  const [row] = await connection.select(statement, [account, assetId]);
  return readBigint(row ?? {}, "id");
}
