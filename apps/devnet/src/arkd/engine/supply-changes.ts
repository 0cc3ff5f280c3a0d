import type { asset } from "@arkade-os/sdk";

import { assetIdOf, controlAssetOf, metadataOf } from "./asset-packet";
import type { SupplyRecord } from "./records";

/** What the packet of a transaction makes and burns, asset by asset; those it only moves are left out. */
export function supplyChanges(txid: string, groups: readonly asset.AssetGroup[]): readonly SupplyRecord[] {
  return groups.flatMap((group, index) => {
    const assetId = assetIdOf(txid, group, index);
    const made = sum(group.outputs) - sum(group.inputs);
    if (group.isIssuance()) {
      const genesis = { controlAssetId: controlAssetOf(txid, groups, group), metadata: metadataOf(group) };
      return [{ assetId, issued: String(made), burnt: "0", genesis }];
    }
    if (made === 0n) return [];
    return [{ assetId, issued: String(made > 0n ? made : 0n), burnt: String(made < 0n ? -made : 0n) }];
  });
}

function sum(entries: readonly { readonly amount: bigint }[]): bigint {
  return entries.reduce((total, { amount }) => total + amount, 0n);
}
