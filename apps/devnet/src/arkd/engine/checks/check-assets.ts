import { type Transaction, P2A, asset } from "@arkade-os/sdk";
import { hex } from "@scure/base";

import { ArkdError } from "../arkd-error";
import type { ArkdState } from "../arkd-state";
import { assetIdOf, assetsByOutput, findExtension } from "../asset-packet";
import { maxAssetsPerVtxo } from "../settings";
import type { ArkInput } from "./read-ark-inputs";

/** The transaction of an asset packet, with what its inputs hold. */
export interface AssetTx {
  readonly state: ArkdState;
  readonly arkTx: Transaction;
  readonly arkTxid: string;
  readonly inputs: readonly Pick<ArkInput, "index" | "vtxo">[];
  readonly groups: readonly asset.AssetGroup[];
}

/**
 * arkd's rules for an asset packet, in arkd's order. They keep units from being made up; units that no output takes are burnt
 * without a word, so a wallet has to look for itself.
 */
export function checkAssets(tx: AssetTx): void {
  const { groups, inputs } = tx;
  if (groups.length === 0 && inputs.some(({ vtxo }) => vtxo.assets.length > 0)) {
    throw new ArkdError("ASSET_VALIDATION_FAILED", `asset packet not found in tx ${tx.arkTxid}`);
  }
  if (groups.length > 0) checkEncoding(tx);
  for (const input of inputs) checkInputListed(tx, input);
  for (const [index, group] of groups.entries()) {
    const assetId = assetIdOf(tx.arkTxid, group, index);
    if (group.isIssuance()) checkIssuance(tx, group);
    if (isReissuance(group)) checkReissuance(tx, assetId);
    for (const { vout } of group.outputs) checkOutput(tx, assetId, vout);
    for (const input of group.inputs) checkInput(tx, assetId, input);
  }
  checkAssetCounts(tx);
}

/** arkd looks for the packet as it would write it itself: one in a longer form is not found. */
function checkEncoding({ arkTx, arkTxid, groups }: AssetTx): void {
  const script = hex.encode(findExtension(arkTx) ?? new Uint8Array());
  if (script.includes(asset.Packet.create([...groups]).toString())) return;
  const why = `asset packet not found in extension output for tx ${arkTxid}`;
  throw new ArkdError("ASSET_VALIDATION_FAILED", why);
}

/** Every asset of an input is in the packet, with its whole amount. */
function checkInputListed({ groups }: AssetTx, { index, vtxo }: Pick<ArkInput, "index" | "vtxo">): void {
  for (const { assetId, amount } of vtxo.assets) {
    const metadata = { asset_id: assetId };
    const group = groups.find((candidate) => candidate.assetId?.toString() === assetId);
    if (group === undefined) {
      const why = `input ${index} owns asset ${assetId} but it's not present in the packet`;
      throw new ArkdError("ASSET_NOT_FOUND", why, metadata);
    }
    const listed = group.inputs.find(({ vin }) => vin === index);
    if (listed === undefined) {
      const why = `input ${index} owns asset ${assetId} but it's not present in the asset group inputs`;
      throw new ArkdError("ASSET_INPUT_INVALID", why, metadata);
    }
    if (listed.amount !== amount) {
      const why = `input ${index} owns asset ${assetId} but amount mismatch: ${listed.amount} != ${amount}`;
      throw new ArkdError("ASSET_INPUT_INVALID", why, metadata);
    }
  }
}

function checkIssuance({ state, groups }: AssetTx, { controlAsset }: asset.AssetGroup): void {
  if (controlAsset === null) return;
  const { ref } = controlAsset;
  if (ref.type === asset.AssetRefType.ByID) {
    const assetId = ref.assetId.toString();
    if (state.assets.has(assetId)) return;
    throw new ArkdError("ASSET_VALIDATION_FAILED", `control asset ${assetId} does not exist`, { asset_id: assetId });
  }
  if (groups[ref.groupIndex]?.isIssuance() === true) return;
  const why = `control asset referenced by group index ${ref.groupIndex} is not an issuance`;
  throw new ArkdError("ASSET_VALIDATION_FAILED", why);
}

