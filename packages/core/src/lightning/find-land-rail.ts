import { getTwin } from "../asset/lightning-side";
import { GBTC } from "../vtxo/vtxo";
import { assetLandRail } from "./asset-land-rail";
import type { LandRail } from "./land-rail";
import type { LightningDeps } from "./lightning-deps";
import type { LightningOperation } from "./lightning-operation";
import { satsLandRail } from "./sats-land-rail";

/** The rail of a land that was received: a freeze or a new price of its asset changes nothing for it any more. */
export async function findLandRail(
  deps: Pick<LightningDeps, "lightning" | "tapd" | "lightningConfig" | "assets">,
  { assetId }: Pick<LightningOperation, "assetId">,
): Promise<LandRail> {
  return assetId === GBTC ? satsLandRail(deps) : assetLandRail(deps, await getTwin(deps.assets, assetId));
}
