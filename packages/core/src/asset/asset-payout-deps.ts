import type { PayoutDeps } from "../payout/payout-deps";
import type { AssetSupplies } from "../ports/asset-supplies";
import type { ExternalCallStore } from "../ports/external-call-store";
import type { LedgerStore } from "../ports/ledger-store";
import type { BudgetStore } from "../ports/lightning-stores";

/** What the gateway gives away with units. */
export interface AssetConfig {
  /** Sats under the units that a mint pays. */
  readonly carrierSats: bigint;
  /** Carriers of a UTC day, over all pubkeys. */
  readonly carrierSubsidyDailySats: bigint;
}

/** What issuing and handing out units needs beside the payout engine. */
export interface AssetPayoutDeps extends PayoutDeps {
  readonly assetConfig: AssetConfig;
  readonly supplies: AssetSupplies;
  readonly budgets: BudgetStore;
  readonly ledger: LedgerStore;
  readonly calls: Pick<ExternalCallStore, "confirm">;
}
