import { pinAssets } from "./pin-assets.js";
import type { AssetInfo } from "./response-schemas.js";
import { pins } from "./testing/fake-gateway.js";

const USD = `${"aa".repeat(32)}0000`;
const EUR = `${"bb".repeat(32)}0000`;

function aClient(ids: Readonly<Record<string, string | undefined>>) {
  const asked: string[] = [];
  const getAssetInfo = async (assetId: string): Promise<AssetInfo> => {
    asked.push(assetId);
    return { ...AN_ASSET, asset_id: assetId, ark_asset_id: ids[assetId] };
  };
  return { asked, getAssetInfo };
}

const AN_ASSET = {
  name: "an asset",
  ticker: "A",
  asset_type: "normal",
  decimal_places: 2,
  total_supply: 0,
  total_circulating: 0,
  total_reserved: 0,
  available_supply: 0,
  status: "active",
  is_active: true,
};

it("keeps what was pinned before, whatever the gateway says now, and asks for the rest", async () => {
  const client = aClient({ gUSD: EUR, gEUR: EUR });
  const pinned = await pinAssets({ ...pins, assets: { gUSD: USD } }, client, ["gUSD", "gEUR"]);
  expect(pinned).toEqual({ ...pins, assets: { gUSD: USD, gEUR: EUR } });
  expect(client.asked).toEqual(["gEUR"]);
});

it("pins no asset that has no units yet", async () => {
  await expect(pinAssets(pins, aClient({}), ["gUSD"])).rejects.toThrow(TypeError);
});
