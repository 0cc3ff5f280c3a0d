import type { Waker } from "@arkrelay/core/ports/waker";
import type { Sealer } from "@arkrelay/runtime/sealing";

import type { Database } from "../connection";
import { DrizzleBudgetStore } from "./budget-store";
import { DrizzleLightningStore, type OnLightningStatus } from "./lightning-store";
import { DrizzlePayoutStore } from "./payout-store";
import { DrizzleSessionStore } from "./session-store";
import { DrizzleWebhookOutbox } from "./webhook-outbox";

/**
 * The stores of lifts and lands over one database, under the names that core's `LightningDeps` gives them. `onStatus` hears of every
 * status that a row has come to, once that is committed;
 * `waker` wakes the webhook deliveries of it, without one the sweeper finds them.
 */
export function openLightningStores(database: Database, sealer: Sealer, onStatus?: OnLightningStatus, waker?: Waker) {
  const announcing = {
    webhooks: new DrizzleWebhookOutbox(database, waker),
    sessions: new DrizzleSessionStore(database),
  };
  return {
    operations: new DrizzleLightningStore(database, sealer, onStatus, announcing),
    payouts: new DrizzlePayoutStore(database),
    budgets: new DrizzleBudgetStore(),
  };
}
