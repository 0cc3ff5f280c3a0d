import type { Tx } from "./transactions";

/** `ledger` = the ledger compared with itself. */
export type ReconciliationSource = "arkd" | "lnd" | "tapd" | "ledger";

/** A part of a difference that is known to be under way: it happened at the daemon and is posted by the operation's next step. */
export interface ExplainedPart {
  readonly kind: string;
  readonly ref: string;
  readonly amount: bigint;
}

/** One comparison of what the ledger says with what a daemon has. Amounts as posted (gBTC in msat). */
export interface Reconciliation {
  readonly source: ReconciliationSource;
  readonly account: string;
  readonly assetId: string;
  readonly external: bigint;
  readonly ledger: bigint;
  /** external - ledger */
  readonly delta: bigint;
  readonly explained: readonly ExplainedPart[];
  /** What counts as drift: unexplained, and standing in two runs without a posting between. */
  readonly drift: bigint;
  /** Newest posting at the cut. */
  readonly postingId: bigint;
  readonly at: Date;
}

export interface ReconciliationStore {
  insert(tx: Tx, rows: readonly Omit<Reconciliation, "at">[]): Promise<void>;
  /** Of those that are at least this old. */
  findNewest(tx: Tx, account: string, assetId: string, minAgeMs?: number): Promise<Reconciliation | undefined>;
  /** The newest of every account and asset. */
  listNewest(assetId?: string): Promise<readonly Reconciliation[]>;
}
