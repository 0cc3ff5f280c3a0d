import type { Sealer } from "@arkrelay/runtime/sealing";

import type { Database } from "../connection";
import { DrizzleBudgetStore } from "./budget-store";
import { DrizzleLightningStore } from "./lightning-store";
import { DrizzlePayoutStore } from "./payout-store";

/** The stores of lifts and lands over one database, under the names that core's `LightningDeps` gives them. */
export function openLightningStores(database: Database, sealer: Sealer) {
  return {
    operations: new DrizzleLightningStore(database, sealer),
    payouts: new DrizzlePayoutStore(database),
    budgets: new DrizzleBudgetStore(),
  };
}
