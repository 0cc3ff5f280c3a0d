import { Extension, type Transaction, asset } from "@arkade-os/sdk";
import { hex } from "@scure/base";

import type { OutputSummary } from "./check-outputs.js";
import type { PaidAsset } from "./read-payment.js";
import { must, orRefuse } from "./refuse.js";
import type { LinkedInput, OwnVtxo } from "./verifier-types.js";

/** Where units may go: to the recipient what the intent says, and all else back to me. */
type Destinations = Pick<OutputSummary, "asset" | "recipientVouts" | "recipientUnits" | "changeVouts">;

/** The transaction that has the packet, and its inputs as the packet counts them. */
interface AssetTx {
  readonly ark: Transaction;
  readonly inputs: readonly Pick<LinkedInput, "index" | "own">[];
}

/**
 * Check 6: of the asset that is paid the recipient gets exactly the intent's units, and everything else on my inputs comes back
 * on my change. arkd burns whatever a packet does not reassign and lets a packet create units, so the wallet is the only one who
 * can notice either.
 */
export function checkAssets(tx: AssetTx, mine: readonly OwnVtxo[], to: Destinations): void {
  const groups = readGroups(tx.ark);
  const listed = new Map(groups.map((group) => [assetIdOf(group), group] as const));
  must(listed.size === groups.length, "burn", "an asset has two groups");
  for (const group of groups) checkGroup(group, tx, to);
  for (const { assetId } of mine.flatMap((vtxo) => vtxo.assets)) {
    must(listed.has(assetId), "burn", `asset ${assetId} of mine is not in the packet`);
  }
  const paid = to.asset?.arkAssetId;
  must(paid === undefined || listed.has(paid), "amount", "the packet does not pay the asset of the intent");
}

/** The groups of the asset packet; none without one. Refuses a packet that issues, or that says more than this wallet understands. */
export function readGroups(ark: Transaction): readonly asset.AssetGroup[] {
  const scripts = Array.from({ length: ark.outputsLength }, (_, vout) => ark.getOutput(vout).script);
  const script = scripts.find((each) => each !== undefined && Extension.isExtension(each));
  if (script === undefined) return [];
  const extension = orRefuse("issuance", "the packet cannot be read", () => Extension.fromBytes(script));
  const packet = extension.getAssetPacket();
  must(packet !== null && extension.getPackets().length === 1, "issuance", "a packet this wallet does not know");
  // Bits and bytes that the reader skipped would be missing here: what arkd makes of them, nobody here knows.
  const understood = orRefuse("issuance", "the packet cannot be written again", () => rewrite(packet.groups));
  must(understood === hex.encode(script), "issuance", "the packet says more than this wallet understands");
  return packet.groups;
}

/** The script of a packet that has of these groups what a transfer needs: no metadata, nothing unknown. */
function rewrite(groups: readonly asset.AssetGroup[]): string {
  const bare = groups.map(({ assetId, controlAsset, inputs, outputs }) => {
    must(assetId !== null && controlAsset === null, "issuance", "the packet issues an asset");
    return asset.AssetGroup.create(assetId, null, inputs, outputs, []);
  });
  return hex.encode(Extension.create([asset.Packet.create(bare)]).serialize());
}

export function assetIdOf(group: asset.AssetGroup): string {
  must(group.assetId !== null, "issuance", "the packet issues an asset");
  return group.assetId.toString();
}

function checkGroup(group: asset.AssetGroup, tx: AssetTx, to: Destinations): void {
  const assetId = assetIdOf(group);
  const holdings = tx.inputs.flatMap(({ index, own }) =>
    (own?.assets ?? []).filter((held) => held.assetId === assetId).map(({ amount }) => ({ vin: index, amount })),
  );
  must(group.inputs.length === holdings.length, "issuance", `the packet counts other inputs of ${assetId} than mine`);
  for (const { vin, amount } of holdings) {
    const isListed = group.inputs.some(
      ({ input }) => input.type === asset.AssetInputType.Local && input.vin === vin && input.amount === amount,
    );
    must(isListed, "burn", `input ${vin} is not listed with its ${amount} units of ${assetId}`);
  }
  const held = sumOf(holdings);
  must(sumOf(group.outputs) >= held, "burn", `units of ${assetId} are burnt`);
  must(sumOf(group.outputs) === held, "issuance", `units of ${assetId} are created`);
  const paid = to.asset?.arkAssetId === assetId ? to.asset : null;
  checkDestinations(group, assetId, paid, to);
}

function checkDestinations(
  { outputs }: asset.AssetGroup,
  assetId: string,
  paid: PaidAsset | null,
  { recipientVouts, recipientUnits, changeVouts }: Destinations,
): void {
  for (const [index, recipientVout] of paid === null ? [] : recipientVouts.entries()) {
    const received = outputs.filter(({ vout }) => vout === recipientVout);
    must(received.length > 0, "recipient", `the recipient gets no ${paid?.name ?? "units"}`);
    must(sumOf(received) === recipientUnits[index], "amount", "the recipient gets another amount of units");
  }
  const others = paid === null ? outputs : outputs.filter(({ vout }) => !recipientVouts.includes(vout));
  must(
    others.every(({ vout }) => changeVouts.includes(vout)),
    "change",
    `${assetId} does not come back to my change`,
  );
}

function sumOf(entries: readonly { readonly amount: bigint }[]): bigint {
  return entries.reduce((sum, { amount }) => sum + amount, 0n);
}
