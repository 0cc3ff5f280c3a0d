import { ConfigError } from "@arkrelay/runtime/config/config-error";
import { migrateSection } from "@arkrelay/runtime/config/database-section";
import { parseEnv } from "@arkrelay/runtime/config/parse-env";
import { EXIT_CONFIG } from "@arkrelay/runtime/process";

import { migrate } from "./migrator";

/** The command `npm run db:migrate`: brings the database of DATABASE_MIGRATE_URL (else DATABASE_URL) to the shipped schema. */
async function main(): Promise<void> {
  const { migration } = parseEnv(process.env, { migration: migrateSection });
  const applied = await migrate({ ...migration, onApplied: (name) => print(`applied ${name}`) });
  print(applied.length === 0 ? "the database is up to date" : `${applied.length} migrations applied`);
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

main().catch((error: unknown) => {
  process.exitCode = error instanceof ConfigError ? EXIT_CONFIG : 1;
  const lines =
    error instanceof ConfigError ? error.problems : [error instanceof Error ? error.message : String(error)];
  for (const line of lines) process.stderr.write(`migrate: ${line}\n`);
});
