import { readInteger, readText } from "../row";
import type { SqlHandle } from "../sql-handle";

export interface VtxoCounts {
  readonly total: number;
  readonly available: number;
  readonly assigned: number;
  readonly spent: number;
  readonly settled: number;
}

/** All VTXOs of the mirror by what became of them; the total counts expired ones too. */
export async function countVtxos(database: Pick<SqlHandle, "select">): Promise<VtxoCounts> {
  const rows = await database.select("SELECT status, COUNT(*) AS n FROM vtxos GROUP BY status", []);
  const counts = new Map(rows.map((row) => [readText(row, "status"), readInteger(row, "n")]));
  const of = (status: string): number => counts.get(status) ?? 0;
  return {
    total: [...counts.values()].reduce((sum, each) => sum + each, 0),
    available: of("available"),
    assigned: of("assigned"),
    spent: of("spent"),
    settled: of("settled"),
  };
}
