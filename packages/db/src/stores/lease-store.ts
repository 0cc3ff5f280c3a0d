import type { HeldLease, LeaseStore } from "@arkrelay/runtime/lease-runner";

import { isDuplicateKey } from "../driver-errors";
import { readBoolean, readDate, readInteger, readText } from "../row";
import type { SqlHandle } from "../sql-handle";

export interface LeaseRow {
  readonly name: string;
  readonly holder: string;
  readonly token: number;
  readonly expiresAt: Date;
  /** By the database's clock, at the moment of the read. */
  readonly isHeld: boolean;
}

/**
 * One row per lease, never deleted, so that its fencing token only grows. Taken and kept by compare-and-set on the
 * database's clock; two holders at one time are impossible whatever the clocks of the processes say.
 */
export class DrizzleLeaseStore implements LeaseStore {
  constructor(private readonly database: SqlHandle) {}

  async acquire(name: string, holder: string, leaseMs: number): Promise<HeldLease | undefined> {
    // LAST_INSERT_ID(x) hands the new token back in the same statement: a read afterwards could see a successor's.
    const taken = await this.database.write(
      `UPDATE leases SET holder = ?, token = LAST_INSERT_ID(token + 1), expires_at = NOW(3) + INTERVAL ? MICROSECOND
       WHERE name = ? AND expires_at <= NOW(3)`,
      [holder, leaseMs * 1000, name],
    );
    if (taken.affectedRows === 1) return { name, holder, token: taken.insertId };
    return (await this.insert(name, holder, leaseMs)) ? { name, holder, token: 1 } : undefined;
  }

  async renew(lease: HeldLease, leaseMs: number): Promise<boolean> {
    const { affectedRows } = await this.database.write(
      `UPDATE leases SET expires_at = NOW(3) + INTERVAL ? MICROSECOND
       WHERE name = ? AND holder = ? AND token = ? AND expires_at > NOW(3)`,
      [leaseMs * 1000, lease.name, lease.holder, lease.token],
    );
    return affectedRows === 1;
  }

  async release(lease: HeldLease): Promise<void> {
    await this.database.write("UPDATE leases SET expires_at = NOW(3) WHERE name = ? AND holder = ? AND token = ?", [
      lease.name,
      lease.holder,
      lease.token,
    ]);
  }

  async find(name: string): Promise<LeaseRow | undefined> {
    const [row] = await this.database.select(
      "SELECT name, holder, token, expires_at, expires_at > NOW(3) AS is_held FROM leases WHERE name = ?",
      [name],
    );
    if (row === undefined) return undefined;
    return {
      name: readText(row, "name"),
      holder: readText(row, "holder"),
      token: readInteger(row, "token"),
      expiresAt: readDate(row, "expires_at"),
      isHeld: readBoolean(row, "is_held"),
    };
  }

  /** Names of the leases that somebody holds now. */
  async listHeld(): Promise<ReadonlySet<string>> {
    const rows = await this.database.select("SELECT name FROM leases WHERE expires_at > NOW(3)");
    return new Set(rows.map((row) => readText(row, "name")));
  }

  /** Only the very first holder of a name comes through here. Read first: a failed INSERT would burn an id per attempt. */
  private async insert(name: string, holder: string, leaseMs: number): Promise<boolean> {
    if ((await this.find(name)) !== undefined) return false;
    try {
      await this.database.write(
        "INSERT INTO leases (name, holder, token, expires_at) VALUES (?, ?, 1, NOW(3) + INTERVAL ? MICROSECOND)",
        [name, holder, leaseMs * 1000],
      );
      return true;
    } catch (error) {
      if (isDuplicateKey(error)) return false;
      throw error;
    }
  }
}
