import type { AssetAmount } from "../ark/asset-types";
import { subtractAssets, sumAssets } from "../ark/sum-assets";
import type { ArkInput, ArkOutput } from "../ark/types";
import { AppError, assert } from "../errors";
import type { PlannedOutput } from "../ports/session-stores";
import type { MovingIntent } from "../session/session";
import type { Vtxo, VtxoScriptRow } from "../vtxo/vtxo";
import { coInputFeeSatsOf, recipientOutputsOf, recipientSumsOf } from "./transfer-sums";

/** An input with the script it was made with: older signers and delays stay spendable. */
export interface PlanCoin {
  readonly vtxo: Vtxo;
  readonly script: VtxoScriptRow;
}

export interface TransferPlan {
  readonly inputs: readonly ArkInput[];
  readonly outputs: readonly ArkOutput[];
  readonly planned: readonly PlannedOutput[];
}

export interface TransferPlanInput {
  readonly intent: MovingIntent;
  readonly coins: readonly PlanCoin[];
  /** The gateway's own plain VTXO: it goes in and comes back larger by the L2 fee, since a bare fee output is below dust. */
  readonly coInput: PlanCoin;
  readonly dustSats: bigint;
  /** arkd refuses a VTXO with more. */
  readonly maxAssetsPerOutput: number;
  readonly recipientScript: VtxoScriptRow;
  readonly changeScript: VtxoScriptRow;
  readonly feeReturnScript: VtxoScriptRow;
}

type Output = Omit<PlannedOutput, "vout">;

/**
 * Order of inputs: the user's, then the co-input. Order of outputs: recipient (each part of a split), change when there is any, fee
 * return. Whatever is on
 * the user's inputs and not for the recipient or the fee goes back to the user, every asset of it: arkd burns what no output names.
 * Throws `amount_below_minimum` when the change is too little for an output.
 */
export function planTransfer(plan: TransferPlanInput): TransferPlan {
  const { intent, coins, coInput } = plan;
  const recipient = recipientSumsOf(intent);
  const feeSats = coInputFeeSatsOf(intent);
  const vtxos = coins.map(({ vtxo }) => vtxo);
  const changeSats = vtxos.reduce((sum, { amountSats }) => sum + amountSats, 0n) - recipient.sats - feeSats;
  assert(changeSats >= 0n, "the coins cover what is sent");
  const change = changeOutputs(plan, changeSats, subtractAssets(sumAssets(vtxos), recipient.assets));
  if (change.length === 0 && changeSats !== 0n && intent.dustPolicy !== "to_recipient") throw belowDust(plan);
  const dustToRecipientSats = change.length > 0 ? 0n : changeSats;
  const outputs: readonly Output[] = [
    ...recipientOutputsOf(intent).map(({ sats, assets }, index) =>
      output("recipient", plan.recipientScript, sats + (index === 0 ? dustToRecipientSats : 0n), assets),
    ),
    ...change,
    output("fee_return", plan.feeReturnScript, coInput.vtxo.amountSats + feeSats),
  ];
  return {
    inputs: [...coins, coInput].map(toArkInput),
    outputs: outputs.map(({ script, amountSats, assets = [] }) => ({ script, amountSats, assets })),
    planned: outputs.map((each, vout) => ({ ...each, vout })),
  };
}

/** More assets than one VTXO may carry are spread over several, each on the least sats but the first. */
function changeOutputs(plan: TransferPlanInput, changeSats: bigint, assets: readonly AssetAmount[]): readonly Output[] {
  const { dustSats, maxAssetsPerOutput, changeScript } = plan;
  if (assets.length === 0) return changeSats < dustSats ? [] : [output("change", changeScript, changeSats)];
  const parts = chunks(assets, maxAssetsPerOutput);
  const firstSats = changeSats - BigInt(parts.length - 1) * dustSats;
  if (firstSats < dustSats) throw belowDust(plan);
  return parts.map((part, index) => output("change", changeScript, index === 0 ? firstSats : dustSats, part));
}

/** A VTXO as an input, with every asset on it: an input that leaves one unnamed is refused by arkd. */
export function toArkInput({ vtxo, script }: PlanCoin): ArkInput {
  return {
    vtxoId: vtxo.vtxoId,
    txid: vtxo.txid,
    vout: vtxo.vout,
    amountSats: vtxo.amountSats,
    ownerPubkey: script.ownerPubkey,
    signerPubkey: script.signerPubkey,
    exitDelay: script.exitDelay,
    assets: vtxo.assets,
  };
}

/** Coins are selected so that this does not happen; arkd may have raised its limit since. */
function belowDust({ dustSats }: TransferPlanInput): AppError {
  return new AppError("amount_below_minimum", { details: { minimum: Number(dustSats) } });
}

function output(
  role: PlannedOutput["role"],
  { ownerPubkey, script }: VtxoScriptRow,
  amountSats: bigint,
  assets: readonly AssetAmount[] = [],
): Output {
  return { role, ownerPubkey, script, amountSats, ...(assets.length > 0 && { assets }) };
}

function chunks<T>(items: readonly T[], size: number): readonly (readonly T[])[] {
  const parts: (readonly T[])[] = [];
  for (let start = 0; start < items.length; start += size) parts.push(items.slice(start, start + size));
  return parts;
}
