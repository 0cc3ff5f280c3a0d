import type { TaprootAsset } from "@arkrelay/core/ports/taproot-assets";

import { type Asset, AssetType, ScriptKeyType } from "../gen/taprpc/taprootassets";
import { toHex } from "../wire-bytes";
import { assetIdOf } from "./asset-pieces";

/** tapd's pieces as the assets they are of, in the order of their first pieces. */
export function toTaprootAssets(pieces: readonly Asset[]): TaprootAsset[] {
  const assets = new Map<string, TaprootAsset>();
  for (const piece of pieces) {
    const assetId = assetIdOf(piece);
    const known = assets.get(assetId) ?? toTaprootAsset(piece, assetId);
    const units = isSpendable(piece) ? piece.amount : 0n;
    assets.set(assetId, { ...known, amountUnits: known.amountUnits + units });
  }
  return [...assets.values()];
}

/** Units this wallet could send on-chain: not burnt, not an empty tombstone, not in a channel, not gone. */
export function isSpendable({ isSpent, isBurn, scriptKeyType }: Asset): boolean {
  if (isSpent || isBurn) return false;
  return (
    scriptKeyType !== ScriptKeyType.SCRIPT_KEY_BURN &&
    scriptKeyType !== ScriptKeyType.SCRIPT_KEY_TOMBSTONE &&
    scriptKeyType !== ScriptKeyType.SCRIPT_KEY_CHANNEL
  );
}

function toTaprootAsset({ assetGenesis, assetGroup, decimalDisplay }: Asset, assetId: string): TaprootAsset {
  return {
    assetId,
    name: assetGenesis?.name ?? "",
    type: assetGenesis?.assetType === AssetType.COLLECTIBLE ? "collectible" : "normal",
    groupKey: assetGroup === undefined ? undefined : toHex(assetGroup.tweakedGroupKey) || undefined,
    genesisPoint: assetGenesis?.genesisPoint ?? "",
    amountUnits: 0n,
    decimalDisplay: decimalDisplay?.decimalDisplay ?? 0,
    metaHash: toHex(assetGenesis?.metaHash ?? Buffer.alloc(0)),
  };
}
