import { AppError } from "../errors";
import { GBTC } from "../vtxo/vtxo";
import { decodeBolt11, type Bolt11Invoice } from "./bolt11";
import { lightningFee } from "./fees";
import { judgeInvoice } from "./judge-invoice";
import type { LightningConfig } from "./lightning-config";

/** What a user asks for, in base units of the asset. */
export interface LandRequest {
  readonly assetId: string;
  readonly amount: bigint;
  /** BOLT 11. */
  readonly lightningInvoice: string;
}

export interface JudgedLand {
  readonly invoice: Bolt11Invoice;
  readonly amountSats: bigint;
  readonly feeSats: bigint;
}

/**
 * What can be said of a land without rows and nodes: Lightning side, caps, invoice. Errors, in this order: unsupported_type,
 * amount_below_minimum, amount_above_maximum, invoice_invalid, invoice_expired, invoice_amount_mismatch.
 */
export function judgeLand(
  request: LandRequest,
  rules: { readonly config: LightningConfig; readonly dustSats: bigint; readonly now: Date },
): JudgedLand {
  const { assetId, amount: amountSats, lightningInvoice } = request;
  const { config, dustSats, now } = rules;
  // An asset needs a carrier price and a channel of its own, which come with the release that moves assets.
  if (assetId !== GBTC) {
    throw new AppError("unsupported_type", { details: { type: "lightning:land", asset_id: assetId } });
  }
  const { landMinSats, landMaxSats } = config;
  const minimum = landMinSats > dustSats ? landMinSats : dustSats;
  if (amountSats < minimum) throw new AppError("amount_below_minimum", { details: { minimum: Number(minimum) } });
  if (amountSats > landMaxSats) {
    throw new AppError("amount_above_maximum", { details: { maximum: Number(landMaxSats) } });
  }
  const invoice = decodeBolt11(lightningInvoice);
  judgeInvoice(invoice, { amountSats, now, config });
  return { invoice, amountSats, feeSats: lightningFee(config, "land", amountSats).baseFeeUnits };
}
