import { Extension, type Transaction, type asset } from "@arkade-os/sdk";

import { must, orRefuse } from "./refuse.js";
import type { LinkedTx, OwnVtxo } from "./verifier-types.js";

/**
 * Check 6 for a transfer of sats: assets that ride on my inputs all come back on my change. arkd burns whatever a
 * packet does not reassign and lets a packet create units, so the wallet is the only one who can notice either.
 */
export function checkAssets(tx: LinkedTx, mine: readonly OwnVtxo[], changeVout: number | null): void {
  const groups = readGroups(tx.ark);
  const listed = new Map(groups.map((group) => [assetIdOf(group), group] as const));
  must(listed.size === groups.length, "burn", "an asset has two groups");
  for (const group of groups) checkGroup(group, tx, changeVout);
  for (const { assetId } of mine.flatMap((vtxo) => vtxo.assets)) {
    must(listed.has(assetId), "burn", `asset ${assetId} of mine is not in the packet`);
  }
}

function readGroups(ark: Transaction): readonly asset.AssetGroup[] {
  const scripts = Array.from({ length: ark.outputsLength }, (_, vout) => ark.getOutput(vout).script);
  if (!scripts.some((script) => script !== undefined && Extension.isExtension(script))) return [];
  const extension = orRefuse("issuance", "the packet cannot be read", () => Extension.fromTx(ark));
  const packet = extension.getAssetPacket();
  must(packet !== null && extension.getPackets().length === 1, "issuance", "a packet this wallet does not know");
  return packet.groups;
}

function assetIdOf(group: asset.AssetGroup): string {
  must(group.assetId !== null && group.controlAsset === null, "issuance", "the packet issues an asset");
  return group.assetId.toString();
}

function checkGroup(group: asset.AssetGroup, tx: LinkedTx, changeVout: number | null): void {
  const assetId = assetIdOf(group);
  const holdings = tx.inputs.flatMap(({ index, own }) =>
    (own?.assets ?? []).filter((held) => held.assetId === assetId).map(({ amount }) => ({ vin: index, amount })),
  );
  must(group.inputs.length === holdings.length, "issuance", `the packet counts other inputs of ${assetId} than mine`);
  for (const { vin, amount } of holdings) {
    const isListed = group.inputs.some((input) => input.vin === vin && input.amount === amount);
    must(isListed, "burn", `input ${vin} is not listed with its ${amount} units of ${assetId}`);
  }
  const held = holdings.reduce((sum, { amount }) => sum + amount, 0n);
  const returned = group.outputs.reduce((sum, output) => sum + output.amount, 0n);
  must(returned >= held, "burn", `units of ${assetId} are burnt`);
  must(returned === held, "issuance", `units of ${assetId} are created`);
  must(
    group.outputs.every((output) => output.vout === changeVout),
    "change",
    `${assetId} does not come back to my change`,
  );
}
