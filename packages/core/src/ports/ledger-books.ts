import type { LedgerAccount } from "./ledger-store";
import type { Tx } from "./transactions";

export interface AccountKey {
  readonly account: LedgerAccount;
  readonly assetId: string;
}

/** Amounts as posted: gBTC in msat, other assets in units. */
export interface AccountPosition extends AccountKey {
  readonly balance: bigint;
  /** Newest posting to the account, 0 without any: equal ids mean that nothing was posted between. */
  readonly postingId: bigint;
}

/** Balance of one account over its postings up to and including `upToPostingId`. */
export interface LedgerCheckpoint {
  readonly accountId: bigint;
  readonly key: AccountKey;
  readonly balance: bigint;
}

export interface CheckpointSet {
  readonly upToPostingId: bigint;
  readonly at: Date;
  readonly checkpoints: readonly LedgerCheckpoint[];
}

/** The ledger as its auditors read it. Postings are written by LedgerStore alone. */
export interface LedgerBooks {
  /** Every account's balance, in order of account and asset. */
  listBalances(assetId?: string): Promise<readonly AccountPosition[]>;
  /** Where these accounts stand. */
  readPositions(keys: readonly AccountKey[]): Promise<readonly AccountPosition[]>;
  /** The same, and nothing can be posted to them until the transaction ends. */
  lockPositions(tx: Tx, keys: readonly AccountKey[]): Promise<readonly AccountPosition[]>;

  /** The newest posting of all, at a moment without a posting under way; postings up to it are complete. */
  takeCut(): Promise<bigint>;
  /** undefined = the ledger was never checked. */
  findNewestCheckpoints(): Promise<CheckpointSet | undefined>;
  /** Sums per account of the postings after `afterId` up to and including `upToId`. */
  sumPostings(afterId: bigint, upToId: bigint): Promise<readonly LedgerCheckpoint[]>;
  /** Transactions of that range whose postings are not zero per asset; the first `limit`. */
  listUnbalanced(afterId: bigint, upToId: bigint, limit: number): Promise<readonly bigint[]>;
  insertCheckpoints(tx: Tx, checkpoints: readonly LedgerCheckpoint[], upToPostingId: bigint): Promise<void>;
}
