import { lightningSideOf } from "../asset/lightning-side";
import { assert } from "../errors";
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
  if (assetId === GBTC) return satsLiftRail(deps);
  const asset = await deps.assets.find(undefined, assetId);
  const side = asset && lightningSideOf(asset);
  assert(side !== undefined, `${assetId} was lifted and has its Lightning side`);
  return assetLiftRail(deps, side);
}