/** The SDK's own answer leaves inputs of intents out; arkd counts them. */
function isReissuance(group: asset.AssetGroup): boolean {
  const sum = (entries: readonly { readonly amount: bigint }[]): bigint =>
    entries.reduce((total, { amount }) => total + amount, 0n);
  return !group.isIssuance() && sum(group.inputs) < sum(group.outputs);
}

/** More units of an asset need its control asset's group in the packet; arkd does not ask for an input of it. */
function checkReissuance({ state, groups }: AssetTx, assetId: string): void {
  const metadata = { asset_id: assetId };
  const known = state.assets.get(assetId);
  if (known === undefined) throw new ArkdError("ASSET_VALIDATION_FAILED", "no control asset found", metadata);
  const { controlAssetId } = known;
  if (controlAssetId === "") {
    throw new ArkdError("CONTROL_ASSET_INVALID", `asset ${assetId} does not have a control asset`, metadata);
  }
  if (groups.some((group) => group.assetId?.toString() === controlAssetId)) return;
  const why = `control asset ${controlAssetId} not found in the packet`;
  throw new ArkdError("ASSET_NOT_FOUND", why, { asset_id: controlAssetId });
}

const ANCHOR_SCRIPT = hex.encode(P2A.script);

function checkOutput({ arkTx }: AssetTx, assetId: string, vout: number): void {
  const why = problemOf(arkTx, vout);
  if (why === undefined) return;
  const metadata = { asset_id: assetId, output_index: String(vout) };
  throw new ArkdError("ASSET_OUTPUT_INVALID", `asset output vout ${vout} ${why}`, metadata);
}

function problemOf(arkTx: Transaction, vout: number): string | undefined {
  if (vout >= arkTx.outputsLength) return `out of range (${arkTx.outputsLength} outputs)`;
  const script = hex.encode(arkTx.getOutput(vout).script ?? new Uint8Array());
  if (script === ANCHOR_SCRIPT) return "is an anchor output";
  const isSubDust = /^6a20[0-9a-f]{64}$/.test(script);
  return script.startsWith("6a") && !isSubDust ? "is OP_RETURN" : undefined;
}

function checkInput({ inputs }: AssetTx, assetId: string, { vin, amount, input }: asset.AssetInput): void {
  const fail = (why: string): never => {
    throw new ArkdError("ASSET_INPUT_INVALID", why, { asset_id: assetId, input_index: String(vin) });
  };
  if (input.type === asset.AssetInputType.Intent) fail("unexpected asset input type: intent");
  const spent = inputs.find(({ index }) => index === vin);
  if (spent === undefined) return fail(`asset input index out of range: ${vin} (${inputs.length} inputs)`);
  if (spent.vtxo.assets.length === 0) fail(`asset input references input ${vin} which does not contain any assets`);
  const held = spent.vtxo.assets.find((candidate) => candidate.assetId === assetId);
  if (held === undefined) return fail(`asset ${assetId} not found in tx input ${vin}`);
  if (held.amount !== amount) fail(`asset ${assetId} amount mismatch: ${held.amount} != ${amount}`);
}

function checkAssetCounts({ state, arkTxid, groups }: AssetTx): void {
  const max = maxAssetsPerVtxo(state.settings);
  for (const [vout, assets] of assetsByOutput(arkTxid, groups)) {
    if (assets.length <= max) continue;
    const why = `output ${vout} has ${assets.length} assets, exceeds max ${max}`;
    const metadata = { asset_count: String(assets.length), max_assets: String(max) };
    throw new ArkdError("VTXO_WITH_TOO_MANY_ASSETS", why, metadata);
  }
}
