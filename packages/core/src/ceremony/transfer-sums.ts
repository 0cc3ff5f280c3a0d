import type { AssetAmount } from "../ark/asset-types";
import type { MovingIntent } from "../session/session";
import { GBTC } from "../vtxo/vtxo";

/** What an output carries at least: sats, and units by arkd's ids. */
export interface CarriedSums {
  readonly sats: bigint;
  readonly assets: readonly AssetAmount[];
}

type Sums = Pick<MovingIntent, "type" | "arkAssetId" | "amount" | "amountSats" | "feeAssetId" | "feeAmount">;

/** What each output to the recipient carries: one, or one for each part of a split. */
export function recipientOutputsOf(intent: MovingIntent): readonly CarriedSums[] {
  if (intent.type !== "vtxo_split") return [recipientSumsOf(intent)];
  const { arkAssetId: assetId, partAmounts, amountSats } = intent;
  const carrierSats = amountSats / BigInt(partAmounts.length);
  return partAmounts.map((amount) =>
    assetId === undefined ? { sats: amount, assets: [] } : { sats: carrierSats, assets: [{ assetId, amount }] },
  );
}

/**
 * What an intent moves to its recipient in all: of a land also its fee, which is part of the output to the gateway. A renewal names its
 * inputs, and they say what moves.
 */
export function recipientSumsOf(intent: Sums): CarriedSums {
  if (intent.type === "vtxo_renew") return { sats: 0n, assets: [] };
  const units = intent.amount + (intent.type === "lightning_land" ? intent.feeAmount : 0n);
  const { arkAssetId: assetId } = intent;
  if (assetId === undefined) return { sats: units, assets: [] };
  return { sats: intent.amountSats, assets: [{ assetId, amount: units }] };
}

/** Sats of the fee that come back with the co-input: of a land none. */
export function coInputFeeSatsOf(intent: Pick<Sums, "type" | "feeAmount">): bigint {
  return intent.type === "lightning_land" ? 0n : intent.feeAmount;
}

/** What of the fee is sats; the fee of an asset's land is units. */
export function feeSatsOf(intent: Pick<Sums, "feeAssetId" | "feeAmount">): bigint {
  return intent.feeAssetId === GBTC ? intent.feeAmount : 0n;
}
