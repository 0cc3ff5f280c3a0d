import type { NostrRelayStore, RelayRow } from "@arkrelay/core/ports/nostr-stores";

import type { Database } from "../connection";
import { nullable, readDate, readText, type Row } from "../row";

const COLUMNS = "url, last_created_at, last_connected, last_error";
const ERROR_LENGTH = 500;

/** nostr_relays: how far each relay was read, and how it is. */
export class DrizzleNostrRelayStore implements NostrRelayStore {
  constructor(private readonly database: Pick<Database, "select" | "write">) {}

  async find(url: string): Promise<RelayRow | undefined> {
    const [row] = await this.database.select(`SELECT ${COLUMNS} FROM nostr_relays WHERE url = ?`, [url]);
    return row === undefined ? undefined : toRelayRow(row);
  }

  async list(): Promise<readonly RelayRow[]> {
    return (await this.database.select(`SELECT ${COLUMNS} FROM nostr_relays ORDER BY url`)).map(toRelayRow);
  }

  async raiseCursor(url: string, createdAt: Date): Promise<void> {
    await this.database.write(
      `INSERT INTO nostr_relays (url, last_created_at) VALUES (?, ?)
       ON DUPLICATE KEY UPDATE last_created_at = GREATEST(COALESCE(last_created_at, VALUES(last_created_at)), VALUES(last_created_at))`,
      [url, createdAt],
    );
  }

  async noteConnected(url: string): Promise<void> {
    await this.database.write(
      `INSERT INTO nostr_relays (url, last_connected) VALUES (?, NOW(3))
       ON DUPLICATE KEY UPDATE last_connected = VALUES(last_connected), last_error = NULL`,
      [url],
    );
  }

  async noteError(url: string, error: string): Promise<void> {
    await this.database.write(
      `INSERT INTO nostr_relays (url, last_error) VALUES (?, ?) ON DUPLICATE KEY UPDATE last_error = VALUES(last_error)`,
      [url, error.slice(0, ERROR_LENGTH)],
    );
  }
}

function toRelayRow(row: Row): RelayRow {
  return {
    url: readText(row, "url"),
    lastCreatedAt: nullable(row, "last_created_at", readDate),
    lastConnectedAt: nullable(row, "last_connected", readDate),
    lastError: nullable(row, "last_error", readText),
  };
}
