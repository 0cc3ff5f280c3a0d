/** What an operator had the node do with the wallet's coins, confirmed and not in the ledger yet. */
export interface UnbookedNodeWrite {
  readonly kind: "channel_open" | "send_onchain";
  readonly businessKey: string;
  /** A channel point, or a txid. */
  readonly externalId: string;
}

export interface NodeWriteBooks {
  /** Oldest first. */
  listUnbooked(limit: number): Promise<readonly UnbookedNodeWrite[]>;
}
