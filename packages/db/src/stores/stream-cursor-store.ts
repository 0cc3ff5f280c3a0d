import { AppError } from "@arkrelay/core/errors";
import type { StreamCursors } from "@arkrelay/core/ports/stream-cursors";
import type { Tx } from "@arkrelay/core/ports/transactions";

import { isDuplicateKey } from "../driver-errors";
import { readText } from "../row";
import type { SqlHandle } from "../sql-handle";
import { connectionOf } from "../transactions";

/** How far each stream was taken in. A cursor commits together with the effect of what it passes. */
export class DrizzleStreamCursorStore implements StreamCursors {
  constructor(private readonly database: SqlHandle) {}

  async find(stream: string): Promise<string | undefined> {
    const [row] = await this.database.select("SELECT `cursor` FROM stream_cursors WHERE stream = ?", [stream]);
    return row === undefined ? undefined : readText(row, "cursor");
  }

  /**
   * Moves the cursor under the token of the lease the listener holds. A former leader, whose token is older than the one that
   * wrote last, is refused with `wrong_state` and its whole transaction goes.
   */
  async save(tx: Tx, stream: string, cursor: string, leaseToken: number): Promise<void> {
    const handle = connectionOf(tx);
    if (await update(handle, stream, cursor, leaseToken)) return;
    try {
      await handle.write(
        "INSERT INTO stream_cursors (stream, `cursor`, lease_token, updated_at) VALUES (?, ?, ?, NOW(3))",
        [stream, cursor, leaseToken],
      );
    } catch (error) {
      if (!isDuplicateKey(error)) throw error;
      // Either a newer leader's row refused us, or somebody inserted the first one in this moment.
      if (await update(handle, stream, cursor, leaseToken)) return;
      throw new AppError("wrong_state", { internal: `cursor ${stream}: the lease token ${leaseToken} is stale` });
    }
  }
}

async function update(handle: SqlHandle, stream: string, cursor: string, leaseToken: number): Promise<boolean> {
  const { affectedRows } = await handle.write(
    "UPDATE stream_cursors SET `cursor` = ?, lease_token = ?, updated_at = NOW(3) WHERE stream = ? AND lease_token <= ?",
    [cursor, leaseToken, stream, leaseToken],
  );
  return affectedRows === 1;
}
