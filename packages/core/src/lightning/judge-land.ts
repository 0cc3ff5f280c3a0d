import { AppError } from "../errors";
import { GBTC } from "../vtxo/vtxo";
import { decodeBolt11, type Bolt11Invoice } from "./bolt11";
import { lightningFee } from "./fees";
import { judgeInvoice } from "./judge-invoice";
import type { LandTerms } from "./land-terms";
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
  /** In base units of the asset, too. */
  readonly fee: bigint;
}

/**
 * What can be said of a land without rows and nodes: caps and invoice. Errors, in this order: amount_below_minimum,
 * amount_above_maximum, invoice_invalid, invoice_expired, invoice_amount_mismatch.
 */
export function judgeLand(
  { amount, lightningInvoice }: LandRequest,
  rules: {
    readonly terms: LandTerms;
    readonly config: LightningConfig;
    readonly dustSats: bigint;
    readonly now: Date;
  },
): JudgedLand {
  const { terms, config, dustSats, now } = rules;
  const isSats = terms.assetId === GBTC;
  const minimum = isSats && terms.minimum < dustSats ? dustSats : terms.minimum;
  if (amount < minimum) throw new AppError("amount_below_minimum", { details: { minimum: Number(minimum) } });
  if (amount > terms.maximum) {
    throw new AppError("amount_above_maximum", { details: { maximum: Number(terms.maximum) } });
  }
  const invoice = decodeBolt11(lightningInvoice);
  // Units are worth what a peer says: they only have to be enough, which tapd tells.
  judgeInvoice(invoice, { amountSats: isSats ? amount : undefined, now, config });
  return { invoice, fee: lightningFee(config, "land", amount).baseFeeUnits };
}
