import { sumAssets } from "../ark/sum-assets";
import type { ArkOutput } from "../ark/types";
import type { Vtxo } from "../vtxo/vtxo";

export interface BatchOutputRules {
  /** The treasury's, hex. */
  readonly script: string;
  readonly feeSats: bigint;
  readonly dustSats: bigint;
  /** Largest VTXO; undefined = no limit. */
  readonly vtxoMaxSats: bigint | undefined;
  /** Sats under the units of an asset. */
  readonly carrierSats: bigint;
}

/**
 * What the treasury gets back for what it puts into a batch: an output of its own for each asset, because coins are picked by the one
 * asset they carry, and the other sats in as few outputs as arkd allows. undefined = it is not enough for that.
 */
export function planBatchOutputs(
  inputs: readonly Pick<Vtxo, "amountSats" | "assets">[],
  { script, feeSats, dustSats, vtxoMaxSats, carrierSats }: BatchOutputRules,
): readonly ArkOutput[] | undefined {
  const assets = sumAssets(inputs);
  const carrier = carrierSats > dustSats ? carrierSats : dustSats;
  const totalSats = inputs.reduce((sum, { amountSats }) => sum + amountSats, 0n) - feeSats;
  const afterCarriers = totalSats - carrier * BigInt(assets.length);
  const carriers = assets.map((asset) => ({ script, amountSats: carrier, assets: [asset] }));
  if (afterCarriers >= dustSats) {
    return [...carriers, ...split(afterCarriers, vtxoMaxSats, dustSats).map((amountSats) => ({ script, amountSats }))];
  }
  // The sats are just what the units stand on.
  const [first, ...rest] = assets;
  const spare = totalSats - dustSats * BigInt(assets.length);
  if (first === undefined || spare < 0n) return undefined;
  return [
    { script, amountSats: dustSats + spare, assets: [first] },
    ...rest.map((asset) => ({ script, amountSats: dustSats, assets: [asset] })),
  ];
}

function split(sats: bigint, maxSats: bigint | undefined, dustSats: bigint): readonly bigint[] {
  if (maxSats === undefined || sats <= maxSats) return [sats];
  const rest = sats - maxSats;
  // The last part may not be dust.
  return rest < dustSats ? [sats - dustSats, dustSats] : [maxSats, ...split(rest, maxSats, dustSats)];
}
