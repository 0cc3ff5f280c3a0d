import { getTwin } from "../asset/lightning-side";
import { GBTC } from "../vtxo/vtxo";
import { assetLiftRail } from "./asset-lift-rail";
import type { LiftRail } from "./lift-rail";
import type { LightningDeps } from "./lightning-deps";
import type { LightningOperation } from "./lightning-operation";
import { satsLiftRail } from "./sats-lift-rail";

/** The rail of a lift that was started: a freeze or a new price of its asset changes nothing for it any more. */
export async function findLiftRail(
  deps: Pick<LightningDeps, "lightning" | "tapd" | "lightningConfig" | "assets">,
  { assetId }: Pick<LightningOperation, "assetId">,
): Promise<LiftRail> {
  return assetId === GBTC ? satsLiftRail(deps) : assetLiftRail(deps, await getTwin(deps.assets, assetId));
}
