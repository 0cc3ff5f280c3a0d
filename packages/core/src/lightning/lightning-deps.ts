import type { LightningNode } from "../ports/lightning-node";
import type { AssetPayments } from "../ports/taproot-assets";
import type { CeremonyDeps, SessionDeps } from "../session/session-deps";

/** What opening and reading lifts and lands needs. Nothing here waits for a daemon. */
export type LightningSessionDeps = SessionDeps;

/** What moving them needs on top: arkd and the gateway's keys, lnd, payouts and budgets. */
export interface LightningDeps extends CeremonyDeps {
  readonly lightning: LightningNode;
  /** undefined = no tapd is configured: nothing of an asset is invoiced or paid. */
  readonly tapd: AssetPayments | undefined;
}
