import type { Database } from "../connection";
import { nullable, readJson } from "../row";

/** Row of service_state that holds the queue's epoch; it is no service, so its desired state never changes. */
const ROW = "queue";

/** The database's half of the queue epoch: which Redis the wakes were put into. */
export class DrizzleEpochStore {
  constructor(private readonly database: Pick<Database, "select" | "write">) {}

  async read(): Promise<string | undefined> {
    const [row] = await this.database.select("SELECT actual FROM service_state WHERE service = ?", [ROW]);
    const actual = row === undefined ? undefined : nullable(row, "actual", readJson);
    const epoch = typeof actual === "object" && actual !== null ? (actual as { epoch?: unknown }).epoch : undefined;
    return typeof epoch === "string" ? epoch : undefined;
  }

  async write(epoch: string): Promise<void> {
    await this.database.write(
      `INSERT INTO service_state (service, desired_state, actual, updated_at) VALUES (?, 'running', ?, NOW(3))
       ON DUPLICATE KEY UPDATE actual = VALUES(actual), updated_at = VALUES(updated_at)`,
      [ROW, JSON.stringify({ epoch })],
    );
  }
}
