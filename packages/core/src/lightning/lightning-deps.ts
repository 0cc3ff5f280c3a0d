import type { LightningNode } from "../ports/lightning-node";
import type { BudgetStore, LightningStore, PayoutStore } from "../ports/lightning-stores";
import type { CeremonyDeps, SessionDeps } from "../session/session-deps";
import type { LightningConfig } from "./lightning-config";

/** What opening and reading lifts and lands needs. Nothing here waits for a daemon. */
export interface LightningSessionDeps extends SessionDeps {
  readonly lightningConfig: LightningConfig;
  readonly operations: LightningStore;
}

/** What moving them needs on top: arkd and the gateway's keys, lnd, payouts and budgets. */
export interface LightningDeps extends LightningSessionDeps, CeremonyDeps {
  readonly lightning: LightningNode;
  readonly payouts: PayoutStore;
  readonly budgets: BudgetStore;
}
