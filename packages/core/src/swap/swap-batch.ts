import type { ErrorCode } from "../errors";
import type { CeremonyState, Delivery } from "../session/session";

export type SwapBatchStatus = "open" | "collecting" | "submitting" | "accepted" | "finalized" | "failed";

/** What is not listed is refused. `docs/states/batch.md` draws it, and a test keeps drawing and table equal. */
export const SWAP_BATCH_TRANSITIONS: Readonly<Record<SwapBatchStatus, readonly SwapBatchStatus[]>> = {
  open: ["collecting", "failed"],
  collecting: ["submitting", "failed"],
  // Only after arkd's definite refusal.
  submitting: ["accepted", "failed"],
  accepted: ["finalized"],
  finalized: [],
  failed: [],
};

/** The batch follows the ceremony of its head. */
const STATUS_OF: Readonly<Record<CeremonyState, SwapBatchStatus>> = {
  intent_received: "open",
  ark_tx_prepared: "collecting",
  ark_sigs_collected: "collecting",
  submitting: "submitting",
  accepted: "accepted",
  checkpoint_sigs_collected: "accepted",
  finalizing: "accepted",
  finalized: "finalized",
  published: "finalized",
  failed: "failed",
  expired_before_submit: "failed",
};

export function batchStatusOf(state: CeremonyState): SwapBatchStatus {
  return STATUS_OF[state];
}

export function canMoveBatch(from: SwapBatchStatus, to: SwapBatchStatus): boolean {
  return from === to || SWAP_BATCH_TRANSITIONS[from].includes(to);
}

export interface SwapBatch {
  readonly id: bigint;
  /** Who submitted it, 64 hex. */
  readonly authorPubkey: string;
  /** Unique per author. */
  readonly batchId: string;
  readonly status: SwapBatchStatus;
  /** Two copies of a request are the same one when this is equal. */
  readonly contentHash: string;
  /** Row id of the session that drives the ceremony of all members. */
  readonly headId: bigint;
  /** How the submitter is told of the outcome. */
  readonly delivery: Delivery;
  /** Of the planned or settled transaction; undefined before inputs were chosen. */
  readonly arkTxid: string | undefined;
  /** The 31500, when it came as one. */
  readonly requestEventId: string | undefined;
  readonly errorCode: ErrorCode | undefined;
  readonly expiresAt: Date;
}
