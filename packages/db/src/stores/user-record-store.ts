import type { UserRecord, UserRecordStore } from "@arkrelay/core/jobs/user-record-store";
import type { Tx } from "@arkrelay/core/ports/transactions";

import { connectionOf } from "../transactions";

export class DrizzleUserRecordStore implements UserRecordStore {
  async keepNewest(tx: Tx, record: UserRecord): Promise<void> {
    // updated_at comes last: MariaDB assigns from left to right, and the conditions before it compare with the old value.
    await connectionOf(tx).write(
      `INSERT INTO user_records (owner, user_id, action_type, sha256, data, updated_at) VALUES (?, ?, ?, ?, ?, ?)
       ON DUPLICATE KEY UPDATE sha256 = IF(VALUES(updated_at) >= updated_at, VALUES(sha256), sha256),
         data = IF(VALUES(updated_at) >= updated_at, VALUES(data), data), updated_at = GREATEST(updated_at, VALUES(updated_at))`,
      [record.owner, record.userId, record.actionType, record.sha256, JSON.stringify(record.data), record.submittedAt],
    );
  }
}
