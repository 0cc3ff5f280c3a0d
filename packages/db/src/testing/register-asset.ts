import type { AssetStatus } from "@arkrelay/core/asset/registered-asset";

import type { Database } from "../connection";

/** A row of the registry as an issuance leaves it, for tests that need units of an asset and not its issuance. */
export async function registerTestAsset(
  database: Pick<Database, "write">,
  assetId: string,
  arkAssetId: string | undefined,
  status: AssetStatus = "active",
): Promise<void> {
  await database.write(
    `INSERT INTO assets (asset_id, name, ticker, asset_type, decimal_places, backing, ark_asset_id, status, created_at)
     VALUES (?, ?, ?, 'normal', 2, 'ark', ?, ?, NOW(3))`,
    [assetId, assetId, assetId, arkAssetId ?? null, status],
  );
}
