import type { ErrorCode } from "../errors";
import type { SwapBatch, SwapBatchStatus } from "../swap/swap-batch";
import type { Tx } from "./transactions";

export interface NewSwapBatch extends Pick<
  SwapBatch,
  "authorPubkey" | "batchId" | "contentHash" | "headId" | "delivery" | "requestEventId" | "expiresAt"
> {
  /** As they were sent, JSON. */
  readonly allocations: unknown;
}

export interface SwapBatchChange {
  readonly status: SwapBatchStatus;
  readonly errorCode?: ErrorCode;
  /** It failed because a signer stayed silent: counts against its submitter. */
  readonly isUnanswered?: boolean;
  /** With `finalized` and `failed`. */
  readonly endedAt?: Date;
}

export interface SwapBatchStore {
  /** Refused (`conflict`) when the author has a batch of this id. */
  insert(tx: Tx, batch: NewSwapBatch): Promise<void>;
  find(authorPubkey: string, batchId: string): Promise<SwapBatch | undefined>;
  findByHead(tx: Tx | undefined, headId: bigint): Promise<SwapBatch | undefined>;
  /** Compare-and-set on the status: `wrong_state` when the batch is not in `from` any more. Its head was moved or locked before. */
  move(tx: Tx, headId: bigint, from: SwapBatchStatus, change: SwapBatchChange): Promise<void>;
  /** What the batch was planned as. Its head was moved before. */
  setTxid(tx: Tx, headId: bigint, arkTxid: string): Promise<void>;
  /** Batches of an author that failed unanswered since then. */
  countUnanswered(authorPubkey: string, since: Date): Promise<number>;
}
