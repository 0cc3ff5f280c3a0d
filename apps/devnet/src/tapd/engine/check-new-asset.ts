import { hex } from "@scure/base";

import { metaHashOf } from "./asset-id";
import type { AssetType, MintBatch, Seedling } from "./rows";
import { TapdError } from "./tapd-error";
import type { TapdState } from "./tapd-state";

/** MintAsset's request. Bytes as hex, "" when absent. */
export interface NewAsset {
  readonly name: string;
  readonly assetType: AssetType;
  readonly assetVersion: number;
  readonly meta: { readonly data: string; readonly type: number } | undefined;
  readonly amount: bigint;
  readonly isNewGroup: boolean;
  readonly isGrouped: boolean;
  readonly groupKey: string;
  readonly groupAnchor: string;
  readonly decimalDisplay: number;
  readonly scriptKey: string;
}

/** An asset of its own, without metadata and group: what a request says that leaves everything else out. */
export function plainAsset(name: string, amount: bigint): NewAsset {
  return {
    name,
    amount,
    assetType: "normal",
    assetVersion: 0,
    meta: undefined,
    isNewGroup: false,
    isGrouped: false,
    groupKey: "",
    groupAnchor: "",
    decimalDisplay: 0,
    scriptKey: "",
  };
}

const NAME_BYTES_MAX = 64;
const META_BYTES_MAX = 1024 * 1024;

/** tapd's refusals in its own order and words. Returns the seedling without a script key of its own. */
export function checkNewAsset(state: TapdState, pending: MintBatch | undefined, asset: NewAsset): Seedling {
  checkName(asset.name);
  checkGrouping(asset);
  if (asset.decimalDisplay !== 0 && asset.assetType === "collectible") {
    throw new TapdError("decimal display is not supported for collectibles");
  }
  const meta = asset.meta ?? { data: "", type: 0 };
  checkMeta(meta, asset.decimalDisplay);
  if (asset.amount === 0n) throw unable("asset amt cannot be zero");
  if (pending?.seedlings.some(({ name }) => name === asset.name) === true) {
    throw unable(`asset with name ${asset.name} already in batch`);
  }
  checkGroup(state, asset);
  checkAnchor(pending, asset);
  return {
    name: asset.name,
    assetType: asset.assetType,
    assetVersion: asset.assetVersion,
    metaData: meta.data,
    metaType: meta.type,
    metaHash: metaHashOf(meta.data, meta.type, asset.decimalDisplay),
    amount: asset.amount,
    decimalDisplay: asset.decimalDisplay,
    isNewGroup: asset.isNewGroup,
    groupKey: asset.groupKey,
    groupAnchor: asset.groupAnchor,
    scriptKey: asset.scriptKey,
  };
}

function checkName(name: string): void {
  const invalid = (why: string): TapdError => new TapdError(`invalid asset name: ${why}`);
  if (name === "") throw invalid("asset name cannot be empty");
  if (Buffer.byteLength(name) > NAME_BYTES_MAX) throw invalid(`asset name cannot exceed ${NAME_BYTES_MAX} bytes`);
  if (/\p{C}/u.test(name)) throw invalid("asset name cannot contain unprintable characters");
  if (name.trim() === "") throw invalid("asset name cannot contain only spaces");
}

function checkGrouping({ isNewGroup, isGrouped, groupKey, groupAnchor }: NewAsset): void {
  const isSpecific = groupKey !== "" || groupAnchor !== "";
  if (isNewGroup && isGrouped) throw new TapdError("cannot set both new grouped asset and grouped asset");
  if (isNewGroup && isSpecific) {
    throw new TapdError("must not create new grouped asset to specify an existing group");
  }
  if (isGrouped && !isSpecific) throw new TapdError("must specify a group key orgroup anchor");
  if (isGrouped && groupKey !== "" && groupAnchor !== "") {
    throw new TapdError("cannot specify both a group key and a group anchor");
  }
  if (!isGrouped && isSpecific) throw new TapdError("must set grouped asset to mint into a specific group");
}

function checkMeta(meta: { readonly data: string; readonly type: number }, decimalDisplay: number): void {
  if (meta.data.length / 2 > META_BYTES_MAX) throw unable(`meta reveal is too large: ${meta.data.length / 2}`);
  if (meta.type !== 1) return;
  const json = parseJson(hex.decode(meta.data));
  const inJson =
    typeof json === "object" && json !== null && "decimal_display" in json ? json.decimal_display : undefined;
  if (typeof inJson === "number" && inJson !== decimalDisplay) {
    throw new TapdError("decimal display in JSON asset meta does not match the one in the request");
  }
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString("utf8"));
  } catch {
    throw new TapdError("metadata is not valid JSON");
  }
}

function checkGroup(state: TapdState, asset: NewAsset): void {
  if (asset.groupKey === "") return;
  const group = state.groups.get(asset.groupKey);
  const anchor = group === undefined ? undefined : state.genesis.get(group.anchorAssetId);
  if (group === undefined || anchor === undefined || !anchor.isKnown) {
    throw unable(`group key ${asset.groupKey} not found: sql: no rows in result set`);
  }
  if (group.mintedBy !== "local") throw unable(`can't sign with group key ${asset.groupKey}`);
  if (anchor.assetType !== asset.assetType) {
    throw unable(
      `seedling type does not match group asset type ${anchor.assetType === "normal" ? "Normal" : "Collectible"}`,
    );
  }
  if (anchor.decimalDisplay !== asset.decimalDisplay) {
    throw unable(
      `seedling decimal display does not match group anchor: ${asset.decimalDisplay}, ${anchor.decimalDisplay}`,
    );
  }
}

function checkAnchor(pending: MintBatch | undefined, { groupAnchor }: NewAsset): void {
  if (groupAnchor === "") return;
  if (pending === undefined) throw unable(`batch empty, group anchor ${groupAnchor} invalid`);
  const anchor = pending.seedlings.find(({ name }) => name === groupAnchor);
  if (anchor === undefined) throw unable(`group anchor ${groupAnchor} not present in batch`);
  if (!anchor.isNewGroup) throw unable(`group anchor ${groupAnchor} has emission disabled`);
}

function unable(why: string): TapdError {
  return new TapdError(`unable to mint asset: ${why}`);
}
