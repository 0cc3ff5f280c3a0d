import { AppError } from "../errors";
import type { Clock } from "../ports/clock";
import type { BudgetStore } from "../ports/lightning-stores";
import type { Tx } from "../ports/transactions";
import { GBTC } from "../vtxo/vtxo";
import type { AssetConfig } from "./asset-payout-deps";

const CARRIER_BUDGET = "carrier_subsidy";

export interface CarrierDeps {
  readonly clock: Clock;
  readonly budgets: Pick<BudgetStore, "reserve">;
  readonly assetConfig: AssetConfig;
}

/** The sats under units that are given away count against one limit a day, over all pubkeys. Throws `inventory_exhausted` above it. */
export async function takeCarrier({ budgets, assetConfig, clock }: CarrierDeps, tx: Tx): Promise<void> {
  const { carrierSats, carrierSubsidyDailySats } = assetConfig;
  const budget = { name: CARRIER_BUDGET, day: budgetDay(clock), limit: carrierSubsidyDailySats, wanted: carrierSats };
  if ((await budgets.reserve(tx, budget)) === carrierSats) return;
  throw new AppError("inventory_exhausted", {
    message: "The sats that are given under units of assets are used up for today.",
    details: { asset_id: GBTC },
  });
}

/** UTC date, `YYYY-MM-DD`. */
export function budgetDay(clock: Clock): string {
  return clock.now().toISOString().slice(0, 10);
}
