import { balanced } from "@arkrelay/core/ledger/postings";
import type { LedgerStore, Posting } from "@arkrelay/core/ports/ledger-store";
import type { Tx } from "@arkrelay/core/ports/transactions";

import { DuplicateKeyError } from "../driver-errors";
import { readBigint } from "../row";
import type { SqlHandle } from "../sql-handle";
import { connectionOf } from "../transactions";

/** Double entry, insert only. */
export class DrizzleLedgerStore implements LedgerStore {
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
