import type { Sealer } from "@arkrelay/runtime/sealing";

import type { Database } from "../connection";
import { DrizzleBudgetStore } from "./budget-store";
import { DrizzleLightningStore, type OnLightningStatus } from "./lightning-store";
import { DrizzlePayoutStore } from "./payout-store";

/**
 * The stores of lifts and lands over one database, under the names that core's `LightningDeps` gives them. `onStatus` hears of every
 * status that a row has come to, once that is committed.
 */
export function openLightningStores(database: Database, sealer: Sealer, onStatus?: OnLightningStatus) {
  return {
    operations: new DrizzleLightningStore(database, sealer, onStatus),
    payouts: new DrizzlePayoutStore(database),
    budgets: new DrizzleBudgetStore(),
  };
}
