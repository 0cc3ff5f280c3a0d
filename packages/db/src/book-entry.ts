import { AppError } from "@arkrelay/core/errors";
import { bookOperatorEntry, parseOperatorEntry } from "@arkrelay/core/ledger/operator-entry";
import { ConfigError } from "@arkrelay/runtime/config/config-error";
import { databaseSection } from "@arkrelay/runtime/config/database-section";
import { parseEnv } from "@arkrelay/runtime/config/parse-env";
import { EXIT_CONFIG } from "@arkrelay/runtime/process";

import { openDatabase } from "./connection";
import { DrizzleLedgerStore } from "./stores/ledger-store";

const USAGE = "usage: book-entry <reference> <asset_id> <memo> <account=amount> <account=amount>...";
const EXIT_USAGE = 64;

/** The command `npm run ledger:book`: books one entry of the operator's in the database of DATABASE_URL. */
async function main(): Promise<void> {
  const [reference, assetId, memo, ...lines] = process.argv.slice(2);
  if (reference === undefined || assetId === undefined || memo === undefined) throw new UsageError(USAGE);
  const entry = parseOperatorEntry({ reference, assetId, memo }, lines);
  const config = parseEnv(process.env, { database: databaseSection });
  const database = openDatabase(config.database);
  try {
    const isNew = await bookOperatorEntry(
      { transactions: database.transactions, ledger: new DrizzleLedgerStore() },
      entry,
    );
    process.stdout.write(isNew ? `booked ${reference}\n` : `${reference} was booked before; nothing was changed\n`);
  } finally {
    await database.close();
  }
}

class UsageError extends Error {}

function exitCodeOf(error: unknown): number {
  if (error instanceof ConfigError) return EXIT_CONFIG;
  if (error instanceof UsageError || (error instanceof AppError && error.code === "invalid_request")) return EXIT_USAGE;
  return 1;
}

main().catch((error: unknown) => {
  process.exitCode = exitCodeOf(error);
  const lines =
    error instanceof ConfigError ? error.problems : [error instanceof Error ? error.message : String(error)];
  for (const line of lines) process.stderr.write(`book-entry: ${line}\n`);
});
