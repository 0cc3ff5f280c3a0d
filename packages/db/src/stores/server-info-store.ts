import { eq } from "drizzle-orm";

import { serverInfo } from "../schema/coordination";
import type { SqlHandle } from "../sql-handle";

export interface ServerInfoRow {
  readonly service: string;
  /** Changes with every settings change of the daemon. */
  readonly digest: string;
  /** As it was saved; the reader checks its shape. */
  readonly info: unknown;
  /** The keys seen first, or the configured ones: other keys from the daemon stop writes. */
  readonly pinnedKeys: unknown;
  readonly seenAt: Date;
}

/** The last known parameters of each daemon, so that reads and planning work while it is away. */
export class DrizzleServerInfoStore {
  constructor(private readonly database: SqlHandle) {}

  async find(service: string): Promise<ServerInfoRow | undefined> {
    const [row] = await this.database.orm.select().from(serverInfo).where(eq(serverInfo.service, service));
    return row;
  }

  /** Keeps the newest parameters. `firstKeys` are pinned only when the service was never seen before. bigint must be text. */
  async save(service: string, digest: string, info: unknown, firstKeys: unknown): Promise<void> {
    await this.database.write(
      `INSERT INTO server_info (service, digest, info, pinned_keys, seen_at) VALUES (?, ?, ?, ?, NOW(3))
       ON DUPLICATE KEY UPDATE digest = VALUES(digest), info = VALUES(info), seen_at = VALUES(seen_at)`,
      [service, digest, JSON.stringify(info), JSON.stringify(firstKeys)],
    );
  }

  /** An operator's decision: from now on these keys are the daemon's. */
  async pin(service: string, keys: unknown): Promise<void> {
    await this.database.write("UPDATE server_info SET pinned_keys = ? WHERE service = ?", [
      JSON.stringify(keys),
      service,
    ]);
  }
}
