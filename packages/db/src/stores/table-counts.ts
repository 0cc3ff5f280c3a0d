import { readInteger, readText } from "../row";
import type { SqlHandle } from "../sql-handle";

/** Sessions by status and by type, for the operator. */
export async function countSessions(database: Pick<SqlHandle, "select">): Promise<{
  readonly byStatus: Readonly<Record<string, number>>;
  readonly byType: Readonly<Record<string, number>>;
}> {
  const rows = await database.select(
    "SELECT status, session_type, COUNT(*) AS n FROM signing_sessions GROUP BY status, session_type",
  );
  const byStatus: Record<string, number> = {};
  const byType: Record<string, number> = {};
  for (const row of rows) {
    const n = readInteger(row, "n");
    const status = readText(row, "status");
    const type = readText(row, "session_type");
    byStatus[status] = (byStatus[status] ?? 0) + n;
    byType[type] = (byType[type] ?? 0) + n;
  }
  return { byStatus, byType };
}

/** The server's own estimates: counting every row of a large table is nothing for a health check. */
export async function estimateTables(
  database: Pick<SqlHandle, "select">,
): Promise<readonly { readonly name: string; readonly count: number }[]> {
  const rows = await database.select(
    `SELECT table_name AS name, COALESCE(table_rows, 0) AS n FROM information_schema.tables
     WHERE table_schema = DATABASE() ORDER BY table_name`,
  );
  return rows.map((row) => ({ name: readText(row, "name"), count: readInteger(row, "n") }));
}
