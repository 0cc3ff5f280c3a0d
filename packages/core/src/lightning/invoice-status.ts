import { MSAT_PER_SAT } from "../ledger/postings";
import type { Session } from "../session/session";
import { GBTC } from "../vtxo/vtxo";
import { decodeBolt11 } from "./bolt11";
import type { LightningOperation } from "./lightning-operation";

type Row = Pick<LightningOperation, "assetId" | "invoiceType" | "amountSats" | "bolt11">;

/** What the invoice of a lift or land asks for, whole sats. An asset's lift asks for what its units are worth: 0 until it is made. */
export function invoiceSatsOf({ assetId, invoiceType, amountSats, bolt11 }: Row): number {
  if (assetId === GBTC || invoiceType === "land") return Number(amountSats);
  const { amountMsat = 0n } = bolt11 === undefined ? {} : decodeBolt11(bolt11);
  return Number(amountMsat / MSAT_PER_SAT);
}

/** The ark tx that moved the money: of a lift to the user, of a land to the gateway, or back when it was refunded. */
function txidOf(operation: LightningOperation, session: Session | undefined): string | undefined {
  const settled = session?.resultData?.["txid"];
  if (operation.refundTxid !== undefined) return operation.refundTxid;
  if (operation.receivedVtxoId !== undefined) return operation.receivedVtxoId.split(":")[0];
  return typeof settled === "string" ? settled : undefined;
}

/** `invoice_status` without what is the parties' alone. */
export function toInvoiceStatus(operation: LightningOperation, session: Session | undefined) {
  const txid = txidOf(operation, session);
  return {
    payment_hash: operation.paymentHash,
    status: operation.status,
    amount_sats: invoiceSatsOf(operation),
    asset_id: operation.assetId,
    invoice_type: operation.invoiceType,
    created_at: operation.createdAt.toISOString(),
    expires_at: operation.expiresAt.toISOString(),
    ...(operation.paidAt !== undefined && { paid_at: operation.paidAt.toISOString() }),
    bolt11_invoice: operation.bolt11 ?? null,
    lnd_settled: operation.status === "paid",
    ...(txid !== undefined && { txid }),
    ...(operation.errorCode !== undefined && { error_code: operation.errorCode }),
  };
}
