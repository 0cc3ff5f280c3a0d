import type { AssetAmount } from "../ark/asset-types";
import { subtractAssets, sumAssets } from "../ark/sum-assets";
import { selectCoins, type Coin, type SelectionRules } from "./select-coins";

/** Coin selection for a transfer of sats or of an asset. Pure and deterministic: the same candidates give the same choice. */

/** A coin with what rides on its sats. */
export interface AssetCoin extends Coin {
  readonly assets: readonly AssetAmount[];
}

export interface TransferRules extends SelectionRules {
  /** Units that the recipient gets, besides the sats under them in `targetSats`; undefined for a transfer of sats. */
  readonly targetAsset: AssetAmount | undefined;
  /** arkd refuses a VTXO with more; change with more is spread. */
  readonly maxAssetsPerOutput: number;
  /** Sats of the smallest change that is made, where it is more than dust. */
  readonly changeSatsMin?: bigint;
}

export type TransferSelection<C extends AssetCoin> =
  | { readonly ok: true; readonly coins: readonly C[] }
  | SelectionFailure;

export type SelectionFailure =
  /** The candidates lack units of the asset, or sats (undefined) for what is sent, the fee and the carriers of what stays. */
  | {
      readonly ok: false;
      readonly reason: "insufficient";
      readonly assetId: string | undefined;
      readonly required: bigint;
      readonly available: bigint;
    }
  /** They add up, but only with more inputs than a session may have. */
  | { readonly ok: false; readonly reason: "too_many_inputs" }
  /** Every way to reach the target leaves a change below dust. */
  | { readonly ok: false; readonly reason: "dust_change"; readonly changeSats: bigint };

/**
 * The fewest coins that hold the units, and sats for the rest: plain coins with the least change. Only when those are short the
 * sats under other assets help out, whose units then come back to the sender on the least sats.
 */
export function selectTransferCoins<C extends AssetCoin>(
  candidates: readonly C[],
  rules: TransferRules,
): TransferSelection<C> {
  const base = selectUnits(candidates, rules);
  if (base !== undefined) {
    const rest = candidates.filter((coin) => !base.includes(coin));
    const coins = addPlain(base, rest.filter(isPlain), rules) ?? addLargest(base, rest, rules);
    if (coins !== undefined) return { ok: true, coins };
  }
  const all = judgeCoins(candidates, rules);
  return all.ok ? { ok: false, reason: "too_many_inputs" } : all;
}

/** Exactly these coins, as a caller that names its inputs wants it. */
export function useExactCoins<C extends AssetCoin>(coins: readonly C[], rules: TransferRules): TransferSelection<C> {
  const judged = judgeCoins(coins, rules);
  if (!judged.ok && judged.reason === "insufficient") return judged;
  return coins.length > rules.maxInputs ? { ok: false, reason: "too_many_inputs" } : judged;
}

/** Whether all of these coins together make the transfer, whatever their number. */
export function judgeCoins<C extends AssetCoin>(coins: readonly C[], rules: TransferRules): TransferSelection<C> {
  const { targetAsset, targetSats, dustSats, changeSatsMin = dustSats } = rules;
  if (targetAsset !== undefined) {
    const available = sumUnits(coins, targetAsset.assetId);
    const { assetId, amount: required } = targetAsset;
    if (available < required) return { ok: false, reason: "insufficient", assetId, required, available };
  }
  const carrierSats = changeCarrierSats(coins, rules);
  const required = targetSats + carrierSats;
  const available = sumSats(coins);
  if (available < required) return { ok: false, reason: "insufficient", assetId: undefined, required, available };
  const changeSats = available - targetSats;
  const isPayable = changeSats === 0n || changeSats >= changeSatsMin || rules.dustToRecipient;
  return isPayable ? { ok: true, coins } : { ok: false, reason: "dust_change", changeSats };
}

/** The least sats under what the sender keeps of the assets on these coins. */
function changeCarrierSats(coins: readonly AssetCoin[], rules: TransferRules): bigint {
  const { targetAsset, maxAssetsPerOutput, dustSats } = rules;
  const kept = subtractAssets(sumAssets(coins), targetAsset === undefined ? [] : [targetAsset]);
  return BigInt(Math.ceil(kept.length / maxAssetsPerOutput)) * dustSats;
}

