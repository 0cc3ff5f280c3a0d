import { toArkAssetId } from "../ark/asset-id";
import type { AssetAmount, AssetPacket } from "../ark/asset-types";

/** Why arkd would refuse a packet over these inputs, by code and name; undefined when it would not. Burns it lets pass. */
export function packetRefusal(
  packet: AssetPacket,
  inputs: readonly (readonly AssetAmount[])[],
): { readonly code: number; readonly name: string } | undefined {
  if (packet.length === 0 && inputs.some((assets) => assets.length > 0)) {
    return { code: 33, name: "ASSET_VALIDATION_FAILED" };
  }
  for (const [vin, assets] of inputs.entries()) {
    for (const { assetId, amount } of assets) {
      const group = packet.find((each) => each.assetId === assetId);
      if (group === undefined) return { code: 34, name: "ASSET_NOT_FOUND" };
      const isListed = group.inputs.some((input) => input.vin === vin && input.amount === amount);
      if (!isListed) return { code: 35, name: "ASSET_INPUT_INVALID" };
    }
  }
  for (const { assetId, inputs: listed, outputs } of packet) {
    if (assetId === undefined) continue;
    const isHeld = listed.every(({ vin, amount }) =>
      (inputs[vin] ?? []).some((held) => held.assetId === assetId && held.amount === amount),
    );
    if (!isHeld) return { code: 35, name: "ASSET_INPUT_INVALID" };
    if (sum(outputs) > sum(listed)) return { code: 37, name: "CONTROL_ASSET_INVALID" };
  }
  return undefined;
}

/** What an output carries. */
export function assetsOn(txid: string, packet: AssetPacket, vout: number): readonly AssetAmount[] {
  return packet.flatMap(({ assetId, outputs }, index) =>
    outputs
      .filter((output) => output.vout === vout)
      .map(({ amount }) => ({ assetId: assetId ?? toArkAssetId(txid, index), amount })),
  );
}

function sum(entries: readonly { readonly amount: bigint }[]): bigint {
  return entries.reduce((total, { amount }) => total + amount, 0n);
}
