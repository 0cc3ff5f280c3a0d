import { requireLightningSide } from "../asset/lightning-side";
import { AppError } from "../errors";
import type { Tx } from "../ports/transactions";
import type { SessionDeps } from "../session/session-deps";
import { GBTC } from "../vtxo/vtxo";

/** On what terms an asset is lifted now; amounts in base units of it. */
export interface LiftTerms {
  readonly assetId: string;
  /** By which VTXOs know it; undefined for gBTC. */
  readonly arkAssetId: string | undefined;
  readonly minimum: bigint;
  readonly maximum: bigint;
  /** Price of the carrier, added to the invoice; undefined for gBTC, which needs none. */
  readonly carrierUnits: bigint | undefined;
  /** Sats that are delivered under the units; undefined for gBTC, whose units are sats. */
  readonly carrierSats: bigint | undefined;
  readonly invoiceExpirySeconds: number;
}

type Deps = Pick<SessionDeps, "assets" | "lightningConfig">;

/** Errors: asset_unknown, asset_inactive, unsupported_type. */
export async function findLiftTerms(
  { assets, lightningConfig }: Deps,
  tx: Tx | undefined,
  assetId: string,
): Promise<LiftTerms> {
  if (assetId === GBTC) {
    const { liftMinSats: minimum, liftMaxSats: maximum, liftInvoiceExpirySeconds } = lightningConfig;
    const terms = { assetId, minimum, maximum, invoiceExpirySeconds: liftInvoiceExpirySeconds };
    return { ...terms, arkAssetId: undefined, carrierUnits: undefined, carrierSats: undefined };
  }
  const side = await requireLightningSide(assets, tx, assetId, "lightning:lift");
  return {
    assetId,
    arkAssetId: side.arkAssetId,
    minimum: side.minLiftUnits,
    maximum: side.maxLiftUnits,
    carrierUnits: side.carrierUnits,
    carrierSats: lightningConfig.assetCarrierSats,
    // A longer one would outlive its quote, and then be paid in sats.
    invoiceExpirySeconds: lightningConfig.assetInvoiceExpirySeconds,
  };
}

/** Errors: amount_below_minimum, amount_above_maximum. */
export function checkLiftAmount({ minimum, maximum }: Pick<LiftTerms, "minimum" | "maximum">, amount: bigint): void {
  if (amount < minimum) throw new AppError("amount_below_minimum", { details: { minimum: Number(minimum) } });
  if (amount > maximum) throw new AppError("amount_above_maximum", { details: { maximum: Number(maximum) } });
}
