import type { Tx } from "./transactions";

export type LedgerAccount = "asset:ark" | "income:l2_fee";

export interface Posting {
  readonly account: LedgerAccount;
  readonly assetId: string;
  /** gBTC in msat, other assets in units; debit positive, credit negative. */
  readonly amount: bigint;
}

/** Double entry: immutable, unique per (kind, business id), zero per asset. */
export interface LedgerStore {
  /** false when this (kind, businessId) was posted before. */
  post(
    tx: Tx,
    entry: {
      readonly kind: string;
      readonly businessId: string;
      readonly memo: string;
      readonly postings: readonly Posting[];
    },
  ): Promise<boolean>;
}
