import type { Tx } from "./transactions";

/**
 * What the gateway has, is owed, owes, has earned and has spent. The bookings that connect them are in ledger/postings.ts and
 * ledger/operator-postings.ts. An account exists per asset.
 */
export const LEDGER_ACCOUNTS = [
  "asset:ark",
  "asset:ln",
  "asset:onchain",
  "asset:tapd",
  "receivable:lift",
  "liability:land",
  "liability:renewal",
  "liability:issued",
  "liability:overpaid",
  "income:l2_fee",
  "income:land_fee",
  "income:carrier",
  "income:rfq",
  "income:routing",
  "expense:routing",
  "expense:onchain",
  "expense:batch",
  "expense:carrier",
  "expense:grant",
  "expense:loss",
  "equity:operator",
  "suspense:frozen",
  "suspense:unsolicited",
] as const;
export type LedgerAccount = (typeof LEDGER_ACCOUNTS)[number];

export interface Posting {
  readonly account: LedgerAccount;
  readonly assetId: string;
  /** gBTC in msat, other assets in units; debit positive, credit negative. */
  readonly amount: bigint;
}

/** Double entry: immutable, unique per (kind, business id), zero per asset. */
export interface LedgerStore {
  /** What was posted under this (kind, businessId); undefined = nothing was. */
  find(tx: Tx, kind: string, businessId: string): Promise<readonly Posting[] | undefined>;
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
