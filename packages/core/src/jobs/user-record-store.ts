import type { Tx } from "../ports/transactions";

/** What process_user_data keeps: the newest submission per owner, user and action. */
export interface UserRecord {
  readonly owner: string;
  readonly userId: string;
  readonly actionType: string;
  /** Hex digest of the canonical form of `data`. */
  readonly sha256: string;
  readonly data: unknown;
  /** When it was submitted: jobs may finish in another order. */
  readonly submittedAt: Date;
}

export interface UserRecordStore {
  /** Keeps the record unless a newer submission is already there. */
  keepNewest(tx: Tx, record: UserRecord): Promise<void>;
}
