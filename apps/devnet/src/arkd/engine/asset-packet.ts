import { Extension, type Transaction, asset } from "@arkade-os/sdk";
import { hex } from "@scure/base";

import type { AssetAmount } from "./vtxo";

/** Amounts are uint64 at arkd; the SDK reads larger ones. */
export const UINT64_MAX = 2n ** 64n - 1n;
/** arkd reads no list longer than this. */
const LIST_MAX = 1_000;

/** The groups of a transaction's asset packet, none without one. Throws on anything arkd's decoder refuses. */
export function readAssetGroups(tx: Transaction): readonly asset.AssetGroup[] {
  if (findExtension(tx) === undefined) return [];
  const groups = Extension.fromTx(tx).getAssetPacket()?.groups ?? [];
  if (groups.length > LIST_MAX) throw new Error("too many asset groups");
  for (const group of groups) checkGroup(group);
  return groups;
}

/** The script of the extension output. */
export function findExtension(tx: Transaction): Uint8Array | undefined {
  const OP_RETURN = 0x6a;
  const scripts = Array.from({ length: tx.outputsLength }, (_, vout) => tx.getOutput(vout).script);
  // Taking a script apart is slow, and most outputs are no OP_RETURN.
  return scripts.find((script) => script?.[0] === OP_RETURN && Extension.isExtension(script));
}

function checkGroup({ inputs, outputs }: asset.AssetGroup): void {
  if (inputs.length > LIST_MAX || outputs.length > LIST_MAX) throw new Error("too many inputs or outputs of a group");
  if ([...inputs, ...outputs].some(({ amount }) => amount > UINT64_MAX)) throw new Error("an amount above 64 bits");
}

/** An issued asset has the transaction and the position of its group for an id. */
export function assetIdOf(txid: string, group: asset.AssetGroup, index: number): string {
  return group.assetId?.toString() ?? asset.AssetId.create(txid, index).toString();
}

/** What each output carries, by its index. */
export function assetsByOutput(
  txid: string,
  groups: readonly asset.AssetGroup[],
): ReadonlyMap<number, readonly AssetAmount[]> {
  const byOutput = new Map<number, readonly AssetAmount[]>();
  for (const [index, group] of groups.entries()) {
    const assetId = assetIdOf(txid, group, index);
    for (const { vout, amount } of group.outputs) {
      byOutput.set(vout, [...(byOutput.get(vout) ?? []), { assetId, amount }]);
    }
  }
  return byOutput;
}

/** The id of the asset that controls an issuance, "" when none does. */
export function controlAssetOf(
  txid: string,
  groups: readonly asset.AssetGroup[],
  { controlAsset }: asset.AssetGroup,
): string {
  if (controlAsset === null) return "";
  const { ref } = controlAsset;
  if (ref.type === asset.AssetRefType.ByID) return ref.assetId.toString();
  const control = groups[ref.groupIndex];
  return control === undefined ? "" : assetIdOf(txid, control, ref.groupIndex);
}

/** The metadata of an issuance as GetAsset shows it: the serialised list in hex, "" when there is none. */
export function metadataOf(group: asset.AssetGroup): string {
  const bytes = group.serialize();
  const HAS_METADATA = 4;
  if (((bytes[0] ?? 0) & HAS_METADATA) === 0) return "";
  const before = 1 + (group.controlAsset?.serialize().length ?? 0);
  return hex.encode(asset.MetadataList.fromBytes(bytes.subarray(before)).serialize());
}
