import { AppError } from "../errors";
import { MSAT_PER_SAT } from "../ledger/postings";
import type { Bolt11Invoice } from "./bolt11";
import type { LightningConfig } from "./lightning-config";

/** What an invoice must be for a land of `amountSats`; undefined = of units, whose worth the invoice must state itself. */
export interface InvoiceRules {
  readonly amountSats: bigint | undefined;
  readonly now: Date;
  readonly config: Pick<LightningConfig, "network" | "landMinExpiryMarginMs" | "landMaxFinalCltv">;
}

/**
 * Required (even) feature bits that lnd can serve: var_onion_optin, payment_secret, basic_mpp, route blinding, payment_metadata and
 * BOLT 11 blinded paths. An AMP invoice (30) has no one payment hash that could be paid exactly once. Source: BOLT 9.
 */
const SERVED_FEATURES: ReadonlySet<number> = new Set([8, 14, 16, 24, 48, 262]);
const BLINDED_PATHS: readonly number[] = [262, 263];

/** Throws `invoice_invalid` (details.reason), `invoice_expired` (details.margin_seconds) or `invoice_amount_mismatch`. */
export function judgeInvoice(invoice: Bolt11Invoice, { amountSats, now, config }: InvoiceRules): void {
  if (invoice.network !== config.network) throw invalid("network");
  if (invoice.features.some((bit) => bit % 2 === 0 && !SERVED_FEATURES.has(bit))) throw invalid("features");
  if (invoice.paymentSecret === undefined && !invoice.features.some((bit) => BLINDED_PATHS.includes(bit))) {
    throw invalid("payment_secret");
  }
  if (invoice.minFinalCltv > config.landMaxFinalCltv) throw invalid("min_final_cltv");
  if (invoice.expiresAt.getTime() - now.getTime() < config.landMinExpiryMarginMs) {
    throw new AppError("invoice_expired", { details: { margin_seconds: config.landMinExpiryMarginMs / 1000 } });
  }
  const { amountMsat } = invoice;
  if (amountMsat === undefined) {
    if (amountSats === undefined) throw invalid("amountless");
    return;
  }
  if (amountMsat % MSAT_PER_SAT !== 0n) throw invalid("fraction_of_a_sat");
  if (amountSats !== undefined && amountMsat !== amountSats * MSAT_PER_SAT) {
    throw new AppError("invoice_amount_mismatch", {
      details: { expected: Number(amountMsat / MSAT_PER_SAT), got: Number(amountSats) },
    });
  }
}

function invalid(reason: string): AppError {
  return new AppError("invoice_invalid", { details: { reason } });
}