/** The fewest coins with the units: the largest, and as the last one the smallest that is enough, so that little comes back. */
function selectUnits<C extends AssetCoin>(
  candidates: readonly C[],
  { targetAsset, maxInputs }: TransferRules,
): readonly C[] | undefined {
  if (targetAsset === undefined) return [];
  const { assetId } = targetAsset;
  const carrying = candidates.filter((coin) => unitsOf(coin, assetId) > 0n).toSorted(byUnits(assetId));
  const taken: C[] = [];
  let missing = targetAsset.amount;
  while (taken.length < maxInputs) {
    const enough = carrying.filter((coin) => !taken.includes(coin) && unitsOf(coin, assetId) >= missing);
    const least = enough.at(-1);
    if (least !== undefined) {
      const units = unitsOf(least, assetId);
      return [...taken, enough.find((coin) => unitsOf(coin, assetId) === units) ?? least];
    }
    const largest = carrying[taken.length];
    if (largest === undefined) return undefined;
    taken.push(largest);
    missing -= unitsOf(largest, assetId);
  }
  return undefined;
}

/** Completes the coins with plain ones, none when they are enough; undefined when that does not work out. */
function addPlain<C extends AssetCoin>(
  base: readonly C[],
  plain: readonly C[],
  rules: TransferRules,
): readonly C[] | undefined {
  const { dustSats, targetSats } = rules;
  const strict = { ...rules, dustToRecipient: false };
  if (judgeCoins(base, strict).ok) return base;
  const carrierSats = changeCarrierSats(base, rules);
  const missingSats = targetSats + carrierSats - sumSats(base);
  const fill = { dustSats, maxInputs: rules.maxInputs - base.length, dustToRecipient: rules.dustToRecipient };
  if (carrierSats === 0n && missingSats > 0n) {
    const added = selectCoins(plain, { ...fill, targetSats: missingSats });
    return added.ok ? [...base, ...added.coins] : undefined;
  }
  // There is change anyway: the carrier of units that stay, or dust to be lifted. What is left over joins it, so none is too small.
  const liftSats = carrierSats === 0n ? dustSats : 0n;
  const added = selectCoins(plain, { ...fill, targetSats: missingSats + liftSats, dustSats: 0n });
  if (added.ok) return [...base, ...added.coins];
  return judgeCoins(base, rules).ok ? base : undefined;
}

/** Completes the coins with whatever has the most sats. */
function addLargest<C extends AssetCoin>(
  base: readonly C[],
  rest: readonly C[],
  rules: TransferRules,
): readonly C[] | undefined {
  const strict = { ...rules, dustToRecipient: false };
  let withDust: readonly C[] | undefined;
  let coins = base;
  for (const coin of rest.toSorted(bySats)) {
    if (coins.length === rules.maxInputs) break;
    coins = [...coins, coin];
    if (judgeCoins(coins, strict).ok) return coins;
    if (withDust === undefined && judgeCoins(coins, rules).ok) withDust = coins;
  }
  return withDust;
}

function isPlain(coin: AssetCoin): boolean {
  return coin.assets.length === 0;
}

function unitsOf(coin: AssetCoin, assetId: string): bigint {
  return coin.assets.find((each) => each.assetId === assetId)?.amount ?? 0n;
}

function sumUnits(coins: readonly AssetCoin[], assetId: string): bigint {
  return coins.reduce((sum, coin) => sum + unitsOf(coin, assetId), 0n);
}

function sumSats(coins: readonly AssetCoin[]): bigint {
  return coins.reduce((sum, coin) => sum + coin.amountSats, 0n);
}

/** Many units first; of equal ones the coin with the fewest other assets, nearest to its expiry, then by id: a total order. */
function byUnits(assetId: string) {
  return (a: AssetCoin, b: AssetCoin): number => {
    const [ofA, ofB] = [unitsOf(a, assetId), unitsOf(b, assetId)];
    if (ofA !== ofB) return ofA > ofB ? -1 : 1;
    return a.assets.length - b.assets.length || byExpiry(a, b);
  };
}

/** Many sats first; of equal ones plain coins, then as `byUnits`. */
function bySats(a: AssetCoin, b: AssetCoin): number {
  if (a.amountSats !== b.amountSats) return a.amountSats > b.amountSats ? -1 : 1;
  return a.assets.length - b.assets.length || byExpiry(a, b);
}

function byExpiry(a: Coin, b: Coin): number {
  const [ofA, ofB] = [a, b].map((coin) => coin.expiresAt?.getTime() ?? Number.MAX_SAFE_INTEGER);
  if (ofA !== ofB) return (ofA ?? 0) - (ofB ?? 0);
  return a.vtxoId < b.vtxoId ? -1 : 1;
}
