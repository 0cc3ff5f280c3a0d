import type { TaprootAsset } from "../ports/taproot-assets";
import { thrownBy } from "../testing/thrown-by";
import { checkTaprootAsset } from "./check-taproot-asset";

const GROUP = `02${"ab".repeat(32)}`;
const KNOWN: TaprootAsset = {
  assetId: "11".repeat(32),
  name: "",
  type: "normal",
  groupKey: GROUP,
  genesisPoint: "",
  amountUnits: 1n,
  decimalDisplay: 0,
  metaHash: "",
};
const LONE: TaprootAsset = { ...KNOWN, assetId: "22".repeat(32), groupKey: undefined, type: "collectible" };

const check = (claim: Partial<Parameters<typeof checkTaprootAsset>[0]>): void =>
  checkTaprootAsset({ assetType: "normal", taprootAssetId: undefined, taprootGroupKey: undefined, ...claim }, [
    KNOWN,
    LONE,
  ]);

it.each([
  { taprootAssetId: KNOWN.assetId },
  { taprootGroupKey: GROUP },
  { taprootAssetId: LONE.assetId, assetType: "collectible" as const },
])("takes what tapd knows: %j", (claim) => {
  expect(() => check(claim)).not.toThrow();
});

it.each([
  [{ taprootAssetId: "33".repeat(32) }, "taproot_asset_id"],
  [{ taprootGroupKey: `03${"ab".repeat(32)}` }, "taproot_group_key"],
  [{ taprootAssetId: LONE.assetId }, "asset_type"],
])("refuses %j, naming %s", (claim, path) => {
  expect(thrownBy(() => check(claim))).toMatchObject({ code: "invalid_request", errors: [{ path }] });
});
