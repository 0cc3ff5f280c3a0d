import { assert } from "../errors";
import { isArkAssetId } from "./asset-id";
import type { AssetGroup, AssetPacket } from "./asset-types";
import { UINT64_MAX } from "./uvarint";

/** arkd's limit on groups, and on inputs, outputs and metadata of one. */
export const ASSET_LIST_MAX = 1_000;
const UINT16_MAX = 0xffff;

/**
 * What arkd asks of a packet before it looks at the transaction around it. Throws `internal_error`: a packet of ours that breaks
 * a rule is a bug. Whoever reads a foreign one translates it.
 */
export function checkAssetPacket(packet: AssetPacket): void {
  assert(packet.length > 0 && packet.length <= ASSET_LIST_MAX, "a packet has 1 to 1000 groups");
  const assetIds = packet.flatMap(({ assetId }) => assetId ?? []);
  assert(new Set(assetIds).size === assetIds.length, "an asset has one group");
  for (const group of packet) checkGroup(group, packet.length);
}

function checkGroup(group: AssetGroup, groupCount: number): void {
  const { assetId, controlAsset, inputs, outputs, metadata } = group;
  for (const list of [inputs, outputs, metadata])
    assert(list.length <= ASSET_LIST_MAX, "a list of a group is too long");
  if (assetId === undefined) {
    assert(outputs.length > 0, "an issuance has outputs");
    assert(inputs.length === 0, "an issuance has no inputs");
  } else {
    assert(isArkAssetId(assetId), "an asset id is 68 hex");
    assert(controlAsset === undefined, "only an issuance names a control asset");
  }
  if (controlAsset?.by === "id") assert(isArkAssetId(controlAsset.assetId), "a control asset's id is 68 hex");
  if (controlAsset?.by === "group") assert(controlAsset.groupIndex < groupCount, "a control asset's group exists");
  checkEntries(group);
}

function checkEntries({ inputs, outputs, metadata }: AssetGroup): void {
  assert(new Set(inputs.map(({ from }) => from)).size <= 1, "the inputs of a group are of one type");
  assert(new Set(inputs.map(({ vin }) => vin)).size === inputs.length, "an input is listed once");
  assert(new Set(outputs.map(({ vout }) => vout)).size === outputs.length, "an output is listed once");
  for (const input of inputs) {
    assert(isUint16(input.vin) && input.amount >= 0n && input.amount <= UINT64_MAX, "an asset input fits its fields");
    if (input.from === "intent") assert(/^(?!0{64})[0-9a-f]{64}$/.test(input.txid), "an intent has a txid");
  }
  for (const { vout, amount } of outputs) {
    assert(isUint16(vout) && amount > 0n && amount <= UINT64_MAX, "an asset output fits its fields");
  }
  for (const { key, value } of metadata) assert(key.length > 0 && value.length > 0, "metadata has a key and a value");
}

function isUint16(value: number): boolean {
  return Number.isInteger(value) && value >= 0 && value <= UINT16_MAX;
}
