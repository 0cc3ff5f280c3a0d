import type { TestDatabase } from "@arkrelay/db/testing/test-database";

import type { CeremonyWorld } from "./ceremony-world";

/** The ledger adds up to nothing in each asset. */
export async function checkLedgerSums({ database }: TestDatabase): Promise<void> {
  const sums = await database.select(
    `SELECT a.asset_id, SUM(p.amount) AS total FROM ledger_postings p JOIN ledger_accounts a ON a.id = p.account_id
     GROUP BY a.asset_id HAVING total <> 0`,
  );
  expect(sums).toEqual([]);
}

/** What the day's subsidy has given is what lands have kept of it. */
export async function checkSubsidies({ database }: TestDatabase): Promise<void> {
  const [budget] = await database.select("SELECT COALESCE(SUM(used), 0) AS used FROM daily_budgets");
  const [kept] = await database.select("SELECT COALESCE(SUM(subsidy_sats), 0) AS kept FROM lightning_invoices");
  expect(String(budget?.["used"])).toBe(String(kept?.["kept"]));
}

/** Every transaction row says what arkd says. */
export async function checkTransactionRows(
  { database }: TestDatabase,
  { arkd }: Pick<CeremonyWorld, "arkd">,
): Promise<void> {
  const rows = await database.select("SELECT txid, status FROM transactions");
  for (const row of rows) {
    const isFinal = arkd.vtxos.has(`${String(row["txid"])}:0`);
    expect([row["txid"], row["status"]]).toEqual([row["txid"], isFinal ? "confirmed" : "failed"]);
  }
}
