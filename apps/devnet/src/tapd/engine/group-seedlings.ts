import { assetIdOf } from "./asset-id";
import type { AssetGroup, MintBatch, Minter } from "./rows";
import type { Effect } from "./tapd-core";
import type { TapdState } from "./tapd-state";

/** The group of each seedling that has one, by name; new groups are put into the effect. */
export function groupSeedlings(
  state: TapdState,
  effect: Effect,
  batch: Pick<MintBatch, "seedlings" | "genesisPoint">,
  mintedBy: Minter,
): ReadonlyMap<string, AssetGroup> {
  const groups = new Map<string, AssetGroup>();
  for (const seedling of batch.seedlings) {
    if (seedling.isNewGroup) {
      const group: AssetGroup = {
        groupKey: effect.nextPubkey(),
        rawGroupKey: effect.nextPubkey(),
        anchorAssetId: assetIdOf({ ...seedling, genesisPoint: batch.genesisPoint, outputIndex: 0 }),
        mintedBy,
      };
      effect.put("groups", group.groupKey, group);
      groups.set(seedling.name, group);
    }
    const existing = state.groups.get(seedling.groupKey) ?? groups.get(seedling.groupAnchor);
    if (existing !== undefined) groups.set(seedling.name, existing);
  }
  return groups;
}
