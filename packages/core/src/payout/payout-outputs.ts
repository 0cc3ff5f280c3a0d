import { subtractAssets, sumAssets } from "../ark/sum-assets";
import { assert } from "../errors";
import { unitsOn, type Vtxo, type VtxoScriptRow } from "../vtxo/vtxo";
import type { Payout, PayoutOutput, PayoutPart } from "./payout";

export interface OutputRules {
  /** Of what is paid, by arkd's id; undefined = sats only. */
  readonly arkAssetId: string | undefined;
  readonly dustSats: bigint;
  /** The gateway's own, for what is left over. */
  readonly changeScript: VtxoScriptRow;
  /** For units that are left over, where that is another one. */
  readonly unitsScript?: VtxoScriptRow;
}

/**
 * What a payment from stock makes of its coins: the recipient's outputs, then what is left. Units that are left ride on as many sats as
 * stock of an asset has, when the other sats make an output of their own; else on all of them. No unit and no sat is lost.
 */
export function stockPayoutOutputs(
  payout: Pick<Payout, "ownerPubkey" | "script" | "amount" | "amountSats"> & { readonly outputCount?: number },
  coins: readonly Vtxo[],
  { arkAssetId, dustSats, changeScript, unitsScript = changeScript }: OutputRules,
): readonly PayoutOutput[] {
  const { ownerPubkey, script, amount, amountSats, outputCount = 1 } = payout;
  const units = (of: bigint) =>
    arkAssetId === undefined || of === 0n ? {} : { assets: [{ assetId: arkAssetId, amount: of }] };
  const restSats = coins.reduce((sum, coin) => sum + coin.amountSats, 0n) - amountSats * BigInt(outputCount);
  const restUnits =
    arkAssetId === undefined
      ? 0n
      : coins.reduce((sum, coin) => sum + unitsOn(coin, arkAssetId), 0n) - amount * BigInt(outputCount);
  const changeTo = ({ ownerPubkey, script }: VtxoScriptRow) => ({ role: "change", ownerPubkey, script }) as const;
  const isSplit = restUnits > 0n && restSats >= amountSats + dustSats;
  const carrierSats = isSplit ? amountSats : restSats;
  const paid = { role: "recipient", ownerPubkey, script, amountSats, ...units(amount) } as const;
  const outputs: Omit<PayoutOutput, "vout">[] = Array.from({ length: outputCount }, () => paid);
  const carrierTo = restUnits > 0n ? unitsScript : changeScript;
  if (restSats > 0n) outputs.push({ ...changeTo(carrierTo), amountSats: carrierSats, ...units(restUnits) });
  if (isSplit) outputs.push({ ...changeTo(changeScript), amountSats: restSats - carrierSats });
  return outputs.map((output, vout) => ({ vout, ...output }));
}

/**
 * What a payment of several outputs that differ makes of its stock. Units that are left ride on the least sats, each asset for itself,
 * because stock carries one asset; sats that are left make an output of their own, or join the first of those.
 */
export function partedPayoutOutputs(
  { ownerPubkey, script }: Pick<Payout, "ownerPubkey" | "script">,
  parts: readonly PayoutPart[],
  coins: readonly Pick<Vtxo, "amountSats" | "assets">[],
  { dustSats, changeScript }: Pick<OutputRules, "dustSats" | "changeScript">,
): readonly PayoutOutput[] {
  const left = subtractAssets(sumAssets(coins), sumAssets(parts));
  const restSats = sumSats(coins) - sumSats(parts) - BigInt(left.length) * dustSats;
  assert(restSats >= 0n, "stock covers what is paid and the carriers of what is left");
  const isOwn = restSats >= dustSats;
  const carriers = left.map((units, index) => ({
    amountSats: dustSats + (index === 0 && !isOwn ? restSats : 0n),
    assets: [units],
  }));
  const change: readonly PayoutPart[] = isOwn ? [...carriers, { amountSats: restSats, assets: [] }] : carriers;
  assert(sumSats(change) === sumSats(coins) - sumSats(parts), "no sat is lost");
  const outputs = [
    ...parts.map((part) => ({ role: "recipient", ownerPubkey, script, ...part }) as const),
    ...change.map(
      (part) =>
        ({ role: "change", ownerPubkey: changeScript.ownerPubkey, script: changeScript.script, ...part }) as const,
    ),
  ];
  return outputs.map(({ assets, ...output }, vout) => ({ vout, ...output, ...(assets.length > 0 && { assets }) }));
}

/** A VTXO that goes whole to one script: a refund to its user, a kill back to the gateway. */
export function wholeOutput(
  role: "recipient" | "change",
  vtxo: Pick<Vtxo, "amountSats" | "assets">,
  to: { readonly ownerPubkey: string; readonly script: string },
): PayoutOutput {
  const { amountSats, assets } = vtxo;
  const { ownerPubkey, script } = to;
  return { vout: 0, role, ownerPubkey, script, amountSats, ...(assets.length > 0 && { assets }) };
}

function sumSats(coins: readonly { readonly amountSats: bigint }[]): bigint {
  return coins.reduce((sum, { amountSats }) => sum + amountSats, 0n);
}
