import { toWrittenAsset } from "../asset/asset-view";
import type { RegisteredAsset } from "../asset/registered-asset";
import type { WebhookEvent } from "./webhook-event";

/** Units of an asset exist for the first time. The registry is public, so everyone may hear of it. */
export function assetIssuedEvent(asset: RegisteredAsset): WebhookEvent {
  return {
    type: "asset.issued",
    objectKey: `asset:${asset.assetId}`,
    audience: { kind: "everyone" },
    dataFor: () => ({
      ...toWrittenAsset(asset),
      ...(asset.arkAssetId !== undefined && { ark_asset_id: asset.arkAssetId }),
      issued: Number(asset.issued),
    }),
  };
}
