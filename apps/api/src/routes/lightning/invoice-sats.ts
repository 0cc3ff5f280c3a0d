import { MSAT_PER_SAT } from "@arkrelay/core/ledger/postings";
import { decodeBolt11 } from "@arkrelay/core/lightning/bolt11";
import type { LightningOperation } from "@arkrelay/core/lightning/lightning-operation";
import { GBTC } from "@arkrelay/core/vtxo/vtxo";

type Row = Pick<LightningOperation, "assetId" | "invoiceType" | "amountSats" | "bolt11">;

/** What the invoice of a lift or land asks for, whole sats. An asset's lift asks for what its units are worth: 0 until it is made. */
export function invoiceSatsOf({ assetId, invoiceType, amountSats, bolt11 }: Row): number {
  if (assetId === GBTC || invoiceType === "land") return Number(amountSats);
  const { amountMsat = 0n } = bolt11 === undefined ? {} : decodeBolt11(bolt11);
  return Number(amountMsat / MSAT_PER_SAT);
}
