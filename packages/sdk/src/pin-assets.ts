import type { WalletPins } from "./ark-script.js";
import type { GatewayClient } from "./gateway-client.js";

/**
 * The pins with arkd's ids of these assets, as the gateway states them. Trust on first use: an application keeps what it gets here and
 * never asks again for a name it has, or a gateway that was broken into could have another asset paid under it. Rejects with
 * NotFoundError for an asset that the gateway does not know, with TypeError for one that it has not issued.
 */
export async function pinAssets(
  pins: WalletPins,
  client: Pick<GatewayClient, "getAssetInfo">,
  assetIds: readonly string[],
): Promise<WalletPins> {
  const missing = assetIds.filter((assetId) => !Object.hasOwn(pins.assets ?? {}, assetId));
  const found = await Promise.all(
    missing.map(async (assetId): Promise<[string, string]> => {
      const { ark_asset_id: arkAssetId } = await client.getAssetInfo(assetId);
      if (arkAssetId === undefined) throw new TypeError(`${assetId} has not been issued at arkd`);
      return [assetId, arkAssetId];
    }),
  );
  return { ...pins, assets: { ...pins.assets, ...Object.fromEntries(found) } };
}
