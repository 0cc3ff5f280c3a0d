import type {
  AccountKey,
  AccountPosition,
  CheckpointSet,
  LedgerBooks,
  LedgerCheckpoint,
} from "@arkrelay/core/ports/ledger-books";
import type { LedgerAccount } from "@arkrelay/core/ports/ledger-store";
import type { Tx } from "@arkrelay/core/ports/transactions";

import type { Database } from "../connection";
import { readBigint, readDate, readText, type Row } from "../row";
import type { SqlHandle } from "../sql-handle";
import { connectionOf } from "../transactions";
import { placeholders } from "./job-work-tables";

/** The last checkpoint and what was posted since, so that no reader sums from the beginning. */
const POSITIONS = `SELECT a.account, a.asset_id,
    COALESCE(c.balance, 0) + COALESCE((SELECT SUM(p.amount) FROM ledger_postings p
      WHERE p.account_id = a.id AND p.id > COALESCE(c.up_to_posting_id, 0)), 0) AS balance,
    COALESCE((SELECT MAX(p.id) FROM ledger_postings p WHERE p.account_id = a.id), 0) AS posting_id
  FROM ledger_accounts a LEFT JOIN ledger_checkpoints c ON c.account_id = a.id
    AND c.up_to_posting_id = (SELECT MAX(k.up_to_posting_id) FROM ledger_checkpoints k WHERE k.account_id = a.id)`;

/** Candidates that are summed again as wholes: the edges of a range may cut through a transaction. */
const CANDIDATES_MAX = 1_000;

/** ledger_accounts, ledger_postings and ledger_checkpoints, as their auditors read them. */
export class DrizzleLedgerBooks implements LedgerBooks {
  constructor(private readonly database: Database) {}

  async listBalances(assetId?: string): Promise<readonly AccountPosition[]> {
    const where = assetId === undefined ? "" : "WHERE a.asset_id = ?";
    const rows = await this.database.select(
      `${POSITIONS} ${where} ORDER BY a.account, a.asset_id`,
      assetId === undefined ? [] : [assetId],
    );
    return rows.map(toPosition);
  }

  readPositions(keys: readonly AccountKey[]): Promise<readonly AccountPosition[]> {
    return readPositions(this.database, keys);
  }

  /** A posting's foreign key takes a shared lock on its account's row, so whoever holds that row alone pauses posting to it. */
  async lockPositions(tx: Tx, keys: readonly AccountKey[]): Promise<readonly AccountPosition[]> {
    if (keys.length === 0) return [];
    const connection = connectionOf(tx);
    const pairs = keys.flatMap(({ account, assetId }) => [account, assetId]);
    await connection.writeOnce(
      `INSERT INTO ledger_accounts (account, asset_id) VALUES ${keys.map(() => "(?, ?)").join(", ")}
       ON DUPLICATE KEY UPDATE ledger_accounts.id = ledger_accounts.id`,
      pairs,
    );
    await connection.selectOnce(
      `SELECT id FROM ledger_accounts WHERE (account, asset_id) IN (${keys.map(() => "(?, ?)").join(", ")}) ORDER BY id FOR UPDATE`,
      pairs,
    );
    return readPositions(connection, keys);
  }

  takeCut(): Promise<bigint> {
    return this.database.transactions.run(async (tx) => {
      const connection = connectionOf(tx);
      await connection.select("SELECT id FROM ledger_accounts ORDER BY id FOR UPDATE");
      const [row] = await connection.select("SELECT COALESCE(MAX(id), 0) AS id FROM ledger_postings");
      return readBigint(row ?? {}, "id");
    });
  }

  async findNewestCheckpoints(): Promise<CheckpointSet | undefined> {
    const rows = await this.database.select(
      `SELECT c.account_id, a.account, a.asset_id, c.balance, c.up_to_posting_id, c.at
       FROM ledger_checkpoints c JOIN ledger_accounts a ON a.id = c.account_id
       WHERE c.up_to_posting_id = (SELECT MAX(up_to_posting_id) FROM ledger_checkpoints) ORDER BY c.account_id`,
    );
    const [first] = rows;
    if (first === undefined) return undefined;
    return {
      upToPostingId: readBigint(first, "up_to_posting_id"),
      at: readDate(first, "at"),
      checkpoints: rows.map(toCheckpoint),
    };
  }

  async sumPostings(afterId: bigint, upToId: bigint): Promise<readonly LedgerCheckpoint[]> {
    const rows = await this.database.select(
      `SELECT p.account_id, a.account, a.asset_id, SUM(p.amount) AS balance
       FROM ledger_postings p JOIN ledger_accounts a ON a.id = p.account_id
       WHERE p.id > ? AND p.id <= ? GROUP BY p.account_id, a.account, a.asset_id ORDER BY p.account_id`,
      [afterId, upToId],
    );
    return rows.map(toCheckpoint);
  }

  async listUnbalanced(afterId: bigint, upToId: bigint, limit: number): Promise<readonly bigint[]> {
    const candidates = await this.database.select(
      `SELECT DISTINCT transaction_id FROM (SELECT transaction_id FROM ledger_postings WHERE id > ? AND id <= ?
         GROUP BY transaction_id, asset_id HAVING SUM(amount) <> 0) cut LIMIT ${CANDIDATES_MAX}`,
      [afterId, upToId],
    );
    if (candidates.length === 0) return [];
    const ids = candidates.map((row) => readBigint(row, "transaction_id"));
    const rows = await this.database.selectOnce(
      `SELECT DISTINCT transaction_id FROM (SELECT transaction_id FROM ledger_postings WHERE transaction_id IN (${placeholders(ids)})
         GROUP BY transaction_id, asset_id HAVING SUM(amount) <> 0) whole ORDER BY transaction_id LIMIT ?`,
      [...ids, limit],
    );
    return rows.map((row) => readBigint(row, "transaction_id"));
  }

  async insertCheckpoints(tx: Tx, checkpoints: readonly LedgerCheckpoint[], upToPostingId: bigint): Promise<void> {
    if (checkpoints.length === 0) return;
    await connectionOf(tx).writeOnce(
      `INSERT INTO ledger_checkpoints (account_id, up_to_posting_id, balance, at)
       VALUES ${checkpoints.map(() => "(?, ?, ?, NOW(3))").join(", ")} ON DUPLICATE KEY UPDATE balance = balance`,
      checkpoints.flatMap(({ accountId, balance }) => [accountId, upToPostingId, balance]),
    );
  }
}

async function readPositions(
  handle: Pick<SqlHandle, "selectOnce">,
  keys: readonly AccountKey[],
): Promise<readonly AccountPosition[]> {
  if (keys.length === 0) return [];
  const rows = await handle.selectOnce(
    `${POSITIONS} WHERE (a.account, a.asset_id) IN (${keys.map(() => "(?, ?)").join(", ")})`,
    keys.flatMap(({ account, assetId }) => [account, assetId]),
  );
  const found = rows.map(toPosition);
  return keys.map(
    (key) =>
      found.find((each) => each.account === key.account && each.assetId === key.assetId) ?? {
        ...key,
        balance: 0n,
        postingId: 0n,
      },
  );
}

function toKey(row: Row): AccountKey {
  return { account: readText(row, "account") as LedgerAccount, assetId: readText(row, "asset_id") };
}

function toPosition(row: Row): AccountPosition {
  return { ...toKey(row), balance: readBigint(row, "balance"), postingId: readBigint(row, "posting_id") };
}

function toCheckpoint(row: Row): LedgerCheckpoint {
  return { accountId: readBigint(row, "account_id"), key: toKey(row), balance: readBigint(row, "balance") };
}
