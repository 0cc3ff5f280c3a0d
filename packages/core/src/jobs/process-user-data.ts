import type { Clock } from "../ports/clock";
import type { Tx } from "../ports/transactions";
import { findUserDataAction, type UserData } from "./user-data-actions";
import type { UserRecordStore } from "./user-record-store";

export interface ProcessUserDataInput {
  readonly owner: string;
  readonly userId: string;
  readonly actionType: string;
  readonly data: UserData;
  readonly submittedAt: Date;
}

/** `result_data` of the job, as the HTTP contract spells it. */
export interface ProcessedUserData extends Readonly<Record<string, unknown>> {
  readonly status: "completed";
  readonly user_id: string;
  readonly action: string;
  readonly data_processed: number;
  readonly bytes: number;
  readonly sha256: string;
  readonly numeric: Readonly<Record<string, number | string>>;
  readonly timestamp: string;
}

/** Summarises the data and keeps it as the newest record of its subject. Running it twice leaves the same record. */
export async function processUserData(
  deps: { readonly records: UserRecordStore; readonly clock: Clock },
  tx: Tx,
  input: ProcessUserDataInput,
): Promise<ProcessedUserData> {
  const { owner, userId, actionType, data, submittedAt } = input;
  const summary = findUserDataAction(actionType)(data);
  await deps.records.keepNewest(tx, { owner, userId, actionType, sha256: summary.sha256, data, submittedAt });
  return {
    status: "completed",
    user_id: userId,
    action: actionType,
    data_processed: summary.entries,
    bytes: summary.bytes,
    sha256: summary.sha256,
    numeric: summary.numeric,
    timestamp: deps.clock.now().toISOString(),
  };
}
