import type { LightningBalance, OnchainBalance } from "./lightning-node";

/** The node's balances over time, for the curves of the console. */
export interface BalanceSampleStore {
  insert(sample: { readonly lightning: LightningBalance; readonly onchain: OnchainBalance }): Promise<void>;
}
