import { bytesToHex } from "@noble/hashes/utils.js";

import { AppError, assert } from "../errors";
import { MSAT_PER_SAT } from "../ledger/postings";
import type { OpenLandSums } from "../ports/lightning-stores";
import type { Tx } from "../ports/transactions";
import type { LandIntent, Session } from "../session/session";
import type { SessionDeps } from "../session/session-deps";
import { ensureScript } from "../vtxo/ensure-script";
import { GBTC } from "../vtxo/vtxo";
import { decodeBolt11, type Bolt11Invoice } from "./bolt11";
import type { InvoiceQuote } from "./invoice-quotes";
import type { LightningOperation } from "./lightning-operation";

export interface WantedLand {
  readonly userPubkey: string;
  readonly intent: LandIntent;
}

/**
 * What rows and nodes say against a land: the hash is a lift's or claimed, the invoice is our own node's, too many lands of the key in
 * flight, it costs more units than the user gives, channels that hold too little. Errors: invoice_used, session_limit,
 * invoice_amount_mismatch, inventory_exhausted, and those of the info sources.
 */
export async function checkLand(deps: SessionDeps, tx: Tx, { userPubkey, intent }: WantedLand): Promise<void> {
  const invoice = invoiceOf(intent);
  const { nodePubkey, localMsat } = await deps.lightningInfo.current();
  const known = await deps.operations.findByHash(tx, invoice.paymentHash);
  if (invoice.payeePubkey === nodePubkey || known?.claimedHash !== undefined) throw new AppError("invoice_used");
  const { landMaxInFlight } = deps.lightningConfig;
  const open = await deps.operations.countOpenLands(tx, userPubkey);
  if (open >= landMaxInFlight) {
    const message = `${open} lands of this key are in flight; the limit is ${landMaxInFlight}.`;
    throw new AppError("session_limit", { message, retryAfterSeconds: 30 });
  }
  const { assetId, amount } = intent;
  const { payeePubkey } = invoice;
  const sums = await deps.operations.sumOpenLands(tx, { payeePubkey, assetId });
  const quote = quoteOf(deps, intent);
  if (quote === undefined) {
    const local = localMsat / MSAT_PER_SAT;
    return checkLiquidity(intent, sums, { free: local, total: local + sums.inFlight });
  }
  if (quote.units > amount) {
    const details = { expected: Number(quote.units), got: Number(amount) };
    throw new AppError("invoice_amount_mismatch", { message: "The invoice costs more units than are given.", details });
  }
  return checkLiquidity(intent, sums, { free: quote.channelUnits - sums.inFlight, total: quote.channelUnits });
}

/** What the invoice of an asset's land costs; sats cost what they are. */
function quoteOf(deps: SessionDeps, intent: LandIntent): InvoiceQuote | undefined {
  return intent.assetId === GBTC ? undefined : deps.invoiceQuotes.current(intent.assetId, intent.lightningInvoice);
}

/** Nobody but one payee would be served any more if it could have all of our liquidity, and then keep its HTLCs open. */
function checkLiquidity(
  { assetId, amount }: LandIntent,
  { received, toPayee }: OpenLandSums,
  { free, total }: { readonly free: bigint; readonly total: bigint },
): void {
  if (amount <= free - received && (toPayee + amount) * 2n <= total) return;
  throw new AppError("inventory_exhausted", {
    message: "The gateway's channels cannot carry a payment of this size to this payee now.",
    details: { asset_id: assetId },
    retryAfterSeconds: 60,
  });
}

/** The row of a land, for the session that was just opened for it. Errors: `invoice_used`. */
export async function openLand(deps: SessionDeps, tx: Tx, session: Session): Promise<LightningOperation> {
  const { intent, userPubkey, sessionId } = session;
  assert(intent.type === "lightning_land", "the session of a land has the intent of one");
  const script = await ensureScript(deps.vtxos, tx, userPubkey, await deps.arkInfo.current(), "user");
  const invoice = invoiceOf(intent);
  const quote = quoteOf(deps, intent);
  return deps.operations.insert(tx, {
    operationId: `land_${bytesToHex(deps.random.bytes(16))}`,
    invoiceType: "land",
    status: "pending_payment",
    paymentHash: intent.paymentHash,
    claimsHash: false,
    bolt11: intent.lightningInvoice,
    userPubkey,
    sessionId,
    assetId: intent.assetId,
    amount: intent.amount,
    amountSats: quote === undefined ? intent.amountSats : (invoice.amountMsat ?? 0n) / MSAT_PER_SAT,
    fee: intent.feeAmount,
    ...(quote !== undefined && { quotedUnits: quote.units }),
    userScript: script.script,
    memo: "",
    preimage: undefined,
    payeePubkey: invoice.payeePubkey,
    expiresAt: invoice.expiresAt,
    wakeAt: undefined,
  });
}

/** The invoice of a land, whose text was checked before. */
export function invoiceOf(intent: Pick<LandIntent, "lightningInvoice">): Bolt11Invoice {
  return decodeBolt11(intent.lightningInvoice);
}
