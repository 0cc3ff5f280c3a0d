import { GBTC } from "@arkrelay/core/vtxo/vtxo";

/** `BTC` is the older name of gBTC. */
export function toAssetId(assetId: string): string {
  return assetId === "BTC" ? GBTC : assetId;
}
